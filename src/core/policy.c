#include "core/policy.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/schedule.h"
#include "net/bucket.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A bucket holds a quarter of a second, so that a limit is felt as a rate and not as a second of
 * storm and a second of silence; but never less than four blocks of a torrent. */
enum { BURST_MIN = 64 * 1024, WAIT_FOR = 16 * 1024 };

#define RATE_MAX (UINT64_C(1) << 40) /* bytes a second; net/bucket.h's */

struct entry {
    struct schedule when;
    enum policy_rate of;
    uint64_t rate;
};

/* What is saved and shown. */
struct limits {
    uint64_t base[POLICY_RATES];
    uint64_t storage;
    struct entry schedule[POLICY_SCHEDULE_MAX];
    size_t schedule_count;
};

struct alt {
    bool on, timed;
    struct schedule when;
    uint64_t rate[POLICY_RATES];
};

struct policy {
    struct limits limits;
    struct alt alt;  /* of settings; not saved here */
    unsigned minute; /* of the week */
    struct {
        struct bucket *bucket; /* NULL: not asked yet */
        uint64_t rate;         /* the bucket's */
    } flow[POLICY_RATES];
};

static const char *const rate_key[] = {[POLICY_UP] = "up", [POLICY_DOWN] = "down"};
static const char *const rate_noun[] = {[POLICY_UP] = "upload", [POLICY_DOWN] = "download"};

struct policy *policy_new(void)
{
    return MEM_NEW(struct policy);
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    for (int r = 0; r < POLICY_RATES; r++)
        bucket_free(p->flow[r].bucket);
    free(p);
}

static uint64_t clamp(uint64_t rate)
{
    return rate < RATE_MAX ? rate : RATE_MAX;
}

void policy_set_rate(struct policy *p, enum policy_rate r, uint64_t bytes_per_s)
{
    p->limits.base[r] = clamp(bytes_per_s);
}

void policy_set_storage(struct policy *p, uint64_t bytes)
{
    p->limits.storage = bytes < INT64_MAX ? bytes : INT64_MAX; /* as JSON can say it */
}

void policy_set_minute(struct policy *p, unsigned minute_of_week)
{
    assert(minute_of_week < WEEK_MINUTES);
    p->minute = minute_of_week;
}

/* --- schedules ------------------------------------------------------------------------------- */

static enum err add(struct limits *l, const char *when, enum policy_rate r, uint64_t rate,
                    struct why *why)
{
    if (l->schedule_count == POLICY_SCHEDULE_MAX)
        return why_set(why, ERR_LIMIT, "there are %d schedule entries already: drop one first",
                       (int)POLICY_SCHEDULE_MAX);
    struct entry e = {.of = r, .rate = clamp(rate)};
    enum err err = schedule_parse(when, &e.when, why);
    if (err == OK)
        l->schedule[l->schedule_count++] = e;
    return err;
}

enum err policy_schedule_add(struct policy *p, const char *when, enum policy_rate r,
                             uint64_t bytes_per_s, struct why *why)
{
    return add(&p->limits, when, r, bytes_per_s, why);
}

enum err policy_schedule_drop(struct policy *p, size_t at, struct why *why)
{
    struct limits *l = &p->limits;
    if (at >= l->schedule_count)
        return why_set(why, ERR_NOT_FOUND, "there are %zu schedule entries, and none at %zu",
                       l->schedule_count, at);
    l->schedule_count--;
    memmove(&l->schedule[at], &l->schedule[at + 1], (l->schedule_count - at) * sizeof *l->schedule);
    return OK;
}

enum err policy_set_alt(struct policy *p, bool on, const char *when, uint64_t up, uint64_t down,
                        struct why *why)
{
    struct alt a = {.on = on, .timed = *when != '\0', .rate = {clamp(up), clamp(down)}};
    enum err err = a.timed ? schedule_parse(when, &a.when, why) : OK;
    if (err == OK)
        p->alt = a;
    return err;
}

static bool alt_holds(const struct policy *p)
{
    return p->alt.on || (p->alt.timed && schedule_holds(&p->alt.when, p->minute));
}

/* The entry in force now, or NULL. */
static const struct entry *in_force(const struct policy *p, enum policy_rate r)
{
    const struct limits *l = &p->limits;
    for (size_t i = 0; i < l->schedule_count; i++)
        if (l->schedule[i].of == r && schedule_holds(&l->schedule[i].when, p->minute))
            return &l->schedule[i];
    return NULL;
}

uint64_t policy_rate_now(const struct policy *p, enum policy_rate r)
{
    if (alt_holds(p))
        return p->alt.rate[r];
    const struct entry *e = in_force(p, r);
    return e ? e->rate : p->limits.base[r];
}

void policy_why(const struct policy *p, enum policy_rate r, char *out, size_t cap)
{
    bool alt = alt_holds(p);
    const struct entry *e = alt ? NULL : in_force(p, r);
    uint64_t rate = policy_rate_now(p, r);
    char when[SCHEDULE_TEXT] = "";
    if (e || (alt && !p->alt.on))
        schedule_text(e ? &e->when : &p->alt.when, when);
    const char *by = e              ? " by the schedule "
                     : alt && *when ? " by limits.alt-when "
                     : alt          ? " by limits.alt"
                                    : "";
    if (rate == 0)
        snprintf(out, cap, "%s is not limited%s%s", rate_noun[r], by, when);
    else
        snprintf(out, cap, "%s is limited to %s%s%s", rate_noun[r], text_rate(rate).s, by, when);
}

/* --- spending -------------------------------------------------------------------------------- */

/* The bucket of the rate in force; NULL where there is no limit.  Another rate is another bucket,
 * and a full one. */
static struct bucket *flow_of(struct policy *p, enum policy_rate r, uint64_t now_us)
{
    uint64_t rate = policy_rate_now(p, r);
    if (!p->flow[r].bucket || p->flow[r].rate != rate) {
        bucket_free(p->flow[r].bucket);
        p->flow[r].bucket = NULL;
        p->flow[r].rate = rate;
        if (rate > 0)
            p->flow[r].bucket =
                bucket_new(rate, rate / 4 > BURST_MIN ? rate / 4 : BURST_MIN, now_us);
    }
    return p->flow[r].bucket;
}

size_t policy_may(struct policy *p, enum policy_rate r, size_t want, uint64_t now_us)
{
    const struct bucket *b = flow_of(p, r, now_us);
    if (!b)
        return want;
    size_t have = bucket_have(b, now_us);
    return have < want ? have : want;
}

void policy_spend(struct policy *p, enum policy_rate r, size_t n, uint64_t now_us)
{
    struct bucket *b = flow_of(p, r, now_us);
    if (b)
        bucket_spend(b, n, now_us);
}

uint64_t policy_wait_us(struct policy *p, enum policy_rate r, size_t want, uint64_t now_us)
{
    const struct bucket *b = flow_of(p, r, now_us);
    if (!b || want == 0)
        return 0;
    return bucket_wait_us(b, want < WAIT_FOR ? want : WAIT_FOR, now_us);
}

enum err policy_may_store(const struct policy *p, uint64_t used, uint64_t bytes, struct why *why)
{
    uint64_t limit = p->limits.storage;
    if (limit == 0 || (used <= limit && bytes <= limit - used))
        return OK;
    return why_set(why, ERR_FULL, "storage is limited to %s: %s are used, %s more are asked for",
                   text_bytes(limit).s, text_bytes(used).s, text_bytes(bytes).s);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *now_json(const struct policy *p)
{
    json_t *now = json_object();
    for (enum policy_rate r = POLICY_UP; r < POLICY_RATES; r++) {
        char why[160];
        policy_why(p, r, why, sizeof why);
        json_object_set_new(
            now, rate_key[r],
            json_pack("{s:o, s:s}", "rate", number(policy_rate_now(p, r)), "why", why));
    }
    return now;
}

json_t *policy_to_json(const struct policy *p)
{
    const struct limits *l = &p->limits;
    json_t *schedule = json_array();
    for (size_t i = 0; i < l->schedule_count; i++) {
        char when[SCHEDULE_TEXT];
        schedule_text(&l->schedule[i].when, when);
        json_array_append_new(schedule, json_pack("{s:s, s:s, s:o}", "when", when, "of",
                                                  rate_key[l->schedule[i].of], "rate",
                                                  number(l->schedule[i].rate)));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "up", number(l->base[POLICY_UP]), "down",
                     number(l->base[POLICY_DOWN]), "storage", number(l->storage), "schedule",
                     schedule, "now", now_json(p));
}

static enum err read_number(const json_t *v, const char *key, uint64_t max, uint64_t *out,
                            struct why *why)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return why_set(why, ERR_INVALID, "policy: %s must be a whole number, 0 or more", key);
    uint64_t n = (uint64_t)json_integer_value(v);
    *out = n < max ? n : max;
    return OK;
}

static enum err read_entry(struct limits *l, const json_t *v, struct why *why)
{
    const char *when = json_string_value(json_object_get(v, "when"));
    const char *of = json_string_value(json_object_get(v, "of"));
    if (!when || !of || json_object_size(v) != 3)
        return why_set(why, ERR_INVALID, "policy: a schedule entry has when, of and rate");
    enum policy_rate r = POLICY_UP;
    while (r < POLICY_RATES && strcmp(rate_key[r], of) != 0)
        r++;
    if (r == POLICY_RATES)
        return why_set(why, ERR_INVALID, "policy: a schedule is of up or down, not of %.20s", of);
    uint64_t rate = 0; /* gcc does not know that why_set() never returns OK */
    enum err err = read_number(json_object_get(v, "rate"), "rate", RATE_MAX, &rate, why);
    return err != OK ? err : add(l, when, r, rate, why);
}

static enum err read_schedule(struct limits *l, const json_t *v, struct why *why)
{
    if (!json_is_array(v))
        return why_set(why, ERR_INVALID, "policy: schedule must be an array");
    enum err err = OK;
    for (size_t i = 0; err == OK && i < json_array_size(v); i++)
        err = read_entry(l, json_array_get(v, i), why);
    return err;
}

static enum err read_member(struct limits *l, const char *key, const json_t *v, struct why *why)
{
    for (enum policy_rate r = POLICY_UP; r < POLICY_RATES; r++)
        if (!strcmp(key, rate_key[r]))
            return read_number(v, key, RATE_MAX, &l->base[r], why);
    if (!strcmp(key, "storage"))
        return read_number(v, key, INT64_MAX, &l->storage, why);
    if (!strcmp(key, "schedule"))
        return read_schedule(l, v, why);
    if (!strcmp(key, "now")) /* what policy_to_json adds for people */
        return OK;
    /* Not passed over: it may be a limit, and the owner believes that it holds. */
    return why_set(why, ERR_INVALID, "policy: %.40s is not known to this version", key);
}

enum err policy_of_json(struct policy *p, const json_t *j, struct why *why)
{
    if (!json_is_object(j))
        return why_set(why, ERR_INVALID, "policy: not an object");
    struct limits read = {0};
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)j, key, v) /* reads only; jansson's macro wants non-const */
    {
        enum err err = read_member(&read, key, v, why);
        if (err != OK)
            return err;
    }
    p->limits = read;
    return OK;
}
