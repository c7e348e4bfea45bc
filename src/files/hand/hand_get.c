/* What is received, from its code to its name.
 *
 *     seeking -> offered -> running (opened, fetched) -> checking (scanned, named) -> done
 *
 * What goes wrong on the way is tried again, after pauses that double, until it is here, the owner
 * ends it, or the other side says that it is over. */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "core/policy.h"
#include "crypto/wipe.h"
#include "files/disk/diskpath.h"
#include "files/owner/scan.h"

#include <stdlib.h>
#include <string.h>

enum { TELLS_MAX = 20 };
#define PAUSE_FIRST_US (1 * SEC)
#define PAUSE_LAST_US (30 * SEC)

static void go_on(struct get *g);

struct get *get_find(const struct hands *h, const char *id)
{
    LIST_EACH(&h->gets, struct get, g, link)
        if (strcmp(g->id, id) == 0)
            return g;
    return NULL;
}

static bool is_over(const struct get *g)
{
    return g->phase == HAND_DONE || g->phase == HAND_ENDED;
}

size_t gets_open(const struct hands *h)
{
    size_t n = 0;
    LIST_EACH(&h->gets, struct get, g, link)
        n += !is_over(g);
    return n;
}

/* --- its end ------------------------------------------------------------------------------------
 */

static void stop_all(struct get *g)
{
    seek_cancel(g->seek);
    fetch_cancel(g->fetch);
    timer_cancel(g->again);
    hand_table_cancel(g->where);
    scan_cancel(g->scan);
    g->seek = NULL;
    g->fetch = NULL;
    g->again = NULL;
    g->where = NULL;
    g->scan = NULL;
}

void get_free(struct get *g)
{
    list_drop(&g->link);
    stop_all(g);
    hand_store_free(g->store);
    wipe(g->token, sizeof g->token);
    wipe(&g->code, sizeof g->code);
    free(g->dir);
    free(g->path);
    free(g->name);
    free(g);
}

static void forget_old(struct hands *h)
{
    size_t over = 0;
    LIST_EACH(&h->gets, struct get, g, link)
        over += is_over(g);
    LIST_EACH(&h->gets, struct get, old, link)
        if (is_over(old) && old->word == HAND_GOES_ON && over > HANDS_OVER_KEPT) {
            over--;
            get_free(old);
        }
}

static void tell_word(struct get *g, enum hand_end word);

/* It comes to nothing; what is there of it goes. */
static void fail(struct get *g, const struct why *why, enum hand_end word)
{
    struct why mine = *why;
    stop_all(g);
    g->phase = HAND_ENDED;
    g->why = mine;
    if (g->store) {
        hand_store_remove(g->store);
        g->store = NULL;
    }
    log_info(g->h->log, "%s is not received: %s", g->name ? g->name : "what a code stands for",
             mine.text);
    if (word == HAND_GOES_ON)
        hand_keep_get_gone(g);
    else
        tell_word(g, word);
    get_tell(g);
}

void get_cancel(struct get *g)
{
    struct why why;
    why_set(&why, ERR_DENIED, "ended by its owner");
    fail(g, &why, g->phase == HAND_SEEKING ? HAND_GOES_ON : HAND_DECLINED);
}

/* --- the other side hears how it ended ----------------------------------------------------------
 */

static void tell_again(void *arg);

static void on_told(void *arg, bool over, const struct why *why)
{
    struct get *g = arg;
    (void)why;
    g->fetch = NULL;
    if (over || g->tells == TELLS_MAX) {
        g->word = HAND_GOES_ON;
        hand_keep_get_gone(g);
        return;
    }
    g->again = timer_start(g->h->loop, g->pause_us, tell_again, g);
    g->pause_us = g->pause_us < PAUSE_LAST_US / 2 ? g->pause_us * 2 : PAUSE_LAST_US;
}

static void tell_again(void *arg)
{
    struct get *g = arg;
    g->again = NULL;
    g->tells++;
    g->fetch = fetch_start(g, g->word, on_told, g);
}

static void tell_word(struct get *g, enum hand_end word)
{
    g->word = word;
    g->pause_us = PAUSE_FIRST_US;
    g->again = timer_start(g->h->loop, 0, tell_again, g);
}

/* --- named ---------------------------------------------------------------------------------------
 */

static void note_paths(struct get *g)
{
    free(g->path);
    g->path = mem_strdup(hand_store_path(g->store));
}

static void try_later(struct get *g, const struct why *why);

static void on_named(void *arg, const struct why *why)
{
    struct get *g = arg;
    struct why kept;
    if (why) {
        try_later(g, why);
        return;
    }
    if (hand_keep_get_accepted(g, HAND_NAMED, &kept) != OK)
        log_warn(g->h->log, "that %s is here cannot be written down: %s", g->name, kept.text);
    note_paths(g);
    hand_store_free(g->store);
    g->store = NULL;
    g->have = g->size;
    g->phase = HAND_DONE;
    g->why.code = OK;
    log_info(g->h->log, "%s is here", g->path);
    tell_word(g, HAND_HAS_ALL);
    get_tell(g);
}

/* From here on the part may be gone and the name there, should the node be killed. */
static void name_it(struct get *g)
{
    struct why why;
    if (hand_keep_get_accepted(g, HAND_NAMING, &why) != OK)
        try_later(g, &why);
    else
        hand_store_finish(g->store, on_named, g);
}

/* --- scanned -------------------------------------------------------------------------------------
 */

static void scan_on(struct get *g);

static void on_scanned(void *arg, enum scan_verdict verdict, const char *words,
                       const struct why *why)
{
    struct get *g = arg;
    struct why mine;
    g->scan = NULL;
    if (why || verdict == SCAN_ERROR) {
        why_set(&mine, ERR_STATE, "not scanned: %s", why ? why->text : words);
        try_later(g, &mine);
    } else if (verdict == SCAN_INFECTED) {
        why_set(&mine, ERR_DENIED, "clamd found %s in it", words);
        fail(g, &mine, HAND_DECLINED);
    } else {
        g->scanned++;
        scan_on(g);
    }
}

static void scan_on(struct get *g)
{
    const struct hand_offer *o = hand_store_offer(g->store);
    const char *socket = g->h->cfg.scanner(g->h->cfg.arg);
    while (g->scanned < o->count && o->entries[g->scanned].size == 0)
        g->scanned++;
    if (!socket[0] || g->scanned == o->count) {
        name_it(g);
        return;
    }
    const char *below = o->entries[g->scanned].path;
    g->scan = o->folder ? scan_start(g->h->loop, g->h->cfg.env->vfs, socket,
                                     hand_store_path(g->store), below, on_scanned, g)
                        : scan_start(g->h->loop, g->h->cfg.env->vfs, socket, g->dir,
                                     hand_store_name(g->store), on_scanned, g);
}

/* --- fetched -------------------------------------------------------------------------------------
 */

static void on_again(void *arg)
{
    struct get *g = arg;
    g->again = NULL;
    go_on(g);
}

static void on_where(void *arg, const struct peer_id *found, size_t n)
{
    struct get *g = arg;
    (void)found;
    g->where = NULL;
    if (n > 0 && g->again && !host_connected(g->h->host, &g->peer))
        get_hello(g);
}

static void try_later(struct get *g, const struct why *why)
{
    g->why = *why;
    log_info(g->h->log, "%s waits: %s", g->name, why->text);
    timer_cancel(g->again);
    g->again = timer_start(g->h->loop, g->pause_us, on_again, g);
    g->pause_us = g->pause_us < PAUSE_LAST_US / 2 ? g->pause_us * 2 : PAUSE_LAST_US;
    if (!g->where && !host_connected(g->h->host, &g->peer))
        g->where = hand_table_where(g->h, &g->peer, on_where, g);
    get_tell(g);
}

static void note_have(struct get *g)
{
    uint64_t have = hand_offer_before(hand_store_offer(g->store), hand_store_next(g->store));
    if (have > g->have)
        g->pause_us = PAUSE_FIRST_US; /* it moves */
    g->have = have;
}

void get_on_put(void *arg, const struct why *why)
{
    struct get *g = arg;
    struct why mine;
    note_have(g);
    if (!why)
        g->why.code = OK;
    if (g->fetch) {
        fetch_on_put(g->fetch, why);
    } else if (why && why->code == ERR_INVALID) {
        mine = *why;
        fail(g, &mine, HAND_DECLINED);
    } else if (!g->again) {
        go_on(g);
    }
}

static void on_fetched(void *arg, bool over, const struct why *why)
{
    struct get *g = arg;
    g->fetch = NULL;
    hand_tend(g->h, &g->peer);
    if (why && over)
        fail(g, why, why->code == ERR_INVALID ? HAND_DECLINED : HAND_GOES_ON);
    else if (why)
        try_later(g, why);
    else
        go_on(g);
}

static void on_opened(void *arg, const struct why *why)
{
    struct get *g = arg;
    if (why) {
        try_later(g, why);
        return;
    }
    g->opened = true;
    note_have(g);
    go_on(g);
}

static void go_on(struct get *g)
{
    if (g->fetch || g->scan || hand_store_busy(g->store))
        return;
    if (!g->opened) {
        hand_store_open(g->store, on_opened, g);
    } else if (hand_store_next(g->store) < hand_store_offer(g->store)->chunks) {
        g->phase = HAND_RUNNING;
        g->fetch = fetch_start(g, HAND_GOES_ON, on_fetched, g);
        hand_tend(g->h, &g->peer);
    } else {
        g->phase = HAND_CHECKING;
        scan_on(g);
    }
    get_tell(g);
}

void get_hello(struct get *g)
{
    if (g->phase == HAND_RUNNING)
        hand_keep_places(g);
    if (!g->again)
        return;
    timer_cancel(g->again);
    g->again = NULL;
    if (g->word != HAND_GOES_ON)
        g->again = timer_start(g->h->loop, 0, tell_again, g);
    else if (g->phase == HAND_RUNNING)
        g->again = timer_start(g->h->loop, 0, on_again, g);
}

/* --- accepted ------------------------------------------------------------------------------------
 */

static enum err may_be_here(const struct get *g, struct why *why)
{
    const struct hands_cfg *cfg = &g->h->cfg;
    const struct hand_offer *o = hand_store_offer(g->store);
    for (size_t i = 0; i < o->count; i++) {
        const char *path = o->folder ? o->entries[i].path : o->name;
        const char *pattern = cfg->denied(cfg->arg, path);
        if (pattern)
            return why_set(why, ERR_DENIED, "files.deny has %.60s, which %.120s is", pattern, path);
    }
    uint64_t used = cfg->stored(cfg->arg);
    LIST_EACH(&g->h->gets, struct get, other, link)
        used += other->phase == HAND_RUNNING || other->phase == HAND_CHECKING ? other->size : 0;
    return policy_may_store(cfg->env->policy, used, o->size, why);
}

enum err get_accept(struct get *g, struct why *why)
{
    enum err err = may_be_here(g, why);
    if (err == OK)
        err = hand_keep_get_accepted(g, HAND_ACCEPTED, why);
    if (err != OK)
        return err;
    g->phase = HAND_RUNNING;
    go_on(g);
    return OK;
}

/* --- offered -------------------------------------------------------------------------------------
 */

static bool take_offer(struct get *g, struct cur offer, struct why *why)
{
    char *sums = mem_printf("%s/%s.sums", g->h->sums_dir, g->id);
    struct hand_store_cfg cfg = {.loop = g->h->loop,
                                 .vfs = g->h->cfg.env->vfs,
                                 .dir = g->dir,
                                 .id = g->id,
                                 .sums = sums,
                                 .offer = offer};
    g->store = hand_store_new(&cfg, why);
    free(sums);
    if (!g->store)
        return false;
    const struct hand_offer *o = hand_store_offer(g->store);
    g->name = mem_strdup(o->name);
    g->size = o->size;
    g->files = o->files;
    note_paths(g);
    return true;
}

static bool on_sought(void *arg, const struct peer_id *peer, const uint8_t token[HAND_TOKEN_LEN],
                      struct cur offer, const struct why *why)
{
    struct get *g = arg;
    struct why mine = {0};
    g->seek = NULL;
    if (!offer.p) {
        fail(g, why, HAND_GOES_ON);
        return false;
    }
    g->peer = *peer;
    memcpy(g->token, token, sizeof g->token);
    if (!take_offer(g, offer, &mine) || hand_keep_get(g, offer, &mine) != OK) {
        fail(g, &mine, HAND_GOES_ON);
        return false;
    }
    hand_keep_places(g);
    wipe(&g->code, sizeof g->code);
    g->phase = HAND_OFFERED;
    if (g->wanted && get_accept(g, &mine) != OK)
        fail(g, &mine, HAND_DECLINED);
    get_tell(g);
    return true;
}

struct get *get_new(struct hands *h, const struct hand_code *code, const struct peer_id *only,
                    const char *dir, bool wanted)
{
    struct get *g = MEM_NEW(struct get);
    forget_old(h);
    g->h = h;
    hands_new_id(h, g->id);
    g->code = *code;
    g->only = *only;
    g->dir = mem_strdup(dir);
    g->wanted = wanted;
    g->pause_us = PAUSE_FIRST_US;
    g->phase = HAND_SEEKING;
    list_push(&h->gets, &g->link);
    if (code->nameplate > 0) {
        g->seek = seek_start(h, code, only, on_sought, g);
        get_tell(g);
    }
    return g;
}

/* --- after a restart -----------------------------------------------------------------------------
 */

/* It had its name, or was just getting it, when the node ended. */
static bool was_named(struct get *g, int accepted)
{
    struct vfs_stat st;
    const struct vfs *vfs = g->h->cfg.env->vfs;
    return accepted == HAND_NAMED ||
           (accepted == HAND_NAMING && vfs_stat(vfs, g->path, &st, NULL) == ERR_NOT_FOUND);
}

void get_restore(struct get *g, struct cur offer, int accepted)
{
    struct why why;
    if (!take_offer(g, offer, &why)) {
        log_warn(g->h->log, "what was received does not come back: %s", why.text);
        get_free(g);
    } else if (was_named(g, accepted)) {
        free(g->path);
        g->path = diskpath_join(g->dir, g->name);
        hand_store_free(g->store);
        g->store = NULL;
        g->have = g->size;
        g->phase = HAND_DONE;
        tell_word(g, HAND_HAS_ALL);
    } else if (accepted == HAND_ASKS) {
        g->phase = HAND_OFFERED;
    } else {
        g->phase = HAND_RUNNING;
        g->again = timer_start(g->h->loop, 0, on_again, g);
    }
}
