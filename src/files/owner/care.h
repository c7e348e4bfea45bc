/* files/owner/care.h - what a person wants of one torrent besides its bytes, and what became of it.
 *
 * Pure.  Kept as one JSON object in the torrent's row of `care`, and shown as members of `file ls`:
 * care_to_json() and care_of_json() are the only two that know its form.  What an older or newer
 * version wrote is taken member by member; what makes no sense is as if not said. */
#ifndef SHOAL_FILES_OWNER_CARE_H
#define SHOAL_FILES_OWNER_CARE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { CARE_LABELS_MAX = 64, CARE_LABEL_MAX = 128, CARE_GROUP_MAX = 128, CARE_CONNS_MAX = 10000 };
#define CARE_RATIO_MAX 1e6
#define CARE_IDLE_MAX_S (INT64_C(100) * 365 * 86400)

/* Where a seeding limit comes from. */
enum care_mode { CARE_OF_NODE, CARE_OWN, CARE_NONE };

struct care {
    int64_t place; /* in the owner's order; smaller comes first */
    bool forced;   /* runs beside the queue, until it is paused */
    bool shared;   /* from a folder of the owner's: no download, takes no storage */
    bool finished; /* paused, because a seeding limit was reached */
    enum care_mode ratio_mode, idle_mode;
    double ratio;
    int64_t idle_s;
    int weight;        /* -1, 0, 1: who comes first when the node's rate is short */
    int64_t conns;     /* connections at most; 0: the node's */
    bool free_of_node; /* its rates do not count for the node's limits */
    char *group;       /* NULL: none */
    json_t *labels;    /* strings, each once; NULL: none */
    int64_t done_us, active_us, edited_us; /* wall clock; 0: never */
    uint64_t downloading_us, seeding_us;   /* in all runs */
};

void care_done(struct care *c); /* frees what it holds, not itself */

/* A new reference. */
json_t *care_to_json(const struct care *c);
void care_of_json(struct care *c, const json_t *j); /* c: zeros */

/* Takes the labels: texts of 1 to CARE_LABEL_MAX bytes without ',' (as Transmission), doubles
 * dropped.  On error nothing changes. */
MUST_CHECK enum err care_set_labels(struct care *c, const json_t *labels, struct why *why);

/* "2", "1.5", "off" (none), "node" (what files.ratio-limit says). */
MUST_CHECK enum err care_set_ratio(struct care *c, const char *text, struct why *why);
/* "30m", "90s", "2h", "off", "node". */
MUST_CHECK enum err care_set_idle(struct care *c, const char *text, struct why *why);

/* A seeding limit in force: below 0 there is none. */
double care_ratio_limit(const struct care *c, double node);
int64_t care_idle_limit_s(const struct care *c, int64_t node_s);

/* "2", "0.75", "off": a ratio as settings write it; -1 for "off". */
MUST_CHECK enum err care_parse_ratio(const char *text, double *out, struct why *why);

#endif
