/* api/transmission_int.h - what the files of the Transmission face share.
 *
 * transmission.c has HTTP and the numbering, transmission_rpc.c the request and its sub-calls,
 * transmission_do.c what each RPC method does.  A request is a chain of steps: a step starts calls
 * of our methods and says which step comes when all have answered; with no next step it is over. */
#ifndef SHOAL_API_TRANSMISSION_INT_H
#define SHOAL_API_TRANSMISSION_INT_H

#include "api/transmission.h"
#include "base/list.h"

#include <jansson.h>

struct removed {
    int id;
    uint64_t at_us;
};

struct transmission {
    struct loop *loop;
    const struct vfs *vfs;
    const struct routes *routes;
    const char *version, *download_dir;
    char session[TRANSMISSION_SESSION_ID];
    struct map *numbers; /* a torrent's id to a struct number */
    int last;
    struct removed removed[TRANSMISSION_REMOVED_MAX]; /* a ring */
    size_t removed_at;
    struct link requests;
};

/* The number of a torrent; made when new.  0 for a row without an id. */
int transmission_number(struct transmission *t, const json_t *row);
/* Forget the numbers of what is not in rows (all of file.ls), and note that it went. */
void transmission_sweep(struct transmission *t, const json_t *rows);

typedef void rpc_step(struct rpc *r);
/* result: borrowed; NULL: it failed, and message says why. */
typedef void rpc_got(struct rpc *r, size_t at, json_t *result, const char *message);

struct rpc {
    struct link link;
    struct transmission *t;
    rpc_answer *answer;
    void *arg;
    json_t *request, *args; /* args is in request */
    json_t *out;            /* the reply's arguments */
    char *problem;          /* the reply's result, when not "success" */
    json_t *rows;           /* of file.ls; later of those that were chosen */
    rpc_step *then;
    struct link subs; /* calls that have not answered */
    bool settling, starting, over;
};

/* Start a call of the method of that name; takes params; `got` comes now or later. */
void rpc_call(struct rpc *r, const char *name, json_t *params, rpc_got *got, size_t at);
/* Only what the method takes: sets name to value (taken) if it has such a parameter. */
void rpc_param(const struct rpc *r, const char *method, json_t *params, const char *name,
               json_t *value);
void rpc_fail(struct rpc *r, const char *fmt, ...) PRINTF_LIKE(2, 3); /* the first one counts */

/* Get r->rows, those that arguments.ids chooses, then go on with `then`. */
void rpc_choose(struct rpc *r, rpc_step *then);

/* What the RPC method `name` does; fails for one that nobody knows. */
void transmission_do(struct rpc *r, const char *name);

#endif
