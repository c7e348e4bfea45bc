#include "files/metainfo_path.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum {
    MARK_ROOM = 24, /* "_" and 64 bits in decimal, and its NUL */
    EXT_MAX = 16,   /* bytes of ".torrent" and the like that survive a cut */
};

/* The extension, dot included; empty when there is none worth keeping. */
static struct cur extension(struct cur part)
{
    for (size_t len = 1; len <= EXT_MAX && len < part.n; len++) {
        struct cur tail = part;
        cur_take(&tail, part.n - len);
        if (*tail.p == '.')
            return tail;
    }
    return cur_of(NULL, 0);
}

/* Append stem, mark and extension; the stem gives way, at a character's edge. */
static void put_fitting(struct buf *out, struct cur part, const char *mark)
{
    struct cur ext = extension(part);
    size_t stem = part.n - ext.n;
    size_t most = MI_PART_MAX - ext.n - strlen(mark);
    if (stem > most) {
        stem = most;
        while (stem > 0 && (part.p[stem] & 0xc0) == 0x80) /* inside a character */
            stem--;
    }
    buf_put(out, part.p, stem);
    buf_str(out, mark);
    buf_put(out, ext.p, ext.n);
}

static bool is_special(struct cur part)
{
    return part.n == 0 || (part.n == 1 && memcmp(part.p, ".", 1) == 0) ||
           (part.n == 2 && memcmp(part.p, "..", 2) == 0);
}

void mi_path_put_part(struct buf *out, struct cur part)
{
    if (is_special(part)) {
        buf_u8(out, '_');
        return;
    }
    struct buf clean = {0};
    while (part.n > 0) {
        uint32_t code = 0;
        size_t len = utf8_char(part.p, part.n, &code);
        struct cur c = cur_take(&part, len > 0 ? len : 1);
        if (len > 0 && utf8_harmless(code) && code != '/' && code != '\\')
            buf_put(&clean, c.p, c.n);
        else
            buf_u8(&clean, '_');
    }
    put_fitting(out, buf_cur(&clean), "");
    buf_done(&clean);
}

void mi_path_put(struct buf *out, const char *name, const struct ben *parts)
{
    struct buf path = {0};
    buf_str(&path, name);
    const struct ben *last = parts->kids;
    for (const struct ben *part = parts->kids; part; part = part->next) {
        last = part;
        if (buf_len(&path) > MI_PATH_MAX) /* only the last part will count */
            continue;
        buf_u8(&path, '/');
        mi_path_put_part(&path, part->str);
    }
    if (parts->count >= MI_DEPTH_MAX || buf_len(&path) > MI_PATH_MAX - MARK_ROOM) {
        buf_clear(&path);
        buf_printf(&path, "%s/", name);
        mi_path_put_part(&path, last->str);
    }
    buf_put(out, buf_bytes(&path), buf_len(&path));
    buf_done(&path);
}

/* A byte's rank in the order below: '/' before all, so that what lies in a folder comes directly
 * after a file of the folder's name; capitals as small letters. */
static unsigned rank(char c)
{
    if (c == '\0')
        return 0;
    if (c == '/')
        return 1;
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Where two paths first differ in rank. */
static size_t common(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] != '\0' && rank(a[i]) == rank(b[i]))
        i++;
    return i;
}

static int compare(const char *a, const char *b)
{
    size_t i = common(a, b);
    return (int)rank(a[i]) - (int)rank(b[i]);
}

/* The same path, or `path` is a folder that `other` lies in. */
static bool clashes(const char *path, const char *other)
{
    size_t i = common(path, other);
    return path[i] == '\0' && rank(other[i]) <= 1;
}

/* A file in the sorted list; its path without the common prefix. */
struct entry {
    const char *path;
    struct mi_file *file; /* in list order: of equal paths, the first in the torrent is first */
};

static int by_path(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int order = compare(a->path, b->path);
    if (order != 0)
        return order;
    return a->file < b->file ? -1 : a->file > b->file;
}

/* Nothing in the sorted list is called so, or lies in a folder called so. */
static bool is_free(const struct entry *sorted, size_t n, const char *path)
{
    size_t low = 0;
    for (size_t high = n; low < high;) { /* the first that is not before `path` */
        size_t middle = low + (high - low) / 2;
        if (compare(sorted[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low == n || !clashes(path, sorted[low].path);
}

/* A path of its own.  The mark is the file's place, which no other renamed file has; where somebody
 * bears that name already, the list's length is added: each name can stand in the way once. */
static const char *rename_file(struct arena *a, const struct entry *sorted, size_t n,
                               const char *path, size_t place, size_t all, size_t prefix)
{
    const char *slash = strrchr(path, '/');
    size_t head = slash ? (size_t)(slash - path) + 1 : 0;
    struct buf b = {0};
    for (uint64_t number = place;; number += all) {
        char mark[MARK_ROOM];
        snprintf(mark, sizeof mark, "_%llu", (unsigned long long)number);
        buf_clear(&b);
        buf_put(&b, path, head);
        put_fitting(&b, cur_of(path + head, strlen(path + head)), mark);
        buf_u8(&b, '\0');
        if (is_free(sorted, n, (const char *)buf_bytes(&b) + prefix))
            break;
    }
    const char *own = arena_dup(a, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    return own;
}

void mi_paths_unique(struct arena *a, struct mi_file *files, size_t n, size_t prefix)
{
    struct entry *sorted = mem_array(n, sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!files[i].pad)
            sorted[count++] = (struct entry){files[i].path + prefix, &files[i]};
    qsort(sorted, count, sizeof *sorted, by_path);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && compare(sorted[i].path, sorted[end].path) == 0;)
            end++; /* i to end: all of one path */
        bool folder = end < count && clashes(sorted[i].path, sorted[end].path);
        for (size_t k = folder ? i : i + 1; k < end; k++) {
            struct mi_file *f = sorted[k].file;
            f->path = rename_file(a, sorted, count, f->path, (size_t)(f - files), n, prefix);
        }
    }
    free(sorted);
}
