#include "node/logring.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

struct line {
    uint64_t n;
    int64_t wall_us;
    enum log_level level;
    char *text;
};

struct logring {
    struct line lines[LOGRING_LINES];
    uint64_t count;
    node_log *next;
    void *arg;
    int64_t (*wall_us)(void *arg);
    void *clock_arg;
    int64_t last_us; /* the time of the last line; 0: there was no clock yet */
};

struct logring *logring_new(node_log *next, void *arg)
{
    struct logring *r = MEM_NEW(struct logring);
    r->next = next;
    r->arg = arg;
    return r;
}

void logring_free(struct logring *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < LOGRING_LINES; i++)
        free(r->lines[i].text);
    free(r);
}

void logring_clock(struct logring *r, int64_t (*wall_us)(void *arg), void *arg)
{
    r->wall_us = wall_us;
    r->clock_arg = arg;
}

void logring_sink(void *ring, enum log_level level, const char *line)
{
    struct logring *r = ring;
    if (r->wall_us)
        r->last_us = r->wall_us(r->clock_arg);
    struct line *l = &r->lines[r->count++ % LOGRING_LINES];
    free(l->text);
    *l = (struct line){r->count, r->last_us, level, mem_strdup(line)};
    if (r->next)
        r->next(r->arg, level, r->last_us, line);
}

json_t *logring_json(const struct logring *r, enum log_level level, uint64_t after)
{
    json_t *out = json_array();
    uint64_t first = r->count > LOGRING_LINES ? r->count - LOGRING_LINES : 0;
    for (uint64_t i = first > after ? first : after; i < r->count; i++) {
        const struct line *l = &r->lines[i % LOGRING_LINES];
        if (l->level >= level)
            json_array_append_new(out, json_pack("{s:I, s:s, s:s, s:s}", "n", (json_int_t)l->n,
                                                 "time", text_rfc3339(l->wall_us).s, "level",
                                                 log_level_name(l->level), "text", l->text));
    }
    return out;
}
