/* api/content.h - what apps give to be read, over HTTP: GET and HEAD of /NAME/PATH, with ranges.
 *
 * What is not here yet is waited for: the answer begins at once, its bytes come when they do, and
 * no faster than the client takes them.  Everything comes from strangers, names too, and lies on
 * the API's origin: so it is never run (a sandbox without scripts, no sniffing, no embedding by
 * other pages), and only what cannot run is shown in place (api/content_type.h).
 *
 * Who may read: who may read the API, and who has the link's own key (?key=), which opens that one
 * path and nothing else: players know no headers. */
#ifndef SHOAL_API_CONTENT_H
#define SHOAL_API_CONTENT_H

#include "core/content.h"
#include "net/httpd.h"

struct content_app {
    const char *name; /* "files"; NULL: there is none */
    const struct content_ops *ops;
    void *app;
};

/* The path below "/NAME/", or NULL when it is none of this app's. */
const char *content_path(const struct content_app *a, const char *path);

/* Answers c. */
void content_serve(const struct content_app *a, const char *path, struct httpd_call *c);

#endif
