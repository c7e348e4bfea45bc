#include "host/dnsaddr.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"

#include <string.h>

#define ANN "12D3KooWSTt2wKfKcuJwV8RHQGMRB4zZ3FohEzjwBw22dUrJ2YTG"
#define BOB "12D3KooWCS9x2AEfYxbeX1nbYH96vnig7xE7CoC6epXsus7gq4Tk"

struct kit {
    struct sim *sim;
    struct loop *loop;
    unsigned told;
    struct multiaddr found[DNSADDR_FOUND_MAX];
    size_t count;
    struct why why;
};

static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    k->loop =
        sim_node_loop(sim_node_add(k->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    sim_free(k->sim);
    free(k);
    return 0;
}

static void on_found(void *arg, const struct multiaddr *found, size_t n, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->count = n;
    for (size_t i = 0; i < n; i++)
        k->found[i] = found[i];
    assert_true((n == 0) == (why != NULL));
    if (why)
        k->why = *why;
}

static struct dnsaddr *start(struct kit *k, const char *text)
{
    struct multiaddr a;
    assert_int_equal(multiaddr_parse(&a, text, NULL), OK);
    return dnsaddr_start(k->loop, &a, on_found, k);
}

static void look_up(struct kit *k, const char *text)
{
    k->told = 0;
    start(k, text);
    assert_int_equal(k->told, 0);
    sim_run_for(k->sim, 10 * SEC);
    assert_int_equal(k->told, 1);
}

static void is(const struct kit *k, size_t i, const char *text)
{
    char mine[MULTIADDR_TEXT];
    assert_true(i < k->count);
    assert_string_equal(multiaddr_format(&k->found[i], mine), text);
}

static void only_what_ends_as_it_ends_counts(void **state)
{
    struct kit *k = *state;
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/" ANN);
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/ip4/192.0.2.2/tcp/2/p2p/" BOB);
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/ip4/192.0.2.3/tcp/3");
    sim_text_add(k->sim, "_dnsaddr.x.org", "v=spf1 -all");
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/nonsense/p2p/" BOB);
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/ip4/192.0.2.2/tcp/2/p2p/" BOB);
    look_up(k, "/dnsaddr/x.org/p2p/" BOB);
    assert_int_equal(k->count, 1);
    is(k, 0, "/ip4/192.0.2.2/tcp/2/p2p/" BOB);
    look_up(k, "/dnsaddr/x.org");
    assert_int_equal(k->count, 3);
}

static void names_lead_to_names(void **state)
{
    struct kit *k = *state;
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/dnsaddr/y.org/p2p/" ANN);
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/dnsaddr/z.org/p2p/" BOB);
    sim_text_add(k->sim, "_dnsaddr.y.org", "dnsaddr=/dns4/y.org/tcp/443/wss/p2p/" ANN);
    sim_text_add(k->sim, "_dnsaddr.y.org", "dnsaddr=/ip4/192.0.2.9/tcp/9/p2p/" BOB);
    look_up(k, "/dnsaddr/x.org/p2p/" ANN);
    assert_int_equal(k->count, 1);
    is(k, 0, "/dns4/y.org/tcp/443/wss/p2p/" ANN);
}

static void a_circle_of_names_ends(void **state)
{
    struct kit *k = *state;
    sim_text_add(k->sim, "_dnsaddr.x.org", "dnsaddr=/dnsaddr/y.org");
    sim_text_add(k->sim, "_dnsaddr.y.org", "dnsaddr=/dnsaddr/x.org");
    look_up(k, "/dnsaddr/x.org");
    assert_int_equal(k->count, 0);
    assert_int_equal(k->why.code, ERR_NOT_FOUND);
}

/* Name i leads to the next, the last to an address. */
static void chain(struct kit *k, const char *mark, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        char *name = mem_printf("_dnsaddr.%s%u", mark, i);
        char *text = i < n ? mem_printf("dnsaddr=/dnsaddr/%s%u", mark, i + 1)
                           : mem_strdup("dnsaddr=/ip4/192.0.2.1/tcp/1");
        sim_text_add(k->sim, name, text);
        free(name);
        free(text);
    }
}

static void names_too_deep_are_not_asked(void **state)
{
    struct kit *k = *state;
    chain(k, "a", DNSADDR_DEPTH_MAX);
    chain(k, "b", DNSADDR_DEPTH_MAX + 1);
    look_up(k, "/dnsaddr/a1");
    assert_int_equal(k->count, 1);
    look_up(k, "/dnsaddr/b1");
    assert_int_equal(k->count, 0);
}

static void no_more_addresses_and_names_than_the_limits(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < RESOLVE_TEXTS_MAX; i++) {
        char *name = mem_printf("dnsaddr=/dnsaddr/n%u", i);
        char *full = mem_printf("_dnsaddr.n%u", i);
        char *text = mem_printf("dnsaddr=/ip4/192.0.2.1/tcp/%u", i + 1);
        sim_text_add(k->sim, "_dnsaddr.names", name);
        sim_text_add(k->sim, "_dnsaddr.addrs", text);
        sim_text_add(k->sim, full, text);
        free(name);
        free(full);
        free(text);
    }
    look_up(k, "/dnsaddr/addrs");
    assert_int_equal(k->count, DNSADDR_FOUND_MAX);
    look_up(k, "/dnsaddr/names");
    assert_int_equal(k->count, DNSADDR_LOOKUPS_MAX - 1);
}

static void a_name_without_texts_has_a_reason(void **state)
{
    struct kit *k = *state;
    look_up(k, "/dnsaddr/nobody.org");
    assert_int_equal(k->count, 0);
    assert_non_null(strstr(k->why.text, "_dnsaddr.nobody.org"));
}

static void cancelled_it_is_silent(void **state)
{
    struct kit *k = *state;
    chain(k, "a", 3);
    struct dnsaddr *early = start(k, "/dnsaddr/a1"), *late = start(k, "/dnsaddr/a1");
    dnsaddr_cancel(NULL);
    dnsaddr_cancel(early);
    sim_run_for(k->sim, 50 * MSEC);
    dnsaddr_cancel(late);
    sim_run_for(k->sim, 10 * SEC);
    assert_int_equal(k->told, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(only_what_ends_as_it_ends_counts),
        CASE(names_lead_to_names),
        CASE(a_circle_of_names_ends),
        CASE(names_too_deep_are_not_asked),
        CASE(no_more_addresses_and_names_than_the_limits),
        CASE(a_name_without_texts_has_a_reason),
        CASE(cancelled_it_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
