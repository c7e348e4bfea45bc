/* files/meta/parse.h - reading a torrent that is too large to be read on the loop.
 *
 * Reading costs up to 40 ns a byte of a hostile torrent, so what has more than PARSE_SMALL bytes is
 * read on LANE_CPU, of bytes that the job owns; what is smaller its caller reads at once
 * (files/meta/metainfo.h).
 *
 *     g->parse = parse_start(loop, PARSE_TORRENT, bytes, on_parsed, g);
 *     ...
 *     parse_cancel(g->parse);        (NULL is fine) */
#ifndef SHOAL_FILES_META_PARSE_H
#define SHOAL_FILES_META_PARSE_H

#include "base/buf.h"
#include "files/meta/metainfo.h"
#include "net/loop.h"
#include "store/vfs.h"

enum { PARSE_SMALL = 64 * 1024 /* bytes: 3 ms at worst */ };

struct parse;
enum parse_what {
    PARSE_TORRENT, /* the bytes of a .torrent */
    PARSE_BASE64,  /* likewise, as text */
};

/* mi: the callback's, to be freed with parse_drop(); NULL: why. */
typedef void parse_cb(void *arg, struct metainfo *mi, const struct why *why);

/* Takes the bytes of `bytes`, which is empty then. */
struct parse *parse_start(struct loop *loop, enum parse_what what, struct buf *bytes,
                          parse_cb *done, void *arg);
/* Likewise of a file, which the lane reads; own: as by metainfo_parse_own(). */
struct parse *parse_file(struct loop *loop, const struct vfs *vfs, const char *path, bool own,
                         parse_cb *done, void *arg);
void parse_cancel(struct parse *p); /* NULL: nothing */

/* metainfo_free(), on the lane when it is large.  NULL: nothing. */
void parse_drop(struct loop *loop, struct metainfo *mi);

#endif
