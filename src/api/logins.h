/* api/logins.h - the browsers that are signed in.
 *
 * A session is a secret of 256 bits, which the browser keeps in a cookie; of it we keep the SHA-256
 * and when it was last used, in memory and in a file (0600), so that a browser stays signed in when
 * the node is restarted.  Who reads the file can sign nobody in.  The file is written when a
 * session begins or ends, and at most once in LOGINS_KEEP_S for its use; a damaged one is told,
 * and everybody signs in anew.
 *
 * Times are seconds since 1970, since they outlive the run; a clock that is set back by more than
 * a session lasts ends it.  Pure but for the file.  One loop's. */
#ifndef SHOAL_API_LOGINS_H
#define SHOAL_API_LOGINS_H

#include "base/log.h"
#include "store/vfs.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LOGINS_SECRET = 65,          /* 256 bits in hex and a NUL */
    LOGINS_MAX = 32,             /* the one that was not used for longest goes */
    LOGINS_LAST_S = 24 * 3600,   /* from its last use */
    LOGINS_KEEP_S = 3600,        /* so old may the last use be that the file says */
    LOGINS_FILE_MAX = 16 * 1024, /* bytes */
};

struct logins;

/* path NULL: in memory alone.  log may be NULL.  vfs and log outlive it. */
struct logins *logins_open(const struct vfs *v, const char *path, const struct log *log);

/* Writes the last uses.  NULL: nothing. */
void logins_close(struct logins *s, int64_t now_s);

/* A new one, whose secret is these random bytes in hex. */
void logins_begin(struct logins *s, const char secret[LOGINS_SECRET], int64_t now_s);

/* Is it one?  Then it is used now. */
bool logins_use(struct logins *s, const char *secret, int64_t now_s);

/* It is none any more; nothing happens when it was none. */
void logins_end(struct logins *s, const char *secret, int64_t now_s);

#endif
