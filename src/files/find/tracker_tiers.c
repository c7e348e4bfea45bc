#include "files/find/tracker_tiers.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define SECOND UINT64_C(1000000)

struct entry {
    unsigned tier;
    enum tiers_state state;
    enum tracker_event event; /* ASKING: with what */
    bool able;
    bool heard;         /* `started`, and no `stopped` since */
    bool owes;          /* we owe it `completed` */
    unsigned fails;     /* in a row */
    uint64_t asked_us;  /* when it was last asked; 0: never */
    uint64_t rested_us; /* its interval is over then; 0: it has none to keep */
    uint64_t retry_us;  /* its pause after a failure is over then */
};

struct tiers {
    struct entry *all; /* by number */
    size_t *order;     /* numbers: tier after tier, in a tier in the order of asking */
    size_t count;
    size_t asking;
    uint64_t random; /* state of the shuffle */
    bool running, stopping;
};

struct tiers *tiers_new(uint64_t seed)
{
    struct tiers *t = MEM_NEW(struct tiers);
    t->random = seed;
    return t;
}

void tiers_free(struct tiers *t)
{
    if (!t)
        return;
    free(t->all);
    free(t->order);
    free(t);
}

/* SplitMix64 (Steele, Lea, Flood 2014): enough for a shuffle. */
static uint64_t next_random(struct tiers *t)
{
    uint64_t z = t->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static struct entry *at(const struct tiers *t, size_t place)
{
    return &t->all[t->order[place]];
}

/* The places of the tier that begins at `from`: from there to the returned one, exclusive. */
static size_t tier_end(const struct tiers *t, size_t from)
{
    size_t end = from;
    while (end < t->count && at(t, end)->tier == at(t, from)->tier)
        end++;
    return end;
}

/* Move the number at `from` to `to`, not behind it, and those between one further. */
static void move_up(struct tiers *t, size_t from, size_t to)
{
    size_t number = t->order[from];
    memmove(&t->order[to + 1], &t->order[to], (from - to) * sizeof *t->order);
    t->order[to] = number;
}

void tiers_add(struct tiers *t, unsigned tier, bool able)
{
    size_t first = 0;
    while (first < t->count && at(t, first)->tier < tier)
        first++;
    size_t end = first;
    while (end < t->count && at(t, end)->tier == tier)
        end++;
    /* Putting each at any place with the same chance gives each order the same chance. */
    size_t place = t->running ? end : first + next_random(t) % (end - first + 1);
    t->all = mem_realloc(t->all, (t->count + 1) * sizeof *t->all);
    t->order = mem_realloc(t->order, (t->count + 1) * sizeof *t->order);
    t->all[t->count] = (struct entry){.tier = tier, .able = able};
    t->order[t->count] = t->count;
    t->count++;
    move_up(t, t->count - 1, place);
}

void tiers_start(struct tiers *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->all[i] = (struct entry){.tier = t->all[i].tier, .able = t->all[i].able};
    t->asking = 0;
    t->running = true;
    t->stopping = false;
}

void tiers_completed(struct tiers *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct entry *e = &t->all[i];
        e->owes = e->heard || e->state == TIERS_ASKING;
    }
}

void tiers_hurry(struct tiers *t, uint64_t now_us)
{
    for (size_t i = 0; i < t->count; i++) {
        struct entry *e = &t->all[i];
        if (e->asked_us == 0 || now_us - e->asked_us >= TIERS_BY_HAND_S * SECOND)
            e->rested_us = e->retry_us = 0;
    }
}

void tiers_stop(struct tiers *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->all[i].state = TIERS_IDLE;
    t->asking = 0;
    t->running = false;
    t->stopping = true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* When this member of the tier that begins at `front` may be asked; not before now. */
static uint64_t ready_us(const struct tiers *t, size_t front, const struct entry *e,
                         uint64_t now_us)
{
    if (!e->able)
        return TIERS_NEVER;
    if (e->owes)
        return later(e->retry_us, now_us);
    /* Who stands in front answered last: the tier rests as long as he said. */
    uint64_t rest = later(e->rested_us, at(t, front)->rested_us);
    return later(later(rest, e->retry_us), now_us);
}

/* Who of the tier from place `front` to `end` is asked next: the first of those who are ready
 * soonest.  TIERS_NEVER when one is being asked, or none can be. */
static uint64_t next_of_tier(const struct tiers *t, size_t front, size_t end, uint64_t now_us,
                             size_t *place)
{
    uint64_t best = TIERS_NEVER;
    for (size_t i = front; i < end; i++) {
        if (at(t, i)->state == TIERS_ASKING)
            return TIERS_NEVER;
        uint64_t ready = ready_us(t, front, at(t, i), now_us);
        if (ready < best) {
            best = ready;
            *place = i;
        }
    }
    return best;
}

static enum tracker_event event_for(const struct entry *e)
{
    if (!e->heard)
        return TRACKER_STARTED;
    return e->owes ? TRACKER_COMPLETED : TRACKER_NONE;
}

static void ask(struct tiers *t, size_t number, enum tracker_event event, uint64_t now_us)
{
    struct entry *e = &t->all[number];
    e->state = TIERS_ASKING;
    e->event = event;
    e->asked_us = now_us;
    t->asking++;
}

/* `stopped`: to all at once, each once, whatever comes of it. */
static bool next_to_stop(struct tiers *t, uint64_t now_us, size_t *which)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!t->all[i].heard)
            continue;
        t->all[i].heard = false;
        ask(t, i, TRACKER_STOPPED, now_us);
        *which = i;
        return true;
    }
    return false;
}

bool tiers_next(struct tiers *t, uint64_t now_us, size_t *which, enum tracker_event *event)
{
    *event = TRACKER_STOPPED;
    if (t->stopping)
        return next_to_stop(t, now_us, which);
    if (!t->running || t->asking == TIERS_ASKING_MAX)
        return false;
    for (size_t front = 0, end; front < t->count; front = end) {
        size_t place = front;
        end = tier_end(t, front);
        if (next_of_tier(t, front, end, now_us, &place) > now_us)
            continue;
        *which = t->order[place];
        *event = event_for(at(t, place));
        ask(t, *which, *event, now_us);
        return true;
    }
    return false;
}

static struct entry *end_ask(struct tiers *t, size_t which, enum tiers_state state)
{
    struct entry *e = &t->all[which];
    assert(e->state == TIERS_ASKING);
    e->state = state;
    t->asking--;
    return e;
}

/* To the front of his tier. */
static void promote(struct tiers *t, size_t which)
{
    size_t front = 0;
    while (at(t, front)->tier != t->all[which].tier)
        front++;
    size_t place = front;
    while (t->order[place] != which)
        place++;
    move_up(t, place, front);
}

void tiers_answered(struct tiers *t, size_t which, uint32_t interval_s, uint64_t now_us)
{
    struct entry *e = end_ask(t, which, TIERS_WORKING);
    e->fails = 0;
    e->retry_us = 0;
    e->rested_us = now_us + interval_s * SECOND;
    if (e->event == TRACKER_STARTED)
        e->heard = true;
    if (e->event == TRACKER_COMPLETED)
        e->owes = false;
    promote(t, which);
}

void tiers_failed(struct tiers *t, size_t which, uint64_t now_us)
{
    struct entry *e = end_ask(t, which, TIERS_FAILED);
    uint64_t pause_s = TIERS_PAUSE_MIN_S;
    for (unsigned i = 0; i < e->fails && pause_s < TIERS_PAUSE_MAX_S; i++)
        pause_s *= 2;
    if (pause_s > TIERS_PAUSE_MAX_S)
        pause_s = TIERS_PAUSE_MAX_S;
    e->fails++;
    e->rested_us = 0; /* so that the tier does not rest on his account */
    e->retry_us = now_us + pause_s * SECOND;
    e->owes = e->owes && e->heard; /* else its `started` will say that all is here */
}

void tiers_refused(struct tiers *t, size_t which, uint64_t pause_s, uint64_t now_us)
{
    tiers_failed(t, which, now_us);
    t->all[which].retry_us = pause_s == TIERS_NEVER ? TIERS_NEVER : now_us + pause_s * SECOND;
}

uint64_t tiers_wake_us(const struct tiers *t, uint64_t now_us)
{
    uint64_t wake = TIERS_NEVER;
    if (!t->running || t->asking == TIERS_ASKING_MAX) /* an answer will come first */
        return wake;
    for (size_t front = 0, end; front < t->count; front = end) {
        size_t place;
        end = tier_end(t, front);
        uint64_t ready = next_of_tier(t, front, end, now_us, &place);
        wake = ready < wake ? ready : wake;
    }
    return wake;
}

size_t tiers_asking(const struct tiers *t)
{
    return t->asking;
}

enum tiers_state tiers_state(const struct tiers *t, size_t which)
{
    return t->all[which].state;
}

uint64_t tiers_next_us(const struct tiers *t, size_t which, uint64_t now_us)
{
    if (!t->running)
        return TIERS_NEVER;
    size_t front = 0;
    while (at(t, front)->tier != t->all[which].tier)
        front++;
    size_t place = front;
    uint64_t ready = next_of_tier(t, front, tier_end(t, front), now_us, &place);
    return t->order[place] == which ? ready : TIERS_NEVER;
}
