#include "files/peer/pex_state.h"

void pex_state_init(struct pex_state *p, uint64_t now_us)
{
    *p = (struct pex_state){.next_us = now_us + PEX_FIRST_US};
}

/* Telling */

static bool is_told(const struct pex_state *p, const struct addr *a)
{
    for (size_t i = 0; i < p->told_count; i++)
        if (addr_equal(&p->told[i], a))
            return true;
    return false;
}

static bool is_among(const struct pex_peer *peers, size_t n, const struct addr *a)
{
    for (size_t i = 0; i < n; i++)
        if (addr_equal(&peers[i].addr, a))
            return true;
    return false;
}

static void take_back(struct pex_state *p, const struct pex_peer *now, size_t count,
                      struct pex_msg *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->told_count; i++) {
        struct addr a = p->told[i];
        if (out->dropped_count < PEX_DROPPED_MAX && !is_among(now, count, &a))
            out->dropped[out->dropped_count++] = a;
        else
            p->told[kept++] = a;
    }
    p->told_count = kept;
}

static void tell(struct pex_state *p, const struct pex_peer *now, size_t count, struct pex_msg *out)
{
    for (size_t i = 0; i < count; i++) {
        if (out->added_count == PEX_ADDED_MAX || p->told_count == PEX_TOLD_MAX)
            return;
        if (is_told(p, &now[i].addr))
            continue;
        out->added[out->added_count++] = now[i];
        p->told[p->told_count++] = now[i].addr;
    }
}

bool pex_state_next(struct pex_state *p, const struct pex_peer *now, size_t count, uint64_t now_us,
                    struct pex_msg *out)
{
    *out = (struct pex_msg){.added_count = 0};
    if (now_us < p->next_us)
        return false;
    take_back(p, now, count, out);
    tell(p, now, count, out);
    if (out->added_count == 0 && out->dropped_count == 0)
        return false;
    p->next_us = now_us + PEX_EVERY_US;
    return true;
}

/* Hearing */

enum pex_verdict pex_state_heard(struct pex_state *p, uint64_t now_us)
{
    if (p->heard == 0 || now_us - p->window_us >= PEX_EVERY_US) {
        p->window_us = now_us;
        p->heard = 0;
    }
    if (++p->heard > PEX_FLOOD)
        return PEX_END;
    if (p->taken_us != 0 && now_us - p->taken_us < PEX_EVERY_US - PEX_GRACE_US)
        return PEX_IGNORE;
    p->taken_us = now_us;
    return PEX_TAKE;
}

enum network { OPEN_NET, PRIVATE_NET, LINK_NET, LOOPBACK_NET };

static enum network network_of(const struct addr *a)
{
    bool link_v4 = a->family == ADDR_V4 && a->ip[0] == 169 && a->ip[1] == 254;
    bool link_v6 = a->family == ADDR_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
    if (addr_is_loopback(a))
        return LOOPBACK_NET;
    if (link_v4 || link_v6) /* where clouds keep their secrets: not the same as private */
        return LINK_NET;
    return addr_is_private(a) ? PRIVATE_NET : OPEN_NET;
}

bool pex_may_tell(const struct addr *teller, const struct addr *told)
{
    enum network net = network_of(told);
    return addr_is_dialable(told) && (net == OPEN_NET || net == network_of(teller));
}

static bool has_ip(const struct pex_peer *peers, size_t n, const struct addr *a)
{
    for (size_t i = 0; i < n; i++)
        if (addr_same_ip(&peers[i].addr, a))
            return true;
    return false;
}

void pex_keep_dialable(struct pex_msg *m, const struct addr *teller)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->added_count; i++) {
        struct pex_peer p = m->added[i];
        bool other_port = !addr_is_loopback(&p.addr) && has_ip(m->added, kept, &p.addr);
        if (pex_may_tell(teller, &p.addr) && !other_port && !is_among(m->added, kept, &p.addr))
            m->added[kept++] = p;
    }
    m->added_count = kept;
}
