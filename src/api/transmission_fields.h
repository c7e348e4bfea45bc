/* api/transmission_fields.h - a row of file.ls or file.show, as torrent-get's fields.
 *
 * Pure.  What we do not know has no entry and is left out of answers, as the RPC's own servers do
 * with fields that they do not know. */
#ifndef SHOAL_API_TRANSMISSION_FIELDS_H
#define SHOAL_API_TRANSMISSION_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct tfield;

/* NULL: no such field. */
const struct tfield *tfield_find(const char *name);
const char *tfield_name(const struct tfield *f);
bool tfield_needs_show(const struct tfield *f); /* file.ls does not say it, file.show does */

/* The value, a new reference. */
json_t *tfield_get(const struct tfield *f, const json_t *row, int id);

/* "2026-11-23T04:11:56Z", with or without a fraction or an offset, as seconds since 1970; 0 for
 * anything else (RFC 3339 section 5.6). */
int64_t tfield_unix_time(const char *text);

#endif
