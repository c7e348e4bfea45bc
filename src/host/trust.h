/* host/trust.h - whom the owner trusts, with whom he will have nothing to do, and what he calls
 * them.
 *
 * Everybody else is a stranger.  The host refuses connections with the blocked; what trust gives is
 * each app's matter.  Kept in the overlay's database: what trust_set() returned OK for stays. */
#ifndef SHOAL_HOST_TRUST_H
#define SHOAL_HOST_TRUST_H

#include "host/name/peer_id.h"
#include "store/db.h"

#include <stdbool.h>

enum { TRUST_MAX = 4096, TRUST_NAME_MAX = 64 }; /* peers; bytes of a name */
enum trust { TRUST_STRANGER, TRUST_TRUSTED, TRUST_BLOCKED };

struct trust_row {
    struct peer_id peer;
    enum trust trust;
    char name[TRUST_NAME_MAX + 1]; /* "": none */
};

/* For a database that holds more than this: the first of its migrations. */
#define TRUST_MIGRATION                                                                            \
    {                                                                                              \
        "whom the owner trusts, and whom not",                                                     \
            "CREATE TABLE trust (peer BLOB PRIMARY KEY, trust INTEGER NOT NULL, name TEXT NOT "    \
            "NULL)"                                                                                \
    }
enum { TRUST_MIGRATIONS = 1 };
extern const struct migration trust_migrations[TRUST_MIGRATIONS];

struct trust_book;
/* db: with the table of trust_migrations; NULL: remembered until the end. */
struct trust_book *trust_open(struct db *db, struct why *why);
void trust_free(struct trust_book *b); /* NULL: nothing */

/* b may be NULL: strangers all. */
enum trust trust_of(const struct trust_book *b, const struct peer_id *peer);
const char *trust_name(const struct trust_book *b, const struct peer_id *peer); /* "": none */
const char *trust_word(enum trust t); /* "stranger", "trusted", "blocked" */

/* name: NULL keeps what it has, "" takes it away.  A stranger is forgotten, with its name.
 * ERR_INVALID: it has spaces, commas or slashes, or is a peer id; ERR_STATE: it is
 * another's; ERR_FULL: TRUST_MAX. */
MUST_CHECK enum err trust_set(struct trust_book *b, const struct peer_id *peer, enum trust t,
                              const char *name, struct why *why);
/* By name. */
bool trust_find(const struct trust_book *b, const char *name, struct peer_id *out);
/* All, by id; NULL past the end. */
const struct trust_row *trust_at(const struct trust_book *b, size_t i);

#endif
