/* TLS with libp2p's certificate over the simulator: the checks of net/conn_test.h, and whom one
 * meets.  What a certificate must be is tls_cert_test.c's business. */
#include "host/secure/tls_libp2p.h"

#include "host/secure/secure_pair_test.h"

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct secure_bench *b = (struct secure_bench *)w;
    below = secure_between(b, below, dialled ? 0 : 1);
    return dialled ? tls_libp2p_dial(b->self[0], below, &b->expected, cb, arg)
                   : tls_libp2p_accept(b->self[1], below, cb, arg);
}

static int open_world(void **state)
{
    return secure_bench_open(state, dress);
}

static void both_know_each_other_once_it_is_open(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    pair_listen(&p, &b->w);
    pair_dial(&p);
    assert_null(secure_peer(p.client.c));
    assert_null(secure_muxer(p.client.c));
    world_run(&b->w, pair_is_open, &p);
    assert_true(peer_id_equal(secure_peer(p.client.c), secure_self_id(b->self[1])));
    assert_true(peer_id_equal(secure_peer(p.server.c), secure_self_id(b->self[0])));
    assert_ptr_equal(secure_muxer(p.client.c), secure_yamux[0]);
    assert_ptr_equal(secure_muxer(p.server.c), secure_yamux[0]);
    assert_null(secure_peer(p.client.c->below));
    pair_close(&p);
}

static void another_peer_is_refused_before_it_learns_who_we_are(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    b->expected = *secure_self_id(b->self[0]);
    pair_listen(&p, &b->w);
    pair_dial(&p);
    world_run(&b->w, end_is_told, &p.client);
    assert_int_equal(p.client.why.code, ERR_DENIED);
    assert_non_null(strstr(p.client.why.text, "it is 12D3Koo"));
    assert_null(secure_peer(p.client.c));
    world_run(&b->w, end_is_told, &p.server);
    assert_int_equal(p.client.seen[CONN_OPEN] + p.server.seen[CONN_OPEN], 0);
    assert_non_null(strstr(p.server.why.text, "alert"));
    assert_null(secure_peer(p.server.c));
    pair_close(&p);
}

/* "libp2p" is what all have in common, and stands last. */
static void the_muxer_is_the_diallers_first_that_both_have(void **state)
{
    struct secure_bench *b = *state;
    static const char *const ab[] = {"/a", "/b", NULL}, *const cba[] = {"/c", "/b", "/a", NULL},
                             *const c[] = {"/c", NULL}, *const none[] = {NULL};
    assert_string_equal(secure_muxer_of(b, ab, cba), "/a");
    assert_string_equal(secure_muxer_of(b, cba, ab), "/b");
    assert_null(secure_muxer_of(b, ab, c));
    assert_null(secure_muxer_of(b, ab, none));
    assert_null(secure_muxer_of(b, NULL, ab));
}

static void a_changed_byte_in_the_handshake_lets_nothing_through(void **state)
{
    struct secure_bench *b = *state;
    enum { HELLO_ETC = 1100 }; /* either side's handshake has less */
    for (int who = 0; who < 2; who++)
        for (size_t at = 0; at < HELLO_ETC; at += 23) {
            struct pair p;
            b->flip[who] = at;
            b->mask = 0x10;
            pair_listen(&p, &b->w);
            p.client.to_send = p.server.to_send = 2000;
            pair_dial(&p);
            world_settle(&b->w);
            if ((who == 0 ? p.client.got : p.server.got) == 2000)
                fail_msg("byte %zu was changed, and all came", at);
            pair_close(&p);
            secure_untouched(b);
        }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, secure_bench_close),
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE) CASE(both_know_each_other_once_it_is_open)
            CASE(another_peer_is_refused_before_it_learns_who_we_are)
                CASE(the_muxer_is_the_diallers_first_that_both_have)
                    CASE(a_changed_byte_in_the_handshake_lets_nothing_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
