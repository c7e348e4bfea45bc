/* base/conf.h - shoal.conf: sections, keys, values, and the comments that people write in it.
 *
 * The schema says which keys exist; an unknown key or a value out of its range is an error with the
 * line and a suggestion.  Order: --set > environment SHOAL_SECTION_KEY > user file > defaults.
 * Reading is libinih's; conf_edit() changes one line of a text and leaves all others as they were.
 * Units as people write them: "5M", "200GiB", "90d", "on"; "off" is the number 0, where that may
 * be. */
#ifndef SHOAL_BASE_CONF_H
#define SHOAL_BASE_CONF_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
    CONF_TEXT,
    CONF_BOOL,  /* on|off, yes|no, true|false */
    CONF_INT,   /* min..max */
    CONF_BYTES, /* "64M" = 64 * 2^20; also K, G, T, KiB, MiB, kB (1000), MB; min..max in bytes */
    CONF_RATE,  /* bytes a second as CONF_BYTES, "/s" allowed; "off" or 0: no limit, whatever min is
                 */
    CONF_TIME,  /* "90d", "12h", "5min", "30s", given in seconds */
    CONF_CHOICE, /* one of `choices`, "a|b|c" */
    CONF_LIST,   /* comma-separated texts */
};

/* One table of these for each app (core/app.h) and one for the node. */
struct conf_key {
    const char *name; /* "files.listen" */
    enum conf_type type;
    const char *fallback; /* as it would be written; never NULL */
    int64_t min, max;     /* CONF_INT, CONF_BYTES, CONF_RATE, CONF_TIME; 0,0: any >= 0 */
    const char *choices;  /* CONF_CHOICE */
    bool live;            /* takes effect without a restart */
    const char *help;     /* a sentence, for `shoal config` and the man page */
};

enum {
    CONF_FILE_MAX = 1 << 20, /* bytes of a shoal.conf */
    CONF_LINE_MAX = 8192,    /* of one of its lines */
    CONF_VALUE_MAX = 8000,   /* of a value */
    CONF_ITEM_MAX = 256,     /* of a member of a CONF_LIST, with its NUL */
};

struct conf;

/* All defaults.  keys outlive the conf. */
struct conf *conf_new(const struct conf_key *keys, size_t n);
void conf_free(struct conf *c); /* NULL: nothing */

/* A whole file's text.  It takes the place of what an earlier one said (reading again after an edit
 * is a reload); one that is refused changes nothing.  ERR_INVALID names the line ("shoal.conf line
 * 12: files.lisen is no setting; did you mean files.listen?"). `name` is the file's name for
 * messages. */
MUST_CHECK enum err conf_read(struct conf *c, const char *text, size_t n, const char *name,
                              struct why *why);
/* "section.key" = value, as from --set. */
MUST_CHECK enum err conf_set(struct conf *c, const char *key, const char *value, struct why *why);
/* SHOAL_FILES_LISTEN and the like; environ as given.  Unknown SHOAL_* names are ignored. */
MUST_CHECK enum err conf_read_env(struct conf *c, char *const *environ_, struct why *why);

/* Asking for a key that is not in the schema is our bug: aborts. */
const char *conf_text(const struct conf *c, const char *key);
bool conf_bool(const struct conf *c, const char *key);
int64_t conf_int(const struct conf *c, const char *key); /* INT, BYTES, RATE, TIME */
bool conf_is_set(const struct conf *c, const char *key); /* not by default */
/* The i-th member of a CONF_LIST that is not empty, trimmed into out; false past the end.  cap:
 * CONF_ITEM_MAX holds any; with less room it is cut. */
bool conf_item(const struct conf *c, const char *key, size_t i, char *out, size_t cap);

/* The table, for help and for `config ls`; NULL past the end. */
const struct conf_key *conf_key_at(const struct conf *c, size_t i);
const struct conf_key *conf_key_find(const struct conf *c, const char *name);

/* `text` with section.key set to value (NULL: taken out), everything else as it was; the section is
 * added at the end when there is none.  The result is appended to out.  A value that conf_set()
 * would refuse is our bug: aborts. */
void conf_edit(struct buf *out, const char *text, size_t n, const char *key, const char *value);

/* "5M" to bytes and so on, by the rules of the types above. */
MUST_CHECK enum err conf_parse_number(enum conf_type type, const char *text, int64_t *out,
                                      struct why *why);

/* The nearest of the names to `word` by edit distance, or NULL when none is near. */
const char *conf_nearest(const char *word, const char *(*name_at)(const void *arg, size_t i),
                         const void *arg);

#endif
