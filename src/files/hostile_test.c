/* A peer that does not keep the rules, against a whole node in the simulator.  Expected each time:
 * the connection ends or the message is passed over, memory stays bounded, others are served. */
#include "files/foe_test.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "files/meta/metainfo.h"

enum { SIZE = 40 * 64 * 1024, PIECE = 64 * 1024, PIECES = SIZE / PIECE };

enum { CROWD = 60 };

enum { SUGGESTED = 31 };

/* A peer that says what the test puts into its line; and once it has a listener, a seed that lies.
 */
struct mallory {
    struct foe f;
    struct cur info; /* the metadata that it gives; NULL: none */
    unsigned served;
    bool suggests;
    uint32_t first; /* piece that it was asked for */
};

/* A seed, by the book but for its bytes. */
static void greet(struct foe *f)
{
    const struct mallory *m = LIST_OF(f, struct mallory, f);
    wire_put_handshake(&f->out, f->infohash, foe_id);
    wire_put_simple(&f->out, WIRE_HAVE_ALL);
    wire_put_ext_handshake(&f->out, &(struct wire_ext_own){.ut_metadata = 1,
                                                           .metadata_size = (int64_t)m->info.n,
                                                           .port = 6881,
                                                           .client = "Mallory"});
    if (m->suggests) {
        wire_put_index(&f->out, WIRE_SUGGEST, PIECES); /* is none of it */
        wire_put_index(&f->out, WIRE_SUGGEST, SUGGESTED);
        wire_put_index(&f->out, WIRE_SUGGEST, UINT32_MAX);
    }
    wire_put_simple(&f->out, WIRE_UNCHOKE);
}

static void give_metadata(struct mallory *m, const struct wire_msg *msg)
{
    struct wire_metadata md;
    if (wire_read_metadata(msg->body, &md, NULL) || md.type != WIRE_MD_REQUEST)
        return;
    struct cur rest = m->info;
    cur_take(&rest, (size_t)md.piece * WIRE_METADATA_PIECE);
    size_t n = rest.n < WIRE_METADATA_PIECE ? rest.n : WIRE_METADATA_PIECE;
    wire_put_metadata(&m->f.out, 3, WIRE_MD_DATA, md.piece, (int64_t)m->info.n, rest.p, n);
}

static void act(struct foe *f, const struct wire_msg *msg)
{
    struct mallory *m = LIST_OF(f, struct mallory, f);
    uint8_t lie[BLOCK_LEN] = {0xbd};
    if (msg->type == WIRE_EXTENDED && msg->ext_id == 1)
        give_metadata(m, msg);
    if (msg->type != WIRE_REQUEST)
        return;
    if (m->served++ == 0)
        m->first = msg->piece;
    wire_put_piece_header(&f->out, msg->piece, msg->begin, msg->len);
    buf_put(&f->out, lie, msg->len);
}

/* Ann shares; Mallory has a machine. */
struct scene {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char *id, *link;
    struct mallory m;
    struct foe crowd[CROWD];
};

/* The test's state, so that the group takes it apart also when an assert jumps out of the test. */
static struct scene *scene_new(void **state, uint64_t seed)
{
    struct scene *s = MEM_NEW(struct scene);
    *state = s;
    s->sim = sim_new(seed);
    s->ann = start(s->sim, "ann", 1);
    s->bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        s->bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    node_write(s->ann, "/stuff/film.bin", s->bytes, SIZE);
    json_t *r =
        node_call(s->ann, "file.add",
                  json_pack("{s:s, s:i}", "path", "/stuff/film.bin", "piece_size", PIECE), NULL);
    json_t *added = node_job(s->ann, json_string_value(json_object_get(r, "job")));
    s->id = mem_strdup(json_string_value(json_object_get(added, "id")));
    s->link = mem_strdup(json_string_value(json_object_get(added, "magnet")));
    json_decref(r);
    json_decref(added);
    s->m.f.machine = sim_node_add(s->sim, "mallory", addr_v4(10, 0, 0, 66, 0), lan);
    assert_true(hex_decode(s->id, 40, s->m.f.infohash, SHA1_LEN));
    return s;
}

static int scene_free(void **state)
{
    struct scene *s = *state;
    if (!s)
        return 0;
    foe_done(&s->m.f);
    for (int i = 0; i < CROWD; i++)
        foe_done(&s->crowd[i]);
    node_free(s->ann);
    node_free(s->bob);
    sim_free(s->sim);
    free(s->bytes);
    free(s->id);
    free(s->link);
    free(s);
    *state = NULL;
    return 0;
}

/* A handshake and `out`: ended within the time? */
static bool ends_within(struct scene *s, uint64_t us)
{
    if (!s->m.f.conn)
        foe_dial(&s->m.f, 1);
    sim_run_for(s->sim, us);
    return s->m.f.ended;
}

static struct buf *say_hello(struct scene *s)
{
    buf_clear(&s->m.f.out);
    buf_clear(&s->m.f.in);
    wire_put_handshake(&s->m.f.out, s->m.f.infohash, foe_id);
    return &s->m.f.out;
}

/* Said after the handshake and HAVE_NONE, this ends the session at once. */
static void ends(struct scene *s, const void *frame, size_t n)
{
    struct buf *b = say_hello(s);
    wire_put_simple(b, WIRE_HAVE_NONE);
    buf_put(b, frame, n);
    foe_dial(&s->m.f, 1);
    sim_run_for(s->sim, 200 * MSEC);
    assert_true(s->m.f.ended);
}

static void honest_peers_are_served(struct scene *s)
{
    if (!s->bob)
        s->bob = start(s->sim, "bob", 2);
    json_decref(node_call(s->bob, "file.get",
                          json_pack("{s:s, s:[s]}", "link", s->link, "peer", "10.0.0.1:6881"),
                          NULL));
    for (int i = 0; i < 100; i++) {
        if (node_has(s->bob, "/downloads/film.bin", s->bytes, SIZE))
            return;
        sim_run_for(s->sim, 100 * MSEC);
    }
    fail_msg("an honest peer was not served");
}

/* What came after the handshake has a message of this type. */
static bool was_told(const struct foe *f, uint8_t type)
{
    struct cur c = buf_cur(&f->in);
    cur_take(&c, WIRE_HANDSHAKE_LEN);
    while (c.n > 0) {
        uint32_t len = cur_be32(&c);
        struct cur frame = cur_take(&c, len);
        if (frame.n > 0 && cur_u8(&frame) == type)
            return true;
    }
    return false;
}

/* BEP 27: a private torrent's peers come from its trackers alone; who speaks of the DHT there is
 * told nothing of ours. */
static void the_port_of_the_dht_is_told_but_not_in_a_private_torrent(void **state)
{
    struct scene *s = scene_new(state, 12);
    node_write(s->ann, "/stuff/own.bin", s->bytes, PIECE);
    json_t *r = node_call(s->ann, "file.add",
                          json_pack("{s:s, s:b}", "path", "/stuff/own.bin", "private", 1), NULL);
    json_t *added = node_job(s->ann, json_string_value(json_object_get(r, "job")));
    for (int private_ = 0; private_ < 2; private_++) {
        const char *id = private_ ? json_string_value(json_object_get(added, "id")) : s->id;
        assert_true(hex_decode(id, 40, s->m.f.infohash, SHA1_LEN));
        buf_clear(&s->m.f.in);
        buf_clear(&s->m.f.out);
        wire_put_handshake_with(&s->m.f.out, s->m.f.infohash, foe_id, WIRE_SPEAKS_DHT);
        wire_put_simple(&s->m.f.out, WIRE_HAVE_NONE);
        foe_dial(&s->m.f, 1);
        sim_run_for(s->sim, SEC);
        assert_true(was_told(&s->m.f, WIRE_HAVE_ALL));
        assert_true(was_told(&s->m.f, WIRE_PORT) == !private_);
        conn_close(s->m.f.conn);
        s->m.f.conn = NULL;
        sim_run_for(s->sim, SEC);
    }
    json_decref(r);
    json_decref(added);
}

static void no_handshake_no_session(void **state)
{
    struct scene *s = scene_new(state, 1);
    buf_str(&s->m.f.out,
            "GET / HTTP/1.1\r\nHost: nobody.example\r\nAccept: everything at all\r\n\r\n");
    assert_true(ends_within(s, SEC));
    say_hello(s);
    buf_bytes(&s->m.f.out)[30] ^= 1; /* of a torrent that is not here */
    assert_true(ends_within(s, SEC));
    say_hello(s);
    s->m.f.out.tail -= 1; /* a byte too few, and silence */
    assert_false(ends_within(s, 9 * SEC));
    assert_true(ends_within(s, 2 * SEC));
}

/* Any bytes may be the key that begins MSE: what comes after it shows that it was none. */
static void no_handshake_no_session_where_it_may_be_encrypted(void **state)
{
    struct scene *s = scene_new(state, 12);
    node_stop(s->ann);
    node_start(s->ann, &files_app, NULL);
    for (int i = 0; i < 10; i++)
        buf_str(&s->m.f.out,
                "GET / HTTP/1.1\r\nHost: nobody.example\r\nAccept: all at all\r\n\r\n");
    assert_true(ends_within(s, 11 * SEC));
    say_hello(s);
    buf_bytes(&s->m.f.out)[30] ^= 1; /* of a torrent that is not here */
    assert_true(ends_within(s, 11 * SEC));
    honest_peers_are_served(s);
}

static void broken_messages_end_the_session(void **state)
{
    struct scene *s = scene_new(state, 2);
#define ENDS(bytes) ends(s, bytes, sizeof bytes - 1)
    ENDS("\xff\xff\xff\xff\x07");     /* 4 GiB */
    ENDS("\0\x20\0\0\x05");           /* 2 MiB */
    ENDS("\0\0\0\x05\x04\0\0\0\x28"); /* has piece 40 of 40 */
    ENDS("\0\0\0\x05\x04\xff\xff\xff\xff");
    ENDS("\0\0\0\x04\x04\0\0\0");                             /* has: too short */
    ENDS("\0\0\0\x05\x05\0\0\0\0");                           /* a later bitfield, too short */
    ENDS("\0\0\0\x01\x0f");                                   /* HAVE_NONE once more */
    ENDS("\0\0\0\x0d\x06\0\0\0\x28\0\0\0\0\0\0\x40\0");       /* requests: piece 40 */
    ENDS("\0\0\0\x0d\x06\0\0\0\0\0\0\xf0\0\0\0\x40\0");       /* past the piece's end */
    ENDS("\0\0\0\x0d\x06\0\0\0\0\0\0\0\0\0\0\0\0");           /* no bytes */
    ENDS("\0\0\0\x0d\x06\0\0\0\0\0\0\0\0\x40\0\0\0");         /* 1 GiB */
    ENDS("\0\0\0\x0d\x06\0\0\0\0\xff\xff\xff\xff\0\0\x40\0"); /* begin + len overflows */
    ENDS("\0\0\0\x0b\x07\0\0\0\x28\0\0\0\0xx");               /* a block of piece 40 */
    ENDS("\0\0\0\x0b\x07\0\0\0\0\xff\xff\xff\xffxx");
    ENDS("\0\0\0\x0d\x10\0\0\0\x28\0\0\0\0\0\0\x40\0"); /* rejects piece 40 */
    ENDS("\0\0\0\x05\x11\0\0\0\x28");                   /* allows piece 40 */
    ENDS("\0\0\0\x03\x14\0d");                          /* half a dictionary */
#undef ENDS
    honest_peers_are_served(s);
}

static void with_fast_the_first_message_is_about_pieces(void **state)
{
    struct scene *s = scene_new(state, 3);
    wire_put_simple(say_hello(s), WIRE_INTERESTED);
    assert_true(ends_within(s, SEC));
    struct buf *b = say_hello(s);
    wire_put_bitfield(b, (const uint8_t[6]){0}, 6); /* 5 are due */
    assert_true(ends_within(s, SEC));
    b = say_hello(s);
    buf_bytes(b)[27] = 0; /* without fast, HAVE_ALL is nothing */
    wire_put_simple(b, WIRE_HAVE_ALL);
    assert_true(ends_within(s, SEC));
}

static void what_is_unknown_or_empty_is_passed_over(void **state)
{
    struct scene *s = scene_new(state, 4);
    struct buf *b = say_hello(s);
    for (int i = 0; i < 10000; i++)
        wire_put_simple(b, WIRE_KEEPALIVE);
    wire_put_simple(b, WIRE_HAVE_NONE);
    buf_put(b, "\0\0\0\x03\x63xx", 7);     /* message 99 */
    buf_put(b, "\0\0\0\x04\x14\x09xx", 8); /* extension 9 */
    assert_false(ends_within(s, 5 * SEC));
    /* Silence for longer than a keep-alive may be away is the end. */
    assert_true(ends_within(s, 170 * SEC));
}

static void who_asks_and_never_reads_gets_half_a_megabyte(void **state)
{
    struct scene *s = scene_new(state, 5);
    s->m.f.deaf = true;
    struct buf *b = say_hello(s);
    wire_put_simple(b, WIRE_HAVE_NONE);
    wire_put_simple(b, WIRE_INTERESTED);
    for (int round = 0; round < 200; round++)
        for (uint32_t piece = 0; piece < PIECES; piece++)
            wire_put_range(b, WIRE_REQUEST, piece, 0, BLOCK_LEN);
    assert_false(ends_within(s, 30 * SEC));
    json_t *j = node_call(s->ann, "file.show", json_pack("{s:s}", "id", s->id), NULL);
    /* What the net took, which is what fits between the two machines. */
    assert_true(json_integer_value(json_object_get(j, "uploaded")) < 8 * 1024 * 1024);
    json_decref(j);
    honest_peers_are_served(s);
    s->m.f.deaf = false; /* now look: it has been closed */
    sim_run_for(s->sim, 60 * SEC);
    foe_listen(&s->m.f);
    sim_run_for(s->sim, SEC);
    assert_true(s->m.f.ended);
}

static void requests_beyond_the_queue_are_rejected(void **state)
{
    struct scene *s = scene_new(state, 6);
    struct buf *b = say_hello(s);
    wire_put_simple(b, WIRE_HAVE_NONE);
    wire_put_simple(b, WIRE_INTERESTED);
    wire_put_simple(b, WIRE_NOT_INTERESTED); /* which takes the slot from it */
    for (int i = 0; i < 2000; i++)           /* choked: all but allowed-fast pieces are refused */
        wire_put_range(b, WIRE_REQUEST, 39, 0, BLOCK_LEN);
    assert_false(ends_within(s, 5 * SEC));
    assert_true(s->m.f.heard >= WIRE_HANDSHAKE_LEN + 2000 * 17);
    assert_true(s->m.f.heard < 3 * 1024 * 1024);
}

static void a_slot_that_is_free_is_given_before_it_is_asked_for(void **state)
{
    struct scene *s = scene_new(state, 6);
    struct buf *b = say_hello(s);
    wire_put_simple(b, WIRE_HAVE_NONE);
    assert_false(ends_within(s, 1 * SEC));
    assert_true(was_told(&s->m.f, WIRE_UNCHOKE));
    assert_true(was_told(&s->m.f, WIRE_SUGGEST)); /* the only seed steers from the beginning */
    assert_false(was_told(&s->m.f, WIRE_CHOKE));
    assert_false(ends_within(s, 20 * SEC)); /* a round takes it from who does not want it */
    assert_true(was_told(&s->m.f, WIRE_CHOKE));
}

static void blocks_that_nobody_asked_for_end_it(void **state)
{
    struct scene *s = scene_new(state, 7);
    static const uint8_t block[BLOCK_LEN];
    struct buf *b = say_hello(s);
    wire_put_simple(b, WIRE_HAVE_ALL);
    for (int i = 0; i < 100; i++) {
        wire_put_piece_header(b, 1, 0, BLOCK_LEN);
        buf_put(b, block, BLOCK_LEN);
    }
    assert_true(ends_within(s, 5 * SEC));
}

static void connections_that_say_nothing_keep_nobody_out(void **state)
{
    struct scene *s = scene_new(state, 8);
    for (int i = 0; i < CROWD; i++) {
        s->crowd[i].machine = s->m.f.machine;
        foe_dial(&s->crowd[i], 1);
    }
    sim_run_for(s->sim, SEC);
    honest_peers_are_served(s);
    sim_run_for(s->sim, 12 * SEC);
    for (int i = 0; i < CROWD; i++)
        assert_true(s->crowd[i].ended);
}

/* Taken back in time: only what the net had taken comes. */
static void a_cancelled_block_is_not_sent(void **state)
{
    struct scene *s = scene_new(state, 11);
    json_decref(
        node_call(s->ann, "file.limit", json_pack("{s:s, s:i}", "id", s->id, "up", 32768), NULL));
    struct buf *b = say_hello(s);
    wire_put_simple(b, WIRE_HAVE_NONE);
    wire_put_simple(b, WIRE_INTERESTED);
    assert_false(ends_within(s, SEC));
    for (uint32_t piece = 0; piece < 20; piece++)
        wire_put_range(b, WIRE_REQUEST, piece, 0, BLOCK_LEN);
    foe_flush(&s->m.f);
    sim_run_for(s->sim, 2 * SEC);
    assert_true(s->m.f.heard > BLOCK_LEN);
    for (uint32_t piece = 0; piece < 20; piece++)
        wire_put_range(b, WIRE_CANCEL, piece, 0, BLOCK_LEN);
    foe_flush(&s->m.f);
    sim_run_for(s->sim, 30 * SEC);
    assert_true(s->m.f.heard < 10 * BLOCK_LEN);
}

static void serve_lies(struct scene *s)
{
    s->m.f.greet = greet;
    s->m.f.act = act;
    foe_wait(&s->m.f);
}

static void get_from_both(struct scene *s, uint64_t limit_us)
{
    s->bob = start(s->sim, "bob", 2);
    json_decref(node_call(
        s->bob, "file.get",
        json_pack("{s:s, s:[s,s]}", "link", s->link, "peer", "10.0.0.66:6881", "10.0.0.1:6881"),
        NULL));
    uint64_t until = sim_now_us(s->sim) + limit_us;
    while (sim_now_us(s->sim) < until) {
        if (node_has(s->bob, "/downloads/film.bin", s->bytes, SIZE))
            return;
        sim_run_for(s->sim, 100 * MSEC);
    }
    json_t *j = node_call(s->bob, "file.show", json_pack("{s:s}", "id", s->id), NULL);
    json_dumpf(j, stderr, JSON_INDENT(1));
    json_decref(j);
    fail_msg("the lies won");
}

static void false_metadata_does_not_starve_the_true(void **state)
{
    struct scene *s = scene_new(state, 9);
    uint8_t lie[50000] = "d6:lengthi1e";
    s->m.info = cur_of(lie, sizeof lie);
    serve_lies(s);
    get_from_both(s, 5 * SEC);
    assert_true(s->m.f.conns <= 2);
}

static void what_is_suggested_before_the_metadata_came_is_heeded(void **state)
{
    struct scene *s = scene_new(state, 13);
    struct buf torrent = {0};
    char *path = mem_printf("/data/torrents/%s.torrent", s->id);
    assert_int_equal(vfs_read_all(s->ann->disk, path, 1 << 20, &torrent, NULL), OK);
    struct metainfo *mi = metainfo_parse(buf_cur(&torrent), NULL);
    assert_non_null(mi);
    s->m.info = mi->info;
    s->m.suggests = true;
    serve_lies(s);
    s->bob = start(s->sim, "bob", 2);
    json_decref(node_call(s->bob, "file.get",
                          json_pack("{s:s, s:[s]}", "link", s->link, "peer", "10.0.0.66:6881"),
                          NULL));
    sim_run_for(s->sim, 5 * SEC);
    s->m.info = cur_of(NULL, 0);
    metainfo_free(mi);
    buf_done(&torrent);
    free(path);
    assert_true(s->m.served > 0);
    assert_int_equal(s->m.first, SUGGESTED);
}

static json_int_t bans(struct node *n)
{
    json_t *list = node_call(n, "file.blocklist", NULL, NULL);
    json_int_t count = json_integer_value(json_object_get(list, "banned"));
    json_decref(list);
    return count;
}

static void false_data_gets_its_sender_banned(void **state)
{
    struct scene *s = scene_new(state, 10);
    serve_lies(s); /* no metadata, only blocks */
    get_from_both(s, 60 * SEC);
    assert_true(s->m.served > 0);
    assert_true(s->m.f.ended);
    unsigned conns = s->m.f.conns;
    sim_run_for(s->sim, 300 * SEC);
    assert_int_equal(s->m.f.conns, conns); /* never dialled again */
    assert_int_equal(bans(s->bob), 1);
    node_stop(s->bob);
    node_start(s->bob, &files_app, plain);
    assert_int_equal(bans(s->bob), 1);
    sim_run_for(s->sim, 300 * SEC);
    assert_int_equal(s->m.f.conns, conns); /* nor after a restart */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_port_of_the_dht_is_told_but_not_in_a_private_torrent,
                                  scene_free),
        cmocka_unit_test_teardown(no_handshake_no_session, scene_free),
        cmocka_unit_test_teardown(no_handshake_no_session_where_it_may_be_encrypted, scene_free),
        cmocka_unit_test_teardown(broken_messages_end_the_session, scene_free),
        cmocka_unit_test_teardown(with_fast_the_first_message_is_about_pieces, scene_free),
        cmocka_unit_test_teardown(what_is_unknown_or_empty_is_passed_over, scene_free),
        cmocka_unit_test_teardown(who_asks_and_never_reads_gets_half_a_megabyte, scene_free),
        cmocka_unit_test_teardown(a_slot_that_is_free_is_given_before_it_is_asked_for, scene_free),
        cmocka_unit_test_teardown(what_is_suggested_before_the_metadata_came_is_heeded, scene_free),
        cmocka_unit_test_teardown(requests_beyond_the_queue_are_rejected, scene_free),
        cmocka_unit_test_teardown(blocks_that_nobody_asked_for_end_it, scene_free),
        cmocka_unit_test_teardown(connections_that_say_nothing_keep_nobody_out, scene_free),
        cmocka_unit_test_teardown(a_cancelled_block_is_not_sent, scene_free),
        cmocka_unit_test_teardown(false_metadata_does_not_starve_the_true, scene_free),
        cmocka_unit_test_teardown(false_data_gets_its_sender_banned, scene_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
