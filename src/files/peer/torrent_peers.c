#include "files/peer/torrent_peers.h"

#include "base/map.h"
#include "base/mem.h"
#include "files/peer/peer_priority.h"

#include <assert.h>

struct torrent_peers {
    struct map *by_addr; /* addr_key -> entry */
    struct link entries; /* in order of arrival */
    size_t count;
    uint32_t last_id, last_named;
    struct addr *bans; /* a ring of TORRENT_BANS_MAX; NULL: nobody was banned yet */
    size_t ban_count, ban_next;
    struct addr we_are[2]; /* IPv4, IPv6 */
};

const char *peer_source_name(enum peer_source s)
{
    switch (s) {
    case PEER_BY_HAND:
    case PEER_MAGNET:
        return "by_hand";
    case PEER_TRACKER:
        return "tracker";
    case PEER_ITSELF:
        return "itself";
    case PEER_INCOMING:
        return "incoming";
    case PEER_PEX:
        return "pex";
    case PEER_DHT:
        return "dht";
    }
    return "";
}

struct torrent_peers *torrent_peers_new(uint64_t seed)
{
    struct torrent_peers *t = MEM_NEW(struct torrent_peers);
    t->by_addr = map_new(seed);
    list_init(&t->entries);
    return t;
}

static void forget(struct torrent_peers *t, struct peer_entry *e)
{
    uint8_t key[ADDR_KEY];
    addr_key(&e->addr, key);
    map_drop(t->by_addr, key, sizeof key);
    list_drop(&e->link);
    free(e);
    t->count--;
}

void torrent_peers_free(struct torrent_peers *t)
{
    if (!t)
        return;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        forget(t, e);
    }
    map_free(t->by_addr);
    free(t->bans);
    free(t);
}

size_t torrent_peers_count(const struct torrent_peers *t)
{
    return t->count;
}

size_t torrent_peers_named(const struct torrent_peers *t, struct addr *out, size_t cap)
{
    size_t n = 0;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (n < cap && e->dialable && (e->source == PEER_BY_HAND || e->source == PEER_MAGNET))
            out[n++] = e->addr;
    }
    return n;
}

struct peer_entry *torrent_peers_find(struct torrent_peers *t, const struct addr *a)
{
    uint8_t key[ADDR_KEY];
    addr_key(a, key);
    return map_get(t->by_addr, key, sizeof key);
}

struct peer_entry *torrent_peers_by_id(struct torrent_peers *t, uint32_t id)
{
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (e->id == id)
            return e;
    }
    return NULL;
}

/* Makes room: the one with most failures, the oldest of them; never one that has not failed. */
static bool evict(struct torrent_peers *t)
{
    struct peer_entry *worst = NULL;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (!e->connected && (e->failures > 0 || !e->dialable) &&
            (!worst || e->failures > worst->failures))
            worst = e;
    }
    if (worst)
        forget(t, worst);
    return worst != NULL;
}

/* Of those that peers told; teller 0: whoever told.  untried: one that has not failed may go too,
 * when there is no other. */
static bool evict_told(struct torrent_peers *t, uint32_t teller, bool untried)
{
    struct peer_entry *worst = NULL;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (e->source == PEER_PEX && !e->connected && (untried || e->failures > 0) &&
            (teller == 0 || e->teller == teller) && (!worst || e->failures > worst->failures))
            worst = e;
    }
    if (worst)
        forget(t, worst);
    return worst != NULL;
}

static struct peer_entry *make(struct torrent_peers *t, const struct addr *a,
                               enum peer_source source, uint64_t now_us)
{
    struct peer_entry *e = MEM_NEW(struct peer_entry);
    e->addr = *a;
    e->id = ++t->last_id;
    e->source = source;
    e->dialable = source != PEER_INCOMING;
    e->next_us = now_us;
    e->priority = peer_priority(&t->we_are[a->family == ADDR_V6], a);
    uint8_t key[ADDR_KEY];
    addr_key(a, key);
    map_put(t->by_addr, key, sizeof key, e);
    list_push(&t->entries, &e->link);
    t->count++;
    return e;
}

struct peer_entry *torrent_peers_add(struct torrent_peers *t, const struct addr *a,
                                     enum peer_source source, uint64_t now_us, bool *fresh)
{
    assert(source != PEER_PEX); /* torrent_peers_told() */
    if (fresh)
        *fresh = false;
    if (torrent_peers_is_banned(t, a) || (source != PEER_INCOMING && !addr_is_dialable(a)))
        return NULL;
    struct peer_entry *e = torrent_peers_find(t, a);
    if (!e) {
        if (t->count == TORRENT_PEERS_MAX && !evict(t) && !evict_told(t, 0, true))
            return NULL;
        e = make(t, a, source, now_us);
        if (fresh)
            *fresh = true;
    }
    if (source != PEER_INCOMING)
        e->dialable = true;
    if (e->source == PEER_PEX) /* it has a better name to it now, and leaves that share */
        e->source = source;
    if (source == PEER_BY_HAND) {
        e->source = source;
        e->named = ++t->last_named;
        e->failures = 0;
        e->next_us = now_us;
        e->known_seed = false;
    }
    return e;
}

static size_t count_told(const struct torrent_peers *t, uint32_t teller)
{
    size_t n = 0;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        n += e->source == PEER_PEX && (teller == 0 || e->teller == teller);
    }
    return n;
}

struct peer_entry *torrent_peers_told(struct torrent_peers *t, const struct addr *a,
                                      uint32_t teller, uint64_t now_us)
{
    if (torrent_peers_is_banned(t, a) || !addr_is_dialable(a) || torrent_peers_find(t, a))
        return NULL;
    if (count_told(t, teller) >= TORRENT_PEERS_TELLER_MAX && !evict_told(t, teller, false))
        return NULL;
    if (count_told(t, 0) >= TORRENT_PEERS_TOLD_MAX && !evict_told(t, 0, false))
        return NULL;
    if (t->count == TORRENT_PEERS_MAX && !evict_told(t, 0, false))
        return NULL;
    struct peer_entry *e = make(t, a, PEER_PEX, now_us);
    e->teller = teller;
    return e;
}

bool torrent_peers_heard(struct torrent_peers *t, const struct addr *a, uint64_t now_us)
{
    struct peer_entry *e = torrent_peers_find(t, a);
    if (!e)
        return torrent_peers_told(t, a, UINT32_MAX, now_us) != NULL;
    if (!e->connected && e->next_us > now_us + TORRENT_PEERS_PAUSE_US)
        e->next_us = now_us + TORRENT_PEERS_PAUSE_US;
    return !e->connected;
}

/* Fewer failures; of equals the one that a person named last, or somebody better than a peer. */
static bool is_before(const struct peer_entry *a, const struct peer_entry *b)
{
    if (a->failures != b->failures)
        return a->failures < b->failures;
    if (a->named != b->named)
        return a->named > b->named;
    if ((a->source == PEER_PEX) != (b->source == PEER_PEX))
        return b->source == PEER_PEX;
    return a->priority > b->priority;
}

void torrent_peers_we_are(struct torrent_peers *t, const struct addr *ours)
{
    struct addr *known = &t->we_are[ours->family == ADDR_V6];
    if (ours->family == ADDR_NONE || addr_equal(known, ours))
        return;
    *known = *ours;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (e->addr.family == ours->family)
            e->priority = peer_priority(ours, &e->addr);
    }
}

struct peer_entry *torrent_peers_next(struct torrent_peers *t, bool seeding, uint64_t now_us,
                                      uint64_t *wait_us)
{
    struct peer_entry *best = NULL;
    *wait_us = UINT64_MAX;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (e->connected || !e->dialable || (seeding && e->known_seed))
            continue;
        if (e->next_us > now_us) {
            if (e->next_us - now_us < *wait_us)
                *wait_us = e->next_us - now_us;
        } else if (!best || is_before(e, best)) {
            best = e;
        }
    }
    return best;
}

void torrent_peers_opened(struct peer_entry *e)
{
    e->failures = 0;
}

void torrent_peers_become(struct peer_entry *now, struct peer_entry *before)
{
    uint32_t id = now->id;
    now->id = before->id;
    before->id = id;
    now->bad_info += before->bad_info;
    now->proven += before->proven;
    now->suspicion += before->suspicion;
    before->bad_info = before->proven = before->suspicion = 0;
}

void torrent_peers_closed(struct torrent_peers *t, struct peer_entry *e, bool useful,
                          uint64_t now_us)
{
    e->connected = false;
    if (torrent_peers_is_banned(t, &e->addr)) {
        forget(t, e);
        return;
    }
    unsigned doublings = e->failures < 8 ? e->failures : 8;
    uint64_t pause = TORRENT_PEERS_PAUSE_US << doublings;
    if (e->retry) {
        e->retry = false;
        e->next_us = now_us;
        return;
    }
    if (!useful)
        e->failures++;
    e->no_mse = e->no_mse && useful; /* it may have learnt it, or was only away */
    e->next_us = now_us + (pause < TORRENT_PEERS_PAUSE_MAX_US ? pause : TORRENT_PEERS_PAUSE_MAX_US);
}

void torrent_peers_no_mse(struct peer_entry *e)
{
    e->no_mse = e->retry = true;
}

bool torrent_peers_unreached(struct peer_entry *e, unsigned allowed, enum carrier c)
{
    bool other = carrier_failed(&e->carriers, allowed, c);
    e->retry |= other;
    return other;
}

void torrent_peers_punch(struct peer_entry *e, uint64_t now_us)
{
    e->carriers = (struct carrier_memory){.failed = CARRIER_TCP};
    e->dialable = true;
    e->next_us = now_us;
}

void torrent_peers_sift(struct torrent_peers *t,
                        bool (*refused)(const void *arg, const struct addr *a), const void *arg)
{
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (!e->connected && refused(arg, &e->addr))
            forget(t, e);
    }
}

static bool matches(const struct addr *ban, const struct addr *a)
{
    return ban->port == 0 ? addr_same_ip(ban, a) : addr_equal(ban, a);
}

static void put_ban(struct torrent_peers *t, const struct addr *ban)
{
    if (!t->bans)
        t->bans = mem_array(TORRENT_BANS_MAX, sizeof *t->bans);
    t->bans[t->ban_next] = *ban;
    t->ban_next = (t->ban_next + 1) % TORRENT_BANS_MAX;
    t->ban_count += t->ban_count < TORRENT_BANS_MAX;
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (!e->connected && matches(ban, &e->addr)) /* else torrent_peers_closed() forgets it */
            forget(t, e);
    }
}

void torrent_peers_ban_port(struct torrent_peers *t, const struct addr *a)
{
    if (!torrent_peers_is_banned(t, a))
        put_ban(t, a);
}

bool torrent_peers_ban(struct torrent_peers *t, const struct addr *a)
{
    struct addr ip = *a;
    bool whole = !addr_is_loopback(a);
    LIST_EACH(&t->entries, struct peer_entry, e, link) {
        if (addr_same_ip(&e->addr, a) && !addr_equal(&e->addr, a) && e->proven > 0)
            whole = false;
    }
    if (!whole) {
        torrent_peers_ban_port(t, a);
        return false;
    }
    ip.port = 0;
    put_ban(t, &ip);
    return true;
}

bool torrent_peers_is_banned(const struct torrent_peers *t, const struct addr *a)
{
    for (size_t i = 0; i < t->ban_count; i++)
        if (matches(&t->bans[i], a))
            return true;
    return false;
}
