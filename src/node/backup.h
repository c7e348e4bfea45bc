/* node/backup.h - everything that makes this home this node, in one file.
 *
 * A tar archive (libarchive) of identity, settings, limits, databases and the torrents' files under
 * data/torrents, with a manifest of SHA-256 sums as its last member; mode 0600, since it holds the
 * identity.  Downloaded data are not in it.  Databases are copied by SQLite, so a backup may be
 * made while the daemon runs. */
#ifndef SHOAL_NODE_BACKUP_H
#define SHOAL_NODE_BACKUP_H

#include "base/err.h"

/* Write a backup of this home (NULL: the default one) to `file`, which must not exist. */
MUST_CHECK enum err backup_create(const char *home, const char *file, struct why *why);

/* Read it through and compare every sum.  ERR_INVALID names the member that is damaged. */
MUST_CHECK enum err backup_check(const char *file, unsigned *members, struct why *why);

/* Unpack into a home without an identity.  ERR_STATE when there is one, or a daemon runs. */
MUST_CHECK enum err backup_restore(const char *home, const char *file, struct why *why);

#endif
