/* api/range.h - which bytes does a request want?  (RFC 9110 section 14)
 *
 * Pure.  One range is served; several, and what is no range of bytes, are answered with the whole,
 * as section 14.2 allows ("A server ... MAY ignore the Range header field"). */
#ifndef SHOAL_API_RANGE_H
#define SHOAL_API_RANGE_H

#include <stdint.h>

enum range_kind { RANGE_WHOLE, RANGE_PART, RANGE_UNSATISFIABLE };

struct range {
    enum range_kind kind;
    uint64_t from, len; /* of WHOLE and PART */
};

/* header: the Range field, NULL: absent.  if_range: likewise; version: our entity tag without its
 * quotes (a date never matches: we tell none). */
struct range range_of(const char *header, const char *if_range, const char *version, uint64_t size);

#endif
