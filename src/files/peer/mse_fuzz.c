/* A stream of bytes into MSE's handshake.
 *
 * Input: a byte of flags (1: into an initiator; 2: what follows comes behind a good key exchange,
 * encrypted as it should be: only then does chance reach the later steps), a byte of how many come
 * at once, then the bytes. */
#include "files/peer/mse.h"

#include "base/buf.h"
#include "sim/sim.h"

#include <assert.h>
#include <string.h>

static const uint8_t skey[SHA1_LEN] = "the infohash, say so";
static const uint8_t secret[DH768_SECRET] = "a number of the fuzz";

struct fake {
    struct conn conn;
    struct cur in;
    uint8_t out[DH768_LEN]; /* the first of what it says: its key */
    size_t said;
};

struct host {
    struct conn *top;
    bool closed;
};

static ssize_t fake_recv(struct conn *c, void *to, size_t n)
{
    struct fake *f = (struct fake *)c;
    struct cur part = cur_take(&f->in, n < f->in.n ? n : f->in.n);
    if (part.n == 0)
        return CONN_AGAIN;
    memcpy(to, part.p, part.n);
    return (ssize_t)part.n;
}

static ssize_t fake_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct fake *f = (struct fake *)c;
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        size_t room = f->said < DH768_LEN ? DH768_LEN - f->said : 0;
        size_t part = iov[i].iov_len < room ? iov[i].iov_len : room;
        memcpy(f->out + (DH768_LEN - room), iov[i].iov_base, part);
        f->said += iov[i].iov_len;
        n += iov[i].iov_len;
    }
    return (ssize_t)n;
}

static void fake_close(struct conn *c)
{
    (void)c;
}

static const struct conn_ops fake_ops = {
    .name = "fake", .recv = fake_recv, .sendv = fake_sendv, .close = fake_close};

static bool find(void *arg, const uint8_t req2[SHA1_LEN], uint8_t out[SHA1_LEN])
{
    uint8_t ours[SHA1_LEN];
    (void)arg;
    mse_req2(skey, ours);
    memcpy(out, skey, SHA1_LEN);
    return memcmp(ours, req2, SHA1_LEN) == 0;
}

static void on_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct host *h = arg;
    uint8_t bytes[100];
    assert(!h->closed);
    h->closed = ev == CONN_CLOSED;
    assert(h->closed == (why != NULL));
    while (ev == CONN_READABLE && conn_recv(h->top, bytes, sizeof bytes) > 0)
        ;
    if (ev == CONN_OPEN)
        conn_send(h->top, "hello", 5);
}

static void give(struct sim *sim, struct fake *f, struct host *h, struct cur bytes)
{
    f->in = bytes;
    while (f->in.n > 0 && !h->closed) {
        size_t before = f->in.n;
        conn_raise(&f->conn, CONN_READABLE, NULL);
        sim_run_for(sim, 0);
        if (f->in.n == before)
            return;
    }
}

/* Our half of the exchange, and the rest encrypted. */
static void exchange(struct sim *sim, struct fake *f, struct host *h, bool dialled,
                     const struct rc4_lib *lib, struct buf *rest)
{
    uint8_t ours[DH768_LEN], s[DH768_LEN], a[SHA1_LEN], b[SHA1_LEN];
    dh768_public(secret, ours);
    give(sim, f, h, cur_of(ours, sizeof ours));
    if (h->closed || f->said < DH768_LEN || dh768_shared(secret, f->out, s, NULL))
        return;
    if (!dialled) {
        uint8_t request[2 * SHA1_LEN];
        mse_req1(s, request);
        mse_req2(skey, a);
        mse_req3(s, b);
        mse_xor(a, b, request + SHA1_LEN);
        give(sim, f, h, cur_of(request, sizeof request));
    }
    mse_key(!dialled, s, skey, a);
    struct rc4 *r = rc4_new(lib, a, SHA1_LEN, MSE_DROP);
    rc4_run(r, buf_bytes(rest), buf_bytes(rest), buf_len(rest));
    rc4_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    uint8_t flags = cur_u8(&c), step = cur_u8(&c);
    bool dialled = flags & 1;
    struct sim *sim = sim_new(1);
    struct rc4_lib *lib = rc4_lib_new(NULL);
    struct host h = {0};
    struct fake f = {.conn = {.ops = &fake_ops, .peer = addr_v4(10, 0, 0, 2, 6881)}};
    f.conn.loop =
        sim_node_loop(sim_node_add(sim, "a", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    struct mse_cfg cfg = {.rc4 = lib, .methods = MSE_RC4 | MSE_PLAIN, .plain = true, .find = find};
    h.top = dialled ? mse_dial(&cfg, &f.conn, skey, "first", 5, on_event, &h)
                    : mse_accept(&cfg, &f.conn, on_event, &h);
    if (dialled)
        conn_raise(&f.conn, CONN_OPEN, NULL);
    struct buf rest = {0};
    buf_put(&rest, c.p, c.n);
    if (flags & 2)
        exchange(sim, &f, &h, dialled, lib, &rest);
    while (buf_len(&rest) > 0 && !h.closed) {
        size_t part = (size_t)step + 1 < buf_len(&rest) ? (size_t)step + 1 : buf_len(&rest);
        give(sim, &f, &h, cur_of(buf_bytes(&rest), part));
        buf_eat(&rest, part);
    }
    sim_run_for(sim, 11 * SEC);
    conn_close(h.top);
    buf_done(&rest);
    rc4_lib_free(lib);
    sim_free(sim);
    return 0;
}
