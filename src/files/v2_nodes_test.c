/* Whole nodes in the simulator that share v2 and hybrid torrents, and peers that lie in the trees.
 */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/meta/infohash.h"
#include "files/meta/merkle.h"
#include "files/meta/metainfo_v2.h"
#include "files/peer/wire_msg.h"
#include "net/conn.h"
#include "support/sim_node.h"
#include "support/udp_tracker.h"

#include <string.h>

enum { PIECE = 16384, SIZE = 700 * PIECE + 5, PIECES = 701 };
enum { LARGE = 8 * PIECE, WRONG = 3 * PIECE /* in each of these, where Mallory lies */ };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};
static const uint8_t mallory_id[20] = "-MA0001-abcdefghijkl";

/* A peer that says it has all, and answers each question about hashes with bytes of its own. */
struct mallory {
    struct sim_node *machine;
    struct listener *listener;
    struct conn *conn;
    struct buf in, out;
    uint8_t infohash[INFOHASH_LEN];
    bool greeted, silent;
    unsigned asked, refused, conns;
    /* Not NULL: it has the bytes of LARGE pieces, and gives them; no hashes, though.  picky: only
     * every second block, and one of those is wrong. */
    const uint8_t *bytes;
    bool picky;
    unsigned lies;
    unsigned proven; /* answers about hashes that lead to the root */
};

static void flush(struct mallory *m)
{
    while (m->conn && buf_len(&m->out) > 0) {
        ssize_t n = conn_send(m->conn, buf_bytes(&m->out), buf_len(&m->out));
        if (n <= 0)
            return;
        buf_eat(&m->out, (size_t)n);
    }
}

static void give(struct mallory *m, const struct wire_msg *msg)
{
    if (m->picky && msg->begin / PIECE % 2 == 0) {
        wire_put_range(&m->out, WIRE_REJECT, msg->piece, msg->begin, msg->len);
        return;
    }
    wire_put_piece_header(&m->out, msg->piece, msg->begin, msg->len);
    buf_put(&m->out, m->bytes + (size_t)msg->piece * LARGE + msg->begin, msg->len);
    if (!m->picky || msg->begin != WRONG)
        return;
    m->lies++;
    buf_bytes(&m->out)[buf_len(&m->out) - 1] ^= 1;
}

static void refuse(struct mallory *m, const struct wire_msg *msg)
{
    struct wire_hash_range r;
    if (wire_read_hashes(msg, &r, NULL) == OK)
        wire_put_hashes(&m->out, WIRE_HASH_REJECT, &r);
}

static void lie(struct mallory *m, const struct wire_msg *msg)
{
    static uint8_t bytes[WIRE_HASHES_MAX * MERKLE_LEN];
    struct wire_hash_range r;
    m->asked++;
    if (m->silent || wire_read_hashes(msg, &r, NULL) != OK)
        return;
    struct merkle_range range = {merkle_height(PIECES), r.base, r.index, r.count};
    memset(bytes, 0xbd, sizeof bytes);
    r.hashes = cur_of(bytes, (r.count + merkle_uncles(&range)) * (size_t)MERKLE_LEN);
    wire_put_hashes(&m->out, WIRE_HASHES, &r);
}

static void prove(struct mallory *m, const struct wire_msg *msg)
{
    struct wire_hash_range r;
    assert_int_equal(wire_read_hashes(msg, &r, NULL), OK);
    struct merkle_range range = {merkle_height(PIECES), r.base, r.index, r.count};
    size_t n = r.count + (r.proofs > 0 ? merkle_uncles(&range) : 0);
    assert_int_equal(r.hashes.n, n * MERKLE_LEN);
    m->proven += r.proofs > 0 && merkle_proves(&range, r.hashes.p, PIECES, r.root);
}

static void answer(struct mallory *m)
{
    size_t len;
    if (!m->greeted && buf_len(&m->in) >= WIRE_HANDSHAKE_LEN) {
        m->greeted = true;
        buf_eat(&m->in, WIRE_HANDSHAKE_LEN);
        if (m->listener) {
            wire_put_handshake_v2(&m->out, m->infohash, mallory_id);
            wire_put_simple(&m->out, WIRE_HAVE_ALL);
            if (m->bytes)
                wire_put_simple(&m->out, WIRE_UNCHOKE);
        }
    }
    while (m->greeted && wire_frame(buf_cur(&m->in), &len, NULL) == OK && len > 0 &&
           len <= buf_len(&m->in)) {
        struct wire_msg msg;
        if (wire_read(cur_of(buf_bytes(&m->in), len), &msg, NULL) == OK) {
            if (msg.type == WIRE_REQUEST && m->bytes)
                give(m, &msg);
            else if (msg.type == WIRE_HASH_REQUEST && m->bytes)
                refuse(m, &msg);
            else if (msg.type == WIRE_HASH_REQUEST)
                lie(m, &msg);
            if (msg.type == WIRE_HASHES)
                prove(m, &msg);
            m->refused += msg.type == WIRE_HASH_REJECT;
        }
        buf_eat(&m->in, len);
    }
    flush(m);
}

static void hang_up(struct mallory *m)
{
    conn_close(m->conn);
    m->conn = NULL;
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct mallory *m = arg;
    (void)why;
    if (ev == CONN_CLOSED)
        hang_up(m);
    while (m->conn && ev == CONN_READABLE) {
        uint8_t *room = buf_room(&m->in, 65536);
        ssize_t n = conn_recv(m->conn, room, 65536);
        if (n == CONN_END)
            hang_up(m);
        if (n <= 0)
            break;
        buf_grew(&m->in, (size_t)n);
        answer(m);
    }
    flush(m);
}

static void on_accept(void *arg, struct conn *c)
{
    struct mallory *m = arg;
    if (m->conn) {
        conn_close(c);
        return;
    }
    m->conns++;
    m->greeted = false;
    buf_clear(&m->in);
    buf_clear(&m->out);
    m->conn = c;
    conn_watch(c, on_conn, m);
}

/* Ann shares a file; Bob and Mallory have machines. */
struct scene {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char *v1, *v2; /* links by one hash; NULL: has none */
    struct mallory m;
};

static const char *const plain[] = {"files.encryption=off", NULL}; /* Mallory speaks no other */

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, plain);
    return n;
}

static char *link_of(const json_t *added, const char *member, const char *topic)
{
    const char *hex = json_string_value(json_object_get(added, member));
    return hex ? mem_printf("magnet:?xt=%s%s", topic, hex) : NULL;
}

static struct scene *scene_of(const char *kind, int piece_size, const char *tracker)
{
    struct scene *s = MEM_NEW(struct scene);
    s->sim = sim_new(3);
    s->ann = start(s->sim, "ann", 1);
    s->bob = start(s->sim, "bob", 2);
    s->bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        s->bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    node_write(s->ann, "/stuff/film.bin", s->bytes, SIZE);
    json_t *trackers = tracker ? json_pack("[s]", tracker) : json_array();
    json_t *r = node_call(s->ann, "file.add",
                          json_pack("{s:s, s:i, s:b, s:o}", "path", "/stuff/film.bin", "piece_size",
                                    piece_size, kind, 1, "tracker", trackers),
                          NULL);
    json_t *added = node_job(s->ann, json_string_value(json_object_get(r, "job")));
    s->v1 = link_of(added, "infohash_v1", "urn:btih:");
    s->v2 = link_of(added, "infohash_v2", "urn:btmh:1220");
    const char *id = json_string_value(json_object_get(added, "id"));
    assert_true(hex_decode(id, 40, s->m.infohash, INFOHASH_LEN));
    json_decref(r);
    json_decref(added);
    s->m.machine = sim_node_add(s->sim, "mallory", addr_v4(10, 0, 0, 66, 0), lan);
    return s;
}

static struct scene *scene_new(const char *kind)
{
    return scene_of(kind, PIECE, NULL);
}

static void scene_free(struct scene *s)
{
    conn_close(s->m.conn);
    listener_close(s->m.listener);
    buf_done(&s->m.in);
    buf_done(&s->m.out);
    node_free(s->ann);
    node_free(s->bob);
    sim_free(s->sim);
    free(s->bytes);
    free(s->v1);
    free(s->v2);
    free(s);
}

static void get(struct scene *s, const char *link, const char *peer)
{
    json_decref(
        node_call(s->bob, "file.get", json_pack("{s:s, s:[s]}", "link", link, "peer", peer), NULL));
}

static bool bob_has_it(struct scene *s)
{
    return node_has(s->bob, "/downloads/film.bin", s->bytes, SIZE);
}

static size_t bobs(struct scene *s)
{
    json_t *list = node_call(s->bob, "file.ls", json_object(), NULL);
    size_t n = json_array_size(list);
    json_decref(list);
    return n;
}

static void each_link_of_each_kind_is_enough(void **state)
{
    (void)state;
    static const char *const kinds[] = {"v1", "hybrid", "v2"};
    for (size_t k = 0; k < 3; k++)
        for (int by_v2 = 0; by_v2 < 2; by_v2++) {
            struct scene *s = scene_new(kinds[k]);
            const char *link = by_v2 ? s->v2 : s->v1;
            assert_int_equal(link != NULL, by_v2 ? k > 0 : k < 2);
            if (link) {
                print_message("# %s by %s\n", kinds[k], link);
                get(s, link, "10.0.0.1:6881");
                sim_run_for(s->sim, 60 * SEC);
                assert_true(bob_has_it(s));
            }
            scene_free(s);
        }
}

static void two_links_of_one_torrent_become_one(void **state)
{
    (void)state;
    struct scene *s = scene_new("hybrid");
    get(s, s->v1, "10.0.0.1:6881");
    get(s, s->v2, "10.0.0.1:6881");
    assert_int_equal(bobs(s), 2);
    sim_run_for(s->sim, 60 * SEC);
    assert_int_equal(bobs(s), 1);
    assert_true(bob_has_it(s));
    get(s, s->v1, "10.0.0.1:6881"); /* by either name it is there already */
    get(s, s->v2, "10.0.0.1:6881");
    assert_int_equal(bobs(s), 1);
    scene_free(s);
}

static void listen_as_seed(struct scene *s)
{
    struct addr at = addr_v4(10, 0, 0, 66, 6881);
    s->m.listener = tcp_listen(sim_node_loop(s->m.machine), &at, on_accept, &s->m, NULL);
}

static void false_hashes_get_their_sender_banned(void **state)
{
    (void)state;
    struct scene *s = scene_new("v2");
    listen_as_seed(s);
    get(s, s->v2, "10.0.0.66:6881");
    sim_run_for(s->sim, 5 * SEC);
    get(s, s->v2, "10.0.0.1:6881");
    sim_run_for(s->sim, 120 * SEC);
    assert_true(bob_has_it(s));
    assert_int_equal(s->m.asked > 0, 1);
    assert_null(s->m.conn);
    unsigned conns = s->m.conns;
    sim_run_for(s->sim, 300 * SEC);
    assert_int_equal(s->m.conns, conns); /* not dialled any more */
    scene_free(s);
}

static void who_answers_no_question_holds_nobody_up(void **state)
{
    (void)state;
    struct scene *s = scene_new("v2");
    s->m.silent = true;
    listen_as_seed(s);
    get(s, s->v2, "10.0.0.66:6881");
    get(s, s->v2, "10.0.0.1:6881");
    sim_run_for(s->sim, 120 * SEC);
    assert_true(bob_has_it(s));
    scene_free(s);
}

/* Dials and says the handshake with v2's bit, HAVE_NONE, and all three messages about hashes. */
static void ask_about_trees(struct scene *s, uint8_t last)
{
    static const uint8_t root[MERKLE_LEN] = {1};
    struct wire_hash_range r = {root, 0, 0, 512, 9, cur_of(NULL, 0)};
    struct addr to = addr_v4(10, 0, 0, last, 6881);
    wire_put_handshake_v2(&s->m.out, s->m.infohash, mallory_id);
    wire_put_simple(&s->m.out, WIRE_HAVE_NONE);
    wire_put_hashes(&s->m.out, WIRE_HASH_REQUEST, &r);
    wire_put_hashes(&s->m.out, WIRE_HASH_REJECT, &r);
    r.count = UINT32_MAX;
    r.index = UINT32_MAX;
    wire_put_hashes(&s->m.out, WIRE_HASH_REQUEST, &r);
    wire_put_hashes(&s->m.out, WIRE_HASH_REJECT, &r);
    r.base = UINT32_MAX;
    r.proofs = UINT32_MAX;
    wire_put_hashes(&s->m.out, WIRE_HASH_REQUEST, &r);
    s->m.greeted = false;
    s->m.conn = tcp_dial(sim_node_loop(s->m.machine), &to, NULL, on_conn, &s->m);
    sim_run_for(s->sim, 2 * SEC);
}

/* libtorrent looked for trees in a torrent that has none, and in one whose files it did not know
 * (libtorrent#8692). */
static void v2s_bit_on_a_v1_torrent_changes_nothing(void **state)
{
    (void)state;
    struct scene *s = scene_new("v1");
    ask_about_trees(s, 1);
    assert_non_null(s->m.conn);
    assert_int_equal(s->m.refused, 0); /* unknown messages */
    hang_up(&s->m);
    get(s, s->v1, "10.0.0.66:1"); /* without metadata */
    ask_about_trees(s, 2);
    assert_non_null(s->m.conn);
    get(s, s->v1, "10.0.0.1:6881");
    sim_run_for(s->sim, 60 * SEC);
    assert_true(bob_has_it(s));
    scene_free(s);
}

static void questions_without_an_answer_are_refused(void **state)
{
    (void)state;
    struct scene *s = scene_new("v2");
    ask_about_trees(s, 1);
    assert_non_null(s->m.conn);
    assert_int_equal(s->m.refused, 3); /* no such root, and numbers that fit no tree */
    hang_up(&s->m);
    get(s, s->v2, "10.0.0.66:1"); /* without metadata there are no trees */
    ask_about_trees(s, 2);
    assert_non_null(s->m.conn);
    assert_int_equal(s->m.refused, 6);
    scene_free(s);
}

/* The only torrent of a node, as it is shown. */
static json_t *shown(struct node *n)
{
    json_t *list = node_call(n, "file.ls", json_object(), NULL);
    assert_int_equal(json_array_size(list), 1);
    const char *id = json_string_value(json_object_get(json_array_get(list, 0), "id"));
    json_t *row = node_call(n, "file.show", json_pack("{s:s}", "id", id), NULL);
    json_decref(list);
    return row;
}

static void torrent_file(struct node *n, struct buf *out)
{
    json_t *row = shown(n);
    json_t *r =
        node_call(n, "file.export", json_pack("{s:O}", "id", json_object_get(row, "id")), NULL);
    const char *text = json_string_value(json_object_get(r, "torrent"));
    assert_true(base64_decode(out, text, strlen(text)));
    json_decref(row);
    json_decref(r);
}

static void a_wrong_block_names_its_sender_and_costs_only_itself(void **state)
{
    (void)state;
    static const char *const kinds[] = {"v2", "hybrid"};
    for (size_t k = 0; k < 2; k++) {
        struct scene *s = scene_of(kinds[k], LARGE, NULL);
        s->m.bytes = s->bytes;
        s->m.picky = true;
        listen_as_seed(s);
        get(s, s->v1 ? s->v1 : s->v2, "10.0.0.66:6881");
        get(s, s->v1 ? s->v1 : s->v2, "10.0.0.1:6881");
        sim_run_for(s->sim, 120 * SEC);
        assert_true(bob_has_it(s));
        assert_true(s->m.lies > 0);
        assert_null(s->m.conn); /* banned */
        json_t *row = shown(s->bob);
        uint64_t wasted = (uint64_t)json_integer_value(json_object_get(row, "wasted"));
        print_message("# %s: %u lies, %u blocks wasted\n", kinds[k], s->m.lies,
                      (unsigned)(wasted / PIECE));
        assert_in_range(wasted, PIECE, s->m.lies * PIECE);
        json_decref(row);
        unsigned conns = s->m.conns;
        sim_run_for(s->sim, 300 * SEC);
        assert_int_equal(s->m.conns, conns);
        scene_free(s);
    }
}

/* What cannot be: nobody but its maker can make one. */
static void tear(struct buf *torrent)
{
    uint8_t *b = buf_bytes(torrent);
    size_t n = buf_len(torrent), i = 0;
    while (i + 16 < n && memcmp(b + i, "6:pieces", 8) != 0)
        i++;
    b[i + 16] ^= 1; /* behind "6:pieces1760:" */
}

static void assert_torn(struct scene *s)
{
    json_t *row = shown(s->bob);
    assert_string_equal(json_string_value(json_object_get(row, "state")), "error");
    const char *words = json_string_value(json_object_get(row, "error"));
    assert_non_null(words);
    assert_non_null(strstr(words, "one of its hashes and not the other"));
    json_decref(row);
}

static void a_hybrid_whose_data_fits_one_of_its_hashes_says_so(void **state)
{
    (void)state;
    for (int downloads = 0; downloads < 2; downloads++) {
        struct scene *s = scene_of("hybrid", LARGE, NULL);
        struct buf torrent = {0}, text = {0};
        torrent_file(s->ann, &torrent);
        tear(&torrent);
        struct metainfo *mi = metainfo_parse(buf_cur(&torrent), NULL);
        assert_non_null(mi);
        memcpy(s->m.infohash, mi->hash.v1, INFOHASH_LEN);
        metainfo_free(mi);
        if (downloads) {
            s->m.bytes = s->bytes;
            listen_as_seed(s);
        } else {
            node_write(s->bob, "/downloads/film.bin", s->bytes, SIZE);
        }
        base64_encode(&text, buf_bytes(&torrent), buf_len(&torrent));
        char *b64 = buf_take_str(&text);
        json_decref(node_call(s->bob, "file.get",
                              json_pack("{s:s, s:[s]}", "torrent", b64, "peer", "10.0.0.66:6881"),
                              NULL));
        free(b64);
        buf_done(&torrent);
        sim_run_for(s->sim, 60 * SEC);
        assert_torn(s);
        if (!downloads) {
            node_stop(s->bob);
            node_start(s->bob, &files_app, plain);
            sim_run_for(s->sim, 60 * SEC);
            assert_torn(s);
        }
        scene_free(s);
    }
}

static void who_came_by_v1s_link_has_v2s_hashes_too(void **state)
{
    (void)state;
    struct scene *s = scene_new("hybrid");
    get(s, s->v1, "10.0.0.1:6881");
    sim_run_for(s->sim, 60 * SEC);
    assert_true(bob_has_it(s));
    struct buf hers = {0}, his = {0};
    torrent_file(s->ann, &hers);
    torrent_file(s->bob, &his);
    struct metainfo *mi = metainfo_parse(buf_cur(&his), NULL);
    assert_non_null(mi);
    assert_true(buf_len(&his) > PIECES * (SHA1_LEN + MERKLE_LEN));
    metainfo_free(mi);
    buf_done(&hers);
    buf_done(&his);
    scene_free(s);
}

static void hashes_of_blocks_are_given_also_of_several_pieces(void **state)
{
    (void)state;
    static const struct {
        uint32_t index, count;
        bool given;
    } asked[] = {
        {10, 2, true},                    /* within a piece */
        {16, 8, true},                    /* a piece */
        {16, 16, true},                   /* two */
        {512, 256, true},                 /* many, of which the last have no bytes */
        {0, 512, true},   {700, 2, true}, /* the last block and padding */
        {704, 32, false},                 /* padding alone: everybody knows it */
        {0, 1024, false},                 /* more than in one answer */
        {16, 32, false},                  /* no whole part of the tree */
        {1024, 8, false},                 /* beyond it */
    };
    struct scene *s = scene_of("v2", LARGE, NULL);
    struct buf torrent = {0};
    torrent_file(s->ann, &torrent);
    struct metainfo *mi = metainfo_parse(buf_cur(&torrent), NULL);
    assert_non_null(mi);
    ask_about_trees(s, 1);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        unsigned proven = s->m.proven, refused = s->m.refused;
        struct wire_hash_range r = {
            mi->v2->file[0].root, 0, asked[i].index, asked[i].count, merkle_height(PIECES) - 1,
            cur_of(NULL, 0)};
        wire_put_hashes(&s->m.out, WIRE_HASH_REQUEST, &r);
        flush(&s->m);
        sim_run_for(s->sim, 2 * SEC);
        assert_int_equal(s->m.proven - proven, asked[i].given);
        assert_int_equal(s->m.refused - refused, !asked[i].given);
    }
    assert_non_null(s->m.conn);
    metainfo_free(mi);
    buf_done(&torrent);
    scene_free(s);
}

/* How many of this link's torrent the tracker knows. */
static size_t known(const struct udp_tracker *t, const char *link, size_t *seeders)
{
    uint8_t name[INFOHASH_LEN];
    const char *hex = strstr(link, "btmh:1220");
    hex = hex ? hex + 9 : strstr(link, "btih:") + 5;
    assert_true(hex_decode(hex, 2 * INFOHASH_LEN, name, INFOHASH_LEN));
    return udp_tracker_peers(t, name, seeders);
}

static void assert_both_announce(const struct udp_tracker *t, const char *link)
{
    size_t seeders = 0;
    if (!link)
        return;
    assert_int_equal(known(t, link, &seeders), 2);
    assert_int_equal(seeders, 2);
}

static void each_name_is_announced_also_after_a_restart(void **state)
{
    (void)state;
    static const char *const kinds[] = {"v2", "hybrid"};
    for (size_t k = 0; k < 2; k++) {
        struct scene *s = scene_of(kinds[k], PIECE, "udp://10.0.0.66:6969");
        struct addr at = addr_v4(10, 0, 0, 66, 6969);
        struct loop *loop = sim_node_loop(s->m.machine);
        struct udp_tracker *t = udp_tracker_open(loop, &at, 600, NULL);
        assert_non_null(t);
        char *link = mem_printf("%s&tr=udp://10.0.0.66:6969", s->v2); /* and no peer named */
        json_decref(node_call(s->bob, "file.get", json_pack("{s:s}", "link", link), NULL));
        sim_run_for(s->sim, 300 * MSEC);
        node_stop(s->bob); /* on the way */
        node_start(s->bob, &files_app, plain);
        sim_run_for(s->sim, 900 * SEC);
        assert_true(bob_has_it(s));
        assert_both_announce(t, s->v1);
        assert_both_announce(t, s->v2);
        node_stop(s->ann);
        node_crash(s->bob);
        udp_tracker_close(t);
        t = udp_tracker_open(loop, &at, 600, NULL);
        node_start(s->ann, &files_app, plain);
        node_start(s->bob, &files_app, plain);
        sim_run_for(s->sim, 900 * SEC);
        assert_both_announce(t, s->v1);
        assert_both_announce(t, s->v2);
        udp_tracker_close(t);
        free(link);
        scene_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_link_of_each_kind_is_enough),
        cmocka_unit_test(two_links_of_one_torrent_become_one),
        cmocka_unit_test(false_hashes_get_their_sender_banned),
        cmocka_unit_test(who_answers_no_question_holds_nobody_up),
        cmocka_unit_test(v2s_bit_on_a_v1_torrent_changes_nothing),
        cmocka_unit_test(questions_without_an_answer_are_refused),
        cmocka_unit_test(a_wrong_block_names_its_sender_and_costs_only_itself),
        cmocka_unit_test(a_hybrid_whose_data_fits_one_of_its_hashes_says_so),
        cmocka_unit_test(who_came_by_v1s_link_has_v2s_hashes_too),
        cmocka_unit_test(hashes_of_blocks_are_given_also_of_several_pieces),
        cmocka_unit_test(each_name_is_announced_also_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
