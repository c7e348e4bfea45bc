/* net/uv/raw_test.h - for tests: a client that says to an httpd whatever the test wants.
 *
 * Plain sockets and bytes, so that a test can play an attacker.  The client reads between the
 * loop's turns; a test waits for what it expects and never sleeps. */
#ifndef SHOAL_NET_UV_RAW_TEST_H
#define SHOAL_NET_UV_RAW_TEST_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "net/uv/uv_loop.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct raw {
    struct loop *loop;
    int fd;
    struct buf got;
    bool ended;
    const char *want; /* of raw_wait */
    unsigned times;
};

static inline struct raw raw_of(struct loop *loop, const void *sa, socklen_t len)
{
    struct raw r = {.loop = loop};
    r.fd = socket(((const struct sockaddr *)sa)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(r.fd >= 0);
    assert_int_equal(connect(r.fd, sa, len), 0);
    return r;
}

static inline struct raw raw_tcp(struct loop *loop, const struct addr *to)
{
    struct sockaddr_storage sa = {0};
    return raw_of(loop, &sa, addr_to_sockaddr(to, &sa));
}

static inline struct raw raw_unix(struct loop *loop, const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    memcpy(sa.sun_path, path, strlen(path));
    return raw_of(loop, &sa, sizeof sa);
}

static inline void raw_close(struct raw *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    buf_done(&r->got);
}

/* What is there already. */
static inline void raw_read(struct raw *r)
{
    while (!r->ended) {
        ssize_t n = recv(r->fd, buf_room(&r->got, 65536), 65536, MSG_DONTWAIT);
        if (n > 0)
            buf_grew(&r->got, (size_t)n);
        else if (n < 0 && errno == EAGAIN)
            break;
        else
            r->ended = true;
    }
}

static inline bool raw_has(void *arg)
{
    struct raw *r = arg;
    raw_read(r);
    if (!r->want)
        return r->ended;
    unsigned times = 0;
    const uint8_t *at = buf_bytes(&r->got);
    size_t left = buf_len(&r->got);
    const uint8_t *hit;
    while (left > 0 && (hit = memmem(at, left, r->want, strlen(r->want)))) {
        times++;
        left -= (size_t)(hit - at) + 1;
        at = hit + 1;
    }
    return times >= r->times;
}

/* All of it, also what does not fit at once. */
static inline void raw_send(struct raw *r, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n > 0) {
        ssize_t sent = send(r->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return; /* the server hung up; what it said is still to be read */
        p += sent > 0 ? sent : 0;
        n -= sent > 0 ? (size_t)sent : 0;
        r->want = "no such words";
        r->times = 1;
        uv_loop_run_until(r->loop, raw_has, r, 10);
    }
}

static inline void raw_say(struct raw *r, const char *text)
{
    raw_send(r, text, strlen(text));
}

/* Until `want` has come `times` times; NULL: until the server hung up. */
static inline void raw_wait(struct raw *r, const char *want, unsigned times)
{
    r->want = want;
    r->times = times;
    assert_true(uv_loop_run_until(r->loop, raw_has, r, 20 * SEC));
}

/* What has come, as text; free(). */
static inline char *raw_text(struct raw *r)
{
    return buf_take_str(&r->got);
}

/* Say it, read until the server hangs up, close; the whole answer, free(). */
static inline char *raw_ask(struct raw r, const char *request)
{
    raw_say(&r, request);
    raw_wait(&r, NULL, 1);
    char *text = raw_text(&r);
    raw_close(&r);
    return text;
}

static inline void raw_status_is(const char *answer, unsigned status)
{
    char want[32];
    snprintf(want, sizeof want, "HTTP/1.1 %u ", status);
    if (strncmp(answer, want, strlen(want)) != 0)
        print_message("wanted %s, got: %.200s\n", want, answer);
    assert_int_equal(strncmp(answer, want, strlen(want)), 0);
}

#endif
