/* api/transmission.h - the RPC that Transmission's clients speak, over our own methods.
 *
 * POST /transmission/rpc, the legacy dialect (Transmission docs/rpc-spec.md as of 4.0, rpc-version
 * 17): {"method","arguments","tag"} to {"result":"success","arguments","tag"}. transmission-remote,
 * Sonarr and its kin, Flood and others work with it.
 *
 * Nothing is known here of torrents: each request becomes calls of the apps' methods by name
 * (file.ls, file.pause, policy.set, ...; transmission_rpc.c has the table), so the same rules hold
 * as for every other client.  What a method does not take is not sent to it.  Torrents are numbered
 * in the order in which they are seen, for as long as this run lasts. */
#ifndef SHOAL_API_TRANSMISSION_H
#define SHOAL_API_TRANSMISSION_H

#include "api/routes.h"
#include "net/httpd.h"
#include "store/vfs.h"

enum {
    TRANSMISSION_REMOVED_MAX = 64, /* of those that went lately, for "recently-active" */
    TRANSMISSION_SESSION_ID = 49,
};
#define TRANSMISSION_RECENT_US (60 * SEC) /* rpc-spec 3.3: "within the last 60 seconds" */

struct transmission;

/* routes and the strings outlive it. */
struct transmission *transmission_new(struct loop *loop, const struct vfs *vfs,
                                      const struct routes *routes, const char *version,
                                      const char *download_dir);
void transmission_free(struct transmission *t); /* drops what runs; NULL: nothing */

/* Answers c, now or later: 409 with the session id where the request does not carry it. */
void transmission_serve(struct transmission *t, struct httpd_call *c);

/* One request's body to one reply, without HTTP.  The reply is borrowed.  Returns the request while
 * it is not answered, for transmission_drop; NULL when it already was. */
struct rpc;
typedef void rpc_answer(void *arg, json_t *reply);
struct rpc *transmission_ask(struct transmission *t, struct cur body, rpc_answer *answer,
                             void *arg);
void transmission_drop(struct rpc *r);

#endif
