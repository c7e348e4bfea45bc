/* lib/shoal_kit_test.h - for tests of the public library: two hosts on one loop, on loopback, of
 * which b echoes, and callbacks that write down what they were told.
 *
 * Each test has its kit in *state (CASE()); on_late() is only met by a test that hangs.  Included
 * by one .c file of a program. */
#ifndef SHOAL_LIB_SHOAL_KIT_TEST_H
#define SHOAL_LIB_SHOAL_KIT_TEST_H

#include "base/mem.h"
#include "base/test.h"

#include <shoal/shoal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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

static inline void stop_loop(void *arg)
{
    shoal_loop_stop(arg);
}

static inline void on_late(void *arg)
{
    (void)arg;
    fail_msg("it never happened");
}

static inline struct shoal_host *new_host(struct kit *k, bool listens)
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

static inline void run(struct kit *k)
{
    k->limit = shoal_timer_start(k->loop, LIMIT_US, on_late, NULL);
    shoal_loop_run(k->loop);
    shoal_timer_cancel(k->limit);
}

static inline int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->loop = shoal_loop_new();
    k->a = new_host(k, false);
    k->b = new_host(k, true);
    snprintf(k->a_id, sizeof k->a_id, "%s", shoal_host_id(k->a));
    return 0;
}

static inline int close_kit(void **state)
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

struct served {
    struct kit *k;
    size_t from, to;
    char bytes[5000];
};

static inline void on_served(void *arg, struct shoal_stream *s, int event,
                             const struct shoal_err *err)
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

static inline void on_asked(void *arg, struct shoal_stream *s, const struct shoal_err *err)
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

static inline void serve(struct kit *k)
{
    assert_int_equal(shoal_host_handle(k->b, echo_name[0], on_asked, k, NULL), SHOAL_OK);
}

static inline void on_open(void *arg, struct shoal_stream *s, const struct shoal_err *err)
{
    struct kit *k = arg;
    assert_true((s == NULL) == (err != NULL));
    k->told++;
    k->stream = s;
    if (err)
        k->err = *err;
    shoal_loop_stop(k->loop);
}

static inline void open_stream(struct kit *k, const char *to, const char *const *names, size_t n)
{
    assert_non_null(shoal_host_open(k->a, to, names, n, on_open, k, NULL));
    assert_int_equal(k->told, 0); /* not from inside */
    run(k);
    assert_int_equal(k->told, 1);
    k->told = 0;
}

static inline void on_dial(void *arg, const char *peer, const struct shoal_err *err)
{
    struct kit *k = arg;
    k->told++;
    snprintf(k->peer, sizeof k->peer, "%s", peer ? peer : "");
    if (err)
        k->err = *err;
    shoal_loop_stop(k->loop);
}

static inline void on_ping(void *arg, uint64_t rtt_us, const struct shoal_err *err)
{
    struct kit *k = arg;
    k->told++;
    k->rtt_us = rtt_us;
    if (err)
        k->err = *err;
    shoal_loop_stop(k->loop);
}

static inline void on_event(void *arg, int event, const char *peer)
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
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

#endif
