/* files/peer/info_fetch.h - one attempt to get the metadata of a magnet link from one peer (BEP 9).
 *
 * Pure.  All pieces of an attempt come from one peer, so when the hash is wrong there is one to
 * blame, and a poisoner that answers fast cannot spoil what an honest peer sends: attempts with
 * other peers run beside it.  Memory grows with the bytes that really came, never with the size
 * that was claimed; the owner draws it from a budget. */
#ifndef SHOAL_FILES_PEER_INFO_FETCH_H
#define SHOAL_FILES_PEER_INFO_FETCH_H

#include "files/meta/infohash.h"
#include "files/peer/wire_msg.h"
#include "net/loop.h"

enum { INFO_FETCH_ASK_MAX = 16 }; /* pieces asked at once */
#define INFO_FETCH_PIECE_US (10 * SEC)
/* All of it: a while, and longer when large; then others have their turn. */
#define INFO_FETCH_BASE_US (20 * SEC)
enum { INFO_FETCH_MIN_RATE = 32 * 1024 }; /* bytes a second */

struct info_fetch;

/* hash: one or both, of which one is checked here.  size: what the peer claims, 1 to MI_INFO_MAX
 * (checked by wire_read_ext). */
struct info_fetch *info_fetch_new(const struct infohash *hash, int64_t size, uint64_t now_us);
void info_fetch_free(struct info_fetch *f);

/* The next piece to ask for; false: none now. */
bool info_fetch_next(struct info_fetch *f, uint32_t *piece);

/* A data message came.  ERR_INVALID: the peer is wrong (not asked for, another size).  *done: all
 * is here, to be joined. */
MUST_CHECK enum err info_fetch_data(struct info_fetch *f, const struct wire_metadata *md,
                                    uint64_t now_us, bool *done, struct why *why);
bool info_fetch_is_late(const struct info_fetch *f, uint64_t now_us);
size_t info_fetch_held(const struct info_fetch *f); /* bytes that came so far */
/* Once done; takes as long as hashing it, and touches nothing else: a lane can do it.  ERR_INVALID:
 * the whole has another hash. */
MUST_CHECK enum err info_fetch_join(struct info_fetch *f, struct why *why);
struct cur info_fetch_bytes(struct info_fetch *f); /* once joined */

#endif
