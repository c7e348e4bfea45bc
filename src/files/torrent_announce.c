/* A torrent and its trackers; a hybrid is two torrents to them. */
#include "files/torrent.h"

#include "base/mem.h"
#include "files/torrent_in.h"

#include <string.h>

static void fill_announce(void *arg, struct tracker_announce *a)
{
    struct torrent *t = arg;
    memcpy(a->infohash, t->infohash, SHA1_LEN);
    memcpy(a->peer_id, t->env->wire.peer_id, sizeof a->peer_id);
    a->port = t->env->wire.port;
    a->ipv4 = t->env->own[0];
    a->ipv6 = t->env->own[1];
    a->uploaded = t->up_rate.total;
    a->downloaded = t->down_rate.total;
    a->left = 1; /* while the size is not known, anything but 0 */
    if (!t->mi)
        return;
    a->left = t->mi->payload - (t->opened ? data_done(t->data) : 0);
}

static void on_peers(void *arg, const struct addr *peers, size_t n)
{
    struct torrent *t = arg;
    for (size_t i = 0; i < n; i++)
        torrent_add_peer(t, &peers[i], PEER_TRACKER);
    torrent_changed(t);
}

/* The name of a hybrid that is not its id. */
static const uint8_t *other_name(const struct torrent *t)
{
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    size_t n = infohash_wire(&t->hash, wire);
    for (size_t i = 0; i < n; i++)
        if (memcmp(wire[i], t->infohash, INFOHASH_LEN) != 0)
            return wire[i];
    return NULL;
}

static void fill_other(void *arg, struct tracker_announce *a)
{
    struct torrent *t = arg;
    fill_announce(t, a);
    memcpy(a->infohash, other_name(t), INFOHASH_LEN);
}

static void make_trackers(struct torrent *t)
{
    struct trackers_cfg cfg = {
        .loop = t->env->wire.loop,
        .log = t->log,
        .udp = t->env->udp,
        .from_ip = t->env->from_ip,
        .both = t->env->both,
        .urls = t->mi ? t->mi->trackers : t->urls,
        .url_count = t->mi ? t->mi->tracker_count : t->url_count,
        .fill = fill_announce,
        .peers = on_peers,
        .arg = t,
    };
    if (!t->trackers)
        t->trackers = trackers_new(&cfg);
    cfg.fill = fill_other; /* the swarm of the other version is another to the tracker */
    if (!t->other_trackers && other_name(t))
        t->other_trackers = trackers_new(&cfg);
}

void announce_start(struct torrent *t)
{
    make_trackers(t);
    trackers_start(t->trackers);
    if (t->other_trackers)
        trackers_start(t->other_trackers);
    torrent_dht_wake(t);
}

/* A hybrid's other name came with the metadata. */
void announce_other(struct torrent *t)
{
    if (t->other_trackers)
        return;
    make_trackers(t);
    if (t->other_trackers)
        trackers_start(t->other_trackers);
}

static void nothing(void *arg)
{
    (void)arg;
}

void announce_stop(struct torrent *t)
{
    if (t->trackers)
        trackers_stop(t->trackers, nothing, NULL);
    if (t->other_trackers)
        trackers_stop(t->other_trackers, nothing, NULL);
}

void torrent_drop_trackers(struct torrent *t)
{
    trackers_free(t->trackers);
    trackers_free(t->other_trackers);
    t->trackers = t->other_trackers = NULL;
}

/* Which they are. */

void announce_copy_urls(struct torrent *t, const struct mi_tracker *urls, size_t n)
{
    t->urls = mem_array(n, sizeof *t->urls);
    t->url_count = n;
    for (size_t i = 0; i < n; i++)
        t->urls[i] = (struct mi_tracker){mem_strdup(urls[i].url), urls[i].tier};
}

void torrent_reannounce(struct torrent *t)
{
    if (t->trackers && !torrent_is_still(t))
        trackers_announce(t->trackers);
    if (t->other_trackers && !torrent_is_still(t))
        trackers_announce(t->other_trackers);
    torrent_dht_wake(t);
}

void torrent_scrape(struct torrent *t)
{
    if (!t->trackers)
        make_trackers(t);
    trackers_scrape(t->trackers);
}

void torrent_add_tracker(struct torrent *t, const char *url)
{
    make_trackers(t);
    trackers_add(t->trackers, url, 0);
    if (t->other_trackers)
        trackers_add(t->other_trackers, url, 0);
}

void announce_free_urls(struct torrent *t)
{
    for (size_t i = 0; i < t->url_count; i++)
        free((char *)(uintptr_t)t->urls[i].url);
    free(t->urls);
}

void torrent_set_trackers(struct torrent *t, const struct mi_tracker *trackers, size_t n)
{
    bool ran = t->trackers && trackers_running(t->trackers);
    torrent_drop_trackers(t); /* those that go are not told: an edit is no goodbye to a swarm */
    if (t->mi) {
        metainfo_set_trackers(t->mi, trackers, n);
    } else {
        announce_free_urls(t);
        announce_copy_urls(t, trackers, n);
    }
    if (ran)
        announce_start(t);
    torrent_changed(t);
}

size_t torrent_trackers(const struct torrent *t, const struct mi_tracker **out)
{
    *out = t->mi ? t->mi->trackers : t->urls;
    return t->mi ? t->mi->tracker_count : t->url_count;
}
