/* The document engine alone, on recorded editing: what bench/docs compares with others.
 *
 *     docs_bench local TRACE.json        a sequential trace, key by key, each update told
 *     docs_bench load V1|V2 STATE.bin    a whole state, and its text
 *     docs_bench remote UPDATES.bin [shuffled]    an update stream, one after the other
 *     docs_bench merge A.bin B.bin       two whole states, made apart
 *     docs_bench storm CLIENTS EACH      all insert at one place, then everybody's updates
 *     docs_bench state TRACE.json CLIENT the state of a trace, typed; no measure
 *
 * Prints one line of JSON: CPU milliseconds, bytes, units and memory. */
#include "base/buf.h"
#include "base/mem.h"
#include "ydoc/doc.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROOT "text"
#define SHUFFLE_SEED 12345u

static double cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static long resident_kib(void)
{
    long pages = 0, unused;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &unused, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "error: %s: %s\n", what, why);
    exit(1);
}

static struct buf file_of(const char *path)
{
    struct buf b = {0};
    FILE *f = fopen(path, "rb");
    if (!f)
        die(path, "cannot be opened");
    for (size_t n; (n = fread(buf_room(&b, 65536), 1, 65536, f)) > 0;)
        buf_grew(&b, n);
    fclose(f);
    return b;
}

/* ---- measures ---- */

struct patch {
    uint64_t pos, del;
    const char *text;
    size_t n;
};

struct trace {
    struct patch *all;
    size_t *ends, txns; /* of each transaction: one past its last patch */
    const char *end;    /* how it reads then */
};

static struct trace trace_of(const char *path)
{
    json_error_t at;
    json_t *file = json_load_file(path, 0, &at), *txn, *p;
    size_t i, k, n = 0, edits = 0;
    if (!file)
        die(path, at.text);
    json_t *txns = json_object_get(file, "txns");
    json_array_foreach(txns, i, txn)
        n += json_array_size(json_object_get(txn, "patches"));
    struct trace t = {.all = mem_array(n, sizeof *t.all),
                      .ends = mem_array(json_array_size(txns), sizeof *t.ends),
                      .txns = json_array_size(txns),
                      .end = json_string_value(json_object_get(file, "endContent"))};
    json_array_foreach(txns, i, txn) {
        json_array_foreach(json_object_get(txn, "patches"), k, p) {
            json_t *s = json_array_get(p, 2);
            t.all[edits++] = (struct patch){(uint64_t)json_integer_value(json_array_get(p, 0)),
                                            (uint64_t)json_integer_value(json_array_get(p, 1)),
                                            json_string_value(s), json_string_length(s)};
        }
        t.ends[i] = edits;
    }
    return t;
}

/* Returns the bytes of all updates. */
static size_t type(const struct trace *t, struct ydoc *d)
{
    struct buf update = {0};
    size_t bytes = 0;
    for (size_t i = 0, k = 0; i < t->txns; i++) {
        ydoc_begin(d);
        for (; k < t->ends[i]; k++) {
            const struct patch *p = &t->all[k];
            if (p->del > 0)
                ytext_delete(d, ROOT, p->pos, p->del);
            if (p->n > 0 && ytext_insert(d, ROOT, p->pos, p->text, p->n, NULL, NULL) != OK)
                die("trace", "a position behind the end");
        }
        buf_clear(&update);
        ydoc_commit(d, UPDATE_V1, &update);
        bytes += buf_len(&update);
    }
    buf_done(&update);
    return bytes;
}

static void local(const char *path)
{
    struct trace t = trace_of(path);
    struct buf text = {0}, state = {0};
    long before = resident_kib();
    double start = cpu_ms();
    struct ydoc *d = ydoc_new(21, true, 1);
    size_t bytes = type(&t, d);
    double ms = cpu_ms() - start;
    long after = resident_kib();
    ydoc_encode(d, UPDATE_V1, NULL, &state);
    ydoc_text(d, ROOT, &text);
    bool right =
        strlen(t.end) == buf_len(&text) && memcmp(t.end, buf_bytes(&text), buf_len(&text)) == 0;
    printf("{\"ms\":%.2f,\"updates\":%zu,\"update_bytes\":%zu,\"state_bytes\":%zu,\"kib\":%ld,"
           "\"right\":%s}\n",
           ms, t.txns, bytes, buf_len(&state), after - before, right ? "true" : "false");
    ydoc_free(d);
}

static void state_of(const char *path, uint64_t client)
{
    struct trace t = trace_of(path);
    struct buf state = {0};
    struct ydoc *d = ydoc_new(client, true, 1);
    type(&t, d);
    ydoc_encode(d, UPDATE_V1, NULL, &state);
    fwrite(buf_bytes(&state), 1, buf_len(&state), stdout);
    ydoc_free(d);
}

static void merge(const char *path_a, const char *path_b)
{
    struct buf a = file_of(path_a), b = file_of(path_b), text = {0};
    struct why why;
    double start = cpu_ms();
    struct ydoc *d = ydoc_new(1, true, 1);
    if (ydoc_apply(d, UPDATE_V1, buf_cur(&a), &why) != OK ||
        ydoc_apply(d, UPDATE_V1, buf_cur(&b), &why) != OK)
        die("merge", why.text);
    ydoc_text(d, ROOT, &text);
    printf("{\"ms\":%.2f,\"text_bytes\":%zu}\n", cpu_ms() - start, buf_len(&text));
    ydoc_free(d);
}

static void load(const char *format, const char *path)
{
    struct buf state = file_of(path), text = {0};
    struct why why;
    double start = cpu_ms();
    long before = resident_kib();
    int rounds = 20;
    struct ydoc *d = NULL;
    long after = 0;
    double cold = 0;
    for (int i = 0; i < rounds; i++) {
        ydoc_free(d);
        d = ydoc_new(1, true, 1);
        if (ydoc_apply(d, format[1] == '2' ? UPDATE_V2 : UPDATE_V1, buf_cur(&state), &why) != OK)
            die(path, why.text);
        buf_clear(&text);
        ydoc_text(d, ROOT, &text);
        if (i == 0) {
            after = resident_kib();
            cold = cpu_ms() - start;
        }
    }
    printf("{\"ms\":%.3f,\"cold\":%.3f,\"text_bytes\":%zu,\"kib\":%ld}\n",
           (cpu_ms() - start) / rounds, cold, buf_len(&text), after - before);
    ydoc_free(d);
}

static uint32_t le32(struct cur *c)
{
    uint32_t v = cur_be32(c);
    return __builtin_bswap32(v);
}

static void remote(const char *path, bool shuffled)
{
    struct buf file = file_of(path), text = {0};
    struct cur c = buf_cur(&file);
    uint32_t n = le32(&c), random = SHUFFLE_SEED;
    struct cur *all = mem_array(n, sizeof *all);
    struct why why;
    for (uint32_t i = 0; i < n; i++)
        all[i] = cur_take(&c, le32(&c));
    for (uint32_t i = n; shuffled && i > 1; i--) {
        random = random * 1664525u + 1013904223u;
        uint32_t k = (uint32_t)(((uint64_t)random * i) >> 32);
        struct cur swap = all[i - 1];
        all[i - 1] = all[k];
        all[k] = swap;
    }
    struct buf come = {0}; /* one behind the other, as they come from a network */
    buf_room(&come, buf_len(&file));
    for (uint32_t i = 0; i < n; i++) {
        buf_put(&come, all[i].p, all[i].n);
        all[i].p = buf_bytes(&come) + buf_len(&come) - all[i].n;
    }
    double start = cpu_ms();
    struct ydoc *d = ydoc_new(1, true, 1);
    for (uint32_t i = 0; i < n; i++)
        if (ydoc_apply(d, UPDATE_V1, all[i], &why) != OK)
            die(path, why.text);
    ydoc_text(d, ROOT, &text);
    double ms = cpu_ms() - start;
    printf("{\"ms\":%.2f,\"updates\":%u,\"text_bytes\":%zu,\"pending\":%s}\n", ms, n,
           buf_len(&text), ydoc_pending(d) ? "true" : "false");
    ydoc_free(d);
}

static void storm(uint64_t clients, uint64_t each)
{
    struct buf *update = mem_array(clients * each, sizeof *update), text = {0};
    struct why why;
    for (uint64_t c = 0; c < clients; c++) {
        struct ydoc *d = ydoc_new(1000 + c * 7919 % 100003, true, 1);
        for (uint64_t i = 0; i < each; i++) {
            ydoc_begin(d);
            if (ytext_insert(d, ROOT, 0, "x", 1, NULL, &why) != OK)
                die("storm", why.text);
            ydoc_commit(d, UPDATE_V1, &update[c * each + i]);
        }
        ydoc_free(d);
    }
    double start = cpu_ms();
    struct ydoc *d = ydoc_new(1, true, 1);
    for (uint64_t i = 0; i < each; i++)
        for (uint64_t c = 0; c < clients; c++)
            if (ydoc_apply(d, UPDATE_V1, buf_cur(&update[c * each + i]), &why) != OK)
                die("storm", why.text);
    ydoc_text(d, ROOT, &text);
    double ms = cpu_ms() - start;
    printf("{\"ms\":%.2f,\"text_bytes\":%zu}\n", ms, buf_len(&text));
    ydoc_free(d);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "local") == 0)
        local(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "load") == 0)
        load(argv[2], argv[3]);
    else if (argc >= 3 && strcmp(argv[1], "remote") == 0)
        remote(argv[2], argc > 3);
    else if (argc == 4 && strcmp(argv[1], "merge") == 0)
        merge(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "state") == 0)
        state_of(argv[2], strtoull(argv[3], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "storm") == 0)
        storm(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    else
        die("usage", "see the head of bench/docs.c");
    return 0;
}
