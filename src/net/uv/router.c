#include "net/uv/router.h"

#include "net/uv/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <natpmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TRIES = 4, /* of a packet: 250, 500, 1000, 2000 ms (RFC 6886 section 3.1) */
    FIRST_WAIT_MS =
        250, /* RFC 6887 would wait 3 s for the first; routers answer at once or never */
    DISCOVER_MS = 2000,
    PERMANENT_ONLY = 725, /* UPnP: OnlyPermanentLeasesSupported */
};

static const char what[] = "Shoal";

/* PCP. */

/* A socket connected to the router, by which the kernel also says who we are to it. */
static int dial_router(const struct addr *router, struct addr *ours)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && sock_connect(fd, router) != 0) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        *ours = sock_name(fd);
    return fd;
}

/* Waits for the answer to m; ERR_TIMEOUT: none came in this try. */
static enum err hear_pcp(int fd, const struct pcp_map *m, int wait_ms, struct pcp_map *given,
                         struct why *why)
{
    uint8_t bytes[PCP_PACKET_MAX + 1];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (int left = TRIES; left > 0 && poll(&p, 1, wait_ms) > 0; left--) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0)
            return why_set(why, ERR_STATE, "the router has nothing for PCP: %s", strerror(errno));
        enum err err = pcp_read_map(cur_of(bytes, (size_t)n), m, given, why);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return why_set(why, ERR_TIMEOUT, "the router did not answer");
}

static enum err map_pcp(int fd, const struct pcp_map *m, struct pcp_map *given, struct why *why)
{
    enum err err = ERR_TIMEOUT;
    struct buf b = {0};
    pcp_put_map(&b, m);
    for (int i = 0, wait = FIRST_WAIT_MS; err == ERR_TIMEOUT && i < TRIES - 1; i++, wait *= 2) {
        err = send(fd, buf_bytes(&b), buf_len(&b), MSG_NOSIGNAL) < 0
                  ? why_set(why, ERR_STATE, "PCP: %s", strerror(errno))
                  : hear_pcp(fd, m, wait, given, why);
    }
    buf_done(&b);
    return err;
}

/* ERR_STATE or ERR_TIMEOUT: another language may do. */
static enum err ask_pcp(struct router_job *j, const struct addr *router)
{
    struct pcp_map m = {.lifetime_s = j->lease_s, .port = j->port, .external.port = j->port}, given;
    memcpy(m.nonce, j->nonce, PCP_NONCE);
    int fd = dial_router(router, &m.client);
    if (fd < 0)
        return why_set(&j->why, ERR_STATE, "PCP: %s", strerror(errno));
    static const enum pcp_protocol both[] = {PCP_TCP, PCP_UDP};
    enum err err = OK;
    for (size_t i = 0; err == OK && i < 2; i++) {
        m.protocol = both[i];
        err = map_pcp(fd, &m, &given, &j->why);
        if (err == OK && j->lease_s) {
            m.external = given.external; /* the second wants the same number */
            j->given_s = given.lifetime_s;
        }
    }
    j->external = m.external;
    close(fd);
    return err;
}

/* NAT-PMP. */

static int hear_natpmp(natpmp_t *n, natpmpresp_t *r)
{
    int rc;
    do {
        struct timeval left;
        struct pollfd p = {.fd = n->s, .events = POLLIN};
        getnatpmprequesttimeout(n, &left);
        poll(&p, 1, (int)(left.tv_sec * 1000 + left.tv_usec / 1000));
        rc = readnatpmpresponseorretry(n, r);
    } while (rc == NATPMP_TRYAGAIN && n->try_number < TRIES);
    return rc;
}

static enum err ask_natpmp(struct router_job *j)
{
    natpmp_t n;
    natpmpresp_t r;
    struct addr external = {.family = ADDR_NONE};
    if (initnatpmp(&n, 0, 0) < 0)
        return why_set(&j->why, ERR_STATE, "NAT-PMP: there is no router");
    int rc = sendpublicaddressrequest(&n) < 0 ? NATPMP_ERR_SENDERR : hear_natpmp(&n, &r);
    if (rc >= 0)
        external = addr_of_bytes(&r.pnu.publicaddress.addr, 4, 0);
    static const int both[] = {NATPMP_PROTOCOL_TCP, NATPMP_PROTOCOL_UDP};
    for (size_t i = 0; rc >= 0 && i < 2; i++) {
        rc = sendnewportmappingrequest(&n, both[i], j->port, j->lease_s ? j->port : 0, j->lease_s);
        rc = rc < 0 ? rc : hear_natpmp(&n, &r);
        if (rc >= 0) {
            external.port = r.pnu.newportmapping.mappedpublicport;
            j->given_s = r.pnu.newportmapping.lifetime;
        }
    }
    closenatpmp(&n);
    if (rc < 0)
        return why_set(&j->why, rc == NATPMP_TRYAGAIN ? ERR_TIMEOUT : ERR_STATE,
                       "the router does not forward by NAT-PMP");
    j->external = external;
    return OK;
}

/* UPnP. */

static enum err map_upnp(struct router_job *j, const struct UPNPUrls *urls,
                         const struct IGDdatas *igd, const char *lan, const char *protocol)
{
    char port[8], lease[16];
    const char *control = urls->controlURL, *service = igd->first.servicetype;
    snprintf(port, sizeof port, "%u", (unsigned)j->port);
    snprintf(lease, sizeof lease, "%u", (unsigned)j->lease_s);
    if (j->lease_s == 0) {
        UPNP_DeletePortMapping(control, service, port, protocol, NULL);
        return OK;
    }
    int rc = UPNP_AddPortMapping(control, service, port, port, lan, what, protocol, NULL, lease);
    if (rc == PERMANENT_ONLY)
        rc = UPNP_AddPortMapping(control, service, port, port, lan, what, protocol, NULL, "0");
    if (rc == UPNPCOMMAND_SUCCESS)
        return OK;
    const char *words = strupnperror(rc);
    return why_set(&j->why, ERR_DENIED, "the router refused by UPnP: %d %s", rc,
                   words ? words : "");
}

static enum err ask_upnp(struct router_job *j)
{
    int error = 0;
    struct UPNPUrls urls = {0};
    struct IGDdatas igd = {0};
    char lan[64] = "", external[64] = "", text[80];
    struct UPNPDev *found = upnpDiscover(DISCOVER_MS, NULL, NULL, 0, 0, 2, &error);
    int rc = found ? UPNP_GetValidIGD(found, &urls, &igd, lan, sizeof lan) : 0;
    freeUPNPDevlist(found);
    if (rc != 1) { /* 1: a router that is connected */
        if (rc)
            FreeUPNPUrls(&urls);
        return why_set(&j->why, ERR_STATE, "no router answers by PCP, NAT-PMP or UPnP");
    }
    enum err err = map_upnp(j, &urls, &igd, lan, "TCP");
    if (err == OK)
        err = map_upnp(j, &urls, &igd, lan, "UDP");
    if (err == OK && j->lease_s &&
        UPNP_GetExternalIPAddress(urls.controlURL, igd.first.servicetype, external) ==
            UPNPCOMMAND_SUCCESS) {
        snprintf(text, sizeof text, "%s:%u", external, (unsigned)j->port);
        if (addr_parse(&j->external, text, NULL) != OK)
            j->external.family = ADDR_NONE;
    }
    FreeUPNPUrls(&urls);
    j->given_s = j->lease_s;
    return err;
}

/* The address of the router, as libnatpmp finds it: the way to everywhere. */
static bool find_router(struct addr *router)
{
    natpmp_t n;
    if (initnatpmp(&n, 0, 0) < 0)
        return false;
    *router = addr_of_bytes(&n.gateway, 4, PCP_PORT);
    closenatpmp(&n);
    return true;
}

static enum err ask(struct router_job *j, enum router_how how, const struct addr *router)
{
    switch (how) {
    case ROUTER_PCP:
        return ask_pcp(j, router);
    case ROUTER_NATPMP:
        return ask_natpmp(j);
    case ROUTER_UPNP:
        return ask_upnp(j);
    case ROUTER_UNKNOWN:
        break;
    }
    return why_set(&j->why, ERR_STATE, "not asked");
}

void router_ask(struct router_job *j)
{
    struct addr router;
    enum router_how first = j->how ? j->how : ROUTER_PCP, last = j->how ? j->how : ROUTER_UPNP;
    enum err err = ERR_STATE;
    j->external.family = ADDR_NONE;
    if (!find_router(&router)) {
        why_set(&j->why, ERR_NOT_FOUND, "this network has no router");
        return;
    }
    for (enum router_how how = first; err != OK && err != ERR_DENIED && how <= last; how++) {
        err = ask(j, how, &router);
        j->how = err == OK ? how : ROUTER_UNKNOWN;
    }
    if (err == OK)
        j->why = (struct why){.code = OK};
    else
        j->why.code = err;
}
