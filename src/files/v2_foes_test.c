/* Peers that lie in the trees of v2, answer nothing, or ask for what is not there. */
#include "files/v2_world_test.h"

static void false_hashes_get_their_sender_banned(void **state)
{
    (void)state;
    struct scene *s = scene_new("v2");
    foe_wait(&s->m.f);
    get(s, s->v2, "10.0.0.66:6881");
    sim_run_for(s->sim, 5 * SEC);
    get(s, s->v2, "10.0.0.1:6881");
    sim_run_for(s->sim, 120 * SEC);
    assert_true(bob_has_it(s));
    assert_int_equal(s->m.asked > 0, 1);
    assert_null(s->m.f.conn);
    unsigned conns = s->m.f.conns;
    sim_run_for(s->sim, 300 * SEC);
    assert_int_equal(s->m.f.conns, conns); /* not dialled any more */
    scene_free(s);
}

static void who_answers_no_question_holds_nobody_up(void **state)
{
    (void)state;
    struct scene *s = scene_new("v2");
    s->m.silent = true;
    foe_wait(&s->m.f);
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
    wire_put_handshake_v2(&s->m.f.out, s->m.f.infohash, foe_id);
    wire_put_simple(&s->m.f.out, WIRE_HAVE_NONE);
    wire_put_hashes(&s->m.f.out, WIRE_HASH_REQUEST, &r);
    wire_put_hashes(&s->m.f.out, WIRE_HASH_REJECT, &r);
    r.count = UINT32_MAX;
    r.index = UINT32_MAX;
    wire_put_hashes(&s->m.f.out, WIRE_HASH_REQUEST, &r);
    wire_put_hashes(&s->m.f.out, WIRE_HASH_REJECT, &r);
    r.base = UINT32_MAX;
    r.proofs = UINT32_MAX;
    wire_put_hashes(&s->m.f.out, WIRE_HASH_REQUEST, &r);
    foe_dial(&s->m.f, last);
    sim_run_for(s->sim, 2 * SEC);
}

/* libtorrent looked for trees in a torrent that has none, and in one whose files it did not know
 * (libtorrent#8692). */
static void v2s_bit_on_a_v1_torrent_changes_nothing(void **state)
{
    (void)state;
    struct scene *s = scene_new("v1");
    ask_about_trees(s, 1);
    assert_non_null(s->m.f.conn);
    assert_int_equal(s->m.refused, 0); /* unknown messages */
    foe_hang_up(&s->m.f);
    get(s, s->v1, "10.0.0.66:1"); /* without metadata */
    ask_about_trees(s, 2);
    assert_non_null(s->m.f.conn);
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
    assert_non_null(s->m.f.conn);
    assert_int_equal(s->m.refused, 3); /* no such root, and numbers that fit no tree */
    foe_hang_up(&s->m.f);
    get(s, s->v2, "10.0.0.66:1"); /* without metadata there are no trees */
    ask_about_trees(s, 2);
    assert_non_null(s->m.f.conn);
    assert_int_equal(s->m.refused, 6);
    scene_free(s);
}

static void a_wrong_block_names_its_sender_and_costs_only_itself(void **state)
{
    (void)state;
    static const char *const kinds[] = {"v2", "hybrid"};
    for (size_t k = 0; k < 2; k++) {
        struct scene *s = scene_of(kinds[k], LARGE, NULL);
        s->m.bytes = s->bytes;
        s->m.picky = true;
        foe_wait(&s->m.f);
        get(s, s->v1 ? s->v1 : s->v2, "10.0.0.66:6881");
        get(s, s->v1 ? s->v1 : s->v2, "10.0.0.1:6881");
        sim_run_for(s->sim, 120 * SEC);
        assert_true(bob_has_it(s));
        assert_true(s->m.lies > 0);
        assert_null(s->m.f.conn); /* banned */
        json_t *row = shown(s->bob);
        uint64_t wasted = (uint64_t)json_integer_value(json_object_get(row, "wasted"));
        print_message("# %s: %u lies, %u blocks wasted\n", kinds[k], s->m.lies,
                      (unsigned)(wasted / PIECE));
        assert_in_range(wasted, PIECE, s->m.lies * PIECE);
        json_decref(row);
        unsigned conns = s->m.f.conns;
        sim_run_for(s->sim, 300 * SEC);
        assert_int_equal(s->m.f.conns, conns);
        scene_free(s);
    }
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
        wire_put_hashes(&s->m.f.out, WIRE_HASH_REQUEST, &r);
        foe_flush(&s->m.f);
        sim_run_for(s->sim, 2 * SEC);
        assert_int_equal(s->m.proven - proven, asked[i].given);
        assert_int_equal(s->m.refused - refused, !asked[i].given);
    }
    assert_non_null(s->m.f.conn);
    metainfo_free(mi);
    buf_done(&torrent);
    scene_free(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_hashes_get_their_sender_banned),
        cmocka_unit_test(who_answers_no_question_holds_nobody_up),
        cmocka_unit_test(v2s_bit_on_a_v1_torrent_changes_nothing),
        cmocka_unit_test(questions_without_an_answer_are_refused),
        cmocka_unit_test(a_wrong_block_names_its_sender_and_costs_only_itself),
        cmocka_unit_test(hashes_of_blocks_are_given_also_of_several_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
