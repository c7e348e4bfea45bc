/* Documents on disk: what an append costs, and a long log.
 *
 *     shelf_bench TRACE.json FOLDER [BATCH]    a sequential trace, key by key, BATCH keys a commit
 *
 * ninja tests/shelf_bench in a release build.  Prints lines of CPU and of wall milliseconds. */
#include "ydoc/shelf/shelf.h"
#include "base/mem.h"
#include "sim/sim.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct moment {
    double cpu_ms, wall_ms;
};

static struct moment now(void)
{
    struct rusage u;
    struct timespec t;
    getrusage(RUSAGE_SELF, &u);
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct moment){(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
                               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3,
                           (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6};
}

static void say(const char *what, struct moment from, uint64_t bytes)
{
    struct moment to = now();
    printf("%-32s cpu %8.1f ms   wall %8.1f ms   %10llu bytes\n", what, to.cpu_ms - from.cpu_ms,
           to.wall_ms - from.wall_ms, (unsigned long long)bytes);
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "error: %s: %s\n", what, why);
    exit(1);
}

struct typed {
    struct buf updates;
    size_t *ends, n;
};

static struct typed type_trace(const char *path)
{
    json_error_t at;
    json_t *file = json_load_file(path, 0, &at), *txn, *p;
    size_t i, k;
    if (!file)
        die(path, at.text);
    json_t *txns = json_object_get(file, "txns");
    struct typed t = {.ends = mem_array(json_array_size(txns), sizeof *t.ends)};
    struct ydoc *d = ydoc_new(3000000000, true, 1);
    json_array_foreach(txns, i, txn) {
        ydoc_begin(d);
        json_array_foreach(json_object_get(txn, "patches"), k, p) {
            json_t *s = json_array_get(p, 2);
            uint64_t pos = (uint64_t)json_integer_value(json_array_get(p, 0));
            ytext_delete(d, "text", pos, (uint64_t)json_integer_value(json_array_get(p, 1)));
            if (ytext_insert(d, "text", pos, json_string_value(s), json_string_length(s), NULL,
                             NULL) != OK)
                die("trace", "a position behind the end");
        }
        ydoc_commit(d, UPDATE_V1, &t.updates);
        t.ends[t.n++] = buf_len(&t.updates);
    }
    ydoc_free(d);
    json_decref(file);
    return t;
}

static void on_kept(void *arg, const struct why *why)
{
    if (why)
        die("append", why->text);
    ++*(size_t *)arg;
}

static struct ydoc *load(struct shelf *s, const struct doc_id *id, const char *what)
{
    struct why why;
    struct shelf_doc doc;
    struct moment from = now();
    struct ydoc *d = ydoc_new(1, true, 1);
    if (shelf_load(s, id, d, &why) != OK || !shelf_get(s, id, &doc))
        die("load", why.text);
    say(what, from, doc.bytes);
    return d;
}

static struct cur update_at(const struct typed *t, size_t i)
{
    struct cur all = buf_cur(&t->updates);
    size_t from = i > 0 ? t->ends[i - 1] : 0;
    cur_take(&all, from);
    return cur_take(&all, t->ends[i] - from);
}

static void append(struct shelf *s, const struct doc_id *id, const struct typed *t, size_t i,
                   size_t *kept)
{
    shelf_append(s, id, update_at(t, i), "12D3KooWQz7u7RM5gGwA8uGfBvTbMxM6QyAzq3dWAwzv8Z8y5K7B",
                 on_kept, kept);
}

/* As a room does: whoever types on finds it folded now and then. */
static void with_folds(struct sim *sim, struct shelf *s, const struct typed *t, size_t batch)
{
    struct doc_id id = {{8}};
    struct why why;
    struct ydoc *d = ydoc_new(1, true, 1);
    size_t kept = 0, folds = 0;
    double worst = 0;
    if (shelf_add(s, &id, "Folded", &why) != OK)
        die("add", why.text);
    struct moment from = now();
    for (size_t i = 0; i < t->n; i++) {
        if (ydoc_apply(d, UPDATE_V1, update_at(t, i), &why) != OK)
            die("apply", why.text);
        append(s, &id, t, i, &kept);
        if ((i + 1) % batch != 0)
            continue;
        sim_run_for(sim, 20 * MSEC);
        if (!shelf_is_long(s, &id))
            continue;
        struct moment before = now();
        if (shelf_fold(s, &id, d, &why) != OK)
            die("fold", why.text);
        double ms = now().cpu_ms - before.cpu_ms;
        worst = ms > worst ? ms : worst;
        folds++;
    }
    say("append, and fold when it is long", from, t->ends[t->n - 1]);
    printf("%zu folds, the longest %.1f ms of CPU\n", folds, worst);
    ydoc_free(d);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage", "see the head of bench/shelf.c");
    size_t batch = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000, kept = 0;
    struct typed t = type_trace(argv[1]);
    struct sim *sim = sim_new(1);
    struct sim_node *node = sim_node_add(sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    struct why why;
    char *path = mem_printf("%s/docs.db", argv[2]);
    struct db *db = db_open(path, shelf_migrations, 1, &why);
    if (!db)
        die(path, why.text);
    struct shelf *s =
        shelf_new(&(struct shelf_cfg){.loop = sim_node_loop(node), .db = db, .log = NULL});
    struct doc_id id = {{7}};
    if (shelf_add(s, &id, "Trace", &why) != OK)
        die(path, why.text);

    struct moment from = now();
    for (size_t i = 0; i < t.n; i++) {
        append(s, &id, &t, i, &kept);
        if ((i + 1) % batch == 0 || i + 1 == t.n)
            sim_run_for(sim, 20 * MSEC);
    }
    printf("%zu updates, %zu a commit\n", kept, batch);
    say("append", from, t.ends[t.n - 1]);

    struct ydoc *d = load(s, &id, "load, all of it in the log");
    from = now();
    if (shelf_fold(s, &id, d, &why) != OK)
        die("fold", why.text);
    say("fold, and its history", from, 0);
    ydoc_free(d);
    d = load(s, &id, "load, folded");
    from = now();
    struct shelf_revision *r;
    size_t n = shelf_history(s, &id, &r);
    say("history, counted", from, n);
    from = now();
    ydoc_free(d);
    d = ydoc_new(1, true, 1);
    if (n > 0 && shelf_revision(s, &id, r[n / 2].number, d, &why) != OK)
        die("revision", why.text);
    say("a revision from the middle", from, 0);
    ydoc_free(d);
    free(r);
    struct db_stmt *q = db_prepare(db, "SELECT sum(length(bytes)) FROM doc_revision");
    if (db_step(q, NULL) == DB_ROW)
        printf("%zu revisions, %lld bytes\n", n, (long long)db_int(q, 0));
    db_finish(q);
    with_folds(sim, s, &t, batch);
    shelf_free(s);
    db_close(db);
    sim_free(sim);
    free(path);
    free(t.ends);
    buf_done(&t.updates);
    return 0;
}
