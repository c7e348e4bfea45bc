/* bench/overlay_bare.c - what the overlay's cryptography takes, without a network.
 *
 *     overlay_bare cipher MIB      the cipher alone, sealing frames where they lie
 *     overlay_bare noise MIB       both sides of a Noise conn, over memory
 *     overlay_bare keys COUNT      what one side of a handshake cannot do without
 *     overlay_bare shakes COUNT    both sides of as many handshakes, over memory
 *
 * Each prints one JSON object.  bench/overlay runs them beside what goes over loopback. */
#include "base/mem.h"
#include "crypto/chachapoly.h"
#include "crypto/ed25519.h"
#include "crypto/x25519.h"
#include "host/secure/noise.h"
#include "net/uv/uv_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { CHUNK = 64 << 10, HELD_MAX = 256 << 10 };

/* --- the primitives ------------------------------------------------------------------------- */

static void seal(size_t mib)
{
    static uint8_t frame[CHUNK];
    const uint8_t key[CHACHAPOLY_KEY_LEN] = {1};
    uint8_t nonce[CHACHAPOLY_NONCE_LEN] = {0};
    struct chachapoly *c = chachapoly_new(CHACHAPOLY_SEALS, key);
    for (size_t i = 0; i < (mib << 20) / CHUNK; i++) {
        memcpy(nonce, &i, sizeof i);
        chachapoly_seal(c, nonce, NULL, 0, frame, CHUNK - CHACHAPOLY_TAG_LEN, frame);
    }
    chachapoly_free(c);
}

/* Noise revision 34, section 7.5: an ephemeral pair, ee, es and se; and the other side's signature.
 * Our own is made once a process. */
static void agree(size_t count)
{
    static const char said[] = "noise-libp2p-static-key:0123456789abcdef0123456789abcdef";
    uint8_t seed[ED25519_SEED_LEN] = {1}, secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN];
    uint8_t sig[ED25519_SIG_LEN], once[X25519_LEN] = {2}, theirs[X25519_LEN], out[X25519_LEN];
    ed25519_secret(seed, secret, pub);
    ed25519_sign(secret, said, sizeof said - 1, sig);
    x25519_public(seed, theirs);
    for (size_t i = 0; i < count; i++) {
        memcpy(once, &i, sizeof i);
        x25519_public(once, out);
        for (int dh = 0; dh < 3; dh++)
            if (!x25519_shared(once, theirs, out))
                exit(1);
        if (!ed25519_verify(pub, said, sizeof said - 1, sig))
            exit(1);
    }
}

/* --- two conns that are the ends of one ----------------------------------------------------- */

struct end {
    struct conn conn;
    struct end *other; /* NULL: it is closed */
    struct buf in;
    bool want_read, want_write;
    struct timer *turn;
};

static void on_turn(void *arg)
{
    struct end *e = arg;
    bool write = e->want_write && e->other && buf_len(&e->other->in) == 0;
    bool read = e->want_read && buf_len(&e->in) > 0;
    e->turn = NULL;
    e->want_write &= !write;
    e->want_read &= !read;
    if (write)
        conn_raise(&e->conn, CONN_WRITABLE, NULL);
    else if (read)
        conn_raise(&e->conn, CONN_READABLE, NULL);
}

static void wake(struct end *e)
{
    if (e && !e->turn && (e->want_read || e->want_write))
        e->turn = timer_start(e->conn.loop, 0, on_turn, e);
}

static ssize_t end_recv(struct conn *c, void *to, size_t n)
{
    struct end *e = (struct end *)c;
    n = n < buf_len(&e->in) ? n : buf_len(&e->in);
    e->want_read |= n == 0;
    if (n == 0)
        return CONN_AGAIN;
    memcpy(to, buf_bytes(&e->in), n);
    buf_eat(&e->in, n);
    if (buf_len(&e->in) == 0)
        wake(e->other);
    return (ssize_t)n;
}

static ssize_t end_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct end *e = (struct end *)c;
    ssize_t took = 0;
    if (!e->other)
        return CONN_FAILED;
    for (int i = 0; i < count && buf_len(&e->other->in) < HELD_MAX; i++) {
        buf_put(&e->other->in, iov[i].iov_base, iov[i].iov_len);
        took += (ssize_t)iov[i].iov_len;
    }
    e->want_write |= took == 0;
    wake(e->other);
    return took > 0 ? took : CONN_AGAIN;
}

static void end_close(struct conn *c)
{
    struct end *e = (struct end *)c;
    timer_cancel(e->turn);
    if (e->other)
        e->other->other = NULL;
    buf_done(&e->in);
    free(e);
}

static void end_shut(struct conn *c)
{
    (void)c;
}

static const struct conn_ops end_ops = {
    .name = "memory", .recv = end_recv, .sendv = end_sendv, .close = end_close, .shut = end_shut};

static void pair(struct loop *loop, struct end *out[2])
{
    for (int i = 0; i < 2; i++) {
        out[i] = MEM_NEW(struct end);
        out[i]->conn = (struct conn){.ops = &end_ops, .loop = loop};
        out[i]->want_read = true;
    }
    out[0]->other = out[1];
    out[1]->other = out[0];
}

/* --- Noise over them ------------------------------------------------------------------------ */

struct bare {
    struct loop *loop;
    struct secure_self *self;
    struct conn *asks, *answers;
    int open;
    size_t left;         /* handshakes */
    uint64_t sent, want; /* bytes; 0: none */
    uint64_t got;
};

static void begin(struct bare *b);

static void push(struct bare *b)
{
    static const uint8_t chunk[CHUNK];
    ssize_t n = 1;
    while (b->sent < b->want && n > 0) {
        n = conn_send(b->asks, chunk, sizeof chunk);
        b->sent += n > 0 ? (uint64_t)n : 0;
    }
}

static void pull(struct bare *b)
{
    static uint8_t chunk[CHUNK];
    ssize_t n;
    while ((n = conn_recv(b->answers, chunk, sizeof chunk)) > 0)
        b->got += (uint64_t)n;
    if (b->want > 0 && b->got >= b->want)
        uv_loop_stop(b->loop);
}

static void on_next(void *arg)
{
    struct bare *b = arg;
    conn_close(b->asks);
    conn_close(b->answers);
    if (--b->left == 0)
        uv_loop_stop(b->loop);
    else
        begin(b);
}

static void on_noise(struct bare *b, enum conn_event ev, const struct why *why)
{
    if (ev == CONN_CLOSED) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    if (ev == CONN_OPEN && ++b->open == 2 && b->want == 0)
        timer_start(b->loop, 0, on_next, b);
    else if (b->open == 2)
        push(b);
}

static void on_asks(void *arg, enum conn_event ev, const struct why *why)
{
    on_noise(arg, ev, why);
}

static void on_answers(void *arg, enum conn_event ev, const struct why *why)
{
    on_noise(arg, ev, why);
    if (ev == CONN_READABLE)
        pull(arg);
}

static void begin(struct bare *b)
{
    struct end *ends[2];
    pair(b->loop, ends);
    b->open = 0;
    b->asks = noise_dial(b->self, &ends[0]->conn, NULL, on_asks, b);
    b->answers = noise_accept(b->self, &ends[1]->conn, on_answers, b);
}

static void run(struct bare *b)
{
    static const char *const muxers[] = {"/yamux/1.0.0", NULL};
    const uint8_t entropy[16] = {1};
    b->self = secure_self_new(b->loop, keys_of_entropy(entropy, sizeof entropy), muxers);
    begin(b);
    uv_loop_run(b->loop);
}

static double cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t count = strtoull(argv[2], NULL, 10);
    struct bare b = {.loop = uv_loop_open(NULL)};
    double cpu = cpu_s();
    if (strcmp(argv[1], "cipher") == 0) {
        seal(count);
    } else if (strcmp(argv[1], "keys") == 0) {
        agree(count);
    } else if (strcmp(argv[1], "noise") == 0) {
        b.want = (uint64_t)count << 20;
        run(&b);
    } else {
        b.left = count;
        run(&b);
    }
    printf("{\"done\": %zu, \"cpu_s\": %.4f}\n", count, cpu_s() - cpu);
    return 0;
}
