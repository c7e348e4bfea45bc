/* net/uv/httpd_int.h - what httpd.c (sockets, the loop) and httpd_call.c (requests, answers) share.
 *
 * One httpd has up to two sides, TCP and Unix, each a libmicrohttpd daemon without threads whose
 * epoll descriptor hangs on the loop.  A side has conns (one per connection, from accept to close)
 * and a conn has at most one call.  libmicrohttpd drives: it asks answer_request() again and again
 * until a response is queued; while the handler thinks, or an event stream has nothing to say, the
 * connection is suspended, and somebody resumes it.  libmicrohttpd does not look at a suspended
 * connection's socket, so a uv_poll for UV_DISCONNECT tells when the client has gone. */
#ifndef SHOAL_NET_UV_HTTPD_INT_H
#define SHOAL_NET_UV_HTTPD_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "net/httpd.h"

#include <microhttpd.h>
#include <uv.h>

enum {
    HTTPD_IDLE_S = 60,              /* a kept-alive connection without a request, seconds */
    HTTPD_HEADER_BYTES = 32 * 1024, /* request line and headers; more is 431 */
    HTTPD_STREAM_BLOCK = 16 * 1024, /* the largest part of a stream that is written at once */
};

/* Who has the call, and what may be done with it. */
enum call_state {
    CALL_READING,   /* the body is coming */
    CALL_HANDED,    /* the handler's: an answer is awaited */
    CALL_STREAMING, /* the handler's: the status is out, parts may follow */
    CALL_ANSWERED,  /* over for the handler; the response goes out */
    CALL_DROPPED,   /* over for the handler; the connection is to be closed */
};

struct httpd_side {
    struct httpd *h;
    struct MHD_Daemon *daemon;
    uv_poll_t poll; /* of the daemon's epoll descriptor */
    struct timer *timer;
    bool is_unix;
};

struct httpd {
    struct loop *loop;
    httpd_cb *cb;
    void *arg;
    struct httpd_side side[2]; /* TCP, Unix */
    struct addr at;
    char *unix_path;
    struct link conns;
    uint64_t header_us; /* HTTPD_HEADER_US, less in tests */
    unsigned running;   /* depth of MHD_run */
    unsigned held;      /* handles that libuv still has */
    bool closing;
};

struct httpd_conn {
    struct link link;
    struct httpd_side *side;
    struct MHD_Connection *mhd;
    int fd;
    struct timer *deadline;
    char *target; /* of the request that is being read */
    struct httpd_call *call;
    uv_poll_t *watch; /* for the client's leaving */
};

struct httpd_call {
    struct httpd_conn *conn;
    struct arena *arena; /* what the handler was given */
    enum call_state state;
    char *method, *target, *path;
    struct buf body;
    bool too_large, suspended, queued;
    struct MHD_Response *response; /* ready, not yet queued */
    unsigned status;
    bool is_stream;
    struct buf out; /* of the stream, not yet taken */
    void (*gone)(void *arg);
    void *gone_arg;
    void (*room)(void *arg);
    void *room_arg;
    httpd_upgraded *upgraded; /* is owed an answer */
    void *upgraded_arg;
    struct timer *room_timer; /* to the turn that tells of room */
};

/* httpd_call.c: what libmicrohttpd calls, and what ends a call from outside. */
void *httpd_note_target(void *arg, const char *target, struct MHD_Connection *mhd);
enum MHD_Result httpd_answer_request(void *arg, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *upload,
                                     size_t *upload_len, void **con_cls);
void httpd_request_over(void *arg, struct MHD_Connection *mhd, void **con_cls,
                        enum MHD_RequestTerminationCode how);
void httpd_call_drop(struct httpd_call *call); /* tells the handler, cuts the connection */

/* httpd.c: run a side's daemon soon; a conn's deadline; watch for the client's leaving. */
void httpd_side_kick(struct httpd_side *side);
void httpd_conn_deadline(struct httpd_conn *conn, uint64_t after_us); /* 0: none */
void httpd_conn_watch(struct httpd_conn *conn, bool on);

/* For tests: the time for headers and body, in place of HTTPD_HEADER_US. */
void httpd_set_header_us(struct httpd *h, uint64_t us);

#endif
