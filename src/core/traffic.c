#include "core/traffic.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>

struct traffic {
    uint64_t up[TRAFFIC_SLOTS], down[TRAFFIC_SLOTS]; /* by the slot's number modulo TRAFFIC_SLOTS */
    int64_t last;                                    /* the number of the newest slot */
    unsigned count;                                  /* slots in use, the newest ones */
    uint64_t up_total, down_total;
};

struct traffic *traffic_new(void)
{
    return MEM_NEW(struct traffic);
}

void traffic_free(struct traffic *t)
{
    free(t);
}

static size_t place_of(int64_t slot)
{
    return (size_t)(slot % TRAFFIC_SLOTS);
}

/* Empty slots up to this one. */
static void go_to(struct traffic *t, int64_t slot)
{
    if (t->count == 0 || slot - t->last >= TRAFFIC_SLOTS) { /* all is older than a day */
        t->last = slot - 1;
        t->count = 0;
    }
    while (t->last < slot) {
        size_t at = place_of(++t->last);
        t->up[at] = t->down[at] = 0;
        if (t->count < TRAFFIC_SLOTS)
            t->count++;
    }
}

void traffic_note(struct traffic *t, int64_t wall_s, uint64_t up, uint64_t down)
{
    if (wall_s >= 0)
        go_to(t, wall_s / TRAFFIC_SLOT_S);
    if (t->count == 0)
        return;
    size_t at = place_of(t->last);
    t->up[at] += up > t->up_total ? up - t->up_total : 0;
    t->down[at] += down > t->down_total ? down - t->down_total : 0;
    t->up_total = up;
    t->down_total = down;
}

static bool read_slot(const json_t *list, int64_t slot, size_t i, uint64_t *all)
{
    const json_t *bytes = json_array_get(list, i);
    if (!json_is_integer(bytes) || json_integer_value(bytes) < 0)
        return false;
    all[place_of(slot)] = (uint64_t)json_integer_value(bytes);
    return true;
}

enum err traffic_of_json(struct traffic *t, const json_t *saved, int64_t wall_s, struct why *why)
{
    const json_t *up = json_object_get(saved, "up"), *down = json_object_get(saved, "down");
    json_int_t step_s = json_integer_value(json_object_get(saved, "step_s"));
    int64_t first = json_integer_value(json_object_get(saved, "from")) / TRAFFIC_SLOT_S;
    size_t n = json_array_size(up);
    if (!json_is_array(up) || step_s != TRAFFIC_SLOT_S || n > TRAFFIC_SLOTS ||
        json_array_size(down) != n)
        return why_set(why, ERR_INVALID, "it is not a day of traffic");
    if (first < 0 || first > wall_s / TRAFFIC_SLOT_S - (int64_t)n + 1)
        return why_set(why, ERR_INVALID, "its day is not over by now");
    for (size_t i = 0; i < n; i++)
        if (!read_slot(up, first + (int64_t)i, i, t->up) ||
            !read_slot(down, first + (int64_t)i, i, t->down))
            return why_set(why, ERR_INVALID, "slot %zu is not a number of bytes", i);
    t->last = first + (int64_t)n - 1;
    t->count = (unsigned)n;
    return OK;
}

json_t *traffic_json(const struct traffic *t)
{
    json_t *up = json_array(), *down = json_array();
    int64_t first = t->last - t->count + 1;
    for (int64_t slot = first; t->count > 0 && slot <= t->last; slot++) {
        json_array_append_new(up, json_integer((json_int_t)t->up[place_of(slot)]));
        json_array_append_new(down, json_integer((json_int_t)t->down[place_of(slot)]));
    }
    return json_pack("{s:i, s:I, s:o, s:o}", "step_s", (int)TRAFFIC_SLOT_S, "from",
                     (json_int_t)(t->count > 0 ? first * TRAFFIC_SLOT_S : 0), "up", up, "down",
                     down);
}
