#include "ydoc/share/doc_link.h"

#include "base/mem.h"
#include "ydoc/share/share_roster_test.h"

#include <ctype.h>
#include <stdlib.h>

static struct doc_link some_link(size_t addrs)
{
    struct doc_link l = {
        .doc = test_doc(1).id, .inviter = test_peer(2), .role = DOC_WRITER, .addr_count = addrs};
    memset(l.token, 0x5a, sizeof l.token);
    for (size_t i = 0; i < addrs; i++) {
        struct addr at = addr_v4(192, 0, 2, (uint8_t)i, 4001);
        multiaddr_of_addr(&l.addrs[i], &at, REACH_TCP);
    }
    return l;
}

static char *text_of(const struct doc_link *l)
{
    struct buf b = {0};
    doc_link_format(l, &b);
    return buf_take_str(&b);
}

static void same(const struct doc_link *l, const char *text)
{
    struct doc_link got;
    struct why why;
    if (doc_link_parse(&got, text, &why) != OK)
        fail_msg("%s", why.text);
    assert_memory_equal(&got.doc, &l->doc, sizeof l->doc);
    assert_memory_equal(got.token, l->token, sizeof l->token);
    assert_true(peer_id_equal(&got.inviter, &l->inviter));
    assert_int_equal(got.role, l->role);
    assert_int_equal(got.addr_count, l->addr_count);
    for (size_t i = 0; i < l->addr_count; i++)
        assert_true(multiaddr_equal(&got.addrs[i], &l->addrs[i]));
}

static void a_link_is_read_as_it_was_written_in_either_case_with_blanks_around(void **state)
{
    (void)state;
    struct doc_link l = some_link(3);
    char *text = text_of(&l), *padded = mem_printf("  %s\n", text);
    same(&l, text);
    same(&l, padded);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    same(&l, text);
    free(text);
    free(padded);
}

static void a_link_cut_anywhere_or_with_a_wrong_letter_is_refused(void **state)
{
    (void)state;
    struct doc_link l = some_link(2), got;
    struct why why;
    char *text = text_of(&l);
    for (size_t n = strlen(text); n-- > 0;) {
        char was = text[n];
        text[n] = was == 'a' ? 'b' : 'a';
        assert_int_equal(doc_link_parse(&got, text, &why), ERR_INVALID);
        text[n] = 0;
        assert_int_equal(doc_link_parse(&got, text, &why), ERR_INVALID);
        text[n] = ' ';
        assert_int_not_equal(doc_link_parse(&got, text, &why), OK);
        text[n] = was;
    }
    free(text);
    assert_int_equal(doc_link_parse(&got, "https://example.org", &why), ERR_INVALID);
    assert_int_equal(doc_link_parse(&got, "", &why), ERR_INVALID);
}

static void nobody_is_made_an_owner_by_a_link(void **state)
{
    (void)state;
    struct doc_link l = some_link(0), got;
    l.role = DOC_OWNER;
    char *text = text_of(&l);
    assert_int_equal(doc_link_parse(&got, text, NULL), ERR_INVALID);
    free(text);
}

static void a_link_is_never_too_long_for_its_reader(void **state)
{
    (void)state;
    struct doc_link l = some_link(0), got;
    l.addr_count = LINK_ADDRS_MAX;
    for (size_t i = 0; i < LINK_ADDRS_MAX; i++) {
        l.addrs[i] = (struct multiaddr){0};
        char name[254];
        memset(name, 'a', sizeof name);
        name[sizeof name - 1] = 0;
        assert_int_equal(multiaddr_add(&l.addrs[i], MA_DNS4, cur_of(name, strlen(name))), OK);
    }
    char *text = text_of(&l);
    assert_true(strlen(text) <= SHARE_LINK_MAX);
    assert_int_equal(doc_link_parse(&got, text, NULL), OK);
    assert_true(got.addr_count >= 4 && got.addr_count < LINK_ADDRS_MAX);
    free(text);
    text = mem_zalloc(SHARE_LINK_MAX + 2);
    memset(text, 'a', SHARE_LINK_MAX + 1);
    assert_int_equal(doc_link_parse(&got, text, NULL), ERR_LIMIT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_read_as_it_was_written_in_either_case_with_blanks_around),
        cmocka_unit_test(a_link_cut_anywhere_or_with_a_wrong_letter_is_refused),
        cmocka_unit_test(nobody_is_made_an_owner_by_a_link),
        cmocka_unit_test(a_link_is_never_too_long_for_its_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
