/* How a node is found, and finds, without being told by a tracker or a person. */
#include "files/files_in.h"

#include "base/text.h"
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

static void on_mapped(void *arg)
{
    const struct files *f = arg;
    json_t *status = reach_status(f);
    bus_post(f->env.bus, BUS_STATE, "files.port_mapping", "files", status);
}

/* The router is asked only where it can forward to us: by IPv4, and not on loopback. */
static bool may_map(const struct files *f)
{
    struct addr at = ports_addr(f->ports);
    return conf_bool(f->env.conf, "files.port-mapping") && at.family == ADDR_V4 &&
           !addr_is_loopback(&at) && loop_interface(f->env.loop) == LOOP_ANY_INTERFACE &&
           !loop_proxy(f->env.loop);
}

json_t *reach_status(const struct files *f)
{
    char text[ADDR_TEXT];
    if (!f->portmap)
        return json_pack("{s:s}", "state", "off");
    struct portmap_status s = portmap_status(f->portmap);
    const char *state = s.mapped ? "mapped" : s.why.text[0] ? "failed" : "asking";
    json_t *j = json_pack("{s:s, s:s, s:s}", "state", state, "how", s.how, "error",
                          s.mapped ? "" : s.why.text);
    json_object_set_new(j, "external",
                        s.mapped && s.external.family != ADDR_NONE
                            ? json_string(addr_format(&s.external, text))
                            : json_null());
    return j;
}

/* By TCP only: who comes by uTP may come through the hole that our own packets made.  From around
 * us everybody gets through, which says nothing. */
void reach_knocked(struct files *f, const struct session *s)
{
    struct addr a = session_addr(s);
    if (session_carrier(s) == CARRIER_TCP && !addr_is_loopback(&a) && !addr_is_private(&a))
        f->knocked_us = loop_wall_us(f->env.loop);
}

/* What is known without asking a server: the router forwards to us, or somebody came through. */
void file_reach(void *app, struct call *c)
{
    const struct files *f = app;
    bool mapped = f->portmap && portmap_status(f->portmap).mapped;
    json_t *came = f->knocked_us ? json_string(text_rfc3339(f->knocked_us).s) : json_null();
    call_ok(c, json_pack("{s:i, s:b, s:o, s:o}", "port", (int)files_port(f), "open",
                         (int)(mapped || f->knocked_us), "came", came, "port_mapping",
                         reach_status(f)));
}

void reach_start(struct files *f)
{
    if (may_map(f))
        f->portmap = portmap_start(f->env.loop, f->env.log, files_port(f), on_mapped, f);
    f->swarm.both = ports_has(f->ports, ADDR_V4) && ports_has(f->ports, ADDR_V6);
    if (f->swarm.both)
        find_own(f);
    const struct lsd_cfg cfg = {.loop = f->env.loop,
                                .log = f->env.log,
                                .listen = ports_addr(f->ports),
                                .v6 = ports_has(f->ports, ADDR_V6),
                                .heard = on_heard,
                                .arg = f};
    /* Behind a proxy nobody around us hears that we are here. */
    if (conf_bool(f->env.conf, "files.lsd") && !loop_proxy(f->env.loop))
        f->lsd = lsd_new(&cfg);
}

/* By each of its names: who is near may know it by one alone. */
static void tell_near(struct files *f, const struct torrent *t, bool told)
{
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    size_t n;
    torrent_hashes(t, wire, &n);
    for (size_t i = 0; f->lsd && i < n; i++)
        lsd_set(f->lsd, wire[i], told);
}

void reach_changed(struct files *f, const struct torrent *t)
{
    tell_near(f, t, torrent_is_told_near(t));
}

void reach_removed(struct files *f, const struct torrent *t)
{
    tell_near(f, t, false);
}

void reach_stop(struct files *f)
{
    portmap_stop(f->portmap);
    f->portmap = NULL;
    lsd_free(f->lsd);
    f->lsd = NULL;
}
