/* node/identity.h - the recovery phrase of a home, without a running node. */
#ifndef SHOAL_NODE_IDENTITY_H
#define SHOAL_NODE_IDENTITY_H

#include "base/err.h"

#include <stdio.h>

/* Print the phrase of this home (NULL: the default one).  ERR_NOT_FOUND: there is no identity. */
MUST_CHECK enum err identity_show(const char *home, FILE *to, struct why *why);

/* Read a phrase (one line) and make it the identity.  ERR_STATE: there is one already. */
MUST_CHECK enum err identity_restore(const char *home, FILE *from, struct why *why);

/* Where a daemon in the background writes its log; the folder is made.  free() it. */
char *identity_log_path(const char *home);

#endif
