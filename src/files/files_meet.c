/* How connections begin: the torrents take turns at dialling, and whoever dials us is nobody's
 * until its handshake says for which torrent it came. */
#include "files/files_in.h"

#include "base/mem.h"

#include <stdlib.h>

/* Dialling: torrents take turns; a few dials a second, a few under way. */

static void pump(void *arg);

static void pump_after(struct files *f, uint64_t wait_us)
{
    timer_cancel(f->dial_timer);
    f->dial_timer = timer_start(f->env.loop, wait_us, pump, f);
}

static void pump(void *arg)
{
    struct files *f = arg;
    f->dial_timer = NULL;
    uint64_t now = loop_now_us(f->env.loop);
    while (f->swarm.conns < f->conns_max && f->swarm.half_open < FILES_HALF_OPEN_MAX) {
        uint64_t wait = bucket_wait_us(f->dials, 1, now);
        if (wait > 0) {
            pump_after(f, wait);
            return;
        }
        if (!torrent_dial_next(&f->swarm))
            return;
        bucket_take(f->dials, 1, now);
    }
    /* Full: a session that opens or ends calls want_dial(). */
}

void meet_want_dial(void *node)
{
    struct files *f = node;
    if (!f->stopped)
        pump_after(f, 0);
}

/* Accepting: a connection is nobody's until its handshake names a torrent. */

struct knock {
    struct link link;
    struct files *f;
    struct session *s;
};

static void knock_free(struct knock *k)
{
    list_drop(&k->link);
    free(k);
}

static bool on_hello(void *arg, const uint8_t infohash[SHA1_LEN])
{
    struct knock *k = arg;
    struct holding *h = files_find(k->f, infohash);
    reach_knocked(k->f, k->s);
    if (!h || !torrent_take(h->t, k->s))
        return false;
    knock_free(k); /* the session is the torrent's now */
    return true;
}

static void on_knock_ended(void *arg, const struct why *why)
{
    struct knock *k = arg;
    (void)why;
    session_free(k->s);
    knock_free(k);
}

static const struct session_ops knock_ops = {.hello = on_hello, .ended = on_knock_ended};

static bool may_knock(const struct files *f, const struct addr *from)
{
    unsigned all = 0, theirs = 0;
    LIST_EACH(&f->knocks, struct knock, k, link) {
        struct addr a = session_addr(k->s);
        all++;
        theirs += addr_same_ip(&a, from);
    }
    return f->swarm.conns + all < f->conns_max - f->conns_max / FILES_DIALS_SHARE &&
           all < FILES_KNOCKS_MAX && theirs < FILES_KNOCKS_PER_IP_MAX;
}

static void on_accept(void *arg, struct conn *c)
{
    struct files *f = arg;
    struct why why;
    if (f->stopped || unwanted_refuse(f->unwanted, &c->peer) || !may_knock(f, &c->peer)) {
        conn_close(c);
        return;
    }
    struct knock *k = MEM_NEW(struct knock);
    k->f = f;
    k->s = session_accept(&f->swarm.wire, c, &knock_ops, k, &why);
    if (k->s) {
        list_push(&f->knocks, &k->link);
        return;
    }
    log_debug(f->env.log, "%s", why.text);
    free(k);
}

/* The ports */

static void on_dht(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    files_dht_packet(arg, from, bytes, n);
}

static const struct ports_ops port_ops = {
    .accepted = on_accept, .dht = on_dht, .utp = utp_on_packet, .pause = utp_on_pause};
static const struct ports_ops port_ops_without_tcp = {
    .dht = on_dht, .utp = utp_on_packet, .pause = utp_on_pause};

enum err meet_begin(struct files *f, struct why *why)
{
    struct addr at;
    enum err e = addr_parse(&at, conf_text(f->env.conf, "files.listen"), why);
    if (e)
        return why_in(why, e, "files.listen");
    utp_begin(f, on_accept);
    const struct ports_ops *ops =
        f->swarm.carriers & CARRIER_TCP ? &port_ops : &port_ops_without_tcp;
    f->ports = ports_open(f->env.loop, &at, ops, f, why);
    if (!f->ports && !conf_is_set(f->env.conf, "files.listen")) {
        log_info(f->env.log, "port %u is taken, any other is used", at.port);
        at.port = 0;
        f->ports = ports_open(f->env.loop, &at, ops, f, why);
    }
    if (!f->ports)
        return why_in(why, why->code, "files.listen");
    f->swarm.wire.port = ports_addr(f->ports).port;
    if (addr_is_any(&at))
        return OK;
    f->swarm.from = at;
    f->swarm.from.port = 0;
    char ip[ADDR_TEXT];
    f->from_ip = mem_strdup(addr_format_ip(&at, ip));
    return OK;
}

void meet_end(struct files *f)
{
    LIST_EACH(&f->knocks, struct knock, k, link) {
        session_free(k->s);
        knock_free(k);
    }
}

uint16_t files_port(const struct files *f)
{
    return f->swarm.wire.port;
}
