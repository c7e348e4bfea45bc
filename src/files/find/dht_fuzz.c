/* A node of the DHT that is fed datagrams, from several senders and with time between them, while
 * it does what a node does: join, look for peers and items, announce, store.
 *
 * Each step of the input: a byte that says what happens, then its bytes.  Replies are given the
 * transaction that the node waits for, so that they get past the first check. */
#include "files/find/dht.h"

#include "base/mem.h"
#include "files/find/dht_table.h"
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { SENDERS = 6, SENT_KEPT = 16, STEPS_MAX = 200 };

struct sent {
    struct addr to;
    uint8_t tid[DHT_TID_MAX];
    size_t tid_len;
};

struct rig {
    struct sim *sim;
    struct dht *d;
    struct sent sent[SENT_KEPT]; /* queries of the node */
    size_t sent_count;
    struct dht_op *op;
    size_t answer_bytes, asked_bytes;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void send_out(void *arg, const struct addr *to, const void *bytes, size_t n)
{
    struct rig *r = arg;
    struct dht_msg m;
    struct arena *a = arena_new();
    check(n <= DHT_SEND_MAX + DHT_VALUE_MAX);                 /* a put or an item may be longer */
    check(dht_msg_read(a, cur_of(bytes, n), &m, NULL) == OK); /* what we say, we understand */
    if (m.kind == DHT_QUERY) {
        struct sent *s = &r->sent[r->sent_count++ % SENT_KEPT];
        s->to = *to;
        s->tid_len = m.tid.n;
        memcpy(s->tid, m.tid.p, m.tid.n);
    } else {
        r->answer_bytes += n;
    }
    arena_free(a);
}

static struct addr sender(uint8_t i)
{
    static const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, 1};
    if (i % SENDERS == 5)
        return addr_of_bytes(six, sizeof six, 6881);
    return addr_v4(i % 2 ? 10 : 90, 0, 0, (uint8_t)(1 + i % SENDERS), 6881);
}

static void packet(struct rig *r, const struct addr *from, const void *bytes, size_t n)
{
    void *copy = mem_dup(bytes, n); /* so that a read past its end is seen */
    r->asked_bytes += n;
    dht_packet(r->d, from, copy, n);
    free(copy);
}

/* "1:tN:..." of a reply is replaced by that of a query of ours. */
static void reply(struct rig *r, uint8_t which, struct cur body)
{
    if (r->sent_count == 0)
        return;
    size_t kept = r->sent_count < SENT_KEPT ? r->sent_count : SENT_KEPT;
    const struct sent *s = &r->sent[which % kept];
    struct buf b = {0};
    buf_str(&b, "d1:r");
    buf_put(&b, body.p, body.n);
    buf_printf(&b, "1:t%zu:", s->tid_len);
    buf_put(&b, s->tid, s->tid_len);
    buf_str(&b, "1:y1:re");
    packet(r, &s->to, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
}

static void on_peers(void *arg, const struct addr *peers, size_t n)
{
    (void)arg;
    check(n > 0 && n <= DHT_VALUES_MAX);
    for (size_t i = 0; i < n; i++)
        check(addr_is_dialable(&peers[i]));
}

static void on_done(void *arg, const struct dht_result *res)
{
    struct rig *r = arg;
    check(res->why.code == OK || res->why.text[0] != '\0');
    r->op = NULL;
}

static void on_item(void *arg, const struct dht_item *item, const struct dht_result *res)
{
    check(!item || dht_item_is_good(item));
    on_done(arg, res);
}

static void begin(struct rig *r, uint8_t what)
{
    static const struct dht_announce announce = {.port = 7};
    static const uint8_t key[DHT_KEY_LEN] = {1};
    struct dht_item item = {.v = cur_of("5:hello", 7)};
    struct dht_id id = dht_item_target(&item);
    struct why why;
    if (r->op) {
        dht_cancel(r->op);
        r->op = NULL;
        return;
    }
    switch (what % 5) {
    case 0:
        r->op = dht_peers(r->d, &id, &announce, true, on_peers, on_done, r);
        break;
    case 1:
        r->op = dht_get_immutable(r->d, &id, on_item, r);
        break;
    case 2:
        r->op = dht_get_mutable(r->d, key, cur_of("salt", 4), on_item, r);
        break;
    case 3:
        r->op = dht_put(r->d, &item, NULL, on_done, r, &why);
        break;
    case 4:
        r->op = dht_scrape(r->d, &id, on_done, r);
        break;
    }
}

static void step(struct rig *r, struct cur *c)
{
    uint8_t what = cur_u8(c), who = cur_u8(c);
    size_t len = cur_be16(c);
    struct cur body = cur_take(c, len < c->n ? len : c->n);
    struct addr from = sender(who);
    switch (what % 6) {
    case 0:
    case 1:
        packet(r, &from, body.p, body.n);
        break;
    case 2:
        reply(r, who, body);
        break;
    case 3:
        sim_run_for(r->sim, (uint64_t)who * who * 100 * MSEC);
        break;
    case 4:
        begin(r, who);
        break;
    case 5:
        dht_hint(r->d, &from);
        break;
    }
}

static void check_limits(const struct rig *r)
{
    struct dht_stats st = dht_stats(r->d);
    struct buf saved = {0};
    check(st.nodes4 + st.nodes6 <= 2 * DHT_TABLE_MAX && st.active <= DHT_OPS_ACTIVE);
    check(st.peers <= r->asked_bytes && st.items <= r->asked_bytes);
    dht_save(r->d, &saved);
    check(buf_len(&saved) <= DHT_SAVED_BYTES_MAX);
    buf_done(&saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct rig r = {.sim = sim_new(1)};
    struct cur c = cur_of(bytes, n);
    struct sim_node *machine =
        sim_node_add(r.sim, "node", addr_v4(10, 0, 0, 9, 0), (struct sim_link){0});
    struct dht_env env = {
        .loop = sim_node_loop(machine), .arg = &r, .send = send_out, .v4 = true, .v6 = true};
    struct addr first = sender(1);
    r.d = dht_new(&env, cur_of(bytes, n < 200 ? n : 0)); /* a saved table is foreign, too */
    dht_add_router(r.d, &first, true);
    for (int i = 0; i < STEPS_MAX && c.n > 0; i++)
        step(&r, &c);
    sim_run_for(r.sim, 10 * SEC);
    check_limits(&r);
    dht_free(r.d);
    sim_free(r.sim);
    return 0;
}
