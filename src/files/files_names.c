/* The names of the node's torrents: of a hybrid there are two, and peers use either. */
#include "files/files_in.h"

#include "base/mem.h"
#include "files/meta/magnet.h"

#include <string.h>

struct holding *files_find(const struct files *f, const uint8_t infohash[INFOHASH_LEN])
{
    return map_get(f->by_name, infohash, INFOHASH_LEN);
}

struct holding *files_find_any(const struct files *f, const struct infohash *hash)
{
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    struct holding *h = NULL;
    size_t n = infohash_wire(hash, wire);
    for (size_t i = 0; i < n && !h; i++)
        h = files_find(f, wire[i]);
    return h;
}

void names_add(struct holding *h)
{
    struct files *f = h->f;
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    size_t n;
    torrent_hashes(h->t, wire, &n);
    for (size_t i = 0; i < n; i++) {
        uint8_t req2[SHA1_LEN];
        mse_req2(wire[i], req2);
        if (files_find(f, wire[i]))
            continue;
        map_put(f->by_name, wire[i], INFOHASH_LEN, h);
        map_put(f->by_req2, req2, sizeof req2, h);
    }
}

void names_drop(struct holding *h)
{
    struct files *f = h->f;
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    size_t n;
    torrent_hashes(h->t, wire, &n);
    for (size_t i = 0; i < n; i++) {
        uint8_t req2[SHA1_LEN];
        mse_req2(wire[i], req2);
        if (files_find(f, wire[i]) != h)
            continue;
        map_drop(f->by_name, wire[i], INFOHASH_LEN);
        map_drop(f->by_req2, req2, sizeof req2);
    }
}

bool names_skey(void *arg, const uint8_t req2[SHA1_LEN], uint8_t skey[SHA1_LEN])
{
    const struct files *f = arg;
    const struct holding *h = map_get(f->by_req2, req2, SHA1_LEN);
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    size_t n = 0;
    if (h)
        torrent_hashes(h->t, wire, &n);
    for (size_t i = 0; i < n; i++) {
        uint8_t its[SHA1_LEN];
        mse_req2(wire[i], its);
        memcpy(skey, wire[i], SHA1_LEN);
        if (memcmp(its, req2, SHA1_LEN) == 0)
            return true;
    }
    return false;
}

/* Two links of one torrent */

/* Another torrent with one of h's names. */
static struct holding *find_twin(const struct files *f, const struct holding *h)
{
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    size_t n;
    torrent_hashes(h->t, wire, &n);
    for (size_t i = 0; i < n; i++) {
        struct holding *other = files_find(f, wire[i]);
        if (other && other != h)
            return other;
    }
    return NULL;
}

/* What the link of the one that goes said, for the one that stays. */
static void pass_trackers(const struct holding *from, struct holding *to)
{
    struct buf b = {0};
    torrent_magnet(from->t, &b);
    char *link = buf_take_str(&b);
    struct magnet *m = magnet_parse(link, NULL);
    for (size_t i = 0; m && i < m->tracker_count; i++)
        torrent_add_tracker(to->t, m->trackers[i]);
    magnet_free(m);
    free(link);
}

/* Of two the one stays whose metadata was known first; the other has no byte yet. */
static void join_twins(struct files *f, struct holding *h)
{
    struct holding *other = find_twin(f, h);
    h->twin = false;
    if (!other)
        return;
    bool known = torrent_metainfo(other->t) != NULL;
    struct holding *stays = known ? other : h, *goes = known ? h : other;
    log_info(f->env.log, "%s was added by its v1 and its v2 hash: it goes on as %s",
             torrent_name(stays->t), torrent_hex(stays->t));
    pass_trackers(goes, stays);
    files_remove(goes, false, NULL);
    names_add(stays);
}

static void on_twins(void *arg)
{
    struct files *f = arg;
    f->twins_timer = NULL;
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        if (!h->twin)
            continue;
        join_twins(f, h);
        at = 0; /* the map has changed */
    }
}

void names_learned(struct holding *h)
{
    struct files *f = h->f;
    names_add(h);
    h->twin = find_twin(f, h) != NULL;
    if (!h->twin)
        return;
    timer_cancel(f->twins_timer); /* not from inside the torrent that tells it */
    f->twins_timer = timer_start(f->env.loop, 0, on_twins, f);
}
