#include "net/target.h"

#include "base/utf8.h"

#include <string.h>

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One piece of a target, its escapes undone; out is as before where it returns false. */
static bool unescape(struct cur c, bool plus_is_space, struct buf *out)
{
    struct buf text = {0};
    bool ok = true;
    while (ok && c.n > 0) {
        uint8_t byte = cur_u8(&c);
        if (byte == '%') {
            int high = digit(cur_u8(&c));
            int low = digit(cur_u8(&c));
            ok = high >= 0 && low >= 0 && (high > 0 || low > 0);
            byte = (uint8_t)((unsigned)high << 4 | (unsigned)low);
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (ok)
            buf_u8(&text, byte);
    }
    ok = ok && utf8_valid(buf_bytes(&text), buf_len(&text));
    if (ok && buf_len(&text) > 0)
        buf_put(out, buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    return ok;
}

bool target_path(const char *target, struct buf *out)
{
    size_t n = strnlen(target, TARGET_MAX + 1);
    if (n > TARGET_MAX || target[0] != '/')
        return false;
    return unescape(cur_of(target, strcspn(target, "?#")), false, out);
}

/* Does the escaped `name` mean `want`? */
static bool is_named(struct cur name, const char *want)
{
    struct buf text = {0};
    bool same = unescape(name, true, &text) && buf_len(&text) == strlen(want) &&
                (buf_len(&text) == 0 || memcmp(buf_bytes(&text), want, buf_len(&text)) == 0);
    buf_done(&text);
    return same;
}

bool target_value(const char *target, const char *name, struct buf *out)
{
    if (strnlen(target, TARGET_MAX + 1) > TARGET_MAX)
        return false;
    const char *at = strchr(target, '?');
    while (at && *at && *at != '#') {
        at++;
        size_t n = strcspn(at, "&#");
        size_t key = strcspn(at, "=&#");
        if (is_named(cur_of(at, key), name)) {
            size_t from = key < n ? key + 1 : n;
            return unescape(cur_of(at + from, n - from), true, out);
        }
        at += n;
    }
    return false;
}
