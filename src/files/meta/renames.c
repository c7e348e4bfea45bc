#include "files/meta/renames.h"

#include "base/arena.h"
#include "base/mem.h"
#include "files/meta/fold.h"
#include "files/meta/metainfo_path.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct mi_renamed {
    struct arena *arena; /* of the names and paths that hold now */
    struct rename *list; /* sorted by path */
    size_t n;
    const char **path; /* one a file: in the torrent; the metainfo's arena has these strings */
    const char *name;  /* likewise, the torrent's */
    bool *changed;     /* one a file: what mi_file.renamed was */
    bool name_changed;
};

/* Does `path` lead to what is at `head`, n bytes, or below it? */
static bool is_below(const char *path, const char *head, size_t n)
{
    return strncmp(path, head, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Where the last part of a path begins. */
static size_t last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Of a path as many parts as `like` has. */
static size_t parts_like(const char *path, const char *like)
{
    size_t n = strcspn(path, "/");
    for (; *like != '\0'; like++)
        if (*like == '/')
            n += 1 + strcspn(path + n + 1, "/");
    return n;
}

/* A file that lies at `path` or below it now; file_count: none. */
static size_t find(const struct metainfo *mi, const char *path)
{
    size_t n = strlen(path), i = 0;
    while (i < mi->file_count && (mi->files[i].pad || !is_below(mi->files[i].path, path, n)))
        i++;
    return i;
}

const char *renames_first_path(const struct metainfo *mi, size_t file)
{
    return mi->names ? mi->names->path[file] : mi->files[file].path;
}

const char *renames_first_name(const struct metainfo *mi)
{
    return mi->names ? mi->names->name : mi->name;
}

char *renames_path(const char *path, const char *name)
{
    return mem_printf("%.*s%s", (int)last_part(path), path, name);
}

char *renames_first(const struct metainfo *mi, const char *path)
{
    size_t i = find(mi, path);
    if (i == mi->file_count)
        return NULL;
    const char *first = renames_first_path(mi, i);
    return mem_strndup(first, parts_like(first, path));
}

bool renames_meets(const struct metainfo *mi, const char *path)
{
    for (size_t i = 0; i < mi->file_count; i++) {
        const char *p = mi->files[i].path;
        if (!mi->files[i].pad && (is_below(p, path, strlen(path)) || is_below(path, p, strlen(p))))
            return true;
    }
    return false;
}

/* ---- what may be ---- */

static enum err check_name(const char *name, struct why *why)
{
    size_t n = strlen(name);
    if (n == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/'))
        return why_set(why, ERR_INVALID, "'%.100s' is no name: it is one part of a path", name);
    if (n > MI_PART_MAX)
        return why_set(why, ERR_LIMIT, "a name of %zu bytes, at most %d are possible", n,
                       MI_PART_MAX);
    struct buf safe = {0};
    bool other = mi_path_put_part(&safe, cur_of(name, n), MI_FOREIGN);
    if (other)
        why_set(why, ERR_INVALID,
                "'%.80s' is a name that some machines cannot have; '%.*s' would do", name,
                buf_len(&safe) < 80 ? (int)buf_len(&safe) : 80, (const char *)buf_bytes(&safe));
    buf_done(&safe);
    return other ? ERR_INVALID : OK;
}

/* One name for a file system that knows neither case nor forms of accents. */
static bool is_same_name(const char *a, size_t an, const char *b, size_t bn)
{
    if (fold_is_plain(a, an) && fold_is_plain(b, bn))
        return an == bn && strncasecmp(a, b, an) == 0;
    struct buf x = {0}, y = {0};
    fold_name(&x, a, an);
    fold_name(&y, b, bn);
    bool same =
        buf_len(&x) == buf_len(&y) && memcmp(buf_bytes(&x), buf_bytes(&y), buf_len(&x)) == 0;
    buf_done(&x);
    buf_done(&y);
    return same;
}

/* Of a file somewhere in the torrent, when `path` is to be called `name`. */
static enum err check_file(const char *file, const char *path, const char *name, struct why *why)
{
    size_t head = last_part(path), n = strlen(path), all = strlen(name);
    if (strncmp(file, path, head) != 0)
        return OK;
    if (is_below(file, path, n)) {
        if (head + all + strlen(file + n) > MI_PATH_MAX)
            return why_set(why, ERR_LIMIT, "a path in it would have more than %d bytes",
                           MI_PATH_MAX);
        return OK;
    }
    size_t beside = strcspn(file + head, "/");
    if (is_same_name(file + head, beside, name, all))
        return why_set(why, ERR_STATE, "'%.*s' is there already", (int)(head + beside), file);
    return OK;
}

enum err renames_check(const struct metainfo *mi, const char *path, const char *name,
                       struct why *why)
{
    if (find(mi, path) == mi->file_count)
        return why_set(why, ERR_NOT_FOUND, "'%.150s' is not in this torrent", path);
    enum err err = check_name(name, why);
    for (size_t i = 0; err == OK && i < mi->file_count; i++)
        if (!mi->files[i].pad)
            err = check_file(mi->files[i].path, path, name, why);
    return err;
}

/* ---- what holds ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct rename *)a)->path, ((const struct rename *)b)->path);
}

/* What the n bytes of `path` are called; NULL: as ever. */
static const char *new_name(const struct mi_renamed *r, const char *path, size_t n)
{
    for (size_t low = 0, high = r->n; low < high;) {
        size_t mid = low + (high - low) / 2;
        int order = strncmp(r->list[mid].path, path, n);
        if (order == 0 && r->list[mid].path[n] == '\0')
            return r->list[mid].name;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static const char *path_now(struct mi_renamed *r, const char *first)
{
    struct buf b = {0};
    bool other = false;
    for (size_t at = 0;; at++) {
        size_t end = at + strcspn(first + at, "/");
        const char *name = new_name(r, first, end);
        other = other || name;
        if (name)
            buf_str(&b, name);
        else
            buf_put(&b, first + at, end - at);
        if (first[end] == '\0')
            break;
        buf_u8(&b, '/');
        at = end;
    }
    if (other)
        first = arena_strndup(r->arena, (const char *)buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    return first;
}

/* The later of two of one path stays; what is called as it was is not renamed. */
static void tidy(struct mi_renamed *r, const struct rename *list, size_t n)
{
    struct arena *old = r->arena;
    struct rename *all = mem_array(r->n + n, sizeof *all);
    size_t count = r->n;
    if (r->n > 0)
        memcpy(all, r->list, r->n * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        struct rename *same = bsearch(&list[i], all, r->n, sizeof *all, by_path);
        if (same)
            same->name = list[i].name;
        else
            all[count++] = list[i];
    }
    qsort(all, count, sizeof *all, by_path);
    r->arena = arena_new();
    r->list = arena_array(r->arena, count, sizeof *all);
    r->n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rename *one = &all[i];
        if (strcmp(one->path + last_part(one->path), one->name) == 0)
            continue;
        r->list[r->n++] = (struct rename){arena_strndup(r->arena, one->path, strlen(one->path)),
                                          arena_strndup(r->arena, one->name, strlen(one->name))};
    }
    free(all);
    arena_free(old);
}

static struct mi_renamed *begin(struct metainfo *mi)
{
    struct mi_renamed *r = arena_zalloc(mi->arena, sizeof *r);
    r->arena = arena_new();
    r->path = arena_array(mi->arena, mi->file_count, sizeof *r->path);
    r->changed = arena_array(mi->arena, mi->file_count, sizeof *r->changed);
    r->name = mi->name;
    r->name_changed = mi->renamed;
    for (size_t i = 0; i < mi->file_count; i++) {
        r->path[i] = mi->files[i].path;
        r->changed[i] = mi->files[i].renamed;
    }
    return r;
}

void renames_set(struct metainfo *mi, const struct rename *list, size_t n)
{
    if (n == 0)
        return;
    struct mi_renamed *r = mi->names = mi->names ? mi->names : begin(mi);
    tidy(r, list, n);
    /* Constant for all others; those who keep the array must see the names change. */
    struct mi_file *files = (struct mi_file *)(uintptr_t)mi->files;
    mi->name = path_now(r, r->name);
    mi->renamed = r->name_changed || mi->name != r->name;
    for (size_t i = 0; i < mi->file_count; i++) {
        struct mi_file *f = &files[i];
        f->path = path_now(r, r->path[i]);
        const char *part = f->path + last_part(f->path), *was = r->path[i] + last_part(r->path[i]);
        f->renamed = r->changed[i] || strcmp(part, was) != 0;
    }
}

void renames_free(struct mi_renamed *r)
{
    if (r)
        arena_free(r->arena);
}
