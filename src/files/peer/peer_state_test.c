#include "files/peer/peer_state.h"

#include "base/test.h"

static const struct metainfo ten = {.total = 10 * 32768, .piece_len = 32768, .piece_count = 10};

static enum err recv_as(struct peer_state *st, struct wire_msg m, bool *news)
{
    bool ignored;
    return peer_state_recv(st, &m, news ? news : &ignored, NULL);
}

static struct peer_state fresh(bool fast, const struct metainfo *mi)
{
    struct peer_state st;
    peer_state_init(&st, mi);
    st.fast = fast;
    return st;
}

/* For each type: what comes of it as the first message, with and without the fast extension, and
 * after a bitfield. */
static void which_messages_are_allowed_when(void **state)
{
    (void)state;
    static const uint8_t bits[2] = {0x80, 0};
    static const struct {
        enum wire_type type;
        bool first, first_fast, later, later_fast;
    } table[] = {
        {WIRE_CHOKE, true, false, true, true},
        {WIRE_UNCHOKE, true, false, true, true},
        {WIRE_INTERESTED, true, false, true, true},
        {WIRE_NOT_INTERESTED, true, false, true, true},
        {WIRE_HAVE, true, false, true, true},
        {WIRE_BITFIELD, true, true, true, true}, /* as aria2 does */
        {WIRE_REQUEST, true, false, true, true},
        {WIRE_PIECE, true, false, true, true},
        {WIRE_CANCEL, true, false, true, true},
        {WIRE_PORT, true, true, true, true},
        {WIRE_SUGGEST, false, false, false, true},
        {WIRE_HAVE_ALL, false, true, false, true},
        {WIRE_HAVE_NONE, false, true, false, false},
        {WIRE_REJECT, false, false, false, true},
        {WIRE_ALLOWED_FAST, false, false, false, true},
        {WIRE_EXTENDED, true, true, true, true},
        {WIRE_KEEPALIVE, true, true, true, true},
        {WIRE_UNKNOWN, true, true, true, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int fast = 0; fast < 2; fast++)
            for (int later = 0; later < 2; later++) {
                struct peer_state st = fresh(fast, &ten);
                struct wire_msg m = {.type = table[i].type, .piece = 1, .len = 16384};
                if (m.type == WIRE_BITFIELD)
                    m.body = cur_of(bits, 2);
                if (later)
                    assert_int_equal(
                        recv_as(&st,
                                (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(bits, 2)},
                                NULL),
                        OK);
                bool want = later ? (fast ? table[i].later_fast : table[i].later)
                                  : (fast ? table[i].first_fast : table[i].first);
                if ((recv_as(&st, m, NULL) == OK) != want)
                    fail_msg("message %d, fast %d, later %d", (int)m.type, fast, later);
                peer_state_done(&st);
            }
}

static void a_full_bitfield_is_a_seed(void **state)
{
    (void)state;
    static const uint8_t all[2] = {0xff, 0xc0}, spare[2] = {0xff, 0xe0};
    struct peer_state st = fresh(false, &ten);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(all, 2)}, NULL), OK);
    assert_true(st.all && !st.bits && peer_state_is_seed(&st));
    peer_state_done(&st);
    st = fresh(false, &ten);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(spare, 2)}, NULL),
        ERR_INVALID);
    peer_state_done(&st);
}

static void the_last_have_makes_a_seed(void **state)
{
    (void)state;
    struct peer_state st = fresh(false, &ten);
    for (uint32_t i = 0; i < 10; i++) {
        bool news = false;
        assert_false(peer_state_is_seed(&st));
        assert_int_equal(recv_as(&st, (struct wire_msg){.type = WIRE_HAVE, .piece = i}, &news), OK);
        assert_true(news);
        assert_int_equal(recv_as(&st, (struct wire_msg){.type = WIRE_HAVE, .piece = i}, &news), OK);
        assert_false(news);
    }
    assert_true(peer_state_is_seed(&st));
    peer_state_done(&st);
}

static void ranges_are_checked_to_the_byte(void **state)
{
    (void)state;
    static const struct {
        uint32_t piece, begin, len;
        bool ok;
    } table[] = {
        {9, 0, 32768, true},       {9, 16384, 16384, true},
        {9, 32767, 1, true},       {10, 0, 1, false},
        {9, 0, 0, false},          {9, 32768, 1, false},
        {9, 16384, 16385, false},  {9, UINT32_MAX, 2, false},
        {9, 1, UINT32_MAX, false}, {UINT32_MAX, 0, 16384, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer_state st = fresh(false, &ten);
        struct wire_msg m = {.type = WIRE_REQUEST,
                             .piece = table[i].piece,
                             .begin = table[i].begin,
                             .len = table[i].len};
        assert_int_equal(recv_as(&st, m, NULL) == OK, table[i].ok);
        peer_state_done(&st);
    }
}

static void bits_told_before_the_metadata_are_checked_with_it(void **state)
{
    (void)state;
    static const uint8_t some[2] = {0x81, 0x40}, longer[3] = {0x80, 0, 1}, spare[2] = {0, 0x20};
    struct peer_state st = fresh(false, NULL);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(some, 2)}, NULL), OK);
    assert_int_equal(recv_as(&st, (struct wire_msg){.type = WIRE_HAVE, .piece = 3}, NULL), OK);
    assert_int_equal(peer_state_set_torrent(&st, &ten, NULL), OK);
    assert_int_equal(st.have_count, 4);
    assert_true(peer_state_has(&st, 3) && peer_state_has(&st, 9) && !peer_state_has(&st, 8));
    peer_state_done(&st);
    const struct cur bad[] = {cur_of(longer, 3), cur_of(spare, 2)};
    for (size_t i = 0; i < 2; i++) {
        st = fresh(false, NULL);
        assert_int_equal(
            recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = bad[i]}, NULL), OK);
        assert_int_equal(peer_state_set_torrent(&st, &ten, NULL), ERR_INVALID);
        peer_state_done(&st);
    }
}

static void a_late_bitfield_is_checked_and_no_news(void **state)
{
    (void)state;
    static const uint8_t bits[3] = {0x80, 0, 0}, spare[2] = {0, 1};
    struct peer_state st = fresh(false, &ten);
    bool news = true;
    assert_int_equal(recv_as(&st, (struct wire_msg){.type = WIRE_CHOKE}, NULL), OK);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(bits, 2)}, &news), OK);
    assert_false(news);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(bits, 3)}, &news),
        ERR_INVALID);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_BITFIELD, .body = cur_of(spare, 2)}, &news),
        ERR_INVALID);
    peer_state_done(&st);
}

static void an_early_have_costs_no_memory_for_its_number(void **state)
{
    (void)state;
    struct peer_state st = fresh(false, NULL);
    assert_int_equal(recv_as(&st, (struct wire_msg){.type = WIRE_HAVE, .piece = UINT32_MAX}, NULL),
                     OK);
    assert_int_equal(st.bits_len, 0);
    assert_int_equal(
        recv_as(&st, (struct wire_msg){.type = WIRE_HAVE, .piece = PEER_EARLY_PIECES - 1}, NULL),
        OK);
    assert_int_equal(st.bits_len, PEER_EARLY_PIECES / 8);
    assert_int_equal(recv_as(&st, (struct wire_msg){.type = WIRE_REQUEST, .len = 1}, NULL),
                     ERR_INVALID);
    peer_state_done(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_messages_are_allowed_when),
        cmocka_unit_test(a_full_bitfield_is_a_seed),
        cmocka_unit_test(the_last_have_makes_a_seed),
        cmocka_unit_test(ranges_are_checked_to_the_byte),
        cmocka_unit_test(bits_told_before_the_metadata_are_checked_with_it),
        cmocka_unit_test(a_late_bitfield_is_checked_and_no_news),
        cmocka_unit_test(an_early_have_costs_no_memory_for_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
