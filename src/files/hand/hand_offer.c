#include "files/hand/hand_offer.h"

#include "base/mem.h"
#include "base/pb.h"

#include <stdlib.h>
#include <string.h>

enum { F_NAME = 1, F_FOLDER, F_ENTRY, F_PATH = 1, F_SIZE, F_KIND };
enum { FIRST_ROOM = 16 };

struct hand_offer *hand_offer_new(const char *name, bool folder)
{
    struct hand_offer *o = MEM_NEW(struct hand_offer);
    o->arena = arena_new();
    o->name = arena_strndup(o->arena, name, strlen(name));
    o->folder = folder;
    return o;
}

void hand_offer_free(struct hand_offer *o)
{
    if (!o)
        return;
    arena_free(o->arena);
    free(o->entries);
    free(o);
}

static uint64_t chunks_of(uint64_t size)
{
    return size / HAND_CHUNK + (size % HAND_CHUNK > 0);
}

enum err hand_offer_add(struct hand_offer *o, const char *path, uint64_t size, enum hand_kind kind,
                        struct why *why)
{
    if (o->count == HAND_ENTRIES_MAX)
        return why_set(why, ERR_LIMIT, "more than %d files", HAND_ENTRIES_MAX);
    if (size > HAND_SIZE_MAX || o->size > HAND_SIZE_MAX - size)
        return why_set(why, ERR_LIMIT, "more than %llu bytes", (unsigned long long)HAND_SIZE_MAX);
    if ((o->count & (o->count - 1)) == 0 && (o->count == 0 || o->count >= FIRST_ROOM)) {
        size_t room = o->count ? o->count * 2 : FIRST_ROOM;
        o->entries = mem_realloc(o->entries, room * sizeof *o->entries);
    }
    o->entries[o->count++] =
        (struct hand_entry){.path = arena_strndup(o->arena, path, strlen(path)),
                            .size = size,
                            .kind = kind,
                            .chunk = o->chunks,
                            .before = o->size};
    o->files += kind != HAND_FOLDER;
    o->size += size;
    o->chunks += chunks_of(size);
    return OK;
}

/* --- written -------------------------------------------------------------------------------- */

enum err hand_offer_put(struct buf *out, const struct hand_offer *o, struct why *why)
{
    size_t before = buf_len(out);
    struct buf one = {0};
    pb_put_str(out, F_NAME, o->name);
    if (o->folder)
        pb_put_uint(out, F_FOLDER, 1);
    for (size_t i = 0; i < o->count; i++) {
        const struct hand_entry *e = &o->entries[i];
        buf_clear(&one);
        if (e->path[0])
            pb_put_str(&one, F_PATH, e->path);
        if (e->size)
            pb_put_uint(&one, F_SIZE, e->size);
        if (e->kind)
            pb_put_uint(&one, F_KIND, e->kind);
        pb_put_buf(out, F_ENTRY, &one);
    }
    buf_done(&one);
    if (buf_len(out) - before > HAND_OFFER_MAX)
        return why_set(why, ERR_LIMIT,
                       "the names of %zu files take %zu bytes, an offer has room for %d", o->count,
                       buf_len(out) - before, HAND_OFFER_MAX);
    return OK;
}

/* --- read ----------------------------------------------------------------------------------- */

/* A path, each part of it safe. */
static enum err put_path(struct buf *out, struct cur path, enum mi_names names, struct why *why)
{
    unsigned depth = 0;
    while (path.n > 0 || depth == 0) {
        const uint8_t *slash = path.n > 0 ? memchr(path.p, '/', path.n) : NULL;
        struct cur part = cur_take(&path, slash ? (size_t)(slash - path.p) : path.n);
        if (slash)
            cur_take(&path, 1);
        if (depth++ > 0)
            buf_u8(out, '/');
        mi_path_put_part(out, part, names);
        if (depth > MI_DEPTH_MAX || buf_len(out) > MI_PATH_MAX - 16) /* a mark must fit */
            return why_set(why, ERR_LIMIT, "a path of more than %d folders or %d bytes",
                           MI_DEPTH_MAX, MI_PATH_MAX - 16);
    }
    return OK;
}

static enum err read_entry(struct hand_offer *o, struct cur msg, enum mi_names names,
                           struct why *why)
{
    struct pb_field f;
    struct cur path = {0};
    struct buf safe = {0};
    uint64_t size = 0, kind = HAND_FILE;
    while (pb_next(&msg, &f)) {
        if (f.number == F_PATH && f.wire == PB_BYTES)
            path = f.bytes;
        else if (f.number == F_SIZE && f.wire == PB_VARINT)
            size = f.value;
        else if (f.number == F_KIND && f.wire == PB_VARINT)
            kind = f.value;
    }
    if (!cur_done(&msg) || (!o->folder && (path.n > 0 || kind == HAND_FOLDER)) ||
        (kind == HAND_FOLDER && size > 0))
        return why_set(why, ERR_INVALID, "a file of the offer makes no sense");
    enum err err = o->folder ? put_path(&safe, path, names, why) : OK;
    buf_u8(&safe, 0);
    if (err == OK)
        err = hand_offer_add(o, (const char *)buf_bytes(&safe), size,
                             kind <= HAND_FOLDER ? (enum hand_kind)kind : HAND_FILE, why);
    buf_done(&safe);
    return err;
}

/* No path is another's, nor that of a folder of another. */
static void tell_apart(struct hand_offer *o)
{
    struct mi_file *files = mem_array(o->count, sizeof *files);
    for (size_t i = 0; i < o->count; i++)
        files[i].path = o->entries[i].path;
    mi_paths_unique(o->arena, files, o->count, 0);
    for (size_t i = 0; i < o->count; i++)
        o->entries[i].path = files[i].path;
    free(files);
}

/* The name comes first in what we write; it is looked for first in what we read. */
static enum err read_head(struct cur bytes, struct buf *name, bool *folder, enum mi_names names,
                          struct why *why)
{
    struct pb_field f;
    struct cur said = {0};
    *folder = false;
    while (pb_next(&bytes, &f)) {
        if (f.number == F_NAME && f.wire == PB_BYTES)
            said = f.bytes;
        else if (f.number == F_FOLDER && f.wire == PB_VARINT)
            *folder = f.value != 0;
    }
    if (!cur_done(&bytes))
        return why_set(why, ERR_INVALID, "the offer is damaged");
    mi_path_put_part(name, said, names);
    buf_u8(name, 0);
    return OK;
}

static enum err read_entries(struct hand_offer *o, struct cur bytes, enum mi_names names,
                             struct why *why)
{
    struct pb_field f;
    while (pb_next(&bytes, &f))
        if (f.number == F_ENTRY && f.wire == PB_BYTES && read_entry(o, f.bytes, names, why) != OK)
            return ERR_INVALID;
    if (!o->folder && o->count != 1)
        return why_set(why, ERR_INVALID, "the offer is of one file, and has %zu", o->count);
    return OK;
}

struct hand_offer *hand_offer_read(struct cur bytes, enum mi_names names, struct why *why)
{
    struct buf name = {0};
    struct hand_offer *o = NULL;
    bool folder;
    if (bytes.n > HAND_OFFER_MAX) {
        why_set(why, ERR_LIMIT, "an offer of %zu bytes, the limit is %d", bytes.n, HAND_OFFER_MAX);
        return NULL;
    }
    if (read_head(bytes, &name, &folder, names, why) == OK) {
        o = hand_offer_new((const char *)buf_bytes(&name), folder);
        if (read_entries(o, bytes, names, why) != OK) {
            hand_offer_free(o);
            o = NULL;
        }
    }
    buf_done(&name);
    if (o && o->folder && names == MI_FOREIGN)
        tell_apart(o);
    return o;
}

/* --- chunks --------------------------------------------------------------------------------- */

size_t hand_offer_at(const struct hand_offer *o, uint64_t chunk, uint64_t *at, size_t *len)
{
    size_t low = 0, high = o->count; /* low's first chunk is at most `chunk`, high's is past it */
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (o->entries[mid].chunk <= chunk)
            low = mid;
        else
            high = mid;
    }
    const struct hand_entry *e = &o->entries[low];
    *at = (chunk - e->chunk) * HAND_CHUNK;
    *len = e->size - *at < HAND_CHUNK ? (size_t)(e->size - *at) : HAND_CHUNK;
    return low;
}

uint64_t hand_offer_before(const struct hand_offer *o, uint64_t chunk)
{
    uint64_t at;
    size_t len;
    if (chunk >= o->chunks)
        return o->size;
    size_t i = hand_offer_at(o, chunk, &at, &len);
    return o->entries[i].before + at;
}

_Static_assert((HAND_CHUNK & (HAND_CHUNK - 1)) == 0, "a power of two");
