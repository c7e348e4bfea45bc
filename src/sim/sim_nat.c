/* sim_nat.c - a home router before a node: what leaves has another address, and what comes must be
 * expected (RFC 4787 has the words; STUN's older ones, RFC 3489 section 5, name the kinds). */
#include "base/mem.h"
#include "sim/sim_world.h"

#include <assert.h>

enum { NAT_PORT_FIRST = 20000 };

struct mapping { /* of a port inside; a symmetric one has one for each other end */
    struct link link;
    uint16_t inside, outside;
    struct addr to;
    struct link friends;
};

struct friend
{ /* who was written to */
    struct link link;
    struct addr at;
};

struct sim_nat {
    enum sim_nat_kind kind;
    struct addr ip; /* as the world sees it */
    uint16_t next_port;
    struct link mappings;
};

void sim_node_behind(struct sim_node *node, struct addr ip, enum sim_nat_kind kind)
{
    assert(!node->nat);
    ip.port = 0;
    node->nat = MEM_NEW(struct sim_nat);
    *node->nat = (struct sim_nat){.kind = kind, .ip = ip, .next_port = NAT_PORT_FIRST};
    list_init(&node->nat->mappings);
    sim_node_name_ip(node, ip);
}

void sim_node_router(struct sim_node *node, enum sim_nat_kind kind)
{
    node->nat->kind = kind;
}

void sim_nat_free(struct sim_nat *nat)
{
    if (!nat)
        return;
    LIST_EACH(&nat->mappings, struct mapping, m, link) {
        LIST_EACH(&m->friends, struct friend, f, link)
            free(f);
        free(m);
    }
    free(nat);
}

bool sim_nat_is(const struct sim_node *node, const struct addr *ip)
{
    return node->nat && addr_same_ip(&node->nat->ip, ip);
}

static struct mapping *mapping_of(struct sim_nat *nat, uint16_t inside, const struct addr *to)
{
    LIST_EACH(&nat->mappings, struct mapping, m, link)
        if (m->inside == inside && (nat->kind != SIM_SYMMETRIC || addr_equal(&m->to, to)))
            return m;
    struct mapping *m = MEM_NEW(struct mapping);
    *m = (struct mapping){.inside = inside, .outside = nat->next_port++, .to = *to};
    list_init(&m->friends);
    list_push(&nat->mappings, &m->link);
    return m;
}

struct addr sim_nat_out(struct sim_node *node, const struct addr *from, const struct addr *to)
{
    struct mapping *m = mapping_of(node->nat, from->port, to);
    struct addr seen = node->nat->ip;
    seen.port = m->outside;
    LIST_EACH(&m->friends, struct friend, f, link)
        if (addr_equal(&f->at, to))
            return seen;
    struct friend *f = MEM_NEW(struct friend);
    f->at = *to;
    list_push(&m->friends, &f->link);
    return seen;
}

static bool lets_in(const struct sim_nat *nat, const struct mapping *m, const struct addr *from)
{
    if (nat->kind == SIM_FULL_CONE)
        return true;
    LIST_EACH(&m->friends, struct friend, f, link)
        if (nat->kind == SIM_ADDRESS_RESTRICTED ? addr_same_ip(&f->at, from)
                                                : addr_equal(&f->at, from))
            return true;
    return false;
}

bool sim_nat_in(struct sim_node *node, const struct addr *from, struct addr *to)
{
    LIST_EACH(&node->nat->mappings, struct mapping, m, link) {
        if (m->outside != to->port)
            continue;
        if (!lets_in(node->nat, m, from))
            return false;
        *to = node->ips[0];
        to->port = m->inside;
        return true;
    }
    return false;
}
