/* Nodes that share and get, in the simulator: the whole app over simulated machines. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/meta/metainfo.h"
#include "store/vfs.h"
#include "support/sim_node.h"
#include "support/udp_tracker.h"

#include <stdlib.h>

enum { SIZE = 3 * 1024 * 1024 + 12345, PIECE = 64 * 1024 };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

/* Bytes that differ everywhere. */
static uint8_t *make_bytes(size_t n)
{
    uint8_t *p = mem_zalloc(n);
    node_noise(p, n, 12345);
    return p;
}

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, NULL);
    return n;
}

static char *text_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? mem_strdup(s) : NULL;
}

/* Share `bytes` as /stuff/name; gives the job's result. */
static json_t *share(struct node *n, const char *name, const uint8_t *bytes, size_t len)
{
    char *path = mem_printf("/stuff/%s", name);
    node_write(n, path, bytes, len);
    json_t *r =
        node_call(n, "file.add", json_pack("{s:s, s:i}", "path", path, "piece_size", PIECE), NULL);
    json_t *added = node_job(n, json_string_value(json_object_get(r, "job")));
    json_decref(r);
    free(path);
    return added;
}

static json_t *row(struct node *n, const char *id)
{
    return node_call(n, "file.show", json_pack("{s:s}", "id", id), NULL);
}

struct until {
    struct node *n;
    const char *id, *state;
};

static bool in_state(void *arg)
{
    struct until *u = arg;
    json_t *list = node_call(u->n, "file.ls", json_pack("{s:s}", "state", u->state), NULL);
    bool yes = false;
    for (size_t i = 0; i < json_array_size(list); i++)
        yes = yes ||
              strcmp(json_string_value(json_object_get(json_array_get(list, i), "id")), u->id) == 0;
    json_decref(list);
    return yes;
}

static void wait_state(struct node *n, const char *id, const char *state, uint64_t limit_us)
{
    struct until u = {n, id, state};
    if (in_state(&u) || sim_run_until(n->sim, in_state, &u, limit_us))
        return;
    json_t *j = row(n, id);
    json_dumpf(j, stderr, JSON_INDENT(1));
    json_decref(j);
    fail_msg("never %s", state);
}

/* Two nodes, the first of which shares a film. */
struct pair {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char *id, *link;
};

static struct pair pair_new(uint64_t seed)
{
    struct pair p = {.sim = sim_new(seed)};
    p.ann = start(p.sim, "ann", 1);
    p.bob = start(p.sim, "bob", 2);
    p.bytes = make_bytes(SIZE);
    json_t *added = share(p.ann, "film.bin", p.bytes, SIZE);
    p.id = text_of(added, "id");
    p.link = text_of(added, "magnet");
    json_decref(added);
    return p;
}

static void pair_free(struct pair *p)
{
    node_free(p->ann);
    node_free(p->bob);
    sim_free(p->sim);
    free(p->bytes);
    free(p->id);
    free(p->link);
}

static void call(struct node *n, const char *method, json_t *params)
{
    json_decref(node_call(n, method, params, NULL));
}

static void call_id(struct node *n, const char *method, const char *id)
{
    call(n, method, json_pack("{s:s}", "id", id));
}

/* The stable code with which it fails. */
static void fails(struct node *n, const char *method, json_t *params, const char *code)
{
    json_t *error = NULL;
    assert_null(node_call(n, method, params, &error));
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    json_decref(error);
}

static void get(struct node *n, const char *link, const char *peer)
{
    call(n, "file.get", json_pack("{s:s, s:[s]}", "link", link, "peer", peer));
}

static json_int_t number(struct node *n, const char *id, const char *key)
{
    json_t *j = row(n, id);
    json_int_t v = json_integer_value(json_object_get(j, key));
    json_decref(j);
    return v;
}

static bool text_is(struct node *n, const char *id, const char *key, const char *want)
{
    json_t *j = row(n, id);
    bool same = strcmp(json_string_value(json_object_get(j, key)), want) == 0;
    if (!same)
        print_message("%s is %s\n", key, json_string_value(json_object_get(j, key)));
    json_decref(j);
    return same;
}

static void a_magnet_and_a_peer_is_all_it_takes(void **state)
{
    (void)state;
    struct pair p = pair_new(1);
    uint64_t began = sim_now_us(p.sim);
    get(p.bob, p.link, "10.0.0.1:6881");
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    /* 3 MB over 12.5 MB/s is a quarter of a second; metadata, disk and slow start are the rest. */
    assert_true(sim_now_us(p.sim) - began < SEC);
    assert_int_equal(number(p.bob, p.id, "downloaded"), SIZE);
    assert_int_equal(number(p.ann, p.id, "uploaded"), SIZE);
    assert_int_equal(number(p.bob, p.id, "wasted"), 0);
    pair_free(&p);
}

static bool has_data(void *arg)
{
    struct until *u = arg;
    return number(u->n, u->id, "downloaded") > 0;
}

static void the_first_byte_comes_within_six_round_trips(void **state)
{
    (void)state;
    struct pair p = pair_new(2);
    uint64_t began = sim_now_us(p.sim);
    get(p.bob, p.link, "10.0.0.1:6881");
    struct until u = {p.bob, p.id, ""};
    assert_true(sim_run_until(p.sim, has_data, &u, 10 * SEC));
    assert_true(sim_now_us(p.sim) - began < 100 * MSEC);
    pair_free(&p);
}

static void a_torrent_file_gives_the_same(void **state)
{
    (void)state;
    struct pair p = pair_new(3);
    json_t *file = node_call(p.ann, "file.export", json_pack("{s:s}", "id", p.id), NULL);
    call(p.bob, "file.get",
         json_pack("{s:O, s:s, s:[s]}", "torrent", json_object_get(file, "torrent"), "dir",
                   "/else/where", "peer", "10.0.0.1:6881"));
    json_decref(file);
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    assert_true(node_has(p.bob, "/else/where/film.bin", p.bytes, SIZE));
    pair_free(&p);
}

static void what_is_shared_twice_is_one(void **state)
{
    (void)state;
    struct pair p = pair_new(4);
    json_t *again = share(p.ann, "film.bin", p.bytes, SIZE);
    assert_string_equal(json_string_value(json_object_get(again, "id")), p.id);
    json_decref(again);
    json_t *list = node_call(p.ann, "file.ls", NULL, NULL);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    json_t *got = node_call(p.ann, "file.get", json_pack("{s:s}", "link", p.link), NULL);
    assert_true(json_is_true(json_object_get(got, "existing")));
    json_decref(got);
    pair_free(&p);
}

static bool some_done(void *arg)
{
    struct until *u = arg;
    json_int_t done = number(u->n, u->id, "done");
    return done > SIZE / 4 && done < SIZE;
}

/* Slow enough to be stopped in the middle. */
static void slow(struct pair *p)
{
    call(p->bob, "file.limit", json_pack("{s:s, s:i}", "id", p->id, "down", 300000));
}

static void get_some(struct pair *p)
{
    get(p->bob, p->link, "10.0.0.1:6881");
    slow(p);
    struct until u = {p->bob, p->id, ""};
    assert_true(sim_run_until(p->sim, some_done, &u, 60 * SEC));
}

static void a_limit_holds(void **state)
{
    (void)state;
    struct pair p = pair_new(5);
    uint64_t began = sim_now_us(p.sim);
    get_some(&p);
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    uint64_t took = sim_now_us(p.sim) - began;
    assert_in_range(took, 9 * SEC, 12 * SEC); /* 3.2 MB at 300 kB/s, a little burst aside */
    pair_free(&p);
}

static void pause_stops_and_resume_goes_on(void **state)
{
    (void)state;
    struct pair p = pair_new(6);
    get_some(&p);
    call_id(p.bob, "file.pause", p.id);
    json_int_t done = number(p.bob, p.id, "downloaded");
    assert_true(text_is(p.bob, p.id, "state", "paused"));
    sim_run_for(p.sim, 30 * SEC);
    assert_int_equal(number(p.bob, p.id, "downloaded"), done);
    assert_int_equal(number(p.bob, p.id, "peers"), 0);
    call_id(p.bob, "file.resume", p.id);
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    /* What was asked for and not answered when it paused is all that came twice. */
    assert_true(number(p.bob, p.id, "downloaded") <= SIZE + 1024 * 1024);
    pair_free(&p);
}

static void a_restart_in_the_middle_loses_no_piece(void **state)
{
    (void)state;
    struct pair p = pair_new(7);
    get_some(&p);
    json_int_t done = number(p.bob, p.id, "done");
    node_stop(p.bob);
    node_start(p.bob, &files_app, NULL);
    sim_run_for(p.sim, SEC);
    assert_true(number(p.bob, p.id, "done") >= done);
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    pair_free(&p);
}

static void a_power_cut_in_the_middle_is_survived(void **state)
{
    (void)state;
    struct pair p = pair_new(8);
    node_write(p.bob, "/proc/sys/kernel/random/boot_id", "one\n", 4);
    get_some(&p);
    node_crash(p.bob);
    node_write(p.bob, "/proc/sys/kernel/random/boot_id", "two\n", 4);
    node_start(p.bob, &files_app, NULL);
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    wait_state(p.bob, p.id, "seeding", 120 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    pair_free(&p);
}

static void a_peer_that_dies_is_replaced(void **state)
{
    (void)state;
    struct pair p = pair_new(9);
    struct node *eve = start(p.sim, "eve", 3);
    get(eve, p.link, "10.0.0.1:6881");
    wait_state(eve, p.id, "seeding", 60 * SEC);
    call(p.ann, "file.limit", json_pack("{s:s, s:i}", "id", p.id, "up", 300000));
    get_some(&p);
    call(p.bob, "file.limit", json_pack("{s:s, s:i}", "id", p.id, "down", 0));
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.3:6881"));
    sim_cut(p.ann->machine, p.bob->machine);
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    node_free(eve);
    pair_free(&p);
}

static void it_says_why_it_stands_still(void **state)
{
    (void)state;
    struct pair p = pair_new(10);
    call(p.bob, "file.get", json_pack("{s:s}", "link", p.link));
    assert_true(text_is(p.bob, p.id, "reason",
                        "waiting for metadata: no peers; no node of the DHT is known yet"));
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.9:6881"));
    sim_run_for(p.sim, 20 * SEC);
    assert_true(text_is(p.bob, p.id, "reason",
                        "waiting for metadata: no peers; no node of the DHT is known yet"));
    get_some(&p);
    call_id(p.ann, "file.pause", p.id);
    sim_run_for(p.sim, 30 * SEC);
    assert_true(text_is(p.bob, p.id, "reason", "no peer answers"));
    call_id(p.bob, "file.pause", p.id);
    assert_true(text_is(p.bob, p.id, "reason", "paused"));
    pair_free(&p);
}

static void removed_with_its_data_nothing_is_left(void **state)
{
    (void)state;
    struct pair p = pair_new(11);
    get(p.bob, p.link, "10.0.0.1:6881");
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    call(p.bob, "file.rm", json_pack("{s:s, s:b}", "id", p.id, "with_data", 1));
    struct vfs_stat st;
    assert_int_equal(vfs_stat(p.bob->disk, "/downloads/film.bin", &st, NULL), ERR_NOT_FOUND);
    char *path = mem_printf("/data/torrents/%s.torrent", p.id);
    assert_int_equal(vfs_stat(p.bob->disk, path, &st, NULL), ERR_NOT_FOUND);
    free(path);
    fails(p.bob, "file.show", json_pack("{s:s}", "id", p.id), "file.not_found");
    call_id(p.ann, "file.rm", p.id);
    assert_true(node_has(p.ann, "/stuff/film.bin", p.bytes, SIZE));
    node_stop(p.bob);
    node_start(p.bob, &files_app, NULL);
    json_t *list = node_call(p.bob, "file.ls", NULL, NULL);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    pair_free(&p);
}

static void a_small_torrent_lasts_without_its_file(void **state)
{
    (void)state;
    struct pair p = pair_new(14);
    get(p.bob, p.link, "10.0.0.1:6881");
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    char *path = mem_printf("/data/torrents/%s.torrent", p.id);
    assert_int_equal(vfs_unlink(p.bob->disk, path, NULL), OK); /* the copy is for people */
    node_stop(p.bob);
    node_start(p.bob, &files_app, NULL);
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    free(path);
    pair_free(&p);
}

static void a_torrent_is_found_by_prefix_and_by_name(void **state)
{
    (void)state;
    struct pair p = pair_new(12);
    char prefix[5] = "";
    memcpy(prefix, p.id, 4);
    call_id(p.ann, "file.show", prefix);
    call_id(p.ann, "file.show", "film.bin");
    prefix[3] = '\0';
    fails(p.ann, "file.show", json_pack("{s:s}", "id", prefix), "file.not_found");
    fails(p.ann, "file.get", json_pack("{s:s}", "link", "http://nothing"), "file.bad_link");
    fails(p.ann, "file.get", json_pack("{s:s}", "torrent", "aGVsbG8="), "file.bad_torrent");
    fails(p.ann, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "nowhere"), "usage");
    pair_free(&p);
}

static void a_full_disk_is_said_and_gone_on_from(void **state)
{
    (void)state;
    struct pair p = pair_new(13);
    get_some(&p);
    vfs_fault_set(p.bob->gate, VFS_OP_WRITE, 1, 0, ERR_FULL);
    wait_state(p.bob, p.id, "error", 30 * SEC);
    sim_run_for(p.sim, 65 * SEC);
    vfs_fault_set(p.bob->gate, VFS_OP_WRITE, 0, 0, OK);
    wait_state(p.bob, p.id, "seeding", 120 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    pair_free(&p);
}

static void a_file_damaged_on_disk_is_found_and_fetched_again(void **state)
{
    (void)state;
    struct pair p = pair_new(14);
    get(p.bob, p.link, "10.0.0.1:6881");
    wait_state(p.bob, p.id, "seeding", 60 * SEC);
    struct vfile *f = vfs_open(p.bob->disk, "/downloads/film.bin", VFS_WRITE, NULL);
    assert_int_equal(vfile_pwrite(f, "damage", 6, 1000000, NULL), OK);
    vfile_close(f);
    call_id(p.bob, "file.verify", p.id);
    wait_state(p.bob, p.id, "downloading", 60 * SEC);
    wait_state(p.bob, p.id, "seeding", 120 * SEC);
    assert_true(node_has(p.bob, "/downloads/film.bin", p.bytes, SIZE));
    pair_free(&p);
}

/* A crowd that knows only a tracker. */
static void eight_find_each_other_by_a_tracker(void **state)
{
    (void)state;
    enum { N = 8 };
    struct sim *sim = sim_new(15);
    struct sim_node *host =
        sim_node_add(sim, "tracker", addr_v4(10, 0, 1, 1, 0), (struct sim_link){0});
    struct addr at = addr_v4(10, 0, 1, 1, 6969);
    struct udp_tracker *tracker = udp_tracker_open(sim_node_loop(host), &at, 60, NULL);
    struct node *n[N];
    uint8_t *bytes = make_bytes(SIZE);
    for (uint8_t i = 0; i < N; i++)
        n[i] = start(sim, "peer", (uint8_t)(i + 1));
    node_write(n[0], "/stuff/a", bytes, SIZE);
    json_t *r = node_call(
        n[0], "file.add",
        json_pack("{s:s, s:[s]}", "path", "/stuff/a", "tracker", "udp://10.0.1.1:6969"), NULL);
    json_t *added = node_job(n[0], json_string_value(json_object_get(r, "job")));
    char *id = text_of(added, "id"), *link = text_of(added, "magnet");
    for (int i = 1; i < N; i++)
        call(n[i], "file.get", json_pack("{s:s}", "link", link));
    for (int i = 1; i < N; i++) {
        wait_state(n[i], id, "seeding", 180 * SEC);
        assert_true(node_has(n[i], "/downloads/a", bytes, SIZE));
    }
    /* The seed sent little more than one copy: they gave each other the rest. */
    assert_true(number(n[0], id, "uploaded") < 5 * SIZE);
    for (int i = 0; i < N; i++)
        node_free(n[i]);
    udp_tracker_close(tracker);
    sim_free(sim);
    json_decref(r);
    json_decref(added);
    free(id);
    free(link);
    free(bytes);
}

/* The numbers of a page of the list; its cursor in *cursor, 0: it was the last. */
static json_t *page_of(struct node *n, int limit, json_int_t *cursor)
{
    json_t *page = node_call(
        n, "file.poll",
        json_pack("{s:[s], s:i, s:I}", "fields", "number", "limit", limit, "cursor", *cursor),
        NULL);
    *cursor = json_integer_value(json_object_get(page, "cursor"));
    json_t *rows = json_incref(json_object_get(page, "rows"));
    json_decref(page);
    return rows;
}

static void rows_are(json_t *rows, const char *want)
{
    char *text = json_dumps(rows, JSON_COMPACT);
    assert_string_equal(text, want);
    free(text);
    json_decref(rows);
}

static void a_list_comes_in_pages_that_changes_do_not_shift(void **state)
{
    (void)state;
    struct pair p = pair_new(7);
    char link[80];
    for (int i = 1; i <= 6; i++) {
        snprintf(link, sizeof link, "magnet:?xt=urn:btih:%040x", i);
        json_decref(node_call(p.bob, "file.get", json_pack("{s:s}", "link", link), NULL));
    }
    json_int_t cursor = 0;
    rows_are(page_of(p.bob, 2, &cursor), "[[1],[2]]");
    snprintf(link, sizeof link, "%040x", 1);
    json_decref(node_call(p.bob, "file.rm", json_pack("{s:s}", "id", link), NULL));
    rows_are(page_of(p.bob, 2, &cursor), "[[3],[4]]");
    snprintf(link, sizeof link, "%040x", 4); /* the one where the next page begins */
    json_decref(node_call(p.bob, "file.rm", json_pack("{s:s}", "id", link), NULL));
    rows_are(page_of(p.bob, 2, &cursor), "[[5],[6]]");
    assert_int_equal(cursor, 0);
    rows_are(page_of(p.bob, 4, &cursor), "[[2],[3],[5],[6]]");
    assert_int_equal(cursor, 0);
    pair_free(&p);
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    uint64_t hash[2];
    for (int i = 0; i < 2; i++) {
        struct pair p = pair_new(99);
        get(p.bob, p.link, "10.0.0.1:6881");
        wait_state(p.bob, p.id, "seeding", 60 * SEC);
        hash[i] = sim_trace_hash(p.sim);
        pair_free(&p);
    }
    assert_int_equal(hash[0], hash[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_magnet_and_a_peer_is_all_it_takes),
        cmocka_unit_test(the_first_byte_comes_within_six_round_trips),
        cmocka_unit_test(a_torrent_file_gives_the_same),
        cmocka_unit_test(what_is_shared_twice_is_one),
        cmocka_unit_test(a_limit_holds),
        cmocka_unit_test(pause_stops_and_resume_goes_on),
        cmocka_unit_test(a_restart_in_the_middle_loses_no_piece),
        cmocka_unit_test(a_power_cut_in_the_middle_is_survived),
        cmocka_unit_test(a_peer_that_dies_is_replaced),
        cmocka_unit_test(it_says_why_it_stands_still),
        cmocka_unit_test(removed_with_its_data_nothing_is_left),
        cmocka_unit_test(a_small_torrent_lasts_without_its_file),
        cmocka_unit_test(a_torrent_is_found_by_prefix_and_by_name),
        cmocka_unit_test(a_full_disk_is_said_and_gone_on_from),
        cmocka_unit_test(a_file_damaged_on_disk_is_found_and_fetched_again),
        cmocka_unit_test(eight_find_each_other_by_a_tracker),
        cmocka_unit_test(a_list_comes_in_pages_that_changes_do_not_shift),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
