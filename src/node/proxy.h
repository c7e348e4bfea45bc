/* node/proxy.h - the setting node.proxy. */
#ifndef SHOAL_NODE_PROXY_H
#define SHOAL_NODE_PROXY_H

#include "net/socks.h"

struct proxy {
    struct socks socks;
    char *text; /* what its strings lie in */
};

/* "socks5://[USER:PASSWORD@]IP:PORT".  NULL and why for anything else. */
struct proxy *proxy_parse(const char *text, struct why *why);
void proxy_free(struct proxy *p); /* NULL: nothing */

#endif
