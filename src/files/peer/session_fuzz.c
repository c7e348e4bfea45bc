/* A stream of a peer's bytes into a real session, with steps of time and orders of the owner's in
 * between.
 *
 * Input: a byte of flags (1: a good handshake goes in front; 2: without the fast extension; 4: the
 * metadata is not known; 8: the torrent is a hybrid, and the handshake has v2's bit; 16: and calls
 * it by v2's hash), then steps: a byte of kind, and for bytes a 16-bit length and so many.
 * Whatever comes, the session must end or live, hold no more than its limits, and leak nothing. */

#include "files/peer/session.h"

#include "base/mem.h"
#include "core/policy.h"
#include "files/meta/metainfo_v2.h"
#include "sim/sim.h"

#include <assert.h>
#include <string.h>

enum { TOTAL = 150000, PIECE = 32768, READS = 64, STEPS_MAX = 2000 };

struct fake_conn {
    struct conn conn;
    struct cur in;
    size_t takes; /* bytes that it still takes before it says AGAIN */
};

struct host {
    struct sim *sim;
    struct session_env env;
    struct session *s;
    struct fake_conn *fc;
    struct metainfo *mi;
    struct limit up, down;
    bool known, ended;
    struct {
        void *upload;
        uint32_t len;
        void (*got)(void *upload, const uint8_t *bytes, size_t len, const struct why *why);
    } reads[READS];
    uint8_t have[1];
};

static ssize_t fake_recv(struct conn *c, void *to, size_t n)
{
    struct fake_conn *f = (struct fake_conn *)c;
    struct cur part = cur_take(&f->in, n < f->in.n ? n : f->in.n);
    if (part.n == 0)
        return CONN_AGAIN;
    memcpy(to, part.p, part.n);
    return (ssize_t)part.n;
}

static ssize_t fake_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct fake_conn *f = (struct fake_conn *)c;
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    n = n < f->takes ? n : f->takes;
    f->takes -= n;
    return n > 0 ? (ssize_t)n : CONN_AGAIN;
}

static void fake_close(struct conn *c)
{
    free(c);
}

static const struct conn_ops fake_ops = {
    .name = "fake", .recv = fake_recv, .sendv = fake_sendv, .close = fake_close};

static void on_hashes(void *arg, enum wire_type type, const struct wire_hash_range *r)
{
    struct host *h = arg;
    struct wire_hash_range answer = *r;
    assert(h->known && h->mi->v2 && session_is_v2(h->s));
    assert(type == WIRE_HASHES || r->hashes.n == 0);
    if (type != WIRE_HASH_REQUEST)
        return;
    answer.hashes = r->base % 2 == 0 ? cur_of(r->root, SHA256_LEN) : cur_of(NULL, 0);
    session_hashes(h->s, r->base % 2 == 0 ? WIRE_HASHES : WIRE_HASH_REJECT, &answer);
}

static const struct session_ops host_ops;

static struct session_cfg cfg_of(struct host *h)
{
    return (struct session_cfg){.infohash = h->mi->infohash,
                                .hash = h->mi->v2 ? &h->mi->hash : NULL,
                                .mi = h->known ? h->mi : NULL,
                                .up = &h->up,
                                .down = &h->down,
                                .ops = &host_ops,
                                .arg = h};
}

static bool on_hello(void *arg, const uint8_t infohash[SHA1_LEN])
{
    struct host *h = arg;
    struct session_cfg cfg = cfg_of(h);
    if (!infohash_is_wire(&h->mi->hash, infohash))
        return false;
    session_join(h->s, &cfg);
    return true;
}

static void on_ready(void *arg)
{
    struct host *h = arg;
    session_begin(h->s, h->have, h->known ? h->mi->piece_count : 0,
                  h->known ? (int64_t)h->mi->info.n : 0, true);
}

static void on_nothing(void *arg)
{
    (void)arg;
}

static void on_has(void *arg, uint32_t piece)
{
    struct host *h = arg;
    assert(piece < h->mi->piece_count);
}

static void on_fill(void *arg)
{
    struct host *h = arg;
    struct picker_block b[4] = {{0, 0}, {1, 1}, {4, 1}, {2, 0}};
    size_t room = session_room(h->s);
    if (h->known)
        session_ask(h->s, b, room < 4 ? room : 4);
    if (h->known && h->mi->v2 && session_is_v2(h->s)) {
        struct wire_hash_range r = {h->mi->v2->file[0].root, 0, 2, 2, 1, cur_of(NULL, 0)};
        session_hashes(h->s, WIRE_HASH_REQUEST, &r);
    }
}

static void on_block(void *arg, uint32_t piece, uint32_t block, struct cur bytes)
{
    struct host *h = arg;
    assert(piece < h->mi->piece_count && bytes.n > 0 && bytes.n <= BLOCK_LEN);
    assert(block * BLOCK_LEN + bytes.n <= metainfo_piece_len(h->mi, piece));
}

static void on_lost(void *arg, uint32_t piece, uint32_t block)
{
    (void)arg, (void)piece, (void)block;
}

static bool on_offers(void *arg, uint32_t piece)
{
    (void)arg;
    return piece != 3;
}

static void on_sent(void *arg, size_t payload)
{
    (void)arg, (void)payload;
}

static void on_metadata(void *arg, const struct wire_metadata *md)
{
    struct host *h = arg;
    if (md->type == WIRE_MD_REQUEST)
        session_metadata_give(h->s, md->piece, (int64_t)h->mi->info.n, h->mi->info);
    else
        session_metadata_reject(h->s, md->piece);
}

static void on_punch(void *arg, const struct hole_msg *m)
{
    struct host *h = arg;
    session_punch(h->s, m);
}

static void on_pex(void *arg, struct cur payload)
{
    struct host *h = arg;
    struct pex_msg m;
    struct why why;
    if (pex_read(payload, &m, &why))
        session_end(h->s, why.code, "%s", why.text);
    else
        session_pex(h->s, &m);
}

static void *on_read(void *arg, uint32_t piece, uint32_t begin, uint32_t len,
                     void (*got)(void *upload, const uint8_t *bytes, size_t n,
                                 const struct why *why),
                     void *upload)
{
    struct host *h = arg;
    assert(begin + len <= metainfo_piece_len(h->mi, piece));
    for (size_t i = 0; i < READS; i++)
        if (!h->reads[i].upload) {
            h->reads[i].upload = upload;
            h->reads[i].got = got;
            h->reads[i].len = len;
            return &h->reads[i].upload;
        }
    return NULL;
}

static void on_unread(void *handle)
{
    *(void **)handle = NULL;
}

static bool on_busy(void *arg)
{
    (void)arg;
    return false;
}

static void on_ended(void *arg, const struct why *why)
{
    struct host *h = arg;
    assert(why->code != OK);
    session_free(h->s);
    h->s = NULL;
    h->ended = true;
}

static const struct session_ops host_ops = {
    .hello = on_hello,
    .ready = on_ready,
    .extended = on_nothing,
    .pieces = on_nothing,
    .hashes = on_hashes,
    .has = on_has,
    .lacks = on_has,
    .interest = on_nothing,
    .fill = on_fill,
    .block = on_block,
    .lost = on_lost,
    .offers = on_offers,
    .sent = on_sent,
    .metadata = on_metadata,
    .pex = on_pex,
    .punch = on_punch,
    .read = on_read,
    .unread = on_unread,
    .busy = on_busy,
    .ended = on_ended,
};

static void answer_reads(struct host *h)
{
    static const uint8_t block[WIRE_REQUEST_MAX];
    for (size_t i = 0; i < READS && !h->ended; i++) {
        void *upload = h->reads[i].upload;
        h->reads[i].upload = NULL;
        if (upload)
            h->reads[i].got(upload, block, h->reads[i].len, NULL);
    }
}

static bool alive(const struct host *h)
{
    return h->s && (session_is_open(h->s) || !h->ended);
}

static void give(struct host *h, struct cur bytes)
{
    h->fc->in = bytes;
    while (h->s && h->fc && h->fc->in.n > 0) {
        size_t before = h->fc->in.n;
        conn_raise(&h->fc->conn, CONN_READABLE, NULL);
        sim_run_for(h->sim, MSEC);
        if (h->ended || h->fc->in.n == before)
            return;
    }
}

/* The fake conn is freed by the session that closes it; a session that was ended answers no verb,
 * so what is left to look at is whether `ended` came. */
static void step(struct host *h, uint8_t kind, struct cur *c)
{
    switch (kind % 8) {
    case 0:
    case 1: {
        uint16_t len = cur_be16(c);
        struct cur part = cur_take(c, len < c->n ? len : c->n);
        uint8_t *copy = mem_dup(part.n ? (const void *)part.p : "", part.n);
        give(h, cur_of(copy, part.n));
        if (!h->ended)
            h->fc->in = cur_of(NULL, 0);
        free(copy);
        break;
    }
    case 2:
        sim_run_for(h->sim, SEC);
        if (h->s)
            session_tick(h->s);
        break;
    case 3:
        session_choke(h->s, kind & 8);
        break;
    case 4:
        session_interested(h->s, true);
        on_fill(h);
        break;
    case 5:
        answer_reads(h);
        break;
    case 6:
        if (!h->known && session_is_open(h->s)) {
            h->known = true;
            session_set_torrent(h->s, h->mi);
        }
        break;
    case 7:
        h->fc->takes += 1000;
        conn_raise(&h->fc->conn, CONN_WRITABLE, NULL);
        break;
    }
    sim_run_for(h->sim, 0);
}

static struct metainfo *make_mi(bool hybrid)
{
    static const uint8_t pieces[5 * SHA1_LEN], root[SHA256_LEN] = {1};
    struct mi_source one = {"", TOTAL, hybrid ? root : NULL};
    struct buf info = {0}, torrent = {0};
    const struct mi_draft draft = {.name = "x",
                                   .files = &one,
                                   .n = 1,
                                   .piece_len = PIECE,
                                   .pieces = pieces,
                                   .piece_count = 5,
                                   .v2 = hybrid};
    metainfo_write_info(&info, &draft);
    metainfo_write(&torrent, buf_cur(&info), cur_of(NULL, 0), cur_of(NULL, 0), NULL, 0, NULL, 0, "",
                   "", 0);
    struct metainfo *mi = metainfo_parse(buf_cur(&torrent), NULL);
    assert(mi);
    buf_done(&info);
    buf_done(&torrent);
    return mi;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    uint8_t flags = cur_u8(&c);
    struct host h = {
        .sim = sim_new(1), .mi = make_mi(flags & 8), .known = !(flags & 4), .have = {0xf8}};
    struct sim_node *machine =
        sim_node_add(h.sim, "a", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    struct loop *loop = sim_node_loop(machine);
    h.env = (struct session_env){.loop = loop,
                                 .policy = policy_new(),
                                 .budgets = budgets_new(1),
                                 .client = "Fuzz",
                                 .pex = true,
                                 .punch = true,
                                 .scratch = mem_zalloc(SESSION_READ)};
    h.fc = MEM_NEW(struct fake_conn);
    h.fc->conn = (struct conn){.ops = &fake_ops, .loop = loop, .peer = addr_v4(10, 0, 0, 2, 6881)};
    h.fc->takes = 100000;
    h.s = session_accept(&h.env, &h.fc->conn, &host_ops, &h, NULL);
    if (flags & 1) {
        struct buf hello = {0};
        const struct infohash *names = &h.mi->hash;
        wire_put_handshake_with(&hello, names->has_v2 && flags & 16 ? names->v2 : names->v1,
                                (const uint8_t *)"-FU0001-abcdefghijkl",
                                names->has_v2 ? WIRE_SPEAKS_V2 : 0);
        if (flags & 2)
            buf_bytes(&hello)[27] = 0;
        give(&h, buf_cur(&hello));
        buf_done(&hello);
    }
    for (int i = 0; i < STEPS_MAX && c.n > 0 && alive(&h); i++)
        step(&h, cur_u8(&c), &c);
    sim_run_for(h.sim, SEC);
    if (h.s)
        session_free(h.s);
    limit_done(&h.up);
    limit_done(&h.down);
    policy_free(h.env.policy);
    budgets_free(h.env.budgets);
    free(h.env.scratch);
    metainfo_free(h.mi);
    sim_free(h.sim);
    return 0;
}
