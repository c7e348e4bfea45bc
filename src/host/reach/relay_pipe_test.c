/* What a circuit holds is on the purse of who sent it; circuits themselves are in
 * relay_net_test.c. */
#include "host/reach/relay_pipe.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/mux/purse.h"
#include "sim/sim.h"

/* A stream that has so many bytes to give, and takes so many. */
struct end {
    struct conn conn;
    struct tab tab;
    size_t gives, takes;
};

static ssize_t end_recv(struct conn *c, void *to, size_t n)
{
    struct end *e = (struct end *)c;
    n = n < e->gives ? n : e->gives;
    if (n == 0)
        return CONN_AGAIN;
    memset(to, 7, n);
    e->gives -= n;
    return (ssize_t)n;
}

static ssize_t end_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct end *e = (struct end *)c;
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    n = n < e->takes ? n : e->takes;
    e->takes -= n;
    return n > 0 ? (ssize_t)n : CONN_AGAIN;
}

static void end_nothing(struct conn *c)
{
    (void)c;
}

static const struct conn_ops end_ops = {
    .name = "end", .recv = end_recv, .sendv = end_sendv, .close = end_nothing, .shut = end_nothing};

struct kit {
    struct sim *sim;
    struct purse *purse;
    struct end end[2]; /* 0 is the peer whose purse it is */
    struct relay_pipe *pipe;
    struct why why;
};

static void on_over(void *arg, const struct why *why)
{
    ((struct kit *)arg)->why = *why;
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->sim = sim_new(1);
    k->purse = purse_new(NULL, 1);
    struct loop *loop =
        sim_node_loop(sim_node_add(k->sim, "relay", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    for (size_t i = 0; i < 2; i++)
        k->end[i].conn = (struct conn){.ops = &end_ops, .loop = loop, .tab = &k->end[i].tab};
    tab_open(&k->end[0].tab, k->purse);
    k->pipe = relay_pipe_new(&k->end[0].conn, &k->end[1].conn, cur_of(NULL, 0),
                             &(struct relay_limit){0}, NULL, on_over, k);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    relay_pipe_free(k->pipe);
    assert_int_equal(k->end[0].tab.bytes, 0); /* all was given back */
    tab_close(&k->end[0].tab);
    purse_drop(k->purse);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void what_the_other_does_not_take_is_the_senders(void **state)
{
    struct kit *k = *state;
    k->end[0].gives = 3000;
    k->end[1].takes = 1000;
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->end[0].gives, 0);
    assert_true(k->end[0].tab.bytes >= 2000 && k->end[0].tab.bytes <= RELAY_PIPE_BUFFER);
    k->end[1].takes = 2000;
    conn_raise(&k->end[1].conn, CONN_WRITABLE, NULL);
    assert_int_equal(k->end[0].tab.bytes, 0);
}

static void who_makes_us_hold_enough_already_has_no_circuit(void **state)
{
    struct kit *k = *state;
    struct why why;
    assert_int_equal(tab_take(&k->end[0].tab, PURSE_BYTES_MAX, "other things", &why), OK);
    k->end[0].gives = 1;
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->why.code, ERR_LIMIT);
    tab_give(&k->end[0].tab, PURSE_BYTES_MAX);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(what_the_other_does_not_take_is_the_senders),
        CASE(who_makes_us_hold_enough_already_has_no_circuit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
