/* Nodes that want only some files of a torrent, in the simulator. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/base64.h"
#include "files/meta/bits.h"
#include "store/vfs.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 64 * 1024, BIG = 1500000, SMALL = 30000 };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

static const struct {
    const char *path;
    size_t len;
} files[] = {{"a.mkv", BIG}, {"b.txt", SMALL}, {"c/d.mkv", BIG}, {"e.exe", SMALL}, {"f", 0}};
enum { COUNT = sizeof files / sizeof files[0] };

struct pair {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes; /* of each file, from its number on */
    char *id, *link;
};

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, NULL);
    return n;
}

static void again(struct node *n)
{
    node_start(n, &files_app, NULL);
    sim_run_for(n->sim, SEC);
}

static struct pair pair_new(uint64_t seed)
{
    struct pair p = {.sim = sim_new(seed)};
    p.ann = start(p.sim, "ann", 1);
    p.bob = start(p.sim, "bob", 2);
    p.bytes = mem_zalloc(BIG + COUNT);
    for (uint32_t i = 0, x = 1; i < BIG + COUNT; i++)
        p.bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    for (size_t i = 0; i < COUNT; i++) {
        char *path = mem_printf("/stuff/box/%s", files[i].path);
        node_write(p.ann, path, p.bytes + i, files[i].len);
        free(path);
    }
    node_share(p.ann, json_pack("{s:s, s:i}", "path", "/stuff/box", "piece_size", PIECE), &p.id,
               &p.link);
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

static json_t *row(struct node *n, const char *id)
{
    return node_call(n, "file.show", json_pack("{s:s}", "id", id), NULL);
}

static json_int_t number(struct node *n, const char *id, const char *key)
{
    json_t *j = row(n, id);
    json_int_t v = json_integer_value(json_object_get(j, key));
    json_decref(j);
    return v;
}

struct until {
    struct node *n;
    const char *id, *state;
};

static bool in_state(void *arg)
{
    struct until *u = arg;
    json_t *j = row(u->n, u->id);
    bool yes = strcmp(json_string_value(json_object_get(j, "state")), u->state) == 0;
    json_decref(j);
    return yes;
}

static void wait_state(struct node *n, const char *id, const char *state)
{
    struct until u = {n, id, state};
    if (in_state(&u) || sim_run_until(n->sim, in_state, &u, 120 * SEC))
        return;
    json_t *j = row(n, id);
    json_dumpf(j, stderr, JSON_INDENT(1));
    json_decref(j);
    fail_msg("never %s", state);
}

static void call(struct node *n, const char *method, json_t *params)
{
    json_decref(node_call(n, method, params, NULL));
}

static void get(struct pair *p, const char *link, json_t *params)
{
    json_object_set_new(params, "link", json_string(link));
    json_object_set_new(params, "peer", json_pack("[s]", "10.0.0.1:6881"));
    call(p->bob, "file.get", params);
}

static bool there(struct pair *p, size_t i)
{
    char *path = mem_printf("/downloads/box/%s", files[i].path);
    struct vfs_stat st;
    bool is = vfs_stat(p->bob->disk, path, &st, NULL) == OK;
    free(path);
    return is;
}

/* Those with an x are there and whole, the others were not made. */
static void assert_there(struct pair *p, const char *which)
{
    for (size_t i = 0; i < COUNT; i++) {
        char *path = mem_printf("/downloads/box/%s", files[i].path);
        if (which[i] == 'x' ? !node_has(p->bob, path, p->bytes + i, files[i].len) : there(p, i))
            fail_msg("%s, %s", files[i].path, which);
        free(path);
    }
}

static void only_what_is_wanted_is_fetched(void **state)
{
    (void)state;
    struct pair p = pair_new(1);
    get(&p, p.link, json_pack("{s:[s]}", "only", "*.mkv"));
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "x.x..");
    assert_int_equal(number(p.bob, p.id, "wanted"), 2 * BIG);
    assert_int_equal(number(p.bob, p.id, "left"), 0);
    json_t *j = row(p.bob, p.id), *list = json_object_get(j, "files");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "priority")),
                        "skip");
    assert_true(json_is_true(json_object_get(json_array_get(list, 0), "wanted")));
    json_decref(j);
    pair_free(&p);
}

static void a_link_may_name_its_files(void **state)
{
    (void)state;
    struct pair p = pair_new(2);
    char *link = mem_printf("%s&so=1,3-4", p.link);
    get(&p, link, json_object());
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, ".x.xx");
    free(link);
    pair_free(&p);
}

static void what_is_wanted_later_is_fetched_then(void **state)
{
    (void)state;
    struct pair p = pair_new(3);
    get(&p, p.link, json_pack("{s:[s], s:[s]}", "only", "*.mkv", "skip", "c"));
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "x....");
    json_int_t before = number(p.bob, p.id, "downloaded");
    call(p.bob, "file.set",
         json_pack("{s:s, s:[s], s:[s]}", "id", p.id, "normal", "b.txt", "high", "#2"));
    wait_state(p.bob, p.id, "downloading");
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "xxx..");
    call(p.bob, "file.set", json_pack("{s:s, s:[s]}", "id", p.id, "normal", "*"));
    sim_run_for(p.sim, SEC);
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "xxxxx");
    /* What the pieces at the seams had of the others was not fetched again. */
    assert_int_equal(number(p.bob, p.id, "downloaded"), 2 * BIG + 2 * SMALL);
    assert_true(before < BIG + PIECE);
    pair_free(&p);
}

static void it_is_remembered(void **state)
{
    (void)state;
    struct pair p = pair_new(4);
    get(&p, p.link, json_pack("{s:[s], s:b}", "only", "b.txt", "sequential", 1));
    node_stop(p.bob); /* perhaps before the metadata is there */
    again(p.bob);
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, ".x...");
    node_stop(p.bob);
    again(p.bob);
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, ".x...");
    json_t *j = row(p.bob, p.id);
    assert_true(json_is_true(json_object_get(j, "sequential")));
    json_decref(j);
    /* And forgotten with the torrent. */
    call(p.bob, "file.rm", json_pack("{s:s, s:b}", "id", p.id, "with_data", 1));
    get(&p, p.link, json_object());
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "xxxxx");
    pair_free(&p);
}

static void a_power_cut_does_not_change_it(void **state)
{
    (void)state;
    struct pair p = pair_new(5);
    node_write(p.bob, "/proc/sys/kernel/random/boot_id", "one\n", 4);
    get(&p, p.link, json_pack("{s:[s]}", "only", "c"));
    call(p.bob, "file.limit", json_pack("{s:s, s:i}", "id", p.id, "down", 300000));
    sim_run_for(p.sim, 3 * SEC);
    node_crash(p.bob);
    node_write(p.bob, "/proc/sys/kernel/random/boot_id", "two\n", 4);
    again(p.bob);
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "..x..");
    pair_free(&p);
}

static void a_pattern_that_means_nothing_is_an_error(void **state)
{
    (void)state;
    struct pair p = pair_new(6);
    json_t *error = NULL,
           *file = node_call(p.ann, "file.export", json_pack("{s:s}", "id", p.id), NULL);
    assert_null(node_call(
        p.bob, "file.get",
        json_pack("{s:O, s:[s]}", "torrent", json_object_get(file, "torrent"), "only", "*.iso"),
        &error));
    assert_string_equal(json_string_value(json_object_get(error, "code")), "file.no_match");
    json_decref(error);
    json_decref(file);
    get(&p, p.link, json_pack("{s:[s]}", "only", "*.iso"));
    wait_state(p.bob, p.id, "error");
    node_stop(p.bob);
    again(p.bob);
    wait_state(p.bob, p.id, "error");
    assert_there(&p, ".....");
    error = NULL;
    assert_null(node_call(p.bob, "file.set", json_pack("{s:s, s:[s]}", "id", p.id, "only", "*.avi"),
                          &error));
    json_decref(error);
    call(p.bob, "file.set", json_pack("{s:s, s:[s]}", "id", p.id, "only", "*.exe"));
    call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.1:6881"));
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "...x.");
    pair_free(&p);
}

static bool half_here(void *arg)
{
    struct until *u = arg;
    return number(u->n, u->id, "done") > BIG;
}

static void sequential_fetches_from_the_front(void **state)
{
    (void)state;
    struct pair p = pair_new(7);
    get(&p, p.link, json_pack("{s:b}", "sequential", 1));
    call(p.bob, "file.limit", json_pack("{s:s, s:i}", "id", p.id, "down", 1000000));
    struct until u = {p.bob, p.id, NULL};
    assert_true(sim_run_until(p.sim, half_here, &u, 60 * SEC));
    json_t *j = row(p.bob, p.id), *pieces = json_object_get(j, "pieces");
    const char *text = json_string_value(json_object_get(pieces, "bitfield"));
    struct buf bits = {0};
    assert_true(base64_decode(&bits, text, strlen(text)));
    uint32_t have = (uint32_t)json_integer_value(json_object_get(pieces, "have"));
    assert_true(bits_count(buf_bytes(&bits), have - 2) >= have - 3);
    buf_done(&bits);
    json_decref(j);
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "xxxxx");
    pair_free(&p);
}

/* BEP 21: both have what they want, so there is nothing to say. */
static void two_that_want_nothing_part(void **state)
{
    (void)state;
    struct pair p = pair_new(8);
    get(&p, p.link, json_pack("{s:[s]}", "only", "a.mkv"));
    wait_state(p.bob, p.id, "seeding");
    sim_run_for(p.sim, 5 * SEC);
    assert_int_equal(number(p.bob, p.id, "peers"), 0);
    assert_int_equal(number(p.ann, p.id, "peers"), 0);
    struct node *eve = start(p.sim, "eve", 3);
    call(
        eve, "file.get",
        json_pack("{s:s, s:[s], s:[s]}", "link", p.link, "peer", "10.0.0.1:6881", "only", "a.mkv"));
    wait_state(eve, p.id, "seeding");
    call(eve, "file.peer", json_pack("{s:s, s:s}", "id", p.id, "addr", "10.0.0.2:6881"));
    sim_run_for(p.sim, 5 * SEC);
    assert_int_equal(number(eve, p.id, "peers"), 0);
    /* A partial seed serves what it has. */
    node_stop(p.ann);
    struct node *dan = start(p.sim, "dan", 4);
    call(
        dan, "file.get",
        json_pack("{s:s, s:[s], s:[s]}", "link", p.link, "peer", "10.0.0.3:6881", "only", "a.mkv"));
    wait_state(dan, p.id, "seeding");
    node_free(dan);
    node_free(eve);
    pair_free(&p);
}

/* BEP 16: three leechers, and little is sent twice. */
static void a_super_seed_gives_each_piece_away_about_once(void **state)
{
    (void)state;
    struct pair p = pair_new(9);
    struct node *more[2] = {start(p.sim, "eve", 3), start(p.sim, "dan", 4)};
    call(p.ann, "file.set", json_pack("{s:s, s:s}", "id", p.id, "super_seed", "on"));
    node_stop(p.ann); /* and it is remembered */
    again(p.ann);
    get(&p, p.link, json_object());
    for (size_t i = 0; i < 2; i++)
        call(more[i], "file.get",
             json_pack("{s:s, s:[s,s]}", "link", p.link, "peer", "10.0.0.1:6881", "10.0.0.2:6881"));
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "xxxxx");
    wait_state(more[0], p.id, "seeding");
    wait_state(more[1], p.id, "seeding");
    assert_true(number(p.ann, p.id, "uploaded") < 2 * (2 * BIG + 2 * SMALL));
    node_free(more[0]);
    node_free(more[1]);
    pair_free(&p);
}

static void a_lone_peer_gets_all_of_a_super_seed(void **state)
{
    (void)state;
    struct pair p = pair_new(10);
    call(p.ann, "file.set", json_pack("{s:s, s:s}", "id", p.id, "super_seed", "on"));
    get(&p, p.link, json_object());
    wait_state(p.bob, p.id, "seeding");
    assert_there(&p, "xxxxx");
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_wanted_is_fetched),
        cmocka_unit_test(a_link_may_name_its_files),
        cmocka_unit_test(what_is_wanted_later_is_fetched_then),
        cmocka_unit_test(it_is_remembered),
        cmocka_unit_test(a_power_cut_does_not_change_it),
        cmocka_unit_test(a_pattern_that_means_nothing_is_an_error),
        cmocka_unit_test(sequential_fetches_from_the_front),
        cmocka_unit_test(two_that_want_nothing_part),
        cmocka_unit_test(a_super_seed_gives_each_piece_away_about_once),
        cmocka_unit_test(a_lone_peer_gets_all_of_a_super_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
