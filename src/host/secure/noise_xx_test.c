#include "host/secure/noise_xx.h"

#include "base/test.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "host/secure/noise_cipher.h"

enum { TEXT_MAX = 400, MESSAGES_MAX = 6 };

/* Published: haskell-cryptography/cacophony vectors/cacophony.txt, and mcginty/snow
 * tests/vectors/snow.txt.  Payload and message in turn, the initiator's first. */
struct vector {
    const char *prologue, *s[2], *e[2], *hash; /* [0]: the initiator's */
    const char *messages[MESSAGES_MAX][2];
};

static const struct vector vectors[] = {
    {.prologue = "4a6f686e2047616c74",
     .s = {"e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
           "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"},
     .e = {"893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
           "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"},
     .hash = "c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e",
     .messages = {{"4c756477696720766f6e204d69736573",
                   "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c7564776967"
                   "20766f6e204d69736573"},
                  {"4d757272617920526f746862617264",
                   "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e"
                   "038c48378ffce2b65285e08d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed883116"
                   "1f19b7815528f8982ffe09be9b5c412f8a0db50f8814c7194e83f23dbd8d162c9326ad"},
                  {"462e20412e20486179656b",
                   "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f"
                   "169ae80a89be0865b57f58c9fea0d4ec82a286427402f113e4b6ae769a1d95941d49b25030"},
                  {"4361726c204d656e676572",
                   "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"},
                  {"4a65616e2d426170746973746520536179",
                   "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"},
                  {"457567656e2042f6686d20766f6e2042617765726b",
                   "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"}}},
    {.prologue = "5468657265206973206e6f20726967687420616e642077726f6e672e2054686572652773206f"
                 "6e6c792066756e20616e6420626f72696e672e",
     .s = {"7dec208517a3b81a2861d7a71266d5d6dc944c5a8816634a86fe63198a0148ee",
           "4d0aed5098e3b4ef20357e9f686ce66204c792b358da2e475017d6c485304881"},
     .e = {"a32daf21e93c0131495ce1d903181fde81cc46937daaeb990bae7c992709421e",
           "4eece0f195d026db035ff987597c429d3ad3bcc2944df37d649528951b2a27c5"},
     .messages = {{"d03c489139e645d0711a3c9e810d776b46a84912463fafa87b884eebf242dc34",
                   "f9fa868ba97ab8a2686deccfaad5a484ee10a5bb85e3d1dce015a84797f92818d03c489139e6"
                   "45d0711a3c9e810d776b46a84912463fafa87b884eebf242dc34"},
                  {"d8190a92f7dc0c93dbea9118ba8055751fb7c6590c416ffbd419964132b99a85",
                   "8c4e6fdb7d09d501a86f7eca5c234522751706ed409182c05cdf5f827d4dae47b81c6c5f43b0"
                   "25692c24391eefee725c17d8cb0fbe3e4abb8aedf42c4fd2592d4ea48ac08989d6ae8b4adae0"
                   "8b2c34087c808c7aa55a63c02b0fab9e930612336bd43eaea04d3c670a0a146691aa9cc9d357"
                   "872320dc735dbc48580cffb553db"},
                  {"77891b19dcb92ef7c055b672c4a5aa7fdf1c84146b8b303459022729473ce254",
                   "933ca6b5ed60df3df66121f0ab49a09e49efa45c613a86a3cecbf4c535cef2f83f72b42837b1"
                   "8e3572f2fdc2b74c331e2368a545cef54bdca081678ab0e9dd5348122459e0c034c851984d88"
                   "ce610963d43cde6cfe73a67fbd5a63e8bfca96d0"},
                  {"d7efdf988072881941db045a42882433817555128fbf5663e56081712ec7d212",
                   "54ef0ff0629e1aaa7685a2806ab111cba76b52331f2642276736f415868eacb69ab2577f3bda"
                   "0cbf72f879685f6ed25f"},
                  {"dd7bf01a588bafb52c6cfba952e5d8fe35cc2b3f92b4730ae2474615157345ce",
                   "356be70f110306d5c699bb834bb9d58d909e325924dfbec972e406e6f294dc63e1daebefe8a6"
                   "2a334facc8048ab4ad66"}}},
};

struct bytes {
    uint8_t p[TEXT_MAX];
    size_t n;
};

static struct cur unhex(const char *text, struct bytes *out)
{
    out->n = strlen(text) / 2;
    assert_true(out->n <= sizeof out->p);
    assert_true(hex_decode(text, strlen(text), out->p, out->n));
    return cur_of(out->p, out->n);
}

/* One for all, as a host has them; whose key is in them is another's each time. */
static struct noise_aeads aeads;

static int make_aeads(void **state)
{
    static const uint8_t key[CHACHAPOLY_KEY_LEN] = "somebody else's";
    (void)state;
    aeads.seals = chachapoly_new(CHACHAPOLY_SEALS, key);
    aeads.opens = chachapoly_new(CHACHAPOLY_OPENS, key);
    return 0;
}

static int free_aeads(void **state)
{
    (void)state;
    chachapoly_free(aeads.seals);
    chachapoly_free(aeads.opens);
    return 0;
}

static struct noise_xx *side_of(const struct vector *v, int who)
{
    struct bytes text;
    struct noise_key s, e;
    noise_key_init(&s, unhex(v->s[who], &text).p);
    noise_key_init(&e, unhex(v->e[who], &text).p);
    return noise_xx_new(who == 0, &aeads, &s, &e, unhex(v->prologue, &text));
}

static void assert_bytes(const struct buf *got, struct cur want)
{
    assert_int_equal(buf_len(got), want.n);
    assert_memory_equal(buf_bytes(got), want.p, want.n);
}

/* Message i of the handshake, written by one side and read by the other. */
static void exchange(const struct vector *v, struct noise_xx *side[2], int i)
{
    struct bytes payload, message;
    struct buf out = {0}, in = {0};
    struct why why = {0};
    unhex(v->messages[i][0], &payload);
    unhex(v->messages[i][1], &message);
    assert_int_equal(noise_xx_next(side[i % 2]), NOISE_XX_WRITE);
    assert_int_equal(noise_xx_next(side[1 - i % 2]), NOISE_XX_READ);
    assert_int_equal(noise_xx_write(side[i % 2], cur_of(payload.p, payload.n), &out, &why), OK);
    assert_bytes(&out, cur_of(message.p, message.n));
    if (noise_xx_read(side[1 - i % 2], buf_cur(&out), &in, &why) != OK)
        fail_msg("%s", why.text);
    assert_bytes(&in, cur_of(payload.p, payload.n));
    buf_done(&out);
    buf_done(&in);
}

static void transport(const struct vector *v, struct noise_cipher *sends, struct noise_cipher *gets,
                      int i)
{
    struct bytes payload, message;
    uint8_t sealed[TEXT_MAX], opened[TEXT_MAX];
    unhex(v->messages[i][0], &payload);
    unhex(v->messages[i][1], &message);
    assert_int_equal(message.n, payload.n + NOISE_TAG_LEN);
    assert_true(noise_cipher_seal(sends, NULL, 0, payload.p, payload.n, sealed));
    assert_memory_equal(sealed, message.p, message.n);
    assert_true(noise_cipher_open(gets, NULL, 0, sealed, message.n, opened));
    assert_memory_equal(opened, payload.p, payload.n);
}

static void run_vector(const struct vector *v)
{
    struct noise_xx *side[2] = {side_of(v, 0), side_of(v, 1)};
    uint8_t send[2][SHA256_LEN], recv[2][SHA256_LEN], hash[2][SHA256_LEN];
    struct noise_cipher sends[2], gets[2];
    struct bytes want;
    for (int i = 0; i < 3; i++)
        exchange(v, side, i);
    for (int who = 0; who < 2; who++) {
        assert_int_equal(noise_xx_next(side[who]), NOISE_XX_SPLIT);
        noise_xx_hash(side[who], hash[who]);
        noise_xx_split(side[who], send[who], recv[who]);
        noise_cipher_init(&sends[who], aeads.seals, send[who]);
        noise_cipher_init(&gets[who], aeads.opens, recv[who]);
        noise_xx_free(side[who]);
    }
    assert_memory_equal(hash[0], hash[1], SHA256_LEN);
    if (v->hash)
        assert_memory_equal(hash[0], unhex(v->hash, &want).p, SHA256_LEN);
    for (int i = 3; i < MESSAGES_MAX && v->messages[i][0]; i++)
        transport(v, &sends[i % 2], &gets[1 - i % 2], i);
    for (int who = 0; who < 2; who++) {
        noise_cipher_done(&sends[who]);
        noise_cipher_done(&gets[who]);
    }
}

static void published_vectors_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        run_vector(&vectors[i]);
}

static void the_other_sides_static_key_comes_when_the_pattern_says(void **state)
{
    const struct vector *v = &vectors[0];
    struct noise_xx *side[2] = {side_of(v, 0), side_of(v, 1)};
    struct noise_key key;
    struct bytes text;
    (void)state;
    exchange(v, side, 0);
    assert_null(noise_xx_static(side[0]));
    exchange(v, side, 1);
    noise_key_init(&key, unhex(v->s[1], &text).p);
    assert_memory_equal(noise_xx_static(side[0]), key.pub, X25519_LEN);
    assert_null(noise_xx_static(side[1]));
    exchange(v, side, 2);
    noise_key_init(&key, unhex(v->s[0], &text).p);
    assert_memory_equal(noise_xx_static(side[1]), key.pub, X25519_LEN);
    noise_xx_free(side[0]);
    noise_xx_free(side[1]);
    noise_xx_free(NULL);
}

/* What a fresh reader of message i makes of other bytes. */
static enum err read_instead(const struct vector *v, int i, struct cur message, struct why *why)
{
    struct noise_xx *side[2] = {side_of(v, 0), side_of(v, 1)};
    struct buf in = {0};
    for (int before = 0; before < i; before++)
        exchange(v, side, before);
    void *copy = mem_dup(message.p, message.n);
    enum err e = noise_xx_read(side[1 - i % 2], cur_of(copy, message.n), &in, why);
    free(copy);
    buf_done(&in);
    noise_xx_free(side[0]);
    noise_xx_free(side[1]);
    return e;
}

static void a_flipped_bit_anywhere_in_a_sealed_message_is_seen(void **state)
{
    const struct vector *v = &vectors[0];
    struct bytes message;
    struct why why;
    (void)state;
    for (int i = 1; i < 3; i++) {
        unhex(v->messages[i][1], &message);
        assert_int_equal(read_instead(v, i, cur_of(message.p, message.n), &why), OK);
        for (size_t at = 0; at < message.n; at++) {
            /* The highest bit of a point does not count (RFC 7748 section 5), but it is hashed. */
            message.p[at] ^= 0x80;
            assert_int_equal(read_instead(v, i, cur_of(message.p, message.n), &why), ERR_INVALID);
            message.p[at] ^= 0x80;
        }
    }
}

static void a_message_cut_anywhere_is_refused(void **state)
{
    const struct vector *v = &vectors[0];
    struct bytes message;
    struct why why;
    (void)state;
    for (int i = 0; i < 3; i++) {
        unhex(v->messages[i][1], &message);
        size_t least = i == 0 ? X25519_LEN : message.n; /* the first is not sealed */
        for (size_t n = 0; n < least; n++)
            assert_int_equal(read_instead(v, i, cur_of(message.p, n), &why), ERR_INVALID);
    }
}

/* Points of order 1, 2, 4 and 8 (RFC 7748 section 6.1; all of them: cr.yp.to/ecdh.html). */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void points_of_low_order_are_refused(void **state)
{
    const struct vector *v = &vectors[0];
    struct bytes text, message;
    struct why why = {0};
    struct buf out = {0}, in = {0};
    (void)state;
    for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++) {
        struct noise_xx *responder = side_of(v, 1);
        unhex(low_order[i], &text);
        assert_int_equal(noise_xx_read(responder, cur_of(text.p, text.n), &in, &why), OK);
        assert_int_equal(noise_xx_write(responder, cur_of("", 0), &out, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "ephemeral key is a point of low order"));
        noise_xx_free(responder);

        unhex(v->messages[1][1], &message);
        memcpy(message.p, text.p, X25519_LEN);
        assert_int_equal(read_instead(v, 1, cur_of(message.p, message.n), &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "low order"));
    }
    buf_done(&out);
    buf_done(&in);
}

/* A static key of low order can be sealed by who holds the session; it is found at the next "es".
 */
static void a_static_key_of_low_order_is_refused(void **state)
{
    const struct vector *v = &vectors[0];
    struct noise_xx *side[2];
    struct bytes text;
    struct noise_key s, e;
    struct buf out = {0}, in = {0};
    struct why why = {0};
    (void)state;
    noise_key_init(&s, unhex(v->s[0], &text).p);
    noise_key_init(&e, unhex(v->e[0], &text).p);
    memset(s.pub, 0, sizeof s.pub);
    side[0] = noise_xx_new(true, &aeads, &s, &e, unhex(v->prologue, &text));
    side[1] = side_of(v, 1);
    exchange(v, side, 0);
    exchange(v, side, 1);
    assert_int_equal(noise_xx_write(side[0], cur_of("", 0), &out, &why), OK);
    assert_int_equal(noise_xx_read(side[1], buf_cur(&out), &in, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "static key is a point of low order"));
    buf_done(&out);
    buf_done(&in);
    noise_xx_free(side[0]);
    noise_xx_free(side[1]);
}

/* "the maximum n value (2^64-1) is reserved" */
static void the_last_nonce_is_never_used(void **state)
{
    struct noise_cipher c;
    uint8_t key[CHACHAPOLY_KEY_LEN] = {1}, bytes[4 + NOISE_TAG_LEN] = "abc";
    (void)state;
    noise_cipher_init(&c, aeads.seals, key);
    c.nonce = UINT64_MAX - 1;
    assert_true(noise_cipher_seal(&c, NULL, 0, bytes, 4, bytes));
    assert_false(noise_cipher_seal(&c, NULL, 0, bytes, 4, bytes));
    noise_cipher_done(&c);
    noise_cipher_init(&c, aeads.opens, key);
    c.nonce = UINT64_MAX - 1;
    assert_true(noise_cipher_open(&c, NULL, 0, bytes, sizeof bytes, bytes));
    assert_string_equal((char *)bytes, "abc");
    assert_false(noise_cipher_open(&c, NULL, 0, bytes, sizeof bytes, bytes));
    noise_cipher_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_come_out),
        cmocka_unit_test(the_other_sides_static_key_comes_when_the_pattern_says),
        cmocka_unit_test(a_flipped_bit_anywhere_in_a_sealed_message_is_seen),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(points_of_low_order_are_refused),
        cmocka_unit_test(a_static_key_of_low_order_is_refused),
        cmocka_unit_test(the_last_nonce_is_never_used),
    };
    return cmocka_run_group_tests(tests, make_aeads, free_aeads);
}
