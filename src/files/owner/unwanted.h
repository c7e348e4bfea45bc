/* files/owner/unwanted.h - what the owner does not want: which addresses, torrents, signers and
 * file names.
 *
 *     files.ip-filter   lists of addresses; asked before each dial, accept, candidate, web seed
 *     files.blocklist   lists of infohashes and signers, and the owner's own (in the database)
 *     files.deny        names of files that are never made; files.deny-action: what then
 *     bans              IPs that sent false pieces, for a day (in the database)
 *
 * Lists come from feeds (feed.h) and are read again while the node runs; `addrs` and `torrents`
 * are then told, so that what is connected or held already is looked over.  Lists are in force from
 * when they have been read: at start that is some turns of the loop later (unwanted_ready). */
#ifndef SHOAL_FILES_OWNER_UNWANTED_H
#define SHOAL_FILES_OWNER_UNWANTED_H

#include "base/conf.h"
#include "files/meta/metainfo.h"
#include "files/owner/blocklist.h"
#include "net/loop.h"
#include "store/db.h"

#include <jansson.h>

enum {
    UNWANTED_SOURCES_MAX = 32, /* of each kind */
    UNWANTED_BANS_MAX = 4096,  /* the oldest goes */
};
#define UNWANTED_BAN_US (24 * 3600 * SEC) /* over restarts by the wall clock */

struct unwanted_cfg {
    struct loop *loop;
    const struct vfs *vfs;
    const struct log *log;
    struct db *db;
    const char *lists_dir; /* where lists from the net are kept; copied */
    const char *from_ip;   /* NULL: any; copied */
    void (*addrs)(void *arg);
    void (*torrents)(void *arg);
    void *arg;
};

struct unwanted;
/* NULL: a setting makes no sense. */
struct unwanted *unwanted_new(const struct unwanted_cfg *cfg, const struct conf *conf,
                              struct why *why);
void unwanted_free(struct unwanted *r); /* NULL: nothing */
/* Settings may be others, files are looked at and URLs asked now.  A setting that makes no sense is
 * logged, and the one before holds. */
void unwanted_reload(struct unwanted *r, const struct conf *conf);
/* Every list has been read, or could not be. */
bool unwanted_ready(const struct unwanted *r);

/* Is this address filtered?  Each true is counted.  NULL: no. */
bool unwanted_refuse(struct unwanted *r, const struct addr *a);
/* Nothing to do with this IP for UNWANTED_BAN_US: it sent bytes that were not a torrent's. */
void unwanted_ban(struct unwanted *r, const struct addr *a);

/* OK, or ERR_DENIED with the list and the line. */
MUST_CHECK enum err unwanted_check(struct unwanted *r, const struct block *b, struct why *why);
/* The owner's own list.  unblock: ERR_NOT_FOUND when it is not on it. */
MUST_CHECK enum err unwanted_block(struct unwanted *r, const struct block *b, const char *note,
                                   struct why *why);
MUST_CHECK enum err unwanted_unblock(struct unwanted *r, const struct block *b, struct why *why);

/* The pattern of files.deny that a path matches, or NULL; what is to happen then. */
const char *unwanted_denied(const struct unwanted *r, const char *path);
bool unwanted_deny_refuses(const struct unwanted *r);

/* {"own","lists","ip_filters","filtered","deny"} for `file blocklist`. */
json_t *unwanted_json(struct unwanted *r);

#endif
