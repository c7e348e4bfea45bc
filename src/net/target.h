/* net/target.h - the target of an HTTP request ("/a%20b?c=d+e"), taken apart.
 *
 * Pure, and strict: a path that does not start with '/', a percent sign without two hex digits, a
 * decoded NUL, and text that is not UTF-8 are refused, since what a route sees must be what a guard
 * saw.  RFC 3986 sections 2.1 and 3; '+' is a space in the query alone (WHATWG URL, "application/
 * x-www-form-urlencoded"). */
#ifndef SHOAL_NET_TARGET_H
#define SHOAL_NET_TARGET_H

#include "base/buf.h"

#include <stdbool.h>

enum { TARGET_MAX = 16 * 1024 };

/* The decoded path appended to out, without a NUL; false where it breaks the rules. */
bool target_path(const char *target, struct buf *out);

/* The first value of `name`, decoded and appended to out; false when there is none, or one that
 * breaks the rules. */
bool target_value(const char *target, const char *name, struct buf *out);

#endif
