/* Whole nodes in the simulator that share v2 and hybrid torrents. */
#include "files/v2_world_test.h"

#include "support/udp_tracker.h"

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
        memcpy(s->m.f.infohash, mi->hash.v1, INFOHASH_LEN);
        metainfo_free(mi);
        if (downloads) {
            s->m.bytes = s->bytes;
            foe_wait(&s->m.f);
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
        struct loop *loop = sim_node_loop(s->m.f.machine);
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
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_link_of_each_kind_is_enough),
        cmocka_unit_test(two_links_of_one_torrent_become_one),
        cmocka_unit_test(a_hybrid_whose_data_fits_one_of_its_hashes_says_so),
        cmocka_unit_test(who_came_by_v1s_link_has_v2s_hashes_too),
        cmocka_unit_test(each_name_is_announced_also_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
