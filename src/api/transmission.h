/* api/transmission.h - the RPC that Transmission's clients speak, over our own methods.
 *
 * POST /transmission/rpc, in both dialects: the legacy one, {"method","arguments","tag"} to
 * {"result":"success","arguments","tag"} (Transmission docs/rpc-spec.md as of 4.0.6), and JSON-RPC
 * 2.0 with names in snake_case (the same file as of 4.1), batches and notifications included. Names
 * are understood in each spelling (api/transmission_names.h) and answered in the dialect's.
 *
 * Nothing is known here of torrents: each request becomes calls of the apps' methods by name
 * (file.poll, file.pause, config.set, ...), so the same rules hold as for every other client.  A
 * method that this node does not have is told as an error; a parameter that a method does not take
 * is not sent to it.  Torrents have the numbers that file.poll gives them, for as long as a run
 * lasts. */
#ifndef SHOAL_API_TRANSMISSION_H
#define SHOAL_API_TRANSMISSION_H

#include "api/routes.h"
#include "net/httpd.h"
#include "store/vfs.h"

enum {
    TRANSMISSION_SESSION_ID = 49,
    TRANSMISSION_BATCH_MAX = 100,                /* requests in one body */
    TRANSMISSION_TORRENT_MAX = 32 * 1024 * 1024, /* bytes of a .torrent that is fetched */
};
#define TRANSMISSION_FETCH_US (30 * SEC)

struct transmission;

struct transmission_cfg {
    struct loop *loop;
    const struct vfs *vfs;
    const struct routes *routes;
    const char *version;      /* ours */
    const char *download_dir; /* when no setting says another */
};

/* What cfg points at outlives it. */
struct transmission *transmission_new(const struct transmission_cfg *cfg);
void transmission_free(struct transmission *t); /* drops what runs; NULL: nothing */

/* Answers c, now or later: 409 with the session id where the request does not carry it. */
void transmission_serve(struct transmission *t, struct httpd_call *c);

/* One request's body to one reply, without HTTP.  The reply is JSON, borrowed; NULL: there is none
 * (a notification).  Returns the ask while it is not answered, for transmission_drop; NULL when it
 * already was. */
struct ask;
typedef void ask_answer(void *arg, const char *reply, size_t n);
struct ask *transmission_ask(struct transmission *t, struct cur body, ask_answer *answer,
                             void *arg);
void transmission_drop(struct ask *a);

#endif
