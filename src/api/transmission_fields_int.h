/* api/transmission_fields_int.h - what the files of torrent-get's fields share.
 *
 *     transmission_fields.c    the table, and fields of one value
 *     transmission_files.c     of the files of a torrent
 *     transmission_peers.c     of its peers
 *     transmission_trackers.c  of its trackers and web seeds */
#ifndef SHOAL_API_TRANSMISSION_FIELDS_INT_H
#define SHOAL_API_TRANSMISSION_FIELDS_INT_H

#include "api/transmission_fields.h"

#include <string.h>

/* Members of an object, and texts; "" and 0 for what is absent. */
static inline const char *text_in(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

static inline json_int_t int_in(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static inline const char *text(const json_t *v)
{
    const char *s = json_string_value(v);
    return s ? s : "";
}

/* tr_priority_t, of a weight or a file's priority. */
static inline json_int_t tfield_priority(const char *name)
{
    return strcmp(name, "low") == 0 ? -1 : strcmp(name, "high") == 0 ? 1 : 0;
}

/* One entry of the answer for each entry of a list. */
static inline json_t *tfield_each(const json_t *list, const struct tfield_world *w,
                                  json_t *(*make)(const json_t *one, size_t i,
                                                  const struct tfield_world *w))
{
    json_t *out = json_array();
    size_t i;
    const json_t *one;
    if (json_is_array(list))
        json_array_foreach(list, i, one) {
            json_array_append_new(out, make(one, i, w));
        }
    return out;
}

/* A field's value, of the members that the table names. */
typedef json_t *make_fn(json_t *const *from, const struct tfield_world *w);
make_fn tfield_files, tfield_file_stats, tfield_priorities, tfield_files_done, tfield_wanted;
make_fn tfield_peers, tfield_peers_from;
make_fn tfield_trackers, tfield_tracker_stats, tfield_tracker_list, tfield_webseeds,
    tfield_webseeds_ex, tfield_webseeds_sending;

#endif
