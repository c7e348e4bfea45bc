/* The table is kept full of those who answer. */
#include "host/kad/kad_in.h"

enum { REFRESH_NEAREST = KAD_ALPHA }; /* of a far bucket: some who answer, not all that are there */

static void refresh(void *arg);

static void refresh_later(struct kad *k, uint64_t after_us)
{
    timer_cancel(k->refresh);
    k->refresh = timer_start(k->loop, after_us, refresh, k);
}

/* The moment so long ago; 0: before we began. */
static uint64_t before(const struct kad *k, uint64_t us)
{
    uint64_t now = loop_now_us(k->loop);
    return now > us ? now - us : 0;
}

/* Some are gone, and few are left.  A network of three is small, not thin. */
static bool is_thin(const struct kad *k)
{
    size_t good = kad_table_good(k->table);
    return good < KAD_THIN && good < kad_table_count(k->table);
}

static uint64_t self_interval(const struct kad *k)
{
    return is_thin(k) ? KAD_THIN_US : KAD_SELF_US;
}

static void on_refreshed(void *arg, const struct peer_id *near, size_t n)
{
    struct kad *k = arg;
    unsigned bucket;
    kad_size_note(&k->size, &k->refreshed, near, n);
    k->refreshing = NULL;
    bool more = kad_table_stale(k->table, before(k, KAD_REFRESH_US), &bucket);
    refresh_later(k, more ? SEC : self_interval(k));
}

/* Ourselves first, which finds all who are near; then, where nobody looked for long, a key there.
 */
static void refresh(void *arg)
{
    struct kad *k = arg;
    struct peer_id key = *host_id(k->cfg.host);
    size_t nearest = KAD_K;
    unsigned bucket = 0;
    k->refresh = NULL;
    if (k->refreshing || kad_table_count(k->table) == 0)
        return;
    if (k->looked_for_self_us <= before(k, self_interval(k))) {
        k->looked_for_self_us = loop_now_us(k->loop);
    } else if (kad_table_stale(k->table, before(k, KAD_REFRESH_US), &bucket)) {
        kad_table_random(k->table, bucket, loop_random_u64(k->loop), &key);
        kad_table_asked(k->table, bucket, loop_now_us(k->loop)); /* the key may lie elsewhere */
        nearest = REFRESH_NEAREST;
    } else {
        refresh_later(k, self_interval(k));
        return;
    }
    k->refreshed = kad_key_of(key.bytes, key.len);
    k->refreshing = kad_near_some(k, cur_of(key.bytes, key.len), nearest, on_refreshed, k);
}

/* Whose address is needed is the last to be forgotten by the host. */
void kad_seen(struct kad *k, const struct peer_id *id)
{
    struct peer_id gone;
    if (kad_table_seen(k->table, id, loop_now_us(k->loop), &gone))
        host_tag(k->cfg.host, id, k->cfg.protocol, 1);
    if (gone.len > 0)
        host_tag(k->cfg.host, &gone, k->cfg.protocol, 0);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct kad *k = arg;
    if (ev != HOST_IDENTIFIED)
        return;
    if (!host_peer_speaks(k->cfg.host, peer, k->cfg.protocol)) {
        kad_table_drop(k->table, peer); /* a client, or of another network */
        host_tag(k->cfg.host, peer, k->cfg.protocol, 0);
        return;
    }
    bool alone = kad_known(k) == 0;
    kad_seen(k, peer);
    if (alone) /* somebody to begin with */
        refresh_later(k, 0);
}

void kad_refresh_begin(struct kad *k)
{
    struct peer_id already[KAD_K];
    k->watch = (struct host_watch){.cb = on_host, .arg = k};
    host_watch(k->cfg.host, &k->watch);
    size_t n = host_peers(k->cfg.host, already, KAD_K);
    for (size_t i = 0; i < n; i++)
        on_host(k, HOST_IDENTIFIED, &already[i]);
}

void kad_refresh_end(struct kad *k)
{
    host_unwatch(&k->watch);
    timer_cancel(k->refresh);
}
