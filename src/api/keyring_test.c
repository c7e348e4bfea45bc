#include "api/keyring.h"

#include "base/test.h"

#define S UINT64_C(1000000)

static void count_up(void *arg, void *out, size_t n)
{
    memset(out, ++*(int *)arg, n);
}

static struct keyring *open_file(const struct vfs *v, int *seed)
{
    struct why why;
    struct keyring *k = keyring_open(v, "tokens", count_up, seed, &why);
    if (!k)
        print_message("%s\n", why.text);
    assert_non_null(k);
    return k;
}

static const char *key_of(char digit)
{
    static char text[KEYRING_KEY];
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = i % 2 ? digit : '0';
    return text;
}

static void a_token_file_is_made_once_with_a_key_for_each_scope(void **state)
{
    (void)state;
    struct vfs *v = vfs_mem_new();
    int seed = 0;
    struct keyring *k = open_file(v, &seed);
    assert_int_equal(keyring_token(k, key_of('1')), GUARD_READ);
    assert_int_equal(keyring_token(k, key_of('2')), GUARD_WRITE);
    assert_int_equal(keyring_token(k, key_of('3')), GUARD_MONEY);
    keyring_free(k);
    seed = 100;
    k = open_file(v, &seed); /* the same keys, read from the file */
    assert_int_equal(keyring_token(k, key_of('2')), GUARD_WRITE);
    keyring_free(k);
    vfs_free(v);
}

static void what_is_not_a_key_is_worth_nothing(void **state)
{
    (void)state;
    struct vfs *v = vfs_mem_new();
    int seed = 0;
    struct keyring *k = open_file(v, &seed);
    char text[KEYRING_KEY];
    assert_int_equal(keyring_token(k, ""), GUARD_NONE);
    assert_int_equal(keyring_token(k, "01"), GUARD_NONE);
    memcpy(text, key_of('1'), sizeof text);
    text[63] = '2';
    assert_int_equal(keyring_token(k, text), GUARD_NONE);
    text[63] = '\0';
    assert_int_equal(keyring_token(k, text), GUARD_NONE);
    keyring_free(k);
    vfs_free(v);
}

static void a_file_that_is_wrong_is_named_with_its_line(void **state)
{
    (void)state;
    const char *const bad[] = {"# fine\nread 12\n", "# fine\nadmin 00\n", "\nread\n",
                               ("\nread 0101010101010101010101010101010101010101010101010101010101"
                                "010101 x\n")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct vfs *v = vfs_mem_new();
        struct why why;
        int seed = 0;
        assert_int_equal(vfs_replace(v, "tokens", bad[i], strlen(bad[i]), VFS_PRIVATE, &why), OK);
        assert_null(keyring_open(v, "tokens", count_up, &seed, &why));
        assert_int_equal(why.code, ERR_INVALID);
        assert_non_null(strstr(why.text, "tokens line 2"));
        vfs_free(v);
    }
}

static void a_code_is_worth_one_session_for_five_minutes(void **state)
{
    (void)state;
    struct why why;
    int seed = 0;
    struct keyring *k = keyring_open(NULL, NULL, count_up, &seed, &why);
    char code[KEYRING_KEY], session[KEYRING_KEY];
    keyring_code(k, 0, code);
    assert_true(keyring_login(k, code, KEYRING_CODE_US, session));
    assert_int_equal(strlen(session), KEYRING_KEY - 1);
    assert_string_not_equal(session, code);
    assert_false(keyring_login(k, code, KEYRING_CODE_US, session)); /* once */
    keyring_code(k, 0, code);
    assert_false(keyring_login(k, code, KEYRING_CODE_US + 1, session));
    assert_false(keyring_login(k, code, 0, session)); /* being late used it up */
    keyring_free(k);
}

static void five_wrong_keys_slow_an_address_down_longer_each_time(void **state)
{
    (void)state;
    struct why why;
    int seed = 0;
    struct keyring *k = keyring_open(NULL, NULL, count_up, &seed, &why);
    struct addr bad = addr_v4(127, 0, 0, 9, 1), good = addr_v4(127, 0, 0, 1, 1);
    for (int i = 0; i < KEYRING_STRIKES; i++) {
        assert_int_equal(keyring_wait_us(k, &bad, 0), 0);
        bad.port++; /* another connection of the same machine */
        keyring_strike(k, &bad, 0);
    }
    assert_int_equal(keyring_wait_us(k, &bad, 0), S);
    assert_int_equal(keyring_wait_us(k, &bad, S), 0);
    assert_int_equal(keyring_wait_us(k, &good, 0), 0);
    keyring_strike(k, &bad, S);
    assert_int_equal(keyring_wait_us(k, &bad, S), 2 * S);
    for (int i = 0; i < 40; i++)
        keyring_strike(k, &bad, S);
    assert_int_equal(keyring_wait_us(k, &bad, S), KEYRING_WAIT_MAX_US);
    keyring_forgive(k, &bad);
    assert_int_equal(keyring_wait_us(k, &bad, S), 0);
    keyring_free(k);
}

static void strikes_are_forgotten_after_an_hour_and_kept_for_so_many_addresses(void **state)
{
    (void)state;
    struct why why;
    int seed = 0;
    struct keyring *k = keyring_open(NULL, NULL, count_up, &seed, &why);
    struct addr from = addr_v4(127, 0, 0, 9, 1);
    for (int i = 0; i < KEYRING_STRIKES; i++)
        keyring_strike(k, &from, S);
    keyring_strike(k, &from, KEYRING_FORGET_US + S + 1);
    assert_int_equal(keyring_wait_us(k, &from, KEYRING_FORGET_US + S + 1), 0);
    for (int i = 0; i < KEYRING_STRIKES; i++)
        keyring_strike(k, &from, 5000 * S);
    for (unsigned i = 0; i < KEYRING_STRANGERS_MAX; i++) {
        struct addr other = addr_v4(127, 1, (uint8_t)(i >> 8), (uint8_t)i, 1);
        keyring_strike(k, &other, 5001 * S);
    }
    assert_int_equal(keyring_wait_us(k, &from, 5000 * S), 0);
    keyring_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_file_is_made_once_with_a_key_for_each_scope),
        cmocka_unit_test(what_is_not_a_key_is_worth_nothing),
        cmocka_unit_test(a_file_that_is_wrong_is_named_with_its_line),
        cmocka_unit_test(a_code_is_worth_one_session_for_five_minutes),
        cmocka_unit_test(five_wrong_keys_slow_an_address_down_longer_each_time),
        cmocka_unit_test(strikes_are_forgotten_after_an_hour_and_kept_for_so_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
