/* base/err.h - why something failed, said once: a code for the program, a sentence for a person.
 *
 * A fallible function returns enum err and takes a struct why * last.  The code says what the
 * caller can do about it (retry, drop the peer, tell the user); the text is what a person reads in
 * the log, the CLI and the web UI.  Whoever detects the failure writes the text; callers prefix it
 * with what they were doing: "torrent debian-12: tracker udp://t.example:6969: timed out".
 * Codes map one to one to HTTP status and CLI exit status in core/call.h. */
#ifndef SHOAL_BASE_ERR_H
#define SHOAL_BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
    OK = 0,
    ERR_INVALID,     /* the bytes or arguments break their format's rules */
    ERR_LIMIT,       /* well formed, but more than we accept */
    ERR_NOT_FOUND,   /* no such thing here */
    ERR_DENIED,      /* policy says no */
    ERR_TIMEOUT,     /* no answer in time; trying again may help */
    ERR_CLOSED,      /* the other side refused or went away */
    ERR_IO,          /* disk or network failed; the text has the system's words */
    ERR_STATE,       /* not while things stand as they do: already there, still running, locked */
    ERR_FULL,        /* not enough disk, quota or money */
    ERR_UNSUPPORTED, /* well formed, and of a kind that we do not know or do */
};

struct why {
    enum err code;
    char text[240]; /* truncated, always NUL-terminated */
};

/* Record a failure and return its code, so that `return why_set(...)` reads as one act.
 * `why` may be NULL: then only the code travels. */
enum err why_set(struct why *why, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put what we were doing in front of what went wrong; returns `code`, which the caller has from
 * the failure that it prefixes. */
enum err why_in(struct why *why, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
