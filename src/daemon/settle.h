/* daemon/settle.h - starting is over: what it alone needed is given back. */
#ifndef SHOAL_DAEMON_SETTLE_H
#define SHOAL_DAEMON_SETTLE_H

/* Sixty libraries start before we do, and most of their pages are not read again: code and
 * constants go back to the page cache, from which a page comes again when it is read.  Free memory
 * of the heap goes too. */
void settle(void);

#endif
