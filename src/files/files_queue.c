/* Whose turn it is (queue.h over all torrents), what ends seeding, and whether there is room. */
#include "files/files_in.h"

#include "base/mem.h"
#include "core/policy.h"

#include <stdio.h>

#define REVIEW_US (60 * SEC) /* who stalls, who was idle for too long */
/* A review walks all torrents (0.6 us each, most of them not in the cache): the next that is not
 * urgent waits for this long for each of them, so that thousands that change cost a hundredth of a
 * core. */
#define REST_US UINT64_C(60)
#define PLACE_GAP                                                                                  \
    (INT64_C(1) << 20) /* so that one can be put between two without moving others                 \
                        */

static const char wait_for_turn[] = "waits for its turn";

/* Order */

static int64_t place_of(const struct link *l)
{
    return LIST_OF(l, struct holding, tend.order)->tend.care.place;
}

void queue_enter(struct holding *h)
{
    struct files *f = h->f;
    struct link *at = &f->order;
    if (h->tend.care.place == 0)
        h->tend.care.place = (list_empty(&f->order) ? 0 : place_of(f->order.prev)) + PLACE_GAP;
    /* Rows come in the order in which they were added, so the place is most often the last. */
    while (at->prev != &f->order && place_of(at->prev) > h->tend.care.place)
        at = at->prev;
    list_push(at, &h->tend.order);
    const struct link *before = h->tend.order.prev;
    if (at != &f->order)
        f->ranks_stale = true;
    else if (before != &f->order)
        h->tend.rank = LIST_OF(before, struct holding, tend.order)->tend.rank + 1;
}

void queue_ranks(struct files *f)
{
    size_t rank = 0;
    if (!f->ranks_stale)
        return;
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        h->tend.rank = rank++;
    }
    f->ranks_stale = false;
}

static void space_out(struct files *f)
{
    int64_t place = 0;
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        h->tend.care.place = place += PLACE_GAP;
        h->tend.unkept = true;
    }
    tend_save(f, false);
}

void queue_move(struct holding *h, size_t rank)
{
    struct files *f = h->f;
    struct link *at = f->order.next;
    list_drop(&h->tend.order);
    at = f->order.next;
    for (size_t i = 0; i < rank && at != &f->order; i++)
        at = at->next;
    list_push(at, &h->tend.order); /* before `at` */
    const struct link *before = h->tend.order.prev, *after = h->tend.order.next;
    int64_t low = before == &f->order ? 0 : place_of(before);
    int64_t high = after == &f->order ? low + 2 * PLACE_GAP : place_of(after);
    if (before == &f->order)
        low = high - 2 * PLACE_GAP;
    h->tend.care.place = low + (high - low) / 2;
    f->ranks_stale = h->tend.unkept = true;
    /* No room between two, or so far out that places would run over; 0 means "at the end". */
    if (high - low < 2 || h->tend.care.place == 0 || low < -INT64_MAX / 2 || high > INT64_MAX / 2)
        space_out(f);
    queue_soon(f);
}

/* Who may run */

static enum queue_kind kind_of(const struct holding *h)
{
    if (torrent_is_paused(h->t) || torrent_blocked(h->t) || torrent_is_broken(h->t))
        return QUEUE_NONE;
    return torrent_is_complete(h->t) ? QUEUE_SEED : QUEUE_DOWNLOAD;
}

static bool is_stalled(const struct holding *h, uint64_t now_us)
{
    uint64_t after = h->f->rules.stalled_us;
    return after > 0 && h->tend.running && now_us - h->tend.quiet_us >= after;
}

static struct queue_item item_of(const struct holding *h, uint64_t now_us)
{
    enum queue_kind kind = kind_of(h);
    return (struct queue_item){.kind = kind,
                               .running = h->tend.running && h->tend.kind == kind,
                               .stalled = is_stalled(h, now_us),
                               .forced = h->tend.care.forced};
}

/* limits.storage: what was fetched so far, what those that run still fetch, and then this one. */
static bool has_room(const struct holding *h, uint64_t used, struct why *why)
{
    const struct policy *p = h->f->env.policy;
    return h->tend.care.shared || policy_may_store(p, used, torrent_left(h->t), why) == OK;
}

static void run(struct holding *h, enum queue_kind kind, uint64_t now_us)
{
    if (!h->tend.running || h->tend.kind != kind)
        h->tend.since_us = h->tend.quiet_us = now_us;
    h->tend.running = true;
    h->tend.kind = kind;
    torrent_hold(h->t, NULL);
}

static void wait_turn(struct holding *h, enum queue_kind kind, const char *why)
{
    h->tend.running = false;
    h->tend.kind = kind;
    torrent_hold(h->t, why);
}

static void apply(struct holding *h, const struct queue_item *it, uint64_t *used, uint64_t now_us)
{
    char text[120];
    struct why why = {0};
    if (it->kind == QUEUE_NONE) {
        h->tend.running = false;
        h->tend.kind = QUEUE_NONE;
    } else if (!it->running) {
        snprintf(text, sizeof text, "%s: number %zu of those that wait to %s", wait_for_turn,
                 it->place, it->kind == QUEUE_SEED ? "be seeded" : "download");
        wait_turn(h, it->kind, text);
    } else if (it->kind == QUEUE_DOWNLOAD && !has_room(h, *used, &why)) {
        wait_turn(h, it->kind, why.text);
    } else {
        run(h, it->kind, now_us);
        *used += it->kind == QUEUE_DOWNLOAD && !h->tend.care.shared ? torrent_left(h->t) : 0;
    }
}

uint64_t queue_stored(const struct files *f)
{
    uint64_t sum = 0;
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        sum += h->tend.care.shared ? 0 : torrent_done(h->t);
    }
    return sum;
}

/* What ends seeding */

static void finish(struct holding *h, const char *because)
{
    struct why why;
    log_info(h->f->env.log, "%s: seeding ends, %s", torrent_name(h->t), because);
    torrent_pause(h->t);
    h->tend.care.finished = true;
    h->tend.care.forced = false;
    if (keep_row(h, &why) || tend_keep(h, &why))
        log_warn(h->f->env.log, "keeping %s: %s", torrent_name(h->t), why.text);
}

static void look_at_seed(struct holding *h, uint64_t now_us)
{
    const struct files_rules *rules = &h->f->rules;
    double ratio = care_ratio_limit(&h->tend.care, rules->ratio);
    int64_t idle_s = care_idle_limit_s(&h->tend.care, rules->idle_s);
    if (torrent_state(h->t) != TORRENT_SEEDING || !h->tend.running)
        return;
    if (ratio >= 0 && torrent_ratio(h->t) >= ratio)
        finish(h, "its ratio is reached");
    else if (idle_s >= 0 && now_us - h->tend.quiet_us >= (uint64_t)idle_s * SEC)
        finish(h, "nobody took a byte for so long");
}

/* All of it */

static void on_review(void *arg)
{
    struct files *f = arg;
    f->review_timer = NULL;
    queue_review(f);
}

static void forget_touched(struct files *f)
{
    LIST_EACH(&f->touched, struct holding, h, tend.touched) {
        list_drop(&h->tend.touched);
    }
}

void queue_review(struct files *f)
{
    uint64_t now = loop_now_us(f->env.loop);
    size_t n = map_count(f->torrents), i = 0;
    timer_cancel(f->review_soon);
    timer_cancel(f->review_timer);
    f->review_soon = NULL;
    f->review_all = false;
    f->reviewed_us = now;
    f->review_timer = timer_start(f->env.loop, REVIEW_US, on_review, f);
    forget_touched(f);
    LIST_EACH(&f->order, struct holding, s, tend.order) {
        look_at_seed(s, now);
    }
    struct queue_item *items = mem_array(n + 1, sizeof *items);
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        items[i++] = item_of(h, now);
    }
    queue_decide(items, n, f->rules.places);
    uint64_t used = queue_stored(f);
    i = 0;
    LIST_EACH(&f->order, struct holding, a, tend.order) {
        apply(a, &items[i++], &used, now);
    }
    free(items);
}

/* Where nothing is limited each runs that wants to: what became of one concerns no other, and costs
 * the same with ten torrents and with ten thousand. */
static void review_touched(struct files *f)
{
    uint64_t now = loop_now_us(f->env.loop), used = 0;
    struct holding *h;
    while ((h = LIST_FIRST(&f->touched, struct holding, tend.touched))) {
        list_drop(&h->tend.touched);
        look_at_seed(h, now);
        struct queue_item item = item_of(h, now);
        item.running = item.kind != QUEUE_NONE;
        apply(h, &item, &used, now);
    }
}

static void review_later(struct files *f);

static void on_soon(void *arg)
{
    struct files *f = arg;
    f->review_soon = NULL;
    if (queue_first(f) || (f->review_all && list_empty(&f->touched))) {
        queue_review(f);
        return;
    }
    review_touched(f);
    if (f->review_all)
        review_later(f);
}

/* Those that were touched now; all of them when the last time was long enough ago. */
static void review_later(struct files *f)
{
    uint64_t rest = f->reviewed_us + map_count(f->torrents) * REST_US;
    uint64_t now = loop_now_us(f->env.loop);
    bool one = !list_empty(&f->touched) && !queue_first(f);
    if (f->restoring || f->stopped)
        return;
    timer_cancel(f->review_soon);
    f->review_soon = timer_start(f->env.loop, one || rest < now ? 0 : rest - now, on_soon, f);
}

void queue_soon(struct files *f)
{
    bool waits = f->review_all && f->review_soon;
    f->review_all = true;
    if (!waits)
        review_later(f);
}

void queue_touch(struct holding *h)
{
    struct files *f = h->f;
    if (queue_first(f)) {
        queue_soon(f);
        return;
    }
    bool waits = !list_empty(&f->touched) && f->review_soon;
    list_drop(&h->tend.touched);
    list_push(&f->touched, &h->tend.touched);
    if (!waits)
        review_later(f);
}

void queue_look(struct holding *h)
{
    if (queue_first(h->f))
        queue_review(h->f);
    else
        queue_touch(h);
}

const char *queue_first(const struct files *f)
{
    uint64_t most = (uint64_t)INT64_MAX;
    bool limited = f->rules.places[QUEUE_DOWNLOAD] || f->rules.places[QUEUE_SEED] ||
                   policy_may_store(f->env.policy, most, most, NULL);
    return limited ? wait_for_turn : NULL;
}
