#include "tunnel/tun/mesh.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/policy.h"
#include "net/tun.h"
#include "tunnel/tun/ula.h"

#include <stdlib.h>
#include <string.h>

#define BEAT_US (5 * SEC)

struct member {
    struct link link; /* in mesh.members */
    struct mesh *m;
    struct peer_id peer;
    uint8_t ula[IP_LEN];
    struct carrier *carrier;
    uint64_t forged, refused;
    uint64_t refusals_at_s; /* in this second so many were sent */
    unsigned refusals;
    bool kept; /* by mesh_set(), while it runs */
};

struct mesh {
    struct mesh_cfg cfg;
    uint8_t ula[IP_LEN];
    struct tun *tun;
    struct link members;
    struct map *by_ula; /* struct member */
    struct timer *beat;
};

/* --- in and out ------------------------------------------------------------------------------- */

/* The node's limit, as a policer: what is above it is lost. */
static bool may_pass(struct mesh *m, enum policy_rate rate, size_t n)
{
    struct policy *p = m->cfg.policy;
    uint64_t now = loop_now_us(m->cfg.loop);
    if (!p)
        return true;
    if (policy_may(p, rate, n, now) < n)
        return false;
    policy_spend(p, rate, n, now);
    return true;
}

/* To a program of ours: its packet does not go on. */
static void refuse(struct mesh *m, enum ip_refusal why, struct cur packet)
{
    struct ip_packet p;
    struct buf out = {0};
    if (ip_read(&p, packet, NULL) != OK || p.ends.kind == IP_ERROR)
        return;
    ip_put_refusal(&out, why, packet, m->ula);
    tun_send(m->tun, buf_bytes(&out), buf_len(&out));
    buf_done(&out);
}

static void on_program(void *arg, struct cur packet)
{
    struct mesh *m = arg;
    struct ip_packet p;
    if (ip_read(&p, packet, NULL) != OK || memcmp(p.ends.src, m->ula, IP_LEN) != 0)
        return; /* the kernel's own talk on every link */
    struct member *to = map_get(m->by_ula, p.ends.dst, IP_LEN);
    if (!to)
        refuse(m, IP_NO_ROUTE, packet);
    else if (wall_out(m->cfg.wall, &p, to->ula, loop_now_us(m->cfg.loop)) == WALL_PASS &&
             may_pass(m, POLICY_UP, packet.n))
        carrier_send(to->carrier, packet);
}

static void on_lost(void *arg, struct cur packet)
{
    const struct member *to = arg;
    refuse(to->m, IP_UNREACHABLE, packet);
}

/* The member learns at once that nothing is let in there; it pays no more for that than we do. */
static void tell_closed(struct member *from, struct cur packet)
{
    struct mesh *m = from->m;
    uint64_t second = loop_now_us(m->cfg.loop) / SEC;
    struct buf out = {0};
    if (from->refusals_at_s != second)
        from->refusals = 0;
    from->refusals_at_s = second;
    if (from->refusals++ >= MESH_REFUSALS_MAX)
        return;
    ip_put_refusal(&out, IP_PROHIBITED, packet, m->ula);
    carrier_send(from->carrier, buf_cur(&out));
    buf_done(&out);
}

static void on_packet(void *arg, struct cur packet)
{
    struct member *from = arg;
    struct mesh *m = from->m;
    struct ip_packet p;
    if (ip_read(&p, packet, NULL) != OK) {
        from->refused++;
        return;
    }
    switch (wall_in(m->cfg.wall, &p, from->ula, loop_now_us(m->cfg.loop))) {
    case WALL_PASS:
        if (may_pass(m, POLICY_DOWN, packet.n))
            tun_send(m->tun, packet.p, packet.n);
        return;
    case WALL_FORGED:
        from->forged++;
        return;
    case WALL_CLOSED:
        from->refused++;
        if (p.ends.kind != IP_ERROR && !p.rst)
            tell_closed(from, packet);
        return;
    }
}

/* --- members ---------------------------------------------------------------------------------- */

static struct member *find(const struct mesh *m, const struct peer_id *peer)
{
    uint8_t ula[IP_LEN];
    ula_of_peer(peer, ula);
    struct member *found = map_get(m->by_ula, ula, IP_LEN);
    return found && peer_id_equal(&found->peer, peer) ? found : NULL;
}

static void drop(struct member *one)
{
    map_drop(one->m->by_ula, one->ula, IP_LEN);
    list_drop(&one->link);
    carrier_free(one->carrier);
    free(one);
}

static struct member *add(struct mesh *m, const struct peer_id *peer)
{
    struct member *one = MEM_NEW(struct member);
    struct carrier_cfg cfg = {
        .host = m->cfg.host, .peer = *peer, .packet = on_packet, .lost = on_lost, .arg = one};
    one->m = m;
    one->peer = *peer;
    ula_of_peer(peer, one->ula);
    one->carrier = carrier_new(&cfg);
    map_put(m->by_ula, one->ula, IP_LEN, one);
    return one;
}

void mesh_set(struct mesh *m, const struct peer_id *ids, size_t n)
{
    for (size_t i = 0; i < n && i < MESH_MEMBERS_MAX; i++) {
        uint8_t ula[IP_LEN];
        struct member *one = find(m, &ids[i]);
        ula_of_peer(&ids[i], ula);
        if (!one && (map_get(m->by_ula, ula, IP_LEN) || memcmp(ula, m->ula, IP_LEN) == 0))
            continue; /* another one's address, or ourselves */
        if (one)
            list_drop(&one->link);
        else
            one = add(m, &ids[i]);
        one->kept = true;
        list_push(&m->members, &one->link);
    }
    LIST_EACH(&m->members, struct member, one, link) {
        if (!one->kept)
            drop(one);
        else
            one->kept = false;
    }
}

void mesh_each(const struct mesh *m, mesh_member_fn *fn, void *arg)
{
    LIST_EACH(&m->members, struct member, one, link) {
        struct mesh_member out = {
            .peer = one->peer, .forged = one->forged, .refused = one->refused};
        memcpy(out.ula, one->ula, IP_LEN);
        carrier_state(one->carrier, &out.carrier);
        fn(arg, &out);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static void on_stream(void *arg, const struct host_stream *s)
{
    struct mesh *m = arg;
    struct member *from = find(m, s->peer);
    if (from) {
        carrier_take(from->carrier, s->conn);
        return;
    }
    conn_close(s->conn);
    m->cfg.stranger(m->cfg.arg, s->peer);
}

static void on_up(void *arg, const char *name)
{
    struct mesh *m = arg;
    struct host_protocol p = {.name = CARRIER_PROTOCOL, .cb = on_stream, .arg = m};
    host_handle(m->cfg.host, &p);
    m->cfg.up(m->cfg.arg, name);
}

static void on_closed(void *arg, const struct why *why)
{
    struct mesh *m = arg;
    m->cfg.down(m->cfg.arg, why);
}

static const struct tun_events tun_events = {
    .up = on_up, .packet = on_program, .closed = on_closed};

static void on_beat(void *arg)
{
    struct mesh *m = arg;
    m->beat = timer_start(m->cfg.loop, BEAT_US, on_beat, m);
    LIST_EACH(&m->members, struct member, one, link)
        carrier_beat(one->carrier);
}

struct mesh *mesh_new(const struct mesh_cfg *cfg)
{
    struct mesh *m = MEM_NEW(struct mesh);
    m->cfg = *cfg;
    list_init(&m->members);
    m->by_ula = map_new(loop_random_u64(cfg->loop));
    ula_of_peer(host_id(cfg->host), m->ula);
    struct addr at = addr_of_bytes(m->ula, IP_LEN, 0);
    m->tun = tun_open(cfg->loop, &at, &tun_events, m);
    m->beat = timer_start(cfg->loop, BEAT_US, on_beat, m);
    return m;
}

void mesh_free(struct mesh *m)
{
    if (!m)
        return;
    host_ignore(m->cfg.host, CARRIER_PROTOCOL);
    LIST_EACH(&m->members, struct member, one, link)
        drop(one);
    timer_cancel(m->beat);
    tun_close(m->tun);
    map_free(m->by_ula);
    free(m);
}
