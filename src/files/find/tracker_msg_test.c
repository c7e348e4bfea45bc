#include "files/find/tracker_msg.h"

#include "base/mem.h"
#include "base/test.h"

static const struct tracker_announce ask = {.infohash = "\x12\x34\x56\x78\x9a\xbc\xde\xf1\x23\x45"
                                                        "\x67\x89\xab\xcd\xef\x12\x34\x56\x78\x9a",
                                            .peer_id = "-SH0100-abcdefghijkl",
                                            .downloaded = 100,
                                            .uploaded = 7,
                                            .left = 40,
                                            .event = TRACKER_STARTED,
                                            .key = 0xbeef,
                                            .want = 50,
                                            .port = 6881};

#define QUERY                                                                                      \
    "info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A&peer_id=-SH0100-abcdefghijkl"          \
    "&port=6881&uploaded=7&downloaded=100&left=40&compact=1&numwant=50&key=0000beef"

static void assert_http(const char *url, const struct tracker_announce *a, const char *id,
                        const char *want)
{
    struct buf b = {0};
    tracker_put_http(&b, url, a, id);
    char *got = buf_take_str(&b);
    assert_string_equal(got, want);
    free(got);
}

static void the_http_query_is_that_of_bep_3(void **state)
{
    (void)state;
    assert_http("http://t/announce", &ask, "", "http://t/announce?" QUERY "&event=started");
    struct tracker_announce a = ask;
    a.event = TRACKER_NONE;
    assert_http("http://t/a?pass=1", &a, "x y", "http://t/a?pass=1&" QUERY "&trackerid=x%20y");
    assert_http("http://t/a?", &a, "", "http://t/a?" QUERY);
    assert_http("http://t/a?p=1&", &a, "", "http://t/a?p=1&" QUERY);
    assert_http("http://t/a#frag?", &a, "", "http://t/a?" QUERY);
    a.event = TRACKER_COMPLETED;
    assert_http("http://t/a", &a, "", "http://t/a?" QUERY "&event=completed");
    a.event = TRACKER_STOPPED;
    assert_http("http://t/a", &a, "", "http://t/a?" QUERY "&event=stopped");
}

static enum err read_http_n(const void *bytes, size_t n, struct tracker_answer *out)
{
    struct why why = {0};
    char *exact = mem_dup(bytes, n); /* so that a read past its end is seen */
    enum err err = tracker_read_http(cur_of(exact, n), out, &why);
    assert_int_equal(why.text[0] != '\0', err != OK);
    free(exact);
    return err;
}

static enum err read_http(const char *text, struct tracker_answer *out)
{
    return read_http_n(text, strlen(text), out);
}

static void assert_addr(const struct addr *a, const char *want)
{
    char text[ADDR_TEXT];
    assert_string_equal(addr_format(a, text), want);
}

static void reads_compact_answers_of_bep_23_and_7(void **state)
{
    (void)state;
    struct tracker_answer a;
    assert_int_equal(read_http("d8:completei3e10:incompletei4e8:intervali1800e5:peers6:iiiipp"
                               "6:peers618:iiiiiiiiiiiiiiiippe",
                               &a),
                     OK);
    assert_int_equal(a.interval_s, 1800);
    assert_int_equal(a.seeders, 3);
    assert_int_equal(a.leechers, 4);
    assert_string_equal(a.failure, "");
    assert_int_equal(a.peer_count, 2);
    assert_addr(&a.peers[0], "105.105.105.105:28784");
    assert_addr(&a.peers[1], "[6969:6969:6969:6969:6969:6969:6969:6969]:28784");
}

static void reads_dictionaries_of_bep_3(void **state)
{
    (void)state;
    struct tracker_answer a;
    assert_int_equal(read_http("d8:intervali60e5:peersld2:ip7:1.2.3.47:peer id20:aaaaaaaaaaaaaaaaaa"
                               "aa4:porti6881eed2:ip11:2001:db8::14:porti1eed2:ip9:localhost4:port"
                               "i1eed2:ip7:1.2.3.44:porti0eed2:ip7:1.2.3.44:porti65536eei7ed2:ip"
                               "7:1.2.3.4eee",
                               &a),
                     OK);
    assert_int_equal(a.peer_count, 2); /* names and ports that cannot be are passed over */
    assert_addr(&a.peers[0], "1.2.3.4:6881");
    assert_addr(&a.peers[1], "[2001:db8::1]:1");
    assert_int_equal(a.interval_s, 60);
}

static void a_refusal_is_an_answer(void **state)
{
    (void)state;
    struct tracker_answer a;
    assert_int_equal(read_http("d14:failure reason10:not here\x1b\xff"
                               "e",
                               &a),
                     OK);
    assert_string_equal(a.failure, "not here??");
    assert_int_equal(read_http("d14:failure reason0:e", &a), OK);
    assert_string_equal(a.failure, "refused without a reason");
}

static uint32_t interval(const char *text)
{
    struct tracker_answer a;
    assert_int_equal(read_http(text, &a), OK);
    return a.interval_s;
}

static void intervals_stay_within_their_limits(void **state)
{
    (void)state;
    assert_int_equal(interval("de"), TRACKER_INTERVAL_DEFAULT_S);
    assert_int_equal(interval("d8:intervali0ee"), TRACKER_INTERVAL_DEFAULT_S);
    assert_int_equal(interval("d8:intervali-5ee"), TRACKER_INTERVAL_DEFAULT_S);
    assert_int_equal(interval("d8:intervali29ee"), 30);
    assert_int_equal(interval("d8:intervali31ee"), 31);
    assert_int_equal(interval("d8:intervali7200ee"), 7200);
    assert_int_equal(interval("d8:intervali7201ee"), 7200);
    assert_int_equal(interval("d8:intervali9223372036854775807ee"), 7200);
    assert_int_equal(interval("d8:intervali60e12:min intervali90ee"), 90);
}

static void lists_that_are_broken_or_long_are_taken_as_far_as_they_go(void **state)
{
    (void)state;
    struct tracker_answer a;
    assert_int_equal(read_http("d5:peers8:iiiippxxe", &a), OK); /* not a multiple of 6 */
    assert_int_equal(a.peer_count, 1);
    assert_int_equal(read_http("d5:peersi1ee", &a), OK);
    assert_int_equal(a.peer_count, 0);
    struct buf b = {0};
    buf_printf(&b, "d5:peers%d:", 6 * (TRACKER_PEERS_MAX + 1));
    for (int i = 0; i <= TRACKER_PEERS_MAX; i++)
        buf_str(&b, "iiiipp");
    buf_u8(&b, 'e');
    assert_int_equal(read_http_n(buf_bytes(&b), buf_len(&b), &a), OK);
    assert_int_equal(a.peer_count, TRACKER_PEERS_MAX);
    buf_done(&b);
    assert_int_equal(read_http_n("d5:peers12:\0\0\0\0pp\1\2\3\4\0\0e", 24, &a), OK);
    assert_int_equal(a.peer_count, 0); /* no address, no port */
}

static void a_tracker_id_is_kept_when_it_fits(void **state)
{
    (void)state;
    struct tracker_answer a;
    assert_int_equal(read_http("d10:tracker id3:abce", &a), OK);
    assert_string_equal(a.tracker_id, "abc");
    struct buf b = {0};
    for (size_t n = 63; n <= 64; n++) {
        buf_clear(&b);
        buf_printf(&b, "d10:tracker id%zu:%0*de", n, (int)n, 0);
        assert_int_equal(read_http_n(buf_bytes(&b), buf_len(&b), &a), OK);
        assert_int_equal(strlen(a.tracker_id), n == 63 ? 63 : 0);
    }
    buf_done(&b);
    assert_int_equal(read_http_n("d10:tracker id3:a\0ce", 20, &a), OK);
    assert_string_equal(a.tracker_id, "");
}

static void http_answers_that_are_none_are_refused(void **state)
{
    (void)state;
    struct tracker_answer a;
    assert_int_equal(read_http("", &a), ERR_INVALID);
    assert_int_equal(read_http("<html>", &a), ERR_INVALID);
    assert_int_equal(read_http("le", &a), ERR_INVALID);
    assert_int_equal(read_http("de\n", &a), OK);
    const char whole[] = "d8:intervali1800e5:peers6:iiiipp6:peers618:iiiiiiiiiiiiiiiippe";
    for (size_t n = 0; n < sizeof whole - 1; n++)
        assert_int_equal(read_http_n(whole, n, &a), ERR_INVALID);
    uint8_t *big = mem_zalloc(TRACKER_ANSWER_MAX + 1);
    memcpy(big, "de", 2);
    assert_int_equal(read_http_n(big, TRACKER_ANSWER_MAX, &a), OK);
    assert_int_equal(read_http_n(big, TRACKER_ANSWER_MAX + 1, &a), ERR_LIMIT);
    free(big);
}

static void assert_split(const char *url, const char *host, uint16_t port, const char *data)
{
    char got[256];
    uint16_t p = 0;
    const char *rest;
    struct why why = {0};
    if (tracker_split_udp(url, got, sizeof got, &p, &rest, &why) != OK)
        fail_msg("%s: %s", url, why.text);
    assert_string_equal(got, host);
    assert_int_equal(p, port);
    if (data)
        assert_string_equal(rest, data);
    else
        assert_null(rest);
}

static void udp_addresses_come_apart(void **state)
{
    (void)state;
    assert_split("udp://t.example:6969/announce", "t.example", 6969, "/announce");
    assert_split("UDP://t.example:80", "t.example", 80, NULL);
    assert_split("udp://t.example:80?a=b", "t.example", 80, "?a=b");
    assert_split("udp://[2001:db8::1]:80/dir?a=b&c=d", "2001:db8::1", 80, "/dir?a=b&c=d");
    assert_split("udp://1.2.3.4:80#x", "1.2.3.4", 80, NULL);
    static const char *const wrong[] = {"",          "http://t:80", "udp://",     "udp://t",
                                        "udp://:80", "udp://t:0",   "udp://t:x/", "udp://t:65536"};
    char host[64];
    uint16_t port;
    const char *rest;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (tracker_split_udp(wrong[i], host, sizeof host, &port, &rest, NULL) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
    char *big = mem_zalloc(400);
    memset(big, 'a', 399);
    memcpy(big, "udp://", 6);
    assert_int_equal(tracker_split_udp(big, host, sizeof host, &port, &rest, NULL), ERR_INVALID);
    free(big);
}

static void udp_requests_have_the_bytes_of_bep_15(void **state)
{
    (void)state;
    struct buf b = {0};
    tracker_put_udp_connect(&b, 0x01020304);
    assert_int_equal(buf_len(&b), 16);
    assert_memory_equal(buf_bytes(&b), "\0\0\x04\x17\x27\x10\x19\x80\0\0\0\0\1\2\3\4", 16);
    buf_clear(&b);
    tracker_put_udp_announce(&b, UINT64_C(0x1112131415161718), 0x01020304, &ask, NULL);
    assert_int_equal(buf_len(&b), 98);
    const uint8_t *p = buf_bytes(&b);
    assert_memory_equal(p, "\x11\x12\x13\x14\x15\x16\x17\x18\0\0\0\1\1\2\3\4", 16);
    assert_memory_equal(p + 16, ask.infohash, 20);
    assert_memory_equal(p + 36, ask.peer_id, 20);
    assert_memory_equal(p + 56, "\0\0\0\0\0\0\0\x64\0\0\0\0\0\0\0\x28\0\0\0\0\0\0\0\7", 24);
    assert_memory_equal(p + 80, "\0\0\0\2\0\0\0\0\0\0\xbe\xef\0\0\0\x32\x1a\xe1", 18);
    buf_done(&b);
}

static void the_url_goes_along_as_bep_41_says(void **state)
{
    (void)state;
    struct buf b = {0};
    tracker_put_udp_announce(&b, 0, 0, &ask, "/dir?a=b&c=d#x");
    assert_int_equal(buf_len(&b), 98 + 14);
    assert_memory_equal(buf_bytes(&b) + 98, "\x02\x0c/dir?a=b&c=d", 14);
    buf_clear(&b);
    char path[257] = "/";
    memset(path + 1, 'x', 255);
    tracker_put_udp_announce(&b, 0, 0, &ask, path); /* 256 bytes: two options */
    assert_int_equal(buf_len(&b), 98 + 2 + 255 + 2 + 1);
    assert_memory_equal(buf_bytes(&b) + 98 + 257, "\x02\x01x", 3);
    buf_done(&b);
}

static enum err read_udp(const void *bytes, size_t n, bool v6, struct tracker_udp_answer *out)
{
    struct why why = {0};
    uint8_t *exact = mem_dup(bytes, n);
    enum err err = tracker_read_udp(cur_of(exact, n), 0x01020304, v6, out, &why);
    assert_int_equal(why.text[0] != '\0', err != OK);
    free(exact);
    return err;
}

static void udp_answers_are_read_at_every_length(void **state)
{
    (void)state;
    struct tracker_udp_answer a;
    const uint8_t connect[] = "\0\0\0\0\1\2\3\4\x11\x12\x13\x14\x15\x16\x17\x18";
    for (size_t n = 0; n <= 17; n++) /* one more is for extensions */
        assert_int_equal(read_udp(connect, n, false, &a), n < 8    ? ERR_NOT_FOUND
                                                          : n < 16 ? ERR_INVALID
                                                                   : OK);
    assert_int_equal(a.action, TRACKER_UDP_CONNECT);
    assert_true(a.connection == UINT64_C(0x1112131415161718));
    const uint8_t answer[] = "\0\0\0\1\1\2\3\4\0\0\x07\x08\0\0\0\5\0\0\0\6\1\2\3\4\x1a\xe1\5\6\7"
                             "\x08\0\1";
    for (size_t n = 0; n <= 32; n++) {
        assert_int_equal(read_udp(answer, n, false, &a), n < 8    ? ERR_NOT_FOUND
                                                         : n < 20 ? ERR_INVALID
                                                                  : OK);
        if (n >= 20)
            assert_int_equal(a.announce.peer_count, (n - 20) / 6);
    }
    assert_int_equal(a.action, TRACKER_UDP_ANNOUNCE);
    assert_int_equal(a.announce.interval_s, 1800);
    assert_int_equal(a.announce.leechers, 5);
    assert_int_equal(a.announce.seeders, 6);
    assert_addr(&a.announce.peers[1], "5.6.7.8:1");
}

static void udp_over_v6_has_longer_peers(void **state)
{
    (void)state;
    struct tracker_udp_answer a;
    const uint8_t answer[] = "\0\0\0\1\1\2\3\4\0\0\0\1\0\0\0\0\0\0\0\0"
                             "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x1a\xe1";
    assert_int_equal(read_udp(answer, 38, true, &a), OK);
    assert_int_equal(a.announce.interval_s, 30);
    assert_int_equal(a.announce.peer_count, 1);
    assert_addr(&a.announce.peers[0], "[2001:db8::1]:6881");
}

static void strays_and_refusals_are_told_apart(void **state)
{
    (void)state;
    struct tracker_udp_answer a;
    assert_int_equal(read_udp("\0\0\0\0\1\2\3\5\0\0\0\0\0\0\0\0", 16, false, &a), ERR_NOT_FOUND);
    assert_int_equal(read_udp("\0\0\0\4\1\2\3\4\0\0\0\0\0\0\0\0", 16, false, &a), ERR_INVALID);
    assert_int_equal(read_udp("\0\0\0\3\1\2\3\4go away\n", 16, false, &a), OK);
    assert_int_equal(a.action, TRACKER_UDP_ERROR);
    assert_string_equal(a.announce.failure, "go away?");
    assert_int_equal(read_udp("\0\0\0\3\1\2\3\4", 8, false, &a), OK);
    assert_string_equal(a.announce.failure, "refused without a reason");
    assert_int_equal(read_udp("\0\0\0\2\1\2\3\4", 8, false, &a), ERR_INVALID);
}

static void the_other_familys_address_is_told(void **state)
{
    (void)state;
    struct tracker_announce a = ask;
    uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    a.ipv4 = addr_v4(192, 0, 2, 1, 0);
    a.ipv6 = addr_of_bytes(six, 16, 0);
    a.event = TRACKER_NONE;
    assert_http("http://t/a", &a, "", "http://t/a?" QUERY "&ipv4=192.0.2.1&ipv6=2001%3Adb8%3A%3A1");
}

static void assert_scrape(const char *url, const char *want)
{
    struct buf b = {0};
    struct why why;
    enum err err = tracker_put_http_scrape(&b, url, ask.infohash, &why);
    char *got = buf_take_str(&b);
    assert_int_equal(err, want ? OK : ERR_INVALID);
    assert_string_equal(got, want ? want : "");
    free(got);
}

/* The table of BEP 48. */
static void a_scrape_url_is_made_as_bep_48_says(void **state)
{
    (void)state;
#define HASH "info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A"
    assert_scrape("http://example.com/announce", "http://example.com/scrape?" HASH);
    assert_scrape("http://example.com/x/announce", "http://example.com/x/scrape?" HASH);
    assert_scrape("http://example.com/announce.php", "http://example.com/scrape.php?" HASH);
    assert_scrape("http://example.com/a", NULL);
    assert_scrape("http://example.com/announce?x2%0644", "http://example.com/scrape?x2%0644&" HASH);
    assert_scrape("http://example.com/announce?x=2/4", "http://example.com/scrape?x=2/4&" HASH);
    assert_scrape("http://example.com/x%064announce", NULL);
    assert_scrape("announce", NULL);
}

static void a_scrape_gives_the_numbers_of_this_torrent(void **state)
{
    (void)state;
    struct tracker_answer out;
    struct why why;
    struct buf b = {0};
    buf_str(&b, "d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei9ee20:");
    buf_put(&b, ask.infohash, SHA1_LEN);
    buf_str(&b, "d8:completei5e10:downloadedi50e10:incompletei10eeee");
    assert_int_equal(tracker_read_http_scrape(buf_cur(&b), ask.infohash, &out, &why), OK);
    assert_int_equal(out.seeders, 5);
    assert_int_equal(out.downloaded, 50);
    assert_int_equal(out.leechers, 10);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_not_equal(
            tracker_read_http_scrape(cur_of(buf_bytes(&b), n), ask.infohash, &out, &why), OK);
    buf_done(&b);
    static const char *const none[] = {"de", "d5:filesdee", "d5:filesi1ee", "le"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(
            tracker_read_http_scrape(cur_of(none[i], strlen(none[i])), ask.infohash, &out, &why),
            ERR_NOT_FOUND);
    static const char no[] = "d14:failure reason4:fulle";
    assert_int_equal(tracker_read_http_scrape(cur_of(no, sizeof no - 1), ask.infohash, &out, &why),
                     OK);
    assert_string_equal(out.failure, "full");
}

static void a_udp_scrape_is_that_of_bep_15(void **state)
{
    (void)state;
    struct buf b = {0};
    tracker_put_udp_scrape(&b, UINT64_C(0x1112131415161718), 0x01020304, ask.infohash);
    assert_int_equal(buf_len(&b), 36);
    assert_memory_equal(buf_bytes(&b), "\x11\x12\x13\x14\x15\x16\x17\x18\0\0\0\2\1\2\3\4", 16);
    assert_memory_equal(buf_bytes(&b) + 16, ask.infohash, SHA1_LEN);
    buf_done(&b);
    struct tracker_udp_answer out;
    struct why why;
    static const uint8_t answer[] = "\0\0\0\2\1\2\3\4\0\0\0\5\0\0\0\x32\0\0\0\x0a";
    for (size_t n = 8; n < sizeof answer; n++) {
        enum err err = tracker_read_udp(cur_of(answer, n), 0x01020304, false, &out, &why);
        assert_int_equal(err, n == 20 ? OK : ERR_INVALID);
    }
    assert_int_equal(tracker_read_udp(cur_of(answer, 20), 0x01020304, false, &out, &why), OK);
    assert_int_equal(out.action, TRACKER_UDP_SCRAPE);
    assert_int_equal(out.announce.seeders, 5);
    assert_int_equal(out.announce.downloaded, 50);
    assert_int_equal(out.announce.leechers, 10);
}

static uint32_t retry_of(const char *text)
{
    struct tracker_answer out;
    assert_int_equal(read_http(text, &out), OK);
    assert_string_equal(out.failure, "full");
    return out.retry_s;
}

static void a_refusal_says_when_to_come_back(void **state)
{
    (void)state;
    assert_int_equal(retry_of("d14:failure reason4:fulle"), 0);
    assert_int_equal(retry_of("d14:failure reason4:full8:retry in5:neve"
                              "re"),
                     TRACKER_RETRY_NEVER);
    assert_int_equal(retry_of("d14:failure reason4:full8:retry in4:nevee"), 0);
    assert_int_equal(retry_of("d14:failure reason4:full8:retry ini15ee"), 900);
    assert_int_equal(retry_of("d14:failure reason4:full8:retry ini-15ee"), 0);
    assert_int_equal(retry_of("d14:failure reason4:full8:retry ini1439ee"), 1439 * 60);
    assert_int_equal(retry_of("d14:failure reason4:full8:retry ini9000000000ee"),
                     TRACKER_RETRY_MAX_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_http_query_is_that_of_bep_3),
        cmocka_unit_test(reads_compact_answers_of_bep_23_and_7),
        cmocka_unit_test(reads_dictionaries_of_bep_3),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(intervals_stay_within_their_limits),
        cmocka_unit_test(lists_that_are_broken_or_long_are_taken_as_far_as_they_go),
        cmocka_unit_test(a_tracker_id_is_kept_when_it_fits),
        cmocka_unit_test(http_answers_that_are_none_are_refused),
        cmocka_unit_test(udp_addresses_come_apart),
        cmocka_unit_test(udp_requests_have_the_bytes_of_bep_15),
        cmocka_unit_test(the_url_goes_along_as_bep_41_says),
        cmocka_unit_test(udp_answers_are_read_at_every_length),
        cmocka_unit_test(udp_over_v6_has_longer_peers),
        cmocka_unit_test(strays_and_refusals_are_told_apart),
        cmocka_unit_test(the_other_familys_address_is_told),
        cmocka_unit_test(a_scrape_url_is_made_as_bep_48_says),
        cmocka_unit_test(a_scrape_gives_the_numbers_of_this_torrent),
        cmocka_unit_test(a_udp_scrape_is_that_of_bep_15),
        cmocka_unit_test(a_refusal_says_when_to_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
