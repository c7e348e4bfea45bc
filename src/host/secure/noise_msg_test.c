#include "host/secure/noise_msg.h"

#include "base/test.h"

#include "base/mem.h"

#define VIEW(text) cur_of(text, sizeof text - 1)

static const char *const yamux_mplex[] = {"/yamux/1.0.0", "/mplex/6.7.0", NULL};
static const char *const mplex_yamux[] = {"/mplex/6.7.0", "/yamux/1.0.0", NULL};
static const char *const quux[] = {"/quux/1.0.0", NULL};
static const char *const none[] = {NULL};

static void assert_view(struct cur view, const char *text)
{
    assert_int_equal(view.n, strlen(text));
    assert_memory_equal(view.p, text, view.n);
}

static void a_payload_is_the_protobuf_of_the_specification(void **state)
{
    static const char bytes[] = "\x0a\x03KEY\x12\x04SIGN\x22\x0e\x12\x0c/yamux/1.0.0";
    struct buf out = {0};
    (void)state;
    noise_payload_write(&out, VIEW("KEY"), VIEW("SIGN"), (const char *[]){"/yamux/1.0.0", NULL});
    assert_int_equal(buf_len(&out), sizeof bytes - 1);
    assert_memory_equal(buf_bytes(&out), bytes, sizeof bytes - 1);
    buf_clear(&out);
    noise_payload_write(&out, VIEW("KEY"), VIEW("SIGN"), none);
    assert_int_equal(buf_len(&out), 11); /* without the extension */
    buf_done(&out);
}

static void unknown_fields_and_wire_types_are_passed_over(void **state)
{
    /* data (3, of earlier revisions), a fixed64, key as a varint, certhashes, muxers in two
     * extensions messages, experimental code point 1025; the last key that is one counts. */
    static const char bytes[] = "\x1a\x02zz\x49"
                                "12345678\x08\x07\x0a\x01x\x22\x06\x0a\x01h\x12\x01"
                                "a\x12\x01s\x22\x07\x12\x01"
                                "b\x8a\x40\x01q\x0a\x03KEY\x08\x07";
    struct noise_payload p;
    struct why why = {0};
    (void)state;
    if (noise_payload_read(VIEW(bytes), &p, &why) != OK)
        fail_msg("%s", why.text);
    assert_view(p.key, "KEY");
    assert_view(p.sig, "s");
    assert_int_equal(p.muxer_count, 2);
    assert_view(p.muxers[0], "a");
    assert_view(p.muxers[1], "b");
}

static void a_payload_without_key_or_signature_is_refused(void **state)
{
    struct noise_payload p;
    struct why why;
    (void)state;
    assert_int_equal(noise_payload_read(VIEW(""), &p, &why), ERR_INVALID);
    assert_int_equal(noise_payload_read(VIEW("\x0a\x01k"), &p, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "signature"));
    assert_int_equal(noise_payload_read(VIEW("\x12\x01s"), &p, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "key"));
    assert_int_equal(noise_payload_read(VIEW("\x0a\x00\x12\x01s"), &p, &why), ERR_INVALID);
    assert_int_equal(noise_payload_read(VIEW("\x0a\x01k\x12\x01s"), &p, &why), OK);
}

/* Of exactly the size, so that a sanitizer sees one byte too many. */
static enum err read_copy(const uint8_t *bytes, size_t n)
{
    struct noise_payload p;
    struct why why = {0};
    void *copy = mem_dup(bytes, n);
    enum err e = noise_payload_read(cur_of(copy, n), &p, &why);
    assert_true(e == OK || why.text[0] != '\0');
    free(copy);
    return e;
}

static void a_payload_cut_short_is_refused_unless_it_ends_with_a_field(void **state)
{
    struct buf out = {0};
    (void)state;
    noise_payload_write(&out, VIEW("KEY"), VIEW("SIGN"), yamux_mplex);
    for (size_t n = 0; n < buf_len(&out); n++)
        assert_int_equal(read_copy(buf_bytes(&out), n), n == 11 ? OK : ERR_INVALID);
    assert_int_equal(read_copy(buf_bytes(&out), buf_len(&out)), OK);
    buf_done(&out);
}

static void muxers_are_counted(void **state)
{
    const char *names[NOISE_MUXERS_MAX + 2] = {NULL};
    struct buf out = {0};
    (void)state;
    for (size_t i = 0; i < NOISE_MUXERS_MAX; i++)
        names[i] = "m";
    noise_payload_write(&out, VIEW("k"), VIEW("s"), names);
    assert_int_equal(read_copy(buf_bytes(&out), buf_len(&out)), OK);
    buf_clear(&out);
    names[NOISE_MUXERS_MAX] = "m";
    noise_payload_write(&out, VIEW("k"), VIEW("s"), names);
    assert_int_equal(read_copy(buf_bytes(&out), buf_len(&out)), ERR_LIMIT);
    buf_done(&out);
}

static void the_static_key_is_signed_under_its_prefix(void **state)
{
    uint8_t text[NOISE_SIGNED_LEN], key[32];
    (void)state;
    memset(key, 'k', sizeof key);
    noise_signed_text(text, key);
    assert_memory_equal(text, "noise-libp2p-static-key:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
                        sizeof text);
}

/* What `ours` and what they named come to; "" for no muxer, NULL for a failed handshake. */
static const char *pick(const char *const *ours, const char *const *theirs, bool we_began)
{
    struct noise_payload p;
    struct buf bytes = {0};
    struct why why = {0};
    const char *picked;
    noise_payload_write(&bytes, VIEW("k"), VIEW("s"), theirs);
    assert_int_equal(noise_payload_read(buf_cur(&bytes), &p, &why), OK);
    enum err e = noise_pick_muxer(ours, &p, we_began, &picked, &why);
    buf_done(&bytes);
    assert_int_equal(e != OK, why.text[0] != '\0');
    return e != OK ? NULL : picked ? picked : "";
}

static void the_initiators_first_that_both_speak_is_the_muxer(void **state)
{
    (void)state;
    assert_ptr_equal(pick(yamux_mplex, mplex_yamux, true), yamux_mplex[0]);
    assert_ptr_equal(pick(mplex_yamux, yamux_mplex, false), mplex_yamux[1]);
    assert_ptr_equal(pick(yamux_mplex, mplex_yamux, false), yamux_mplex[1]);
    assert_ptr_equal(pick(yamux_mplex, (const char *[]){"/x", "/mplex/6.7.0", NULL}, true),
                     yamux_mplex[1]);
}

static void no_muxer_in_common_fails_the_handshake(void **state)
{
    (void)state;
    assert_null(pick(yamux_mplex, quux, true));
    assert_null(pick(yamux_mplex, quux, false));
    assert_null(pick(quux, (const char *[]){"/quux/1.0", "/quux/1.0.0x", NULL}, true));
}

static void a_side_that_names_no_muxer_leaves_it_open(void **state)
{
    (void)state;
    assert_string_equal(pick(yamux_mplex, none, true), "");
    assert_string_equal(pick(none, yamux_mplex, false), "");
    assert_string_equal(pick(NULL, yamux_mplex, false), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_is_the_protobuf_of_the_specification),
        cmocka_unit_test(unknown_fields_and_wire_types_are_passed_over),
        cmocka_unit_test(a_payload_without_key_or_signature_is_refused),
        cmocka_unit_test(a_payload_cut_short_is_refused_unless_it_ends_with_a_field),
        cmocka_unit_test(muxers_are_counted),
        cmocka_unit_test(the_static_key_is_signed_under_its_prefix),
        cmocka_unit_test(the_initiators_first_that_both_speak_is_the_muxer),
        cmocka_unit_test(no_muxer_in_common_fails_the_handshake),
        cmocka_unit_test(a_side_that_names_no_muxer_leaves_it_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
