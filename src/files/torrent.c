#include "files/torrent.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "files/meta/parse.h"
#include "files/torrent_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *torrent_state_name(enum torrent_state s)
{
    static const char *const names[] = {"metadata", "checking", "downloading", "seeding",
                                        "queued",   "paused",   "error"};
    return names[s];
}

uint64_t torrent_now(const struct torrent *t)
{
    return loop_now_us(t->env->wire.loop);
}

bool torrent_is_complete(const struct torrent *t)
{
    return t->opened && choice_lacks(t) == 0;
}

bool torrent_has_all(const struct torrent *t)
{
    return t->opened && data_have_count(t->data) == t->mi->piece_count;
}

bool torrent_is_still(const struct torrent *t)
{
    return t->paused || t->held || t->blocked;
}

/* Peers may be talked to: their pieces matter, or they have the metadata. */
bool torrent_may_connect(const struct torrent *t)
{
    return t->started && !torrent_is_still(t) && t->closing == 0 &&
           (t->opened || !t->mi || t->hashes) && !t->error_stays;
}

enum torrent_state torrent_state(const struct torrent *t)
{
    uint32_t done, total;
    if (t->error)
        return TORRENT_ERROR;
    if (t->paused)
        return TORRENT_PAUSED;
    if (t->opened && data_checking(t->data, &done, &total))
        return TORRENT_CHECKING;
    if (t->blocked)
        return TORRENT_PAUSED;
    if (t->held)
        return TORRENT_QUEUED;
    if (!t->mi || torrent_lacks_hashes(t))
        return TORRENT_METADATA;
    if (!t->opened || (t->release_dir && torrent_is_complete(t)))
        return TORRENT_CHECKING;
    return torrent_is_complete(t) ? TORRENT_SEEDING : TORRENT_DOWNLOADING;
}

/* Telling: at once when nothing was told lately, else once per TORRENT_TELL_US. */

static void on_tell(void *arg)
{
    struct torrent *t = arg;
    t->tell = NULL;
    t->told_us = torrent_now(t);
    t->env->changed(t->env->node, t);
}

void torrent_changed(struct torrent *t)
{
    if (t->tell || t->closing > 0)
        return;
    uint64_t since = torrent_now(t) - t->told_us;
    uint64_t wait = t->told_us == 0 || since >= TORRENT_TELL_US ? 0 : TORRENT_TELL_US - since;
    t->tell = timer_start(t->env->wire.loop, wait, on_tell, t);
}

void torrent_fail(struct torrent *t, bool stays, const char *fmt, ...)
{
    char text[sizeof((struct why){0}.text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_warn(t->log, "%s", text);
    free(t->error);
    t->error = mem_strdup(text);
    t->error_stays = stays;
    t->error_us = torrent_now(t);
    torrent_need_tick(t);
    torrent_changed(t);
}

static void clear_error(struct torrent *t)
{
    free(t->error);
    t->error = NULL;
    t->error_stays = false;
}

/* The tick */

static bool has_ticking(const struct torrent *t)
{
    uint32_t done, total;
    return t->member_count > 0 || read_is_wanted(t) || (t->web_count > 0 && t->picker) ||
           (t->error && !t->error_stays) || (t->data && data_checking(t->data, &done, &total)) ||
           t->up_rate.per_s > 0 || t->down_rate.per_s > 0;
}

void torrent_retry_disk(struct torrent *t)
{
    log_info(t->log, "trying the disk again");
    clear_error(t);
    if (t->opened)
        data_retry(t->data);
    else
        torrent_open_data(t);
    swarm_fill(t);
}

/* Does what torrent_row() tells change with time alone? */
static bool moves(const struct torrent *t)
{
    if (t->up_rate.per_s > 0 || t->down_rate.per_s > 0)
        return true;
    switch (torrent_state(t)) {
    case TORRENT_METADATA:
    case TORRENT_CHECKING:
    case TORRENT_DOWNLOADING:
        return true;
    case TORRENT_SEEDING:
    case TORRENT_QUEUED:
    case TORRENT_PAUSED:
    case TORRENT_ERROR:
        break;
    }
    return false;
}

static void on_tick(void *arg)
{
    struct torrent *t = arg;
    t->tick = NULL;
    uint64_t now = torrent_now(t);
    bool moved = moves(t);
    if (t->error && !t->error_stays && now - t->error_us >= TORRENT_RETRY_US)
        torrent_retry_disk(t);
    swarm_tick(t);
    read_tick(t);
    web_tick(t);
    info_tick(t);
    v2_tick(t);
    rate_tick(&t->up_rate, now);
    rate_tick(&t->down_rate, now);
    if (moved || moves(t))
        torrent_changed(t);
    if (has_ticking(t))
        torrent_need_tick(t);
}

void torrent_need_tick(struct torrent *t)
{
    if (!t->tick && t->closing == 0)
        t->tick = timer_start(t->env->wire.loop, SEC, on_tick, t);
}

/* Data */

static void nothing(void *arg)
{
    (void)arg;
}

static void on_complete(struct torrent *t)
{
    bool fresh = !t->was_complete;
    t->was_complete = true;
    web_stop(t);
    picker_free(t->picker);
    t->picker = NULL;
    free(t->seen_s);
    t->seen_s = NULL;
    if (!fresh || t->told_done)
        return;
    t->told_done = true;
    log_info(t->log, "complete: %u of %u pieces are here and proven", data_have_count(t->data),
             t->mi->piece_count);
    if (t->trackers && torrent_has_all(t))
        trackers_completed(t->trackers);
    if (t->other_trackers)
        trackers_completed(t->other_trackers);
    if (t->release_dir)
        t->env->quarantined(t->env->node, t); /* and finished when it is out */
    else
        t->env->finished(t->env->node, t);
    vouch_wake(t);
}

void torrent_look_complete(struct torrent *t)
{
    if (!t->opened || !torrent_is_complete(t))
        t->was_complete = false;
    else if (!t->was_complete || t->picker)
        on_complete(t);
}

static void on_opened(struct torrent *t)
{
    t->opened = true;
    t->was_complete = t->told_done = torrent_is_complete(t);
    log_info(t->log, "%u of %u pieces are here", data_have_count(t->data), t->mi->piece_count);
    if (t->release_dir && t->was_complete && !t->error)
        t->env->quarantined(t->env->node, t);
    swarm_opened(t);
    if (torrent_is_still(t) && !t->was_complete)
        read_end_all(t, "the torrent is paused"); /* who came before it was known what is here */
    read_tick(t);
    if (!torrent_is_still(t) && !(t->trackers && trackers_running(t->trackers)))
        announce_start(t);
    else if (!torrent_is_still(t))
        announce_other(t);
    torrent_dht_wake(t); /* a link's walk began before; now it is known whether it is private */
    torrent_want_dial(t);
}

static void on_data(void *arg, enum data_event ev, uint32_t piece, const struct why *why)
{
    struct torrent *t = arg;
    switch (ev) {
    case DATA_OPENED:
        on_opened(t);
        break;
    case DATA_PIECE_OK:
        if (t->opened) {
            swarm_piece_ok(t, piece);
            read_piece_ok(t, piece);
        }
        break;
    case DATA_PIECE_BAD:
        swarm_piece_bad(t, piece);
        break;
    case DATA_PIECE_DOUBT:
        blame_piece(t, piece);
        break;
    case DATA_PIECE_LOST:
        if (t->opened)
            swarm_piece_lost(t, piece);
        break;
    case DATA_CHANGED:
        free(t->changed);
        t->changed = mem_strdup(why->text);
        break;
    case DATA_CHECKED:
        swarm_fill(t);
        break;
    case DATA_FAILED:
        torrent_fail(t, why->code == ERR_INVALID, "%s", why->text);
        break;
    case DATA_DRAINED:
        swarm_resume(t);
        break;
    }
    torrent_look_complete(t);
    if (t->changed && torrent_is_complete(t) &&
        !data_checking(t->data, &(uint32_t){0}, &(uint32_t){0})) {
        free(t->changed);
        t->changed = NULL;
    }
    torrent_need_tick(t);
    torrent_changed(t);
}

void torrent_open_data(struct torrent *t)
{
    v2_begin(t);
    if (torrent_lacks_hashes(t))
        return; /* it is opened when they are here */
    choice_hold(t);
    struct data_cfg cfg = {
        .loop = t->env->wire.loop,
        .vfs = t->env->vfs,
        .log = t->log,
        .mi = t->mi,
        .dir = t->dir,
        .resume_path = t->resume_path,
        .boot_id = t->env->boot_id,
        .seed = t->seed,
        .cb = on_data,
        .arg = t,
    };
    if (t->data) /* it failed to open: this is another try */
        data_close(t->data, nothing, NULL);
    uint8_t *skipped = choice_skipped(t);
    cfg.skip = skipped;
    t->data = data_open(&cfg);
    free(skipped);
}

void torrent_unblock(struct torrent *t)
{
    clear_error(t);
    if (t->started && !t->data && !t->mover)
        torrent_open_data(t);
    torrent_changed(t);
}

/* Life */

struct torrent *torrent_new(struct torrent_env *env, const struct torrent_cfg *cfg)
{
    struct torrent *t = MEM_NEW(struct torrent);
    t->env = env;
    memcpy(t->infohash, cfg->infohash, SHA1_LEN);
    hex_encode(t->infohash, SHA1_LEN, t->hex);
    t->hash = cfg->mi ? cfg->mi->hash : cfg->hash;
    if (!infohash_id(&t->hash)) {
        memcpy(t->hash.v1, cfg->infohash, SHA1_LEN);
        t->hash.has_v1 = true;
    }
    t->mi = cfg->mi;
    t->name = mem_strdup(cfg->name && cfg->name[0] ? cfg->name : t->hex);
    t->dir = mem_strdup(cfg->dir);
    t->release_dir = mem_strdup(cfg->release_dir);
    t->resume_path = mem_printf("%s/%s.resume", env->torrents_dir, t->hex);
    t->log = log_child(env->wire.log, "torrent %s", torrent_name(t));
    t->added_us = cfg->added_us;
    t->paused = cfg->paused;
    t->held = mem_strdup(cfg->held);
    if (cfg->mi && cfg->priorities && cfg->priority_count == cfg->mi->file_count)
        t->priorities = mem_dup(cfg->priorities, cfg->priority_count);
    t->rules = mem_strdup(cfg->rules);
    t->sequential = cfg->sequential;
    t->super_seed = cfg->super_seed;
    t->ends_first = cfg->ends_first;
    t->blocked = mem_strdup(cfg->blocked);
    t->seed = cfg->seed;
    t->fresh = cfg->fresh;
    t->uploaded = cfg->uploaded;
    t->downloaded = cfg->downloaded;
    announce_copy_urls(t, cfg->trackers, cfg->tracker_count);
    t->peers = torrent_peers_new(loop_random_u64(env->wire.loop));
    list_init(&t->dial_turn);
    list_init(&t->members);
    list_init(&t->readers);
    list_init(&t->gives);
    list_init(&t->doubts);
    list_init(&t->wrong);
    list_init(&t->webs);
    budget_init(&t->info_budget);
    t->info_budget.limit[BUDGET_BYTES] = TORRENT_INFO_HELD_MAX;
    t->conns_max = TORRENT_CONNS_MAX;
    torrent_set_limits(t, cfg->up_limit, cfg->down_limit);
    if (cfg->error)
        torrent_fail(t, true, "%s", cfg->error);
    return t;
}

void torrent_start(struct torrent *t)
{
    t->started = true;
    if (t->mi)
        choice_apply_rules(t);
    if (t->mi && t->fresh)
        torrent_deny(t);
    if (t->mi && t->blocked)
        ; /* nothing is written, not even an empty file */
    else if (t->mi && !t->error)
        torrent_open_data(t); /* announced when it is known what is here: a seed is no leecher */
    else if (!torrent_is_still(t))
        announce_start(t);
    if (torrent_lacks_hashes(t) && !torrent_is_still(t))
        announce_start(t);
    torrent_changed(t);
    torrent_want_dial(t);
}

static void on_part_closed(void *arg)
{
    struct torrent *t = arg;
    if (--t->closing == 0)
        t->closed(t->closed_arg);
}

static void on_data_closed(void *arg)
{
    struct farewell *fw = arg;
    struct torrent *t = fw->t;
    if (t) {
        t->farewell = NULL;
        if (t->closing > 0)
            on_part_closed(t);
        else if (t->mover)
            mover_data_closed(t);
    }
    if (fw->mi)
        parse_drop(fw->loop, fw->mi);
    free(fw);
}

static void close_data(struct torrent *t)
{
    if (!t->data)
        return;
    t->farewell = MEM_NEW(struct farewell);
    t->farewell->t = t;
    data_close(t->data, on_data_closed, t->farewell);
    t->data = NULL;
    t->opened = false;
}

static void on_close_timer(void *arg)
{
    struct torrent *t = arg;
    t->tick = NULL;
    on_part_closed(t);
}

void torrent_close_data(struct torrent *t)
{
    close_data(t);
}

void torrent_part_closed(struct torrent *t)
{
    on_part_closed(t);
}

void torrent_look_in(struct torrent *t, const char *dir)
{
    if (t->mover)
        return;
    read_end_all(t, "the torrent is looked for elsewhere");
    swarm_free(t);
    t->opened = false;
    torrent_set_dir(t, dir);
    torrent_open_data(t); /* closes what is open at the old place */
    torrent_changed(t);
}

void torrent_close(struct torrent *t, void (*done)(void *arg), void *arg)
{
    t->closed = done;
    t->closed_arg = arg;
    t->closing = 1; /* this call itself: done comes from the loop */
    read_end_all(t, "the torrent is being closed");
    swarm_free(t);
    load_forget(t);
    torrent_dial_rest(t);
    torrent_dht_rest(t);
    v2_done(t);
    timer_cancel(t->tick);
    timer_cancel(t->tell);
    timer_cancel(t->choosing);
    t->tell = t->choosing = NULL;
    t->tick = timer_start(t->env->wire.loop, 0, on_close_timer, t);
    if (t->trackers) {
        t->closing++;
        trackers_stop(t->trackers, on_part_closed, t);
    }
    if (t->other_trackers) {
        t->closing++;
        trackers_stop(t->other_trackers, on_part_closed, t);
    }
    t->closing += t->data != NULL || t->farewell != NULL;
    mover_end(t);
    close_data(t);
}

void torrent_free(struct torrent *t)
{
    if (!t)
        return;
    read_end_all(t, "the torrent is gone");
    swarm_free(t);
    web_free(t);
    load_forget(t);
    torrent_dial_rest(t);
    torrent_dht_rest(t);
    vouch_free(t);
    v2_done(t);
    timer_cancel(t->tick);
    timer_cancel(t->tell);
    timer_cancel(t->choosing);
    trackers_free(t->trackers);
    trackers_free(t->other_trackers);
    release_forget(t);
    close_data(t); /* where it was not closed before: the node crashed, or a test takes it apart */
    if (t->farewell) {
        t->farewell->t = NULL;
        t->farewell->mi = t->mi;
        t->farewell->loop = t->env->wire.loop;
        t->mi = NULL;
    }
    mover_drop(t);
    torrent_peers_free(t->peers);
    for (size_t i = 0; i < t->url_count; i++)
        free((char *)(uintptr_t)t->urls[i].url);
    free(t->urls);
    limit_done(&t->up);
    limit_done(&t->down);
    log_free(t->log);
    parse_drop(t->env->wire.loop, t->mi);
    free(t->name);
    free(t->dir);
    free(t->release_dir);
    free(t->note);
    free(t->changed);
    free(t->resume_path);
    free(t->error);
    free(t->held);
    free(t->priorities);
    superseed_free(t->super);
    free(t->rules);
    free(t->want);
    free(t->blocked);
    free(t);
}
