/* files/owner/ipfilter.h - ranges of addresses that the owner wants nothing to do with.
 *
 * Read from a text, a range a line, in any mixture of the forms that lists come in:
 *     Some name: part of it:1.2.4.0-1.2.4.255            p2p (PeerGuardian's text)
 *     001.002.004.000 - 001.002.004.255 , 100 , name     DAT (eMule; a level above 127 allows)
 *     1.2.4.0/24   2001:db8::/32   2001:db8::1-2001:db8::9   1.2.3.4      plain; IPv6 only so
 * Lines that begin with '#', ';' or "//" and empty ones are comments.  A line that is none of these
 * is counted and passed over: a list of a million lines is not worth refusing for one of them.  A
 * text with such lines only is refused: it is no list (a web page, say).
 *
 * Immutable, so that a lane may make it and the loop ask it.  A question is a binary search. */
#ifndef SHOAL_FILES_OWNER_IPFILTER_H
#define SHOAL_FILES_OWNER_IPFILTER_H

#include "base/cur.h"
#include "base/err.h"
#include "net/addr.h"

enum {
    IPFILTER_TEXT_MAX = 128 * 1024 * 1024, /* bytes of a list */
    IPFILTER_RANGES_MAX = 4 * 1000 * 1000, /* 32 MiB of memory, were they all IPv4 */
    IPFILTER_LINE_MAX = 1024,              /* bytes; longer ones are not understood */
};

struct ipfilter;

/* NULL: ERR_LIMIT, or ERR_INVALID where nothing of it is a range. */
struct ipfilter *ipfilter_parse(struct cur text, struct why *why);
void ipfilter_free(struct ipfilter *f); /* NULL: nothing */

/* Is it in a range?  NULL filter: never. */
bool ipfilter_has(const struct ipfilter *f, const struct addr *a);

/* Ranges, after those that touch or overlap were made one. */
size_t ipfilter_count(const struct ipfilter *f);
/* Lines not understood; the first of them, from 1 (0: none). */
size_t ipfilter_skipped(const struct ipfilter *f, size_t *first);

#endif
