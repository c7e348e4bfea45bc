#include "core/metrics.h"

#include "base/map.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct named {
    struct metric cell; /* first: the cell's address is the entry's */
    enum metric_kind kind;
    const char *name, *help;
};

struct metrics {
    struct map *by_name;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = MEM_NEW(struct metrics);
    m->by_name = map_new(1); /* names are constants of ours */
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    struct named *n;
    for (size_t at = 0; (n = map_next(m->by_name, &at, NULL, NULL));)
        free(n);
    map_free(m->by_name);
    free(m);
}

struct metric *metrics_get(struct metrics *m, enum metric_kind kind, const char *name,
                           const char *help)
{
    struct named *n = map_get(m->by_name, name, strlen(name));
    if (!n) {
        assert(map_count(m->by_name) < METRICS_MAX);
        assert(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name));
        n = MEM_NEW(struct named);
        *n = (struct named){.kind = kind, .name = name, .help = help};
        map_put(m->by_name, name, strlen(name), n);
    }
    assert(n->kind == kind);
    return &n->cell;
}

/* "HELP lines may contain any sequence of UTF-8 characters, but the backslash and the line feed
 * characters have to be escaped" (Prometheus, "Exposition formats"). */
static void write_help(const char *help, struct buf *out)
{
    for (; *help; help++)
        if (*help == '\n')
            buf_str(out, "\\n");
        else if (*help == '\\')
            buf_str(out, "\\\\");
        else
            buf_put(out, help, 1);
}

void metrics_write(const struct metrics *m, struct buf *out)
{
    static const char *const type[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};
    const struct named *n;
    for (size_t at = 0; (n = map_next(m->by_name, &at, NULL, NULL));) {
        buf_printf(out, "# HELP %s ", n->name);
        write_help(n->help, out);
        buf_printf(out, "\n# TYPE %s %s\n%s %" PRId64 "\n", n->name, type[n->kind], n->name,
                   n->cell.value);
    }
}
