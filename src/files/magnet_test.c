#include "files/magnet.h"

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

static void v2_alone_is_said_apart(void **state)
{
    (void)state;
    struct why why;
    assert_null(magnet_parse("magnet:?xt=urn:btmh:1220caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f61"
                             "05232b28ad099f3a302e",
                             &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "v2"));
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
    magnet_write(&b, hash, "a & b = c", trackers, 2);
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
    magnet_write(&b, hash, NULL, NULL, 0);
    assert_int_equal(buf_len(&b), 60);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_link_of_bep_9),
        cmocka_unit_test(the_hash_may_be_base32_and_the_topic_escaped),
        cmocka_unit_test(what_is_no_magnet_link_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(v2_alone_is_said_apart),
        cmocka_unit_test(links_and_lists_are_bounded),
        cmocka_unit_test(values_that_could_harm_are_cleaned_or_passed_over),
        cmocka_unit_test(what_we_write_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
