#include "files/disk/parts_back.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"

#include <string.h>

enum { COPY_AT_ONCE = 256 * 1024 };

bool parts_have_file(const struct parts *p, const struct layout *l, size_t file)
{
    uint32_t first, end;
    layout_file_pieces(l, file, &first, &end);
    while (first < end && !parts_has(p, first))
        first++;
    return first < end;
}

/* What a piece has of the file. */
static enum err copy_out(const struct parts_place *at, uint32_t piece, size_t file,
                         struct vfile *to, struct why *why)
{
    const struct layout *l = at->layout;
    uint64_t file_at = l->files[file].offset, file_end = file_at + l->files[file].len;
    uint64_t from = layout_piece_at(l, piece), end = from + layout_piece_len(l, piece);
    uint8_t *bytes = mem_realloc(NULL, COPY_AT_ONCE);
    enum err err = OK;
    from = from > file_at ? from : file_at;
    end = end < file_end ? end : file_end;
    for (size_t n; from < end && err == OK; from += n) {
        n = end - from < COPY_AT_ONCE ? (size_t)(end - from) : COPY_AT_ONCE;
        err = parts_read(at->vfs, at->parts_path, l->piece_count, from, bytes, n, why);
        if (err == OK)
            err = vfile_pwrite(to, bytes, n, from - file_at, why);
    }
    free(bytes);
    return err;
}

/* Beside the file, until it has all that was put aside. */
static char *other_name(const struct parts_place *at, size_t file)
{
    const char *path = at->layout->files[file].path, *slash = strrchr(path, '/');
    const uint8_t *id = at->infohash;
    return mem_printf("%.*s.shoal-%02x%02x%02x%02x-%zu", slash ? (int)(slash + 1 - path) : 0, path,
                      id[0], id[1], id[2], id[3], file);
}

static enum err make(struct parts *p, const struct parts_place *at, size_t file, const char *path,
                     struct why *why)
{
    uint32_t first, end;
    struct vfile *f =
        diskpath_open(at->vfs, at->dir, path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, why);
    enum err err = f ? OK : why->code;
    layout_file_pieces(at->layout, file, &first, &end);
    for (uint32_t i = first; i < end && err == OK; i++)
        if (parts_has(p, i))
            err = copy_out(at, i, file, f, why);
    if (err == OK)
        err = vfile_sync(f, why);
    vfile_close(f);
    return err;
}

/* Nothing of the piece is needed from the parts file any more, unless another file of it is not
 * there. */
static enum err let_go(struct parts *p, const struct parts_place *at, uint32_t piece,
                       struct why *why)
{
    const struct layout *l = at->layout;
    struct layout_span s;
    for (struct layout_walk w =
             layout_walk(l, layout_piece_at(l, piece), layout_piece_len(l, piece));
         layout_next(&w, &s);) {
        struct vfs_stat st;
        if (!s.pad && diskpath_stat(at->vfs, at->dir, l->files[s.file].path, &st, why) != OK)
            return why->code == ERR_NOT_FOUND ? OK : why->code;
    }
    return parts_drop(p, piece, why);
}

enum err parts_bring_back(struct parts *p, const struct parts_place *at, size_t file,
                          struct why *why)
{
    uint32_t first, end;
    char *path = other_name(at, file);
    char *from = diskpath_join(at->dir, path);
    char *to = diskpath_join(at->dir, at->layout->files[file].path);
    enum err err = make(p, at, file, path, why);
    if (err == OK)
        err = vfs_rename(at->vfs, from, to, why);
    if (err == OK) { /* the name lasts before what was put aside goes */
        char *folder = diskpath_parent(to);
        err = vfs_sync_dir(at->vfs, folder, why);
        free(folder);
    }
    free(path);
    free(from);
    free(to);
    layout_file_pieces(at->layout, file, &first, &end);
    for (uint32_t i = first; i < end && err == OK; i++)
        if (parts_has(p, i))
            err = let_go(p, at, i, why);
    return err;
}
