/* daemon/confine.h - what the daemon gives up before it opens anything.
 *
 * No core dumps (they would hold keys), no new privileges, and no capabilities: a daemon that was
 * started by root has no more power than the files that root owns. */
#ifndef SHOAL_DAEMON_CONFINE_H
#define SHOAL_DAEMON_CONFINE_H

/* Says on stderr what could not be given up, and goes on: an older kernel is no reason to stop. */
void confine(void);

#endif
