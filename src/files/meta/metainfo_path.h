/* files/meta/metainfo_path.h - a torrent's names, made safe to create below a folder.
 *
 * Whoever made a torrent chose its names; a name must not lead out of the download folder, drive a
 * terminal, or be one that two files want.  Nothing is refused for its name: what is not safe is
 * replaced, in the same way on every machine, so that data may be moved between them. */
#ifndef SHOAL_FILES_META_METAINFO_PATH_H
#define SHOAL_FILES_META_METAINFO_PATH_H

#include "files/meta/bencode.h"
#include "files/meta/metainfo.h"

enum {
    MI_PART_MAX = 255, /* bytes; NAME_MAX of Linux's file systems */
    MI_DEPTH_MAX = 64, /* parts of a path */
};

/* For whom names are made safe. */
enum mi_names {
    MI_FOREIGN, /* a stranger made them: for us, and for the Windows and macOS machines that share
                 */
    MI_OWN,     /* they came from this machine's disk and must be found there again: as they are */
};

/* Append one part of a path; true when it is another than the one that was given.  '/', '\', what
 * is not harmless (base/utf8.h) and each malformed byte become "_"; "", "." and ".." become "_";
 * what is too long loses the end of its stem.  What Windows keeps for devices (CON, NUL, aux.txt)
 * gets a "_" in front, and a dot or blank at the end, which Windows drops, becomes "_".
 * MI_OWN: of all this only what would lead elsewhere. */
bool mi_path_put_part(struct buf *out, struct cur part, enum mi_names names);

/* Append "name/part/part" for a list of strings, at least one; true when it is another than the
 * one that was given.  Too deep, or so long that with
 * a mark of mi_paths_unique it would pass MI_PATH_MAX: the folders between are left out. */
bool mi_path_put(struct buf *out, const char *name, const struct ben *parts, enum mi_names names);

/* Let no file's path be another's, nor that of a folder, also for who does not tell their letters
 * apart (fold.h): of several the first
 * keeps its name, others get their place in the list as a mark ("photo_17.jpg").  Padding is
 * passed over, since it is never written.  Sets `renamed` of who got a mark.  All paths begin with
 * `prefix` bytes in common. */
void mi_paths_unique(struct arena *a, struct mi_file *files, size_t n, size_t prefix);

#endif
