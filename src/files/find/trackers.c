#include "files/find/trackers.h"

#include "base/mem.h"
#include "files/find/tracker_ask.h"
#include "files/find/tracker_tiers.h"
#include "files/meta/text.h"

#include <stdio.h>
#include <string.h>

enum { WANT = 80 /* peers asked for */, STOP_S = 3 /* for all `stopped` together */ };

enum scheme { SCHEME_NONE, SCHEME_HTTP, SCHEME_UDP };

/* What may be under way with one tracker: an announce by each family (or one, by any), a scrape. */
enum { ASK_ANY, ASK_V4 = ASK_ANY, ASK_V6, ASK_SCRAPE, ASKS };

struct ask {
    struct tracker *one;
    struct tracker_http *http; /* one of the two; both NULL: nothing is asked */
    struct tracker_udp_ask *udp;
};

/* One tracker; its number in the tiers is its place in `all`. */
struct tracker {
    struct trackers *owner;
    size_t number;
    char *url;
    unsigned tier;
    enum scheme scheme;
    struct ask asks[ASKS];
    bool told;           /* the tiers know how this announce went */
    uint32_t retry_s;    /* when it refused: BEP 31 */
    char tracker_id[64]; /* to be sent back */
    char error[240];     /* why it failed last; "" */
    uint32_t seeders, leechers, downloaded;
    bool scraped;        /* downloaded is known */
    uint64_t scraped_us; /* when that was asked last; 0: never */
};

struct trackers {
    struct trackers_cfg cfg;
    char *from_ip;
    struct tiers *tiers;
    struct tracker **all;
    size_t count;
    uint32_t key;
    bool running;
    struct timer *wake;
    struct timer *stop_limit; /* while stopping */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

static enum scheme scheme_of(const char *url)
{
    struct cur c = cur_of(url, strlen(url));
    if (text_has_scheme(c, "udp://"))
        return SCHEME_UDP;
    bool http = text_has_scheme(c, "http://") || text_has_scheme(c, "https://");
    return http ? SCHEME_HTTP : SCHEME_NONE;
}

static void add(struct trackers *t, const char *url, unsigned tier)
{
    struct cur c = cur_of(url, strlen(url));
    if (t->count == MI_TRACKERS_MAX || !text_is_url(c))
        return;
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->all[i]->url, url) == 0)
            return;
    struct tracker *one = MEM_NEW(struct tracker);
    one->owner = t;
    one->number = t->count;
    one->url = mem_strdup(url);
    one->tier = tier;
    one->scheme = scheme_of(url);
    for (size_t i = 0; i < ASKS; i++)
        one->asks[i].one = one;
    if (one->scheme == SCHEME_NONE) /* WebTorrent's wss:// and what else there is */
        snprintf(one->error, sizeof one->error, "trackers of this kind are not spoken to");
    t->all = mem_realloc(t->all, (t->count + 1) * sizeof *t->all);
    t->all[t->count++] = one;
    tiers_add(t->tiers, tier, one->scheme != SCHEME_NONE);
}

struct trackers *trackers_new(const struct trackers_cfg *cfg)
{
    struct trackers *t = MEM_NEW(struct trackers);
    t->cfg = *cfg;
    t->from_ip = mem_strdup(cfg->from_ip);
    t->tiers = tiers_new(loop_random_u64(cfg->loop));
    loop_random(cfg->loop, &t->key, sizeof t->key);
    for (size_t i = 0; i < cfg->url_count; i++)
        add(t, cfg->urls[i].url, cfg->urls[i].tier);
    t->cfg.urls = NULL; /* the caller's */
    t->cfg.url_count = 0;
    return t;
}

static bool is_asking(const struct ask *a)
{
    return a->http || a->udp;
}

static void cancel_ask(struct ask *a)
{
    tracker_http_cancel(a->http);
    tracker_udp_cancel(a->udp);
    a->http = NULL;
    a->udp = NULL;
}

static void cancel_announce(struct tracker *one)
{
    cancel_ask(&one->asks[ASK_V4]);
    cancel_ask(&one->asks[ASK_V6]);
}

static bool is_announcing(const struct tracker *one)
{
    return is_asking(&one->asks[ASK_V4]) || is_asking(&one->asks[ASK_V6]);
}

void trackers_free(struct trackers *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        cancel_announce(t->all[i]);
        cancel_ask(&t->all[i]->asks[ASK_SCRAPE]);
        free(t->all[i]->url);
        free(t->all[i]);
    }
    timer_cancel(t->wake);
    timer_cancel(t->stop_limit);
    tiers_free(t->tiers);
    free(t->all);
    free(t->from_ip);
    free(t);
}

static void on_answer(void *arg, const struct tracker_answer *a, const struct why *why);
static void on_scrape(void *arg, const struct tracker_answer *a, const struct why *why);

static void start(struct ask *ask, enum addr_family family, const struct tracker_announce *a)
{
    struct tracker *one = ask->one;
    struct trackers *t = one->owner;
    tracker_ask_cb *done = a->scrape ? on_scrape : on_answer;
    const struct tracker_way way = {.from_ip = t->from_ip, .family = family};
    if (one->scheme == SCHEME_UDP)
        ask->udp = tracker_udp_start(t->cfg.udp, one->url, family, a, done, ask);
    else
        ask->http = tracker_http_start(t->cfg.loop, &way, one->url, a, one->tracker_id, done, ask);
}

/* By each family that peers can reach us by: the tracker sees one address a request (BEP 7).  What
 * is left of an announce before is dropped. */
static void announce(struct tracker *one, enum tracker_event event)
{
    struct trackers *t = one->owner;
    struct tracker_announce a = {.port = 0};
    cancel_announce(one);
    t->cfg.fill(t->cfg.arg, &a);
    a.event = event;
    a.key = t->key;
    a.want = event == TRACKER_STOPPED ? 0 : WANT;
    one->told = false;
    one->retry_s = 0;
    if (t->cfg.both) {
        start(&one->asks[ASK_V4], ADDR_V4, &a);
        start(&one->asks[ASK_V6], ADDR_V6, &a);
    } else {
        start(&one->asks[ASK_ANY], ADDR_NONE, &a);
    }
}

static void scrape(struct tracker *one, unsigned rest_s)
{
    struct trackers *t = one->owner;
    struct tracker_announce a = {.port = 0};
    uint64_t now = loop_now_us(t->cfg.loop);
    bool rests = one->scraped_us != 0 && now - one->scraped_us < rest_s * SEC;
    if (one->scheme == SCHEME_NONE || rests || is_asking(&one->asks[ASK_SCRAPE]))
        return;
    one->scraped_us = now;
    t->cfg.fill(t->cfg.arg, &a);
    a.scrape = true;
    start(&one->asks[ASK_SCRAPE], ADDR_NONE, &a);
}

static void pump(struct trackers *t);

static void on_wake(void *arg)
{
    struct trackers *t = arg;
    t->wake = NULL;
    pump(t);
}

/* Ask whoever is to be asked now, and come back when the next is. */
static void pump(struct trackers *t)
{
    size_t which;
    enum tracker_event event;
    uint64_t now = loop_now_us(t->cfg.loop);
    while (tiers_next(t->tiers, now, &which, &event))
        announce(t->all[which], event);
    timer_cancel(t->wake);
    t->wake = NULL;
    uint64_t wake = tiers_wake_us(t->tiers, now);
    if (wake != TIERS_NEVER)
        t->wake = timer_start(t->cfg.loop, wake - now, on_wake, t);
}

/* All have heard `stopped`, or had their time. */
static void end_stop(struct trackers *t)
{
    void (*stopped)(void *) = t->stopped;
    timer_cancel(t->stop_limit);
    t->stop_limit = NULL;
    t->stopped = NULL;
    for (size_t i = 0; i < t->count; i++)
        cancel_announce(t->all[i]);
    stopped(t->stopped_arg);
}

static void on_stop_limit(void *arg)
{
    struct trackers *t = arg;
    t->stop_limit = NULL;
    end_stop(t);
}

static void take_failure(struct tracker *one, const char *words)
{
    struct trackers *t = one->owner;
    uint64_t now = loop_now_us(t->cfg.loop);
    snprintf(one->error, sizeof one->error, "%s", words);
    log_debug(t->cfg.log, "tracker %s: %s", one->url, words);
    one->told = true;
    if (one->retry_s == 0)
        tiers_failed(t->tiers, one->number, now);
    else
        tiers_refused(t->tiers, one->number,
                      one->retry_s == TRACKER_RETRY_NEVER ? TIERS_NEVER : one->retry_s, now);
}

static void take_answer(struct tracker *one, const struct tracker_answer *a)
{
    struct trackers *t = one->owner;
    one->error[0] = '\0';
    one->seeders = a->seeders;
    one->leechers = a->leechers;
    if (a->tracker_id[0] != '\0') /* an answer without one leaves the last in place */
        memcpy(one->tracker_id, a->tracker_id, sizeof one->tracker_id);
    log_debug(t->cfg.log, "tracker %s: %zu peers, next in %u s", one->url, a->peer_count,
              (unsigned)a->interval_s);
    if (!one->told)
        tiers_answered(t->tiers, one->number, a->interval_s, loop_now_us(t->cfg.loop));
    one->told = true;
}

/* The first who agrees speaks for the tracker, and only when nobody does it has failed.  At the end
 * each gets its time. */
static void on_answer(void *arg, const struct tracker_answer *a, const struct why *why)
{
    struct ask *ask = arg;
    struct tracker *one = ask->one;
    struct trackers *t = one->owner;
    bool agreed = a && a->failure[0] == '\0';
    ask->http = NULL;
    ask->udp = NULL;
    if (a && !agreed)
        one->retry_s = a->retry_s;
    if (t->stopped) {
        if (!is_announcing(one))
            tiers_answered(t->tiers, one->number, 0, loop_now_us(t->cfg.loop));
        if (tiers_asking(t->tiers) == 0)
            end_stop(t);
        return;
    }
    if (agreed)
        take_answer(one, a);
    else if (!one->told && !is_announcing(one))
        take_failure(one, a ? a->failure : why->text);
    if (agreed)
        scrape(one, TRACKERS_SCRAPE_USUAL_S);
    pump(t);
    if (agreed)
        t->cfg.peers(t->cfg.arg, a->peers, a->peer_count); /* last: the owner may free us in it */
}

/* Of the stop that runs, if one does, nothing is heard any more. */
static void forget_stop(struct trackers *t)
{
    timer_cancel(t->stop_limit);
    t->stop_limit = NULL;
    t->stopped = NULL;
}

static void on_scrape(void *arg, const struct tracker_answer *a, const struct why *why)
{
    struct ask *ask = arg;
    struct tracker *one = ask->one;
    const char *words = a ? a->failure : why->text;
    ask->http = NULL;
    ask->udp = NULL;
    if (words[0] != '\0') {
        log_debug(one->owner->cfg.log, "tracker %s: no numbers: %s", one->url, words);
        return;
    }
    one->seeders = a->seeders;
    one->leechers = a->leechers;
    one->downloaded = a->downloaded;
    one->scraped = true;
}

void trackers_scrape(struct trackers *t)
{
    for (size_t i = 0; i < t->count; i++)
        scrape(t->all[i], TRACKERS_SCRAPE_S);
}

void trackers_start(struct trackers *t)
{
    forget_stop(t);
    for (size_t i = 0; i < t->count; i++)
        cancel_announce(t->all[i]);
    tiers_start(t->tiers);
    t->running = true;
    pump(t);
}

bool trackers_running(const struct trackers *t)
{
    return t->running;
}

void trackers_completed(struct trackers *t)
{
    tiers_completed(t->tiers);
    pump(t);
}

void trackers_announce(struct trackers *t)
{
    tiers_hurry(t->tiers, loop_now_us(t->cfg.loop));
    pump(t);
}

void trackers_add(struct trackers *t, const char *url, unsigned tier)
{
    add(t, url, tier);
    pump(t);
}

void trackers_stop(struct trackers *t, void (*done)(void *arg), void *arg)
{
    if (t->stopped) { /* it runs already: only another hears of its end, and not from inside here */
        t->stopped = done;
        t->stopped_arg = arg;
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        cancel_announce(t->all[i]);
    t->stopped = done;
    t->stopped_arg = arg;
    tiers_stop(t->tiers);
    t->running = false;
    pump(t);
    for (size_t i = 0; i < t->count; i++)
        cancel_ask(&t->all[i]->asks[ASK_SCRAPE]);
    uint64_t limit = tiers_asking(t->tiers) > 0 ? STOP_S * SEC : 0;
    t->stop_limit = timer_start(t->cfg.loop, limit, on_stop_limit, t);
}

static json_t *status_of(const struct trackers *t, const struct tracker *one, uint64_t now_us)
{
    static const char *const names[] = {[TIERS_IDLE] = "idle",
                                        [TIERS_ASKING] = "asking",
                                        [TIERS_WORKING] = "working",
                                        [TIERS_FAILED] = "failed"};
    enum tiers_state state = tiers_state(t->tiers, one->number);
    if (one->scheme == SCHEME_NONE)
        state = TIERS_FAILED;
    uint64_t next = tiers_next_us(t->tiers, one->number, now_us);
    json_t *o = json_object();
    json_object_set_new(o, "url", json_string(one->url));
    json_object_set_new(o, "tier", json_integer(one->tier));
    json_object_set_new(o, "state", json_string(names[state]));
    json_object_set_new(o, "error", json_string(one->error));
    json_object_set_new(o, "seeders", json_integer(one->seeders));
    json_object_set_new(o, "leechers", json_integer(one->leechers));
    json_object_set_new(o, "downloaded",
                        one->scraped ? json_integer(one->downloaded) : json_null());
    json_object_set_new(o, "next_s",
                        next == TIERS_NEVER ? json_null()
                                            : json_integer((json_int_t)((next - now_us) / SEC)));
    return o;
}

json_t *trackers_status(const struct trackers *t, uint64_t now_us)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->count; i++)
        json_array_append_new(list, status_of(t, t->all[i], now_us));
    return list;
}
