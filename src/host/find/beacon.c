#include "host/find/beacon.h"

#include "base/mem.h"
#include "host/name/envelope.h"

#include <stdlib.h>
#include <string.h>

struct beacon {
    struct beacon_cfg cfg;
    struct loop *loop;
    struct items_port items;
    struct host_watch watch;
    struct timer *timer;
    struct items_op *op; /* ours: looked at, then put */
    int64_t seq;         /* of what was put last */
    uint64_t put_us;     /* 0: never */
    struct link finds;
};

struct beacon_find {
    struct link link;
    struct beacon *beacon;
    struct peer_id peer;
    struct items_op *op;
    struct timer *end; /* instead of op */
    struct why why;
    beacon_find_cb *cb;
    void *arg;
};

/* --- telling -------------------------------------------------------------------------------- */

static void on_time(void *arg);

static void later(struct beacon *b, uint64_t after_us)
{
    timer_cancel(b->timer);
    b->timer = b->items.app && b->cfg.light ? timer_start(b->loop, after_us, on_time, b) : NULL;
}

/* Whether strangers can do anything with it: one through a relay too, which is public. */
static bool is_of_use(const struct beacon *b, const struct multiaddr *a)
{
    struct multiaddr_route r;
    return multiaddr_route(a, &r, NULL) == OK &&
           (b->cfg.lab || r.addr.family == ADDR_NONE ||
            !(addr_is_private(&r.addr) || addr_is_loopback(&r.addr)));
}

/* As many of our addresses as fit, the best first; false: there is none. */
static bool make_record(const struct beacon *b, struct buf *out)
{
    struct multiaddr all[HOST_ADDRS_MAX];
    struct peer_record r = {.peer = *host_id(b->cfg.host), .seq = (uint64_t)loop_wall_us(b->loop)};
    size_t n = host_advertised(b->cfg.host, all, HOST_ADDRS_MAX);
    for (size_t i = 0; i < n; i++)
        if (is_of_use(b, &all[i]))
            r.addrs[r.count++] = all[i];
    for (; r.count > 0; r.count--) {
        buf_clear(out);
        peer_record_seal(&r, out, b->cfg.keys);
        if (buf_len(out) <= ITEMS_VALUE_MAX)
            return true;
    }
    return false;
}

static void on_put(void *arg, size_t stored, const struct why *why)
{
    struct beacon *b = arg;
    b->op = NULL;
    if (stored == 0)
        log_debug(b->cfg.log, "nobody keeps where we are: %s", why->text);
    later(b, stored > 0 ? BEACON_AGAIN_US : BEACON_PAUSE_US);
}

static void on_seen(void *arg, struct cur value, int64_t seq, const struct why *why)
{
    struct beacon *b = arg;
    int64_t now_s = loop_wall_us(b->loop) / 1000000;
    struct buf record = {0};
    (void)value;
    (void)why;
    b->op = NULL;
    if (seq > b->seq && seq < INT64_MAX)
        b->seq = seq;
    b->seq = now_s > b->seq ? now_s : b->seq + 1;
    if (make_record(b, &record)) {
        struct why off;
        b->put_us = loop_now_us(b->loop);
        b->op = b->items.put(b->items.app, BEACON_SALT, buf_cur(&record), b->seq, on_put, b, &off);
    }
    if (!b->op)
        later(b, BEACON_PAUSE_US);
    buf_done(&record);
}

static void on_time(void *arg)
{
    struct beacon *b = arg;
    struct buf record = {0};
    struct why off;
    b->timer = NULL;
    if (!b->op && make_record(b, &record))
        b->op = b->items.get(b->items.app, keys_peer_public(b->cfg.keys), BEACON_SALT, on_seen, b,
                             &off);
    buf_done(&record);
    if (!b->op)
        later(b, BEACON_PAUSE_US);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct beacon *b = arg;
    uint64_t now = loop_now_us(b->loop);
    (void)peer;
    if (ev != HOST_ADDRESSES || b->op)
        return;
    uint64_t rested =
        b->put_us && now - b->put_us < BEACON_PAUSE_US ? BEACON_PAUSE_US - (now - b->put_us) : 0;
    later(b, rested > BEACON_FIRST_US ? rested : BEACON_FIRST_US);
}

/* --- asking --------------------------------------------------------------------------------- */

void beacon_find_cancel(struct beacon_find *f)
{
    if (!f)
        return;
    list_drop(&f->link);
    if (f->op)
        f->beacon->items.cancel(f->op);
    timer_cancel(f->end);
    free(f);
}

static void finish(struct beacon_find *f, bool found)
{
    beacon_find_cb *cb = f->cb;
    void *arg = f->arg;
    struct why why = f->why;
    beacon_find_cancel(f);
    cb(arg, found, found ? NULL : &why);
}

static void on_end(void *arg)
{
    struct beacon_find *f = arg;
    f->end = NULL;
    finish(f, false);
}

/* Signed by the peer, and with an address that we may dial. */
static bool learn(struct beacon_find *f, struct cur value)
{
    struct beacon *b = f->beacon;
    struct peer_record r;
    struct multiaddr good[HOST_ADDRS_MAX];
    size_t n = 0;
    if (peer_record_open(&r, value, &f->why) != OK)
        return false;
    why_set(&f->why, ERR_INVALID, "its record is of somebody else, or has no address of use");
    if (!peer_id_equal(&r.peer, &f->peer))
        return false;
    for (size_t i = 0; i < r.count && n < HOST_ADDRS_MAX; i++)
        if (is_of_use(b, &r.addrs[i]))
            good[n++] = r.addrs[i];
    host_learn(b->cfg.host, &f->peer, good, n);
    return n > 0;
}

static void on_got(void *arg, struct cur value, int64_t seq, const struct why *why)
{
    struct beacon_find *f = arg;
    (void)seq;
    f->op = NULL;
    if (!value.p)
        f->why = *why;
    finish(f, value.p && learn(f, value));
}

struct beacon_find *beacon_find(struct beacon *b, const struct peer_id *peer, beacon_find_cb *cb,
                                void *arg)
{
    struct pubkey key;
    struct beacon_find *f = MEM_NEW(struct beacon_find);
    f->beacon = b;
    f->peer = *peer;
    f->cb = cb;
    f->arg = arg;
    list_push(&b->finds, &f->link);
    if (!b->items.app)
        why_set(&f->why, ERR_STATE, "there is no DHT to ask");
    else if (peer_id_key(peer, &key, &f->why) == OK && key.type == PUBKEY_ED25519)
        f->op = b->items.get(b->items.app, key.data, BEACON_SALT, on_got, f, &f->why);
    else
        why_set(&f->why, ERR_UNSUPPORTED, "only peers with an Ed25519 key have a record there");
    if (!f->op)
        f->end = timer_start(b->loop, 0, on_end, f);
    return f;
}

/* --- life ----------------------------------------------------------------------------------- */

struct beacon *beacon_new(const struct beacon_cfg *cfg)
{
    struct beacon *b = MEM_NEW(struct beacon);
    b->cfg = *cfg;
    b->loop = host_loop(cfg->host);
    list_init(&b->finds);
    b->watch = (struct host_watch){.cb = on_host, .arg = b};
    host_watch(cfg->host, &b->watch);
    return b;
}

void beacon_set_items(struct beacon *b, const struct items_port *items)
{
    if (b->op)
        b->items.cancel(b->op);
    b->op = NULL;
    LIST_EACH(&b->finds, struct beacon_find, f, link) {
        if (!f->op)
            continue;
        b->items.cancel(f->op);
        f->op = NULL;
        why_set(&f->why, ERR_CLOSED, "the DHT is no more");
        f->end = timer_start(b->loop, 0, on_end, f);
    }
    b->items = items ? *items : (struct items_port){0};
    later(b, BEACON_FIRST_US);
}

void beacon_free(struct beacon *b)
{
    if (!b)
        return;
    host_unwatch(&b->watch);
    LIST_EACH(&b->finds, struct beacon_find, f, link)
        beacon_find_cancel(f);
    if (b->op)
        b->items.cancel(b->op);
    timer_cancel(b->timer);
    free(b);
}
