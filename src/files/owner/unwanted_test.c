/* The owner's rules in whole nodes, in the simulator: block lists, address filters, file names. */
#include "files/owner/unwanted.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/keys.h"
#include "files/files.h"
#include "files/meta/metainfo.h"
#include "files/owner/feed.h"
#include "support/sim_node.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = 300000, EXE_SIZE = 5000 };

struct pair {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char id[41], *magnet, *torrent;
};

static struct node *make(struct sim *sim, const char *name, uint8_t last)
{
    static const struct sim_link lan = {
        .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};
    return node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
}

static char *text_of(json_t *j, const char *key)
{
    return mem_strdup(json_string_value(json_object_get(j, key)));
}

/* Ann shares a folder with a film and a program; bob does not run yet. */
static struct pair pair_new(void)
{
    struct pair p = {.sim = sim_new(1), .bytes = mem_zalloc(SIZE)};
    for (size_t i = 0; i < SIZE; i++)
        p.bytes[i] = (uint8_t)(i * 7 + i / 251);
    p.ann = make(p.sim, "ann", 1);
    p.bob = make(p.sim, "bob", 2);
    node_start(p.ann, &files_app, NULL);
    node_write(p.ann, "/stuff/film/film.bin", p.bytes, SIZE);
    node_write(p.ann, "/stuff/film/setup.EXE", p.bytes, EXE_SIZE);
    json_t *job =
        node_call(p.ann, "file.add",
                  json_pack("{s:s, s:i}", "path", "/stuff/film", "piece_size", 16384), NULL);
    json_t *added = node_job(p.ann, json_string_value(json_object_get(job, "job")));
    snprintf(p.id, sizeof p.id, "%s", json_string_value(json_object_get(added, "id")));
    p.magnet = text_of(added, "magnet");
    json_t *file = node_call(p.ann, "file.export", json_pack("{s:s}", "id", p.id), NULL);
    p.torrent = text_of(file, "torrent");
    json_decref(file);
    json_decref(added);
    json_decref(job);
    return p;
}

static void pair_free(struct pair *p)
{
    node_free(p->ann);
    node_free(p->bob);
    sim_free(p->sim);
    free(p->bytes);
    free(p->magnet);
    free(p->torrent);
}

static void start_bob(struct pair *p, const char *first, const char *second)
{
    const char *const set[] = {first, second, NULL};
    node_start(p->bob, &files_app, set);
    sim_run_for(p->sim, SEC); /* lists are read */
}

static json_t *get_link(struct pair *p)
{
    return json_pack("{s:s, s:[s]}", "link", p->magnet, "peer", "10.0.0.1:6881");
}

static json_t *get_file(struct pair *p)
{
    return json_pack("{s:s, s:[s]}", "torrent", p->torrent, "peer", "10.0.0.1:6881");
}

static void call(struct node *n, const char *method, json_t *params)
{
    json_decref(node_call(n, method, params, NULL));
}

static void fails(struct node *n, const char *method, json_t *params, const char *code,
                  const char *word)
{
    json_t *error = NULL, *result = node_call(n, method, params, &error);
    assert_null(result);
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_non_null(strstr(json_string_value(json_object_get(error, "message")), word));
    json_decref(error);
}

static bool row_has(struct node *n, const char *id, const char *key, const char *word)
{
    json_t *row = node_call(n, "file.show", json_pack("{s:s, s:b}", "id", id, "peers", 0), NULL);
    const char *value = json_string_value(json_object_get(row, key));
    bool has = value ? word && strstr(value, word) != NULL : !word;
    json_decref(row);
    return has;
}

static bool is_whole(struct pair *p)
{
    return node_has(p->bob, "/downloads/film/film.bin", p->bytes, SIZE);
}

static void put_list(struct pair *p, const char *path, const char *text)
{
    node_write(p->bob, path, text, strlen(text));
}

static void a_blocked_infohash_is_refused_with_list_and_line(void **state)
{
    (void)state;
    struct pair p = pair_new();
    char *text = mem_printf("# list\n\n%s remark\n", p.id);
    put_list(&p, "/lists/block.txt", text);
    start_bob(&p, "files.blocklist=/lists/none.txt,/lists/block.txt", NULL);
    fails(p.bob, "file.get", get_link(&p), "file.blocked", "/lists/block.txt line 3");
    fails(p.bob, "file.get", get_file(&p), "file.blocked", "/lists/block.txt line 3");
    /* The list that is not there is said to be so. */
    json_t *j = node_call(p.bob, "file.blocklist", NULL, NULL);
    json_t *none = json_array_get(json_object_get(j, "lists"), 0);
    assert_true(json_is_string(json_object_get(none, "error")));
    json_decref(j);
    free(text);
    pair_free(&p);
}

static void what_is_held_is_paused_and_goes_on_when_the_list_changes(void **state)
{
    (void)state;
    struct pair p = pair_new();
    put_list(&p, "/lists/block.txt", "# nothing\n");
    start_bob(&p, "files.blocklist=/lists/block.txt", NULL);
    call(p.bob, "file.get", json_pack("{s:s}", "link", p.magnet)); /* and no peer */
    sim_run_for(p.sim, SEC);
    assert_true(row_has(p.bob, p.id, "blocked", NULL));

    char *text = mem_printf("%s\n", p.id);
    put_list(&p, "/lists/block.txt", text);
    sim_run_for(p.sim, 2 * FEED_LOOK_US);
    assert_true(row_has(p.bob, p.id, "state", "paused"));
    assert_true(row_has(p.bob, p.id, "reason", "/lists/block.txt line 1"));
    fails(p.bob, "file.resume", json_pack("{s:s}", "id", p.id), "file.blocked", "line 1");
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    sim_run_for(p.sim, 30 * SEC);
    assert_false(is_whole(&p));

    put_list(&p, "/lists/block.txt", "# again nothing\n");
    sim_run_for(p.sim, 30 * SEC);
    assert_true(row_has(p.bob, p.id, "blocked", NULL));
    assert_true(is_whole(&p));
    free(text);
    pair_free(&p);
}

static void ones_own_list_holds_over_a_restart(void **state)
{
    (void)state;
    struct pair p = pair_new();
    start_bob(&p, NULL, NULL);
    call(p.bob, "file.get", json_pack("{s:s}", "link", p.magnet));
    call(p.bob, "file.block", json_pack("{s:s, s:s}", "what", p.id, "note", "no"));
    assert_true(row_has(p.bob, p.id, "state", "paused"));
    node_stop(p.bob);
    start_bob(&p, NULL, NULL);
    assert_true(row_has(p.bob, p.id, "reason", "blocked by your own list"));
    call(p.bob, "file.rm", json_pack("{s:s}", "id", p.id));
    fails(p.bob, "file.get", get_link(&p), "file.blocked", "your own list");
    call(p.bob, "file.unblock", json_pack("{s:s}", "what", p.id));
    fails(p.bob, "file.unblock", json_pack("{s:s}", "what", p.id), "file.not_found", "own list");
    call(p.bob, "file.get", get_link(&p));
    sim_run_for(p.sim, 30 * SEC);
    assert_true(is_whole(&p));
    pair_free(&p);
}

static void a_list_that_becomes_nonsense_leaves_the_old_one_in_force(void **state)
{
    (void)state;
    struct pair p = pair_new();
    char *text = mem_printf("%s\n", p.id);
    put_list(&p, "/lists/block.txt", text);
    start_bob(&p, "files.blocklist=/lists/block.txt", NULL);
    put_list(&p, "/lists/block.txt", "<html>moved</html>\n");
    sim_run_for(p.sim, 2 * FEED_LOOK_US);
    fails(p.bob, "file.get", get_link(&p), "file.blocked", "line 1");
    free(text);
    pair_free(&p);
}

/* Ann shares a file and signs it; its link and .torrent become the pair's. */
static void share_signed(struct pair *p)
{
    json_t *job = node_call(p->ann, "file.add",
                            json_pack("{s:s, s:b, s:i}", "path", "/stuff/film/film.bin", "sign", 1,
                                      "piece_size", 16384),
                            NULL);
    json_t *added = node_job(p->ann, json_string_value(json_object_get(job, "job")));
    snprintf(p->id, sizeof p->id, "%s", json_string_value(json_object_get(added, "id")));
    json_t *file = node_call(p->ann, "file.export", json_pack("{s:s}", "id", p->id), NULL);
    free(p->torrent);
    free(p->magnet);
    p->magnet = text_of(added, "magnet");
    p->torrent = text_of(file, "torrent");
    json_decref(file);
    json_decref(added);
    json_decref(job);
}

/* "ID valid NAME" of the only signer; "" when there is none. */
static char *signer(struct node *n, const char *id)
{
    json_t *row = node_call(n, "file.show", json_pack("{s:s, s:b}", "id", id, "peers", 0), NULL);
    json_t *list = json_object_get(row, "signers"), *s = json_array_get(list, 0);
    const char *name = json_string_value(json_object_get(s, "name"));
    assert_true(json_array_size(list) <= 1);
    char *text = s ? mem_printf("%s %s %s", json_string_value(json_object_get(s, "peer_id")),
                                json_is_true(json_object_get(s, "valid")) ? "valid" : "invalid",
                                name ? name : "-")
                   : mem_strdup("");
    json_decref(row);
    return text;
}

static void signer_is(struct node *n, const char *id, const char *want)
{
    char *got = signer(n, id);
    assert_string_equal(got, want);
    free(got);
}

static void who_signed_is_told_and_a_signer_may_be_blocked(void **state)
{
    (void)state;
    struct pair p = pair_new();
    signer_is(p.ann, p.id, "");
    share_signed(&p);
    const char *ann = keys_peer_id(p.ann->keys);
    char *own = mem_printf("%s valid this node", ann), *hers = mem_printf("%s valid -", ann);
    char *block = mem_printf("signer:%s", ann);
    signer_is(p.ann, p.id, own);
    assert_non_null(strstr(p.magnet, "&xs=urn:btpk:"));
    start_bob(&p, NULL, NULL);
    call(p.bob, "file.get", get_file(&p));
    signer_is(p.bob, p.id, hers);
    node_stop(p.bob); /* kept with the .torrent */
    start_bob(&p, NULL, NULL);
    signer_is(p.bob, p.id, hers);
    call(p.bob, "file.block", json_pack("{s:s}", "what", block));
    assert_true(row_has(p.bob, p.id, "blocked", "signer:"));
    call(p.bob, "file.rm", json_pack("{s:s}", "id", p.id));
    fails(p.bob, "file.get", get_file(&p), "file.blocked", "signer:");
    free(own);
    free(hers);
    free(block);
    pair_free(&p);
}

/* The names of our own disk are kept, and found again after a restart; who gets them has safe ones,
 * and is told how many are others. */
static void own_names_stay_and_those_of_strangers_are_made_safe(void **state)
{
    (void)state;
    struct pair p = pair_new();
    node_write(p.ann, "/stuff/tree/aux.c", p.bytes, 20000);
    node_write(p.ann, "/stuff/tree/README", p.bytes, 30000);
    node_write(p.ann, "/stuff/tree/readme", p.bytes, 10000);
    json_t *job = node_call(p.ann, "file.add", json_pack("{s:s}", "path", "/stuff/tree"), NULL);
    json_t *added = node_job(p.ann, json_string_value(json_object_get(job, "job")));
    snprintf(p.id, sizeof p.id, "%s", json_string_value(json_object_get(added, "id")));
    free(p.magnet);
    p.magnet = text_of(added, "magnet");
    json_decref(added);
    json_decref(job);
    node_stop(p.ann);
    node_start(p.ann, &files_app, NULL);
    start_bob(&p, NULL, NULL);
    call(p.bob, "file.get", get_link(&p));
    sim_run_for(p.sim, 30 * SEC);
    assert_true(node_has(p.bob, "/downloads/tree/_aux.c", p.bytes, 20000));
    assert_true(node_has(p.bob, "/downloads/tree/README", p.bytes, 30000));
    assert_true(node_has(p.bob, "/downloads/tree/readme_2", p.bytes, 10000));
    json_t *row = node_call(p.bob, "file.show", json_pack("{s:s}", "id", p.id), NULL);
    assert_int_equal(json_integer_value(json_object_get(row, "renamed")), 2);
    json_decref(row);
    row = node_call(p.ann, "file.show", json_pack("{s:s}", "id", p.id), NULL);
    assert_int_equal(json_integer_value(json_object_get(row, "renamed")), 0);
    json_decref(row);
    pair_free(&p);
}

static bool any_in_downloads(struct pair *p)
{
    struct vfs_stat st;
    return vfs_stat(p->bob->disk, "/downloads/film", &st, NULL) == OK;
}

static void a_torrent_with_a_denied_name_is_refused_before_anything_is_written(void **state)
{
    (void)state;
    struct pair p = pair_new();
    start_bob(&p, "files.deny=*.lnk *.exe", "files.deny-action=refuse");
    fails(p.bob, "file.get", get_file(&p), "file.blocked", "setup.EXE");
    call(p.bob, "file.get", get_link(&p));
    sim_run_for(p.sim, 30 * SEC);
    assert_true(row_has(p.bob, p.id, "blocked", "files.deny (*.exe)"));
    assert_false(any_in_downloads(&p));
    node_stop(p.bob);
    start_bob(&p, "files.deny=*.exe", "files.deny-action=refuse");
    sim_run_for(p.sim, 30 * SEC);
    assert_false(any_in_downloads(&p));
    node_stop(p.bob);
    start_bob(&p, "files.deny=*.lnk", "files.deny-action=refuse");
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    sim_run_for(p.sim, 30 * SEC);
    assert_true(is_whole(&p));
    pair_free(&p);
}

static void a_denied_file_is_left_out_and_the_rest_comes(void **state)
{
    (void)state;
    for (int by_file = 0; by_file < 2; by_file++) {
        struct pair p = pair_new();
        start_bob(&p, "files.deny=*.exe", NULL);
        call(p.bob, "file.get", by_file ? get_file(&p) : get_link(&p));
        sim_run_for(p.sim, 60 * SEC);
        assert_true(is_whole(&p));
        struct vfs_stat st; /* its bytes share a piece with the film's; it is not made for that */
        assert_int_not_equal(vfs_stat(p.bob->disk, "/downloads/film/setup.EXE", &st, NULL), OK);
        json_t *row =
            node_call(p.bob, "file.show", json_pack("{s:s, s:b}", "id", p.id, "files", 1), NULL);
        json_t *exe = json_array_get(json_object_get(row, "files"), 1);
        assert_string_equal(json_string_value(json_object_get(exe, "denied")), "*.exe");
        assert_true(json_is_false(json_object_get(exe, "wanted")));
        json_decref(row);
        pair_free(&p);
    }
}

static json_int_t filtered(struct node *n)
{
    json_t *j = node_call(n, "file.blocklist", NULL, NULL);
    json_int_t hits = json_integer_value(json_object_get(j, "filtered"));
    json_decref(j);
    return hits;
}

static json_int_t peers(struct node *n, const char *id)
{
    json_t *row = node_call(n, "file.show", json_pack("{s:s, s:b}", "id", id, "peers", 0), NULL);
    json_int_t count = json_integer_value(json_object_get(row, "peers"));
    json_decref(row);
    return count;
}

static void a_filtered_address_is_not_dialled_until_the_list_lets_it(void **state)
{
    (void)state;
    struct pair p = pair_new();
    put_list(&p, "/lists/p2p.txt", "ann:10.0.0.0-10.0.0.1\n");
    start_bob(&p, "files.ip-filter=/lists/p2p.txt", NULL);
    call(p.bob, "file.get", get_link(&p));
    sim_run_for(p.sim, 60 * SEC);
    assert_int_equal(peers(p.bob, p.id), 0);
    assert_true(filtered(p.bob) > 0);
    put_list(&p, "/lists/p2p.txt", "ann:10.0.0.0-10.0.0.0\n");
    sim_run_for(p.sim, 2 * FEED_LOOK_US);
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    sim_run_for(p.sim, 30 * SEC);
    assert_true(is_whole(&p));
    pair_free(&p);
}

static void who_is_connected_goes_when_a_list_comes_and_is_not_let_in_again(void **state)
{
    (void)state;
    struct pair p = pair_new();
    put_list(&p, "/lists/dat.txt", "#\n");
    start_bob(&p, "files.ip-filter=/lists/dat.txt", NULL);
    call(p.bob, "file.get", get_link(&p));
    call(p.bob, "file.limit", json_pack("{s:s, s:i}", "id", p.id, "down", 8192));
    sim_run_for(p.sim, 2 * SEC);
    assert_int_equal(peers(p.bob, p.id), 1);
    put_list(&p, "/lists/dat.txt", "010.000.000.001 - 010.000.000.001 , 000 , ann\n");
    sim_run_for(p.sim, 2 * FEED_LOOK_US);
    assert_int_equal(peers(p.bob, p.id), 0);
    json_int_t before = filtered(p.bob);
    call(p.ann, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.2:6881"));
    sim_run_for(p.sim, 60 * SEC);
    assert_int_equal(peers(p.bob, p.id), 0);
    assert_true(filtered(p.bob) > before);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocked_infohash_is_refused_with_list_and_line),
        cmocka_unit_test(what_is_held_is_paused_and_goes_on_when_the_list_changes),
        cmocka_unit_test(ones_own_list_holds_over_a_restart),
        cmocka_unit_test(a_list_that_becomes_nonsense_leaves_the_old_one_in_force),
        cmocka_unit_test(who_signed_is_told_and_a_signer_may_be_blocked),
        cmocka_unit_test(own_names_stay_and_those_of_strangers_are_made_safe),
        cmocka_unit_test(a_torrent_with_a_denied_name_is_refused_before_anything_is_written),
        cmocka_unit_test(a_denied_file_is_left_out_and_the_rest_comes),
        cmocka_unit_test(a_filtered_address_is_not_dialled_until_the_list_lets_it),
        cmocka_unit_test(who_is_connected_goes_when_a_list_comes_and_is_not_let_in_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
