#include "node/mask.h"

#include <stdlib.h>
#include <string.h>

static const char proxy[] =
    "socks5://"; /* has nothing behind its address: all before the @ counts */

/* Where the part of a URL ends that may name a user (RFC 3986, section 3.2: the authority). */
static size_t authority(const char *value, const char *at)
{
    bool is_proxy = strncmp(value, proxy, sizeof proxy - 1) == 0;
    return is_proxy ? strlen(at) : strcspn(at, "/?#, ");
}

static const char *last_at(const char *s, size_t n)
{
    while (n > 0 && s[n - 1] != '@')
        n--;
    return n > 0 ? s + n - 1 : NULL;
}

void mask_put(struct buf *out, const char *value)
{
    const char *rest = value, *url;
    while ((url = strstr(rest, "://"))) {
        url += 3;
        const char *at = last_at(url, authority(value, url));
        const char *colon = at ? memchr(url, ':', (size_t)(at - url)) : NULL;
        buf_put(out, rest, (size_t)((colon ? colon + 1 : url) - rest));
        if (colon)
            buf_str(out, "***");
        rest = colon ? at : url;
    }
    buf_str(out, rest);
}

char *mask_text(const char *value)
{
    struct buf b = {0};
    mask_put(&b, value);
    return buf_take_str(&b);
}

bool mask_is_of(const char *given, const char *value)
{
    char *shown = mask_text(value);
    bool same = strcmp(given, shown) == 0;
    free(shown);
    return same;
}
