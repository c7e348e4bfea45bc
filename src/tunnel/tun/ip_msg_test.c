#include "tunnel/tun/ip_msg.h"

#include "base/test.h"
#include "tunnel/tun/packet_test.h"

static const uint8_t ann[IP_LEN] = {0xfd, 0xd8, 1}, bob[IP_LEN] = {0xfd, 0xd8, 2};

static enum err read_all(struct ip_packet *p, const struct buf *b)
{
    struct why why;
    return ip_read(p, buf_cur(b), &why);
}

static void kinds_and_ends_are_read(void **state)
{
    (void)state;
    struct buf b = {0};
    struct ip_packet p;
    put_tcp(&b, ann, 50000, bob, 22, T_SYN | T_ACK);
    assert_int_equal(read_all(&p, &b), OK);
    assert_int_equal(p.ends.kind, IP_TCP);
    assert_memory_equal(p.ends.src, ann, IP_LEN);
    assert_memory_equal(p.ends.dst, bob, IP_LEN);
    assert_int_equal(p.ends.src_port, 50000);
    assert_int_equal(p.ends.dst_port, 22);
    assert_true(p.syn && p.ack && !p.fin && !p.rst);
    buf_clear(&b);
    put_udp(&b, ann, 5353, bob, 53, 100);
    assert_int_equal(read_all(&p, &b), OK);
    assert_int_equal(p.ends.kind, IP_UDP);
    assert_int_equal(p.ends.dst_port, 53);
    buf_clear(&b);
    put_icmp(&b, ann, bob, 128);
    assert_int_equal(read_all(&p, &b), OK);
    assert_int_equal(p.ends.kind, IP_ECHO);
    buf_clear(&b);
    put_icmp(&b, ann, bob, 129);
    assert_int_equal(read_all(&p, &b), OK);
    assert_int_equal(p.ends.kind, IP_ECHO_REPLY);
    buf_done(&b);
}

static void what_is_cut_short_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf packets[3] = {0};
    struct ip_packet p;
    struct why why;
    put_tcp(&packets[0], ann, 1, bob, 2, T_SYN);
    put_udp(&packets[1], ann, 1, bob, 2, 5);
    put_icmp(&packets[2], ann, bob, 128);
    for (size_t i = 0; i < 3; i++) {
        for (size_t n = 0; n < buf_len(&packets[i]); n++)
            assert_int_equal(ip_read(&p, cur_of(buf_bytes(&packets[i]), n), &why), ERR_INVALID);
        buf_u8(&packets[i], 0); /* and what is longer than it says */
        assert_int_equal(read_all(&p, &packets[i]), ERR_INVALID);
        buf_done(&packets[i]);
    }
}

static void an_upper_part_shorter_than_its_header_is_refused(void **state)
{
    (void)state;
    static const uint8_t nexts[] = {6, 17, 58};
    static const size_t least[] = {20, 8, 8};
    for (size_t i = 0; i < 3; i++) {
        for (size_t n = 0; n < least[i]; n++) {
            struct buf b = {0}, body = {0};
            struct ip_packet p;
            for (size_t j = 0; j < n; j++)
                buf_u8(&body, 128);
            put_ip(&b, nexts[i], ann, bob, &body);
            assert_int_equal(read_all(&p, &b), ERR_INVALID);
            buf_done(&b);
            buf_done(&body);
        }
    }
}

static void a_packet_is_at_most_1280_bytes(void **state)
{
    (void)state;
    struct buf b = {0};
    struct ip_packet p;
    put_udp(&b, ann, 1, bob, 2, IP_PACKET_MAX - IP_HEADER - 8);
    assert_int_equal(read_all(&p, &b), OK);
    buf_clear(&b);
    put_udp(&b, ann, 1, bob, 2, IP_PACKET_MAX - IP_HEADER - 7);
    assert_int_equal(read_all(&p, &b), ERR_LIMIT);
    buf_done(&b);
}

/* Its "data offset" (RFC 9293 section 3.1), in words of four bytes. */
static void a_tcp_header_is_five_words_and_within_its_segment(void **state)
{
    (void)state;
    for (unsigned words = 0; words < 16; words++) {
        struct buf b = {0};
        struct ip_packet p;
        put_tcp(&b, ann, 1, bob, 2, T_SYN);
        buf_bytes(&b)[IP_HEADER + 12] = (uint8_t)(words << 4);
        assert_int_equal(read_all(&p, &b), words == 5 ? OK : ERR_INVALID);
        buf_done(&b);
    }
}

/* Hop-by-hop, routing, fragments, ESP, options: RFC 8200 section 4; and neighbour discovery. */
static void what_could_hide_something_is_not_read(void **state)
{
    (void)state;
    static const uint8_t nexts[] = {0, 43, 44, 50, 51, 60, 59, 132};
    struct ip_packet p;
    for (size_t i = 0; i < sizeof nexts; i++) {
        struct buf b = {0}, body = {0};
        buf_be64(&body, 0);
        buf_be64(&body, 0);
        put_ip(&b, nexts[i], ann, bob, &body);
        assert_int_equal(read_all(&p, &b), ERR_UNSUPPORTED);
        buf_done(&b);
        buf_done(&body);
    }
    for (unsigned type = 0; type < 256; type++) {
        struct buf b = {0};
        if (type != 128 && type != 129) {
            put_icmp(&b, ann, bob, (uint8_t)type);
            assert_int_equal(read_all(&p, &b), ERR_UNSUPPORTED);
        }
        buf_done(&b);
    }
    uint8_t v4[40] = {0x45};
    assert_int_equal(ip_read(&p, cur_of(v4, sizeof v4), NULL), ERR_UNSUPPORTED);
}

/* With its pseudo header the sum of an ICMPv6 message is all ones (RFC 4443 section 2.3). */
static uint16_t sum_of(struct cur packet)
{
    uint64_t sum = 58;
    struct cur head = cur_take(&packet, 8), all = packet;
    cur_be32(&head);
    sum += cur_be16(&head);
    while (all.n > 1)
        sum += cur_be16(&all);
    if (all.n)
        sum += (uint64_t)cur_u8(&all) << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void a_refusal_tells_what_it_is_about(void **state)
{
    (void)state;
    struct buf b = {0}, r = {0};
    struct ip_packet p;
    put_tcp(&b, ann, 50000, bob, 22, T_SYN);
    ip_put_refusal(&r, IP_PROHIBITED, buf_cur(&b), bob);
    assert_int_equal(read_all(&p, &r), OK);
    assert_int_equal(p.ends.kind, IP_ERROR);
    assert_memory_equal(p.ends.src, bob, IP_LEN);
    assert_memory_equal(p.ends.dst, ann, IP_LEN);
    assert_int_equal(p.about.kind, IP_TCP);
    assert_int_equal(p.about.src_port, 50000);
    assert_int_equal(p.about.dst_port, 22);
    assert_memory_equal(p.about.src, ann, IP_LEN);
    assert_int_equal(sum_of(buf_cur(&r)), 0xffff);
    buf_done(&b);
    buf_done(&r);
}

static void a_refusal_of_the_largest_packet_is_no_larger(void **state)
{
    (void)state;
    for (size_t less = 0; less < 60; less++) {
        struct buf b = {0}, r = {0};
        struct ip_packet p;
        put_udp(&b, ann, 1, bob, 2, IP_PACKET_MAX - IP_HEADER - 8 - less);
        ip_put_refusal(&r, IP_UNREACHABLE, buf_cur(&b), ann);
        assert_true(buf_len(&r) <= IP_PACKET_MAX);
        assert_int_equal(read_all(&p, &r), OK);
        assert_int_equal(p.about.kind, IP_UDP);
        assert_int_equal(sum_of(buf_cur(&r)), 0xffff);
        buf_done(&b);
        buf_done(&r);
    }
}

static void an_error_about_a_packet_that_is_cut_too_short_is_not_read(void **state)
{
    (void)state;
    struct buf inner = {0};
    put_tcp(&inner, ann, 1, bob, 2, T_SYN);
    for (size_t n = 0; n <= buf_len(&inner); n++) {
        struct buf b = {0}, body = {0};
        struct ip_packet p;
        buf_be64(&body, UINT64_C(1) << 56);
        buf_put(&body, buf_bytes(&inner), n);
        put_ip(&b, 58, bob, ann, &body);
        assert_int_equal(read_all(&p, &b), n < 44 ? ERR_UNSUPPORTED : OK);
        buf_done(&b);
        buf_done(&body);
    }
    buf_done(&inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_ends_are_read),
        cmocka_unit_test(what_is_cut_short_anywhere_is_refused),
        cmocka_unit_test(an_upper_part_shorter_than_its_header_is_refused),
        cmocka_unit_test(a_tcp_header_is_five_words_and_within_its_segment),
        cmocka_unit_test(a_packet_is_at_most_1280_bytes),
        cmocka_unit_test(what_could_hide_something_is_not_read),
        cmocka_unit_test(a_refusal_tells_what_it_is_about),
        cmocka_unit_test(a_refusal_of_the_largest_packet_is_no_larger),
        cmocka_unit_test(an_error_about_a_packet_that_is_cut_too_short_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
