/* A peer that is who it says, and then sends what no honest one would: frames made by hand over a
 * real, secured connection.  The host serves its other peer all the while, and holds little for
 * this one. */
#include "host/host.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "host/kad/kad.h"
#include "host/mux/purse.h"
#include "host/mux/yamux.h"
#include "host/mux/yamux_msg.h"
#include "host/net_test.h"
#include "host/talk/echo.h"
#include "host/talk/ping.h"
#include "host/upgrade.h"

#include <malloc.h>
#include <string.h>

enum { HOST, FRIEND, FOE, NODES, GROWTH_MAX = 32 << 20, CONNECTIONS = 20 };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct echo *echo;
    struct kad *kad;
};

struct kit;

/* One connection of the foe's. */
struct line {
    struct kit *kit;
    struct upgrade *upgrade;
    struct conn *conn;
    struct buf out;
    unsigned rounds;  /* so far */
    uint32_t streams; /* the next id */
    bool over;
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
    struct secure_self *foe;
    struct line lines[CONNECTIONS];
    void (*attack)(struct line *l); /* appends a round to out */
    unsigned rounds_max;
    bool deaf; /* the foe reads nothing */
    unsigned pings, pongs;
};

static void begin(struct node *n, unsigned i)
{
    struct multiaddr here = net_at(i);
    n->host = net_host(n->loop, n->keys, &here, false);
    n->echo = echo_new(n->host, true);
    struct kad_cfg kad = {.host = n->host, .protocol = KAD_PROTOCOL, .server = true};
    n->kad = kad_new(&kad);
}

static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    struct multiaddr there = net_at(HOST);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        k->n[i].sim = net_machine(k->sim, i, 5 * MSEC);
        k->n[i].loop = sim_node_loop(k->n[i].sim);
        k->n[i].keys = net_keys(i);
        if (i != FOE)
            begin(&k->n[i], i);
    }
    k->foe = secure_self_new(k->n[FOE].loop, k->n[FOE].keys, upgrade_muxers);
    host_dial(k->n[FRIEND].host, host_id(k->n[HOST].host), &there, 1, net_ignore, NULL);
    sim_run_for(k->sim, 5 * SEC);
    assert_true(host_connected(k->n[FRIEND].host, host_id(k->n[HOST].host)));
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        upgrade_cancel(k->lines[i].upgrade);
        conn_close(k->lines[i].conn);
        buf_done(&k->lines[i].out);
    }
    secure_self_free(k->foe);
    for (unsigned i = 0; i < NODES; i++) {
        kad_free(k->n[i].kad);
        echo_free(k->n[i].echo);
        host_free(k->n[i].host);
        keys_free(k->n[i].keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

/* --- the foe -------------------------------------------------------------------------------- */

static void push(struct line *l)
{
    for (;;) {
        if (buf_len(&l->out) == 0 && l->rounds++ < l->kit->rounds_max)
            l->kit->attack(l);
        if (buf_len(&l->out) == 0)
            return;
        ssize_t n = conn_send(l->conn, buf_bytes(&l->out), buf_len(&l->out));
        if (n <= 0)
            return;
        buf_eat(&l->out, (size_t)n);
    }
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct line *l = arg;
    uint8_t rest[4096];
    (void)why;
    if (ev == CONN_READABLE && !l->kit->deaf)
        while (conn_recv(l->conn, rest, sizeof rest) > 0)
            ;
    if (ev == CONN_CLOSED)
        l->over = true;
    else
        push(l);
}

static void on_secured(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct line *l = arg;
    (void)muxer;
    (void)why;
    l->upgrade = NULL;
    l->conn = secured;
    l->streams = 1;
    if (!secured) {
        l->over = true;
        return;
    }
    conn_watch(secured, on_conn, l);
    push(l);
}

static void frame(struct line *l, enum yamux_type type, unsigned flags, uint32_t stream,
                  uint32_t length)
{
    struct yamux_frame f = {type, (uint16_t)flags, stream, length};
    yamux_write(buf_room(&l->out, YAMUX_HEADER_LEN), &f);
    buf_grew(&l->out, YAMUX_HEADER_LEN);
}

/* A stream of its own that speaks a protocol and says this. */
static void speak(struct line *l, const char *protocol, const void *bytes, size_t n)
{
    struct buf b = {0};
    buf_str(&b, "\x13/multistream/1.0.0\n");
    buf_u8(&b, (uint8_t)(strlen(protocol) + 1));
    buf_str(&b, protocol);
    buf_str(&b, "\n");
    buf_put(&b, bytes, n);
    frame(l, YAMUX_DATA, YAMUX_SYN, l->streams, (uint32_t)buf_len(&b));
    buf_put(&l->out, buf_bytes(&b), buf_len(&b));
    l->streams += 2;
    buf_done(&b);
}

/* --- the victim ----------------------------------------------------------------------------- */

static void on_pong(void *arg, uint64_t rtt_us, const struct why *why)
{
    struct kit *k = arg;
    (void)rtt_us;
    k->pongs += why == NULL;
}

/* The foe comes with twenty connections and does this, so often, for a minute. */
static void withstand(struct kit *k, void (*attack)(struct line *l), unsigned rounds, bool deaf)
{
    struct addr to = addr_v4(10, 0, 0, HOST + 1, 4001);
    size_t before = mallinfo2().uordblks, most = before;
    k->attack = attack;
    k->rounds_max = rounds;
    k->deaf = deaf;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct line *l = &k->lines[i];
        l->kit = k;
        l->upgrade = upgrade_dial(k->foe, tcp_dial(k->n[FOE].loop, &to, NULL, NULL, NULL), NULL,
                                  on_secured, l);
    }
    for (unsigned second = 0; second < 60; second++) {
        k->pings++;
        ping_start(k->n[FRIEND].host, host_id(k->n[HOST].host), on_pong, k);
        sim_run_for(k->sim, SEC);
        size_t now = mallinfo2().uordblks;
        most = now > most ? now : most;
    }
    sim_run_for(k->sim, 15 * SEC);
    unsigned reached = 0, done = 0;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        reached += k->lines[i].conn != NULL;
        done += k->lines[i].rounds;
    }
    print_message("# %u connections, %u rounds, %zu KiB at most\n", reached, done,
                  (most - before) >> 10);
    assert_in_range(reached, 1, HOST_PEER_CONNS_MAX * 2); /* the rest is hung up on at the door */
    assert_true(done >= reached);
    assert_int_equal(k->pongs, k->pings);
    assert_in_range(most - before, 0, GROWTH_MAX);
}

/* --- attacks -------------------------------------------------------------------------------- */

static void open_streams(struct line *l)
{
    for (unsigned i = 0; i < 100; i++, l->streams += 2)
        frame(l, YAMUX_WINDOW_UPDATE, YAMUX_SYN, l->streams, 0);
}

static void streams_without_end(void **state)
{
    withstand(*state, open_streams, 500, false);
}

static void streams_without_end_of_one_who_does_not_read(void **state)
{
    withstand(*state, open_streams, 500, true);
}

static void open_and_reset(struct line *l)
{
    for (unsigned i = 0; i < 100; i++, l->streams += 2) {
        frame(l, YAMUX_WINDOW_UPDATE, YAMUX_SYN, l->streams, 0);
        frame(l, YAMUX_DATA, YAMUX_RST, l->streams, 0);
    }
}

static void streams_opened_and_reset(void **state)
{
    withstand(*state, open_and_reset, 500, false);
}

static void overrun(struct line *l)
{
    static const uint8_t zeros[1 << 20];
    speak(l, "/ipfs/kad/1.0.0", "", 0);
    frame(l, YAMUX_DATA, 0, l->streams - 2, sizeof zeros);
    buf_put(&l->out, zeros, sizeof zeros);
}

static void more_than_the_window(void **state)
{
    withstand(*state, overrun, 5, false);
}

static void ping_much(struct line *l)
{
    for (unsigned i = 0; i < 1000; i++)
        frame(l, YAMUX_PING, YAMUX_SYN, 0, i);
}

static void pings_without_end_of_one_who_does_not_read(void **state)
{
    withstand(*state, ping_much, 100, true);
}

/* A length of a gibibyte, and what fits into the window of it. */
static void giant(struct line *l, const char *protocol)
{
    static uint8_t bytes[200 << 10] = {0x80, 0x80, 0x80, 0x80, 0x04};
    speak(l, protocol, bytes, sizeof bytes);
}

static void giant_kad(struct line *l)
{
    giant(l, "/ipfs/kad/1.0.0");
}

static void messages_of_a_gibibyte(void **state)
{
    withstand(*state, giant_kad, 100, false);
}

static void giant_push(struct line *l)
{
    giant(l, "/ipfs/id/push/1.0.0");
}

static void what_it_is_said_in_a_gibibyte(void **state)
{
    withstand(*state, giant_push, 100, false);
}

/* Parts of eight KiB: full of protocols that nobody else has. */
static void push_names(struct line *l)
{
    struct buf b = {0}, m = {0};
    for (unsigned i = 0; i < 100; i++) {
        char name[64];
        snprintf(name, sizeof name, "/%u/%u/nobody/else/has/this", l->rounds, i);
        buf_u8(&m, 3 << 3 | 2);
        buf_u8(&m, (uint8_t)strlen(name));
        buf_str(&m, name);
    }
    buf_uvarint(&b, buf_len(&m));
    buf_put(&b, buf_bytes(&m), buf_len(&m));
    speak(l, "/ipfs/id/push/1.0.0", buf_bytes(&b), buf_len(&b));
    frame(l, YAMUX_DATA, YAMUX_FIN, l->streams - 2, 0);
    buf_done(&b);
    buf_done(&m);
}

static void ever_new_names_of_protocols(void **state)
{
    withstand(*state, push_names, 500, false);
}

/* Nobody else's; each another key. */
static void provide(struct line *l)
{
    uint8_t m[] = {
        38, 8, 2, 18, 34, 0x12, 0x20, [37] = (uint8_t)l->rounds, (uint8_t)(l->rounds >> 8)};
    speak(l, "/ipfs/kad/1.0.0", m, sizeof m);
}

static void things_without_end(void **state)
{
    withstand(*state, provide, 2000, true);
}

/* Streams whose owners read nothing, of more protocols than one, each with all that its window has
 * room for. */
static const char *const hoards[] = {"/hoard/0", "/hoard/1", "/hoard/2", "/hoard/3"};
enum { HOARDS = sizeof hoards / sizeof hoards[0] };

static void fill(struct line *l)
{
    static const uint8_t bytes[200 << 10];
    speak(l, hoards[l->rounds % HOARDS], bytes, sizeof bytes);
}

struct hoard {
    struct conn *streams[HOARDS * HOST_STREAMS_MAX];
    size_t count;
};

static void on_hoarded(void *arg, enum conn_event ev, const struct why *why)
{
    struct conn **at = arg;
    (void)why;
    if (ev == CONN_CLOSED) {
        conn_close(*at);
        *at = NULL;
    }
}

static void on_hoard(void *arg, const struct host_stream *s)
{
    struct hoard *h = arg;
    h->streams[h->count] = s->conn;
    conn_watch(s->conn, on_hoarded, &h->streams[h->count]);
    h->count++;
}

static void what_nobody_reads_over_all_protocols_and_connections(void **state)
{
    struct kit *k = *state;
    struct hoard hoard = {.count = 0};
    struct host_held held;
    for (size_t i = 0; i < HOARDS; i++) {
        struct host_protocol p = {.name = hoards[i], .cb = on_hoard, .arg = &hoard};
        host_handle(k->n[HOST].host, &p);
    }
    withstand(k, fill, 16, false);
    host_held(k->n[HOST].host, secure_self_id(k->foe), &held);
    assert_in_range(held.bytes, PURSE_BYTES_MAX - (256 << 10), PURSE_BYTES_MAX);
    assert_in_range(held.in, PURSE_BYTES_MAX / YAMUX_WINDOW, hoard.count);
    for (size_t i = 0; i < hoard.count; i++)
        conn_close(hoard.streams[i]);
    host_held(k->n[HOST].host, secure_self_id(k->foe), &held);
    assert_int_equal(held.bytes, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(streams_without_end),
        CASE(streams_without_end_of_one_who_does_not_read),
        CASE(streams_opened_and_reset),
        CASE(more_than_the_window),
        CASE(pings_without_end_of_one_who_does_not_read),
        CASE(messages_of_a_gibibyte),
        CASE(what_it_is_said_in_a_gibibyte),
        CASE(ever_new_names_of_protocols),
        CASE(things_without_end),
        CASE(what_nobody_reads_over_all_protocols_and_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
