/* node/paths.h - where this node keeps things.
 *
 * With --home DIR (or SHOAL_HOME) all of it lies under DIR, so any number of nodes run side by
 * side; without, the XDG base directories are followed. */
#ifndef SHOAL_NODE_PATHS_H
#define SHOAL_NODE_PATHS_H

struct paths {
    char *home;     /* as asked for; NULL: XDG */
    char *conf;     /* shoal.conf */
    char *data;     /* identity, databases, torrents/ */
    char *run;      /* api.sock, lock; 0700 */
    char *socket;   /* run/api.sock */
    char *download; /* finished things, unless the user says otherwise */
};

/* home: NULL or "": SHOAL_HOME, else XDG.  Relative ones are made absolute. */
void paths_init(struct paths *p, const char *home);
void paths_done(struct paths *p);

#endif
