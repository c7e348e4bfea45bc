/* host/secure/secure_pair_test.h - two hosts' identities in the simulated world of
 * sim/sim_pair_test.h, and somebody in between who changes bytes. */
#ifndef SHOAL_HOST_SECURE_SECURE_PAIR_TEST_H
#define SHOAL_HOST_SECURE_SECURE_PAIR_TEST_H

#include "base/mem.h"
#include "host/secure/secure.h"
#include "net/filter.h"

#include "sim/sim_pair_test.h"

/* Somebody in between: one byte that comes is changed, or all of it ends there; and no more than
 * `most` come at once. */
struct between {
    struct filter f;
    size_t at, flip, cut, most; /* SIZE_MAX: none of it */
    uint8_t mask;
};

static void between_shake(struct filter *f)
{
    if (f->conn.below->peer.port)
        filter_open(f);
}

static ssize_t between_read(struct filter *f, void *to, size_t n)
{
    struct between *b = (struct between *)f;
    if (b->at == b->cut)
        return CONN_END;
    n = n < b->cut - b->at ? n : b->cut - b->at;
    n = n < b->most ? n : b->most;
    ssize_t got = filter_pull(f, to, n);
    if (got > 0 && b->flip >= b->at && b->flip < b->at + (size_t)got)
        ((uint8_t *)to)[b->flip - b->at] ^= b->mask;
    b->at += got > 0 ? (size_t)got : 0;
    return got;
}

static size_t between_write(struct filter *f, const uint8_t *bytes, size_t n)
{
    buf_put(&f->out, bytes, n);
    return n;
}

static const struct filter_ops between_ops = {.conn = FILTER_CONN("between"),
                                              .shake = between_shake,
                                              .read = between_read,
                                              .write = between_write};

static struct conn *between(struct conn *below, size_t flip, uint8_t mask, size_t cut, size_t most)
{
    struct between *b = MEM_NEW(struct between);
    filter_init(&b->f, &between_ops, below, NULL, NULL);
    b->flip = flip;
    b->mask = mask;
    b->cut = cut;
    b->most = most;
    return &b->f.conn;
}

/* Of the two sides, [0] dials. */
struct secure_bench {
    struct world w;
    struct keys *keys[2];
    const char *const *muxers[2];
    struct secure_self *self[2];
    struct peer_id expected; /* by who dials; of nobody: anybody */
    size_t flip[2], cut[2];  /* of the bytes that side reads */
    size_t most;             /* that either reads at once */
    uint8_t mask;
};

static const char *const secure_yamux[] = {"/yamux/1.0.0", NULL};

static void secure_speak(struct secure_bench *b, const char *const *dialler,
                         const char *const *listener)
{
    b->muxers[0] = dialler;
    b->muxers[1] = listener;
    for (int i = 0; i < 2; i++) {
        secure_self_free(b->self[i]);
        b->self[i] = secure_self_new(i == 0 ? b->w.a : b->w.b, b->keys[i], b->muxers[i]);
    }
    b->expected = *secure_self_id(b->self[1]);
}

static struct conn *secure_between(struct secure_bench *b, struct conn *below, int who)
{
    return b->flip[who] == SIZE_MAX && b->cut[who] == SIZE_MAX && b->most == SIZE_MAX
               ? below
               : between(below, b->flip[who], b->mask, b->cut[who], b->most);
}

static void secure_untouched(struct secure_bench *b)
{
    b->flip[0] = b->flip[1] = b->cut[0] = b->cut[1] = b->most = SIZE_MAX;
}

static int secure_bench_open(void **state,
                             struct conn *(*dress)(struct world *w, struct conn *below,
                                                   bool dialled, conn_cb *cb, void *arg))
{
    struct secure_bench *b = MEM_NEW(struct secure_bench);
    uint8_t entropy[16] = "a dialler's own";
    sim_pair_open(&b->w, dress);
    for (int i = 0; i < 2; i++) {
        b->keys[i] = keys_of_entropy(entropy, sizeof entropy);
        entropy[0]++;
    }
    secure_untouched(b);
    secure_speak(b, secure_yamux, secure_yamux);
    *state = b;
    return 0;
}

static int secure_bench_close(void **state)
{
    struct secure_bench *b = *state;
    sim_pair_close(&b->w);
    for (int i = 0; i < 2; i++) {
        secure_self_free(b->self[i]);
        keys_free(b->keys[i]);
    }
    free(b);
    return 0;
}

/* What both ends agree on; NULL: it is to be negotiated. */
static inline const char *secure_muxer_of(struct secure_bench *b, const char *const *dialler,
                                          const char *const *listener)
{
    struct pair p;
    secure_speak(b, dialler, listener);
    pair_open(&p, &b->w);
    const char *one = secure_muxer(p.client.c), *other = secure_muxer(p.server.c);
    if (one && other)
        assert_string_equal(one, other);
    else
        assert_ptr_equal(one, other);
    pair_close(&p);
    return one;
}

#endif
