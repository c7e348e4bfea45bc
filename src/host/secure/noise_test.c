/* Noise over the simulator: the checks of net/conn_test.h, whom one meets, and who changes bytes in
 * between.  noise_foe_test.c has peers that keep no rule. */
#include "host/secure/noise.h"

#include "host/secure/secure_pair_test.h"

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct secure_bench *b = (struct secure_bench *)w;
    below = secure_between(b, below, dialled ? 0 : 1);
    return dialled ? noise_dial(b->self[0], below, &b->expected, cb, arg)
                   : noise_accept(b->self[1], below, cb, arg);
}

static int open_world(void **state)
{
    return secure_bench_open(state, dress);
}

static void both_know_each_other_once_it_is_open(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    char text[120];
    pair_listen(&p, &b->w);
    pair_dial(&p);
    assert_null(secure_peer(p.client.c));
    assert_null(secure_muxer(p.client.c));
    world_run(&b->w, pair_is_open, &p);
    assert_true(peer_id_equal(secure_peer(p.client.c), secure_self_id(b->self[1])));
    assert_true(peer_id_equal(secure_peer(p.server.c), secure_self_id(b->self[0])));
    assert_string_equal(secure_muxer(p.client.c), "/yamux/1.0.0");
    assert_ptr_equal(secure_muxer(p.server.c), secure_yamux[0]);
    assert_ptr_equal(strstr(conn_describe(p.client.c, text), "noise over tcp to "), text);
    assert_null(secure_peer(p.client.c->below));
    pair_close(&p);
}

static void anybody_may_be_dialled_without_an_id(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    b->expected = (struct peer_id){0};
    pair_open(&p, &b->w);
    assert_true(peer_id_equal(secure_peer(p.client.c), secure_self_id(b->self[1])));
    pair_close(&p);
}

static void told(struct secure_bench *b, struct end *e, enum err code, const char *words)
{
    world_run(&b->w, end_is_told, e);
    assert_int_equal(e->seen[CONN_OPEN], 0);
    if (e->why.code != code || !strstr(e->why.text, words))
        fail_msg("%d: %s", e->why.code, e->why.text);
}

static void another_peer_is_refused_before_it_learns_who_we_are(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    b->expected = *secure_self_id(b->self[0]);
    pair_listen(&p, &b->w);
    pair_dial(&p);
    told(b, &p.client, ERR_DENIED, "it is 12D3Koo");
    assert_null(secure_peer(p.client.c));
    world_settle(&b->w);
    assert_int_equal(p.server.seen[CONN_OPEN] + p.server.seen[CONN_CLOSED], 0);
    end_close(&p.client);
    told(b, &p.server, ERR_CLOSED, "hung up during the handshake"); /* no third message came */
    pair_close(&p);
}

static void the_muxer_is_the_diallers_first_that_both_have(void **state)
{
    struct secure_bench *b = *state;
    static const char *const ab[] = {"/a", "/b", NULL}, *const cba[] = {"/c", "/b", "/a", NULL},
                             *const none[] = {NULL};
    assert_string_equal(secure_muxer_of(b, ab, cba), "/a");
    assert_string_equal(secure_muxer_of(b, cba, ab), "/b");
    assert_null(secure_muxer_of(b, none, ab));
    assert_null(secure_muxer_of(b, ab, none));
    assert_null(secure_muxer_of(b, NULL, NULL));
}

static void no_muxer_in_common_is_the_end(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    secure_speak(b, (const char *[]){"/a", NULL}, (const char *[]){"/b", NULL});
    pair_listen(&p, &b->w);
    pair_dial(&p);
    told(b, &p.client, ERR_INVALID, "none of our muxers, but /b");
    pair_close(&p);
}

/* Handshake and a hundred bytes each way: how much came below, and that the two are open. */
enum { FIRST = 2 + 32, BYTES = 100, FRAME = 2 + BYTES + 16 };

static void run_changed(struct secure_bench *b, struct pair *p)
{
    pair_listen(p, &b->w);
    p->client.to_send = p->server.to_send = BYTES;
    p->client.shut_when_sent = p->server.shut_when_sent = true;
    pair_dial(p);
    world_settle(&b->w);
}

/* How many bytes of the handshake side `who` reads: payload and all. */
static size_t handshake_bytes(struct secure_bench *b, int who)
{
    struct pair p;
    b->mask = 0;
    b->flip[who] = 0; /* puts somebody in between, who changes nothing */
    pair_open(&p, &b->w);
    world_settle(&b->w);
    struct conn *c = who == 0 ? p.client.c : p.server.c;
    size_t n = ((struct between *)c->below)->at;
    pair_close(&p);
    secure_untouched(b);
    assert_true(n > 150 && n < 400);
    return n;
}

static void check_nothing_came(const struct end *e, size_t at)
{
    if (e->got > 0 || e->ended)
        fail_msg("byte %zu was changed, and %zu came, end %d", at, e->got, e->ended);
}

/* A longer length waits for more, until the owner's deadline; all else is found out at once. */
static void a_changed_byte_anywhere_lets_nothing_through(void **state)
{
    struct secure_bench *b = *state;
    for (int who = 0; who < 2; who++) {
        size_t handshake = handshake_bytes(b, who);
        for (size_t at = 0; at < handshake + FRAME; at++) {
            struct pair p;
            b->flip[who] = at;
            b->mask = at % 2 ? 0x80 : 0x01;
            run_changed(b, &p);
            check_nothing_came(who == 0 ? &p.client : &p.server, at);
            if (at < handshake)
                check_nothing_came(who == 0 ? &p.server : &p.client, at);
            pair_close(&p);
        }
        secure_untouched(b);
    }
}

static void a_cut_anywhere_but_between_frames_is_a_failure(void **state)
{
    struct secure_bench *b = *state;
    for (int who = 0; who < 2; who++) {
        size_t handshake = handshake_bytes(b, who);
        for (size_t at = 0; at <= handshake + FRAME; at++) {
            struct pair p;
            b->cut[who] = at;
            run_changed(b, &p);
            struct end *e = who == 0 ? &p.client : &p.server;
            if (at == handshake || at == handshake + FRAME) {
                assert_int_equal(e->seen[CONN_CLOSED], 0);
                assert_int_equal(e->got, at == handshake ? 0 : BYTES);
                assert_true(e->ended);
            } else {
                assert_int_equal(e->seen[CONN_CLOSED], 1);
                assert_int_equal(e->why.code, ERR_CLOSED);
                assert_non_null(strstr(e->why.text, at < handshake ? "hung up" : "inside a frame"));
                assert_int_equal(e->got, 0);
                assert_false(e->ended);
            }
            pair_close(&p);
        }
        secure_untouched(b);
    }
}

static void the_reader_may_take_a_frame_in_pieces(void **state)
{
    struct secure_bench *b = *state;
    struct pair p;
    enum { MANY = 300000 };
    static const size_t most[] = {1, 7, 4096, 3, 600};
    pair_listen(&p, &b->w);
    p.server.idle = true;
    p.client.to_send = MANY;
    pair_dial(&p);
    for (size_t i = 0; p.server.got < MANY; i++) {
        if (!p.server.c || !end_read(&p.server, most[i % 5]))
            sim_run_for(b->w.priv, MSEC);
    }
    pair_close(&p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, secure_bench_close),
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE) CASE(both_know_each_other_once_it_is_open)
            CASE(anybody_may_be_dialled_without_an_id)
                CASE(another_peer_is_refused_before_it_learns_who_we_are)
                    CASE(the_muxer_is_the_diallers_first_that_both_have)
                        CASE(no_muxer_in_common_is_the_end)
                            CASE(a_changed_byte_anywhere_lets_nothing_through)
                                CASE(a_cut_anywhere_but_between_frames_is_a_failure)
                                    CASE(the_reader_may_take_a_frame_in_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
