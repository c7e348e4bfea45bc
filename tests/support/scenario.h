/* tests/support/scenario.h - the frame around a simulation: one run to read, or the test of it.
 *
 *     sim_swarm --seed 7 --trace FILE    one run; what happened in plain lines, each event in FILE
 *     sim_swarm                          the test, as TAP: each fixed seed twice, to the same trace
 *
 * A scenario is a function that builds a world from a seed, runs it, and says what it found. */
#ifndef SHOAL_TESTS_SCENARIO_H
#define SHOAL_TESTS_SCENARIO_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sim;

struct run {
    uint64_t seed;
    FILE *trace;     /* NULL: none */
    bool test;       /* one of many: small, if there is a choice */
    unsigned failed; /* checks */
    uint64_t hash;   /* of all that was delivered; the scenario sets it at its end */
    double began_s;
};

struct scenario {
    const char *name;
    void (*play)(struct run *r);
    const uint64_t *seeds; /* fixed ones, for the test: two or more */
    size_t seed_count;
};

/* A line about what happened. */
void say(const struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What must hold; false is said, and fails the run. */
void expect(struct run *r, bool holds, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Seconds on the wall since the run began: for a person to read, never to test. */
double wall_s(const struct run *r);

int scenario_main(const struct scenario *s, int argc, char **argv);

#endif
