#include "support/udp_tracker.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/udp.h"

#include <string.h>

enum { CONNECT, ANNOUNCE, SCRAPE, ERROR }; /* BEP 15 */
enum { EVENT_COMPLETED = 1, EVENT_STOPPED = 3, HASH = 20 };
#define PROTOCOL_ID UINT64_C(0x41727101980)
#define CONNECTION_US (60 * SEC) /* an id is taken in its minute and in the next */

struct peer {
    struct link link;
    struct addr addr;
    bool seeder;
    uint64_t seen_us;
};

struct swarm {
    struct link link;
    uint8_t infohash[HASH];
    struct link peers; /* who announced last stands last */
    size_t count;
};

struct udp_tracker {
    struct loop *loop;
    struct udp *udp;
    struct link swarms; /* likewise */
    size_t count;
    uint64_t secret;
    uint32_t interval_s;
    bool mute;
    const char *refusal;
    struct udp_tracker_seen seen;
};

static void drop_peer(struct swarm *s, struct peer *p)
{
    list_drop(&p->link);
    s->count--;
    free(p);
}

static void drop_swarm(struct udp_tracker *t, struct swarm *s)
{
    LIST_EACH(&s->peers, struct peer, p, link) {
        drop_peer(s, p);
    }
    list_drop(&s->link);
    t->count--;
    free(s);
}

static struct swarm *find_swarm(const struct udp_tracker *t, const uint8_t *infohash)
{
    LIST_EACH(&t->swarms, struct swarm, s, link) {
        if (memcmp(s->infohash, infohash, HASH) == 0)
            return s;
    }
    return NULL;
}

/* The swarm, made if need be; it now stands last. */
static struct swarm *touch_swarm(struct udp_tracker *t, const uint8_t *infohash)
{
    struct swarm *s = find_swarm(t, infohash);
    if (!s) {
        if (t->count == UDP_TRACKER_SWARMS)
            drop_swarm(t, LIST_FIRST(&t->swarms, struct swarm, link));
        s = MEM_NEW(struct swarm);
        memcpy(s->infohash, infohash, HASH);
        list_init(&s->link);
        list_init(&s->peers);
        t->count++;
    }
    list_drop(&s->link);
    list_push(&t->swarms, &s->link);
    return s;
}

static void forget_old(struct udp_tracker *t, struct swarm *s)
{
    LIST_EACH(&s->peers, struct peer, p, link) {
        if (loop_now_us(t->loop) - p->seen_us > 2 * t->interval_s * SEC)
            drop_peer(s, p);
    }
}

static void touch_peer(struct udp_tracker *t, struct swarm *s, const struct addr *addr,
                       bool stopped, bool seeder)
{
    LIST_EACH(&s->peers, struct peer, old, link) {
        if (addr_equal(&old->addr, addr))
            drop_peer(s, old);
    }
    if (stopped)
        return;
    if (s->count == UDP_TRACKER_PEERS)
        drop_peer(s, LIST_FIRST(&s->peers, struct peer, link));
    struct peer *p = MEM_NEW(struct peer);
    p->addr = *addr;
    p->seeder = seeder;
    p->seen_us = loop_now_us(t->loop);
    list_push(&s->peers, &p->link);
    s->count++;
}

/* An id that only who gets our packets can know, so that nobody announces for another. */
static uint64_t connection_id(const struct udp_tracker *t, const struct addr *to, uint64_t ago)
{
    uint8_t key[ADDR_KEY];
    addr_key(to, key);
    return map_hash(t->secret + loop_now_us(t->loop) / CONNECTION_US - ago, key, sizeof key);
}

static void send_and_done(struct udp_tracker *t, const struct addr *to, struct buf *b)
{
    udp_send(t->udp, to, buf_bytes(b), buf_len(b));
    buf_done(b);
}

static void send_error(struct udp_tracker *t, const struct addr *to, uint32_t transaction,
                       const char *words)
{
    struct buf b = {0};
    buf_be32(&b, ERROR);
    buf_be32(&b, transaction);
    buf_str(&b, words);
    send_and_done(t, to, &b);
}

static void on_connect(struct udp_tracker *t, const struct addr *from, uint32_t transaction)
{
    struct buf b = {0};
    t->seen.connects++;
    buf_be32(&b, CONNECT);
    buf_be32(&b, transaction);
    buf_be64(&b, connection_id(t, from, 0));
    send_and_done(t, from, &b);
}

static size_t seeders_of(const struct swarm *s)
{
    size_t n = 0;
    LIST_EACH(&s->peers, struct peer, p, link) {
        n += p->seeder;
    }
    return n;
}

/* The longest known peers first, of the asker's family, but not the asker. */
static void send_peers(struct udp_tracker *t, const struct swarm *s, const struct addr *to,
                       uint32_t transaction, uint16_t port, uint32_t want)
{
    struct buf b = {0};
    struct addr self = *to;
    self.port = port;
    size_t ip_len = to->family == ADDR_V6 ? 16 : 4;
    uint32_t told = 0, most = want < UDP_TRACKER_TOLD ? want : UDP_TRACKER_TOLD;
    buf_be32(&b, ANNOUNCE);
    buf_be32(&b, transaction);
    buf_be32(&b, t->interval_s);
    buf_be32(&b, (uint32_t)(s->count - seeders_of(s)));
    buf_be32(&b, (uint32_t)seeders_of(s));
    LIST_EACH(&s->peers, struct peer, p, link) {
        if (told == most || p->addr.family != to->family || addr_equal(&p->addr, &self))
            continue;
        buf_put(&b, p->addr.ip, ip_len);
        buf_be16(&b, p->addr.port);
        told++;
    }
    send_and_done(t, to, &b);
}

static void copy(struct cur *c, uint8_t *out, size_t n)
{
    struct cur from = cur_take(c, n);
    if (from.n == n)
        memcpy(out, from.p, n);
}

/* BEP 41's options; those of URLData, one after the other. */
static void read_options(struct cur c, char *out, size_t cap)
{
    struct buf b = {0};
    while (c.n > 0) {
        uint8_t type = cur_u8(&c);
        if (type == 0)
            break;
        if (type == 1)
            continue;
        struct cur data = cur_take(&c, cur_u8(&c));
        if (type == 2)
            buf_put(&b, data.p, data.n);
    }
    size_t n = buf_len(&b) < cap - 1 ? buf_len(&b) : cap - 1;
    memset(out, 0, cap);
    if (n > 0)
        memcpy(out, buf_bytes(&b), n);
    buf_done(&b);
}

static void on_announce(struct udp_tracker *t, const struct addr *from, uint32_t transaction,
                        struct cur c)
{
    struct udp_tracker_seen *seen = &t->seen;
    copy(&c, seen->infohash, HASH);
    copy(&c, seen->peer_id, sizeof seen->peer_id);
    seen->downloaded = cur_be(&c, 8);
    seen->left = cur_be(&c, 8);
    seen->uploaded = cur_be(&c, 8);
    seen->event = cur_be32(&c);
    cur_be32(&c); /* an IP address that is not believed */
    seen->key = cur_be32(&c);
    seen->want = cur_be32(&c);
    seen->port = cur_be16(&c);
    if (c.bad)
        return;
    read_options(c, seen->url_data, sizeof seen->url_data);
    seen->announces++;
    seen->events[seen->event & 3]++;
    if (t->refusal) {
        send_error(t, from, transaction, t->refusal);
        return;
    }
    struct swarm *s = touch_swarm(t, seen->infohash);
    struct addr peer = *from;
    peer.port = seen->port;
    forget_old(t, s);
    touch_peer(t, s, &peer, seen->event == EVENT_STOPPED, seen->left == 0);
    send_peers(t, s, from, transaction, seen->port, seen->want);
}

static void on_scrape(struct udp_tracker *t, const struct addr *from, uint32_t transaction,
                      struct cur c)
{
    uint8_t infohash[HASH];
    size_t seeders;
    copy(&c, infohash, HASH);
    if (c.bad)
        return;
    t->seen.scrapes++;
    size_t peers = udp_tracker_peers(t, infohash, &seeders);
    struct buf b = {0};
    buf_be32(&b, SCRAPE);
    buf_be32(&b, transaction);
    buf_be32(&b, (uint32_t)seeders);
    buf_be32(&b, t->seen.events[EVENT_COMPLETED]);
    buf_be32(&b, (uint32_t)(peers - seeders));
    send_and_done(t, from, &b);
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct udp_tracker *t = arg;
    struct cur c = cur_of(bytes, n);
    uint64_t id = cur_be(&c, 8);
    uint32_t action = cur_be32(&c);
    uint32_t transaction = cur_be32(&c);
    t->seen.packets++;
    if (c.bad || t->mute)
        return;
    if (action == CONNECT && id == PROTOCOL_ID)
        on_connect(t, from, transaction);
    else if (id != connection_id(t, from, 0) && id != connection_id(t, from, 1))
        send_error(t, from, transaction, "connection id unknown");
    else if (action == ANNOUNCE)
        on_announce(t, from, transaction, c);
    else if (action == SCRAPE)
        on_scrape(t, from, transaction, c);
    else
        send_error(t, from, transaction, "not spoken here");
}

struct udp_tracker *udp_tracker_open(struct loop *loop, const struct addr *at, uint32_t interval_s,
                                     struct why *why)
{
    struct udp_tracker *t = MEM_NEW(struct udp_tracker);
    t->loop = loop;
    t->interval_s = interval_s;
    t->secret = loop_random_u64(loop);
    list_init(&t->swarms);
    t->udp = udp_open(loop, at, on_packet, t, why);
    if (t->udp)
        return t;
    free(t);
    return NULL;
}

void udp_tracker_close(struct udp_tracker *t)
{
    if (!t)
        return;
    udp_close(t->udp);
    LIST_EACH(&t->swarms, struct swarm, s, link) {
        drop_swarm(t, s);
    }
    free(t);
}

struct addr udp_tracker_addr(const struct udp_tracker *t)
{
    return udp_addr(t->udp);
}

void udp_tracker_mute(struct udp_tracker *t, bool mute)
{
    t->mute = mute;
}

void udp_tracker_refuse(struct udp_tracker *t, const char *words)
{
    t->refusal = words;
}

void udp_tracker_forget_connections(struct udp_tracker *t)
{
    t->secret = loop_random_u64(t->loop);
}

const struct udp_tracker_seen *udp_tracker_seen(const struct udp_tracker *t)
{
    return &t->seen;
}

size_t udp_tracker_peers(const struct udp_tracker *t, const uint8_t infohash[20], size_t *seeders)
{
    const struct swarm *s = find_swarm(t, infohash);
    *seeders = s ? seeders_of(s) : 0;
    return s ? s->count : 0;
}
