#include "net/httpd.h"

#include "base/mem.h"
#include "net/uv/httpd_int.h"
#include "net/uv/turn.h"
#include "net/uv/uv_loop.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- the loop ---- */

static void finish_closing(struct httpd *h);
static void on_timer(void *arg);

/* Let the daemon do all that it can, then sleep until its socket or its clock calls. */
static void run(struct httpd_side *side)
{
    struct httpd *h = side->h;
    timer_cancel(side->timer);
    side->timer = NULL;
    h->running++;
    MHD_run(side->daemon);
    h->running--;
    if (h->closing) {
        if (h->running == 0)
            finish_closing(h);
        return;
    }
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (!side->timer && MHD_get_timeout(side->daemon, &wait_ms) == MHD_YES)
        side->timer = timer_start(h->loop, wait_ms * MSEC, on_timer, side);
}

static void on_timer(void *arg)
{
    struct httpd_side *side = arg;
    side->timer = NULL;
    run(side);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct httpd_side *side = poll->data;
    struct loop *loop = side->h->loop;
    turn_enter(loop);
    turn_note(loop, "http", side->h->cb);
    run(side);
    turn_leave(loop);
}

void httpd_side_kick(struct httpd_side *side)
{
    if (side->h->closing)
        return;
    timer_cancel(side->timer);
    side->timer = timer_start(side->h->loop, 0, on_timer, side);
}

/* ---- connections ---- */

static void on_late(void *arg)
{
    struct httpd_conn *conn = arg;
    conn->deadline = NULL;
    shutdown(conn->fd, SHUT_RDWR); /* the daemon reads the end and closes it */
}

void httpd_conn_deadline(struct httpd_conn *conn, uint64_t after_us)
{
    timer_cancel(conn->deadline);
    conn->deadline = NULL;
    if (after_us > 0)
        conn->deadline = timer_start(conn->side->h->loop, after_us, on_late, conn);
}

static void on_watch(uv_poll_t *watch, int status, int events)
{
    struct httpd_conn *conn = watch->data;
    if (status == 0 && !(events & UV_DISCONNECT))
        return;
    struct loop *loop = conn->side->h->loop;
    turn_enter(loop);
    uv_poll_stop(watch);
    if (conn->call)
        httpd_call_drop(conn->call);
    turn_leave(loop);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle);
}

void httpd_conn_watch(struct httpd_conn *conn, bool on)
{
    if (!on) {
        if (conn->watch)
            uv_poll_stop(conn->watch);
        return;
    }
    if (!conn->watch) {
        conn->watch = MEM_NEW(uv_poll_t);
        conn->watch->data = conn;
        if (uv_poll_init(uv_loop_raw(conn->side->h->loop), conn->watch, conn->fd) != 0) {
            free(conn->watch); /* then the next write finds out */
            conn->watch = NULL;
            return;
        }
    }
    uv_poll_start(conn->watch, UV_DISCONNECT, on_watch);
}

static void conn_new(struct httpd_side *side, struct MHD_Connection *mhd, void **context)
{
    struct httpd_conn *conn = MEM_NEW(struct httpd_conn);
    conn->side = side;
    conn->mhd = mhd;
    conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    list_push(&side->h->conns, &conn->link);
    httpd_conn_deadline(conn, side->h->header_us);
    *context = conn;
}

static void conn_free(struct httpd_conn *conn)
{
    httpd_conn_deadline(conn, 0);
    if (conn->watch)
        uv_close((uv_handle_t *)conn->watch, on_watch_closed);
    list_drop(&conn->link);
    /* A daemon at its limit listens again in the run after the one that ended a connection. */
    httpd_side_kick(conn->side);
    free(conn->target);
    free(conn);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    switch (what) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        conn_new(arg, mhd, context);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        conn_free(*context);
        break;
    }
}

/* ---- opening ---- */

static int listen_tcp(const struct addr *at, struct addr *real, struct why *why)
{
    char text[ADDR_TEXT];
    struct sockaddr_storage sa = {0};
    socklen_t len = addr_to_sockaddr(at, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (struct sockaddr *)&sa, len) == 0 && listen(fd, SOMAXCONN) == 0 &&
        (len = sizeof sa, getsockname(fd, (struct sockaddr *)&sa, &len) == 0)) {
        *real = addr_of_sockaddr((struct sockaddr *)&sa);
        return fd;
    }
    enum err code = errno == EADDRINUSE ? ERR_STATE : errno == EACCES ? ERR_DENIED : ERR_IO;
    why_set(why, code, "cannot listen on %s: %s", addr_format(at, text), strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Takes away a socket that a dead process left; a live one stays. */
static enum err remove_stale(const struct sockaddr_un *sa, struct why *why)
{
    struct stat st;
    if (lstat(sa->sun_path, &st) != 0)
        return OK; /* none there, or bind will say what is wrong */
    if (!S_ISSOCK(st.st_mode))
        return why_set(why, ERR_STATE, "%s is there and is not a socket", sa->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return why_set(why, ERR_IO, "cannot make a socket: %s", strerror(errno));
    bool alive = connect(fd, (const struct sockaddr *)sa, sizeof *sa) == 0;
    close(fd);
    if (alive)
        return why_set(why, ERR_STATE, "another program listens on %s", sa->sun_path);
    if (unlink(sa->sun_path) != 0 && errno != ENOENT)
        return why_set(why, ERR_IO, "cannot remove the old %s: %s", sa->sun_path, strerror(errno));
    return OK;
}

static int listen_unix(const char *path, struct why *why)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path) {
        why_set(why, ERR_LIMIT, "%s is longer than a socket's name may be (%zu bytes)", path,
                sizeof sa.sun_path - 1);
        return -1;
    }
    memcpy(sa.sun_path, path, strlen(path));
    if (remove_stale(&sa, why) != OK)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct stat st = {0};
    /* Linux gives the name the mode of the descriptor, so there is no moment at which another user
     * could connect, and the process's umask stays as it is. */
    if (fd >= 0 && fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
        lstat(path, &st) == 0 && listen(fd, SOMAXCONN) == 0 && (st.st_mode & 0177) == 0)
        return fd;
    if (fd >= 0 && (st.st_mode & 0177) != 0)
        why_set(why, ERR_DENIED, "%s would be open to others (mode %04o)", path,
                st.st_mode & 07777);
    else
        why_set(why, ERR_IO, "cannot listen on %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* libmicrohttpd's own unescaping is switched off: net/target.h does it. */
static size_t as_it_is(void *arg, struct MHD_Connection *mhd, char *text)
{
    (void)arg;
    (void)mhd;
    return strlen(text);
}

/* Takes fd. */
static enum err open_side(struct httpd *h, struct httpd_side *side, int fd, struct why *why)
{
    side->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0, NULL, NULL,
        httpd_answer_request, side, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTPD_CONNS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_HEADER_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTPD_IDLE_S, MHD_OPTION_UNESCAPE_CALLBACK,
        as_it_is, NULL, MHD_OPTION_URI_LOG_CALLBACK, httpd_note_target, side,
        MHD_OPTION_NOTIFY_COMPLETED, httpd_request_over, side, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, side, MHD_OPTION_END);
    if (!side->daemon) {
        close(fd);
        return why_set(why, ERR_IO, "cannot start the HTTP server");
    }
    int epoll = MHD_get_daemon_info(side->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    int status = uv_poll_init(uv_loop_raw(h->loop), &side->poll, epoll);
    if (status != 0) {
        MHD_stop_daemon(side->daemon);
        side->daemon = NULL;
        return why_set(why, ERR_IO, "cannot poll the HTTP server: %s", uv_strerror(status));
    }
    side->poll.data = side;
    uv_poll_start(&side->poll, UV_READABLE, on_poll);
    return OK;
}

struct httpd *httpd_open(struct loop *loop, const struct addr *at, const char *unix_path,
                         httpd_cb *cb, void *arg, struct why *why)
{
    struct httpd *h = MEM_NEW(struct httpd);
    h->loop = loop;
    h->cb = cb;
    h->arg = arg;
    h->header_us = HTTPD_HEADER_US;
    list_init(&h->conns);
    h->side[0].h = h->side[1].h = h;
    h->side[1].is_unix = true;
    int fd;
    if (at && ((fd = listen_tcp(at, &h->at, why)) < 0 || open_side(h, &h->side[0], fd, why) != OK))
        goto fail;
    if (unix_path) {
        fd = listen_unix(unix_path, why);
        if (fd < 0)
            goto fail;
        h->unix_path = mem_strdup(unix_path);
        if (open_side(h, &h->side[1], fd, why) != OK)
            goto fail;
    }
    return h;
fail:
    httpd_close(h);
    return NULL;
}

struct addr httpd_addr(const struct httpd *h)
{
    return h->at;
}

void httpd_set_header_us(struct httpd *h, uint64_t us)
{
    h->header_us = us;
}

/* ---- closing ---- */

static void on_side_closed(uv_handle_t *handle)
{
    struct httpd_side *side = handle->data;
    struct httpd *h = side->h;
    if (--h->held == 0)
        free(h);
}

static void finish_closing(struct httpd *h)
{
    h->held = 1;
    for (size_t i = 0; i < 2; i++) {
        struct httpd_side *side = &h->side[i];
        timer_cancel(side->timer);
        if (!side->daemon)
            continue;
        MHD_run(side->daemon); /* what was answered still goes out */
        uv_poll_stop(&side->poll);
        h->held++;
        MHD_stop_daemon(side->daemon);
        uv_close((uv_handle_t *)&side->poll, on_side_closed);
    }
    if (h->unix_path)
        unlink(h->unix_path);
    free(h->unix_path);
    if (--h->held == 0)
        free(h);
}

void httpd_close(struct httpd *h)
{
    if (!h || h->closing)
        return;
    h->closing = true;
    LIST_EACH(&h->conns, struct httpd_conn, conn, link) {
        if (conn->call)
            httpd_call_drop(conn->call);
    }
    if (h->running == 0)
        finish_closing(h);
}
