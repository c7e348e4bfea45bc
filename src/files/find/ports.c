#include "files/find/ports.h"

#include "base/mem.h"

#include <string.h>

enum { V4, V6, FAMILIES };

struct ports {
    struct loop *loop;
    const struct ports_ops *ops;
    void *arg;
    struct listener *tcp[FAMILIES];
    struct udp *udp[FAMILIES];
    struct addr at;
    uint32_t interface; /* loop_interface() when they were opened */
    struct timer *look; /* NULL: the interface does not matter */
};

static void on_accept(void *arg, struct conn *c)
{
    struct ports *p = arg;
    p->ops->accepted(p->arg, c);
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct ports *p = arg;
    if (n == 0 || !addr_is_dialable(from))
        return;
    if (bytes[0] == 'd' && p->ops->dht)
        p->ops->dht(p->arg, from, bytes, n);
    else if (bytes[0] != 'd' && p->ops->utp)
        p->ops->utp(p->arg, from, bytes, n);
}

static void on_pause(void *arg)
{
    struct ports *p = arg;
    if (p->ops->pause)
        p->ops->pause(p->arg);
}

static void shut(struct ports *p)
{
    for (int i = 0; i < FAMILIES; i++) {
        listener_close(p->tcp[i]);
        udp_close(p->udp[i]);
        p->tcp[i] = NULL;
        p->udp[i] = NULL;
    }
}

/* Both sockets of one family; at->port 0: the number becomes the kernel's choice. */
static bool open_family(struct ports *p, int family, struct addr *at, struct why *why)
{
    if (!loop_proxy(p->loop)) {
        p->tcp[family] = tcp_listen(p->loop, at, on_accept, p, why);
        if (!p->tcp[family])
            return false;
        at->port = listener_addr(p->tcp[family]).port;
    }
    p->udp[family] = udp_open(p->loop, at, on_packet, p, why);
    if (!p->udp[family])
        return false;
    udp_on_pause(p->udp[family], on_pause);
    if (!p->ops->accepted) { /* the number was free for it, as others may think it is used */
        listener_close(p->tcp[family]);
        p->tcp[family] = NULL;
    }
    return true;
}

/* A number that only IPv6 cannot have is refused like another; a machine without IPv6 is not. */
static bool open_all(struct ports *p, const struct addr *want, struct why *why)
{
    struct why v6_why;
    struct addr at = *want;
    if (!open_family(p, at.family == ADDR_V6 ? V6 : V4, &at, why))
        return false;
    p->at = at;
    if (at.family == ADDR_V6 || !addr_is_any(&at) || loop_proxy(p->loop))
        return true;
    static const uint8_t any[16] = {0};
    struct addr six = addr_of_bytes(any, sizeof any, at.port);
    struct udp *probe = udp_open(p->loop, &(struct addr){.family = ADDR_V6}, on_packet, p, &v6_why);
    if (!probe)
        return true;
    udp_close(probe);
    return open_family(p, V6, &six, why);
}

/* Sockets of an interface that went are dead, also when it is back. */
static void on_look(void *arg)
{
    struct ports *p = arg;
    struct why why;
    uint32_t now = loop_interface(p->loop);
    p->look = timer_start(p->loop, PORTS_LOOK_US, on_look, p);
    if (now == p->interface)
        return;
    shut(p);
    p->interface = now;
    struct addr at = p->at;
    if (now != 0 && !open_all(p, &at, &why)) {
        shut(p);
        p->interface = 0; /* tried again */
    }
}

/* For sockets that are not there to ask the kernel for one. */
static uint16_t any_port(struct loop *loop)
{
    return (uint16_t)(UINT16_MAX - loop_random_u64(loop) % PORTS_DYNAMIC);
}

struct ports *ports_open(struct loop *loop, const struct addr *at, const struct ports_ops *ops,
                         void *arg, struct why *why)
{
    struct ports *p = MEM_NEW(struct ports);
    *p = (struct ports){.loop = loop, .ops = ops, .arg = arg, .interface = loop_interface(loop)};
    bool opened = p->interface == 0;
    struct addr fixed = *at;
    if (at->port == 0 && (opened || loop_proxy(loop)))
        fixed.port = any_port(loop);
    if (opened)
        p->at = fixed;
    for (int i = 0; !opened && i < (at->port == 0 ? PORTS_TRIES : 1); i++) {
        opened = open_all(p, &fixed, why);
        if (!opened)
            shut(p);
    }
    if (!opened) {
        free(p);
        return NULL;
    }
    if (p->interface != LOOP_ANY_INTERFACE)
        p->look = timer_start(loop, PORTS_LOOK_US, on_look, p);
    return p;
}

void ports_close(struct ports *p)
{
    if (!p)
        return;
    timer_cancel(p->look);
    shut(p);
    free(p);
}

struct addr ports_addr(const struct ports *p)
{
    return p->at;
}

struct udp *ports_udp(struct ports *p, enum addr_family family)
{
    return p->udp[family == ADDR_V6 ? V6 : V4];
}

bool ports_has(const struct ports *p, enum addr_family family)
{
    return p->udp[family == ADDR_V6 ? V6 : V4] != NULL;
}

void ports_send(struct ports *p, const struct addr *to, const void *bytes, size_t n)
{
    struct udp *u = ports_udp(p, to->family);
    if (u)
        udp_send(u, to, bytes, n);
}
