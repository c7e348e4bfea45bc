#include "files/peer/carrier.h"

#include "base/test.h"
#include "net/conn.h"

static const struct addr far = {.family = ADDR_V4, .ip = {45, 1, 2, 3}, .port = 6881};
static const struct addr near = {.family = ADDR_V4, .ip = {192, 168, 2, 3}, .port = 6881};

static void the_world_is_dialled_by_utp_and_neighbours_by_tcp(void **state)
{
    (void)state;
    struct carrier_memory m = {0};
    uint64_t within_us;
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &far, &within_us), CARRIER_UTP);
    assert_int_equal(within_us, CARRIER_FIRST_US);
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &near, &within_us), CARRIER_TCP);
}

static void what_is_not_allowed_is_never_picked(void **state)
{
    (void)state;
    struct carrier_memory m = {.works = CARRIER_UTP};
    uint64_t within_us;
    assert_int_equal(carrier_pick(&m, CARRIER_TCP, &far, &within_us), CARRIER_TCP);
    assert_int_equal(within_us, CONN_HANDSHAKE_US);
    assert_false(carrier_failed(&m, CARRIER_TCP, CARRIER_TCP));
    /* Also when it was all that may be tried, and failed. */
    m.failed = CARRIER_TCP;
    assert_int_equal(carrier_pick(&m, CARRIER_TCP, &far, &within_us), CARRIER_TCP);
    assert_int_equal(carrier_pick(&m, CARRIER_TCP, &near, &within_us), CARRIER_TCP);
    m.failed = 0;
    m.works = CARRIER_TCP;
    assert_int_equal(carrier_pick(&m, CARRIER_UTP, &near, &within_us), CARRIER_UTP);
    assert_false(carrier_failed(&m, CARRIER_UTP, CARRIER_UTP));
}

static void the_other_follows_at_once_and_then_all_begins_again(void **state)
{
    (void)state;
    struct carrier_memory m = {0};
    uint64_t within_us;
    assert_true(carrier_failed(&m, CARRIERS_BOTH, CARRIER_UTP));
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &far, &within_us), CARRIER_TCP);
    assert_int_equal(within_us, CONN_HANDSHAKE_US);
    assert_false(carrier_failed(&m, CARRIERS_BOTH, CARRIER_TCP));
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &far, &within_us), CARRIER_UTP);
}

static void a_dead_neighbour_holds_no_place_for_long(void **state)
{
    (void)state;
    struct carrier_memory m = {0};
    uint64_t within_us;
    assert_true(carrier_failed(&m, CARRIERS_BOTH, CARRIER_TCP)); /* refused at once */
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &near, &within_us), CARRIER_UTP);
    assert_int_equal(within_us, CARRIER_FIRST_US);
}

static void what_worked_is_first_the_next_time(void **state)
{
    (void)state;
    struct carrier_memory m = {0};
    uint64_t within_us;
    carrier_failed(&m, CARRIERS_BOTH, CARRIER_UTP);
    carrier_reached(&m, CARRIER_TCP);
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &far, &within_us), CARRIER_TCP);
    assert_true(carrier_failed(&m, CARRIERS_BOTH, CARRIER_TCP));
    assert_int_equal(carrier_pick(&m, CARRIERS_BOTH, &far, &within_us), CARRIER_UTP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_world_is_dialled_by_utp_and_neighbours_by_tcp),
        cmocka_unit_test(what_is_not_allowed_is_never_picked),
        cmocka_unit_test(the_other_follows_at_once_and_then_all_begins_again),
        cmocka_unit_test(a_dead_neighbour_holds_no_place_for_long),
        cmocka_unit_test(what_worked_is_first_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
