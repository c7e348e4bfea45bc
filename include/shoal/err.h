/* shoal/err.h - why something failed: a code for the program, a sentence for a person.
 *
 * What can fail returns one of these codes, or a pointer that is NULL then, and takes a struct
 * shoal_err * last, which may be NULL.  The caller owns it; it is written only on failure.  The
 * texts are for people: they may change, the codes do not.
 *
 * Out of memory is not among them: the process ends then with a line on standard error. */
#ifndef SHOAL_ERR_H
#define SHOAL_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SHOAL_OK = 0,
    SHOAL_ERR_INVALID,     /* an argument, or what a peer sent, breaks the rules of its format */
    SHOAL_ERR_LIMIT,       /* well formed, but more than is accepted */
    SHOAL_ERR_NOT_FOUND,   /* no such thing */
    SHOAL_ERR_DENIED,      /* not allowed */
    SHOAL_ERR_TIMEOUT,     /* no answer in time; trying again may help */
    SHOAL_ERR_CLOSED,      /* the other side refused or went away */
    SHOAL_ERR_IO,          /* disk or network failed; the text has the system's words */
    SHOAL_ERR_STATE,       /* not while things stand as they do: taken, there already, ending */
    SHOAL_ERR_FULL,        /* no room on the disk */
    SHOAL_ERR_UNSUPPORTED, /* well formed, and of a kind that this version does not know */
};

struct shoal_err {
    int code;       /* SHOAL_ERR_... */
    char text[252]; /* UTF-8, one line, NUL-terminated */
};

/* The version of the library that runs, as "0.1.0"; static. */
const char *shoal_version(void);

#ifdef __cplusplus
}
#endif

#endif
