#include "files/find/lsd.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "crypto/hex.h"
#include "files/find/lsd_msg.h"
#include "net/bucket.h"
#include "net/mcast.h"

#include <string.h>

enum { COOKIE_BYTES = 8, FAMILIES = 2 };

/* BEP 14: "239.192.152.143:6771 (org-local) and [ff15::efc0:988f]:6771 (site-local)". */
static const char *const group_text[FAMILIES] = {"239.192.152.143:6771", "[ff15::efc0:988f]:6771"};

struct entry {
    struct link link; /* in l->entries, by due_us */
    uint8_t infohash[SHA1_LEN];
    uint64_t due_us, said_us; /* said_us 0: not yet */
};

struct lsd {
    struct lsd_cfg cfg;
    struct mcast *groups[FAMILIES]; /* NULL: not opened yet, or not to be had */
    struct iface places[IFACES_MAX];
    size_t place_count;
    uint64_t look_us; /* when to look at the interfaces again */
    bool warned;
    struct map *by_hash; /* infohash -> struct entry */
    struct link entries;
    struct bucket *says, *hears;
    struct timer *timer;
    char cookie[2 * COOKIE_BYTES + 1];
};

static uint64_t now_us(const struct lsd *l)
{
    return loop_now_us(l->cfg.loop);
}

static int family_at(const struct addr *a)
{
    return a->family == ADDR_V6;
}

/* Hearing. */

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct lsd *l = arg;
    struct lsd_msg m;
    struct addr peer = *from;
    if (lsd_read(cur_of(bytes, n), &m, NULL) != OK || strcmp(m.cookie, l->cookie) == 0)
        return;
    peer.port = m.port;
    if (!addr_is_dialable(&peer) || bucket_take(l->hears, 1, now_us(l)) == 0)
        return;
    for (size_t i = 0; i < m.hash_count; i++)
        if (map_get(l->by_hash, m.hashes[i], SHA1_LEN))
            l->cfg.heard(l->cfg.arg, m.hashes[i], &peer);
}

/* Interfaces. */

/* May we say that we are reached there?  Listening on one address: only from it; where that is one
 * of loopback's many, from it though the interface names another. */
static bool choose(const struct lsd *l, struct iface *i)
{
    const struct addr *at = &l->cfg.listen;
    if (addr_is_any(at))
        return i->addr.family == at->family || (i->addr.family == ADDR_V6 && l->cfg.v6);
    if (i->addr.family != at->family)
        return false;
    if (i->loopback && addr_is_loopback(at)) {
        i->addr = *at;
        i->addr.port = 0;
    }
    return addr_same_ip(&i->addr, at);
}

/* The group of this family; NULL when there is none to be had. */
static struct mcast *group_of(struct lsd *l, int family)
{
    struct addr at;
    struct why why;
    if (l->groups[family])
        return l->groups[family];
    if (addr_parse(&at, group_text[family], &why) == OK)
        l->groups[family] = mcast_open(l->cfg.loop, &at, on_packet, l, &why);
    if (!l->groups[family] && !l->warned) {
        log_warn(l->cfg.log, "peers of this network are not found by themselves: %s", why.text);
        l->warned = true;
    }
    return l->groups[family];
}

static bool was_there(const struct lsd *l, const struct iface *i)
{
    for (size_t k = 0; k < l->place_count; k++)
        if (l->places[k].index == i->index && addr_same_ip(&l->places[k].addr, &i->addr))
            return true;
    return false;
}

/* Joins what is there; returns whether something is new. */
static bool look(struct lsd *l)
{
    struct iface all[IFACES_MAX];
    size_t n = iface_list(l->cfg.loop, all, IFACES_MAX), kept = 0;
    bool news = false;
    for (size_t i = 0; i < n; i++) {
        struct why why;
        struct mcast *m = choose(l, &all[i]) ? group_of(l, family_at(&all[i].addr)) : NULL;
        if (!m)
            continue;
        if (mcast_join(m, &all[i], &why) != OK) {
            log_debug(l->cfg.log, "%s", why.text);
            continue;
        }
        news = news || !was_there(l, &all[i]);
        all[kept++] = all[i];
    }
    memcpy(l->places, all, kept * sizeof *all);
    l->place_count = kept;
    l->look_us = now_us(l) + LSD_LOOK_US;
    return news;
}

/* Saying. */

/* Into the row by due_us; most go to the tail. */
static void queue(struct lsd *l, struct entry *e, uint64_t due_us)
{
    struct link *before = l->entries.prev;
    while (before != &l->entries && LIST_OF(before, struct entry, link)->due_us > due_us)
        before = before->prev;
    e->due_us = due_us;
    list_push_front(before, &e->link);
}

static void requeue_all(struct lsd *l)
{
    struct link old = l->entries;
    if (list_empty(&l->entries))
        return;
    old.next->prev = old.prev->next = &old;
    list_init(&l->entries);
    LIST_EACH(&old, struct entry, e, link) {
        uint64_t soonest = e->said_us ? e->said_us + LSD_AGAIN_US : now_us(l);
        list_drop(&e->link);
        queue(l, e, soonest > now_us(l) ? soonest : now_us(l));
    }
}

static void say(struct lsd *l, struct entry *e)
{
    struct buf b = {0};
    for (size_t i = 0; i < l->place_count; i++) {
        const struct iface *via = &l->places[i];
        int family = family_at(&via->addr);
        buf_clear(&b);
        lsd_put(&b, group_text[family], l->cfg.listen.port, e->infohash, l->cookie);
        mcast_send(l->groups[family], via, buf_bytes(&b), buf_len(&b));
    }
    buf_done(&b);
    uint64_t pause = e->said_us == 0 ? LSD_AGAIN_US : LSD_INTERVAL_US;
    e->said_us = now_us(l);
    list_drop(&e->link);
    queue(l, e, now_us(l) + pause);
}

static void pump(void *arg);

/* Nothing to say: nothing to look for either. */
static void wake_up(struct lsd *l)
{
    struct entry *e = LIST_FIRST(&l->entries, struct entry, link);
    timer_cancel(l->timer);
    l->timer = NULL;
    if (!e)
        return;
    uint64_t now = now_us(l), ready = now + bucket_wait_us(l->says, 1, now);
    uint64_t at = e->due_us > ready ? e->due_us : ready;
    at = l->look_us < at ? l->look_us : at;
    l->timer = timer_start(l->cfg.loop, at > now ? at - now : 0, pump, l);
}

static void pump(void *arg)
{
    struct lsd *l = arg;
    struct entry *e;
    l->timer = NULL;
    if (l->look_us <= now_us(l) && look(l))
        requeue_all(l);
    while ((e = LIST_FIRST(&l->entries, struct entry, link)) && e->due_us <= now_us(l) &&
           bucket_take(l->says, 1, now_us(l)) == 1)
        say(l, e);
    wake_up(l);
}

/* Life. */

struct lsd *lsd_new(const struct lsd_cfg *cfg)
{
    struct lsd *l = MEM_NEW(struct lsd);
    uint8_t cookie[COOKIE_BYTES];
    l->cfg = *cfg;
    list_init(&l->entries);
    l->by_hash = map_new(loop_random_u64(cfg->loop));
    l->says = bucket_new(LSD_PER_S, LSD_PER_S, now_us(l));
    l->hears = bucket_new(LSD_HEARD_PER_S, LSD_HEARD_PER_S, now_us(l));
    loop_random(cfg->loop, cookie, sizeof cookie);
    hex_encode(cookie, sizeof cookie, l->cookie);
    return l;
}

void lsd_free(struct lsd *l)
{
    if (!l)
        return;
    LIST_EACH(&l->entries, struct entry, e, link)
        free(e);
    for (int i = 0; i < FAMILIES; i++)
        mcast_close(l->groups[i]);
    timer_cancel(l->timer);
    map_free(l->by_hash);
    bucket_free(l->says);
    bucket_free(l->hears);
    free(l);
}

void lsd_set(struct lsd *l, const uint8_t infohash[SHA1_LEN], bool yes)
{
    struct entry *e = map_get(l->by_hash, infohash, SHA1_LEN);
    if (yes == (e != NULL))
        return;
    if (yes) {
        e = MEM_NEW(struct entry);
        memcpy(e->infohash, infohash, SHA1_LEN);
        map_put(l->by_hash, infohash, SHA1_LEN, e);
        queue(l, e, now_us(l));
    } else {
        map_drop(l->by_hash, infohash, SHA1_LEN);
        list_drop(&e->link);
        free(e);
    }
    wake_up(l);
}

size_t lsd_places(const struct lsd *l)
{
    return l->place_count;
}
