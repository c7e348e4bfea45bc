#include "node/proxy.h"

#include "base/mem.h"
#include "net/socks_msg.h"

#include <string.h>

static const char scheme[] = "socks5://";

/* The password is not repeated in a message. */
static struct proxy *refuse(struct proxy *p, struct why *why, const char *text)
{
    why_set(why, ERR_INVALID, "%s; want socks5://[USER:PASSWORD@]IP:PORT", text);
    proxy_free(p);
    return NULL;
}

struct proxy *proxy_parse(const char *text, struct why *why)
{
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return refuse(NULL, why, "this is no SOCKS5 proxy");
    struct proxy *p = MEM_NEW(struct proxy);
    p->text = mem_strdup(text + sizeof scheme - 1);
    char *at = strrchr(p->text, '@'), *host = at ? at + 1 : p->text;
    if (at) {
        *at = '\0';
        char *colon = strchr(p->text, ':');
        if (!colon)
            return refuse(p, why, "a user's name without a password");
        *colon = '\0';
        p->socks.user = p->text;
        p->socks.password = colon + 1;
        if (strlen(p->socks.user) > SOCKS_NAME_MAX || strlen(p->socks.password) > SOCKS_NAME_MAX)
            return refuse(p, why, "name and password are at most 255 bytes each");
    }
    if (addr_parse(&p->socks.at, host, why) != OK || !addr_is_dialable(&p->socks.at))
        return refuse(p, why, "the proxy's own address must be numeric and have a port");
    return p;
}

void proxy_free(struct proxy *p)
{
    if (!p)
        return;
    explicit_bzero(p->text, strlen(p->text));
    free(p->text);
    free(p);
}
