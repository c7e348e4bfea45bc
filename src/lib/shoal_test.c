#include "base/test.h"

#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <shoal/shoal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* Two hosts on one loop, on loopback.  on_late() is only met by a test that hangs. */
enum { BYTES = 3 << 20, LIMIT_US = 60 * 1000000 };

static const char *const echo_name[] = {"/test/echo/1"};

struct kit {
    struct shoal_loop *loop;
    struct shoal_host *a, *b;
    struct shoal_timer *limit;
    char a_id[SHOAL_PEER_ID_TEXT];
    unsigned told; /* callbacks of operations */
    struct shoal_err err;
    char peer[SHOAL_PEER_ID_TEXT];
    uint64_t rtt_us;
    struct shoal_stream *stream; /* ours */
    unsigned char *sent, *got;
    size_t out, in;
    unsigned connected, identified, gone, served, closed;
};

static void stop_loop(void *arg)
{
    shoal_loop_stop(arg);
}

static void on_late(void *arg)
{
    (void)arg;
    fail_msg("it never happened");
}

static struct shoal_host *new_host(struct kit *k, bool listens)
{
    static const char *const at[] = {"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"};
    struct shoal_host_cfg cfg = {.size = sizeof cfg,
                                 .agent = "test/1",
                                 .listen = at,
                                 .listen_count = listens ? 2 : 0,
                                 .flags = SHOAL_HOST_LAB};
    struct shoal_err err;
    struct shoal_host *h = shoal_host_new(k->loop, &cfg, &err);
    if (!h)
        fail_msg("%s", err.text);
    return h;
}

static void run(struct kit *k)
{
    k->limit = shoal_timer_start(k->loop, LIMIT_US, on_late, NULL);
    shoal_loop_run(k->loop);
    shoal_timer_cancel(k->limit);
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->loop = shoal_loop_new();
    k->a = new_host(k, false);
    k->b = new_host(k, true);
    snprintf(k->a_id, sizeof k->a_id, "%s", shoal_host_id(k->a));
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    shoal_stream_close(k->stream);
    shoal_host_free(k->a);
    shoal_host_free(k->b);
    shoal_loop_free(k->loop);
    free(k->sent);
    free(k->got);
    free(k);
    return 0;
}

/* --- the side that echoes ------------------------------------------------------------------- */

struct served {
    struct kit *k;
    size_t from, to;
    char bytes[5000];
};

static void on_served(void *arg, struct shoal_stream *s, int event, const struct shoal_err *err)
{
    struct served *e = arg;
    ptrdiff_t n = err ? SHOAL_FAILED : event;
    while (n > 0)
        if (e->from < e->to) {
            n = shoal_stream_send(s, e->bytes + e->from, e->to - e->from);
            e->from += n > 0 ? (size_t)n : 0;
        } else if ((n = shoal_stream_recv(s, e->bytes, sizeof e->bytes)) > 0) {
            e->from = 0;
            e->to = (size_t)n;
        }
    if (n == SHOAL_AGAIN)
        return;
    if (n == SHOAL_END)
        shoal_stream_shut(s);
    e->k->closed += n == SHOAL_FAILED;
    shoal_stream_close(s);
    free(e);
}

static void on_asked(void *arg, struct shoal_stream *s, const struct shoal_err *err)
{
    struct kit *k = arg;
    assert_null(err);
    assert_string_equal(shoal_stream_peer(s), k->a_id);
    assert_string_equal(shoal_stream_protocol(s), echo_name[0]);
    assert_false(shoal_stream_limited(s));
    struct served *e = MEM_NEW(struct served);
    e->k = k;
    k->served++;
    shoal_stream_watch(s, on_served, e);
}

static void serve(struct kit *k)
{
    assert_int_equal(shoal_host_handle(k->b, echo_name[0], on_asked, k, NULL), SHOAL_OK);
}

/* --- the side that asks --------------------------------------------------------------------- */

static void on_open(void *arg, struct shoal_stream *s, const struct shoal_err *err)
{
    struct kit *k = arg;
    assert_true((s == NULL) == (err != NULL));
    k->told++;
    k->stream = s;
    if (err)
        k->err = *err;
    shoal_loop_stop(k->loop);
}

static void open_stream(struct kit *k, const char *to, const char *const *names, size_t n)
{
    assert_non_null(shoal_host_open(k->a, to, names, n, on_open, k, NULL));
    assert_int_equal(k->told, 0); /* not from inside */
    run(k);
    assert_int_equal(k->told, 1);
    k->told = 0;
}

static void on_mine(void *arg, struct shoal_stream *s, int event, const struct shoal_err *err)
{
    struct kit *k = arg;
    ptrdiff_t n = 1;
    if (err) {
        k->err = *err;
        k->closed++;
        shoal_loop_stop(k->loop);
        return;
    }
    if (event == SHOAL_READABLE) {
        while ((n = shoal_stream_recv(s, k->got + k->in, BYTES + 1 - k->in)) > 0)
            k->in += (size_t)n;
        if (n == SHOAL_END)
            shoal_loop_stop(k->loop);
    }
    for (n = 1; k->out < BYTES && n > 0;) {
        n = shoal_stream_send(s, k->sent + k->out, BYTES - k->out);
        k->out += n > 0 ? (size_t)n : 0;
        if (k->out == BYTES)
            shoal_stream_shut(s);
    }
}

static void megabytes_by(struct kit *k, size_t address)
{
    serve(k);
    k->sent = mem_zalloc(BYTES);
    k->got = mem_zalloc(BYTES + 1);
    for (size_t i = 0; i < BYTES; i++)
        k->sent[i] = (unsigned char)(i * 31 + i / 251);
    const char *const names[] = {"/nobody/speaks/this", echo_name[0]};
    open_stream(k, shoal_host_address(k->b, address), names, 2);
    assert_non_null(k->stream);
    assert_string_equal(shoal_stream_protocol(k->stream), echo_name[0]);
    assert_string_equal(shoal_stream_peer(k->stream), shoal_host_id(k->b));
    shoal_stream_watch(k->stream, on_mine, k);
    run(k);
    assert_int_equal(k->in, BYTES);
    assert_memory_equal(k->got, k->sent, BYTES);
    assert_int_equal(shoal_stream_recv(k->stream, k->got, 0), 0);
    assert_int_equal(shoal_stream_send(k->stream, k->got, 0), 0);
}

static void megabytes_go_there_and_back_by_tcp(void **state)
{
    megabytes_by(*state, 0);
}

static void megabytes_go_there_and_back_by_quic(void **state)
{
    megabytes_by(*state, 1);
}

static void what_nobody_answers_is_told_with_words(void **state)
{
    struct kit *k = *state;
    const char *const names[] = {"/nobody/speaks/this"};
    open_stream(k, shoal_host_address(k->b, 0), names, 1);
    assert_null(k->stream);
    assert_int_not_equal(k->err.code, SHOAL_OK);
    assert_non_null(strstr(k->err.text, names[0]));
    struct shoal_key *nobody = shoal_key_new(k->loop);
    open_stream(k, shoal_key_id(nobody), names, 1);
    assert_null(k->stream);
    assert_int_equal(k->err.code, SHOAL_ERR_NOT_FOUND);
    shoal_key_free(nobody);
}

static void what_is_ignored_is_answered_no_more(void **state)
{
    struct kit *k = *state;
    serve(k);
    open_stream(k, shoal_host_address(k->b, 0), echo_name, 1);
    assert_non_null(k->stream);
    shoal_stream_close(k->stream);
    shoal_host_ignore(k->b, echo_name[0]);
    shoal_host_ignore(k->b, echo_name[0]);
    shoal_host_ignore(k->b, "/never/was");
    open_stream(k, shoal_host_id(k->b), echo_name, 1);
    assert_null(k->stream);
    serve(k);
    open_stream(k, shoal_host_id(k->b), echo_name, 1);
    assert_non_null(k->stream);
}

static void on_failed(void *arg, struct shoal_stream *s, int event, const struct shoal_err *err)
{
    struct kit *k = arg;
    char byte;
    if (event != SHOAL_CLOSED)
        return;
    k->closed++;
    k->err = *err;
    assert_int_equal(shoal_stream_recv(s, &byte, 1), SHOAL_FAILED);
    shoal_loop_stop(k->loop);
}

static void a_stream_outlives_its_host_and_fails(void **state)
{
    struct kit *k = *state;
    serve(k);
    open_stream(k, shoal_host_address(k->b, 0), echo_name, 1);
    shoal_stream_watch(k->stream, on_failed, k);
    shoal_host_free(k->a);
    k->a = NULL;
    run(k);
    assert_int_equal(k->err.code, SHOAL_ERR_CLOSED);
    k->closed = 0;
    shoal_stream_watch(k->stream, on_failed, k); /* who comes later hears it too */
    run(k);
    assert_true(k->closed > 0);
}

static void a_stream_may_be_closed_after_its_loop_is_gone(void **state)
{
    struct kit *k = *state;
    char byte = 0;
    serve(k);
    open_stream(k, shoal_host_address(k->b, 0), echo_name, 1);
    shoal_host_free(k->a);
    shoal_host_free(k->b);
    shoal_loop_free(k->loop); /* who serves was told, and has closed */
    assert_int_equal(shoal_stream_recv(k->stream, &byte, 1), SHOAL_FAILED);
    assert_int_equal(shoal_stream_send(k->stream, &byte, 1), SHOAL_FAILED);
    shoal_stream_shut(k->stream);
    shoal_stream_watch(k->stream, on_failed, k);
    shoal_stream_close(k->stream);
    k->stream = NULL;
    k->a = k->b = NULL;
    k->loop = NULL;
}

/* --- peers ---------------------------------------------------------------------------------- */

static void on_dial(void *arg, const char *peer, const struct shoal_err *err)
{
    struct kit *k = arg;
    k->told++;
    snprintf(k->peer, sizeof k->peer, "%s", peer ? peer : "");
    if (err)
        k->err = *err;
    shoal_loop_stop(k->loop);
}

static void on_ping(void *arg, uint64_t rtt_us, const struct shoal_err *err)
{
    struct kit *k = arg;
    k->told++;
    k->rtt_us = rtt_us;
    if (err)
        k->err = *err;
    shoal_loop_stop(k->loop);
}

static void on_event(void *arg, int event, const char *peer)
{
    struct kit *k = arg;
    if (peer)
        assert_string_equal(peer, shoal_host_id(k->b));
    k->connected += event == SHOAL_PEER_CONNECTED;
    k->identified += event == SHOAL_PEER_IDENTIFIED;
    k->gone += event == SHOAL_PEER_GONE;
    if (event == SHOAL_PEER_IDENTIFIED || event == SHOAL_PEER_GONE)
        shoal_loop_stop(k->loop);
}

static void peers_meet_are_known_and_part(void **state)
{
    struct kit *k = *state;
    char all[4][SHOAL_PEER_ID_TEXT];
    struct shoal_peer p = {.size = sizeof p};
    serve(k);
    assert_int_equal(shoal_host_peers(k->a, all, 4), 0);
    shoal_host_watch(k->a, on_event, k);
    assert_non_null(shoal_host_dial(k->a, shoal_host_address(k->b, 0), on_dial, k, NULL));
    run(k);
    assert_string_equal(k->peer, shoal_host_id(k->b));
    while (k->identified == 0)
        run(k);
    assert_int_equal(k->connected, 1);
    assert_int_equal(shoal_host_peers(k->a, all, 4), 1);
    assert_int_equal(shoal_host_peers(k->a, all, 0), 0);
    assert_string_equal(all[0], shoal_host_id(k->b));
    assert_int_equal(shoal_host_peer(k->a, all[0], &p, NULL), SHOAL_OK);
    assert_int_equal(p.connections, 1);
    assert_int_equal(p.inbound, 0);
    assert_string_equal(p.agent, "test/1");
    assert_string_equal(p.path, "direct");
    unsigned speaks = 0;
    for (size_t i = 0; i < p.protocol_count; i++)
        speaks += strcmp(p.protocols[i], echo_name[0]) == 0;
    assert_int_equal(speaks, 1);
    assert_non_null(shoal_host_ping(k->a, all[0], on_ping, k, NULL));
    run(k);
    assert_true(k->rtt_us > 0);
    shoal_host_hang_up(k->a, all[0]);
    shoal_host_hang_up(k->a, "nobody");
    assert_int_equal(k->gone, 1);
    assert_int_equal(shoal_host_peers(k->a, all, 4), 0);
}

static void a_struct_of_another_version_is_read_as_far_as_it_goes(void **state)
{
    struct kit *k = *state;
    struct {
        struct shoal_host_cfg cfg;
        uint64_t more;
    } newer = {.cfg = {.size = sizeof newer}};
    struct shoal_err err;
    struct shoal_host *h = shoal_host_new(k->loop, &newer.cfg, &err);
    assert_non_null(h);
    newer.more = 1; /* of a later version, and we cannot do it */
    assert_null(shoal_host_new(k->loop, &newer.cfg, &err));
    assert_int_equal(err.code, SHOAL_ERR_UNSUPPORTED);
    newer.cfg.size = sizeof newer.cfg;
    newer.cfg.flags = 1U << 31;
    assert_null(shoal_host_new(k->loop, &newer.cfg, &err));
    assert_int_equal(err.code, SHOAL_ERR_UNSUPPORTED);
    newer.cfg.size = 0;
    assert_null(shoal_host_new(k->loop, &newer.cfg, &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    assert_null(shoal_host_new(k->loop, &newer.cfg, NULL));

    assert_int_equal(shoal_host_learn(k->a, shoal_host_id(k->b), "/ip4/127.0.0.1/tcp/1", &err), 0);
    struct shoal_peer p = {.size = offsetof(struct shoal_peer, agent), .agent = "untouched"};
    assert_int_equal(shoal_host_peer(k->a, shoal_host_id(k->b), &p, &err), SHOAL_OK);
    assert_string_equal(p.agent, "untouched");
    p.size = 0;
    assert_int_equal(shoal_host_peer(k->a, shoal_host_id(k->b), &p, &err), SHOAL_ERR_INVALID);
    shoal_host_free(h);
}

static void wrong_arguments_are_refused_at_once(void **state)
{
    struct kit *k = *state;
    struct shoal_err err;
    static const char *const none[SHOAL_OPEN_NAMES_MAX + 1] = {"/x", "/x", "/x", "/x", "/x",
                                                               "/x", "/x", "/x", "/x"};
    const char *b = shoal_host_id(k->b);
    char longest[SHOAL_PROTOCOL_NAME_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(shoal_host_dial(k->a, "12D3nobody", on_dial, k, &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    assert_null(shoal_host_dial(k->a, "/ip4/1.2.3.4", on_dial, k, NULL));
    assert_null(shoal_host_dial(k->a, "", on_dial, k, NULL));
    assert_null(shoal_host_ping(k->a, "/ip4/1.2.3.4/tcp/1", on_ping, k, NULL));
    assert_null(shoal_host_open(k->a, b, none, 0, on_open, k, NULL));
    assert_null(shoal_host_open(k->a, b, none, SHOAL_OPEN_NAMES_MAX + 1, on_open, k, NULL));
    assert_null(shoal_host_open(k->a, b, (const char *[]){""}, 1, on_open, k, &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_handle(k->a, longest, on_asked, k, NULL), SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_handle(k->a, "/two\nlines", on_asked, k, &err), SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_handle(k->a, "/ipfs/ping/1.0.0", on_asked, k, NULL),
                     SHOAL_ERR_INVALID);
    longest[SHOAL_PROTOCOL_NAME_MAX] = '\0';
    assert_int_equal(shoal_host_handle(k->a, longest, on_asked, k, NULL), SHOAL_OK);
    assert_int_equal(shoal_host_learn(k->a, b, b, NULL), SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_learn(k->a, shoal_host_id(k->a), shoal_host_address(k->b, 0), NULL),
                     SHOAL_ERR_INVALID); /* of another peer */
    assert_null(shoal_host_address(k->b, 2));
    assert_null(shoal_host_address(k->a, 0));
}

static void names_are_counted(void **state)
{
    struct kit *k = *state;
    char name[16];
    for (int i = 0; i < SHOAL_PROTOCOLS_MAX; i++) {
        snprintf(name, sizeof name, "/n/%d", i);
        assert_int_equal(shoal_host_handle(k->a, name, on_asked, k, NULL), SHOAL_OK);
    }
    assert_int_equal(shoal_host_handle(k->a, name, on_asked, k, NULL), SHOAL_OK);
    assert_int_equal(shoal_host_handle(k->a, "/one/more", on_asked, k, NULL), SHOAL_ERR_LIMIT);
}

static void what_is_cancelled_is_silent_and_so_is_what_a_host_leaves(void **state)
{
    struct kit *k = *state;
    serve(k);
    const char *b = shoal_host_address(k->b, 0);
    shoal_op_cancel(NULL);
    shoal_op_cancel(shoal_host_dial(k->a, b, on_dial, k, NULL));
    shoal_op_cancel(shoal_host_open(k->a, b, echo_name, 1, on_open, k, NULL));
    assert_int_equal(shoal_host_learn(k->a, shoal_host_id(k->b), b, NULL), SHOAL_OK);
    shoal_op_cancel(shoal_host_ping(k->a, shoal_host_id(k->b), on_ping, k, NULL));
    shoal_host_watch(k->a, on_event, k);
    while (k->identified == 0)
        run(k); /* the dial goes on for others */
    assert_int_equal(k->told, 0);
    shoal_host_open(k->a, shoal_host_id(k->b), echo_name, 1, on_open, k, NULL);
    shoal_host_dial(k->a, shoal_host_id(k->b), on_dial, k, NULL);
    shoal_host_ping(k->a, shoal_host_id(k->b), on_ping, k, NULL);
    shoal_host_free(k->a);
    k->a = NULL;
    shoal_timer_start(k->loop, 20000, stop_loop, k->loop);
    run(k);
    assert_int_equal(k->told, 0);
}

/* --- loops ---------------------------------------------------------------------------------- */

enum { THREADS = 4, CALLS = 1000 };

struct caller {
    struct shoal_loop *loop;
    unsigned made, seen;
    unsigned *ended;
};

static void on_call(void *arg)
{
    struct caller *c = arg;
    if (++c->seen == CALLS && ++*c->ended == THREADS)
        shoal_loop_stop(c->loop);
}

static void *call_often(void *arg)
{
    struct caller *c = arg;
    for (; c->made < CALLS; c->made++)
        shoal_loop_call(c->loop, on_call, c);
    return NULL;
}

static void calls_from_other_threads_are_made_once_each(void **state)
{
    struct kit *k = *state;
    struct caller callers[THREADS];
    pthread_t threads[THREADS];
    unsigned ended = 0;
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){k->loop, 0, 0, &ended};
        pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    run(k);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].seen, CALLS);
    }
}

static void add(void *arg)
{
    ++*(unsigned *)arg;
}

static void calls_that_wait_are_made_before_a_loop_is_gone(void **state)
{
    (void)state;
    unsigned seen = 0;
    struct shoal_loop *loop = shoal_loop_new();
    shoal_loop_call(loop, add, &seen);
    shoal_loop_call(loop, add, &seen);
    assert_int_equal(seen, 0);
    shoal_loop_free(loop);
    assert_int_equal(seen, 2);
    shoal_loop_free(NULL);
}

static void a_loop_that_was_stopped_before_it_ran_does_not(void **state)
{
    struct kit *k = *state;
    shoal_loop_stop(k->loop);
    shoal_loop_run(k->loop);
}

static void it_is_known_how_long_there_is_to_wait(void **state)
{
    (void)state;
    unsigned rings = 0;
    struct shoal_loop *loop = shoal_loop_new();
    shoal_loop_turn(loop);
    assert_int_equal(shoal_loop_wait_ms(loop), -1);
    struct shoal_timer *t = shoal_timer_start(loop, 30000, add, &rings);
    assert_in_range(shoal_loop_wait_ms(loop), 0, 32); /* rounded up */
    shoal_timer_cancel(t);
    assert_int_equal(shoal_loop_wait_ms(loop), -1);
    shoal_timer_start(loop, 0, add, &rings);
    assert_int_equal(shoal_loop_wait_ms(loop), 0);
    while (rings == 0)
        shoal_loop_turn(loop);
    shoal_loop_free(loop);
}

static void a_loop_runs_behind_a_descriptor(void **state)
{
    struct kit *k = *state;
    serve(k);
    unsigned rings = 0;
    shoal_host_open(k->a, shoal_host_address(k->b, 0), echo_name, 1, on_open, k, NULL);
    shoal_timer_start(k->loop, 30000, add, &rings);
    shoal_timer_cancel(shoal_timer_start(k->loop, 10, add, &rings));
    k->limit = shoal_timer_start(k->loop, LIMIT_US, on_late, NULL);
    uint64_t before_us = shoal_loop_now_us(k->loop);
    while (k->told == 0 || rings == 0) {
        struct pollfd p = {.fd = shoal_loop_fd(k->loop), .events = POLLIN};
        poll(&p, 1, shoal_loop_wait_ms(k->loop));
        shoal_loop_turn(k->loop);
    }
    assert_true(shoal_loop_now_us(k->loop) >= before_us + 30000);
    assert_int_equal(rings, 1);
    assert_non_null(k->stream);
    shoal_timer_cancel(k->limit);
}

static void end_theirs(uv_check_t *h)
{
    struct kit *k = h->data;
    if (k->told > 0)
        uv_stop(h->loop);
}

static void a_loop_runs_on_the_libuv_loop_of_the_caller(void **state)
{
    struct kit *k = *state;
    uv_loop_t theirs;
    uv_check_t check;
    struct shoal_err err;
    serve(k);
    uv_loop_init(&theirs);
    uv_check_init(&theirs, &check);
    check.data = k;
    uv_check_start(&check, end_theirs);
    assert_int_equal(shoal_loop_attach(k->loop, &theirs, &err), SHOAL_OK);
    assert_int_equal(shoal_loop_attach(k->loop, &theirs, &err), SHOAL_ERR_STATE);
    k->limit = shoal_timer_start(k->loop, LIMIT_US, on_late, NULL);
    shoal_host_open(k->a, shoal_host_address(k->b, 0), echo_name, 1, on_open, k, NULL);
    uv_run(&theirs, UV_RUN_DEFAULT);
    assert_non_null(k->stream);
    shoal_timer_cancel(k->limit);
    shoal_loop_detach(k->loop);
    shoal_loop_detach(k->loop);
    uv_close((uv_handle_t *)&check, NULL);
    uv_run(&theirs, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&theirs), 0);
}

/* --- keys, lines ---------------------------------------------------------------------------- */

static void a_key_is_its_phrase_and_stays_in_its_file(void **state)
{
    struct kit *k = *state;
    char folder[] = "/tmp/shoal-key-XXXXXX", phrase[SHOAL_PHRASE_TEXT], path[64];
    struct shoal_err err;
    assert_non_null(mkdtemp(folder));
    struct shoal_key *made = shoal_key_open(k->loop, folder, &err);
    assert_non_null(made);
    struct shoal_key *again = shoal_key_open(k->loop, folder, &err);
    shoal_key_phrase(made, phrase);
    struct shoal_key *told = shoal_key_of_phrase(phrase, &err);
    assert_string_equal(shoal_key_id(made), shoal_key_id(again));
    assert_string_equal(shoal_key_id(made), shoal_key_id(told));
    shoal_key_free(told);
    shoal_key_free(again);
    shoal_key_free(made);
    shoal_key_free(NULL);
    assert_null(shoal_key_of_phrase("abandon", &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    snprintf(path, sizeof path, "%s/identity", folder);
    assert_int_equal(truncate(path, 5), 0);
    assert_null(shoal_key_open(k->loop, folder, &err)); /* never made anew over a damaged one */
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    unlink(path);
    snprintf(path, sizeof path, "%s/identity.lock", folder);
    unlink(path);
    rmdir(folder);
}

static void count_line(void *arg, int level, const char *line)
{
    assert_in_range(level, SHOAL_LOG_DEBUG, SHOAL_LOG_ERROR);
    assert_true(strlen(line) > 0);
    ++*(unsigned *)arg;
}

static void lines_come_to_who_asks_for_them(void **state)
{
    struct kit *k = *state;
    unsigned lines = 0;
    shoal_loop_log(k->loop, SHOAL_LOG_DEBUG, count_line, &lines);
    shoal_host_dial(k->a, shoal_host_address(k->b, 0), on_dial, k, NULL);
    run(k);
    shoal_host_hang_up(k->a, k->peer); /* said at debug */
    assert_true(lines > 0);
    shoal_loop_log(k->loop, SHOAL_LOG_NONE, NULL, NULL);
}

static void the_library_says_its_version(void **state)
{
    (void)state;
    assert_string_equal(shoal_version(), SHOAL_VERSION);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(megabytes_go_there_and_back_by_tcp),
        CASE(megabytes_go_there_and_back_by_quic),
        CASE(what_nobody_answers_is_told_with_words),
        CASE(what_is_ignored_is_answered_no_more),
        CASE(a_stream_outlives_its_host_and_fails),
        CASE(a_stream_may_be_closed_after_its_loop_is_gone),
        CASE(peers_meet_are_known_and_part),
        CASE(a_struct_of_another_version_is_read_as_far_as_it_goes),
        CASE(wrong_arguments_are_refused_at_once),
        CASE(names_are_counted),
        CASE(what_is_cancelled_is_silent_and_so_is_what_a_host_leaves),
        CASE(calls_from_other_threads_are_made_once_each),
        CASE(calls_that_wait_are_made_before_a_loop_is_gone),
        CASE(a_loop_that_was_stopped_before_it_ran_does_not),
        CASE(it_is_known_how_long_there_is_to_wait),
        CASE(a_loop_runs_behind_a_descriptor),
        CASE(a_loop_runs_on_the_libuv_loop_of_the_caller),
        CASE(a_key_is_its_phrase_and_stays_in_its_file),
        CASE(lines_come_to_who_asks_for_them),
        CASE(the_library_says_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
