/* api/api.h - the node's door: REST, events and Transmission's RPC, over HTTP.
 *
 *   /api/v1/...          the methods of the apps (core/call.h), JSON
 *   /api/v1/events       what happens, as it happens (api/events.h)
 *   /api/v1/login        POST over the Unix socket: a one-time link for a browser
 *   /login?code=...      the link: a session cookie (api/logins.h), then the page
 *   /api/v1/logout       POST: the end of that session
 *   /transmission/rpc    what Transmission's clients speak (api/transmission.h)
 *   /files/ID/PATH       files of torrents, also while they download (api/content.h)
 *   /docs/ID             a document, as y-websocket's providers speak it (api/sockets.h)
 *   /metrics /healthz /  for Prometheus, for watchdogs, for people
 *
 * Every request passes api/guard.h first.  One loop's; all of cfg outlives the api. */
#ifndef SHOAL_API_API_H
#define SHOAL_API_API_H

#include "api/content.h"
#include "api/routes.h"
#include "api/sockets.h"
#include "base/log.h"
#include "core/bus.h"
#include "core/jobs.h"
#include "core/metrics.h"
#include "net/loop.h"
#include "store/vfs.h"

#include <jansson.h>

struct api;

struct api_cfg {
    struct loop *loop;
    const struct log *log;
    const struct vfs *vfs;
    const struct addr *at;    /* TCP, loopback only; port 0: any; NULL: none */
    const char *unix_path;    /* NULL: none */
    const char *token_file;   /* made when absent (api/keyring.h); NULL: no tokens */
    const char *login_page;   /* api/login_page.h; NULL: none */
    const char *session_file; /* api/logins.h; NULL: in memory alone */
    bool auth_off;            /* api.auth=off: anybody on this machine, without a key */
    struct bus *bus;
    struct jobs *jobs;
    struct metrics *metrics;
    const struct api_app *apps;
    size_t app_count;
    struct content_app content; /* api/content.h */
    struct sockets_app sockets; /* api/sockets.h */
    const char *version;
    const char *download_dir;            /* where finished things go; for Transmission's clients */
    json_t *(*status)(void *status_arg); /* for the first event; a new reference */
    void *status_arg;
};

/* ERR_DENIED for an address that is not loopback: there is no TLS here.  Else what net/httpd.h,
 * api/keyring.h and api/routes.h say. */
struct api *api_open(const struct api_cfg *cfg, struct why *why);
struct addr api_addr(const struct api *a); /* with the real port */

/* Ends open calls and streams.  NULL: nothing. */
void api_close(struct api *a);

#endif
