/* daemon/detach.h - go to the background, and let the starter wait until there is something to wait
 * for: he returns when the daemon is ready, or with its exit status. */
#ifndef SHOAL_DAEMON_DETACH_H
#define SHOAL_DAEMON_DETACH_H

#include "base/err.h"

struct detach;

/* Forks.  In the child *out is set; in the parent *out is NULL, and the child has become ready
 * (*status 0) or ended (*status is its).  Before threads are made. */
MUST_CHECK enum err detach_start(struct detach **out, int *status, struct why *why);

/* The child's own session, no terminal: standard error goes to the file at the end.  Errors before
 * detach_ready() are still printed on the starter's terminal by detach_failed's caller. */
MUST_CHECK enum err detach_log(struct detach *d, const char *path, struct why *why);

/* Tell the starter; from now on stderr is the log file.  NULL: in the foreground, nothing to do. */
void detach_ready(struct detach *d);

/* Tell the starter the exit status, if he still waits. */
void detach_failed(struct detach *d, int status);

#endif
