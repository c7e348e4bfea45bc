#include "files/peer/wire_msg.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/meta/metainfo.h"

#include <stdio.h>

static enum err read_ext(const char *text, struct wire_ext *out)
{
    struct why why = {0};
    char *exact = mem_dup(text, strlen(text)); /* so that a read past its end is seen */
    enum err err = wire_read_ext(cur_of(exact, strlen(text)), out, &why);
    assert_int_equal(why.code, err);
    assert_int_equal(why.text[0] != '\0', err != OK);
    free(exact);
    return err;
}

static enum err read_md(const void *bytes, size_t n, struct wire_metadata *out)
{
    struct why why = {0};
    enum err err = wire_read_metadata(cur_of(bytes, n), out, &why);
    assert_int_equal(why.text[0] != '\0', err != OK);
    return err;
}

static enum err read_md_text(const char *text, struct wire_metadata *out)
{
    return read_md(text, strlen(text), out);
}

static void reads_the_handshake_of_bep_10(void **state)
{
    (void)state;
    struct wire_ext e;
    assert_int_equal(read_ext("d1:md11:LT_metadatai1e6:ut_pexi2ee1:pi6881e1:v13:\xc2\xb5Torrent "
                              "1.2e",
                              &e),
                     OK);
    assert_int_equal(e.ut_metadata, 0);
    assert_int_equal(e.ut_pex, 2);
    assert_int_equal(e.port, 6881);
    assert_string_equal(e.client, "\xc2\xb5Torrent 1.2");
    assert_int_equal(e.reqq, 0);
    assert_int_equal(e.metadata_size, 0);
    assert_false(e.upload_only);
}

static void our_handshake_is_canonical_and_comes_back(void **state)
{
    (void)state;
    struct buf b = {0};
    struct wire_msg m;
    struct wire_ext e;
    wire_put_ext_handshake(&b, &(struct wire_ext_own){.ut_metadata = 3,
                                                      .ut_pex = 2,
                                                      .metadata_size = 31235,
                                                      .port = 6881,
                                                      .client = "Shoal 0.1"});
    assert_int_equal(wire_read(buf_cur(&b), &m, NULL), OK);
    assert_int_equal(m.type, WIRE_EXTENDED);
    assert_int_equal(m.ext_id, 0);
    const char want[] = "d1:md11:ut_metadatai3e6:ut_pexi2ee13:metadata_sizei31235e1:pi6881e4:"
                        "reqqi500e"
                        "1:v9:Shoal 0.1e";
    assert_int_equal(m.body.n, sizeof want - 1);
    assert_memory_equal(m.body.p, want, m.body.n);
    assert_int_equal(wire_read_ext(m.body, &e, NULL), OK);
    assert_int_equal(e.ut_metadata, 3);
    assert_int_equal(e.ut_pex, 2);
    assert_int_equal(e.metadata_size, 31235);
    assert_int_equal(e.reqq, WIRE_REQQ);
    buf_clear(&b);
    wire_put_ext_handshake(&b, &(struct wire_ext_own){.ut_metadata = 3, .client = "x"});
    assert_int_equal(wire_read(buf_cur(&b), &m, NULL), OK);
    assert_int_equal(wire_read_ext(m.body, &e, NULL), OK);
    assert_int_equal(e.metadata_size, 0);
    assert_int_equal(e.ut_pex, 0);
    assert_int_equal(e.port, 0);
    buf_done(&b);
}

static void numbers_that_cannot_be_are_as_if_not_said(void **state)
{
    (void)state;
    struct wire_ext e;
    assert_int_equal(read_ext("d1:md11:ut_metadatai256e6:ut_pexi-1ee13:metadata_sizei-1e1:pi65536e"
                              "4:reqqi-5e1:vi3ee",
                              &e),
                     OK);
    assert_int_equal(e.ut_metadata, 0);
    assert_int_equal(e.ut_pex, 0);
    assert_int_equal(e.metadata_size, 0);
    assert_int_equal(e.port, 0);
    assert_int_equal(e.reqq, 0);
    assert_string_equal(e.client, "");
    assert_int_equal(read_ext("d1:md11:ut_metadatai255eee", &e), OK);
    assert_int_equal(e.ut_metadata, 255);
    assert_int_equal(read_ext("d1:mi7e11:upload_onlyi1ee", &e), OK);
    assert_true(e.upload_only);
    assert_int_equal(read_ext("de", &e), OK);
}

static void metadata_past_the_limit_is_refused(void **state)
{
    (void)state;
    struct wire_ext e;
    char text[80];
    snprintf(text, sizeof text, "d13:metadata_sizei%dee", MI_INFO_MAX);
    assert_int_equal(read_ext(text, &e), OK);
    assert_int_equal(e.metadata_size, MI_INFO_MAX);
    snprintf(text, sizeof text, "d13:metadata_sizei%dee", MI_INFO_MAX + 1);
    assert_int_equal(read_ext(text, &e), ERR_LIMIT);
    assert_int_equal(read_ext("d13:metadata_sizei9223372036854775807ee", &e), ERR_LIMIT);
}

static void a_client_name_is_cleaned_and_cut(void **state)
{
    (void)state;
    struct wire_ext e;
    assert_int_equal(read_ext("d1:v6:a\x1b[2J\ne", &e), OK);
    assert_string_equal(e.client, "a?[2J?");
    struct buf b = {0};
    buf_str(&b, "d1:v100:");
    for (int i = 0; i < 100; i++)
        buf_u8(&b, 'x');
    buf_u8(&b, 'e');
    assert_int_equal(wire_read_ext(buf_cur(&b), &e, NULL), OK);
    assert_int_equal(strlen(e.client), 63);
    buf_done(&b);
}

static void handshakes_that_are_no_dictionary_are_refused(void **state)
{
    (void)state;
    struct wire_ext e;
    static const char *const wrong[] = {"", "le", "i1e", "4:spam", "d", "d1:m", "garbage"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_ext(wrong[i], &e), ERR_INVALID);
    const char whole[] = "d1:md11:ut_metadatai3ee13:metadata_sizei31235e1:v1:xe";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *cut = mem_strndup(whole, n);
        assert_int_equal(read_ext(cut, &e), ERR_INVALID);
        free(cut);
    }
    struct buf deep = {0};
    for (int i = 0; i < 20000; i++) /* what killed another client */
        buf_u8(&deep, 'l');
    assert_int_equal(wire_read_ext(buf_cur(&deep), &e, NULL), ERR_LIMIT);
    memset(buf_room(&deep, WIRE_EXT_MAX), 'l', WIRE_EXT_MAX);
    buf_grew(&deep, WIRE_EXT_MAX);
    assert_int_equal(wire_read_ext(buf_cur(&deep), &e, NULL), ERR_LIMIT);
    buf_done(&deep);
}

static void reads_the_examples_of_bep_9(void **state)
{
    (void)state;
    struct wire_metadata m;
    assert_int_equal(read_md_text("d8:msg_typei0e5:piecei0ee", &m), OK);
    assert_int_equal(m.type, WIRE_MD_REQUEST);
    assert_int_equal(m.piece, 0);
    assert_int_equal(read_md_text("d8:msg_typei2e5:piecei7ee", &m), OK);
    assert_int_equal(m.type, WIRE_MD_REJECT);
    assert_int_equal(m.piece, 7);
    struct buf b = {0};
    buf_str(&b, "d8:msg_typei1e5:piecei0e10:total_sizei3425ee");
    memset(buf_room(&b, 3425), 'x', 3425);
    buf_grew(&b, 3425);
    assert_int_equal(read_md(buf_bytes(&b), buf_len(&b), &m), OK);
    assert_int_equal(m.type, WIRE_MD_DATA);
    assert_int_equal(m.total_size, 3425);
    assert_int_equal(m.data.n, 3425);
    assert_int_equal(read_md(buf_bytes(&b), buf_len(&b) - 1, &m), ERR_INVALID);
    buf_u8(&b, 'x');
    assert_int_equal(read_md(buf_bytes(&b), buf_len(&b), &m), ERR_INVALID);
    buf_done(&b);
}

static void what_is_not_known_is_ignored_and_what_cannot_be_refused(void **state)
{
    (void)state;
    struct wire_metadata m;
    assert_int_equal(read_md_text("d8:msg_typei3e5:piecei0ee", &m), OK);
    assert_int_equal(m.type, WIRE_MD_UNKNOWN);
    assert_int_equal(read_md_text("d8:msg_typei-1ee", &m), OK);
    assert_int_equal(m.type, WIRE_MD_UNKNOWN);
    assert_int_equal(read_md_text("d5:piecei0ee", &m), ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei0ee", &m), ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei0e5:piecei-1ee", &m), ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei0e5:piecei1919ee", &m), OK);
    assert_int_equal(read_md_text("d8:msg_typei0e5:piecei1920ee", &m), ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei1e5:piecei0eex", &m), ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei1e5:piecei0e10:total_sizei-1eex", &m), ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei1e5:piecei1e10:total_sizei16384eex", &m),
                     ERR_INVALID);
    assert_int_equal(read_md_text("d8:msg_typei1e5:piecei1e10:total_sizei16385eex", &m), OK);
    assert_int_equal(read_md_text("d8:msg_typei1e5:piecei0e10:total_sizei31457281eex", &m),
                     ERR_LIMIT);
    assert_int_equal(read_md_text("le", &m), ERR_INVALID);
    assert_int_equal(read_md_text("", &m), ERR_INVALID);
}

static void metadata_goes_there_and_back(void **state)
{
    (void)state;
    struct buf b = {0};
    struct wire_msg f;
    struct wire_metadata m;
    uint8_t piece[WIRE_METADATA_PIECE] = "the first of two";
    wire_put_metadata(&b, 9, WIRE_MD_DATA, 0, WIRE_METADATA_PIECE + 1, piece, sizeof piece);
    assert_int_equal(wire_read(buf_cur(&b), &f, NULL), OK);
    assert_int_equal(f.ext_id, 9);
    assert_int_equal(wire_read_metadata(f.body, &m, NULL), OK);
    assert_int_equal(m.data.n, sizeof piece);
    assert_memory_equal(m.data.p, piece, sizeof piece);
    buf_clear(&b);
    wire_put_metadata(&b, 9, WIRE_MD_REQUEST, 4, 0, NULL, 0);
    assert_int_equal(wire_read(buf_cur(&b), &f, NULL), OK);
    assert_int_equal(f.body.n, 25);
    assert_memory_equal(f.body.p, "d8:msg_typei0e5:piecei4ee", 25);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_handshake_of_bep_10),
        cmocka_unit_test(our_handshake_is_canonical_and_comes_back),
        cmocka_unit_test(numbers_that_cannot_be_are_as_if_not_said),
        cmocka_unit_test(metadata_past_the_limit_is_refused),
        cmocka_unit_test(a_client_name_is_cleaned_and_cut),
        cmocka_unit_test(handshakes_that_are_no_dictionary_are_refused),
        cmocka_unit_test(reads_the_examples_of_bep_9),
        cmocka_unit_test(what_is_not_known_is_ignored_and_what_cannot_be_refused),
        cmocka_unit_test(metadata_goes_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
