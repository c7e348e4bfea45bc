/* api/rest.h - /api/v1/...: a request becomes a call of a method, its answer a reply.
 *
 * What spends money carries an Idempotency-Key of the client's making: the same key with the same
 * parameters gets the first answer again instead of spending twice (REST_KEYS_MAX answers are
 * kept, the oldest goes); with other parameters, or while the first still runs, it is refused. */
#ifndef SHOAL_API_REST_H
#define SHOAL_API_REST_H

#include "api/routes.h"
#include "net/httpd.h"

enum { REST_KEYS_MAX = 256, REST_KEY_MAX = 128 };

struct rest;

/* Nothing runs yet, and no key was used. */
struct rest *rest_new(void);
/* Calls that still run are let go: their answers go nowhere.  NULL: nothing. */
void rest_free(struct rest *r);

/* Answers c, now or later.  path: below /api/v1. */
void rest_serve(struct rest *r, const struct method *m, void *app, const char *path,
                struct httpd_call *c);

#endif
