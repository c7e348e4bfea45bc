/* api/transmission_fields.h - the fields of torrent-get, made of members of file.poll's rows.
 *
 * Pure.  A field says which members it is made of; who asks for few fields costs few members.  What
 * we do not know has no entry and is left out of answers, as Transmission itself does with fields
 * that it does not know.  Names, also those inside of values, are in snake_case. */
#ifndef SHOAL_API_TRANSMISSION_FIELDS_H
#define SHOAL_API_TRANSMISSION_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TFIELD_FROM_MAX = 4 };

struct tfield;

/* name: in snake_case; NULL: no such field. */
const struct tfield *tfield_find(const char *name);
/* The members that it is made of; NULL past the last one. */
const char *tfield_from(const struct tfield *f, size_t i);
bool tfield_is_deep(const struct tfield *f); /* there are objects in its value */

struct tfield_world {
    int64_t now_s; /* wall clock */
    bool legacy;   /* flags in lists are 0 and 1 */
};

/* A number for a tracker that lasts, wherever its URL stands in the list. */
json_int_t tfield_tracker_number(const char *url);

/* The value, a new reference.  from: the members, in the order of tfield_from(). */
json_t *tfield_value(const struct tfield *f, json_t *const *from, const struct tfield_world *w);

#endif
