/* cli/progress.h - a bar on the terminal: how much, how fast, how long yet, and why it stands. */
#ifndef SHOAL_CLI_PROGRESS_H
#define SHOAL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;     /* "holiday.tar" */
    uint64_t done, total; /* bytes; total 0: not known yet */
    uint64_t rate;        /* bytes a second */
    int64_t eta_s;        /* < 0: unknown */
    const char *reason;   /* why nothing moves, or "" */
    const char *extra;    /* "3 peers", or "" */
};

/* Redraws one line on stderr; talk false: nothing. */
void progress_draw(bool talk, const struct progress *p);
/* Take the line away. */
void progress_end(bool talk);

#endif
