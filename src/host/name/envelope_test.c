#include "host/name/envelope.h"

#include "base/pb.h"
#include "base/test.h"
#include "crypto/hex.h"

/* The record of sequence number 1570215229 (RFC 0003, "Example") with these three addresses, sealed
 * by js-libp2p (@libp2p/peer-record 9) with the keys of host/name/keys_test.h; and by us with the
 * identity of sixteen zeros, as js-libp2p opens it. */
static const char *const addresses[] = {"/ip4/192.0.2.0/tcp/42", "/dns4/example.org/tcp/443/wss",
                                        "/ip4/198.51.100.0/udp/42/quic-v1"};
static const char of_ed25519[] =
    "0a24080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e1202"
    "03011a5f0a260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d4"
    "74fce27e10bdaadeec051a0a0a0804c000020006002a1a140a12360b6578616d706c652e6f726706"
    "01bbde031a0d0a0b04c63364009102002acd032a40ef13c6d8bf3017ae059f3283b5b43a5adf4157"
    "8e0638618a1f9c6a084aa936a04e43b7ffa1fde8260ef6c8f5e194cec9f6d23e7fab1dd278b91c68"
    "3873ac1d07";
static const char of_secp256k1[] =
    "0a2508021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca9912"
    "0203011a600a27002508021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fe"
    "a0e630bfca9910bdaadeec051a0a0a0804c000020006002a1a140a12360b6578616d706c652e6f72"
    "670601bbde031a0d0a0b04c63364009102002acd032a46304402201062db0eae954e9c4f16500505"
    "1cf183b90236597f5e184ee345a7d25019b8380220537563b4e40643e775432089cd07870373cb06"
    "1e58f6c0316f2a7885dad01463";
static const char of_rsa[] =
    "0aab04080012a60430820222300d06092a864886f70d01010105000382020f003082020a02820201"
    "00e1beab071d08200bde24eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d"
    "9efd2c090f66b0f29986dbb645dae9880089704a94e5066d594162ae6ee8892e6ec70701db0a6c44"
    "5c04778eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0ab3aeb1873282bebd3da03c33e"
    "76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395ad94125654"
    "2c793902185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901"
    "d27bb35aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b"
    "3982d2a901b4454991766da295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da"
    "2ae92438a2c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc14622375d92a8ff9a"
    "f7eb962162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbcc6b6168c34be3d5a"
    "2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b47"
    "53c1738a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1e"
    "e4078c79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b"
    "0caecd3770ab54a1d9c6ca959b0f5dcbc90caeefc4135baca6fd475224269bbe1b02030100011202"
    "03011a5b0a221220b6c8a8c0a3105fc27afca4fb1173791f038e4343fd56b7c67b616dbc30a04ccd"
    "10bdaadeec051a0a0a0804c000020006002a1a140a12360b6578616d706c652e6f72670601bbde03"
    "1a0d0a0b04c63364009102002acd032a800417796069ed328935383ecbee456fa903f38d59cc4712"
    "d6baef101c18acfd17fd9dcd9773efa7c7f886b2e7d19a79572a0a6f77a262d1186e1db4c0b96e87"
    "4ee8fb3f2706e384834883cbc0f48dd72f28b2943934a9fdaec7e206e24ee73712a86f3315367594"
    "2395e1cf8d9ccd964c70efe8d5e1aae237bf5330c5ccc1f3972edc55de916538ea2f102e71484666"
    "fb6ee9db7154561a69d6ea7a9a1ab394a34b3f554e4f7dfa4d3a7db5bd3795ad358ebf4173c77e28"
    "c4f7a95960a97f98fa01081be9082254140a1cf453e35eac63c890dba53dc1a91f8aaad5175385eb"
    "6ca5beb6beed044e26c2b76310bebeebb224e1c0e0c4dce1aaaabdc30797999919c6d3b6fed550af"
    "207c45f90ec9a60efcb236c9806be68b6533965d697cf545ba149228e4b3cb949881cdfb530c97f4"
    "73870688e2b5629695747609ed914bd3f9f89255e828060539045698823914aab00c84fd226c8690"
    "122b58e8b19ae50ef7680060470a3dc61e7578fad93c4615a8a88a3ecc219c6fd690e8ea60597251"
    "15e4f02d518b43ba7160ed75640543a845f728ea47bdfabf59c2647c8720725af00620a07cb39566"
    "73162c0b1d9adcf5a864e05b9be5e7ed7e3a217ce97b0bb14342125cffb1caada82beff8525b416e"
    "1bd24c07ad6ed6ed4f660628993df1bda9b8a5261e8c5575639729d55cce4f6a3bb92d9c607f0c70"
    "709055f0e9d8fd1f2131";
static const char ours[] =
    "0a240801122089a909f9c44e62d48057743c38d104c6d7d97de9f98bade08cef55ec4733a2441202"
    "03011a5f0a2600240801122089a909f9c44e62d48057743c38d104c6d7d97de9f98bade08cef55ec"
    "4733a24410bdaadeec051a0a0a0804c000020006002a1a140a12360b6578616d706c652e6f726706"
    "01bbde031a0d0a0b04c63364009102002acd032a4032d335483f8336a9aab490b46992f4af0aa1ab"
    "071565b23188c58837358b4e9db8ece616e7893a8767de1ef1b98576c5ecccc2436846e3cc274e68"
    "199d06b500";

enum { BYTES_MAX = 2048, SEQ = 1570215229, COUNT = sizeof addresses / sizeof *addresses };

static size_t unhex(const char *hex, uint8_t out[BYTES_MAX])
{
    size_t n = strlen(hex) / 2;
    assert_true(n < BYTES_MAX && hex_decode(hex, 2 * n, out, n));
    return n;
}

static struct keys *our_keys(void)
{
    static const uint8_t entropy[16];
    return keys_of_entropy(entropy, sizeof entropy);
}

static void holds_the_record(const char *hex, const char *peer)
{
    uint8_t bytes[BYTES_MAX];
    char text[PEER_ID_FORMAT], addr[MULTIADDR_TEXT];
    struct peer_record r;
    struct why why = {0};
    if (peer_record_open(&r, cur_of(bytes, unhex(hex, bytes)), &why) != OK)
        fail_msg("%s", why.text);
    assert_string_equal(peer_id_format(&r.peer, text), peer);
    assert_int_equal(r.seq, SEQ);
    assert_int_equal(r.count, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_string_equal(multiaddr_format(&r.addrs[i], addr), addresses[i]);
}

static void opens_what_js_sealed(void **state)
{
    (void)state;
    holds_the_record(of_ed25519, "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq");
    holds_the_record(of_secp256k1, "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY");
    holds_the_record(of_rsa, "QmaeANgBs1DTSxWSrPPtobgQuxW8XTfsS4ydbK4rCHzqxG");
}

static struct peer_record our_record(const struct keys *keys)
{
    struct peer_record r = {.seq = SEQ, .count = COUNT};
    struct pubkey pub;
    pubkey_of_ed25519(&pub, keys_peer_public(keys));
    peer_id_of_key(&pub, &r.peer);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(multiaddr_parse(&r.addrs[i], addresses[i], NULL), OK);
    return r;
}

static void seals_what_js_opens(void **state)
{
    (void)state;
    struct keys *keys = our_keys();
    struct peer_record r = our_record(keys);
    struct buf b = {0};
    char hex[2 * BYTES_MAX + 1];
    peer_record_seal(&r, &b, keys);
    assert_string_equal(hex_encode(buf_bytes(&b), buf_len(&b), hex), ours);
    holds_the_record(ours, keys_peer_id(keys));
    buf_done(&b);
    keys_free(keys);
}

static void cut_or_changed_anywhere_it_does_not_open(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX];
    struct peer_record r;
    size_t whole = unhex(of_ed25519, bytes);
    for (size_t n = 0; n < whole; n++)
        assert_int_equal(peer_record_open(&r, cur_of(bytes, n), NULL), ERR_INVALID);
    for (size_t i = 0; i < whole; i++) {
        bytes[i] ^= 1;
        assert_int_equal(peer_record_open(&r, cur_of(bytes, whole), NULL), ERR_INVALID);
        bytes[i] ^= 1;
    }
    assert_int_equal(peer_record_open(&r, cur_of(bytes, whole), NULL), OK);
}

static void is_opened_for_what_it_was_sealed_for(void **state)
{
    (void)state;
    struct keys *keys = our_keys();
    struct buf b = {0};
    struct pubkey signer;
    struct cur payload;
    struct why why;
    envelope_seal(&b, RELAY_VOUCHER_DOMAIN, RELAY_VOUCHER_TYPE, "pass", 4, keys);
    assert_int_equal(envelope_open(buf_cur(&b), RELAY_VOUCHER_DOMAIN, RELAY_VOUCHER_TYPE, &signer,
                                   &payload, NULL),
                     OK);
    assert_int_equal(payload.n, 4);
    assert_memory_equal(payload.p, "pass", 4);
    assert_memory_equal(signer.data, keys_peer_public(keys), 32);
    assert_int_equal(
        envelope_open(buf_cur(&b), PEER_RECORD_DOMAIN, RELAY_VOUCHER_TYPE, &signer, &payload, &why),
        ERR_INVALID);
    assert_non_null(strstr(why.text, "signature"));
    assert_int_equal(
        envelope_open(buf_cur(&b), RELAY_VOUCHER_DOMAIN, PEER_RECORD_TYPE, &signer, &payload, &why),
        ERR_INVALID);
    assert_non_null(strstr(why.text, "type"));
    buf_done(&b);
    keys_free(keys);
}

/* As peer_record_seal() would, of a payload that it would not make. */
static enum err open_payload(struct peer_record *out, const struct buf *payload)
{
    struct keys *keys = our_keys();
    struct buf b = {0};
    envelope_seal(&b, PEER_RECORD_DOMAIN, PEER_RECORD_TYPE, buf_bytes(payload), buf_len(payload),
                  keys);
    enum err code = peer_record_open(out, buf_cur(&b), NULL);
    buf_done(&b);
    keys_free(keys);
    return code;
}

static void put_our_id(struct buf *payload)
{
    struct keys *keys = our_keys();
    struct peer_record r = our_record(keys);
    pb_put_bytes(payload, 1, r.peer.bytes, r.peer.len);
    keys_free(keys);
}

static void a_record_about_somebody_else_is_refused(void **state)
{
    (void)state;
    struct buf payload = {0};
    struct peer_record r;
    struct peer_id other;
    assert_int_equal(
        peer_id_parse(&other, "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq", NULL), OK);
    pb_put_bytes(&payload, 1, other.bytes, other.len);
    assert_int_equal(open_payload(&r, &payload), ERR_INVALID);
    buf_clear(&payload);
    pb_put_uint(&payload, 2, 1);
    assert_int_equal(open_payload(&r, &payload), ERR_INVALID); /* about nobody */
    buf_done(&payload);
}

static void put_address(struct buf *payload, const void *bytes, size_t n)
{
    struct buf info = {0};
    pb_put_bytes(&info, 1, bytes, n);
    pb_put_buf(payload, 3, &info);
    buf_done(&info);
}

static void unreadable_addresses_are_passed_over(void **state)
{
    (void)state;
    struct buf payload = {0};
    struct peer_record r;
    put_our_id(&payload);
    put_address(&payload, "\xbd\x03", 2);           /* onion3 */
    put_address(&payload, "\x04\1\2\3\4\6\0\1", 8); /* /ip4/1.2.3.4/tcp/1 */
    put_address(&payload, "", 0);
    pb_put_bytes(&payload, 3, "", 0); /* no address at all in it */
    pb_put_str(&payload, 9, "of the future");
    assert_int_equal(open_payload(&r, &payload), OK);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.seq, 0);
    pb_put_bytes(&payload, 3, "\x0a\x05", 2); /* longer than it is */
    assert_int_equal(open_payload(&r, &payload), ERR_INVALID);
    buf_done(&payload);
}

static void of_many_addresses_the_first_16_are_kept(void **state)
{
    (void)state;
    struct buf payload = {0};
    struct peer_record r;
    put_our_id(&payload);
    for (uint8_t i = 0; i < PEER_RECORD_ADDRS_MAX + 1; i++) {
        const uint8_t addr[] = {4, 1, 2, 3, i};
        put_address(&payload, addr, sizeof addr);
    }
    assert_int_equal(open_payload(&r, &payload), OK);
    assert_int_equal(r.count, PEER_RECORD_ADDRS_MAX);
    assert_int_equal(r.addrs[PEER_RECORD_ADDRS_MAX - 1].bytes[4], PEER_RECORD_ADDRS_MAX - 1);
    buf_done(&payload);
}

static void an_envelope_has_at_most_8_kib(void **state)
{
    (void)state;
    static const uint8_t much[ENVELOPE_MAX];
    struct keys *keys = our_keys();
    struct buf empty = {0}, b = {0};
    struct pubkey signer;
    struct cur payload;
    envelope_seal(&empty, "d", 1, NULL, 0, keys);
    size_t room = ENVELOPE_MAX - buf_len(&empty) - 1; /* a length of two bytes, not one */
    for (size_t n = room; n <= room + 1; n++) {
        buf_clear(&b);
        envelope_seal(&b, "d", 1, much, n, keys);
        assert_int_equal(buf_len(&b) - ENVELOPE_MAX, n - room);
        assert_int_equal(envelope_open(buf_cur(&b), "d", 1, &signer, &payload, NULL),
                         n == room ? OK : ERR_LIMIT);
    }
    assert_int_equal(envelope_open(buf_cur(&empty), "d", 1, &signer, &payload, NULL), OK);
    assert_int_equal(payload.n, 0);
    buf_done(&empty);
    buf_done(&b);
    keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_js_sealed),
        cmocka_unit_test(seals_what_js_opens),
        cmocka_unit_test(cut_or_changed_anywhere_it_does_not_open),
        cmocka_unit_test(is_opened_for_what_it_was_sealed_for),
        cmocka_unit_test(a_record_about_somebody_else_is_refused),
        cmocka_unit_test(unreadable_addresses_are_passed_over),
        cmocka_unit_test(of_many_addresses_the_first_16_are_kept),
        cmocka_unit_test(an_envelope_has_at_most_8_kib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
