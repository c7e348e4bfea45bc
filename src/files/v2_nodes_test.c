/* Whole nodes in the simulator that share v2 and hybrid torrents, and peers that lie in the trees.
 */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/hex.h"
#include "files/infohash.h"
#include "files/merkle.h"
#include "files/wire_msg.h"
#include "net/conn.h"
#include "support/sim_node.h"

enum { PIECE = 16384, SIZE = 700 * PIECE + 5, PIECES = 701 };

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

static void answer(struct mallory *m)
{
    size_t len;
    if (!m->greeted && buf_len(&m->in) >= WIRE_HANDSHAKE_LEN) {
        m->greeted = true;
        buf_eat(&m->in, WIRE_HANDSHAKE_LEN);
        if (m->listener) {
            wire_put_handshake_v2(&m->out, m->infohash, mallory_id);
            wire_put_simple(&m->out, WIRE_HAVE_ALL);
        }
    }
    while (m->greeted && wire_frame(buf_cur(&m->in), &len, NULL) == OK && len > 0 &&
           len <= buf_len(&m->in)) {
        struct wire_msg msg;
        if (wire_read(cur_of(buf_bytes(&m->in), len), &msg, NULL) == OK) {
            if (msg.type == WIRE_HASH_REQUEST)
                lie(m, &msg);
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

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, NULL);
    return n;
}

static char *link_of(const json_t *added, const char *member, const char *topic)
{
    const char *hex = json_string_value(json_object_get(added, member));
    return hex ? mem_printf("magnet:?xt=%s%s", topic, hex) : NULL;
}

static struct scene *scene_new(const char *kind)
{
    struct scene *s = MEM_NEW(struct scene);
    s->sim = sim_new(3);
    s->ann = start(s->sim, "ann", 1);
    s->bob = start(s->sim, "bob", 2);
    s->bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        s->bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    node_write(s->ann, "/stuff/film.bin", s->bytes, SIZE);
    json_t *r = node_call(
        s->ann, "file.add",
        json_pack("{s:s, s:i, s:b}", "path", "/stuff/film.bin", "piece_size", PIECE, kind, 1),
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_link_of_each_kind_is_enough),
        cmocka_unit_test(two_links_of_one_torrent_become_one),
        cmocka_unit_test(false_hashes_get_their_sender_banned),
        cmocka_unit_test(who_answers_no_question_holds_nobody_up),
        cmocka_unit_test(v2s_bit_on_a_v1_torrent_changes_nothing),
        cmocka_unit_test(questions_without_an_answer_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
