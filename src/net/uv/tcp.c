/* TCP under net/conn.h: direct recv and sendmsg on a non-blocking socket, and epoll only when the
 * owner has hit CONN_AGAIN.  Nothing is buffered here in either direction. */
#include "net/uv/tcp.h"

#include "base/mem.h"
#include "net/uv/sock.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct tcp {
    struct conn conn;
    struct watch watch;
    int fd; /* -1: closed by the owner, or there never was one */
    bool connecting;
    bool want_read, want_write; /* an event is owed to the owner */
    bool drained;        /* the last read took all there was: epoll says when there is more */
    int reset;           /* SO_ERROR after a reset: bytes before it may still be read */
    struct why *why;     /* it failed, and this is told, or will be by `timer` */
    struct timer *timer; /* the dial's deadline, or CONN_CLOSED in the next turn */
};

static void on_ready(void *arg, unsigned events);

static void release(void *arg)
{
    struct tcp *t = arg;
    free(t->why);
    free(t);
}

static void tcp_close(struct conn *c)
{
    struct tcp *t = (struct tcp *)c;
    timer_cancel(t->timer);
    t->timer = NULL;
    c->cb = NULL;
    watch_close(&t->watch, c->loop, release, t);
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

static void raise_event(struct tcp *t, enum conn_event ev, const struct why *why)
{
    turn_note(t->conn.loop, "tcp", t->conn.cb);
    conn_raise(&t->conn, ev, why);
}

static void tell_closed(void *arg)
{
    struct tcp *t = arg;
    t->timer = NULL;
    raise_event(t, CONN_CLOSED, t->why);
}

/* It is over: from now on nothing moves, and the owner hears of it in the next turn. */
static void fail(struct tcp *t, const struct why *why)
{
    if (t->why)
        return;
    t->why = mem_dup(why, sizeof *why);
    t->want_read = t->want_write = false;
    watch_drop(&t->watch, WATCH_READ | WATCH_WRITE);
    timer_cancel(t->timer);
    t->timer = timer_start(t->conn.loop, 0, tell_closed, t);
}

static void fail_errno(struct tcp *t, int error)
{
    char peer[ADDR_TEXT];
    struct why why;
    addr_format(&t->conn.peer, peer);
    sys_why(&why, error, t->connecting ? "connect to %s" : "connection to %s", peer);
    fail(t, &why);
}

static ssize_t tcp_recv(struct conn *c, void *to, size_t n)
{
    struct tcp *t = (struct tcp *)c;
    if (t->why)
        return CONN_FAILED;
    ssize_t got = -1;
    errno = EAGAIN;
    while (!t->connecting && !(t->drained && !t->reset) && (got = recv(t->fd, to, n, 0)) < 0 &&
           errno == EINTR)
        ;
    if (got > 0) {
        t->drained = (size_t)got < n;
        return got;
    }
    if (got == 0 && !t->reset)
        return CONN_END;
    if (got < 0 && errno == EAGAIN && !t->reset) {
        t->want_read = true;
        if (!t->connecting)
            watch_add(&t->watch, WATCH_READ);
        return CONN_AGAIN;
    }
    fail_errno(t, t->reset ? t->reset : errno);
    return CONN_FAILED;
}

static ssize_t tcp_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct tcp *t = (struct tcp *)c;
    struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)count};
    if (t->why)
        return CONN_FAILED;
    ssize_t took = -1;
    size_t given = 0;
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    errno = EAGAIN;
    while (!t->connecting && (took = sendmsg(t->fd, &msg, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        ;
    if (took < 0 && errno != EAGAIN) {
        fail_errno(t, t->reset ? t->reset : errno);
        return CONN_FAILED;
    }
    if (took < 0 || (size_t)took < given) {
        t->want_write = true;
        watch_add(&t->watch, WATCH_WRITE);
    }
    return took < 0 ? CONN_AGAIN : took;
}

static void tcp_shut(struct conn *c)
{
    struct tcp *t = (struct tcp *)c;
    if (!t->connecting && !t->why)
        shutdown(t->fd, SHUT_WR);
}

static const struct conn_ops tcp_ops = {
    .name = "tcp", .recv = tcp_recv, .sendv = tcp_sendv, .close = tcp_close, .shut = tcp_shut};

void tcp_reset(struct conn *c)
{
    const struct linger at_once = {.l_onoff = 1};
    struct conn *bottom = c;
    while (bottom && bottom->below)
        bottom = bottom->below;
    if (bottom && bottom->ops == &tcp_ops && ((struct tcp *)bottom)->fd >= 0)
        setsockopt(((struct tcp *)bottom)->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    conn_close(c);
}

static struct tcp *tcp_new(struct loop *loop, const struct addr *peer)
{
    struct tcp *t = MEM_NEW(struct tcp);
    t->conn = (struct conn){.ops = &tcp_ops, .loop = loop, .peer = *peer};
    t->fd = -1;
    t->want_read = true; /* the first CONN_READABLE is owed without asking */
    return t;
}

static void on_connected(struct tcp *t, int error)
{
    if (error != 0) {
        fail_errno(t, error);
        timer_cancel(t->timer); /* this is the loop already: tell at once */
        tell_closed(t);
        return;
    }
    timer_cancel(t->timer);
    t->timer = NULL;
    t->connecting = false;
    t->conn.local = sock_name(t->fd);
    watch_set(&t->watch, t->want_write ? WATCH_READ | WATCH_WRITE : WATCH_READ);
    raise_event(t, CONN_OPEN, NULL);
}

/* A reset, mostly.  What came before it is still there to be read; then it is told. */
static void on_reset(struct tcp *t)
{
    int error = sock_error(t->fd);
    t->reset = error ? error : ECONNRESET;
    if (t->want_read) {
        t->want_read = false;
        raise_event(t, CONN_READABLE, NULL);
    }
    if (t->fd >= 0)
        fail_errno(t, t->reset);
}

static void on_ready(void *arg, unsigned events)
{
    struct tcp *t = arg;
    if (t->fd < 0)
        return;
    if (t->connecting) {
        on_connected(t, sock_error(t->fd));
        return;
    }
    if (events & WATCH_ERROR) {
        on_reset(t);
        return;
    }
    if (events & WATCH_READ)
        t->drained = false;
    unsigned wanted = (t->want_read ? WATCH_READ : 0u) | (t->want_write ? WATCH_WRITE : 0u);
    if (events & ~wanted) /* ready, but the owner has not asked: do not hear of it again */
        watch_drop(&t->watch, events & ~wanted);
    if (events & wanted & WATCH_READ) {
        t->want_read = false;
        raise_event(t, CONN_READABLE, NULL);
    }
    if (t->fd >= 0 && events & WATCH_WRITE && t->want_write) {
        t->want_write = false;
        raise_event(t, CONN_WRITABLE, NULL);
    }
}

/* A port of our own that a listener may hold as well: both ends of a hole punched by simultaneous
 * dialling must come from it (libp2p DCUtR over TCP).  See listen.c for the other half. */
static int bind_from(int fd, const struct addr *from)
{
    sock_flag(fd, SOL_SOCKET, SO_REUSEADDR);
    if (from->port != 0)
        sock_flag(fd, SOL_SOCKET, SO_REUSEPORT);
    else
        sock_flag(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    return sock_bind(fd, from);
}

/* 0, or an errno. */
static int begin(struct tcp *t, const struct addr *from)
{
    t->fd = sock_open(t->conn.loop, &t->conn.peer, SOCK_STREAM);
    if (t->fd < 0)
        return errno;
    sock_flag(t->fd, IPPROTO_TCP, TCP_NODELAY);
    if (from && from->family != ADDR_NONE && bind_from(t->fd, from) != 0)
        return errno;
    if (sock_connect(t->fd, &t->conn.peer) != 0 && errno != EINPROGRESS)
        return errno;
    int error = watch_open(&t->watch, t->conn.loop, t->fd, on_ready, t);
    if (error == 0)
        watch_add(&t->watch, WATCH_WRITE);
    return error;
}

static void on_deadline(void *arg)
{
    struct tcp *t = arg;
    t->timer = NULL;
    fail_errno(t, ETIMEDOUT);
    timer_cancel(t->timer);
    tell_closed(t);
}

struct conn *tcp_dial_direct(struct loop *loop, const struct addr *to, const struct addr *from,
                             conn_cb *cb, void *arg)
{
    struct tcp *t = tcp_new(loop, to);
    conn_watch(&t->conn, cb, arg);
    t->connecting = true;
    int error = begin(t, from);
    if (error == 0)
        t->timer = timer_start(loop, CONN_HANDSHAKE_US, on_deadline, t);
    else
        fail_errno(t, error);
    return &t->conn;
}

/* 0, or an errno. */
static int begin_unix(struct tcp *t, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path)
        return ENAMETOOLONG;
    memcpy(at.sun_path, path, strlen(path) + 1);
    t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0)
        return errno;
    if (connect(t->fd, (const struct sockaddr *)&at, sizeof at) != 0) /* at once, or EAGAIN: full */
        return errno;
    int error = watch_open(&t->watch, t->conn.loop, t->fd, on_ready, t);
    if (error == 0)
        watch_add(&t->watch, WATCH_WRITE);
    return error;
}

struct conn *unix_dial(struct loop *loop, const char *path, conn_cb *cb, void *arg)
{
    struct tcp *t = tcp_new(loop, &(struct addr){.family = ADDR_NONE});
    conn_watch(&t->conn, cb, arg);
    t->connecting = true;
    int error = begin_unix(t, path);
    if (error == 0) {
        t->timer = timer_start(loop, CONN_HANDSHAKE_US, on_deadline, t);
    } else {
        struct why why;
        sys_why(&why, error, "connect to %.120s", path);
        fail(t, &why);
    }
    return &t->conn;
}

struct conn *tcp_of_fd(struct loop *loop, int fd, const struct addr *peer)
{
    struct tcp *t = tcp_new(loop, peer);
    t->fd = fd;
    sock_flag(fd, IPPROTO_TCP, TCP_NODELAY);
    t->conn.local = sock_name(fd);
    int error = watch_open(&t->watch, loop, fd, on_ready, t);
    if (error != 0) {
        tcp_close(&t->conn);
        errno = error;
        return NULL;
    }
    watch_add(&t->watch, WATCH_READ);
    return &t->conn;
}
