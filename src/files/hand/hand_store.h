/* files/hand/hand_store.h - what is being received, on the disk of who gets it.
 *
 * It lies beside its place, as NAME.ID.part, until all of it is there, right and synced; then it
 * gets its name in one step, or that with a number: nothing is written over.  The hash of each
 * chunk that was written lies in a file of sums, so that what is there is proven anew after a kill
 * or a power cut, and nothing needs to be synced on the way.
 *
 *     hand_store_open()     folder made, room looked for, what is there proven -> hand_store_next()
 *     hand_store_put()      chunks, in their row
 *     hand_store_finish()   synced, and named                                -> hand_store_path()
 *
 * One operation at a time; each ends with its callback, once, from the loop, on LANE_DISK's
 * threads before.  Chunks whose hash is wrong are ERR_INVALID. */
#ifndef SHOAL_FILES_HAND_HAND_STORE_H
#define SHOAL_FILES_HAND_HAND_STORE_H

#include "crypto/sha256.h"
#include "files/hand/hand_offer.h"
#include "net/loop.h"
#include "store/vfs.h"

#define HAND_RESERVE (UINT64_C(64) << 20) /* bytes that stay free on the disk */

struct hand_store_cfg {
    struct loop *loop;
    const struct vfs *vfs;
    const char *dir;  /* where it goes; absolute */
    const char *id;   /* of the transfer: in the name of the part */
    const char *sums; /* file; its folder is there */
    struct cur offer; /* as it came */
};

struct hand_store;
typedef void hand_store_cb(void *arg, const struct why *why); /* NULL: it went well */

/* All is copied.  NULL: the offer is none. */
struct hand_store *hand_store_new(const struct hand_store_cfg *cfg, struct why *why);
/* Cancels what runs: silence.  What is on the disk stays.  NULL: nothing. */
void hand_store_free(struct hand_store *s);

/* With names that are safe; valid as long as s is. */
const struct hand_offer *hand_store_offer(const struct hand_store *s);
uint64_t hand_store_next(const struct hand_store *s); /* the first chunk that is not there */
/* The part, or what it became, and where it lies: valid until the store is freed. */
const char *hand_store_path(const struct hand_store *s);
const char *hand_store_name(const struct hand_store *s);

/* ERR_FULL where there is no room for the rest. */
void hand_store_open(struct hand_store *s, hand_store_cb *cb, void *arg);
/* n chunks from hand_store_next() on; bytes: of all, end to end; taken. */
void hand_store_put(struct hand_store *s, struct buf *bytes, const uint8_t (*hashes)[SHA256_LEN],
                    size_t n, hand_store_cb *cb, void *arg);
void hand_store_finish(struct hand_store *s, hand_store_cb *cb, void *arg);
/* Takes the part away, and frees s. */
void hand_store_remove(struct hand_store *s);
bool hand_store_busy(const struct hand_store *s);

#endif
