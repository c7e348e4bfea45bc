#include "host/host_ws.h"

#include "base/mem.h"
#include "net/tls.h"
#include "net/ws.h"

#include <string.h>

/* What the request calls it, as a URL does: "example.org:443", "[2001:db8::1]:4001". */
static char *url_host(const struct multiaddr_route *r)
{
    char text[ADDR_TEXT];
    if (r->named)
        return mem_printf("%s:%u", r->host, (unsigned)r->port);
    return mem_strdup(addr_format(&r->addr, text));
}

/* Whose certificate it must show. */
static struct conn *over_tls(struct host *h, struct conn *below, const struct multiaddr_route *r)
{
    char ip[ADDR_TEXT];
    const char *name = r->sni[0] ? r->sni : r->named ? r->host : addr_format_ip(&r->addr, ip);
    return tls_dial(h->web_trust, below, name, NULL, NULL);
}

struct conn *host_ws_dial(struct host *h, const struct multiaddr_route *r, struct why *why)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    if (r->reach == REACH_WSS && !h->web_trust)
        h->web_trust = tls_new_client(NULL, alpn, why);
    if (r->reach == REACH_WSS && !h->web_trust)
        return NULL;
    struct conn *c = dial_route(h, r, NULL);
    if (r->reach == REACH_WSS)
        c = over_tls(h, c, r);
    char *host = url_host(r);
    c = ws_dial(c, host, "/", NULL, NULL);
    free(host);
    return c;
}
