/* node/mask.h - settings as they may be shown: without the passwords in their URLs.
 *
 * The file keeps them; the API, the command line and the log say "socks5://user:***@10.0.0.1:1080".
 */
#ifndef SHOAL_NODE_MASK_H
#define SHOAL_NODE_MASK_H

#include "base/buf.h"

#include <stdbool.h>

/* Appended to out, each password in it as "***". */
void mask_put(struct buf *out, const char *value);

/* The same, to free(). */
char *mask_text(const char *value);

/* Is `given` what was shown of `value`?  Who writes back what he read means no other password. */
bool mask_is_of(const char *given, const char *value);

#endif
