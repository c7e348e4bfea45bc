#include "api/transmission_fields_int.h"

#include <string.h>

static bool is_wanted(const json_t *file)
{
    return strcmp(text_in(file, "priority"), "skip") != 0 &&
           !json_is_false(json_object_get(file, "wanted"));
}

static json_t *file_entry(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    json_t *o = json_pack("{s:s, s:I, s:I}", "name", text_in(file, "path"), "length",
                          int_in(file, "size"), "bytes_completed", int_in(file, "done"));
    if (json_object_get(file, "first_piece")) {
        json_object_set(o, "begin_piece", json_object_get(file, "first_piece"));
        json_object_set(o, "end_piece", json_object_get(file, "end_piece"));
    }
    return o;
}

static json_t *file_stat(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    return json_pack("{s:I, s:b, s:I}", "bytes_completed", int_in(file, "done"), "wanted",
                     (int)is_wanted(file), "priority", tfield_priority(text_in(file, "priority")));
}

static json_t *file_priority(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    return json_integer(tfield_priority(text_in(file, "priority")));
}

static json_t *file_done(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    return json_integer(int_in(file, "done"));
}

/* rpc-spec 3.3: "in the old bespoke API, `wanted` is serialized as an array of 0 or 1". */
static json_t *file_wanted(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    return w->legacy ? json_integer(is_wanted(file)) : json_boolean(is_wanted(file));
}

json_t *tfield_files(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, file_entry);
}

json_t *tfield_file_stats(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, file_stat);
}

json_t *tfield_priorities(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, file_priority);
}

json_t *tfield_files_done(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, file_done);
}

json_t *tfield_wanted(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, file_wanted);
}
