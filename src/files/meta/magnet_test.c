#include "files/meta/magnet.h"

#include "base/mem.h"
#include "base/test.h"

#define HEX "0123456789abcdef0123456789ABCDEF01234567"
#define V1 "magnet:?xt=urn:btih:" HEX
static const uint8_t hash[SHA1_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
                                       0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67};

static struct magnet *good(const char *link)
{
    struct why why = {0};
    struct magnet *m = magnet_parse(link, &why);
    if (!m)
        fail_msg("%s: %s", link, why.text);
    assert_memory_equal(m->infohash, hash, SHA1_LEN);
    return m;
}

static enum err verdict(const char *link)
{
    struct why why = {0};
    struct magnet *m = magnet_parse(link, &why);
    assert_int_equal(why.text[0] != '\0', !m);
    magnet_free(m);
    return m ? OK : why.code;
}

static void reads_a_link_of_bep_9(void **state)
{
    (void)state;
    struct magnet *m = good(V1 "&dn=Two%20words+more&tr=udp%3A%2F%2Ft.example%3A6969%2Fannounce"
                               "&tr.1=http://b/a%2Bb+c&x.pe=1.2.3.4:6881&x.pe=[2001:db8::1]:5"
                               "&so=0,2-4&ws=http://w&unknown&=&&");
    assert_string_equal(m->name, "Two words more");
    assert_int_equal(m->tracker_count, 2);
    assert_string_equal(m->trackers[0], "udp://t.example:6969/announce");
    assert_string_equal(m->trackers[1], "http://b/a+b+c");
    assert_int_equal(m->peer_count, 2);
    assert_string_equal(m->peers[0], "1.2.3.4:6881");
    assert_string_equal(m->peers[1], "[2001:db8::1]:5");
    magnet_free(m);
}

static void the_hash_may_be_base32_and_the_topic_escaped(void **state)
{
    (void)state;
    magnet_free(good("magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"));
    magnet_free(good("MAGNET:?dn=x&xt=urn%3Abtih%3A" HEX));
    magnet_free(good("magnet:?xt=urn:btmh:1220aa&xt.2=URN:BTIH:" HEX));
    magnet_free(good(V1 "&xt=urn:btih:ffffffffffffffffffffffffffffffffffffffff")); /* the first */
    struct magnet *m = good(V1);
    assert_null(m->name);
    magnet_free(m);
}

static void what_is_no_magnet_link_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "magnet:",
        "magnet:?",
        "magnet:?dn=x",
        "http://x/?xt=urn:btih:" HEX,
        "magnet:?xt=urn:btih:",
        "magnet:?xt=urn:btih:" HEX "0",
        "magnet:?xt=urn:btih:0123456789abcdef0123456789ABCDEF0123456",
        "magnet:?xt=urn:btih:0123456789abcdef0123456789ABCDEF0123456g",
        "magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRL1",
        "magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRL=",
        "magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH=",
        "magnet:?xt=urn:sha1:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH",
        "magnet:?xt=urn:btih:" HEX "%00",
        "magnet:?xy=urn:btih:" HEX,
        "magnet:?xt.=urn:btih:" HEX,
        "magnet:?xt.a=urn:btih:" HEX,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (verdict(wrong[i]) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof V1 - 1; n++) {
        char *cut = mem_strndup(V1, n);
        assert_int_equal(verdict(cut), ERR_INVALID);
        free(cut);
    }
    assert_int_equal(verdict(V1), OK);
}

#define V2 "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e"

static void a_link_may_have_a_v2_hash_alone_or_both(void **state)
{
    (void)state;
    struct magnet *m = magnet_parse("magnet:?xt=urn:btmh:1220" V2, NULL);
    assert_true(m->hash.has_v2);
    assert_false(m->hash.has_v1);
    assert_int_equal(m->hash.v2[31], 0x2e);
    assert_memory_equal(m->infohash, m->hash.v2, INFOHASH_LEN); /* cut */
    magnet_free(m);
    m = good("magnet:?xt.1=urn:btmh:1220" V2 "&xt.2=urn:btih:" HEX "&xt=urn:btmh:1220ff");
    assert_true(m->hash.has_v1 && m->hash.has_v2);
    assert_int_equal(m->hash.v2[0], 0xca);
    magnet_free(m);
}

static void a_v2_hash_is_a_multihash_of_sha_256(void **state)
{
    (void)state;
    static const char *const bad[] = {"1220", "1220" V2 "00", "1120" V2, "1221" V2,
                                      V2,     "1220" V2 "0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *link = mem_printf("magnet:?xt=urn:btmh:%s", bad[i]);
        assert_int_equal(verdict(link), ERR_INVALID);
        free(link);
    }
}

static void files_may_be_chosen_by_number(void **state)
{
    (void)state;
    struct magnet *m = good(V1 "&so=6-8,0,2,1,9,x,4-,-3,7-5,99999999999,20-30,25-40");
    static const struct magnet_range want[] = {{0, 2}, {6, 9}, {20, 40}};
    assert_int_equal(m->only_count, 3);
    assert_memory_equal(m->only, want, sizeof want);
    magnet_free(m);
    m = good(V1 "&so=4294967295&so=0-4294967294");
    assert_int_equal(m->only_count, 1);
    assert_int_equal(m->only[0].last, UINT32_MAX);
    magnet_free(m);
    m = good(V1 "&so=");
    assert_int_equal(m->only_count, 0);
    magnet_free(m);
}

static void web_seeds_are_of_http(void **state)
{
    (void)state;
    struct magnet *m = good(V1 "&ws=http%3A%2F%2Fa%2Fb&ws=https://c&ws=ftp://d&ws=file:///e");
    assert_int_equal(m->web_seed_count, 2);
    assert_string_equal(m->web_seeds[0], "http://a/b");
    magnet_free(m);
}

/* BEP 46, "Test Vectors": public key and salt. */
#define KEY "8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e"

static void a_public_key_stands_for_a_torrent_that_changes(void **state)
{
    (void)state;
    struct magnet *m = magnet_parse("magnet:?xs=urn:btpk:" KEY "&s=6e", NULL);
    assert_true(m->has_key);
    assert_null(infohash_id(&m->hash));
    assert_int_equal(m->key[0], 0x85);
    assert_int_equal(m->salt_len, 1);
    assert_int_equal(m->salt[0], 0x6e);
    magnet_free(m);
    assert_int_equal(verdict("magnet:?xs=urn:btpk:" KEY "0"), ERR_INVALID);
    assert_int_equal(verdict("magnet:?xs=urn:btpk:" KEY "&s=6"), ERR_INVALID);
    assert_int_equal(verdict("magnet:?xs=urn:btpk:" KEY "&s=" KEY KEY "00"), ERR_INVALID);
    assert_int_equal(verdict("magnet:?xs=http://elsewhere"), ERR_INVALID);
}

static char *padded(size_t len)
{
    char *link = mem_zalloc(len + 1);
    memset(link, 'x', len);
    memcpy(link, V1 "&dn=", sizeof V1 + 3);
    return link;
}

static void links_and_lists_are_bounded(void **state)
{
    (void)state;
    char *most = padded(MAGNET_MAX), *more = padded(MAGNET_MAX + 1);
    assert_int_equal(verdict(most), OK);
    assert_int_equal(verdict(more), ERR_LIMIT);
    free(most);
    free(more);
    struct buf b = {0};
    buf_str(&b, V1);
    for (int i = 0; i < MAGNET_TRACKERS_MAX + 1; i++)
        buf_printf(&b, "&tr=http://%d&x.pe=a:%d", i, i);
    char *link = buf_take_str(&b);
    struct magnet *m = good(link);
    assert_int_equal(m->tracker_count, MAGNET_TRACKERS_MAX);
    assert_string_equal(m->trackers[MAGNET_TRACKERS_MAX - 1], "http://63");
    assert_int_equal(m->peer_count, MAGNET_PEERS_MAX);
    magnet_free(m);
    free(link);
}

static void values_that_could_harm_are_cleaned_or_passed_over(void **state)
{
    (void)state;
    struct magnet *m = good(V1 "&dn=a%00b%1b%ff%&tr=http://a%0d%0aHost:x&tr=&x.pe=%00&dn=second");
    assert_string_equal(m->name, "a?b??%");
    assert_int_equal(m->tracker_count, 0);
    assert_int_equal(m->peer_count, 0);
    magnet_free(m);
    magnet_free(NULL);
}

static void what_we_write_comes_back(void **state)
{
    (void)state;
    static const char *const trackers[] = {"udp://t.example:1/a?b=c&d", "http://x/+%"};
    struct buf b = {0};
    struct infohash h = {.has_v1 = true};
    memcpy(h.v1, hash, sizeof h.v1);
    magnet_write(&b, &h, "a & b = c", trackers, 2);
    char *link = buf_take_str(&b);
    assert_string_equal(link,
                        "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"
                        "&dn=a%20%26%20b%20%3D%20c&tr=udp%3A%2F%2Ft.example%3A1%2Fa%3Fb%3Dc%26d"
                        "&tr=http%3A%2F%2Fx%2F%2B%25");
    struct magnet *m = good(link);
    assert_string_equal(m->name, "a & b = c");
    assert_string_equal(m->trackers[0], trackers[0]);
    assert_string_equal(m->trackers[1], trackers[1]);
    magnet_free(m);
    free(link);
    magnet_write(&b, &h, NULL, NULL, 0);
    assert_int_equal(buf_len(&b), 60);
    buf_clear(&b);
    h.has_v2 = true;
    memset(h.v2, 0xab, sizeof h.v2);
    magnet_write(&b, &h, NULL, NULL, 0);
    link = buf_take_str(&b);
    m = good(link);
    assert_true(infohash_same(&m->hash, &h) && m->hash.has_v2);
    magnet_free(m);
    free(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_link_of_bep_9),
        cmocka_unit_test(the_hash_may_be_base32_and_the_topic_escaped),
        cmocka_unit_test(what_is_no_magnet_link_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_link_may_have_a_v2_hash_alone_or_both),
        cmocka_unit_test(a_v2_hash_is_a_multihash_of_sha_256),
        cmocka_unit_test(files_may_be_chosen_by_number),
        cmocka_unit_test(web_seeds_are_of_http),
        cmocka_unit_test(a_public_key_stands_for_a_torrent_that_changes),
        cmocka_unit_test(links_and_lists_are_bounded),
        cmocka_unit_test(values_that_could_harm_are_cleaned_or_passed_over),
        cmocka_unit_test(what_we_write_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
