#include "files/disk/data_disk_in.h"

#include "base/map.h"
#include "base/mem.h"
#include "files/disk/diskpath.h"
#include "files/meta/bits.h"

#include <string.h>

/* Each folder from the one that `path` lies in up to the lowest that was there before us. */
static void add_folders(const struct disk *k, struct map *folders, const char *path)
{
    char *at = diskpath_join(k->cfg.dir, path);
    for (;;) {
        char *parent = diskpath_parent(at);
        free(at);
        at = parent;
        bool known = map_get(folders, at, strlen(at)) != NULL;
        if (!known)
            map_put(folders, at, strlen(at), folders); /* a set: any value but NULL */
        if (known || strlen(at) <= k->dir_was)
            break;
    }
    free(at);
}

static void dirty_again(struct disk *k, const struct disk_dirty *dirty)
{
    for (size_t i = 0; i < dirty->count; i++)
        bits_set(k->unsynced, dirty->files[i]);
    for (size_t i = 0; i < dirty->unnamed_count; i++)
        bits_set(k->unnamed, dirty->unnamed[i]);
    k->proven_since_mark = true;
    k->parts_dirty |= dirty->parts;
}

/* Files that we write to, and that are not what is found by their names any more: what we wrote is
 * gone with them.  They are closed, so that the next write makes them anew. */
static void find_replaced(struct disk *k, struct disk_dirty *dirty)
{
    struct diskdir dir = diskdir_of(k->cfg.vfs, k->cfg.dir);
    for (size_t i = 0; k->open.at && i < OPENFILES_MAX; i++) {
        struct openfile *e = &k->open.at[i];
        struct vfs_stat ours, now;
        if (!e->f || vfile_stat(e->f, &ours, NULL) != OK)
            continue;
        enum err err = diskdir_stat(&dir, k->cfg.layout->files[e->file].path, &now, NULL);
        bool gone = err == ERR_NOT_FOUND;
        bool other = err == OK && (now.size != ours.size || now.mtime_ns != ours.mtime_ns);
        if (!gone && !other)
            continue;
        dirty->replaced[dirty->replaced_count++] = (uint32_t)e->file;
        openfiles_drop(&k->open, e->file);
    }
    diskdir_done(&dir);
}

enum err disk_mark(struct disk *k, struct disk_dirty *dirty, struct why *why)
{
    uint32_t n = k->r->file_count;
    *dirty = (struct disk_dirty){.files = mem_array(n, sizeof *dirty->files),
                                 .unnamed = mem_array(n, sizeof *dirty->unnamed)};
    find_replaced(k, dirty);
    struct map *folders = map_new(0); /* keyed by our own paths */
    for (uint32_t i = 0; i < n; i++) {
        if (bits_get(k->unsynced, i))
            dirty->files[dirty->count++] = i;
        if (!bits_get(k->unnamed, i))
            continue;
        dirty->unnamed[dirty->unnamed_count++] = i;
        add_folders(k, folders, k->cfg.layout->files[i].path);
    }
    dirty->folders = mem_array(map_count(folders), sizeof *dirty->folders);
    const void *key;
    size_t len;
    for (size_t at = 0; map_next(folders, &at, &key, &len);)
        dirty->folders[dirty->folder_count++] = mem_strndup(key, len);
    map_free(folders);
    memset(k->unsynced, 0, bits_bytes(n));
    memset(k->unnamed, 0, bits_bytes(n));
    k->proven_since_mark = false;
    dirty->parts = k->parts_dirty;
    k->parts_dirty = false;
    resume_mark(k->r, &k->records);
    enum err err = disk_append(k, why);
    if (err != OK)
        dirty_again(k, dirty);
    return err;
}

void disk_unsynced(struct disk *k, const struct disk_dirty *dirty)
{
    dirty_again(k, dirty);
    resume_unsynced(k->r, &k->records);
}

static enum err sync_file(struct diskdir *dir, const char *path, struct why *why)
{
    /* Opened for writing: fdatasync(2) on some systems wants it. */
    struct vfile *f = diskdir_open(dir, path, VFS_WRITE, why);
    if (!f && why->code == ERR_NOT_FOUND)
        return OK;                     /* removed by somebody: reading will notice */
    if (!f && why->code == ERR_DENIED) /* a seed's files may be for reading only */
        f = diskdir_open(dir, path, VFS_READ, why);
    enum err err = f ? vfile_sync(f, why) : why->code;
    vfile_close(f);
    return err;
}

enum err disk_sync(const struct disk_cfg *cfg, const struct disk_dirty *dirty, struct why *why)
{
    struct diskdir dir = diskdir_of(cfg->vfs, cfg->dir);
    enum err done = OK;
    for (size_t i = 0; i < dirty->count && done == OK; i++)
        done = sync_file(&dir, cfg->layout->files[dirty->files[i]].path, why);
    diskdir_done(&dir);
    if (done != OK)
        return done;
    for (size_t i = 0; i < dirty->folder_count; i++) {
        enum err err = vfs_sync_dir(cfg->vfs, dirty->folders[i], why);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    done = dirty->parts ? parts_sync(cfg->vfs, cfg->parts_path, why) : OK;
    return done == ERR_NOT_FOUND ? OK : done; /* all of it went into files meanwhile */
}

/* Whether all pieces of a file are proven: nothing more will be written to it. */
static bool finished(const struct disk *k, uint32_t file)
{
    uint32_t first, end;
    layout_file_pieces(k->cfg.layout, file, &first, &end);
    while (first < end && bits_get(k->r->proven, first))
        first++;
    return first == end;
}

static enum err sync_journal(struct disk *k, struct why *why)
{
    enum err err = vfile_sync(k->journal, why);
    if (err == OK && k->journal_unnamed) {
        char *parent = diskpath_parent(k->cfg.resume_path);
        err = vfs_sync_dir(k->cfg.vfs, parent, why);
        k->journal_unnamed = err != OK;
        free(parent);
    }
    if (err == OK && !disk_is_dirty(k) && !disk_is_writing(k)) {
        vfile_close(k->journal); /* of thousands that rest none holds a descriptor */
        k->journal = NULL;
    }
    return err;
}

enum err disk_synced(struct disk *k, bool all, struct why *why)
{
    resume_synced(k->r, &k->records);
    struct diskdir dir = diskdir_of(k->cfg.vfs, k->cfg.dir);
    for (uint32_t i = 0; i < k->r->file_count; i++) {
        struct vfs_stat st;
        if (k->r->files[i].state == RESUME_FILE_WRITING && !bits_get(k->unsynced, i) &&
            (all || finished(k, i)) &&
            diskdir_stat(&dir, k->cfg.layout->files[i].path, &st, NULL) == OK)
            resume_quiet(k->r, &k->records, i, st.size, st.mtime_ns);
    }
    diskdir_done(&dir);
    enum err err = disk_append(k, why);
    if (err == OK && k->journal)
        err = sync_journal(k, why);
    return err;
}

void disk_dirty_done(struct disk_dirty *dirty)
{
    for (size_t i = 0; i < dirty->folder_count; i++)
        free(dirty->folders[i]);
    free(dirty->folders);
    free(dirty->files);
    free(dirty->unnamed);
    *dirty = (struct disk_dirty){0};
}

bool disk_is_writing(const struct disk *k)
{
    for (uint32_t i = 0; i < k->r->file_count; i++)
        if (k->r->files[i].state == RESUME_FILE_WRITING)
            return true;
    return k->parts_dirty;
}

bool disk_is_dirty(const struct disk *k)
{
    if (k->proven_since_mark || k->parts_dirty)
        return true;
    for (size_t i = 0; i < bits_bytes(k->r->file_count); i++)
        if (k->unsynced[i] || k->unnamed[i])
            return true;
    return false;
}
