#include "files/meta/metainfo_path.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "files/meta/fold.h"

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

/* "Naming Files, Paths, and Namespaces" (Windows documentation): these and each of them with an
 * extension are devices, in every folder. */
static bool is_device(struct cur part)
{
    static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
    const char *name = (const char *)part.p;
    size_t n = 0;
    while (n < part.n && name[n] != '.' && name[n] != ':')
        n++;
    while (n > 0 && name[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (n == strlen(devices[i]) && strncasecmp(name, devices[i], n) == 0)
            return true;
    bool port = n > 3 && (strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0);
    if (!port)
        return false;
    /* A digit, or one of the superscripts that Latin-1 has. */
    bool superscript =
        n == 5 && (uint8_t)name[3] == 0xc2 &&
        ((uint8_t)name[4] == 0xb9 || (uint8_t)name[4] == 0xb2 || (uint8_t)name[4] == 0xb3);
    return superscript || (n == 4 && name[3] >= '0' && name[3] <= '9');
}

static void put_clean(struct buf *out, struct cur part)
{
    while (part.n > 0) {
        uint32_t code = 0;
        size_t len = utf8_char(part.p, part.n, &code);
        struct cur c = cur_take(&part, len > 0 ? len : 1);
        bool last = part.n == 0 && (code == '.' || code == ' ');
        if (len > 0 && utf8_harmless(code) && code != '/' && code != '\\' && !last)
            buf_put(out, c.p, c.n);
        else
            buf_u8(out, '_');
    }
}

/* Nothing but what would not be one part of a path. */
static void put_own(struct buf *out, struct cur part)
{
    for (size_t i = 0; i < part.n; i++)
        buf_u8(out, part.p[i] == '/' || part.p[i] == '\0' ? '_' : part.p[i]);
}

bool mi_path_put_part(struct buf *out, struct cur part, enum mi_names names)
{
    struct buf clean = {0};
    size_t before = buf_len(out);
    if (is_special(part)) {
        buf_u8(&clean, '_');
    } else if (names == MI_OWN) {
        put_own(&clean, part);
    } else {
        if (is_device(part))
            buf_u8(&clean, '_');
        put_clean(&clean, part);
    }
    put_fitting(out, buf_cur(&clean), "");
    buf_done(&clean);
    return buf_len(out) - before != part.n ||
           (part.n > 0 && memcmp(buf_bytes(out) + before, part.p, part.n) != 0);
}

bool mi_path_put(struct buf *out, const char *name, const struct ben *parts, enum mi_names names)
{
    struct buf path = {0};
    bool changed = false;
    buf_str(&path, name);
    const struct ben *last = parts->kids;
    for (const struct ben *part = parts->kids; part; part = part->next) {
        last = part;
        if (buf_len(&path) > MI_PATH_MAX) /* only the last part will count */
            continue;
        buf_u8(&path, '/');
        changed |= mi_path_put_part(&path, part->str, names);
    }
    if (parts->count >= MI_DEPTH_MAX || buf_len(&path) > MI_PATH_MAX - MARK_ROOM) {
        buf_clear(&path);
        buf_printf(&path, "%s/", name);
        mi_path_put_part(&path, last->str, names);
        changed = true;
    }
    buf_put(out, buf_bytes(&path), buf_len(&path));
    buf_done(&path);
    return changed;
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

/* A file in the sorted list; its path without the common prefix, folded. */
struct entry {
    const char *path;
    struct mi_file *file; /* in list order: of equal paths, the first in the torrent is first */
};

/* What a path is compared by; small letters of ASCII are rank()'s business. */
static const char *key_of(struct arena *scratch, const char *path)
{
    size_t n = strlen(path);
    if (fold_is_plain(path, n))
        return path;
    struct buf b = {0};
    fold_name(&b, path, n);
    const char *key = arena_strndup(scratch, (const char *)buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    return key;
}

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
static const char *rename_file(struct arena *a, struct arena *scratch, const struct entry *sorted,
                               size_t n, const char *path, size_t place, size_t all, size_t prefix)
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
        if (is_free(sorted, n, key_of(scratch, (const char *)buf_bytes(&b) + prefix)))
            break;
    }
    const char *own = arena_dup(a, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    return own;
}

void mi_paths_unique(struct arena *a, struct mi_file *files, size_t n, size_t prefix)
{
    struct arena *scratch = arena_new();
    struct entry *sorted = mem_array(n, sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!files[i].pad)
            sorted[count++] = (struct entry){key_of(scratch, files[i].path + prefix), &files[i]};
    qsort(sorted, count, sizeof *sorted, by_path);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && compare(sorted[i].path, sorted[end].path) == 0;)
            end++; /* i to end: all of one path */
        bool folder = end < count && clashes(sorted[i].path, sorted[end].path);
        for (size_t k = folder ? i : i + 1; k < end; k++) {
            struct mi_file *f = sorted[k].file;
            f->path =
                rename_file(a, scratch, sorted, count, f->path, (size_t)(f - files), n, prefix);
            f->renamed = true;
        }
    }
    free(sorted);
    arena_free(scratch);
}
