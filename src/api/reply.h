/* api/reply.h - the shapes of our answers.
 *
 * JSON, or a failure as RFC 9457 problem+json that also holds {"error":{"code","message","next"}},
 * the form that the command line and the page read.  Every reply carries guard_headers(). */
#ifndef SHOAL_API_REPLY_H
#define SHOAL_API_REPLY_H

#include "net/httpd.h"

#include <jansson.h>

/* extra: more of "Name: value", a '\n' between two; or NULL. */
void reply_json(struct httpd_call *c, unsigned status, const json_t *body, const char *extra);
void reply_text(struct httpd_call *c, unsigned status, const char *content_type, const void *text,
                size_t n, const char *extra);

/* next: what to do now, or NULL. */
void reply_problem(struct httpd_call *c, unsigned status, const char *code, const char *message,
                   const char *next, const char *extra);

/* The same as an object, a new reference. */
json_t *reply_problem_of(unsigned status, const char *code, const char *message, const char *next);

/* The words for a status, as in "404 Not Found". */
const char *reply_title(unsigned status);

#endif
