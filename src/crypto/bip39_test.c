#include "crypto/bip39.h"

#include "base/test.h"
#include "crypto/bip39_test.h"
#include "crypto/bip39_words.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"

#include <stdio.h>
#include <stdlib.h>

#define ABOUT                                                                                      \
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "     \
    "about"

/* trezor/python-mnemonic, vectors.json, which BIP39 names as its test vectors: the first of 12
 * words and the first of 24. */
static void the_vectors_that_bip39_names_hold(void **state)
{
    (void)state;
    bip39_holds("00000000000000000000000000000000", ABOUT,
                "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
                "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04");
    bip39_holds("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
                "legal winner thank year wave sausage worth useful legal winner thank "
                "year wave sausage worth useful legal winner thank year wave sausage "
                "worth title",
                "bc09fca1804f7e69da93c2f2028eb238c227f2e9dda30cd63699232578480a40"
                "21b146ad717fbb7e451ce9eb835f43620bf5c514db0f8add49f5d121449d3e87");
}

/* The SHA-256 of english.txt as it stands in bitcoin/bips, one word a line. */
static void the_word_list_is_the_published_one(void **state)
{
    (void)state;
    struct sha256 *h = sha256_new();
    for (int i = 0; i < BIP39_WORD_COUNT; i++) {
        assert_true(i == 0 || strcmp(bip39_words[i - 1], bip39_words[i]) < 0);
        sha256_update(h, bip39_words[i], strlen(bip39_words[i]));
        sha256_update(h, "\n", 1);
    }
    uint8_t out[SHA256_LEN];
    char text[2 * SHA256_LEN + 1];
    sha256_finish(h, out);
    assert_string_equal(hex_encode(out, sizeof out, text),
                        "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

static void every_length_goes_there_and_back(void **state)
{
    (void)state;
    for (size_t n = 16; n <= 32; n += 4) {
        uint8_t entropy[32], back[32];
        char phrase[BIP39_PHRASE_MAX];
        size_t got = 0;
        for (size_t i = 0; i < n; i++)
            entropy[i] = (uint8_t)(i * 37 + n);
        bip39_phrase(entropy, n, phrase);
        assert_int_equal(bip39_entropy(phrase, back, &got, NULL), OK);
        assert_int_equal(got, n);
        assert_memory_equal(back, entropy, n);
    }
}

static void is_read_as_people_type_it(void **state)
{
    (void)state;
    const char *typed = "  Abandon abandon ABANDON abandon\tabandon abandon\n"
                        "abandon abandon  abandon abandon abandon\r\nAbout \n";
    uint8_t one[BIP39_SEED_LEN], two[BIP39_SEED_LEN];
    assert_int_equal(bip39_seed(ABOUT, "", one, NULL), OK);
    assert_int_equal(bip39_seed(typed, "", two, NULL), OK);
    assert_memory_equal(one, two, sizeof one);
    assert_int_equal(bip39_seed(ABOUT, " ", two, NULL), OK); /* but the passphrase to the letter */
    assert_memory_not_equal(one, two, sizeof one);
}

static void refused(const char *phrase, enum err code, const char *because)
{
    uint8_t out[BIP39_ENTROPY_MAX], seed[BIP39_SEED_LEN];
    size_t n = 77;
    struct why why = {0};
    assert_int_equal(bip39_entropy(phrase, out, &n, &why), code);
    assert_non_null(strstr(why.text, because));
    assert_int_equal(why.code, code);
    assert_int_equal(n, 77);
    assert_int_equal(bip39_seed(phrase, "", seed, &why), code);
}

static void a_wrong_phrase_is_refused_with_the_reason(void **state)
{
    (void)state;
    refused("", ERR_INVALID, "has 0 words");
    refused("abandon abandon about", ERR_INVALID, "has 3 words");
    refused("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            ERR_INVALID, "has 11 words");
    refused(ABOUT " about", ERR_INVALID, "has 13 words");
    refused("abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            ERR_INVALID, "has 10 words");
    refused(ABOUT " " ABOUT " about", ERR_INVALID, "more than 24");
    refused("abandon abandonn about", ERR_INVALID, "word 2 ");
    refused("zoo abandonabandonabandon", ERR_INVALID, "word 2 ");
    refused("\xc3\xa1"
            "baco",
            ERR_INVALID, "word 1 ");
    refused("about abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
            "abandon",
            ERR_INVALID, "checksum");
}

static void only_one_last_word_in_sixteen_fits(void **state)
{
    (void)state;
    unsigned fit = 0;
    for (int i = 0; i < BIP39_WORD_COUNT; i++) {
        char phrase[BIP39_PHRASE_MAX] = ABOUT;
        uint8_t out[BIP39_ENTROPY_MAX];
        size_t n;
        memcpy(strrchr(phrase, ' ') + 1, bip39_words[i], BIP39_WORD_SIZE);
        fit += bip39_entropy(phrase, out, &n, NULL) == OK;
    }
    assert_int_equal(fit, BIP39_WORD_COUNT / 16);
}

static void a_reason_never_quotes_the_phrase(void **state)
{
    (void)state;
    uint8_t out[BIP39_ENTROPY_MAX];
    size_t n;
    struct why why = {0};
    assert_int_equal(bip39_entropy("zoo zebraa", out, &n, &why), ERR_INVALID);
    assert_null(strstr(why.text, "zebra"));
    assert_null(strstr(why.text, "zoo"));
}

static void the_limits_are_these_and_not_one_more(void **state)
{
    (void)state;
    char typed[BIP39_TYPED_MAX + 2], pass[BIP39_PASSPHRASE_MAX + 2];
    uint8_t out[BIP39_SEED_LEN];
    size_t n;
    memset(typed, ' ', sizeof typed);
    memcpy(typed, ABOUT, strlen(ABOUT));
    typed[BIP39_TYPED_MAX] = '\0';
    assert_int_equal(bip39_entropy(typed, out, &n, NULL), OK);
    typed[BIP39_TYPED_MAX] = ' ';
    typed[BIP39_TYPED_MAX + 1] = '\0';
    refused(typed, ERR_LIMIT, "longer than 1000");
    memset(pass, 'p', sizeof pass);
    pass[BIP39_PASSPHRASE_MAX] = '\0';
    assert_int_equal(bip39_seed(ABOUT, pass, out, NULL), OK);
    pass[BIP39_PASSPHRASE_MAX] = 'p';
    pass[BIP39_PASSPHRASE_MAX + 1] = '\0';
    assert_int_equal(bip39_seed(ABOUT, pass, out, NULL), ERR_LIMIT);
}

static void a_passphrase_that_would_need_nfkd_is_refused(void **state)
{
    (void)state;
    uint8_t out[BIP39_SEED_LEN];
    struct why why = {0};
    assert_int_equal(bip39_seed(ABOUT,
                                "stra\xc3\x9f"
                                "e",
                                out, &why),
                     ERR_INVALID);
    assert_non_null(strstr(why.text, "not ASCII"));
    assert_int_equal(bip39_seed(ABOUT, "~", out, &why), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_that_bip39_names_hold),
        cmocka_unit_test(the_word_list_is_the_published_one),
        cmocka_unit_test(every_length_goes_there_and_back),
        cmocka_unit_test(is_read_as_people_type_it),
        cmocka_unit_test(a_wrong_phrase_is_refused_with_the_reason),
        cmocka_unit_test(only_one_last_word_in_sixteen_fits),
        cmocka_unit_test(a_reason_never_quotes_the_phrase),
        cmocka_unit_test(the_limits_are_these_and_not_one_more),
        cmocka_unit_test(a_passphrase_that_would_need_nfkd_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
