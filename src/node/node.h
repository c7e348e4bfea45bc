/* node/node.h - one whole node: its home, its loop, its apps and its faces, wired together.
 *
 *     struct node *n = node_open(&cfg, &why);    locks the home, reads the settings, starts
 *     node_run(n);                               until node_stop(), SIGTERM or SIGINT
 *     node_close(n);
 *
 * Any number of nodes may live in one process, each with a home of its own; a home has one node at
 * a time (the kernel's lock on run/lock says so). */
#ifndef SHOAL_NODE_NODE_H
#define SHOAL_NODE_NODE_H

#include "base/err.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line of the log, as log_sink, with its time: us since 1970, 0 when there was no clock yet. */
typedef void node_log(void *arg, enum log_level level, int64_t wall_us, const char *line);

struct node_cfg {
    const char *home;       /* --home; NULL: SHOAL_HOME or XDG */
    const char *const *set; /* "section.key=value", as from --set */
    size_t set_count;
    bool home_given; /* --home was said: api.auth=off is allowed */
    bool signals;    /* SIGTERM, SIGINT and SIGHUP are this node's */
    node_log *sink;  /* where log lines go */
    void *sink_arg;
    bool has_tun_helper;
    int tun_helper; /* net/uv/tun_helper.h, and the path of its program, which outlives the node */
    const char *tun_helper_path;
};

struct node;

/* NULL and a reason: ERR_STATE when another node has the home (its pid is named), ERR_INVALID for a
 * setting, ERR_IO for the rest.  On return it listens. */
struct node *node_open(const struct node_cfg *cfg, struct why *why);

/* Serves until it is stopped; apps get APP_STOP_US to say goodbye. */
void node_run(struct node *n);

/* Ask it to end; from its loop's thread. */
void node_stop(struct node *n);
void node_close(struct node *n); /* after node_run; NULL: nothing */

/* Where it can be reached, for the line that a person sees at the start. */
const char *node_http(const struct node *n); /* "127.0.0.1:7700", or "off" */

#endif
