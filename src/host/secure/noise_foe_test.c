/* Peers that keep no rule of Noise, or identities that are not ours, played byte by byte against
 * the filter as it listens; and what comes in pieces that are not frames. */
#include "host/secure/foreign_test.h"
#include "host/secure/noise.h"
#include "host/secure/noise_cipher.h"
#include "host/secure/noise_msg.h"
#include "host/secure/noise_xx.h"
#include "host/secure/secure_pair_test.h"

/* A dialler by hand, and the filter that listens to it. */
struct foe {
    struct secure_bench *b;
    struct listener *listener;
    struct conn *c; /* raw */
    struct end them;
    struct noise_key key;
    struct noise_aeads aeads;
    struct noise_xx *xx;
    struct noise_cipher sends, gets;
    struct buf in, out;
};

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct secure_bench *b = (struct secure_bench *)w;
    below = secure_between(b, below, dialled ? 0 : 1);
    return dialled ? noise_dial(b->self[0], below, &b->expected, cb, arg)
                   : noise_accept(b->self[1], below, cb, arg);
}

static int open_world(void **state)
{
    secure_bench_open(state, dress);
    ((struct secure_bench *)*state)->most = 999;
    return 0;
}

static void on_foe_accept(void *arg, struct conn *c)
{
    struct foe *f = arg;
    f->them.c = dress(f->them.w, c, false, end_event, &f->them);
}

static void foe_open(struct foe *f, struct secure_bench *b)
{
    uint8_t secret[X25519_LEN] = "the static key of somebody else";
    struct noise_key once;
    *f = (struct foe){.b = b, .them = {.w = &b->w, .close_at = NOT_AT_ALL}};
    f->listener = tcp_listen(b->w.b, &b->w.at_b, on_foe_accept, f, NULL);
    struct addr to = listener_addr(f->listener);
    f->c = tcp_dial(b->w.a, &to, NULL, NULL, NULL);
    f->aeads.seals = chachapoly_new(CHACHAPOLY_SEALS, secret);
    f->aeads.opens = chachapoly_new(CHACHAPOLY_OPENS, secret);
    noise_key_init(&f->key, secret);
    secret[0]++;
    noise_key_init(&once, secret);
    f->xx = noise_xx_new(true, &f->aeads, &f->key, &once, cur_of(NULL, 0));
    world_settle(&b->w);
    assert_non_null(f->them.c);
}

static void foe_close(struct foe *f)
{
    conn_close(f->c);
    conn_close(f->them.c);
    listener_close(f->listener);
    noise_xx_free(f->xx);
    chachapoly_free(f->aeads.seals);
    chachapoly_free(f->aeads.opens);
    noise_cipher_done(&f->sends);
    noise_cipher_done(&f->gets);
    buf_done(&f->in);
    buf_done(&f->out);
}

static void foe_send(struct foe *f, const void *bytes, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t took = conn_send(f->c, (const uint8_t *)bytes + sent, n - sent);
        sent += took > 0 ? (size_t)took : 0;
        world_settle(&f->b->w);
    }
}

static void foe_send_frame(struct foe *f, struct cur message)
{
    struct buf frame = {0};
    buf_be16(&frame, (uint16_t)message.n);
    buf_put(&frame, message.p, message.n);
    foe_send(f, buf_bytes(&frame), buf_len(&frame));
    buf_done(&frame);
}

/* What came so far, to the end of f->in. */
static void foe_hear(struct foe *f)
{
    ssize_t n;
    while ((n = conn_recv(f->c, buf_room(&f->in, 4096), 4096)) > 0)
        buf_grew(&f->in, (size_t)n);
}

/* The handshake up to and with the third message, which has this payload. */
static void foe_shake(struct foe *f, struct cur payload)
{
    struct buf m = {0}, theirs = {0};
    struct why why;
    uint8_t send[SHA256_LEN], recv[SHA256_LEN];
    assert_int_equal(noise_xx_write(f->xx, cur_of(NULL, 0), &m, &why), OK);
    foe_send_frame(f, buf_cur(&m));
    foe_hear(f);
    struct cur in = buf_cur(&f->in);
    size_t n = cur_be16(&in);
    assert_int_equal(noise_xx_read(f->xx, cur_take(&in, n), &theirs, &why), OK);
    assert_true(cur_done(&in));
    buf_clear(&f->in);
    buf_clear(&m);
    assert_int_equal(noise_xx_write(f->xx, payload, &m, &why), OK);
    foe_send_frame(f, buf_cur(&m));
    noise_xx_split(f->xx, send, recv);
    noise_cipher_init(&f->sends, f->aeads.seals, send);
    noise_cipher_init(&f->gets, f->aeads.opens, recv);
    buf_done(&m);
    buf_done(&theirs);
}

/* The payload of who signs with this foreign identity; muxers as in noise_payload_write(). */
static void foreign_payload(const struct foe *f, const struct foreign *who,
                            const char *const *muxers, struct buf *out)
{
    uint8_t text[NOISE_SIGNED_LEN];
    struct buf sig = {0}, key = {0};
    noise_signed_text(text, f->key.pub);
    foreign_sign(who, text, sizeof text, &sig);
    pubkey_encode(&who->pub, &key);
    noise_payload_write(out, buf_cur(&key), buf_cur(&sig), muxers);
    buf_done(&sig);
    buf_done(&key);
}

/* An honest handshake of the bench's own dialler, by hand. */
static void foe_shake_honestly(struct foe *f)
{
    uint8_t text[NOISE_SIGNED_LEN], sig[KEYS_SIG_LEN];
    struct pubkey who;
    struct buf key = {0}, payload = {0};
    pubkey_of_ed25519(&who, keys_peer_public(f->b->keys[0]));
    pubkey_encode(&who, &key);
    noise_signed_text(text, f->key.pub);
    keys_sign(f->b->keys[0], text, sizeof text, sig);
    noise_payload_write(&payload, buf_cur(&key), cur_of(sig, sizeof sig), secure_yamux);
    foe_shake(f, buf_cur(&payload));
    assert_int_equal(f->them.seen[CONN_OPEN], 1);
    buf_done(&key);
    buf_done(&payload);
}

static void foe_send_sealed(struct foe *f, const void *bytes, size_t n)
{
    uint8_t *sealed = mem_zalloc(n + NOISE_TAG_LEN);
    assert_true(noise_cipher_seal(&f->sends, NULL, 0, bytes, n, sealed));
    foe_send_frame(f, cur_of(sealed, n + NOISE_TAG_LEN));
    free(sealed);
}

static void check_refused(const struct foe *f, enum err code, const char *words)
{
    if (f->them.seen[CONN_CLOSED] != 1 || f->them.why.code != code ||
        !strstr(f->them.why.text, words))
        fail_msg("%d: %s", f->them.why.code, f->them.why.text);
}

/* What becomes of who sends only these bytes. */
static void refused_at_once(struct secure_bench *b, const void *bytes, size_t n, enum err code,
                            const char *words)
{
    struct foe f;
    foe_open(&f, b);
    foe_send(&f, bytes, n);
    assert_int_equal(f.them.seen[CONN_OPEN], 0);
    check_refused(&f, code, words);
    foe_hear(&f);
    assert_int_equal(buf_len(&f.in), 0); /* and is not answered */
    foe_close(&f);
}

static void a_first_message_that_cannot_be_is_refused(void **state)
{
    struct secure_bench *b = *state;
    uint8_t bytes[40] = {0, 33, 9};
    refused_at_once(b, bytes, 2 + 33, ERR_INVALID, "first message has a payload");
    bytes[1] = 31;
    refused_at_once(b, bytes, 2 + 31, ERR_INVALID, "message 1 is cut short");
    bytes[1] = 0;
    refused_at_once(b, bytes, 2, ERR_INVALID, "message 1 is cut short");
    refused_at_once(b, "\xff\xff", 2, ERR_LIMIT, "handshake message of 65535 bytes");
    refused_at_once(b, "\x40\x01", 2, ERR_LIMIT, "16385 bytes");
    memset(bytes, 0, sizeof bytes);
    bytes[1] = 32;
    refused_at_once(b, bytes, 2 + 32, ERR_INVALID, "point of low order");
}

static void foreign_identities_are_known_by_their_ids(void **state)
{
    struct secure_bench *b = *state;
    for (size_t i = 0; i < FOREIGN_TYPES; i++) {
        struct foe f;
        struct foreign who;
        struct buf payload = {0};
        foe_open(&f, b);
        foreign_make(&who, foreign_types[i]);
        foreign_payload(&f, &who, secure_yamux, &payload);
        foe_shake(&f, buf_cur(&payload));
        if (f.them.seen[CONN_OPEN] != 1)
            fail_msg("%s", f.them.why.text);
        assert_true(peer_id_equal(secure_peer(f.them.c), &who.id));
        buf_done(&payload);
        foreign_done(&who);
        foe_close(&f);
    }
}

static void a_peer_without_the_extension_negotiates_its_muxer_above(void **state)
{
    struct secure_bench *b = *state;
    struct foe f;
    struct foreign who;
    struct buf payload = {0};
    foe_open(&f, b);
    foreign_make(&who, PUBKEY_ECDSA);
    foreign_payload(&f, &who, NULL, &payload);
    foe_shake(&f, buf_cur(&payload));
    assert_int_equal(f.them.seen[CONN_OPEN], 1);
    assert_null(secure_muxer(f.them.c));
    buf_done(&payload);
    foreign_done(&who);
    foe_close(&f);
}

static void refused_with_payload(struct secure_bench *b, struct cur payload, enum err code,
                                 const char *words)
{
    struct foe f;
    foe_open(&f, b);
    foe_shake(&f, payload);
    assert_int_equal(f.them.seen[CONN_OPEN], 0);
    check_refused(&f, code, words);
    foe_close(&f);
}

static void a_payload_that_proves_nothing_is_refused(void **state)
{
    struct secure_bench *b = *state;
    struct foe f;
    struct foreign who;
    struct buf payload = {0}, key = {0};
    foreign_make(&who, PUBKEY_ECDSA);
    refused_with_payload(b, cur_of(NULL, 0), ERR_INVALID, "no identity key");
    refused_with_payload(b, cur_of("\x0a\x03zzz\x12\x01s", 8), ERR_INVALID, "key");

    pubkey_encode(&who.pub, &key);
    noise_payload_write(&payload, buf_cur(&key), cur_of("signed", 6), NULL);
    refused_with_payload(b, buf_cur(&payload), ERR_DENIED, "did not sign");

    foe_open(&f, b);
    f.key.pub[0] ^= 1; /* an honest signature, of another static key */
    buf_clear(&payload);
    foreign_payload(&f, &who, NULL, &payload);
    foe_close(&f);
    refused_with_payload(b, buf_cur(&payload), ERR_DENIED, "did not sign");

    foe_open(&f, b);
    buf_clear(&payload);
    foreign_payload(&f, &who, (const char *[]){"/quux", "/mplex/6.7.0", NULL}, &payload);
    foe_close(&f);
    refused_with_payload(b, buf_cur(&payload), ERR_INVALID, "none of our muxers, but /quux");
    buf_done(&payload);
    buf_done(&key);
    foreign_done(&who);
}

static void a_giant_payload_is_refused_by_its_length(void **state)
{
    struct secure_bench *b = *state;
    enum { MOST = (16 << 10) - 48 - 16 };
    struct foreign who;
    struct buf payload = {0};
    struct foe f;
    foreign_make(&who, PUBKEY_ECDSA);
    foe_open(&f, b);
    foreign_payload(&f, &who, NULL, &payload);
    size_t padding = MOST - buf_len(&payload) - 3; /* an unknown field fills it up */
    buf_put(&payload, "\x7a", 1);
    buf_uvarint(&payload, padding);
    memset(buf_room(&payload, padding), 'p', padding);
    buf_grew(&payload, padding);
    assert_int_equal(buf_len(&payload), MOST);
    foe_shake(&f, buf_cur(&payload));
    assert_int_equal(f.them.seen[CONN_OPEN], 1);
    foe_close(&f);
    buf_put(&payload, "\x78\x01", 2); /* one more, of two bytes */
    refused_with_payload(b, buf_cur(&payload), ERR_LIMIT, "handshake message of 16386 bytes");
    buf_done(&payload);
    foreign_done(&who);
}

static void fill_pattern(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = pattern(i);
}

static void the_longest_frame_is_read_and_empty_ones_are_passed_over(void **state)
{
    struct secure_bench *b = *state;
    enum { LONGEST = NOISE_MESSAGE_MAX - NOISE_TAG_LEN };
    struct foe f;
    uint8_t *bytes = mem_zalloc(LONGEST);
    fill_pattern(bytes, LONGEST);
    foe_open(&f, b);
    foe_shake_honestly(&f);
    foe_send_sealed(&f, "", 0);
    assert_int_equal(f.them.seen[CONN_READABLE], 0);
    foe_send_sealed(&f, bytes, LONGEST);
    assert_int_equal(f.them.got, LONGEST);
    assert_int_equal(f.them.seen[CONN_READABLE], 1);
    assert_int_equal(f.them.seen[CONN_CLOSED], 0);
    foe_close(&f);
    free(bytes);
}

static void nothing_but_empty_frames_is_refused(void **state)
{
    struct secure_bench *b = *state;
    enum { MANY = 1001, EACH = 2 + NOISE_TAG_LEN };
    struct foe f;
    struct buf frames = {0};
    foe_open(&f, b);
    foe_shake_honestly(&f);
    for (int i = 0; i < MANY; i++) {
        buf_be16(&frames, NOISE_TAG_LEN);
        assert_true(noise_cipher_seal(&f.sends, NULL, 0, "", 0, buf_room(&frames, NOISE_TAG_LEN)));
        buf_grew(&frames, NOISE_TAG_LEN);
    }
    foe_send(&f, buf_bytes(&frames), (MANY - 1) * EACH);
    assert_int_equal(f.them.seen[CONN_CLOSED], 0);
    buf_eat(&frames, (MANY - 1) * EACH);
    foe_send(&f, buf_bytes(&frames), EACH);
    check_refused(&f, ERR_LIMIT, "empty frames");
    buf_done(&frames);
    foe_close(&f);
}

static void a_frame_shorter_than_its_tag_is_refused(void **state)
{
    struct secure_bench *b = *state;
    for (uint8_t n = 0; n < NOISE_TAG_LEN; n += NOISE_TAG_LEN - 1) {
        struct foe f;
        uint8_t bytes[2 + NOISE_TAG_LEN] = {0, n};
        foe_open(&f, b);
        foe_shake_honestly(&f);
        foe_send(&f, bytes, 2 + (size_t)n);
        check_refused(&f, ERR_INVALID, "noise: a frame of ");
        foe_close(&f);
    }
}

static void a_frame_that_comes_twice_is_refused(void **state)
{
    struct secure_bench *b = *state;
    struct foe f;
    uint8_t byte = pattern(0), sealed[1 + NOISE_TAG_LEN];
    foe_open(&f, b);
    foe_shake_honestly(&f);
    assert_true(noise_cipher_seal(&f.sends, NULL, 0, &byte, 1, sealed));
    foe_send_frame(&f, cur_of(sealed, sizeof sealed));
    assert_int_equal(f.them.got, 1);
    foe_send_frame(&f, cur_of(sealed, sizeof sealed));
    check_refused(&f, ERR_INVALID, "not authentic");
    assert_int_equal(f.them.got, 1);
    foe_close(&f);
}

/* Parts travel in one frame, and a frame takes 64 KiB at most. */
static void what_is_sent_goes_in_frames_of_64_kib(void **state)
{
    struct secure_bench *b = *state;
    enum { MANY = 200000 };
    struct foe f;
    uint8_t *bytes = mem_zalloc(MANY), *opened = mem_zalloc(MANY);
    size_t frames = 0, got = 0;
    fill_pattern(bytes, MANY);
    foe_open(&f, b);
    foe_shake_honestly(&f);
    for (size_t sent = 0; sent < MANY;) {
        struct iovec parts[3] = {{bytes + sent, 5}, {bytes + sent + 5, 0}, {bytes + sent + 5, 0}};
        parts[2].iov_len = MANY - sent - 5;
        ssize_t took = conn_sendv(f.them.c, parts, 3);
        assert_true(took > 0 || took == CONN_AGAIN);
        sent += took > 0 ? (size_t)took : 0;
        world_settle(&b->w);
        foe_hear(&f);
    }
    world_settle(&b->w);
    foe_hear(&f);
    struct cur in = buf_cur(&f.in);
    for (; in.n > 0 && !in.bad; frames++) {
        size_t n = cur_be16(&in);
        struct cur m = cur_take(&in, n);
        assert_in_range(m.n, NOISE_TAG_LEN + 1, 65534);
        assert_true(noise_cipher_open(&f.gets, NULL, 0, m.p, m.n, opened + got));
        got += m.n - NOISE_TAG_LEN;
    }
    assert_true(cur_done(&in));
    assert_int_equal(got, MANY);
    assert_memory_equal(opened, bytes, MANY);
    assert_in_range(frames, 4, 12);
    free(bytes);
    free(opened);
    foe_close(&f);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, secure_bench_close),
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE) CASE(a_first_message_that_cannot_be_is_refused)
            CASE(foreign_identities_are_known_by_their_ids)
                CASE(a_peer_without_the_extension_negotiates_its_muxer_above)
                    CASE(a_payload_that_proves_nothing_is_refused)
                        CASE(a_giant_payload_is_refused_by_its_length)
                            CASE(the_longest_frame_is_read_and_empty_ones_are_passed_over)
                                CASE(nothing_but_empty_frames_is_refused)
                                    CASE(a_frame_shorter_than_its_tag_is_refused)
                                        CASE(a_frame_that_comes_twice_is_refused)
                                            CASE(what_is_sent_goes_in_frames_of_64_kib)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
