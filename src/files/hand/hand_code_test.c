#include "files/hand/hand_code.h"

#include "base/test.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to put in, take out or change. */
static size_t distance(const char *a, const char *b)
{
    size_t row[16], n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            row[j] = least(change, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

static void well_chosen(const char *const *words)
{
    for (size_t i = 0; i < HAND_WORDS; i++) {
        size_t n = strlen(words[i]);
        assert_in_range(n, 4, 8);
        assert_int_equal(strspn(words[i], "abcdefghijklmnopqrstuvwxyz"), n);
        assert_true(i == 0 || strcmp(words[i - 1], words[i]) < 0);
        for (size_t j = 0; j < i; j++) {
            assert_true(strncmp(words[i], words[j], 4) != 0);
            assert_true(distance(words[i], words[j]) >= 3);
        }
    }
}

static void no_two_words_are_easily_mistaken(void **state)
{
    (void)state;
    well_chosen(hand_first_words);
    well_chosen(hand_second_words);
    for (size_t i = 0; i < HAND_WORDS; i++)
        for (size_t j = 0; j < HAND_WORDS; j++)
            assert_true(distance(hand_first_words[i], hand_second_words[j]) >= 2);
}

static void every_code_reads_back_as_it_was_written(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 65536; i++) {
        struct hand_code c = hand_code_of(i | (i * 7919) << 16), back;
        char text[HAND_CODE_TEXT];
        struct why why;
        assert_in_range(c.nameplate, 1, HAND_NAMEPLATE_MAX);
        assert_int_equal(hand_code_parse(&back, hand_code_format(&c, text), &why), OK);
        assert_int_equal(back.nameplate, c.nameplate);
        assert_int_equal(back.first, c.first);
        assert_int_equal(back.second, c.second);
    }
}

static void is(const char *text, const char *want)
{
    struct hand_code c;
    struct why why = {0};
    char back[HAND_CODE_TEXT];
    assert_int_equal(hand_code_parse(&c, text, &why), OK);
    assert_string_equal(hand_code_format(&c, back), want);
}

static void people_type_as_they_like(void **state)
{
    (void)state;
    is("4-tulip-anchor", "4-tulip-anchor");
    is(" 4 Tulip ANCHOR ", "4-tulip-anchor");
    is("4.tul.anch", "4-tulip-anchor");
    is("999-elep--trom", "999-elephant-trombone");
}

static void is_refused(const char *text, const char *words)
{
    struct hand_code c;
    struct why why = {0};
    assert_int_equal(hand_code_parse(&c, text, &why), ERR_INVALID);
    if (!strstr(why.text, words))
        fail_msg("%s: %s", text, why.text);
}

static void what_is_no_code_is_told(void **state)
{
    (void)state;
    char many[HAND_CODE_INPUT_MAX + 2];
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = 0;
    const char *form = "a code is a number";
    is_refused("", form);
    is_refused("4", form);
    is_refused("4-tulip", form);
    is_refused("0-tulip-anchor", form);
    is_refused("1000-tulip-anchor", form);
    is_refused("tulip-4-anchor", form);
    is_refused("4-tulip-anchor-anchor", form);
    is_refused("4-tulip-anchor!", form);
    is_refused(many, form);
}

static void a_word_misheard_is_told(void **state)
{
    (void)state;
    is_refused("4-tulpi-anchor", "did you mean tulip?");
    is_refused("4-tulip-anchro", "did you mean anchor?");
    is_refused("4-anchor-tulip", "other order: 4-tulip-anchor");
    is_refused("4-qqqqqqq-anchor", "qqqqqqq is no word");
    is_refused("4-c-anchor", "c is no word"); /* many begin so */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_words_are_easily_mistaken),
        cmocka_unit_test(every_code_reads_back_as_it_was_written),
        cmocka_unit_test(people_type_as_they_like),
        cmocka_unit_test(what_is_no_code_is_told),
        cmocka_unit_test(a_word_misheard_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
