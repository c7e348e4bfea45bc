#include "ydoc/update.h"

#include "base/test.h"
#include "ydoc/hex_test.h"

/* yjs-format sections 4.2 and 5. */
#define ABC "01 01 05 00 04 01 01 74 03 61 62 63 00"
#define ABC_V2 "00 00 01 05 00 00 01 04 07 04 74 61 62 63 01 03 01 01 00 00 01 01 00 00"
#define BOLD                                                                                       \
    "01 04 ac 02 00 04 01 01 74 02 68 65 84 ac 02 01 03 6c 6c 6f 46 ac 02 00 01 62 04 74 72 75 "   \
    "65 "                                                                                          \
    "c6 ac 02 01 ac 02 02 01 62 04 6e 75 6c 6c 00"
#define NESTED                                                                                     \
    "01 04 05 00 08 01 01 61 01 78 87 05 00 01 88 05 01 01 7e 28 00 05 01 01 78 01 7c bf c0 00 "   \
    "00 00"
#define MAP "01 02 05 00 21 01 01 6d 01 6b 01 a8 05 00 01 77 01 76 01 05 01 00 01"
#define A "01 01 05 00 04 01 01 74 01 61 00"
#define C "01 01 05 02 84 05 01 01 63 00"
#define A_C "01 03 05 00 04 01 01 74 01 61 0a 01 84 05 01 01 63 00"

static const char *const known[] = {ABC, BOLD, NESTED, MAP, A_C};

static enum err convert(const char *hex, enum update_format from, struct buf *out)
{
    struct buf in = {0};
    buf_hex(&in, hex);
    enum err e =
        update_convert(buf_cur(&in), from, from == UPDATE_V1 ? UPDATE_V2 : UPDATE_V1, out, NULL);
    buf_done(&in);
    return e;
}

static void the_formats_say_the_same(void **state)
{
    (void)state;
    struct buf v2 = {0}, v1 = {0};
    assert_int_equal(convert(ABC, UPDATE_V1, &v2), OK);
    assert_true(buf_is(&v2, ABC_V2));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        buf_clear(&v2);
        buf_clear(&v1);
        assert_int_equal(convert(known[i], UPDATE_V1, &v2), OK);
        assert_int_equal(update_convert(buf_cur(&v2), UPDATE_V2, UPDATE_V1, &v1, NULL), OK);
        assert_true(buf_is(&v1, known[i]));
    }
    buf_done(&v2);
    buf_done(&v1);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf form[2] = {{0}, {0}}, out = {0};
        buf_hex(&form[UPDATE_V1], known[i]);
        assert_int_equal(convert(known[i], UPDATE_V1, &form[UPDATE_V2]), OK);
        for (int f = 0; f < 2; f++)
            for (size_t n = 0; n < buf_len(&form[f]); n++) {
                struct cur cut = cur_of(buf_bytes(&form[f]), n);
                assert_int_equal(update_convert(cut, f, f, &out, NULL), ERR_INVALID);
                assert_int_equal(buf_len(&out), 0);
            }
        buf_done(&form[0]);
        buf_done(&form[1]);
    }
}

static void a_tail_is_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(convert(ABC "00", UPDATE_V1, &out), ERR_INVALID);
    buf_done(&out);
}

static void merging_puts_a_skip_over_a_gap(void **state)
{
    (void)state;
    struct buf a = {0}, c = {0}, out = {0};
    buf_hex(&a, A);
    buf_hex(&c, C);
    struct cur both[] = {buf_cur(&c), buf_cur(&a)};
    assert_int_equal(update_merge(UPDATE_V1, both, 2, &out, NULL), OK);
    assert_true(buf_is(&out, A_C));
    buf_done(&a);
    buf_done(&c);
    buf_done(&out);
}

static void the_state_ends_at_the_first_gap(void **state)
{
    (void)state;
    static const struct {
        const char *update, *sv;
    } want[] = {{ABC, "01 05 03"}, {A_C, "01 05 01"}, {C, "00"}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct buf in = {0}, out = {0};
        buf_hex(&in, want[i].update);
        assert_int_equal(update_state(UPDATE_V1, buf_cur(&in), &out, NULL), OK);
        assert_true(buf_is(&out, want[i].sv));
        buf_done(&in);
        buf_done(&out);
    }
}

static void a_difference_starts_inside_a_struct(void **state)
{
    (void)state;
    struct buf in = {0}, out = {0};
    struct states have = {0};
    states_add(&have, 5, 1);
    buf_hex(&in, ABC);
    assert_int_equal(update_diff(UPDATE_V1, buf_cur(&in), &have, &out, NULL), OK);
    assert_true(buf_is(&out, "01 01 05 01 84 05 00 02 62 63 00"));
    buf_done(&in);
    buf_done(&out);
    states_done(&have);
}

/* Format 2 can say "the same again" a million times in a few bytes. */
static void few_bytes_do_not_become_many_structs(void **state)
{
    (void)state;
    struct update_writer w;
    struct buf out = {0};
    struct ystruct gc = {
        .kind = CONTENT_GC, .len = 1, .left.client = NO_CLIENT, .right.client = NO_CLIENT};
    for (int times = 0; times < 2; times++) {
        uint64_t many = times ? 1000000 : 10000;
        struct buf again = {0};
        buf_clear(&out);
        update_write(&w, UPDATE_V2, &out);
        update_put_clients(&w, 1);
        update_put_section(&w, many, (struct yid){5, 0});
        for (uint64_t i = 0; i < many; i++)
            update_put(&w, &gc, NULL);
        update_put_deletes(&w, &(struct ranges){0});
        update_end(&w);
        assert_true(buf_len(&out) < 40);
        assert_int_equal(update_convert(buf_cur(&out), UPDATE_V2, UPDATE_V1, &again, NULL),
                         times ? ERR_LIMIT : OK);
        buf_done(&again);
    }
    buf_done(&out);
}

static void what_yjs_does_not_know_is_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(convert("01 01 05 00 0b 01 01 74 00", UPDATE_V1, &out),
                     ERR_UNSUPPORTED); /* content 11 */
    assert_int_equal(convert("01 01 05 00 07 01 01 74 07 00", UPDATE_V1, &out),
                     ERR_UNSUPPORTED); /* type 7 */
    assert_int_equal(convert("01 01 05 00 84 05 00 01 61 00", UPDATE_V1, &out),
                     ERR_INVALID); /* behind itself */
    assert_int_equal(convert("01 01 05 00 00 00 00", UPDATE_V1, &out), ERR_INVALID); /* no length */
    assert_int_equal(convert("01 01 05 ff ff ff ff 0f 00 01 00", UPDATE_V1, &out),
                     ERR_LIMIT);                                       /* clock */
    assert_int_equal(convert("01", UPDATE_V2, &out), ERR_UNSUPPORTED); /* features */
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_formats_say_the_same),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_tail_is_refused),
        cmocka_unit_test(merging_puts_a_skip_over_a_gap),
        cmocka_unit_test(the_state_ends_at_the_first_gap),
        cmocka_unit_test(a_difference_starts_inside_a_struct),
        cmocka_unit_test(few_bytes_do_not_become_many_structs),
        cmocka_unit_test(what_yjs_does_not_know_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
