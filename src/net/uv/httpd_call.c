#include "net/httpd.h"

#include "base/mem.h"
#include "net/conn.h"
#include "net/target.h"
#include "net/uv/httpd_int.h"
#include "net/uv/tcp.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the request ---- */

const char *httpd_method(const struct httpd_call *c)
{
    return c->method;
}

const char *httpd_path(const struct httpd_call *c)
{
    return c->path;
}

const char *httpd_query(const struct httpd_call *c, const char *name)
{
    struct buf text = {0};
    const char *value = NULL;
    if (target_value(c->target, name, &text))
        value = arena_strndup(c->arena, (const char *)buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    return value;
}

const char *httpd_header(const struct httpd_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->conn->mhd, MHD_HEADER_KIND, name);
}

struct cur httpd_body(const struct httpd_call *c)
{
    return buf_cur(&c->body);
}

bool httpd_is_unix(const struct httpd_call *c)
{
    return c->conn->side->is_unix;
}

unsigned httpd_peer_uid(const struct httpd_call *c)
{
    struct ucred cred = {.uid = (uid_t)-1};
    socklen_t len = sizeof cred;
    if (getsockopt(c->conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
        return (unsigned)-1;
    return cred.uid;
}

struct addr httpd_peer(const struct httpd_call *c)
{
    if (c->conn->side->is_unix)
        return (struct addr){0};
    return addr_of_sockaddr(
        MHD_get_connection_info(c->conn->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
}

void httpd_on_gone(struct httpd_call *c, void (*gone)(void *arg), void *arg)
{
    c->gone = gone;
    c->gone_arg = arg;
}

/* ---- from the handler's hands back to the daemon ---- */

/* The daemon shall look at the call again. */
static void wake(struct httpd_call *c)
{
    if (!c->suspended)
        return;
    c->suspended = false;
    MHD_resume_connection(c->conn->mhd);
    httpd_side_kick(c->conn->side);
}

static void sleep_until_woken(struct httpd_call *c)
{
    c->suspended = true;
    MHD_suspend_connection(c->conn->mhd);
}

void httpd_call_drop(struct httpd_call *c)
{
    bool is_handlers = c->state == CALL_HANDED || c->state == CALL_STREAMING;
    if (!is_handlers && !c->is_stream && c->state != CALL_READING) {
        wake(c); /* an answer on its way out */
        return;
    }
    c->state = CALL_DROPPED;
    shutdown(c->conn->fd, SHUT_RDWR); /* a write that waits for room would wait for ever */
    wake(c);
    if (is_handlers && c->gone)
        c->gone(c->gone_arg);
}

static void add_headers(struct MHD_Response *response, const char *const *headers)
{
    for (size_t i = 0; headers && headers[i]; i++) {
        const char *colon = strchr(headers[i], ':');
        if (!colon)
            continue;
        char *name = mem_strndup(headers[i], (size_t)(colon - headers[i]));
        MHD_add_response_header(response, name, colon + 1 + strspn(colon + 1, " "));
        free(name);
    }
}

void httpd_reply(struct httpd_call *c, unsigned status, const char *const *headers,
                 const void *body, size_t n)
{
    static char nothing[1];
    c->status = status;
    c->response = n > 0
                      ? MHD_create_response_from_buffer(n, mem_dup(body, n), MHD_RESPMEM_MUST_FREE)
                      : MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    add_headers(c->response, headers);
    c->state = CALL_ANSWERED;
    wake(c);
}

static void on_room(void *arg)
{
    struct httpd_call *c = arg;
    c->room_timer = NULL;
    if (c->state == CALL_STREAMING && c->room)
        c->room(c->room_arg);
}

static void tell_room(struct httpd_call *c)
{
    if (c->room && !c->room_timer && c->state == CALL_STREAMING)
        c->room_timer = timer_start(c->conn->side->h->loop, 0, on_room, c);
}

void httpd_on_room(struct httpd_call *c, void (*room)(void *arg), void *arg)
{
    c->room = room;
    c->room_arg = arg;
}

size_t httpd_stream_unsent(const struct httpd_call *c)
{
    return buf_len(&c->out);
}

/* The daemon has room: what is there of the stream, its end, or a pause. */
static ssize_t read_stream(void *arg, uint64_t at, char *to, size_t cap)
{
    (void)at;
    struct httpd_call *c = arg;
    if (c->state == CALL_DROPPED)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = buf_len(&c->out) < cap ? buf_len(&c->out) : cap;
    if (n > 0) {
        memcpy(to, buf_bytes(&c->out), n);
        buf_eat(&c->out, n);
        tell_room(c);
        return (ssize_t)n;
    }
    if (c->state == CALL_ANSWERED)
        return MHD_CONTENT_READER_END_OF_STREAM;
    sleep_until_woken(c);
    return 0;
}

void httpd_stream_start(struct httpd_call *c, unsigned status, const char *const *headers)
{
    httpd_stream_start_sized(c, status, headers, MHD_SIZE_UNKNOWN);
}

void httpd_stream_abort(struct httpd_call *c)
{
    c->gone = NULL;
    httpd_call_drop(c);
}

void httpd_stream_start_sized(struct httpd_call *c, unsigned status, const char *const *headers,
                              uint64_t size)
{
    c->status = status;
    c->response = MHD_create_response_from_callback(size, HTTPD_STREAM_BLOCK, read_stream, c, NULL);
    add_headers(c->response, headers);
    c->is_stream = true;
    c->state = CALL_STREAMING;
    httpd_conn_watch(c->conn, true);
    wake(c);
}

bool httpd_stream_send(struct httpd_call *c, const void *bytes, size_t n)
{
    if (n > HTTPD_STREAM_MAX - buf_len(&c->out)) {
        c->gone = NULL; /* the caller learns it here */
        httpd_call_drop(c);
        return false;
    }
    buf_put(&c->out, bytes, n);
    wake(c);
    return true;
}

void httpd_stream_end(struct httpd_call *c)
{
    c->state = CALL_ANSWERED;
    wake(c);
}

/* ---- another protocol ---- */

static void tell_upgraded(struct httpd_call *c, struct conn *conn, struct cur early)
{
    httpd_upgraded *done = c->upgraded;
    c->upgraded = NULL;
    if (done)
        done(c->upgraded_arg, conn, early);
    else
        conn_close(conn);
}

/* The daemon would keep the socket until it is told; it is given it back at once, and we go on with
 * a descriptor of our own. */
static void on_upgrade(void *arg, struct MHD_Connection *mhd, void *context, const char *extra,
                       size_t n, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
    (void)mhd;
    (void)context;
    struct httpd_call *c = arg;
    struct httpd_side *side = c->conn->side;
    struct addr peer = httpd_peer(c);
    int ours = side->h->closing ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct conn *conn = ours < 0 ? NULL : tcp_of_fd(side->h->loop, ours, &peer);
    httpd_conn_deadline(c->conn, 0);
    tell_upgraded(c, conn, cur_of(extra, conn ? n : 0));
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
    httpd_side_kick(side);
}

void httpd_upgrade(struct httpd_call *c, const char *const *headers, httpd_upgraded *done,
                   void *arg)
{
    c->status = MHD_HTTP_SWITCHING_PROTOCOLS;
    c->response = MHD_create_response_for_upgrade(on_upgrade, c);
    add_headers(c->response, headers);
    c->upgraded = done;
    c->upgraded_arg = arg;
    c->state = CALL_ANSWERED;
    wake(c);
}

/* ---- what the daemon asks ---- */

static struct httpd_conn *conn_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The request line is there: the clock for the rest of it starts. */
void *httpd_note_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
    struct httpd_side *side = arg;
    struct httpd_conn *conn = conn_of(mhd);
    free(conn->target);
    conn->target = mem_strdup(target);
    httpd_conn_deadline(conn, side->h->header_us);
    return NULL;
}

static struct httpd_call *call_new(struct httpd_conn *conn, const char *method)
{
    struct httpd_call *c = MEM_NEW(struct httpd_call);
    c->arena = arena_new();
    c->conn = conn;
    c->method = arena_strndup(c->arena, method, strlen(method));
    c->target = arena_strndup(c->arena, conn->target, strlen(conn->target));
    conn->call = c;
    const char *length = httpd_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
    c->too_large = length && strtoumax(length, NULL, 10) > HTTPD_BODY_MAX;
    return c;
}

static enum MHD_Result queue(struct httpd_call *c)
{
    c->queued = true;
    enum MHD_Result done = MHD_queue_response(c->conn->mhd, c->status, c->response);
    MHD_destroy_response(c->response);
    c->response = NULL;
    return done;
}

static enum MHD_Result refuse(struct httpd_call *c, unsigned status, const char *text)
{
    const char *headers[] = {"Content-Type: text/plain; charset=utf-8",
                             "X-Content-Type-Options: nosniff", "Connection: close", NULL};
    httpd_reply(c, status, headers, text, strlen(text));
    return queue(c);
}

static void take_body(struct httpd_call *c, const char *bytes, size_t n)
{
    if (c->too_large || n > HTTPD_BODY_MAX - buf_len(&c->body)) {
        c->too_large = true; /* read to its end, within the deadline, so that 413 arrives */
        buf_done(&c->body);
        return;
    }
    buf_put(&c->body, bytes, n);
}

/* The request is whole. */
static enum MHD_Result hand_over(struct httpd_call *c)
{
    httpd_conn_deadline(c->conn, 0);
    if (c->too_large)
        return refuse(c, 413, "the body is larger than 32 MiB\n");
    struct buf path = {0};
    if (!target_path(c->target, &path)) {
        buf_done(&path);
        return refuse(c, 400, "the request's target is malformed\n");
    }
    c->path = arena_strndup(c->arena, (const char *)buf_bytes(&path), buf_len(&path));
    buf_done(&path);
    c->state = CALL_HANDED;
    struct httpd *h = c->conn->side->h;
    h->cb(h->arg, c);
    if (c->state == CALL_DROPPED)
        return MHD_NO;
    if (c->response)
        return queue(c);
    httpd_conn_watch(c->conn, true);
    sleep_until_woken(c);
    return MHD_YES;
}

enum MHD_Result httpd_answer_request(void *arg, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *upload,
                                     size_t *upload_len, void **con_cls)
{
    (void)url;
    (void)version;
    struct httpd_side *side = arg;
    struct httpd_call *c = *con_cls;
    if (side->h->closing)
        return MHD_NO;
    if (!c) { /* the headers are there, the body is not */
        *con_cls = c = call_new(conn_of(mhd), method);
        return c->too_large ? hand_over(c) : MHD_YES;
    }
    if (*upload_len > 0) {
        take_body(c, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    switch (c->state) {
    case CALL_READING:
        return hand_over(c);
    case CALL_HANDED: /* woken for nothing */
        sleep_until_woken(c);
        return MHD_YES;
    case CALL_STREAMING:
    case CALL_ANSWERED:
        return c->queued ? MHD_YES : queue(c);
    case CALL_DROPPED:
        return MHD_NO;
    }
    return MHD_NO;
}

void httpd_request_over(void *arg, struct MHD_Connection *mhd, void **con_cls,
                        enum MHD_RequestTerminationCode how)
{
    (void)arg;
    (void)mhd;
    (void)how;
    struct httpd_call *c = *con_cls;
    if (!c)
        return;
    *con_cls = NULL;
    timer_cancel(c->room_timer);
    c->room_timer = NULL;
    c->room = NULL;
    struct httpd_conn *conn = c->conn;
    bool is_handlers = c->state == CALL_HANDED || c->state == CALL_STREAMING;
    c->state = CALL_DROPPED;
    c->suspended = false;
    if (is_handlers && c->gone)
        c->gone(c->gone_arg);
    if (c->upgraded)
        tell_upgraded(c, NULL, (struct cur){0});
    conn->call = NULL;
    httpd_conn_watch(conn, false);
    if (conn->side->h->closing)
        httpd_conn_deadline(conn, 0);
    else
        httpd_conn_deadline(conn, HTTPD_IDLE_S * SEC);
    if (c->response)
        MHD_destroy_response(c->response);
    buf_done(&c->body);
    buf_done(&c->out);
    arena_free(c->arena);
    free(c);
}
