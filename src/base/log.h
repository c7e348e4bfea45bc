/* base/log.h - lines for an operator.
 *
 * A log is handed to whoever may speak; there is no global one.  A child adds its prefix:
 * log_child(log, "torrent debian-12") writes "torrent debian-12: tracker ...: timed out".  Control
 * characters and bytes that are not UTF-8 are escaped, since names come from strangers.
 * Levels: debug = peers' misbehaviour and detail; info = what happened; warn = our own trouble;
 * error = somebody must act.  No secrets, and no addresses above debug. */
#ifndef SHOAL_BASE_LOG_H
#define SHOAL_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };

struct log;

/* `line` is UTF-8 without a newline, valid during the call. */
typedef void log_sink(void *arg, enum log_level level, const char *line);

/* A root: lines at `level` and above go to sink.  It and its children belong to one thread. */
struct log *log_new(enum log_level level, log_sink *sink, void *arg);

/* A child with a prefix of its own; freed by its maker, before its parent.  The child of NULL
 * writes nothing. */
struct log *log_child(const struct log *parent, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_free(struct log *log); /* NULL: nothing */

/* Changes the level of a root and so of all its children. */
void log_set_level(struct log *root, enum log_level level);

/* LOG_NONE for a word that is no level's name. */
enum log_level log_level_of(const char *name);
const char *log_level_name(enum log_level level);

/* log may be NULL: nothing is written. */
void log_debug(const struct log *log, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_info(const struct log *log, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_warn(const struct log *log, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_error(const struct log *log, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
