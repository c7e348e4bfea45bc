#include "support/scenario.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double wall_s(const struct run *r)
{
    return now_s() - r->began_s;
}

/* Every line begins as TAP's comments do, so that one run reads as the test does. */
static void line(const char *head, const char *fmt, va_list args)
{
    printf("# %s", head);
    vprintf(fmt, args);
    printf("\n");
    fflush(stdout);
}

void say(const struct run *r, const char *fmt, ...)
{
    va_list args;
    (void)r;
    va_start(args, fmt);
    line("", fmt, args);
    va_end(args);
}

void expect(struct run *r, bool holds, const char *fmt, ...)
{
    va_list args;
    if (holds)
        return;
    r->failed++;
    va_start(args, fmt);
    line("FAILED: ", fmt, args);
    va_end(args);
}

static struct run play(const struct scenario *s, uint64_t seed, FILE *trace, bool test)
{
    struct run r = {.seed = seed, .trace = trace, .test = test, .began_s = now_s()};
    say(&r, "%s, seed %" PRIu64, s->name, seed);
    s->play(&r);
    say(&r, "trace %016" PRIx64 ", %u checks failed", r.hash, r.failed);
    return r;
}

static bool point(size_t *n, bool holds, const char *what, uint64_t seed)
{
    printf("%s %zu - %s (seed %" PRIu64 ")\n", holds ? "ok" : "not ok", ++*n, what, seed);
    fflush(stdout);
    return holds;
}

static int test(const struct scenario *s)
{
    size_t n = 0;
    bool good = true;
    uint64_t first = 0;
    printf("1..%zu\n", 3 * s->seed_count - 1);
    for (size_t i = 0; i < s->seed_count; i++) {
        uint64_t seed = s->seeds[i];
        struct run a = play(s, seed, NULL, true), b = play(s, seed, NULL, true);
        good &= point(&n, a.failed == 0 && b.failed == 0, "all that must hold does", seed);
        good &= point(&n, a.hash == b.hash, "the same seed gives the same run", seed);
        if (i > 0)
            good &= point(&n, a.hash != first, "another seed gives another run", seed);
        first = i > 0 ? first : a.hash;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int scenario_main(const struct scenario *s, int argc, char **argv)
{
    const char *seed = NULL, *trace = NULL;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            seed = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--trace") == 0)
            trace = argv[i + 1];
        else {
            fprintf(stderr, "usage: sim_%s [--seed N] [--trace FILE]\n", s->name);
            return 2;
        }
    }
    if (!seed)
        return test(s);
    FILE *file = trace ? fopen(trace, "w") : NULL;
    if (trace && !file) {
        perror(trace);
        return EXIT_FAILURE;
    }
    struct run r = play(s, strtoull(seed, NULL, 10), file, false);
    if (file)
        fclose(file);
    return r.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
