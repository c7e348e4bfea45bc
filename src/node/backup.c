#include "node/backup.h"

#include "base/late.h"
#include "base/mem.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "node/paths.h"
#include "store/db.h"
#include "store/vfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

enum {
    MEMBER_MAX = 64 * 1024 * 1024, /* bytes of one member; databases and .torrents are smaller */
    MEMBERS_MAX = 100000,
    READ_AT_ONCE = 64 * 1024,
};
static const char manifest_name[] = "MANIFEST.json";

/* Loaded when a backup is made or read (base/late.h): never, for most nodes. */
#define ARCHIVE_USED(X)                                                                            \
    X(entry_filetype)                                                                              \
    X(entry_free)                                                                                  \
    X(entry_new)                                                                                   \
    X(entry_pathname)                                                                              \
    X(entry_set_filetype)                                                                          \
    X(entry_set_pathname)                                                                          \
    X(entry_set_perm)                                                                              \
    X(entry_set_size)                                                                              \
    X(entry_size)                                                                                  \
    X(error_string)                                                                                \
    X(read_data)                                                                                   \
    X(read_free)                                                                                   \
    X(read_new)                                                                                    \
    X(read_next_header)                                                                            \
    X(read_open)                                                                                   \
    X(read_support_format_tar)                                                                     \
    X(set_error)                                                                                   \
    X(write_close)                                                                                 \
    X(write_data)                                                                                  \
    X(write_free)                                                                                  \
    X(write_header)                                                                                \
    X(write_new)                                                                                   \
    X(write_open)                                                                                  \
    X(write_set_bytes_in_last_block)                                                               \
    X(write_set_format_pax_restricted)

struct archive_lib {
#define X(name) __typeof__(archive_##name) *name;
    ARCHIVE_USED(X)
#undef X
};

static const char *const archive_used[] = {
#define X(name) "archive_" #name,
    ARCHIVE_USED(X)
#undef X
};

static enum err archive_load(struct archive_lib *lib, struct why *why)
{
    return LATE_LOAD("libarchive.so.13", archive_used, lib, why);
}

/* What a backup holds, by folders of the home: names in data/ that end so, or are so. */
static bool wanted(const char *name)
{
    size_t n = strlen(name);
    return !strcmp(name, "identity") || !strcmp(name, "policy.json") ||
           (n > 3 && !strcmp(name + n - 3, ".db"));
}

/* --- writing ----------------------------------------------------------------------------- */

struct writer {
    struct archive_lib lib;
    struct archive *to; /* writes to `out` */
    struct vfile *out;
    uint64_t at;
    json_t *sums;
    const struct vfs *vfs;
};

static void sum_text(const void *bytes, size_t n, char text[2 * SHA256_LEN + 1])
{
    uint8_t sum[SHA256_LEN];
    sha256(bytes, n, sum);
    hex_encode(sum, sizeof sum, text);
}

static enum err put_bytes(struct writer *w, const char *name, const void *bytes, size_t n,
                          struct why *why)
{
    struct archive_entry *e = w->lib.entry_new();
    w->lib.entry_set_pathname(e, name);
    w->lib.entry_set_size(e, (la_int64_t)n);
    w->lib.entry_set_filetype(e, AE_IFREG);
    w->lib.entry_set_perm(e, 0600);
    bool good = w->lib.write_header(w->to, e) == ARCHIVE_OK &&
                (n == 0 || w->lib.write_data(w->to, bytes, n) == (la_ssize_t)n);
    w->lib.entry_free(e);
    if (!good)
        return why_set(why, ERR_IO, "%s: %s", name, w->lib.error_string(w->to));
    char sum[2 * SHA256_LEN + 1];
    sum_text(bytes, n, sum);
    json_object_set_new(w->sums, name, json_string(sum));
    return OK;
}

/* A file that is not there is nothing to back up. */
static enum err put_file(struct writer *w, const char *name, const char *path, struct why *why)
{
    struct buf bytes = {0};
    enum err code = vfs_read_all(w->vfs, path, MEMBER_MAX, &bytes, why);
    if (code == OK)
        code = put_bytes(w, name, buf_bytes(&bytes), buf_len(&bytes), why);
    else if (code == ERR_NOT_FOUND)
        code = OK;
    buf_done(&bytes);
    return code;
}

/* A database that may be in use: SQLite makes the copy. */
static enum err put_db(struct writer *w, const char *name, const char *path, struct why *why)
{
    char *copy = mem_printf("%s.backup", path);
    struct why ignored;
    if (vfs_unlink(w->vfs, copy, &ignored) != OK && ignored.code != ERR_NOT_FOUND) {
        free(copy);
        return why_set(why, ignored.code, "%s", ignored.text);
    }
    enum err code = db_copy(path, copy, why);
    if (code == OK)
        code = put_file(w, name, copy, why);
    if (vfs_unlink(w->vfs, copy, &ignored) != OK && code == OK)
        code = why_set(why, ignored.code, "%s", ignored.text);
    free(copy);
    return code;
}

static enum err put_folder(struct writer *w, const char *prefix, const char *dir, bool all,
                           struct why *why)
{
    char **names;
    size_t n;
    enum err code = vfs_list(w->vfs, dir, &names, &n, why);
    if (code == ERR_NOT_FOUND)
        return OK;
    if (code != OK)
        return code;
    for (size_t i = 0; i < n && code == OK; i++) {
        if (!all && !wanted(names[i]))
            continue;
        char *name = mem_printf("%s/%s", prefix, names[i]);
        char *path = mem_printf("%s/%s", dir, names[i]);
        size_t len = strlen(names[i]);
        struct vfs_stat st;
        bool db = len > 3 && !strcmp(names[i] + len - 3, ".db");
        code = vfs_stat(w->vfs, path, &st, why);
        if (code == OK && !st.is_dir)
            code = db ? put_db(w, name, path, why) : put_file(w, name, path, why);
        free(path);
        free(name);
    }
    vfs_list_free(names, n);
    return code;
}

static enum err put_all(struct writer *w, const struct paths *p, struct why *why)
{
    char *torrents = mem_printf("%s/torrents", p->data);
    enum err code = put_folder(w, "data", p->data, false, why);
    if (code == OK)
        code = put_folder(w, "data/torrents", torrents, true, why);
    if (code == OK)
        code = put_file(w, "shoal.conf", p->conf, why);
    free(torrents);
    if (code == OK && !json_object_get(w->sums, "data/identity"))
        code = why_set(why, ERR_NOT_FOUND, "%s has no identity: nothing to back up", p->data);
    if (code != OK)
        return code;
    char *text = json_dumps(w->sums, JSON_INDENT(1));
    code = put_bytes(w, manifest_name, text, strlen(text), why);
    free(text);
    return code;
}

static la_ssize_t on_write(struct archive *to, void *arg, const void *bytes, size_t n)
{
    struct writer *w = arg;
    struct why why;
    if (vfile_pwrite(w->out, bytes, n, w->at, &why)) {
        w->lib.set_error(to, EIO, "%s", why.text);
        return -1;
    }
    w->at += n;
    return (la_ssize_t)n;
}

static enum err put_archive(struct writer *w, const struct paths *p, struct why *why)
{
    enum err code = OK;
    w->to = w->lib.write_new();
    w->lib.write_set_format_pax_restricted(w->to);
    w->lib.write_set_bytes_in_last_block(w->to, 1);
    if (w->lib.write_open(w->to, w, NULL, on_write, NULL) != ARCHIVE_OK)
        code = why_set(why, ERR_IO, "%s", w->lib.error_string(w->to));
    if (code == OK)
        code = put_all(w, p, why);
    if (w->lib.write_close(w->to) != ARCHIVE_OK && code == OK)
        code = why_set(why, ERR_IO, "%s", w->lib.error_string(w->to));
    w->lib.write_free(w->to);
    return code;
}

static enum err sync_above(const struct vfs *vfs, const char *file, struct why *why)
{
    const char *slash = strrchr(file, '/');
    char *dir = !slash          ? mem_strdup(".")
                : slash == file ? mem_strdup("/")
                                : mem_strndup(file, (size_t)(slash - file));
    enum err code = vfs_sync_dir(vfs, dir, why);
    free(dir);
    return code;
}

enum err backup_create(const struct vfs *vfs, const char *home, const char *file, struct why *why)
{
    struct paths p;
    struct writer w = {.vfs = vfs};
    if (archive_load(&w.lib, why) != OK)
        return why->code;
    w.out = vfs_open(vfs, file, VFS_WRITE | VFS_CREATE | VFS_EXCL | VFS_PRIVATE, why);
    if (!w.out)
        return why->code;
    w.sums = json_object();
    paths_init(&p, home);
    enum err code = put_archive(&w, &p, why);
    if (code == OK)
        code = vfile_sync(w.out, why);
    vfile_close(w.out);
    if (code == OK)
        code = sync_above(vfs, file, why);
    if (code != OK)
        (void)!vfs_unlink(vfs, file, NULL); /* or half a backup stays behind: the reason is told */
    json_decref(w.sums);
    paths_done(&p);
    return code;
}

/* --- reading ----------------------------------------------------------------------------- */

/* Names that we would have written: nothing may be unpacked elsewhere. */
static bool safe_name(const char *name)
{
    static const char torrents[] = "data/torrents/", data[] = "data/";
    if (!strcmp(name, "shoal.conf") || !strcmp(name, manifest_name))
        return true;
    const char *leaf = !strncmp(name, torrents, sizeof torrents - 1) ? name + sizeof torrents - 1
                       : !strncmp(name, data, sizeof data - 1)       ? name + sizeof data - 1
                                                                     : "";
    bool in_torrents = leaf == name + sizeof torrents - 1;
    return *leaf && *leaf != '.' && !strchr(leaf, '/') && (in_torrents || wanted(leaf));
}

typedef enum err member_fn(void *arg, const char *name, const struct buf *bytes, struct why *why);

static enum err read_member(const struct archive_lib *lib, struct archive *from,
                            struct archive_entry *e, struct buf *bytes, struct why *why)
{
    const char *name = lib->entry_pathname(e);
    la_int64_t size = lib->entry_size(e);
    if (!name || !safe_name(name) || lib->entry_filetype(e) != AE_IFREG)
        return why_set(why, ERR_INVALID, "not a backup of Shoal: it holds %s",
                       name ? name : "a member without a name");
    if (size < 0 || size > MEMBER_MAX)
        return why_set(why, ERR_LIMIT, "%s has %lld bytes, at most %d", name, (long long)size,
                       MEMBER_MAX);
    buf_clear(bytes);
    uint8_t *room = buf_room(bytes, (size_t)size);
    la_ssize_t n = size ? lib->read_data(from, room, (size_t)size) : 0;
    if (n != size)
        return why_set(why, ERR_INVALID, "%s is cut short", name);
    buf_grew(bytes, (size_t)n);
    return OK;
}

struct reader {
    struct archive_lib lib;
    struct vfile *in;
    uint64_t at;
    uint8_t bytes[READ_AT_ONCE];
};

static la_ssize_t on_read(struct archive *from, void *arg, const void **bytes)
{
    struct reader *r = arg;
    struct why why;
    ssize_t n = vfile_pread(r->in, r->bytes, sizeof r->bytes, r->at, &why);
    if (n < 0)
        r->lib.set_error(from, EIO, "%s", why.text);
    else
        r->at += (uint64_t)n;
    *bytes = r->bytes;
    return n;
}

static enum err read_all(const struct archive_lib *lib, struct archive *from, const char *file,
                         member_fn *fn, void *arg, struct why *why)
{
    struct buf bytes = {0};
    struct archive_entry *e;
    unsigned count = 0;
    enum err code = OK;
    int got = ARCHIVE_OK;
    while (code == OK && (got = lib->read_next_header(from, &e)) == ARCHIVE_OK) {
        code = read_member(lib, from, e, &bytes, why);
        if (code == OK)
            code = fn(arg, lib->entry_pathname(e), &bytes, why);
        if (++count > MEMBERS_MAX)
            code = why_set(why, ERR_LIMIT, "more than %d members", MEMBERS_MAX);
    }
    if (code == OK && got != ARCHIVE_EOF)
        code = why_set(why, ERR_INVALID, "%s: %s", file, lib->error_string(from));
    buf_done(&bytes);
    return code;
}

static enum err each_member(const struct vfs *vfs, const char *file, member_fn *fn, void *arg,
                            struct why *why)
{
    struct reader *r = MEM_NEW(struct reader);
    const struct archive_lib *lib = &r->lib;
    enum err code = archive_load(&r->lib, why);
    if (code == OK && !(r->in = vfs_open(vfs, file, VFS_READ, why)))
        code = why->code;
    if (code != OK) {
        free(r);
        return code;
    }
    struct archive *from = lib->read_new();
    lib->read_support_format_tar(from);
    if (lib->read_open(from, r, NULL, on_read, NULL) != ARCHIVE_OK)
        code = why_set(why, ERR_INVALID, "%s: %s", file, lib->error_string(from));
    if (code == OK)
        code = read_all(lib, from, file, fn, arg, why);
    lib->read_free(from);
    vfile_close(r->in);
    free(r);
    return code;
}

struct check {
    json_t *sums; /* of what was read */
    json_t *manifest;
};

static enum err check_member(void *arg, const char *name, const struct buf *bytes, struct why *why)
{
    struct check *c = arg;
    if (!strcmp(name, manifest_name)) {
        c->manifest = json_loadb((const char *)buf_bytes(bytes), buf_len(bytes), 0, NULL);
        return c->manifest ? OK : why_set(why, ERR_INVALID, "%s is damaged", manifest_name);
    }
    char sum[2 * SHA256_LEN + 1];
    sum_text(buf_bytes(bytes), buf_len(bytes), sum);
    json_object_set_new(c->sums, name, json_string(sum));
    return OK;
}

static enum err compare(const struct check *c, struct why *why)
{
    if (!c->manifest)
        return why_set(why, ERR_INVALID, "the backup is cut short: it has no %s", manifest_name);
    const char *name;
    json_t *sum;
    json_object_foreach(c->manifest, name, sum)
        if (!json_equal(sum, json_object_get(c->sums, name)))
            return why_set(why, ERR_INVALID, "%s is damaged or missing", name);
    if (json_object_size(c->manifest) != json_object_size(c->sums))
        return why_set(why, ERR_INVALID, "it holds what its %s does not name", manifest_name);
    return OK;
}

enum err backup_check(const struct vfs *vfs, const char *file, unsigned *members, struct why *why)
{
    struct check c = {json_object(), NULL};
    enum err code = each_member(vfs, file, check_member, &c, why);
    if (code == OK)
        code = compare(&c, why);
    *members = (unsigned)json_object_size(c.sums);
    json_decref(c.sums);
    json_decref(c.manifest);
    return code;
}

/* --- restoring --------------------------------------------------------------------------- */

struct restore {
    const struct vfs *vfs;
    const struct paths *paths;
    bool identity; /* that alone, or all but that */
};

static enum err restore_member(void *arg, const char *name, const struct buf *bytes,
                               struct why *why)
{
    const struct restore *r = arg;
    if (!strcmp(name, manifest_name) || !strcmp(name, "data/identity") != r->identity)
        return OK;
    char *path = strcmp(name, "shoal.conf")
                     ? mem_printf("%s/%s", r->paths->data, name + strlen("data/"))
                     : mem_strdup(r->paths->conf);
    char *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path));
    enum err code = vfs_mkdirs(r->vfs, dir, 0700, why);
    if (code == OK)
        code = vfs_replace(r->vfs, path, buf_bytes(bytes), buf_len(bytes), VFS_PRIVATE, why);
    free(dir);
    free(path);
    return code;
}

enum err backup_restore(const struct vfs *vfs, const char *home, const char *file, struct why *why)
{
    unsigned members;
    enum err code = backup_check(vfs, file, &members, why);
    if (code != OK)
        return code;
    struct paths p;
    paths_init(&p, home);
    char *identity = mem_printf("%s/identity", p.data);
    struct vfs_stat st;
    struct restore r = {.vfs = vfs, .paths = &p};
    code = vfs_stat(vfs, identity, &st, why);
    if (code == OK)
        code = why_set(why, ERR_STATE, "%s has an identity already; nothing was restored", p.data);
    else if (code == ERR_NOT_FOUND)
        code = each_member(vfs, file, restore_member, &r, why);
    /* Last: what was cut off has none, and can be done again. */
    r.identity = true;
    if (code == OK && (code = each_member(vfs, file, restore_member, &r, why)) != OK)
        (void)!vfs_unlink(vfs, identity, NULL);
    free(identity);
    paths_done(&p);
    return code;
}
