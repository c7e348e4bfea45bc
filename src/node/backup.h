/* node/backup.h - everything that makes this home this node, in one file.
 *
 * A tar archive (libarchive) of identity, settings, limits, databases and the torrents' files under
 * data/torrents, with a manifest of SHA-256 sums as its last member; mode 0600, since it holds the
 * identity.  Downloaded data are not in it.  Databases are copied by SQLite, so a backup may be
 * made while the daemon runs; of them the vfs must be the machine's, or one in front of it.  What
 * is reported as done lasts over a power cut; what failed can be done again. */
#ifndef SHOAL_NODE_BACKUP_H
#define SHOAL_NODE_BACKUP_H

#include "base/err.h"
#include "store/vfs.h"

/* Write a backup of this home (NULL: the default one) to `file`, which must not exist. */
MUST_CHECK enum err backup_create(const struct vfs *vfs, const char *home, const char *file,
                                  struct why *why);

/* Read it through and compare every sum.  ERR_INVALID names the member that is damaged. */
MUST_CHECK enum err backup_check(const struct vfs *vfs, const char *file, unsigned *members,
                                 struct why *why);

/* Unpack into a home without an identity, which comes last.  ERR_STATE when there is one. */
MUST_CHECK enum err backup_restore(const struct vfs *vfs, const char *home, const char *file,
                                   struct why *why);

#endif
