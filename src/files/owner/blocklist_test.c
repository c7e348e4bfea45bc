#include "files/owner/blocklist.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "core/keys.h"

#include <stdio.h>
#include <string.h>

#define V1 "0123456789abcdef0123456789ABCDEF01234567"
#define V2 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct blocklist *parse(const char *text)
{
    struct why why = {0};
    struct blocklist *l = blocklist_parse(cur_of(text, strlen(text)), &why);
    if (!l)
        fail_msg("%s", why.text);
    return l;
}

static size_t line_of(const struct blocklist *l, const char *what)
{
    struct block b;
    assert_true(block_parse(cur_of(what, strlen(what)), &b));
    return blocklist_line(l, &b);
}

static void entries_of_each_kind_are_found_by_their_line(void **state)
{
    (void)state;
    struct blocklist *l = parse("# mine\n" V1 " a remark\r\n\n  " V2 "# why\nsigner:" V2 "\n");
    assert_int_equal(blocklist_count(l), 3);
    assert_int_equal(blocklist_skipped(l), 0);
    assert_int_equal(line_of(l, V1), 2);
    assert_int_equal(line_of(l, V2), 4);
    assert_int_equal(line_of(l, "SIGNER:" V2), 5);
    assert_int_equal(line_of(l, "ff23456789abcdef0123456789ABCDEF01234567"), 0);
    assert_int_equal(blocklist_line(NULL, &(struct block){0}), 0);
    blocklist_free(l);
}

static void an_entry_said_twice_has_its_first_line(void **state)
{
    (void)state;
    struct blocklist *l = parse("#\n" V1 "\n" V1 "\n");
    assert_int_equal(blocklist_count(l), 1);
    assert_int_equal(line_of(l, V1), 2);
    blocklist_free(l);
}

static void what_is_no_entry_is_counted_and_passed_over(void **state)
{
    (void)state;
    struct why why;
    struct blocklist *l = parse(V1 "0\nsigner:" V1 "\nsigner:\nx" V1 "\n" V1 "\n");
    assert_int_equal(blocklist_count(l), 1);
    assert_int_equal(blocklist_skipped(l), 4);
    blocklist_free(l);
    assert_null(blocklist_parse(cur_of("<html>\n", 7), &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_null(blocklist_parse(cur_of("", (size_t)BLOCKLIST_TEXT_MAX + 1), &why));
    assert_int_equal(why.code, ERR_LIMIT);
    l = parse("");
    assert_int_equal(blocklist_count(l), 0);
    blocklist_free(l);
}

static void an_entry_reads_back_as_it_is_written(void **state)
{
    (void)state;
    static const char *const all[] = {V1, V2, "signer:" V2};
    for (size_t i = 0; i < 3; i++) {
        struct block a, b;
        char text[BLOCK_TEXT];
        assert_true(block_parse(cur_of(all[i], strlen(all[i])), &a));
        block_format(&a, text);
        assert_true(block_parse(cur_of(text, strlen(text)), &b));
        assert_memory_equal(&a, &b, sizeof a);
    }
}

static void a_signer_may_be_named_by_his_peer_id(void **state)
{
    (void)state;
    struct block hex, id;
    char peer_id[PEER_ID_TEXT], text[PEER_ID_TEXT + 8];
    assert_true(block_parse(cur_of("signer:" V2, 7 + 64), &hex));
    keys_peer_id_of(hex.key, peer_id);
    size_t n = (size_t)snprintf(text, sizeof text, "signer:%s", peer_id);
    assert_true(block_parse(cur_of(text, n), &id));
    assert_memory_equal(&id, &hex, sizeof id);
    assert_false(block_parse(cur_of(text, n - 1), &id));
    assert_false(block_parse(cur_of(peer_id, n - 7), &id));
}

static void many_entries_are_all_found(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&text, "%040x\n", i * 7919 % 1000);
    struct blocklist *l = blocklist_parse(buf_cur(&text), NULL);
    for (unsigned i = 0; i < 1000; i++) {
        char hex[48];
        snprintf(hex, sizeof hex, "%040x", i * 7919 % 1000);
        assert_int_equal(line_of(l, hex), i + 1);
    }
    blocklist_free(l);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_of_each_kind_are_found_by_their_line),
        cmocka_unit_test(an_entry_said_twice_has_its_first_line),
        cmocka_unit_test(what_is_no_entry_is_counted_and_passed_over),
        cmocka_unit_test(an_entry_reads_back_as_it_is_written),
        cmocka_unit_test(a_signer_may_be_named_by_his_peer_id),
        cmocka_unit_test(many_entries_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
