/* store/db_disk_test.h - SQLite's disk, with faults and power cuts.
 *
 * SQLite does not know a struct vfs, but has a table of its own for that.  While a db_disk is
 * plugged in, databases that are opened lie on it: any call may be planned to fail, a failing write
 * has written half, and a power cut leaves what was synced and something of the rest.
 *
 *     db_disk_plug(&disk);
 *     disk.fail_at = disk.calls + 7;   the seventh call from now, and, with fail_on, all after it
 *     ...
 *     db_disk_cut(&disk, seed, "/tmp/after");   as the machine would find it
 *     db_disk_unplug(&disk);
 *
 * db_disk_away() lets the next databases lie elsewhere, say on another machine's disk.
 *
 * Syncs go no further than this model, so a test costs no waiting.  The names of files are taken to
 * last at once. */
#ifndef SHOAL_STORE_DB_DISK_TEST_H
#define SHOAL_STORE_DB_DISK_TEST_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "store/vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct disk_write {
    uint64_t at;
    size_t n;
    uint8_t *bytes; /* NULL: cut off here */
};

/* A file: what lasts of it, and what was written since. */
struct disk_image {
    char *path;
    struct buf lasting;
    struct disk_write *writes;
    size_t n;
};

struct db_disk {
    sqlite3_vfs vfs, *real;
    struct disk_image images[8];
    size_t n;
    uint64_t calls, fail_at; /* fail_at 0: none */
    bool fail_on, full;      /* full: only writes fail, and say so */
};

struct disk_file {
    sqlite3_file file;
    struct db_disk *disk;
    struct disk_image *image; /* NULL: a file without a name, that nobody looks for again */
    sqlite3_file *real;
};

static inline bool disk_fails(struct db_disk *d, bool writing)
{
    d->calls++;
    return d->fail_at > 0 && (writing || !d->full) &&
           (d->fail_on ? d->calls >= d->fail_at : d->calls == d->fail_at);
}

static inline void disk_apply(struct buf *b, const struct disk_write *w)
{
    size_t end = (size_t)w->at + w->n;
    if (buf_len(b) < end) {
        size_t grow = end - buf_len(b);
        memset(buf_room(b, grow), 0, grow);
        buf_grew(b, grow);
    }
    if (w->bytes)
        memcpy(buf_bytes(b) + w->at, w->bytes, w->n);
    else
        b->tail = b->head + (size_t)w->at;
}

static inline void disk_wrote(struct disk_file *f, uint64_t at, const void *bytes, size_t n)
{
    struct disk_image *i = f->image;
    if (!i)
        return;
    i->writes = mem_realloc(i->writes, (i->n + 1) * sizeof *i->writes);
    i->writes[i->n++] = (struct disk_write){at, n, bytes ? mem_dup(bytes, n) : NULL};
}

static inline void disk_forget(struct disk_image *i, bool keep)
{
    for (size_t k = 0; k < i->n; k++) {
        if (keep)
            disk_apply(&i->lasting, &i->writes[k]);
        free(i->writes[k].bytes);
    }
    free(i->writes);
    i->writes = NULL;
    i->n = 0;
}

/* --- the calls of a file ---------------------------------------------------------------------- */

static inline int disk_close(sqlite3_file *file)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xClose(f->real);
}

static inline int disk_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    struct disk_file *f = (struct disk_file *)file;
    return disk_fails(f->disk, false) ? SQLITE_IOERR_READ
                                      : f->real->pMethods->xRead(f->real, to, n, at);
}

static inline int disk_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct disk_file *f = (struct disk_file *)file;
    bool fails = disk_fails(f->disk, true);
    if (fails)
        n /= 2;
    disk_wrote(f, (uint64_t)at, bytes, (size_t)n);
    int rc = f->real->pMethods->xWrite(f->real, bytes, n, at);
    return !fails ? rc : f->disk->full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static inline int disk_truncate(sqlite3_file *file, sqlite3_int64 n)
{
    struct disk_file *f = (struct disk_file *)file;
    if (disk_fails(f->disk, false))
        return SQLITE_IOERR_TRUNCATE;
    disk_wrote(f, (uint64_t)n, NULL, 0);
    return f->real->pMethods->xTruncate(f->real, n);
}

static inline int disk_sync(sqlite3_file *file, int flags)
{
    struct disk_file *f = (struct disk_file *)file;
    (void)flags;
    if (disk_fails(f->disk, false))
        return SQLITE_IOERR_FSYNC;
    if (f->image)
        disk_forget(f->image, true);
    return SQLITE_OK;
}

static inline int disk_size(sqlite3_file *file, sqlite3_int64 *n)
{
    struct disk_file *f = (struct disk_file *)file;
    return disk_fails(f->disk, false) ? SQLITE_IOERR_FSTAT
                                      : f->real->pMethods->xFileSize(f->real, n);
}

static inline int disk_lock(sqlite3_file *file, int how)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xLock(f->real, how);
}

static inline int disk_unlock(sqlite3_file *file, int how)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xUnlock(f->real, how);
}

static inline int disk_check_lock(sqlite3_file *file, int *out)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xCheckReservedLock(f->real, out);
}

static inline int disk_control(sqlite3_file *file, int op, void *arg)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xFileControl(f->real, op, arg);
}

static inline int disk_sector(sqlite3_file *file)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xSectorSize(f->real);
}

static inline int disk_traits(sqlite3_file *file)
{
    (void)file;
    return 0; /* none: it may tear and reorder */
}

static inline int disk_shm_map(sqlite3_file *file, int at, int n, int more, void volatile **out)
{
    struct disk_file *f = (struct disk_file *)file;
    return disk_fails(f->disk, false) ? SQLITE_IOERR_SHMMAP
                                      : f->real->pMethods->xShmMap(f->real, at, n, more, out);
}

static inline int disk_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xShmLock(f->real, at, n, flags);
}

static inline void disk_shm_barrier(sqlite3_file *file)
{
    struct disk_file *f = (struct disk_file *)file;
    f->real->pMethods->xShmBarrier(f->real);
}

static inline int disk_shm_unmap(sqlite3_file *file, int away)
{
    struct disk_file *f = (struct disk_file *)file;
    return f->real->pMethods->xShmUnmap(f->real, away);
}

static const sqlite3_io_methods disk_calls = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

/* --- files ------------------------------------------------------------------------------------ */

static inline struct disk_image *disk_image_of(struct db_disk *d, const char *path)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->images[i].path && !strcmp(d->images[i].path, path))
            return &d->images[i];
    struct disk_image *image = NULL;
    for (size_t i = 0; i < d->n && !image; i++)
        if (!d->images[i].path)
            image = &d->images[i];
    image = image ? image : &d->images[d->n++];
    *image = (struct disk_image){.path = mem_strdup(path)};
    (void)!vfs_read_all(vfs_os(), path, 64 << 20, &image->lasting, NULL); /* nothing: it is new */
    return image;
}

static inline int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                            int *out)
{
    struct db_disk *d = vfs->pAppData;
    struct disk_file *f = (struct disk_file *)file;
    *f = (struct disk_file){.disk = d, .real = (sqlite3_file *)(f + 1)};
    if (disk_fails(d, false))
        return SQLITE_CANTOPEN;
    f->image = path ? disk_image_of(d, path) : NULL;
    int rc = d->real->xOpen(d->real, path, f->real, flags, out);
    if (rc == SQLITE_OK)
        f->file.pMethods = &disk_calls;
    return rc;
}

static inline int disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    struct db_disk *d = vfs->pAppData;
    if (disk_fails(d, false))
        return SQLITE_IOERR_DELETE;
    struct disk_image *i = disk_image_of(d, path);
    disk_forget(i, false);
    buf_done(&i->lasting);
    free(i->path);
    i->path = NULL;
    return d->real->xDelete(d->real, path, sync);
}

static inline int disk_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    struct db_disk *d = vfs->pAppData;
    return disk_fails(d, false) ? SQLITE_IOERR_ACCESS : d->real->xAccess(d->real, path, flags, out);
}

static inline int disk_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
    struct db_disk *d = vfs->pAppData;
    return d->real->xFullPathname(d->real, path, n, out);
}

/* From now on all databases lie on it. */
static inline void db_disk_plug(struct db_disk *d)
{
    *d = (struct db_disk){.real = sqlite3_vfs_find(NULL)};
    d->vfs = *d->real; /* clock and randomness are the machine's */
    d->vfs.iVersion = 1;
    d->vfs.szOsFile = (int)sizeof(struct disk_file) + d->real->szOsFile;
    d->vfs.zName = "shoal-test-disk";
    d->vfs.pAppData = d;
    d->vfs.xOpen = disk_open;
    d->vfs.xDelete = disk_delete;
    d->vfs.xAccess = disk_access;
    d->vfs.xFullPathname = disk_full_path;
    sqlite3_vfs_register(&d->vfs, 1);
}

/* Those that are open on it stay there. */
static inline void db_disk_away(struct db_disk *d)
{
    sqlite3_vfs_unregister(&d->vfs);
    sqlite3_vfs_register(d->real, 1);
}

/* It is away, and databases on it are closed. */
static inline void db_disk_done(struct db_disk *d)
{
    for (size_t i = 0; i < d->n; i++) {
        disk_forget(&d->images[i], false);
        buf_done(&d->images[i].lasting);
        free(d->images[i].path);
    }
}

/* Databases on it are closed before. */
static inline void db_disk_unplug(struct db_disk *d)
{
    db_disk_away(d);
    db_disk_done(d);
}

/* Write the files to a folder as a power cut leaves them: what was synced, and of the rest nothing,
 * everything, or, by the seed, any part. */
static inline void db_disk_cut(struct db_disk *d, uint64_t seed, const char *folder)
{
    for (size_t i = 0; i < d->n; i++) {
        struct disk_image *image = &d->images[i];
        if (!image->path)
            continue;
        struct buf left = {0};
        buf_put(&left, buf_bytes(&image->lasting), buf_len(&image->lasting));
        for (size_t k = 0; k < image->n; k++) {
            struct disk_write w = image->writes[k];
            uint64_t luck = (seed / 3 + i * 7919 + k) * 0x9e3779b97f4a7c15u >> 60;
            if (seed % 3 == 0 || (seed % 3 == 2 && luck < 6))
                continue;
            if (seed % 3 == 2 && luck < 10 && w.bytes)
                w.n /= 2;
            disk_apply(&left, &w);
        }
        char *path = mem_printf("%s%s", folder, strrchr(image->path, '/'));
        struct why why;
        struct vfile *f = vfs_open(vfs_os(), path, VFS_WRITE | VFS_CREATE | VFS_PRIVATE, &why);
        if (!f || vfile_pwrite(f, buf_bytes(&left), buf_len(&left), 0, &why) != OK)
            fail_msg("%s", why.text);
        vfile_close(f);
        free(path);
        buf_done(&left);
    }
}

#endif
