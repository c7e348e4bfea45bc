/* net/httpd.h - be an HTTP server, on a Unix socket and on TCP.
 *
 * libmicrohttpd on the loop.  This layer moves requests and replies and bounds them (HTTPD_*
 * limits); who may ask what is api/guard.h's business.  A request is handed over whole.  The
 * handler answers at once or later, with one reply or with a stream of events, and until then (or
 * until on_gone) the call is the handler's.
 *
 *     static void on_request(void *arg, struct httpd_call *c) { httpd_reply(c, 200, ...); } */
#ifndef SHOAL_NET_HTTPD_H
#define SHOAL_NET_HTTPD_H

#include "base/cur.h"
#include "net/loop.h"

#include <stdbool.h>

enum {
    HTTPD_HEADER_US = 10 * 1000000, /* headers and body in this time, or the connection is closed */
    HTTPD_BODY_MAX = 32 * 1024 * 1024, /* a .torrent by RPC may be large; else 413 */
    HTTPD_CONNS_MAX = 256,
    HTTPD_STREAM_MAX = 1024 * 1024, /* unsent bytes of one event stream; more closes it */
};

struct httpd;
struct httpd_call;

typedef void httpd_cb(void *arg, struct httpd_call *c);

/* Listen on `at` (port 0: any; NULL: no TCP) and on a Unix socket at `unix_path` (mode 0600, a
 * stale one is replaced; NULL: none).  Requests arrive at `cb`.  More than one httpd may live on a
 * loop. */
struct httpd *httpd_open(struct loop *loop, const struct addr *at, const char *unix_path,
                         httpd_cb *cb, void *arg, struct why *why);
struct addr httpd_addr(const struct httpd *h); /* with the real port */
void httpd_close(struct httpd *h);             /* ends open calls; NULL: nothing */

/* The request.  Strings live as long as the call. */
const char *httpd_method(const struct httpd_call *c); /* "GET" */
const char *httpd_path(const struct httpd_call *c);   /* decoded, no query: "/api/v1/files" */
const char *httpd_query(const struct httpd_call *c, const char *name);  /* decoded, or NULL */
const char *httpd_header(const struct httpd_call *c, const char *name); /* or NULL; any case */
struct cur httpd_body(const struct httpd_call *c);
bool httpd_is_unix(const struct httpd_call *c);
unsigned httpd_peer_uid(const struct httpd_call *c); /* Unix socket: SO_PEERCRED */
struct addr httpd_peer(const struct httpd_call *c);  /* TCP */

/* Answer, once; the call is over.  headers: "Name: value" strings, NULL-terminated, or NULL.
 * Security headers that go with every reply are api/guard.h's and come in `headers`. */
void httpd_reply(struct httpd_call *c, unsigned status, const char *const *headers,
                 const void *body, size_t n);

/* Answer with a stream: status and headers now, then parts as they come, then the end.
 * httpd_stream_send returns false when HTTPD_STREAM_MAX is passed: the call is then over. */
void httpd_stream_start(struct httpd_call *c, unsigned status, const char *const *headers);
bool httpd_stream_send(struct httpd_call *c, const void *bytes, size_t n);
void httpd_stream_end(struct httpd_call *c);
/* As httpd_stream_start, of `size` bytes in all (Content-Length); with HEAD they are not sent. */
void httpd_stream_start_sized(struct httpd_call *c, unsigned status, const char *const *headers,
                              uint64_t size);
/* The end cannot come: the call is over and the connection cut, so that the client sees it. */
void httpd_stream_abort(struct httpd_call *c);
size_t httpd_stream_unsent(const struct httpd_call *c); /* bytes */
/* Called from the loop after some of the stream was taken; a pace for who sends much.  Not called
 * any more when the call is over. */
void httpd_on_room(struct httpd_call *c, void (*room)(void *arg), void *arg);

/* Answer with 101 and these headers ("Upgrade: websocket" among them); the call is over.  `done`
 * comes once, from the loop: the connection is the callee's, open, and `early` are bytes that came
 * already and are read first.  c NULL: it broke before. */
struct conn;
typedef void httpd_upgraded(void *arg, struct conn *c, struct cur early);
void httpd_upgrade(struct httpd_call *c, const char *const *headers, httpd_upgraded *done,
                   void *arg);

/* Called when the client goes away before the call is over; the call is dead when it returns. */
void httpd_on_gone(struct httpd_call *c, void (*gone)(void *arg), void *arg);

#endif
