/* host/kept.h - what the owner wants the tables to hold of his, through restarts: that we have
 * something, and values.  In the overlay's database; host/kad tells it again and again. */
#ifndef SHOAL_HOST_KEPT_H
#define SHOAL_HOST_KEPT_H

#include "base/buf.h"
#include "host/kad/kad_msg.h"
#include "store/db.h"

#define KEPT_MIGRATION                                                                             \
    {                                                                                              \
        "what the tables are to hold of ours",                                                     \
            "CREATE TABLE kept (is_value INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT "     \
            "NULL, tables INTEGER NOT NULL, PRIMARY KEY (is_value, key))"                          \
    }

enum { KEPT_MAX = 1024 };

struct kept {
    bool is_value;
    struct cur key, value; /* value: empty where we only have it */
    unsigned tables;       /* bits, by enum table */
};

/* In place of what was kept under this key.  ERR_LIMIT: KEPT_MAX are. */
MUST_CHECK enum err kept_put(struct db *db, const struct kept *k, struct why *why);
/* ERR_NOT_FOUND: there is nothing under this key, value or not. */
MUST_CHECK enum err kept_drop(struct db *db, struct cur key, struct why *why);

/* In the order of their keys, so many from the first-th on; what one is, is valid during the call.
 */
typedef void kept_each(void *arg, const struct kept *k);
MUST_CHECK enum err kept_list(struct db *db, size_t first, size_t many, kept_each *each, void *arg,
                              struct why *why);

#endif
