/* MSE over the simulator: the checks of net/conn_test.h, and peers that keep no rule. */
#include "files/peer/mse.h"

#include "base/mem.h"

#include "sim/sim_pair_test.h"

static const uint8_t skey[SHA1_LEN] = "the infohash, say so";

struct bench {
    struct world w;
    struct rc4_lib *rc4;
    struct mse_cfg a, b;
};

static bool find(void *arg, const uint8_t req2[SHA1_LEN], uint8_t out[SHA1_LEN])
{
    uint8_t ours[SHA1_LEN];
    (void)arg;
    mse_req2(skey, ours);
    memcpy(out, skey, SHA1_LEN);
    return memcmp(ours, req2, SHA1_LEN) == 0;
}

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct bench *b = (struct bench *)w;
    return dialled ? mse_dial(&b->a, below, skey, NULL, 0, cb, arg)
                   : mse_accept(&b->b, below, cb, arg);
}

static int open_world(void **state)
{
    struct bench *b = MEM_NEW(struct bench);
    b->rc4 = rc4_lib_new(NULL);
    b->a = b->b = (struct mse_cfg){.rc4 = b->rc4, .methods = MSE_RC4, .find = find};
    sim_pair_open(&b->w, dress);
    *state = b;
    return 0;
}

static int open_plain_world(void **state)
{
    open_world(state);
    struct bench *b = *state;
    b->a.methods = b->b.methods = MSE_PLAIN | MSE_RC4; /* on a private network: plain */
    return 0;
}

static int close_world(void **state)
{
    struct bench *b = *state;
    sim_pair_close(&b->w);
    rc4_lib_free(b->rc4);
    free(b);
    return 0;
}

/* A scripted end against a responder. */

struct foe {
    struct conn *c;
    struct end them;
};

static void on_foe_accept(void *arg, struct conn *c)
{
    struct foe *f = arg;
    f->them.c = dress(f->them.w, c, false, end_event, &f->them);
}

static void on_mute(void *arg, enum conn_event ev, const struct why *why)
{
    (void)arg, (void)ev, (void)why;
}

static void on_mute_accept(void *arg, struct conn *c)
{
    struct foe *f = arg;
    f->c = c;
    conn_watch(c, on_mute, f);
}

/* What becomes of a responder that gets these bytes: the words of its end, or "open". */
static const char *fate(struct bench *b, const void *bytes, size_t n, bool shut)
{
    static char words[240];
    struct foe f = {.them = {.w = &b->w, .close_at = NOT_AT_ALL, .idle = true}};
    struct listener *l = tcp_listen(b->w.b, &b->w.at_b, on_foe_accept, &f, NULL);
    struct addr to = listener_addr(l);
    f.c = tcp_dial(b->w.a, &to, NULL, NULL, NULL);
    world_settle(&b->w);
    assert_int_equal(conn_send(f.c, bytes, n), n);
    if (shut)
        conn_shut(f.c);
    sim_run_for(b->w.priv, 11 * SEC);
    snprintf(words, sizeof words, "%s",
             f.them.seen[CONN_OPEN]     ? "open"
             : f.them.seen[CONN_CLOSED] ? f.them.why.text
                                        : "nothing");
    conn_close(f.c);
    end_close(&f.them);
    listener_close(l);
    return words;
}

static void first_bytes_tell_a_plain_handshake(void **state)
{
    struct bench *b = *state;
    static const char hello[] = "\x13"
                                "BitTorrent protocol";
    b->b.plain = true;
    assert_string_equal(fate(b, hello, 20, false), "open");
    assert_string_equal(fate(b, hello, 19, false), "encryption: no handshake in time");
    b->b.plain = false;
    assert_string_equal(fate(b, hello, 20, false),
                        "comes without encryption, which is required here");
}

static void what_is_no_handshake_ends_within_its_bounds(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[DH768_LEN + MSE_PAD_MAX + SHA1_LEN];
    memset(bytes, 0x55, sizeof bytes);
    assert_string_equal(fate(b, bytes, sizeof bytes, false),
                        "encryption: no handshake behind the pad");
    assert_string_equal(fate(b, bytes, sizeof bytes - 1, false),
                        "encryption: no handshake in time");
    assert_string_equal(fate(b, bytes, 95, true), "encryption: closed during the handshake");
    memset(bytes, 0, DH768_LEN);
    assert_string_equal(fate(b, bytes, DH768_LEN, false), "their key is none of the group's");
}

/* A plain peer that neither answers nor hangs up costs three seconds, not ten. */
static void who_is_dialled_and_says_nothing_is_given_up_soon(void **state)
{
    struct bench *b = *state;
    struct foe f = {0};
    struct end us = {.w = &b->w, .close_at = NOT_AT_ALL, .idle = true};
    struct listener *l = tcp_listen(b->w.b, &b->w.at_b, on_mute_accept, &f, NULL);
    struct addr to = listener_addr(l);
    us.c = dress(&b->w, tcp_dial(b->w.a, &to, NULL, NULL, NULL), true, end_event, &us);
    sim_run_for(b->w.priv, MSE_QUIET_US);
    assert_int_equal(us.seen[CONN_CLOSED], 0);
    sim_run_for(b->w.priv, SEC / 2);
    assert_int_equal(us.seen[CONN_CLOSED], 1);
    assert_string_equal(us.why.text, "encryption: no handshake in time");
    end_close(&us);
    conn_close(f.c);
    listener_close(l);
}

/* Ends of a pair that cannot agree. */
static void refused_with(struct bench *b, const char *words)
{
    struct pair p;
    pair_listen(&p, &b->w);
    pair_dial_to(&p, listener_addr(p.listener));
    sim_run_for(b->w.priv, 11 * SEC);
    assert_int_equal(p.client.seen[CONN_OPEN] + p.server.seen[CONN_OPEN], 0);
    assert_string_equal(p.server.why.text, words);
    pair_close(&p);
}

static bool finds_nothing(void *arg, const uint8_t req2[SHA1_LEN], uint8_t out[SHA1_LEN])
{
    (void)arg, (void)req2, (void)out;
    return false;
}

static void what_is_not_held_or_not_offered_is_refused(void **state)
{
    struct bench *b = *state;
    b->a.methods = MSE_PLAIN;
    refused_with(b, "encryption: offers no method that is allowed here");
    b->a.methods = MSE_RC4;
    b->b.find = finds_nothing;
    refused_with(b, "encryption: for a torrent that is not here");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
#define PLAIN_CASE(name) cmocka_unit_test_setup_teardown(name, open_plain_world, close_world),
    const struct CMUnitTest tests[] = {CONN_CHECKS(CASE) CONN_CHECKS(PLAIN_CASE) CASE(
        first_bytes_tell_a_plain_handshake) CASE(who_is_dialled_and_says_nothing_is_given_up_soon)
                                           CASE(what_is_no_handshake_ends_within_its_bounds)
                                               CASE(what_is_not_held_or_not_offered_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
