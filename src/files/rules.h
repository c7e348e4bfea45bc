/* files/rules.h - what the owner does not want: which addresses, torrents, signers and file names.
 *
 *     files.ip-filter    lists of addresses; asked before each dial, accept, candidate, web seed
 *     files.blocklist    lists of infohashes and signers, and the owner's own list (in the database)
 *     files.deny         names of files that are never made (files.deny-action: what then)
 *
 * Lists come from feeds (feed.h) and are read again while the node runs; `addrs` and `torrents`
 * are then told, so that what is connected or held already is looked over.  Lists are in force from
 * when they have been read: at start that is some turns of the loop later (rules_ready). */
#ifndef SHOAL_FILES_RULES_H
#define SHOAL_FILES_RULES_H

#include "base/conf.h"
#include "files/blocklist.h"
#include "files/metainfo.h"
#include "net/loop.h"
#include "store/db.h"

#include <jansson.h>

enum { RULES_SOURCES_MAX = 32 }; /* of each kind */

struct rules_cfg {
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

struct rules;
/* NULL: a setting makes no sense. */
struct rules *rules_new(const struct rules_cfg *cfg, const struct conf *conf, struct why *why);
void rules_free(struct rules *r); /* NULL: nothing */
/* Settings may be others, files are looked at and URLs asked now.  A setting that makes no sense is
 * logged, and the one before holds. */
void rules_reload(struct rules *r, const struct conf *conf);
/* Every list has been read, or could not be. */
bool rules_ready(const struct rules *r);

/* Is this address filtered?  Each true is counted.  NULL rules: no. */
bool rules_refuse(struct rules *r, const struct addr *a);
uint64_t rules_hits(const struct rules *r);

/* OK, or ERR_DENIED with the list and the line. */
MUST_CHECK enum err rules_check(struct rules *r, const struct block *b, struct why *why);
/* The owner's own list.  unblock: ERR_NOT_FOUND when it is not on it. */
MUST_CHECK enum err rules_block(struct rules *r, const struct block *b, const char *note,
                                struct why *why);
MUST_CHECK enum err rules_unblock(struct rules *r, const struct block *b, struct why *why);

/* The pattern of files.deny that a path matches, or NULL; what is to happen then. */
const char *rules_denied(const struct rules *r, const char *path);
bool rules_deny_refuses(const struct rules *r);

/* {"own","lists","ip_filters","filtered","deny"} for `file blocklist`. */
json_t *rules_json(struct rules *r);

#endif
