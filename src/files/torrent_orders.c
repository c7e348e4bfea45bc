/* What the owner, or the queue, tells a torrent to do. */
#include "files/torrent.h"

#include "base/mem.h"
#include "files/torrent_in.h"

#include <string.h>

static void be_still(struct torrent *t)
{
    if (t->opened && !torrent_is_complete(t))
        read_end_all(t, "the torrent is paused");
    swarm_end(t, "the torrent rests");
    torrent_dht_rest(t);
    announce_stop(t);
}

static void begin_again(struct torrent *t)
{
    /* With data that is not open yet on_opened() does it, when it is known what to announce. */
    if (t->started && (t->opened || !t->mi || t->hashes || t->trackers))
        announce_start(t);
}

void torrent_pause(struct torrent *t)
{
    bool was_still = torrent_is_still(t);
    if (t->paused)
        return;
    t->paused = true;
    if (!was_still)
        be_still(t);
    torrent_changed(t);
}

void torrent_resume(struct torrent *t)
{
    bool was_still = torrent_is_still(t);
    t->paused = false;
    if (t->error && !t->error_stays)
        torrent_retry_disk(t);
    if (was_still && !torrent_is_still(t))
        begin_again(t);
    torrent_changed(t);
    torrent_want_dial(t);
}

/* Sets t->held or t->blocked; true when it is another now. */
static bool set_reason(char **slot, const char *why)
{
    if (why ? *slot && strcmp(*slot, why) == 0 : !*slot)
        return false;
    char *reason = mem_strdup(why);
    free(*slot);
    *slot = reason;
    return true;
}

void torrent_hold(struct torrent *t, const char *why)
{
    bool was_still = torrent_is_still(t);
    if (!set_reason(&t->held, why))
        return;
    if (!was_still && why)
        be_still(t);
    if (was_still && !torrent_is_still(t))
        begin_again(t);
    torrent_changed(t);
    torrent_want_dial(t);
}

void torrent_block(struct torrent *t, const char *why)
{
    bool was_still = torrent_is_still(t);
    if (!set_reason(&t->blocked, why))
        return;
    if (why)
        log_warn(t->log, "%s", why);
    if (why && !was_still) {
        swarm_end(t, why); /* not at once: it may be a session that brought the metadata */
        announce_stop(t);
    }
    if (!why && t->mi && !t->data && t->started && !t->error)
        torrent_open_data(t); /* it was forbidden before anything was written */
    if (was_still && !torrent_is_still(t))
        begin_again(t);
    torrent_changed(t);
    torrent_want_dial(t);
}

const char *torrent_blocked(const struct torrent *t)
{
    return t->blocked;
}

bool torrent_verify(struct torrent *t)
{
    if (!t->opened)
        return false;
    data_verify(t->data);
    torrent_need_tick(t);
    torrent_changed(t);
    return true;
}

void torrent_sign(struct torrent *t, const struct signer *s)
{
    metainfo_sign(t->mi, s);
    if (t->env->own_key && memcmp(t->env->own_key, s->key, sizeof s->key) == 0)
        t->vouch.put_us = torrent_now(t); /* at once */
    vouch_wake(t);
    torrent_changed(t);
}

void torrent_add_peer(struct torrent *t, const struct addr *a, enum peer_source source)
{
    if (!torrent_refuses(t, a) && torrent_peers_add(t->peers, a, source, torrent_now(t), NULL))
        torrent_want_dial(t);
}

/* A link does not say whether the torrent is private (BEP 27); what has no other way to its
 * metadata is asked for here too, as all clients do. */
bool torrent_is_told_near(const struct torrent *t)
{
    return torrent_may_connect(t) && !(t->mi && t->mi->private_);
}

void torrent_heard_near(struct torrent *t, const struct addr *a)
{
    if (torrent_is_told_near(t) && !torrent_refuses(t, a) &&
        torrent_peers_heard(t->peers, a, torrent_now(t)))
        torrent_want_dial(t);
}

bool torrent_refuses(const struct torrent *t, const struct addr *a)
{
    return t->env->refuses && t->env->refuses(t->env->node, a);
}

static bool is_refused(const void *arg, const struct addr *a)
{
    return torrent_refuses(arg, a);
}

void torrent_sift(struct torrent *t)
{
    torrent_peers_sift(t->peers, is_refused, t);
    swarm_sift(t);
}

void torrent_add_web_seed(struct torrent *t, const char *url)
{
    web_add(t, url);
}

void torrent_set_limits(struct torrent *t, uint64_t up, uint64_t down)
{
    limit_set(&t->up, up, torrent_now(t));
    limit_set(&t->down, down, torrent_now(t));
    swarm_resume(t);
    torrent_changed(t);
}

void torrent_set_conns(struct torrent *t, unsigned most)
{
    t->conns_max = most < TORRENT_CONNS_CAP ? most : TORRENT_CONNS_CAP;
    torrent_want_dial(t);
}

void torrent_set_share(struct torrent *t, struct limit *up, struct limit *down,
                       enum limit_weight weight, bool free_of_node)
{
    t->up.group = up;
    t->down.group = down;
    t->up.weight = t->down.weight = weight;
    t->up.free_of_node = t->down.free_of_node = free_of_node;
    swarm_resume(t);
}
