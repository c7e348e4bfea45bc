/* Nodes that share and get, in the simulator: the whole app over simulated machines. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/metainfo.h"
#include "support/sim_node.h"

#include <stdlib.h>

enum { SIZE = 3 * 1024 * 1024 + 12345, PIECE = 64 * 1024 };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

/* Bytes that differ everywhere. */
static uint8_t *make_bytes(size_t n)
{
    uint8_t *p = mem_zalloc(n);
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)(x >> 24);
    }
    return p;
}

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, files_settings, files_settings_count, NULL);
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

static void a_magnet_and_a_peer_is_all_it_takes(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1);
    struct node *ann = start(sim, "ann", 1), *bob = start(sim, "bob", 2);
    uint8_t *bytes = make_bytes(SIZE);
    json_t *added = share(ann, "film.bin", bytes, SIZE);
    char *id = text_of(added, "id"), *link = text_of(added, "magnet");

    json_t *got = node_call(bob, "file.get",
                            json_pack("{s:s, s:[s]}", "link", link, "peer", "10.0.0.1:6881"), NULL);
    assert_string_equal(json_string_value(json_object_get(got, "id")), id);
    assert_string_equal(json_string_value(json_object_get(got, "state")), "metadata");
    uint64_t began = sim_now_us(sim);
    wait_state(bob, id, "seeding", 60 * SEC);
    assert_true(node_has(bob, "/downloads/film.bin", bytes, SIZE));
    /* 3 MB over 12.5 MB/s is a quarter of a second; metadata, disk and slow start are the rest. */
    assert_true(sim_now_us(sim) - began < 2 * SEC);

    json_decref(got);
    json_decref(added);
    free(id);
    free(link);
    free(bytes);
    node_free(ann);
    node_free(bob);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_magnet_and_a_peer_is_all_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
