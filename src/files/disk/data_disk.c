#include "files/disk/data_disk.h"

#include "base/mem.h"
#include "files/disk/data_disk_in.h"
#include "files/disk/diskpath.h"
#include "files/meta/bits.h"

#include <string.h>

enum { IOV_AT_ONCE = 256 /* at most IOV_MAX, 1024 on Linux */ };

struct disk *disk_new(const struct disk_cfg *cfg)
{
    struct disk *k = MEM_NEW(struct disk);
    k->cfg = *cfg;
    uint32_t files = (uint32_t)cfg->layout->file_count;
    k->r = resume_new(cfg->infohash, cfg->layout->piece_count, files, cfg->boot_id);
    k->unsynced = mem_zalloc(bits_bytes(files));
    k->unnamed = mem_zalloc(bits_bytes(files));
    k->absent = mem_zalloc(bits_bytes(files));
    k->skip = mem_zalloc(bits_bytes(files));
    if (cfg->skip)
        memcpy(k->skip, cfg->skip, bits_bytes(files));
    k->parts = parts_new(cfg->vfs, cfg->parts_path, cfg->layout->piece_count);
    return k;
}

void disk_free(struct disk *k)
{
    if (!k)
        return;
    openfiles_drop_all(&k->open);
    vfile_close(k->journal);
    resume_free(k->r);
    buf_done(&k->records);
    free(k->seen);
    free(k->unsynced);
    free(k->unnamed);
    free(k->absent);
    free(k->skip);
    parts_free(k->parts);
    free(k);
}

/* Where there is none, and so nothing that a power cut could take: written as it is and synced with
 * the first sync of the data, so that adding thousands of torrents waits for no disk.  ERR_STATE:
 * there is one. */
static enum err write_first(struct disk *k, const struct buf *file, struct why *why)
{
    unsigned flags = VFS_WRITE | VFS_CREATE | VFS_EXCL | VFS_PRIVATE | VFS_NOFOLLOW;
    struct vfile *f = vfs_open(k->cfg.vfs, k->cfg.resume_path, flags, why);
    if (!f)
        return why->code;
    enum err err = vfile_pwrite(f, buf_bytes(file), buf_len(file), 0, why);
    if (err == OK) {
        k->journal = f;
        k->journal_unnamed = true;
        return OK;
    }
    struct why ignored; /* the first failure is the one to tell */
    vfile_close(f);
    (void)vfs_unlink(k->cfg.vfs, k->cfg.resume_path, &ignored);
    return err;
}

static enum err write_again(struct disk *k, const struct buf *file, struct why *why)
{
    enum err err = vfs_replace(k->cfg.vfs, k->cfg.resume_path, buf_bytes(file), buf_len(file),
                               VFS_PRIVATE, why);
    if (err != OK)
        return err;
    k->journal_unnamed = false;
    k->journal = vfs_open(k->cfg.vfs, k->cfg.resume_path, VFS_WRITE | VFS_NOFOLLOW, why);
    return k->journal ? OK : why->code;
}

static enum err write_anew(struct disk *k, struct why *why)
{
    struct buf file = {0};
    resume_write(k->r, &file); /* which says what the records say */
    char *parent = diskpath_parent(k->cfg.resume_path);
    enum err err = vfs_mkdirs(k->cfg.vfs, parent, 0700, why);
    free(parent);
    if (err == OK && (err = write_first(k, &file, why)) == ERR_STATE)
        err = write_again(k, &file, why);
    if (err == OK) {
        buf_clear(&k->records);
        k->journal_len = buf_len(&file);
    }
    buf_done(&file);
    return err;
}

/* --- at the start --------------------------------------------------------------------------- */

static struct judge_file *look(const struct disk *k)
{
    /* Surely not as we left it, and long enough for each piece: so it is hashed. */
    static const struct judge_file unknown = {true, UINT64_MAX, INT64_MAX};
    const struct layout *l = k->cfg.layout;
    struct judge_file *now = mem_array(l->file_count, sizeof *now);
    struct diskdir dir = diskdir_of(k->cfg.vfs, k->cfg.dir);
    for (size_t i = 0; i < l->file_count; i++) {
        struct vfs_stat st;
        if (l->files[i].pad)
            continue;
        enum err err = diskdir_stat(&dir, l->files[i].path, &st, NULL);
        if (err == OK && !st.is_dir)
            now[i] = (struct judge_file){true, st.size, st.mtime_ns};
        else if (err == ERR_IO || err == ERR_FULL || err == ERR_LIMIT)
            now[i] = unknown; /* out of descriptors, a network's disk: it may well be there */
    }
    diskdir_done(&dir);
    return now;
}

/* The resume file's mtime; fails, with a reason, when there is none that can be believed. */
static enum err read_resume(struct disk *k, int64_t *mtime_ns, struct why *why)
{
    const struct layout *l = k->cfg.layout;
    size_t max = resume_max(l->piece_count, (uint32_t)l->file_count);
    struct vfs_stat st;
    enum err err = vfs_stat(k->cfg.vfs, k->cfg.resume_path, &st, why);
    if (err != OK)
        return err;
    *mtime_ns = st.mtime_ns;
    struct buf file = {0};
    err = vfs_read_all(k->cfg.vfs, k->cfg.resume_path, max, &file, why);
    if (err == OK)
        err = resume_read(k->r, buf_cur(&file), why);
    buf_done(&file);
    if (err == OK && k->r->torn)
        why_set(why, OK, "resume file: damaged at the end; what it does not say is hashed");
    return err;
}

/* Just hashed by create: everything is proven, and nothing is known to be synced. */
static void believe_seed(struct disk *k, const struct judge_file *now)
{
    struct buf none = {0};
    resume_proven(k->r, &none, 0, k->r->piece_count);
    for (uint32_t i = 0; i < k->r->file_count; i++)
        if (now[i].there)
            resume_quiet(k->r, &none, i, now[i].size, now[i].mtime_ns);
    buf_done(&none);
}

/* Files that hold what is proven and not synced. */
static void find_unsynced(struct disk *k)
{
    struct layout_span s;
    const struct layout *l = k->cfg.layout;
    for (uint32_t p = 0; p < l->piece_count; p++) {
        if (!bits_get(k->r->proven, p) || bits_get(k->r->synced, p))
            continue;
        k->proven_since_mark = true;
        k->parts_dirty |= parts_has(k->parts, p);
        for (struct layout_walk w = layout_walk(l, layout_piece_at(l, p), layout_piece_len(l, p));
             layout_next(&w, &s);) {
            if (s.pad)
                continue;
            bits_set(k->unsynced, (uint32_t)s.file);
            bits_set(k->unnamed, (uint32_t)s.file);
        }
    }
}

/* How much of cfg.dir is there already: names below it are ours to sync. */
static size_t existing(const struct disk *k)
{
    char *path = mem_strdup(k->cfg.dir);
    struct vfs_stat st;
    while (strlen(path) > 1 && vfs_stat(k->cfg.vfs, path, &st, NULL) == ERR_NOT_FOUND) {
        char *parent = diskpath_parent(path);
        free(path);
        path = parent;
    }
    size_t n = strlen(path);
    free(path);
    return n;
}

void disk_open(struct disk *k, uint8_t *have, uint8_t *check, struct why *note)
{
    *note = (struct why){0};
    struct judge_file *now = look(k);
    parts_load(k->parts);
    struct judge_case c = {.layout = k->cfg.layout, .now = now, .parted = parts_bits(k->parts)};
    k->dir_was = existing(k);
    for (uint32_t i = 0; i < k->r->file_count; i++)
        if (!now[i].there)
            bits_set(k->absent, i);
    if (k->cfg.seed) {
        believe_seed(k, now);
        c.same_boot = true;
    } else if (k->cfg.check_all || read_resume(k, &c.resume_mtime_ns, note) != OK) {
        c.hash_all = true;
    } else {
        /* A boot without a name may be another one. */
        c.same_boot =
            k->cfg.boot_id[0] && strncmp(k->r->boot_id, k->cfg.boot_id, RESUME_BOOT_MAX) == 0;
    }
    judge(k->r, &c, check);
    memset(k->r->boot_id, 0, sizeof k->r->boot_id);
    strncpy(k->r->boot_id, k->cfg.boot_id, RESUME_BOOT_MAX);
    memcpy(have, k->r->proven, bits_bytes(k->r->piece_count));
    find_unsynced(k);
    if (k->cfg.seed) /* said to be had, so it must be recorded */
        (void)write_anew(k, note);
    free(now);
}

/* --- writing -------------------------------------------------------------------------------- */

/* A file that is not to be made may be there all the same, from before. */
static struct vfile *open_skipped(struct disk *k, struct diskdir *dir, size_t file, struct why *why)
{
    const char *path = k->cfg.layout->files[file].path;
    if (bits_get(k->absent, (uint32_t)file)) {
        why_set(why, ERR_NOT_FOUND, "%.150s: is not wanted", path);
        return NULL;
    }
    struct vfile *f = diskdir_open(dir, path, VFS_WRITE, why);
    if (!f && why->code == ERR_NOT_FOUND)
        bits_set(k->absent, (uint32_t)file);
    return f;
}

/* What was not there at the start is made at once, without asking for it first. */
static struct vfile *open_or_make(struct disk *k, struct diskdir *dir, size_t file, struct why *why)
{
    const char *path = k->cfg.layout->files[file].path;
    struct vfile *f = NULL;
    if (bits_get(k->skip, (uint32_t)file))
        return open_skipped(k, dir, file, why);
    if (bits_get(k->absent, (uint32_t)file)) {
        bits_set(k->unnamed, (uint32_t)file);
        f = diskdir_open(dir, path, VFS_WRITE | VFS_CREATE | VFS_EXCL, why);
        if (!f && why->code != ERR_STATE) /* else somebody made it since */
            return NULL;
        bits_clear(k->absent, (uint32_t)file);
    }
    if (!f)
        f = diskdir_open(dir, path, VFS_WRITE, why);
    if (!f && why->code == ERR_NOT_FOUND) {
        bits_set(k->unnamed, (uint32_t)file);
        f = diskdir_open(dir, path, VFS_WRITE | VFS_CREATE, why);
    }
    return f;
}

static struct vfile *open_to_write(struct disk *k, struct diskdir *dir, size_t file,
                                   struct why *why)
{
    struct openfile *e = openfiles_find(&k->open, file);
    if (e)
        return e->f;
    struct vfile *f = open_or_make(k, dir, file, why);
    if (!f && why->code == ERR_LIMIT) { /* out of descriptors: give ours back, once */
        openfiles_drop_all(&k->open);
        f = open_or_make(k, dir, file, why);
    }
    return f ? openfiles_add(&k->open, file, f)->f : NULL; /* nothing is pinned here */
}

enum err disk_make_empty(struct disk *k, struct why *why)
{
    const struct layout *l = k->cfg.layout;
    struct diskdir dir = diskdir_of(k->cfg.vfs, k->cfg.dir);
    enum err err = OK;
    for (size_t i = 0; i < l->file_count && err == OK; i++) {
        struct vfs_stat st;
        if (l->files[i].len > 0 || l->files[i].pad || bits_get(k->skip, (uint32_t)i))
            continue;
        err = diskdir_stat(&dir, l->files[i].path, &st, why);
        if (err == ERR_NOT_FOUND)
            err = open_to_write(k, &dir, i, why) ? OK : why->code;
        openfiles_drop(&k->open, i);
    }
    diskdir_done(&dir);
    return err;
}

static bool is_aside(const struct disk *k, size_t file)
{
    return bits_get(k->skip, (uint32_t)file) && bits_get(k->absent, (uint32_t)file);
}

static enum err announce(struct disk *k, const struct disk_range *ranges, size_t n, struct why *why)
{
    struct layout_span s;
    for (size_t i = 0; i < n; i++) {
        for (struct layout_walk w = layout_walk(k->cfg.layout, ranges[i].offset, ranges[i].len);
             layout_next(&w, &s);) {
            if (s.pad || is_aside(k, s.file))
                continue;
            bits_set(k->unsynced, (uint32_t)s.file);
            if (k->r->files[s.file].state != RESUME_FILE_WRITING)
                resume_writing(k->r, &k->records, (uint32_t)s.file);
        }
    }
    return disk_append(k, why);
}

/* Move the first `len` bytes of iov into part; returns how many parts. */
static int cut(struct iovec **iov, uint64_t *len, struct iovec part[IOV_AT_ONCE])
{
    int n = 0;
    while (*len > 0 && n < IOV_AT_ONCE) {
        part[n] = **iov;
        if (part[n].iov_len > *len)
            part[n].iov_len = (size_t)*len;
        *len -= part[n].iov_len;
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + part[n].iov_len;
        (*iov)->iov_len -= part[n].iov_len;
        if ((*iov)->iov_len == 0)
            (*iov)++;
        n++;
    }
    return n;
}

/* Of a file that is not to be made. */
static enum err put_aside(struct disk *k, const struct layout_span *s, struct iovec **iov,
                          struct why *why)
{
    struct iovec part[IOV_AT_ONCE];
    const struct layout *l = k->cfg.layout;
    uint64_t left = s->len, at = l->files[s->file].offset + s->at;
    uint32_t first = (uint32_t)(at / l->piece_len);
    uint32_t last = (uint32_t)((at + s->len - 1) / l->piece_len);
    enum err err = OK;
    k->parts_dirty = true;
    while (left > 0 && err == OK) {
        uint64_t before = left;
        int n = cut(iov, &left, part);
        err = parts_write(k->parts, at, part, n, why);
        at += before - left;
    }
    for (uint32_t p = first; p <= last && err == OK; p++)
        err = parts_add(k->parts, p, why);
    return err;
}

static enum err write_span(struct disk *k, struct diskdir *dir, const struct layout_span *s,
                           struct iovec **iov, struct why *why)
{
    struct iovec part[IOV_AT_ONCE];
    uint64_t left = s->len, at = s->at;
    struct vfile *f = NULL;
    if (!s->pad && !(f = open_to_write(k, dir, s->file, why)))
        return is_aside(k, s->file) ? put_aside(k, s, iov, why) : why->code;
    while (left > 0) {
        uint64_t before = left;
        int n = cut(iov, &left, part);
        enum err err = f ? vfile_pwritev(f, part, n, at, why) : OK;
        if (err != OK) {
            openfiles_drop(&k->open, s->file); /* the next try starts with a fresh look */
            return err;
        }
        at += before - left;
    }
    return OK;
}

enum err disk_write(struct disk *k, const struct disk_range *ranges, size_t n, struct iovec *iov,
                    struct why *why)
{
    struct layout_span s;
    struct diskdir dir = diskdir_of(k->cfg.vfs, k->cfg.dir);
    enum err err = announce(k, ranges, n, why);
    for (size_t i = 0; i < n; i++)
        for (struct layout_walk w = layout_walk(k->cfg.layout, ranges[i].offset, ranges[i].len);
             err == OK && layout_next(&w, &s);)
            err = write_span(k, &dir, &s, &iov, why);
    diskdir_done(&dir);
    return err;
}

/* --- files that are wanted, and not ---------------------------------------------------------- */

static enum err bring_back(struct disk *k, size_t file, struct why *why)
{
    struct parts_place at = {.vfs = k->cfg.vfs,
                             .layout = k->cfg.layout,
                             .infohash = k->cfg.infohash,
                             .dir = k->cfg.dir,
                             .parts_path = k->cfg.parts_path};
    struct disk_range all = {k->cfg.layout->files[file].offset, k->cfg.layout->files[file].len};
    bits_clear(k->absent, (uint32_t)file); /* so that it is announced as one that is there */
    bits_set(k->unnamed, (uint32_t)file);
    enum err err = announce(k, &all, 1, why);
    return err == OK ? parts_bring_back(k->parts, &at, file, why) : err;
}

void disk_skip(struct disk *k, const uint8_t *skip)
{
    memcpy(k->skip, skip, bits_bytes((uint32_t)k->cfg.layout->file_count));
}

enum err disk_bring_back(struct disk *k, struct why *why)
{
    const struct layout *l = k->cfg.layout;
    for (size_t i = 0; i < l->file_count; i++) {
        struct vfs_stat st;
        if (l->files[i].pad || bits_get(k->skip, (uint32_t)i) || !parts_have_file(k->parts, l, i))
            continue;
        enum err err = diskpath_stat(k->cfg.vfs, k->cfg.dir, l->files[i].path, &st, why);
        if (err == ERR_NOT_FOUND)
            err = bring_back(k, i, why);
        if (err != OK)
            return err;
    }
    return OK;
}

/* --- the resume file ------------------------------------------------------------------------ */

void disk_proven(struct disk *k, uint32_t piece)
{
    resume_proven(k->r, &k->records, piece, 1);
    k->proven_since_mark = true;
    k->parts_dirty |= parts_has(k->parts, piece);
    /* It may have been found there: somebody wrote it, and need not have synced it. */
    const struct layout *l = k->cfg.layout;
    struct layout_span s;
    for (struct layout_walk w =
             layout_walk(l, layout_piece_at(l, piece), layout_piece_len(l, piece));
         layout_next(&w, &s);)
        if (!s.pad)
            bits_set(k->unsynced, (uint32_t)s.file);
}

void disk_lost(struct disk *k, uint32_t piece)
{
    resume_lost(k->r, &k->records, piece);
}

void disk_look(struct disk *k, struct judge_file *now)
{
    openfiles_drop_all(&k->open); /* what is open may be there no more */
    free(k->seen);
    k->seen = look(k);
    if (k->r->file_count > 0)
        memcpy(now, k->seen, k->r->file_count * sizeof *now);
}

void disk_quiet(const struct disk *k, struct judge_file *out)
{
    for (uint32_t i = 0; i < k->r->file_count; i++) {
        const struct resume_file *f = &k->r->files[i];
        out[i] = f->state == RESUME_FILE_QUIET ? (struct judge_file){true, f->size, f->mtime_ns}
                                               : (struct judge_file){0};
    }
}

void disk_checked(struct disk *k)
{
    resume_checked(k->r, &k->records);
    for (uint32_t i = 0; k->seen && i < k->r->file_count; i++) {
        const struct resume_file *was = &k->r->files[i];
        const struct judge_file *now = &k->seen[i];
        if (now->there && was->state != RESUME_FILE_WRITING &&
            (was->state == RESUME_FILE_UNKNOWN || was->size != now->size ||
             was->mtime_ns != now->mtime_ns))
            resume_quiet(k->r, &k->records, i, now->size, now->mtime_ns);
    }
    free(k->seen);
    k->seen = NULL;
}

enum err disk_append(struct disk *k, struct why *why)
{
    size_t n = buf_len(&k->records);
    if (n == 0)
        return OK;
    if (k->journal && k->journal_len + n > resume_max(k->r->piece_count, k->r->file_count) / 2) {
        vfile_close(k->journal);
        k->journal = NULL;
    }
    if (!k->journal)
        return write_anew(k, why);
    enum err err = vfile_pwrite(k->journal, buf_bytes(&k->records), n, k->journal_len, why);
    if (err == OK) {
        buf_clear(&k->records);
        k->journal_len += n;
        return OK;
    }
    vfile_close(k->journal);
    k->journal = NULL;
    return err;
}
