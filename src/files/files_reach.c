/* How a node is found, and finds, without being told by a tracker or a person. */
#include "files/files_in.h"

#include "net/mcast.h"

static void on_heard(void *arg, const uint8_t infohash[SHA1_LEN], const struct addr *peer)
{
    const struct files *f = arg;
    struct holding *h = files_find(f, infohash);
    if (h)
        torrent_heard_near(h->t, peer);
}

/* What trackers are told besides what they see (BEP 7): addresses by which anybody reaches us. */
static void find_own(struct files *f)
{
    struct iface all[IFACES_MAX];
    size_t n = iface_list(f->env.loop, all, IFACES_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct addr *a = &all[i].addr;
        struct addr *own = &f->swarm.own[a->family == ADDR_V6];
        if (own->family == ADDR_NONE && !addr_is_loopback(a) && !addr_is_private(a))
            *own = *a;
    }
}

void reach_start(struct files *f)
{
    f->swarm.both = ports_has(f->ports, ADDR_V4) && ports_has(f->ports, ADDR_V6);
    if (f->swarm.both)
        find_own(f);
    const struct lsd_cfg cfg = {.loop = f->env.loop,
                                .log = f->env.log,
                                .listen = ports_addr(f->ports),
                                .v6 = ports_has(f->ports, ADDR_V6),
                                .heard = on_heard,
                                .arg = f};
    if (conf_bool(f->env.conf, "files.lsd"))
        f->lsd = lsd_new(&cfg);
}

void reach_changed(struct files *f, const struct torrent *t)
{
    if (f->lsd)
        lsd_set(f->lsd, torrent_infohash(t), torrent_is_told_near(t));
}

void reach_removed(struct files *f, const struct torrent *t)
{
    if (f->lsd)
        lsd_set(f->lsd, torrent_infohash(t), false);
}

void reach_stop(struct files *f)
{
    lsd_free(f->lsd);
    f->lsd = NULL;
}
