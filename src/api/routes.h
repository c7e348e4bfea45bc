/* api/routes.h - from "POST /files/3fa2/pause" to a method and its parameters.
 *
 * The methods' own tables (core/call.h) are the routing table.  A "{name}" in a route takes one
 * part of the path, which becomes that parameter; a literal part wins over it.  The query gives
 * the others, by their types (a list is "a,b,c"), and so does a JSON object in the body; the path
 * wins over the query, and the query over the body.  Pure. */
#ifndef SHOAL_API_ROUTES_H
#define SHOAL_API_ROUTES_H

#include "base/cur.h"
#include "core/call.h"

/* An app's methods (the table ends with a NULL name) and what their functions are handed. */
struct api_app {
    const struct method *methods;
    void *app;
};

enum { ROUTES_PARTS = 16, ROUTES_ALLOW = 64 };

struct routes;

/* The tables outlive it.  ERR_INVALID for a method that changes something by GET, a route that is
 * there twice and one that does not begin with '/': our own mistakes, found at start. */
struct routes *routes_new(const struct api_app *apps, size_t n, struct why *why);
void routes_free(struct routes *r); /* NULL: nothing */

struct route {
    const struct method *method; /* NULL: no method at that path by that verb */
    void *app;
    char allow[ROUTES_ALLOW]; /* "GET, POST": what the path knows; "": there is no such path */
};

/* path: decoded, below /api/v1.  HEAD finds what GET finds. */
struct route routes_find(const struct routes *r, const char *verb, const char *path);

/* The method of that name, "file.ls"; also one without a route.  method is NULL when there is none.
 */
struct route routes_named(const struct routes *r, const char *name);

/* The decoded value of a name in the query, or NULL. */
typedef const char *routes_query(void *arg, const char *name);

/* All parameters as one object, a new reference; or NULL and a reason. */
json_t *routes_params(const struct method *m, const char *path, routes_query *query, void *arg,
                      struct cur body, struct why *why);

/* The tables for people and programs: [{"name","http","route","params":[..],..}]. */
json_t *routes_describe(const struct routes *r);

#endif
