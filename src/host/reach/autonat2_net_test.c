/* AutoNAT 2 in the simulator: what we answer to whom asks, and what we believe of who answers. */
#include "base/mem.h"
#include "base/test.h"
#include "host/mux/messages.h"
#include "host/reach/autonat2.h"
#include "host/reach/autonat2_msg.h"
#include "sim/sim.h"

enum { US, PEER, OTHER, NODES };

/* How PEER answers. */
enum manner { SAYS_NO, SAYS_YES, SAYS_YES_AND_THE_NONCE_HERE, WANTS_DATA, WANTS_TOO_MUCH };

struct kit {
    struct sim *sim;
    struct {
        struct loop *loop;
        struct keys *keys;
        struct host *host;
    } n[NODES];
    struct autonat2_server *serves; /* US */
    struct autonat2 *asks;          /* US, or NULL */

    /* PEER's side of a question, and of a dial back. */
    struct messages *stream, *back;
    struct autonat2_msg heard; /* last */
    unsigned heard_count, nonces, dialled;
    bool gone, moved;     /* moved: US has no address any more */
    enum verdict verdict; /* as it was when something changed */
    uint64_t nonce;
    enum manner manner;
    uint64_t got_bytes;
};

static struct addr ip(unsigned i)
{
    return addr_v4(i == OTHER ? 203 : 198, 51, 100, (uint8_t)(i + 1), 4001);
}

static struct multiaddr at(unsigned i)
{
    struct multiaddr a;
    struct addr addr = ip(i);
    multiaddr_of_addr(&a, &addr, REACH_TCP);
    return a;
}

static void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg;
    (void)peer;
    (void)why;
}

static void begin(struct kit *k, unsigned i)
{
    static const char *const names[] = {"us", "peer", "other"};
    struct sim_link line = {.latency_us = 20 * MSEC};
    uint8_t entropy[16] = {(uint8_t)(i + 1)};
    struct multiaddr here = at(i);
    k->n[i].loop = sim_node_loop(sim_node_add(k->sim, names[i], ip(i), line));
    k->n[i].keys = keys_of_entropy(entropy, sizeof entropy);
    struct host_cfg cfg = {.loop = k->n[i].loop,
                           .keys = k->n[i].keys,
                           .agent = "shoal/test",
                           .listen = &here,
                           .listen_count = 1};
    k->n[i].host = host_new(&cfg, NULL);
    assert_non_null(k->n[i].host);
}

static struct kit *open_kit(void)
{
    struct kit *k = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++)
        begin(k, i);
    return k;
}

static void meet(struct kit *k)
{
    struct multiaddr us = at(US);
    host_dial(k->n[PEER].host, host_id(k->n[US].host), &us, 1, ignore, NULL);
    sim_run_for(k->sim, 1 * SEC);
    assert_true(host_connected(k->n[US].host, host_id(k->n[PEER].host)));
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    messages_free(k->stream);
    messages_free(k->back);
    autonat2_free(k->asks);
    autonat2_serve_end(k->serves);
    for (unsigned i = 0; i < NODES; i++) {
        host_free(k->n[i].host);
        keys_free(k->n[i].keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void send(struct messages *to, const struct autonat2_msg *m)
{
    struct buf out = {0};
    autonat2_encode(m, &out);
    assert_int_equal(messages_send(to, buf_bytes(&out), buf_len(&out), NULL), OK);
    buf_done(&out);
}

/* --- what we answer -------------------------------------------------------------------------- */

static int open_serving(void **state)
{
    struct kit *k = *state = open_kit();
    k->serves = autonat2_serve(k->n[US].host, false);
    meet(k);
    return 0;
}

static void on_nonce(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct kit *k = arg;
    struct buf out = {0};
    (void)why;
    if (ev != MESSAGES_ONE || autonat2_back_decode(&k->nonce, msg, NULL) != OK)
        return;
    k->nonces++;
    autonat2_heard_encode(&out);
    assert_int_equal(messages_send(k->back, buf_bytes(&out), buf_len(&out), NULL), OK);
    buf_done(&out);
}

static void on_back(void *arg, const struct host_stream *s)
{
    struct kit *k = arg;
    k->back = messages_new(s->conn, AUTONAT2_MESSAGE_MAX, on_nonce, k);
}

static void be_dialled_back(struct kit *k, unsigned i)
{
    struct host_protocol p = {.name = AUTONAT2_BACK_PROTOCOL, .cb = on_back, .arg = k};
    host_handle(k->n[i].host, &p);
}

static void on_heard(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct kit *k = arg;
    (void)why;
    k->gone |= ev != MESSAGES_ONE;
    if (ev != MESSAGES_ONE)
        return;
    assert_int_equal(autonat2_decode(&k->heard, msg, NULL), OK);
    k->heard_count++;
}

static void on_asking(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    (void)why;
    assert_non_null(s);
    k->stream = messages_new(s->conn, AUTONAT2_MESSAGE_MAX, on_heard, k);
}

/* PEER asks US about these; what comes back is in `heard`. */
static void ask(struct kit *k, const struct multiaddr *addrs, size_t n)
{
    static const char *const names[] = {AUTONAT2_REQUEST_PROTOCOL};
    struct autonat2_msg m = {.kind = AUTONAT2_ASK, .nonce = 4711, .addr_count = n};
    for (size_t i = 0; i < n; i++)
        m.addrs[i] = cur_of(addrs[i].bytes, addrs[i].len);
    messages_free(k->stream);
    k->stream = NULL;
    k->heard_count = 0;
    k->gone = false;
    host_open(k->n[PEER].host, host_id(k->n[US].host), names, 1, on_asking, k);
    sim_run_for(k->sim, 1 * SEC);
    send(k->stream, &m);
    sim_run_for(k->sim, 2 * SEC);
}

static void answer_is(const struct kit *k, uint64_t status, uint64_t index, uint64_t dialled)
{
    assert_int_equal(k->heard_count, 1);
    assert_int_equal(k->heard.kind, AUTONAT2_ANSWER);
    assert_int_equal(k->heard.status, status);
    assert_int_equal(k->heard.index, index);
    assert_int_equal(k->heard.dialled, dialled);
    assert_true(k->gone); /* "The server MUST close the stream" */
}

static void who_asks_is_dialled_and_told_its_nonce(void **state)
{
    struct kit *k = *state;
    struct multiaddr me = at(PEER);
    be_dialled_back(k, PEER);
    ask(k, &me, 1);
    answer_is(k, AUTONAT2_OK, 0, AUTONAT2_REACHED);
    assert_int_equal(k->nonces, 1);
    assert_int_equal(k->nonce, 4711);
}

static void a_port_where_nobody_listens_is_told_so(void **state)
{
    struct kit *k = *state;
    struct multiaddr me;
    struct addr a = ip(PEER);
    a.port = 9;
    multiaddr_of_addr(&me, &a, REACH_TCP);
    ask(k, &me, 1);
    answer_is(k, AUTONAT2_OK, 0, AUTONAT2_UNREACHED);
}

static void who_does_not_take_the_nonce_is_told_that_it_was_reached(void **state)
{
    struct kit *k = *state;
    struct multiaddr me = at(PEER);
    ask(k, &me, 1);
    answer_is(k, AUTONAT2_OK, 0, AUTONAT2_NO_BACK);
}

static void private_addresses_names_and_relays_are_passed_over(void **state)
{
    static const char *const never[] = {
        "/ip4/10.0.0.1/tcp/4001",     "/ip4/127.0.0.1/tcp/4001",
        "/ip4/169.254.1.1/tcp/4001",  "/ip4/192.168.1.1/udp/4001/quic-v1",
        "/dns4/example.org/tcp/4001", "/ip6/2001:db8::1/tcp/4001",
        "/ip4/0.0.0.0/tcp/4001",      "/ip4/198.51.100.2/tcp/0",
    };
    enum { COUNT = sizeof never / sizeof never[0] };
    struct kit *k = *state;
    struct multiaddr all[COUNT + 2];
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(multiaddr_parse(&all[i], never[i], NULL), OK);
    all[COUNT] = at(OTHER);
    assert_int_equal(multiaddr_add_peer(&all[COUNT], host_id(k->n[OTHER].host)), OK);
    assert_int_equal(multiaddr_add(&all[COUNT], MA_P2P_CIRCUIT, cur_of(NULL, 0)), OK);
    ask(k, all, COUNT + 1);
    answer_is(k, AUTONAT2_REFUSED, 0, AUTONAT2_NOT_DIALLED);
    all[COUNT + 1] = at(PEER);
    ask(k, all, COUNT + 2);
    answer_is(k, AUTONAT2_OK, COUNT + 1, AUTONAT2_NO_BACK);
}

static void on_other(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct kit *k = arg;
    (void)peer;
    k->dialled += ev == HOST_CONNECTED;
}

/* OTHER is PEER's second address, as far as it goes: it takes nonces, but has another key. */
static void another_address_costs_data_first(void **state)
{
    static const uint8_t zeros[AUTONAT2_CHUNK_MAX];
    struct kit *k = *state;
    struct autonat2_msg part = {.kind = AUTONAT2_DATA, .data = {zeros, sizeof zeros, false}};
    struct multiaddr other = at(OTHER);
    ask(k, &other, 1);
    assert_int_equal(k->heard.kind, AUTONAT2_ASK_DATA);
    assert_int_equal(k->heard.index, 0);
    uint64_t wanted = k->heard.wanted_bytes;
    assert_true(wanted >= AUTONAT2_DATA_MIN && wanted <= AUTONAT2_DATA_MAX);
    for (uint64_t sent = 0; sent < wanted; sent += sizeof zeros) {
        sim_run_for(k->sim, 2 * SEC);
        assert_int_equal(k->heard_count, 1); /* nothing before the last byte */
        send(k->stream, &part);
    }
    sim_run_for(k->sim, 2 * SEC);
    k->heard_count = 1;
    answer_is(k, AUTONAT2_OK, 0, AUTONAT2_UNREACHED); /* whoever is there is somebody else */
}

static void who_does_not_send_it_is_not_served(void **state)
{
    struct kit *k = *state;
    struct host_watch w = {.cb = on_other, .arg = k};
    struct multiaddr other = at(OTHER);
    host_watch(k->n[OTHER].host, &w);
    ask(k, &other, 1);
    sim_run_for(k->sim, 60 * SEC);
    assert_true(k->gone);
    assert_int_equal(k->heard_count, 1);
    ask(k, &other, 1);
    send(k->stream, &(struct autonat2_msg){.kind = AUTONAT2_DATA}); /* of no bytes */
    sim_run_for(k->sim, 2 * SEC);
    assert_true(k->gone);
    assert_int_equal(k->dialled, 0);
    host_unwatch(&w);
}

static void who_asks_too_much_is_rejected(void **state)
{
    struct kit *k = *state;
    struct multiaddr me = at(PEER);
    for (unsigned i = 0; i < AUTONAT2_DIALS_OF_ONE_MAX; i++) {
        ask(k, &me, 1);
        answer_is(k, AUTONAT2_OK, 0, AUTONAT2_NO_BACK);
    }
    ask(k, &me, 1);
    answer_is(k, AUTONAT2_REJECTED, 0, AUTONAT2_NOT_DIALLED);
    sim_run_for(k->sim, 60 * SEC);
    ask(k, &me, 1);
    answer_is(k, AUTONAT2_OK, 0, AUTONAT2_NO_BACK);
}

/* --- what we believe ------------------------------------------------------------------------- */

static size_t our_addrs(void *arg, struct multiaddr *out, size_t cap)
{
    const struct kit *k = arg;
    (void)cap;
    out[0] = at(US);
    return !k->moved;
}

static void on_changed(void *arg)
{
    struct kit *k = arg;
    k->verdict = autonat2_verdict(k->asks);
}

static void say_answer(struct kit *k, enum autonat2_dialled dialled)
{
    struct autonat2_msg m = {.kind = AUTONAT2_ANSWER, .status = AUTONAT2_OK, .dialled = dialled};
    send(k->stream, &m);
}

static void on_said(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct kit *k = arg;
    (void)msg;
    (void)why;
    if (ev != MESSAGES_END)
        say_answer(k, AUTONAT2_REACHED);
}

/* Over the connection that is there already. */
static void on_near(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    struct buf out = {0};
    (void)why;
    assert_non_null(s);
    k->back = messages_new(s->conn, AUTONAT2_MESSAGE_MAX, on_said, k);
    autonat2_back_encode(k->nonce, &out);
    assert_int_equal(messages_send(k->back, buf_bytes(&out), buf_len(&out), NULL), OK);
    buf_done(&out);
}

static void say_nonce_here(struct kit *k)
{
    static const char *const names[] = {AUTONAT2_BACK_PROTOCOL};
    host_open(k->n[PEER].host, host_id(k->n[US].host), names, 1, on_near, k);
}

static void want(struct kit *k, uint64_t bytes)
{
    send(k->stream, &(struct autonat2_msg){.kind = AUTONAT2_ASK_DATA, .wanted_bytes = bytes});
}

static void on_asked(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct kit *k = arg;
    struct autonat2_msg m;
    (void)why;
    k->gone |= ev != MESSAGES_ONE;
    if (ev != MESSAGES_ONE)
        return;
    assert_int_equal(autonat2_decode(&m, msg, NULL), OK);
    if (m.kind == AUTONAT2_DATA) {
        k->got_bytes += m.data.n;
        if (k->got_bytes >= AUTONAT2_DATA_MAX)
            say_answer(k, AUTONAT2_UNREACHED);
        return;
    }
    assert_int_equal(m.kind, AUTONAT2_ASK);
    assert_int_equal(m.addr_count, 1);
    k->heard_count++;
    k->nonce = m.nonce;
    switch (k->manner) {
    case SAYS_NO:
        say_answer(k, AUTONAT2_UNREACHED);
        break;
    case SAYS_YES:
        say_answer(k, AUTONAT2_REACHED);
        break;
    case SAYS_YES_AND_THE_NONCE_HERE:
        say_nonce_here(k);
        break;
    case WANTS_DATA:
        want(k, AUTONAT2_DATA_MAX);
        break;
    case WANTS_TOO_MUCH:
        want(k, AUTONAT2_DATA_MAX + 1);
        break;
    }
}

static void on_request(void *arg, const struct host_stream *s)
{
    struct kit *k = arg;
    messages_free(k->stream);
    k->stream = messages_new(s->conn, AUTONAT2_MESSAGE_MAX, on_asked, k);
}

/* Where one's word is enough; PEER answers in this manner. */
static struct kit *asking(void **state, enum manner manner)
{
    struct kit *k = *state = open_kit();
    struct host_protocol p = {.name = AUTONAT2_REQUEST_PROTOCOL, .cb = on_request, .arg = k};
    struct autonat2_cfg cfg = {
        .host = k->n[US].host, .lab = true, .addrs = our_addrs, .changed = on_changed, .arg = k};
    k->manner = manner;
    host_handle(k->n[PEER].host, &p);
    k->asks = autonat2_new(&cfg);
    meet(k);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(k->heard_count, 1);
    return k;
}

static void a_no_is_believed(void **state)
{
    struct multiaddr a, us = at(US);
    const struct kit *k = asking(state, SAYS_NO);
    assert_int_equal(autonat2_verdict(k->asks), VERDICT_PRIVATE);
    assert_int_equal(autonat2_addrs(k->asks, VERDICT_PUBLIC, &a, 1), 0);
    assert_int_equal(autonat2_addrs(k->asks, VERDICT_PRIVATE, &a, 1), 1);
    assert_true(multiaddr_equal(&a, &us));
}

static void what_was_said_of_an_address_goes_with_it(void **state)
{
    struct kit *k = asking(state, SAYS_NO);
    assert_int_equal(k->verdict, VERDICT_PRIVATE);
    k->moved = true;
    sim_run_for(k->sim, AUTONAT_PAUSE_US + SEC);
    assert_int_equal(k->verdict, VERDICT_UNKNOWN);
}

static void a_yes_without_the_nonce_is_none(void **state)
{
    assert_int_equal(autonat2_verdict(asking(state, SAYS_YES)->asks), VERDICT_UNKNOWN);
}

static void nor_is_one_said_over_the_same_connection(void **state)
{
    const struct kit *k = asking(state, SAYS_YES_AND_THE_NONCE_HERE);
    assert_int_equal(autonat2_verdict(k->asks), VERDICT_UNKNOWN);
}

static void data_is_sent_where_it_is_asked_for(void **state)
{
    const struct kit *k = asking(state, WANTS_DATA);
    assert_in_range(k->got_bytes, AUTONAT2_DATA_MAX, AUTONAT2_DATA_MAX + AUTONAT2_CHUNK_MAX);
    assert_int_equal(autonat2_verdict(k->asks), VERDICT_PRIVATE);
}

static void too_much_is_not_paid(void **state)
{
    const struct kit *k = asking(state, WANTS_TOO_MUCH);
    assert_true(k->gone);
    assert_int_equal(k->got_bytes, 0);
    assert_int_equal(autonat2_verdict(k->asks), VERDICT_UNKNOWN);
}

static void who_says_nothing_is_left_alone_for_a_while(void **state)
{
    struct kit *k = asking(state, SAYS_YES);
    sim_run_for(k->sim, 300 * SEC);
    assert_int_equal(k->heard_count, 1);
}

/* --- both ------------------------------------------------------------------------------------ */

static void two_of_ours_agree(void **state)
{
    struct kit *k = *state = open_kit();
    struct autonat2_cfg cfg = {
        .host = k->n[US].host, .lab = true, .addrs = our_addrs, .changed = on_changed, .arg = k};
    k->serves = autonat2_serve(k->n[PEER].host, false);
    k->asks = autonat2_new(&cfg);
    meet(k);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(autonat2_verdict(k->asks), VERDICT_PUBLIC);
    sim_run_for(k->sim, 5 * SEC); /* nothing is left of it */
    struct host_peer p;
    assert_true(host_peer(k->n[US].host, host_id(k->n[PEER].host), &p));
    assert_int_equal(p.conns, 1);
}

int main(void)
{
#define SERVING(name) cmocka_unit_test_setup_teardown(name, open_serving, close_kit)
#define ASKING(name) cmocka_unit_test_teardown(name, close_kit)
    const struct CMUnitTest tests[] = {
        SERVING(who_asks_is_dialled_and_told_its_nonce),
        SERVING(a_port_where_nobody_listens_is_told_so),
        SERVING(who_does_not_take_the_nonce_is_told_that_it_was_reached),
        SERVING(private_addresses_names_and_relays_are_passed_over),
        SERVING(another_address_costs_data_first),
        SERVING(who_does_not_send_it_is_not_served),
        SERVING(who_asks_too_much_is_rejected),
        ASKING(a_no_is_believed),
        ASKING(what_was_said_of_an_address_goes_with_it),
        ASKING(a_yes_without_the_nonce_is_none),
        ASKING(nor_is_one_said_over_the_same_connection),
        ASKING(data_is_sent_where_it_is_asked_for),
        ASKING(too_much_is_not_paid),
        ASKING(who_says_nothing_is_left_alone_for_a_while),
        ASKING(two_of_ours_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
