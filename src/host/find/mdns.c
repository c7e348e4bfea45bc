#include "host/find/mdns.h"

#include "base/mem.h"
#include "host/find/mdns_msg.h"
#include "net/bucket.h"
#include "net/mcast.h"

#include <string.h>

enum {
    FAMILIES = 2,
    NAME_LEN = 32,                       /* "a string of 32 to 63 characters" */
    TRIED_MAX = 64,                      /* peers dialled lately */
    ADVERTISED_MAX = 4 * HOST_ADDRS_MAX, /* relays' come first, and are of no use here */
};
#define TRIED_US (60 * SEC) /* and again after */
#define ANSWER_LEAST_US                                                                            \
    (20 * MSEC) /* RFC 6762 section 6: 20 to 120 ms, that not all speak at once */
#define ANSWER_SPREAD_US (100 * MSEC)

/* RFC 6762 section 3. */
static const char *const group_text[FAMILIES] = {"224.0.0.251:5353", "[ff02::fb]:5353"};

struct tried {
    struct peer_id peer;
    uint64_t at_us;
};

struct mdns {
    struct mdns_cfg cfg;
    struct loop *loop;
    char name[NAME_LEN + 1];
    struct mcast *groups[FAMILIES]; /* NULL: not opened yet, or not to be had */
    bool warned;
    struct iface places[IFACES_MAX]; /* where we ask and answer */
    size_t place_count;
    uint64_t pause_us, answered_us; /* after the next question; 0: never */
    struct timer *look, *ask, *answer;
    struct bucket *heard;
    struct tried tried[TRIED_MAX];
    size_t tried_next;
    struct host_watch watch;
};

static uint64_t now_us(const struct mdns *m)
{
    return loop_now_us(m->loop);
}

static int family_at(const struct addr *a)
{
    return a->family == ADDR_V6;
}

/* --- saying --------------------------------------------------------------------------------- */

static void say(struct mdns *m, const struct buf *b)
{
    for (size_t i = 0; i < m->place_count; i++)
        mcast_send(m->groups[family_at(&m->places[i].addr)], &m->places[i], buf_bytes(b),
                   buf_len(b));
}

/* Those that lead somewhere from here, and not through a relay. */
static size_t own_addrs(const struct mdns *m, struct multiaddr *out)
{
    struct multiaddr all[ADVERTISED_MAX];
    size_t n = host_advertised(m->cfg.host, all, ADVERTISED_MAX), kept = 0;
    for (size_t i = 0; i < n && kept < HOST_ADDRS_MAX; i++) {
        struct multiaddr_route r;
        if (multiaddr_route(&all[i], &r, NULL) == OK && !r.relayed)
            out[kept++] = all[i];
    }
    return kept;
}

static void on_answer(void *arg)
{
    struct mdns *m = arg;
    struct multiaddr addrs[HOST_ADDRS_MAX];
    struct buf b = {0};
    m->answer = NULL;
    m->answered_us = now_us(m);
    size_t n = own_addrs(m, addrs);
    if (n > 0 && mdns_put_answer(&b, m->name, host_id(m->cfg.host), addrs, n) > 0)
        say(m, &b);
    buf_done(&b);
}

static void answer_soon(struct mdns *m)
{
    uint64_t after = ANSWER_LEAST_US + loop_random_u64(m->loop) % ANSWER_SPREAD_US;
    uint64_t at = now_us(m) + after, earliest = m->answered_us + MDNS_ANSWER_US;
    if (m->answered_us > 0 && at < earliest)
        at = earliest;
    if (!m->answer)
        m->answer = timer_start(m->loop, at - now_us(m), on_answer, m);
}

static void on_ask(void *arg)
{
    struct mdns *m = arg;
    struct buf b = {0};
    m->ask = timer_start(m->loop, m->pause_us, on_ask, m);
    m->pause_us = m->pause_us < MDNS_ASK_LAST_US / 2 ? m->pause_us * 2 : MDNS_ASK_LAST_US;
    mdns_put_query(&b);
    say(m, &b);
    buf_done(&b);
}

static void ask_anew(struct mdns *m)
{
    timer_cancel(m->ask);
    m->pause_us = MDNS_ASK_FIRST_US;
    m->ask = timer_start(m->loop, loop_random_u64(m->loop) % ANSWER_SPREAD_US, on_ask, m);
}

/* --- hearing -------------------------------------------------------------------------------- */

/* Nothing hangs on it: what it brings is a connection, which the host has. */
static void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg;
    (void)peer;
    (void)why;
}

static bool was_tried(struct mdns *m, const struct peer_id *peer)
{
    for (size_t i = 0; i < TRIED_MAX; i++)
        if (peer_id_equal(&m->tried[i].peer, peer) && now_us(m) - m->tried[i].at_us < TRIED_US)
            return true;
    m->tried[m->tried_next] = (struct tried){.peer = *peer, .at_us = now_us(m)};
    m->tried_next = (m->tried_next + 1) % TRIED_MAX;
    return false;
}

static void meet(struct mdns *m, const struct peer_id *peer)
{
    struct host *h = m->cfg.host;
    struct peer_id ids[MDNS_ENOUGH];
    if (host_connected(h, peer) || host_peers(h, ids, MDNS_ENOUGH) == MDNS_ENOUGH ||
        was_tried(m, peer))
        return;
    host_dial(h, peer, NULL, 0, ignore, NULL);
}

static bool is_believable(const struct mdns *m, const struct multiaddr *a)
{
    struct multiaddr_route r;
    return multiaddr_route(a, &r, NULL) == OK && r.addr.family != ADDR_NONE &&
           addr_is_dialable(&r.addr) && (m->cfg.lab || !addr_is_loopback(&r.addr));
}

static void learn(struct mdns *m, const struct mdns_msg *msg)
{
    const struct peer_id *last = NULL; /* the addresses of one stand together */
    for (size_t i = 0; i < msg->count; i++) {
        const struct mdns_found *f = &msg->found[i];
        if (peer_id_equal(&f->peer, host_id(m->cfg.host)) || !is_believable(m, &f->addr) ||
            bucket_take(m->heard, 1, now_us(m)) == 0)
            continue;
        host_learn(m->cfg.host, &f->peer, &f->addr, 1);
        if (last && !peer_id_equal(last, &f->peer))
            meet(m, last);
        last = &f->peer;
    }
    if (last)
        meet(m, last);
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct mdns *m = arg;
    struct mdns_msg msg;
    (void)from; /* anybody's word for it */
    if (mdns_read(cur_of(bytes, n), &msg, NULL) != OK)
        return;
    if (msg.who || strcmp(msg.about, m->name) == 0)
        answer_soon(m);
    if (msg.services && bucket_take(m->heard, 1, now_us(m)) == 1) {
        struct buf b = {0};
        mdns_put_services(&b);
        say(m, &b);
        buf_done(&b);
    }
    learn(m, &msg);
}

/* --- where ---------------------------------------------------------------------------------- */

/* Are we reached there?  By an address of its own; or by one of loopback's many. */
static bool choose(struct iface *i, const struct multiaddr *addrs, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        struct multiaddr_route r;
        if (multiaddr_route(&addrs[k], &r, NULL) != OK || r.addr.family != i->addr.family)
            continue;
        bool both_loop = i->loopback && addr_is_loopback(&r.addr);
        if (!both_loop && !addr_same_ip(&r.addr, &i->addr))
            continue;
        i->addr = r.addr;
        i->addr.port = 0;
        return true;
    }
    return false;
}

/* The group of this family; NULL when there is none to be had. */
static struct mcast *group_of(struct mdns *m, int family)
{
    struct addr at;
    struct why why;
    if (m->groups[family])
        return m->groups[family];
    if (addr_parse(&at, group_text[family], &why) == OK)
        m->groups[family] = mcast_open(m->loop, &at, on_packet, m, &why);
    if (!m->groups[family] && !m->warned) {
        log_warn(m->cfg.log, "nodes of this network are not found by themselves: %s", why.text);
        m->warned = true;
    }
    return m->groups[family];
}

static bool was_there(const struct mdns *m, const struct iface *i)
{
    for (size_t k = 0; k < m->place_count; k++)
        if (m->places[k].index == i->index && addr_same_ip(&m->places[k].addr, &i->addr))
            return true;
    return false;
}

/* Joins what is there; returns whether something is new. */
static bool look(struct mdns *m)
{
    struct iface all[IFACES_MAX];
    struct multiaddr addrs[HOST_ADDRS_MAX];
    size_t addr_count = own_addrs(m, addrs);
    size_t n = iface_list(m->loop, all, IFACES_MAX), kept = 0;
    bool news = false;
    for (size_t i = 0; i < n; i++) {
        struct why why;
        bool here = choose(&all[i], addrs, addr_count);
        struct mcast *group = here ? group_of(m, family_at(&all[i].addr)) : NULL;
        if (!group)
            continue;
        if (mcast_join(group, &all[i], &why) != OK) {
            log_debug(m->cfg.log, "%s", why.text);
            continue;
        }
        news = news || !was_there(m, &all[i]);
        all[kept++] = all[i];
    }
    memcpy(m->places, all, kept * sizeof *all);
    m->place_count = kept;
    return news;
}

static void on_look(void *arg)
{
    struct mdns *m = arg;
    m->look = timer_start(m->loop, MDNS_LOOK_US, on_look, m);
    if (look(m))
        ask_anew(m);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct mdns *m = arg;
    (void)peer;
    if (ev != HOST_ADDRESSES)
        return;
    timer_cancel(m->look);
    on_look(m);
}

/* --- life ----------------------------------------------------------------------------------- */

/* It says nothing of who we are: it is another each time. */
static void choose_name(struct mdns *m)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t random[NAME_LEN];
    loop_random(m->loop, random, sizeof random);
    for (size_t i = 0; i < NAME_LEN; i++)
        m->name[i] = letters[random[i] % 32];
}

struct mdns *mdns_new(const struct mdns_cfg *cfg)
{
    struct mdns *m = MEM_NEW(struct mdns);
    m->cfg = *cfg;
    m->loop = host_loop(cfg->host);
    choose_name(m);
    m->heard = bucket_new(MDNS_HEARD_PER_S, MDNS_HEARD_BURST, now_us(m));
    m->watch = (struct host_watch){.cb = on_host, .arg = m};
    host_watch(cfg->host, &m->watch);
    m->look = timer_start(m->loop, 0, on_look, m);
    return m;
}

void mdns_free(struct mdns *m)
{
    if (!m)
        return;
    host_unwatch(&m->watch);
    struct timer *timers[] = {m->look, m->ask, m->answer};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
        timer_cancel(timers[i]);
    for (int i = 0; i < FAMILIES; i++)
        mcast_close(m->groups[i]);
    bucket_free(m->heard);
    free(m);
}
