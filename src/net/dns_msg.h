/* net/dns_msg.h - the TXT records of a DNS answer (RFC 1035 sections 3.3.14 and 4.1).
 *
 * Pure.  Whose records they are is not looked at: whoever asked has matched the answer with the
 * question, and aliases lead from one name to another. */
#ifndef SHOAL_NET_DNS_MSG_H
#define SHOAL_NET_DNS_MSG_H

#include "base/cur.h"
#include "base/err.h"
#include "net/loop.h"

enum { DNS_RECORDS_MAX = 256 }; /* looked at in an answer */

struct dns_texts {
    size_t count;
    char *text[RESOLVE_TEXTS_MAX]; /* each the strings of one record, put together */
};

/* From a whole message.  Texts beyond RESOLVE_TEXTS_MAX, longer than RESOLVE_TEXT_MAX or with a NUL
 * are passed over. */
MUST_CHECK enum err dns_texts_decode(struct dns_texts *out, struct cur msg, struct why *why);
void dns_texts_done(struct dns_texts *t);

#endif
