/* files/web/web_url.h - what is asked of a web seed, and what its answer's head says.  Pure. */
#ifndef SHOAL_FILES_WEB_WEB_URL_H
#define SHOAL_FILES_WEB_WEB_URL_H

#include "base/buf.h"
#include "files/meta/metainfo.h"

/* Where this file lies (BEP 19): for a single file the URL itself, or with the torrent's name
 * behind it when it ends in '/'; else the URL, one '/', and the file's path, which begins with the
 * torrent's name.  Each part is escaped. */
void web_url_put(struct buf *out, const char *base, const struct metainfo *mi, size_t file);

/* What a script is asked for (BEP 17): [at, at + len) of a piece. */
void web_url_put_piece(struct buf *out, const char *base, const struct metainfo *mi, uint32_t piece,
                       uint64_t at, uint64_t len);

/* May it be asked at all: http or https, to be kept and shown? */
bool web_url_is(const char *url);
/* Has it a query?  Of a host on this machine or network such are not asked: they may be orders. */
bool web_url_has_query(const char *url);

/* Content-Range, "bytes 100-199/1000" (RFC 9110 section 14.4): first and last byte; the whole
 * length may be unknown.  false: it is none. */
bool web_range_read(const char *text, uint64_t *first, uint64_t *last);
/* Retry-After's seconds (RFC 9110 section 10.2.3), at most `most`; `fallback` for a date or none.
 */
uint64_t web_retry_read(const char *text, uint64_t fallback, uint64_t most);

#endif
