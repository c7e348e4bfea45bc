/* Two whole nodes in the simulator under each pair of files.encryption. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "support/sim_node.h"

enum { SIZE = 300000 };

static const char *const modes[] = {"off", "prefer", "require"};

static struct node *start(struct sim *sim, const char *name, uint8_t last, const char *mode)
{
    static const struct sim_link lan = {
        .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};
    char *set = mem_printf("files.encryption=%s", mode);
    const char *const sets[] = {set, NULL};
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, sets);
    free(set);
    return n;
}

static json_t *show(struct node *n, const char *id)
{
    return node_call(n, "file.show", json_pack("{s:s, s:b}", "id", id, "peers", 1), NULL);
}

/* "rc4", "plain", "no" of the peer that is connected; "none" when nobody is. */
static const char *met(json_t *shown)
{
    json_t *list = json_object_get(shown, "peer_list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *peer = json_array_get(list, i);
        if (json_is_true(json_object_get(peer, "connected")))
            return json_string_value(json_object_get(peer, "encrypted"));
    }
    return "none";
}

/* How bob, who dials, comes to speak with ann. */
static void meets(size_t bobs, size_t anns, const char *want, bool whole)
{
    struct sim *sim = sim_new(1);
    struct node *ann = start(sim, "ann", 1, modes[anns]), *bob = start(sim, "bob", 2, modes[bobs]);
    uint8_t *bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    node_write(ann, "/stuff/film.bin", bytes, SIZE);
    json_t *job =
        node_call(ann, "file.add",
                  json_pack("{s:s, s:i}", "path", "/stuff/film.bin", "piece_size", 65536), NULL);
    json_t *added = node_job(ann, json_string_value(json_object_get(job, "job")));
    const char *id = json_string_value(json_object_get(added, "id"));
    const char *link = json_string_value(json_object_get(added, "magnet"));
    json_t *got = node_call(bob, "file.get",
                            json_pack("{s:s, s:[s]}", "link", link, "peer", "10.0.0.1:6881"), NULL);
    json_decref(node_call(bob, "file.limit", json_pack("{s:s, s:i}", "id", id, "down", 65536),
                          NULL)); /* still at it when we look */
    sim_run_for(sim, 2 * SEC);
    json_t *shown = show(bob, id);
    assert_string_equal(met(shown), want);
    json_decref(shown);
    sim_run_for(sim, 60 * SEC);
    assert_int_equal(node_has(bob, "/downloads/film.bin", bytes, SIZE), whole);
    json_decref(job);
    json_decref(added);
    json_decref(got);
    node_free(ann);
    node_free(bob);
    sim_free(sim);
    free(bytes);
}

static void who_can_agree_connects_and_nobody_else(void **state)
{
    (void)state;
    /* [who dials][who is dialled].  Near each other "prefer" is content with plain. */
    static const char *const want[3][3] = {
        {"no", "no", "none"},
        {"no", "plain", "rc4"},
        {"none", "rc4", "rc4"},
    };
    for (size_t b = 0; b < 3; b++)
        for (size_t a = 0; a < 3; a++) {
            print_message("# %s to %s\n", modes[b], modes[a]);
            meets(b, a, want[b][a], strcmp(want[b][a], "none") != 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_can_agree_connects_and_nobody_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
