#include "crypto/bip39.h"

#include "crypto/bip39_words.h"
#include "crypto/pbkdf2.h"
#include "crypto/sha256.h"
#include "crypto/wipe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 24, WORD_BITS = 11, SEED_ROUNDS = 2048 };

/* "Generating the mnemonic": ENT entropy bits, then the first ENT / 32 bits of their SHA-256: at
 * most 256 + 8 bits, which are just as many whole bytes. */
enum { BITS_BYTES = BIP39_ENTROPY_MAX + 1 };

static bool is_entropy_len(size_t n)
{
    return n >= 16 && n <= BIP39_ENTROPY_MAX && n % 4 == 0;
}

/* 4 * n / 16 checksum bits per n bytes make 3 * n / 4 words. */
static size_t word_count(size_t n)
{
    return n * 3 / 4;
}

static uint8_t checksum(const uint8_t *entropy, size_t n)
{
    uint8_t hash[SHA256_LEN];
    sha256(entropy, n, hash);
    uint8_t first = hash[0];
    wipe(hash, sizeof hash);
    return first;
}

static unsigned get_word(const uint8_t bits[BITS_BYTES], size_t word)
{
    unsigned v = 0;
    for (size_t i = word * WORD_BITS; i < (word + 1) * WORD_BITS; i++)
        v = v << 1 | ((unsigned)bits[i / 8] >> (7 - i % 8) & 1u);
    return v;
}

static void set_word(uint8_t bits[BITS_BYTES], size_t word, unsigned v)
{
    for (size_t i = (word + 1) * WORD_BITS; i-- > word * WORD_BITS; v >>= 1)
        bits[i / 8] = (uint8_t)(bits[i / 8] | (v & 1u) << (7 - i % 8));
}

void bip39_phrase(const uint8_t *entropy, size_t n, char out[BIP39_PHRASE_MAX])
{
    if (!is_entropy_len(n))
        abort(); /* also without asserts: half a phrase would be lost money */
    uint8_t bits[BITS_BYTES];
    memcpy(bits, entropy, n);
    bits[n] = checksum(entropy, n);
    char *to = out;
    for (size_t i = 0; i < word_count(n); i++) {
        const char *word = bip39_words[get_word(bits, i)];
        if (i > 0)
            *to++ = ' ';
        to = stpcpy(to, word);
    }
    wipe(bits, sizeof bits);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int compare(const void *word, const void *entry)
{
    return strcmp(word, entry);
}

/* Takes one word, lower-cased, from *at; false at the end.  One that is too long for the list comes
 * out empty, which is not in the list either. */
static bool next_word(const char **at, char word[BIP39_WORD_SIZE])
{
    const char *p = *at;
    while (is_space(*p))
        p++;
    size_t len = 0;
    for (; p[len] && !is_space(p[len]); len++)
        if (len < BIP39_WORD_SIZE)
            word[len] = p[len] >= 'A' && p[len] <= 'Z' ? (char)(p[len] - 'A' + 'a') : p[len];
    *at = p + len;
    word[len < BIP39_WORD_SIZE ? len : 0] = '\0';
    return len > 0;
}

/* The words' numbers as bits; *count of them. */
static enum err read_words(const char *phrase, uint8_t bits[BITS_BYTES], size_t *count,
                           struct why *why)
{
    char word[BIP39_WORD_SIZE];
    enum err code = OK;
    size_t n = 0;
    for (; code == OK && next_word(&phrase, word); n++) {
        const char *entry =
            bsearch(word, bip39_words, BIP39_WORD_COUNT, sizeof *bip39_words, compare);
        if (n == WORDS_MAX)
            code = why_set(why, ERR_INVALID, "the phrase has more than 24 words");
        else if (!entry)
            code = why_set(why, ERR_INVALID,
                           "word %zu of the phrase is not in the English BIP39 word list", n + 1);
        else
            set_word(bits, n, (unsigned)((size_t)(entry - bip39_words[0]) / BIP39_WORD_SIZE));
    }
    wipe(word, sizeof word);
    *count = n;
    return code;
}

enum err bip39_entropy(const char *phrase, uint8_t out[BIP39_ENTROPY_MAX], size_t *n,
                       struct why *why)
{
    if (strnlen(phrase, BIP39_TYPED_MAX + 1) > BIP39_TYPED_MAX)
        return why_set(why, ERR_LIMIT, "the phrase is longer than %d bytes", BIP39_TYPED_MAX);
    uint8_t bits[BITS_BYTES] = {0};
    size_t count;
    enum err code = read_words(phrase, bits, &count, why);
    size_t len = count / 3 * 4;
    if (code == OK && (count % 3 != 0 || !is_entropy_len(len)))
        code = why_set(why, ERR_INVALID,
                       "the phrase has %zu words; it must have 12, 15, 18, 21 or 24", count);
    if (code == OK) {
        unsigned unused = 8 - (unsigned)len / 4; /* low bits of the checksum's byte */
        if (bits[len] >> unused != checksum(bits, len) >> unused)
            code =
                why_set(why, ERR_INVALID,
                        "the phrase's checksum does not hold: all words are in the list, but one "
                        "is not the right one, or they are in another order");
    }
    if (code == OK) {
        memcpy(out, bits, len);
        *n = len;
    }
    wipe(bits, sizeof bits);
    return code;
}

/* BIP39, "From mnemonic to seed": the salt is "mnemonic" and the passphrase. */
enum err bip39_seed(const char *phrase, const char *passphrase, uint8_t out[BIP39_SEED_LEN],
                    struct why *why)
{
    char salt[8 + BIP39_PASSPHRASE_MAX + 1] = "mnemonic";
    size_t len = strnlen(passphrase, BIP39_PASSPHRASE_MAX + 1);
    if (len > BIP39_PASSPHRASE_MAX)
        return why_set(why, ERR_LIMIT, "the passphrase is longer than %d bytes",
                       BIP39_PASSPHRASE_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)passphrase[i] >= 0x80)
            return why_set(why, ERR_INVALID,
                           "the passphrase has a character that is not ASCII; only ASCII gives the "
                           "same keys in every wallet");
    uint8_t entropy[BIP39_ENTROPY_MAX];
    size_t n;
    enum err code = bip39_entropy(phrase, entropy, &n, why);
    if (code != OK)
        return code;
    char words[BIP39_PHRASE_MAX]; /* lower case, single spaces */
    bip39_phrase(entropy, n, words);
    memcpy(salt + 8, passphrase, len);
    pbkdf2_sha512(words, strlen(words), salt, 8 + len, SEED_ROUNDS, out, BIP39_SEED_LEN);
    wipe(entropy, sizeof entropy);
    wipe(words, sizeof words);
    wipe(salt, sizeof salt);
    return OK;
}
