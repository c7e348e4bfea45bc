#include "lib/shoal_kit_test.h"

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(megabytes_go_there_and_back_by_tcp),
        CASE(megabytes_go_there_and_back_by_quic),
        CASE(what_nobody_answers_is_told_with_words),
        CASE(what_is_ignored_is_answered_no_more),
        CASE(a_stream_outlives_its_host_and_fails),
        CASE(a_stream_may_be_closed_after_its_loop_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
