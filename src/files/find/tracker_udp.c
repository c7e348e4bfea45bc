/* Announces over UDP (BEP 15): one socket a family for all of the node's torrents, connection ids
 * that are used again while they are good, and tries that are repeated.
 *
 * An ask goes: resolve, then up to TRACKER_UDP_TRIES times connect and announce. */
#include "base/map.h"
#include "base/mem.h"
#include "crypto/sha1.h"
#include "files/find/tracker_ask.h"
#include "net/udp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CONNECTION_US (60 * SEC) /* BEP 15: "until one minute after it has received it" */
enum { CONNECTIONS_MAX = 128 };  /* remembered; beyond, the oldest is forgotten */

struct connection {
    struct addr to;
    uint64_t id;
    uint64_t until_us; /* 0: none */
};

struct tracker_udp {
    struct loop *loop;
    struct addr from; /* ADDR_NONE: any */
    struct udp *v4, *v6;
    struct map *asks; /* by transaction */
    struct connection known[CONNECTIONS_MAX];
    size_t oldest;
};

struct tracker_udp_ask {
    struct tracker_udp *u;
    char *url;
    const char *url_data; /* in url */
    enum addr_family family;
    struct tracker_announce announce;
    struct resolve *resolve;
    struct timer *timer;
    struct addr to[RESOLVE_MAX];
    size_t to_count;
    char
        host[256]; /* "": to is whom we ask; else the loop's proxy looks it up, and to has a port */
    unsigned try;
    uint32_t transaction; /* 0: nothing is asked now */
    bool connecting;      /* else announcing */
    bool reused;          /* with a connection id from before this ask */
    struct why why;       /* our own trouble, told in place of "no answer" */
    tracker_ask_cb *done;
    void *arg;
};

struct tracker_udp *tracker_udp_new(struct loop *loop, const struct addr *from)
{
    struct tracker_udp *u = MEM_NEW(struct tracker_udp);
    u->loop = loop;
    if (from)
        u->from = *from;
    u->asks = map_new(loop_random_u64(loop));
    return u;
}

void tracker_udp_free(struct tracker_udp *u)
{
    if (!u)
        return;
    assert(map_count(u->asks) == 0);
    udp_close(u->v4);
    udp_close(u->v6);
    map_free(u->asks);
    free(u);
}

static struct connection *find_connection(struct tracker_udp *u, const struct addr *to)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (u->known[i].until_us > loop_now_us(u->loop) && addr_equal(&u->known[i].to, to))
            return &u->known[i];
    return NULL;
}

static void remember_connection(struct tracker_udp *u, const struct addr *to, uint64_t id)
{
    struct connection *c = find_connection(u, to);
    if (!c) {
        c = &u->known[u->oldest];
        u->oldest = (u->oldest + 1) % CONNECTIONS_MAX;
    }
    *c = (struct connection){*to, id, loop_now_us(u->loop) + CONNECTION_US};
}

/* No packet that comes is for this ask any more. */
static void forget_transaction(struct tracker_udp_ask *a)
{
    if (a->transaction != 0)
        map_drop(a->u->asks, &a->transaction, sizeof a->transaction);
    a->transaction = 0;
}

/* A number that no other ask bears. */
static void new_transaction(struct tracker_udp_ask *a)
{
    forget_transaction(a);
    do {
        loop_random(a->u->loop, &a->transaction, sizeof a->transaction);
    } while (a->transaction == 0 ||
             map_get(a->u->asks, &a->transaction, sizeof a->transaction) != NULL);
    map_put(a->u->asks, &a->transaction, sizeof a->transaction, a);
}

static void end(struct tracker_udp_ask *a)
{
    forget_transaction(a);
    resolve_cancel(a->resolve);
    timer_cancel(a->timer);
    free(a->url);
    free(a);
}

/* done() is the last thing that happens: it may free everything around. */
static void finish(struct tracker_udp_ask *a, const struct tracker_answer *answer,
                   const struct why *why)
{
    tracker_ask_cb *done = a->done;
    void *arg = a->arg;
    struct why kept = *why;
    end(a);
    done(arg, answer, &kept);
}

static void fail(struct tracker_udp_ask *a, enum err err, const char *text)
{
    struct why why;
    why_set(&why, err, "%s", text);
    finish(a, NULL, &why);
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);

/* The socket of this address's family; NULL and why when there is none. */
static struct udp *socket_for(struct tracker_udp *u, const struct addr *to, struct why *why)
{
    static const uint8_t any[16];
    struct udp **socket = to->family == ADDR_V4 ? &u->v4 : &u->v6;
    if (!*socket) {
        size_t len = to->family == ADDR_V4 ? 4 : 16;
        struct addr at = u->from.family == ADDR_NONE ? addr_of_bytes(any, len, 0) : u->from;
        at.port = 0;
        *socket = udp_open(u->loop, &at, on_packet, u, why);
    }
    return *socket;
}

/* Where this try goes. */
static const struct addr *target(const struct tracker_udp_ask *a)
{
    return &a->to[a->try % a->to_count];
}

static void on_timeout(void *arg);

/* Send connect, or announce where a connection is known, and wait for the try's time. */
static void send(struct tracker_udp_ask *a)
{
    struct udp *socket = socket_for(a->u, target(a), &a->why);
    if (socket) {
        struct connection *c = find_connection(a->u, target(a));
        struct buf b = {0};
        new_transaction(a);
        a->connecting = !c;
        if (c && a->announce.scrape)
            tracker_put_udp_scrape(&b, c->id, a->transaction, a->announce.infohash);
        else if (c)
            tracker_put_udp_announce(&b, c->id, a->transaction, &a->announce, a->url_data);
        else
            tracker_put_udp_connect(&b, a->transaction);
        if (a->host[0])
            udp_send_name(socket, a->host, target(a)->port, buf_bytes(&b), buf_len(&b));
        else
            udp_send(socket, target(a), buf_bytes(&b), buf_len(&b));
        buf_done(&b);
    }
    timer_cancel(a->timer);
    /* Without a socket the time runs too: another family may have one. */
    unsigned first_s =
        a->announce.event == TRACKER_STOPPED ? TRACKER_UDP_STOP_S : TRACKER_UDP_TIMEOUT_S;
    a->timer = timer_start(a->u->loop, socket ? (first_s << a->try) * SEC : 0, on_timeout, a);
}

static void start_try(struct tracker_udp_ask *a)
{
    a->reused = find_connection(a->u, target(a)) != NULL;
    send(a);
}

static void on_timeout(void *arg)
{
    struct tracker_udp_ask *a = arg;
    a->timer = NULL;
    if (++a->try < TRACKER_UDP_TRIES)
        start_try(a);
    else if (a->why.text[0] != '\0')
        finish(a, NULL, &a->why);
    else
        fail(a, ERR_TIMEOUT, "no answer");
}

static void on_found(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct tracker_udp_ask *a = arg;
    a->resolve = NULL;
    if (n == 0) {
        finish(a, NULL, why);
        return;
    }
    enum addr_family family = a->family;
    for (size_t i = 0; i < n; i++)
        if (addr_is_dialable(&found[i]) && (family == ADDR_NONE || found[i].family == family))
            a->to[a->to_count++] = found[i];
    if (a->to_count == 0)
        fail(a, ERR_CLOSED, "it has no address that can be reached from here");
    else
        start_try(a);
}

static void on_refused(void *arg)
{
    struct tracker_udp_ask *a = arg;
    a->timer = NULL;
    finish(a, NULL, &a->why);
}

/* An address that nobody has (240.0.0.0/4) in place of one that only the proxy will know, so that
 * connection ids are kept apart. */
static struct addr stand_in(const char *host, uint16_t port)
{
    uint8_t h[SHA1_LEN];
    sha1(host, strlen(host), h);
    return addr_v4(h[0] | 0xf0, h[1], h[2], h[3], port);
}

static void on_named(void *arg)
{
    struct tracker_udp_ask *a = arg;
    a->timer = NULL;
    start_try(a);
}

struct tracker_udp_ask *tracker_udp_start(struct tracker_udp *u, const char *url,
                                          enum addr_family family,
                                          const struct tracker_announce *announce,
                                          tracker_ask_cb *done, void *arg)
{
    char host[256];
    uint16_t port;
    struct tracker_udp_ask *a = MEM_NEW(struct tracker_udp_ask);
    a->u = u;
    a->url = mem_strdup(url);
    a->family = family != ADDR_NONE ? family : (enum addr_family)u->from.family;
    a->announce = *announce;
    a->done = done;
    a->arg = arg;
    enum err e = tracker_split_udp(a->url, host, sizeof host, &port, &a->url_data, &a->why);
    if (e == OK && loop_proxy(u->loop)) {
        snprintf(a->host, sizeof a->host, "%s", host);
        a->to[a->to_count++] = stand_in(host, port);
        a->timer = timer_start(u->loop, 0, on_named, a);
    } else if (e == OK)
        a->resolve = resolve_start(u->loop, host, port, on_found, a);
    else
        a->timer = timer_start(u->loop, 0, on_refused, a);
    return a;
}

void tracker_udp_cancel(struct tracker_udp_ask *a)
{
    if (a)
        end(a);
}

/* Some trackers answer so when our connection id is too old for them: then a new one is asked for,
 * once, before the words are believed. */
static void on_error(struct tracker_udp_ask *a, const struct tracker_answer *answer)
{
    struct connection *c = find_connection(a->u, target(a));
    if (a->reused && !a->connecting && c) {
        c->until_us = 0;
        a->reused = false;
        send(a);
        return;
    }
    finish(a, answer, &(struct why){0});
}

static void on_answer(struct tracker_udp_ask *a, const struct tracker_udp_answer *answer)
{
    switch (answer->action) {
    case TRACKER_UDP_CONNECT:
        if (!a->connecting)
            return;
        remember_connection(a->u, target(a), answer->connection);
        send(a);
        return;
    case TRACKER_UDP_ANNOUNCE:
        if (!a->connecting && !a->announce.scrape)
            finish(a, &answer->announce, &(struct why){0});
        return;
    case TRACKER_UDP_ERROR:
        on_error(a, &answer->announce);
        return;
    case TRACKER_UDP_SCRAPE:
        if (!a->connecting && a->announce.scrape)
            finish(a, &answer->announce, &(struct why){0});
        return;
    }
}

/* Anybody can send us packets: only one from where we asked, with the number that we gave, says
 * anything. */
static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct tracker_udp *u = arg;
    struct cur look = cur_of(bytes, n);
    cur_be32(&look);
    uint32_t transaction = cur_be32(&look);
    struct tracker_udp_ask *a = map_get(u->asks, &transaction, sizeof transaction);
    if (!a || (!a->host[0] && !addr_equal(from, target(a))))
        return;
    struct tracker_udp_answer answer;
    struct why why;
    enum err err =
        tracker_read_udp(cur_of(bytes, n), transaction, from->family == ADDR_V6, &answer, &why);
    if (err == OK)
        on_answer(a, &answer);
    else
        finish(a, NULL, &why);
}
