/* What a person wants of one torrent besides its bytes: limits, labels, place in the queue. */
#include "files/files_in.h"

#include "base/mem.h"

#include <string.h>

/* file.limit */

static enum err set_group(struct care *c, const char *name, struct why *why)
{
    if (strlen(name) > CARE_GROUP_MAX)
        return why_set(why, ERR_LIMIT, "a group's name has %zu bytes, at most %d", strlen(name),
                       (int)CARE_GROUP_MAX);
    free(c->group);
    c->group = *name ? mem_strdup(name) : NULL;
    return OK;
}

static void set_weight(struct care *c, const char *name)
{
    c->weight = strcmp(name, "low") == 0 ? -1 : strcmp(name, "high") == 0 ? 1 : 0;
}

bool wish_limits(struct holding *h, struct call *c)
{
    struct care *care = &h->tend.care;
    const char *ratio = call_text(c, "ratio"), *idle = call_text(c, "idle");
    const char *group = call_text(c, "group"), *weight = call_text(c, "weight");
    struct why why = {0};
    if ((ratio && care_set_ratio(care, ratio, &why)) || (idle && care_set_idle(care, idle, &why)) ||
        (group && set_group(care, group, &why))) {
        call_fail(c, CALL_USAGE, &why, "for example: --ratio 2 --idle 30m, or off, or node");
        return false;
    }
    if (weight)
        set_weight(care, weight);
    if (call_has(c, "peers"))
        care->conns = call_int(c, "peers", 0);
    if (call_has(c, "free_of_node"))
        care->free_of_node = call_bool(c, "free_of_node");
    h->tend.unkept = true;
    tend_apply(h);
    queue_touch(h);
    return true;
}

/* file.label */

void file_label(void *app, struct call *c)
{
    struct why why;
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (care_set_labels(&h->tend.care, call_array(c, "label"), &why)) {
        call_fail(c, CALL_USAGE, &why, "shoal file label debian-12 linux iso");
        return;
    }
    h->tend.care.edited_us = loop_wall_us(h->f->env.loop);
    h->tend.unkept = true;
    answer_kept(h, c);
}

/* file.queue */

void file_queue(void *app, struct call *c)
{
    struct files *f = app;
    struct holding *h = holding_of(f, c);
    if (!h)
        return;
    const char *to = call_text(c, "to");
    size_t last = map_count(f->torrents) - 1, rank;
    queue_ranks(f);
    rank = h->tend.rank;
    if (call_has(c, "at"))
        rank = (size_t)call_int(c, "at", 0);
    else if (!to || strcmp(to, "top") == 0)
        rank = 0;
    else if (strcmp(to, "bottom") == 0)
        rank = last;
    else if (strcmp(to, "up") == 0)
        rank -= rank > 0;
    else
        rank++;
    queue_move(h, rank < last ? rank : last);
    answer_kept(h, c);
}

/* file.stats */

static json_t *totals_json(const struct files_totals *t)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "uploaded", (json_int_t)t->up, "downloaded",
                     (json_int_t)t->down, "added", (json_int_t)t->added, "sessions",
                     (json_int_t)t->sessions, "active_s", (json_int_t)(t->active_us / SEC));
}

void file_stats(void *app, struct call *c)
{
    struct files *f = app;
    uint64_t up = 0, down = 0;
    json_int_t paused = 0, active = 0, all = 0;
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        uint64_t u, d;
        torrent_rates(h->t, &u, &d);
        files_count(h);
        up += u;
        down += d;
        paused += torrent_is_paused(h->t);
        active += !torrent_is_paused(h->t);
        all++;
    }
    f->now.active_us = loop_now_us(f->env.loop) - f->began_us;
    struct files_totals ever = {
        f->before.up + f->now.up, f->before.down + f->now.down, f->before.added + f->now.added,
        f->before.sessions + f->now.sessions, f->before.active_us + f->now.active_us};
    call_ok(c, json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "torrents", all, "paused", paused,
                         "active", active, "up_rate", (json_int_t)up, "down_rate", (json_int_t)down,
                         "now", totals_json(&f->now), "ever", totals_json(&ever)));
}
