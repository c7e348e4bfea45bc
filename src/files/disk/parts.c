#include "files/disk/parts.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"
#include "files/meta/bits.h"

#include <string.h>

static const char magic[8] = "SHPARTS1";
enum { MAGIC = sizeof magic, HEAD_STEP = 4096 };

struct parts {
    const struct vfs *vfs;
    char *path;
    uint32_t piece_count;
    uint8_t *bits;
    struct vfile *f; /* NULL: not open */
};

static uint64_t head_len(uint32_t piece_count)
{
    return (MAGIC + bits_bytes(piece_count) + HEAD_STEP - 1) / HEAD_STEP * HEAD_STEP;
}

struct parts *parts_new(const struct vfs *vfs, const char *path, uint32_t piece_count)
{
    struct parts *p = MEM_NEW(struct parts);
    *p = (struct parts){.vfs = vfs,
                        .path = mem_strdup(path),
                        .piece_count = piece_count,
                        .bits = mem_zalloc(bits_bytes(piece_count))};
    return p;
}

void parts_free(struct parts *p)
{
    if (!p)
        return;
    vfile_close(p->f);
    free(p->path);
    free(p->bits);
    free(p);
}

void parts_load(struct parts *p)
{
    size_t n = bits_bytes(p->piece_count);
    char head[MAGIC];
    struct vfile *f = vfs_open(p->vfs, p->path, VFS_READ | VFS_NOFOLLOW, NULL);
    bool good = f && vfile_pread(f, head, MAGIC, 0, NULL) == MAGIC &&
                memcmp(head, magic, MAGIC) == 0 &&
                vfile_pread(f, p->bits, n, MAGIC, NULL) == (ssize_t)n &&
                bits_spare_clear(p->bits, p->piece_count);
    if (!good)
        memset(p->bits, 0, n);
    vfile_close(f);
}

bool parts_has(const struct parts *p, uint32_t piece)
{
    return bits_get(p->bits, piece);
}

const uint8_t *parts_bits(const struct parts *p)
{
    return p->bits;
}

static enum err need(struct parts *p, struct why *why)
{
    if (p->f)
        return OK;
    p->f = vfs_open(p->vfs, p->path, VFS_WRITE | VFS_CREATE | VFS_PRIVATE | VFS_NOFOLLOW, why);
    if (!p->f)
        return why->code;
    /* The head is written whole when the file is new, or was damaged. */
    struct buf head = {0};
    buf_put(&head, magic, MAGIC);
    buf_put(&head, p->bits, bits_bytes(p->piece_count));
    enum err err = vfile_pwrite(p->f, buf_bytes(&head), buf_len(&head), 0, why);
    buf_done(&head);
    return err;
}

/* The next call begins with a fresh look. */
static enum err failed(struct parts *p, enum err err)
{
    if (err != OK) {
        vfile_close(p->f);
        p->f = NULL;
    }
    return err;
}

enum err parts_write(struct parts *p, uint64_t offset, const struct iovec *iov, int count,
                     struct why *why)
{
    enum err err = need(p, why);
    if (err == OK)
        err = vfile_pwritev(p->f, iov, count, head_len(p->piece_count) + offset, why);
    return failed(p, err);
}

static enum err put_bit(struct parts *p, uint32_t piece, struct why *why)
{
    enum err err = need(p, why);
    if (err == OK)
        err = vfile_pwrite(p->f, &p->bits[piece / 8], 1, MAGIC + piece / 8, why);
    return failed(p, err);
}

enum err parts_add(struct parts *p, uint32_t piece, struct why *why)
{
    if (bits_get(p->bits, piece))
        return OK;
    bits_set(p->bits, piece);
    enum err err = put_bit(p, piece, why);
    if (err != OK)
        bits_clear(p->bits, piece);
    return err;
}

enum err parts_drop(struct parts *p, uint32_t piece, struct why *why)
{
    if (!bits_get(p->bits, piece))
        return OK;
    bits_clear(p->bits, piece);
    if (bits_count(p->bits, p->piece_count) > 0)
        return put_bit(p, piece, why);
    vfile_close(p->f);
    p->f = NULL;
    enum err err = vfs_unlink(p->vfs, p->path, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err parts_read(const struct vfs *vfs, const char *path, uint32_t piece_count, uint64_t offset,
                    uint8_t *to, size_t n, struct why *why)
{
    struct vfile *f = vfs_open(vfs, path, VFS_READ | VFS_NOFOLLOW, why);
    if (!f)
        return why->code;
    ssize_t got = vfile_pread(f, to, n, head_len(piece_count) + offset, why);
    enum err err = got < 0 ? why->code : OK;
    if (got >= 0 && (size_t)got < n)
        err = why_set(why, ERR_NOT_FOUND, "%.150s: does not have these bytes", path);
    vfile_close(f);
    return err;
}

enum err parts_sync(const struct vfs *vfs, const char *path, struct why *why)
{
    struct vfile *f = vfs_open(vfs, path, VFS_WRITE | VFS_NOFOLLOW, why);
    enum err err = f ? vfile_sync(f, why) : why->code;
    vfile_close(f);
    if (err != OK)
        return err;
    char *folder = diskpath_parent(path);
    err = vfs_sync_dir(vfs, folder, why);
    free(folder);
    return err;
}
