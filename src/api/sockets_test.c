/* WebSockets between programs and an app, over the whole server. */
#include "api/sockets.h"

#include "api/api_world_test.h"

#define TALK "/talk/room%20one"
#define TALK_FORMAT "/talk/room%%20one"
#define UPGRADE                                                                                    \
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"       \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void answer_is(struct world *w, const char *path, const char *headers, unsigned status_)
{
    char *line = mem_printf("GET %s", path);
    char *request = mem_printf("%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", line,
                               (unsigned)w->at.port, headers);
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, request);
    raw_wait(&r, "\r\n\r\n", 1);
    char *text = raw_text(&r);
    raw_status_is(text, status_);
    free(text);
    raw_close(&r);
    free(request);
    free(line);
}

static void a_socket_is_guarded_as_all_else(void **state)
{
    struct world *w = *state;
    char *good = mem_printf(TALK_FORMAT "?token=%s", w->read);
    char *elsewhere = mem_printf("/talk/nobody?token=%s", w->read);
    answer_is(w, TALK, UPGRADE, 401);
    answer_is(w, TALK "?token=0000", UPGRADE, 401);
    answer_is(w, elsewhere, UPGRADE, 404);
    answer_is(w, good, "", 426);
    answer_is(w, good, UPGRADE "Origin: http://evil.example\r\n", 403);
    char *other = mem_printf("/api/v1/things/1?token=%s", w->read);
    answer_is(w, other, "", 401); /* in a query it is looked at nowhere else */
    assert_int_equal(w->talks, 0);
    free(good);
    free(elsewhere);
    free(other);
}

static struct raw talk_to(struct world *w, const char *token)
{
    char *request =
        mem_printf("GET " TALK_FORMAT "?token=%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UPGRADE "\r\n",
                   token, (unsigned)w->at.port);
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, request);
    raw_wait(&r, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1);
    free(request);
    return r;
}

static void tell(struct raw *r, const char *text)
{
    struct buf b = {0};
    ws_put_frame(&b, WS_BINARY, (const uint8_t[4]){1, 2, 3, 4}, text, strlen(text));
    assert_int_equal(write(r->fd, buf_bytes(&b), buf_len(&b)), buf_len(&b));
    buf_done(&b);
}

static void who_came_for_what_is_gone_is_shown_out(void **state)
{
    struct world *w = *state;
    struct raw r = talk_to(w, w->write);
    raw_wait(&r, "you write", 1);
    talk_end(w->came_last);
    assert_int_equal(w->talks, 0);
    raw_wait(&r, "\x88\x12\x11\x34the room is gone", 1); /* 4404 */
    raw_close(&r);
}

static bool nobody_talks(void *arg)
{
    return ((struct world *)arg)->talks == 0;
}

static void a_socket_carries_messages_both_ways_until_it_closes(void **state)
{
    struct world *w = *state;
    struct raw reader = talk_to(w, w->read), writer = talk_to(w, w->write);
    raw_wait(&reader, "you read", 1);
    raw_wait(&writer, "you write", 1);
    assert_int_equal(w->talks, 2);
    tell(&writer, "hello");
    raw_wait(&writer, "hello", 1);
    tell(&writer, "shoo");
    raw_wait(&writer, "\x88\x09\x03\xf0go away", 1); /* 1008 */
    raw_close(&writer);
    raw_say(&reader, "nonsense, and a lot of it");
    raw_wait(&reader, "\x03\xea", 1); /* 1002 */
    raw_close(&reader);
    assert_true(uv_loop_run_until(w->loop, nobody_talks, w, 20 * SEC));
    reader = talk_to(w, w->money); /* and the node goes on */
    raw_wait(&reader, "you write", 1);
    raw_close(&reader);
    assert_true(uv_loop_run_until(w->loop, nobody_talks, w, 20 * SEC));
}

static bool one_paused(void *arg)
{
    return ((struct world *)arg)->pauses > 0;
}

static void who_takes_slowly_is_paused_and_gets_the_rest_later(void **state)
{
    struct world *w = *state;
    struct raw r = talk_to(w, w->read);
    tell(&r, "much");
    assert_true(uv_loop_run_until(w->loop, one_paused, w, 20 * SEC));
    raw_wait(&r, "all that you missed", 1);
    assert_in_range(buf_len(&r.got), SOCKETS_UNSENT_MAX, 10 * SOCKETS_UNSENT_MAX);
    raw_close(&r);
}

static void sockets_end_with_the_api(void **state)
{
    struct world *w = *state;
    struct raw r = talk_to(w, w->read);
    raw_wait(&r, "you read", 1);
    api_close(w->api);
    w->api = NULL;
    assert_int_equal(w->talks, 0);
    raw_wait(&r, "\x03\xe9the node ends", 1);
    raw_close(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_socket_is_guarded_as_all_else),
        TEST(a_socket_carries_messages_both_ways_until_it_closes),
        TEST(who_came_for_what_is_gone_is_shown_out),
        TEST(who_takes_slowly_is_paused_and_gets_the_rest_later),
        TEST(sockets_end_with_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
