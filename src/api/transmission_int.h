/* api/transmission_int.h - what the files of the Transmission face share.
 *
 *     transmission.c          HTTP
 *     transmission_rpc.c      bodies, batches, one request's life and its sub-calls
 *     transmission_torrent.c  the methods about torrents
 *     transmission_set.c      torrent-set and torrent-add: many small wishes
 *     transmission_session.c  the methods about the session
 *     transmission_settings.c its settings, as lines of shoal.conf
 *     transmission_group.c    bandwidth groups
 * A request is a chain of steps: a step starts calls of our methods and says which step comes when
 * all have answered; with no next step it is over. */
#ifndef SHOAL_API_TRANSMISSION_INT_H
#define SHOAL_API_TRANSMISSION_INT_H

#include "api/transmission.h"
#include "api/transmission_names.h"
#include "base/list.h"

#include <jansson.h>

enum { RATE_UNIT = 1000 }; /* "kilobytes" are 1000 bytes, as session-get's units say */

/* rpcimpl.h of Transmission 4.1, "enum Code", and JSON-RPC 2.0 section 5.1 */
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_INVALID_TRACKER_LIST = 2,
    RPC_PATH_NOT_ABSOLUTE = 3,
    RPC_SYSTEM_ERROR = 5,
    RPC_FILE_INDEX = 6,
    RPC_HTTP_ERROR = 8,
    RPC_CORRUPT_TORRENT = 9,
};

struct transmission {
    struct transmission_cfg cfg;
    char session[TRANSMISSION_SESSION_ID];
    struct link asks;
    json_t *shelf; /* what session-set said of things that are switched off: their numbers */
};

struct rpc;
typedef void rpc_step(struct rpc *r);
/* result: borrowed; NULL: it failed, and message says why. */
typedef void rpc_got(struct rpc *r, size_t at, json_t *result, const char *message);

struct rpc {
    struct link link; /* in its ask */
    struct ask *ask;
    struct transmission *t;
    bool legacy;
    enum tname_style style; /* of the answer */
    json_t *request;        /* owned by the ask */
    json_t *args;           /* names in snake_case */
    json_t *out;            /* the answer's, in snake_case */
    struct buf torrents;    /* JSON: a member of the answer beside those; empty: there is none */
    char *problem;          /* NULL: success */
    enum rpc_code code;     /* of the problem */
    json_t *rows;           /* of file.poll: [[id, number, ..]] */
    json_t *removed;        /* numbers of torrents that went lately */
    json_t *settings;       /* key -> value, of config.ls */
    rpc_step *then;
    struct link subs; /* calls that have not answered */
    struct http_fetch *fetch;
    struct reading *reading; /* of a file, on a lane */
    unsigned waits;          /* for one of those */
    size_t step;             /* of what is done in turn */
    bool settling, over;
};

/* Start a call of the method of that name; takes params; `got` comes now or later. */
void rpc_call(struct rpc *r, const char *name, json_t *params, rpc_got *got, size_t at);
bool rpc_has(const struct rpc *r, const char *method); /* does this node have it? */
/* Only what the method takes: sets name to value (taken) if it has such a parameter; else false. */
bool rpc_param(const struct rpc *r, const char *method, json_t *params, const char *name,
               json_t *value);
void rpc_fail(struct rpc *r, enum rpc_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* For calls whose answer is of no interest but for its failure. */
void rpc_must(struct rpc *r, size_t at, json_t *result, const char *message);
/* What was waited for beside calls has come: go on. */
void rpc_woken(struct rpc *r);

/* r->rows: [id, number, ...fields] of those that args.ids chooses; then `then`.  fields: NULL, or
 * the names of more members (borrowed). */
void rpc_choose(struct rpc *r, json_t *fields, rpc_step *then);
bool rpc_is_lately(const json_t *ids); /* "recently-active" */
const char *rpc_row_id(const json_t *row);
/* Arguments; NULL or `fallback` for what is absent or of another type. */
const char *rpc_text(const struct rpc *r, const char *name);
json_t *rpc_list(const struct rpc *r, const char *name);
bool rpc_flag(const struct rpc *r, const char *name);
bool rpc_number(const struct rpc *r, const char *name, double *out);

/* What each method does; NULL: nobody knows it.  name: snake_case. */
rpc_step *torrent_method(const char *name, enum tname_style *style);
rpc_step *session_method(const char *name, enum tname_style *style);

/* transmission_set.c */
void rpc_torrent_add(struct rpc *r);
void rpc_torrent_set(struct rpc *r);
void rpc_reading_drop(struct reading *d);

/* transmission_settings.c: r->settings, then `then`; to r->out; from r->args. */
void rpc_settings_read(struct rpc *r, rpc_step *then);
void rpc_settings_tell(struct rpc *r);
void rpc_settings_set(struct rpc *r);

/* transmission_group.c */
void rpc_group_get(struct rpc *r);
void rpc_group_set(struct rpc *r);

#endif
