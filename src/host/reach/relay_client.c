#include "host/reach/relay_client.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/dcutr_dial.h"
#include "host/reach/relay_call.h"
#include "host/reach/relay_msg.h"
#include "host/trust.h"

#include <stdlib.h>

enum { ADDRS_OF_ONE_MAX = 3, TAG_WEIGHT = 50 };
#define TAG "our relay"
#define ANSWER_US (10 * SEC)
#define LIFE_MIN_S 60 /* what a relay says of its clock, or ours of it, may be wrong */
#define LIFE_MAX_S (24 * 3600)

struct relay {
    struct link link; /* in relay_client.relays */
    struct relay_client *client;
    struct peer_id id;
    struct multiaddr at; /* of a named one; else none */
    bool named, held;
    struct host_dial *dial;
    struct host_open *open;
    struct messages *stream;
    struct timer *timer; /* ask again */
    uint64_t pause_us;
    struct dcutr_dials also; /* over what else there is */
    size_t addr_count;
    struct multiaddr addrs[ADDRS_OF_ONE_MAX]; /* that end in /p2p-circuit */
};

struct relay_client {
    struct host *host;
    const struct log *log;
    bool lab, wanted;
    struct link relays;
    struct relay_calls *calls;
    struct host_watch watch;
};

static void ask(void *arg);

static struct relay *relay_of(const struct relay_client *c, const struct peer_id *id)
{
    LIST_EACH(&c->relays, struct relay, r, link)
        if (peer_id_equal(&r->id, id))
            return r;
    return NULL;
}

/* --- what others are told ------------------------------------------------------------------- */

static void advertise(const struct relay_client *c)
{
    struct multiaddr all[TOLD_MAX];
    size_t n = 0;
    LIST_EACH(&c->relays, struct relay, r, link)
        for (size_t i = 0; r->held && i < r->addr_count && n < TOLD_MAX; i++)
            all[n++] = r->addrs[i];
    host_tell_addrs(c->host, TOLD_RELAYED, all, n);
}

/* place: where the relay is, its id at the end or not. */
static void add_addr(struct relay *r, const struct multiaddr *place)
{
    struct multiaddr a = *place;
    struct multiaddr_route way;
    if (r->addr_count == ADDRS_OF_ONE_MAX || multiaddr_route(&a, &way, NULL) != OK || way.relayed ||
        (way.peer.len && !peer_id_equal(&way.peer, &r->id)))
        return;
    if (!r->client->lab && (addr_is_private(&way.addr) || addr_is_loopback(&way.addr)))
        return;
    multiaddr_drop_peer(&a);
    if (multiaddr_add_peer(&a, &r->id) == OK &&
        multiaddr_add(&a, MA_P2P_CIRCUIT, cur_of(NULL, 0)) == OK)
        r->addrs[r->addr_count++] = a;
}

/* As it says itself, or else where we reached it. */
static void take_addrs(struct relay *r, const struct relay_msg *m)
{
    struct multiaddr a;
    struct host_peer p;
    r->addr_count = 0;
    for (size_t i = 0; i < m->addr_count; i++)
        if (multiaddr_decode(&a, m->addrs[i], NULL) == OK)
            add_addr(r, &a);
    if (r->addr_count == 0 && host_peer(r->client->host, &r->id, &p) && p.conns && !p.inbound) {
        multiaddr_of_addr(&a, &p.remote, p.reach);
        add_addr(r, &a);
    }
}

/* --- one relay ------------------------------------------------------------------------------ */

static void stop_asking(struct relay *r)
{
    host_dial_cancel(r->dial);
    host_open_cancel(r->open);
    messages_free(r->stream);
    timer_cancel(r->timer);
    r->dial = NULL;
    r->open = NULL;
    r->stream = NULL;
    r->timer = NULL;
}

static void relay_free(struct relay *r)
{
    stop_asking(r);
    dcutr_dials_done(&r->also);
    host_tag(r->client->host, &r->id, TAG, 0);
    list_drop(&r->link);
    free(r);
}

static void again(struct relay *r, uint64_t after_us)
{
    timer_cancel(r->timer);
    r->timer = timer_start(r->client->host->loop, after_us, ask, r);
}

/* We have no place there: later again, or never. */
static void lost(struct relay *r, const char *text)
{
    struct relay_client *c = r->client;
    bool held = r->held;
    log_info(c->log, "no place at a relay: %s", text);
    stop_asking(r);
    r->held = false;
    if (held) { /* our own line, mostly, and a relay that begins anew is not to have all at once */
        r->pause_us = RELAY_PAUSE_US;
        again(r, loop_random_u64(c->host->loop) % RELAY_SOON_US);
        advertise(c);
        return;
    }
    again(r, r->pause_us);
    r->pause_us = r->pause_us < RELAY_PAUSE_LAST_US / 2 ? r->pause_us * 2 : RELAY_PAUSE_LAST_US;
}

static void on_not_met(void *arg)
{
    (void)arg; /* it goes without */
}

static bool is_met_over(const struct relay *r, enum reach reach)
{
    const struct peer *p = peer_find(r->client->host, &r->id);
    if (p)
        LIST_EACH(&p->conns, struct connection, c, link)
            if (c->way.path != PATH_RELAYED && c->way.reach == reach)
                return true;
    return false;
}

/* A hole is punched over TCP or over QUIC, whichever both sides have, and where our router puts us
 * for each of them we hear from whom we met over it. */
static void meet_over(struct relay *r, enum reach reach)
{
    struct host_peer p;
    struct multiaddr_route way;
    if (is_met_over(r, reach) || loop_proxy(r->client->host->loop) || dcutr_dials_any(&r->also) ||
        !host_peer(r->client->host, &r->id, &p))
        return;
    for (size_t i = 0; i < p.addr_count; i++) {
        if (multiaddr_route(&p.addrs[i], &way, NULL) != OK || way.relayed || way.named ||
            way.reach != reach || !addr_is_dialable(&way.addr) || addr_is_private(&way.addr) ||
            addr_is_loopback(&way.addr))
            continue;
        dcutr_dial(&r->also, &(struct dcutr_place){way.addr, reach}, DCUTR_OPEN);
        return;
    }
}

static void on_granted(struct relay *r, const struct relay_msg *m)
{
    struct relay_client *c = r->client;
    int64_t life_s = (int64_t)m->expire_s - loop_wall_us(c->host->loop) / (int64_t)SEC;
    life_s = m->expire_s > INT64_MAX || life_s > LIFE_MAX_S ? LIFE_MAX_S : life_s;
    life_s = life_s < LIFE_MIN_S ? LIFE_MIN_S : life_s;
    if (!r->held)
        log_info(c->log, "a relay lends us a place for %lld s", (long long)life_s);
    r->held = true;
    r->pause_us = RELAY_PAUSE_US;
    take_addrs(r, m);
    host_tag(c->host, &r->id, TAG, TAG_WEIGHT);
    again(r, (uint64_t)life_s * SEC / 2);
    advertise(c);
    meet_over(r, REACH_TCP);
    meet_over(r, REACH_QUIC);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct relay *r = arg;
    struct relay_msg m;
    if (ev != MESSAGES_ONE)
        lost(r, why ? why->text : "it gave no answer");
    else if (relay_hop_decode(&m, msg, NULL) != OK || m.type != RELAY_STATUS)
        lost(r, "its answer makes no sense");
    else if (m.status != RELAY_OK || !m.has_reservation)
        lost(r, relay_status_text(m.status));
    else {
        on_granted(r, &m);
        messages_shut(r->stream);
        messages_free(r->stream);
        r->stream = NULL;
    }
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct relay *r = arg;
    struct relay_msg m = {.type = RELAY_RESERVE};
    struct buf out = {0};
    r->open = NULL;
    if (!s) {
        lost(r, why->text);
        return;
    }
    r->stream = messages_new(s->conn, RELAY_MESSAGE_MAX, on_message, r);
    messages_expect(r->stream, ANSWER_US);
    relay_hop_encode(&m, &out);
    if (messages_send(r->stream, buf_bytes(&out), buf_len(&out), NULL) != OK)
        lost(r, "its stream is over");
    buf_done(&out);
}

static void open_hop(struct relay *r)
{
    static const char *const names[] = {RELAY_HOP_PROTOCOL};
    r->open = host_open(r->client->host, &r->id, names, 1, on_open, r);
}

static void on_dialled(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct relay *r = arg;
    r->dial = NULL;
    if (peer)
        open_hop(r);
    else
        lost(r, why->text);
}

static void fill(struct relay_client *c);

/* Named ones are reached for; found ones that are gone, or not wanted any more, are forgotten. */
static void ask(void *arg)
{
    struct relay *r = arg;
    struct relay_client *c = r->client;
    r->timer = NULL;
    if (r->open || r->dial || r->stream)
        return;
    if (peer_is_direct(peer_find(c->host, &r->id)) && (r->named || c->wanted)) {
        open_hop(r);
    } else if (r->named) {
        r->dial = dial_direct(c->host, &r->id, &r->at, 1, on_dialled, r);
    } else {
        relay_free(r);
        advertise(c);
        fill(c);
    }
}

/* --- which relays --------------------------------------------------------------------------- */

static struct relay *relay_new(struct relay_client *c, const struct peer_id *id)
{
    struct relay *r = MEM_NEW(struct relay);
    r->client = c;
    r->id = *id;
    r->pause_us = RELAY_PAUSE_US;
    dcutr_dials_init(&r->also, c->host, id, on_not_met, r);
    list_push(&c->relays, &r->link);
    again(r, 0);
    return r;
}

static size_t count_found(const struct relay_client *c)
{
    size_t n = 0;
    LIST_EACH(&c->relays, struct relay, r, link)
        n +=
            !r->named && (r->held || r->pause_us == RELAY_PAUSE_US); /* refused ones do not count */
    return n;
}

static bool is_trusted(const struct relay_client *c, const struct peer_id *id)
{
    return trust_of(host_trust(c->host), id) == TRUST_TRUSTED;
}

/* A place at a stranger's, for one at a friend's. */
static void make_room(struct relay_client *c)
{
    LIST_EACH(&c->relays, struct relay, r, link)
        if (!r->named && !is_trusted(c, &r->id)) {
            relay_free(r);
            advertise(c);
            return;
        }
}

/* Ask this one too, if another is wanted and it offers it. */
static void consider(struct relay_client *c, const struct peer_id *id)
{
    if (!c->wanted || relay_of(c, id) || !host_peer_speaks(c->host, id, RELAY_HOP_PROTOCOL) ||
        !peer_is_direct(peer_find(c->host, id)))
        return;
    if (count_found(c) >= RELAYS_FOUND_MAX && is_trusted(c, id))
        make_room(c);
    if (count_found(c) < RELAYS_FOUND_MAX)
        relay_new(c, id);
}

static void fill(struct relay_client *c)
{
    struct peer_id ids[64];
    size_t n = c->wanted ? host_peers(c->host, ids, sizeof ids / sizeof ids[0]) : 0;
    for (size_t i = 0; i < n; i++)
        consider(c, &ids[i]);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct relay_client *c = arg;
    struct relay *r = peer ? relay_of(c, peer) : NULL;
    if (ev == HOST_IDENTIFIED && !r)
        consider(c, peer);
    if (ev == HOST_IDENTIFIED && r && !r->held && r->timer)
        again(r, 0); /* it is here again */
    if (ev == HOST_GONE && r && r->held)
        lost(r, "the connection to it is lost");
}

enum err relay_client_name(struct relay_client *c, const struct multiaddr *at, struct why *why)
{
    struct multiaddr_route way;
    size_t n = 0;
    enum err code = multiaddr_route(at, &way, why);
    if (code != OK)
        return code;
    if (way.relayed || way.peer.len == 0)
        return why_set(why, ERR_INVALID, "a relay's address ends in /p2p/ID");
    LIST_EACH(&c->relays, struct relay, r, link)
        n += r->named;
    if (n >= RELAYS_NAMED_MAX)
        return why_set(why, ERR_LIMIT, "more than %d relays", RELAYS_NAMED_MAX);
    struct relay *r = relay_of(c, &way.peer);
    r = r ? r : relay_new(c, &way.peer);
    r->named = true;
    r->at = *at;
    return OK;
}

void relay_client_want(struct relay_client *c, bool wanted)
{
    if (c->wanted == wanted)
        return;
    c->wanted = wanted;
    LIST_EACH(&c->relays, struct relay, r, link)
        if (!wanted && !r->named)
            relay_free(r);
    advertise(c);
    fill(c);
}

size_t relay_client_relays(const struct relay_client *c, struct peer_id *out, size_t cap)
{
    size_t n = 0;
    LIST_EACH(&c->relays, struct relay, r, link)
        if (r->held && n < cap)
            out[n++] = r->id;
    return n;
}

/* --- life ----------------------------------------------------------------------------------- */

/* Who calls through a relay where we have no place, and want none, is not heard. */
static bool may_call(void *arg, const struct peer_id *relay)
{
    return relay_of(arg, relay) != NULL;
}

struct relay_client *relay_client_new(struct host *h, const struct log *log, bool lab)
{
    struct relay_client *c = MEM_NEW(struct relay_client);
    c->host = h;
    c->log = log;
    c->lab = lab;
    list_init(&c->relays);
    c->calls = relay_calls_new(h, log, may_call, c);
    c->watch = (struct host_watch){.cb = on_host, .arg = c};
    host_watch(h, &c->watch);
    return c;
}

void relay_client_free(struct relay_client *c)
{
    if (!c)
        return;
    host_unwatch(&c->watch);
    relay_calls_free(c->calls);
    LIST_EACH(&c->relays, struct relay, r, link)
        relay_free(r);
    free(c);
}
