/* ydoc/update.h - updates without a document: what a relay or a store does with them.
 *
 * Foreign bytes: all answer ERR_INVALID, ERR_LIMIT or ERR_UNSUPPORTED as update_msg.h does, and
 * then have appended nothing. */
#ifndef SHOAL_YDOC_UPDATE_H
#define SHOAL_YDOC_UPDATE_H

#include "ydoc/update_msg.h"

#include <stddef.h>

/* One update that says what all of them say; gaps become Skips. */
enum err update_merge(enum update_format format, const struct cur *updates, size_t n,
                      struct buf *out, struct why *why);
/* What of the update a state vector lacks. */
enum err update_diff(enum update_format format, struct cur update, const struct states *have,
                     struct buf *out, struct why *why);
/* How far somebody is who has this update and nothing else: of each client what is whole from 0. */
enum err update_state(enum update_format format, struct cur update, struct buf *out,
                      struct why *why);
/* The same in the other format. */
enum err update_convert(struct cur update, enum update_format from, enum update_format to,
                        struct buf *out, struct why *why);

#endif
