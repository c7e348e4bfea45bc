/* files/hand/hand_world_test.h - three whole nodes in the simulator, for tests: ann has a film, and
 * bob is connected to her. */
#ifndef SHOAL_FILES_HAND_HAND_WORLD_TEST_H
#define SHOAL_FILES_HAND_HAND_WORLD_TEST_H

#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/hand/hands_in.h"
#include "support/sim_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANN, BOB, CID, NODES, SIZE = 5 * HAND_CHUNK + 4321 };

static const struct sim_link line = {
    .latency_us = 5 * MSEC, .up_rate = 4000000, .down_rate = 4000000};

struct kit {
    struct sim *sim;
    struct node *n[NODES];
    struct host *host[NODES];
    struct keys *keys[NODES];
    uint8_t film[SIZE];
};

static inline struct addr ip_of(unsigned i, uint16_t port)
{
    return addr_v4(8, 0, (uint8_t)i, 1, port);
}

static inline struct host *host_at(struct loop *loop, const struct keys *keys, unsigned i)
{
    struct multiaddr here;
    struct addr at = ip_of(i, 4001);
    struct why why;
    multiaddr_of_addr(&here, &at, REACH_TCP);
    struct host_cfg cfg = {
        .loop = loop, .keys = keys, .agent = "shoal/test", .listen = &here, .listen_count = 1};
    struct host *h = host_new(&cfg, &why);
    assert_non_null(h);
    return h;
}

static inline void start(struct kit *k, unsigned i)
{
    static const char *const set[] = {"files.dht=off", "files.lsd=off", "files.port-mapping=off",
                                      NULL};
    k->host[i] = k->n[i]->host = host_at(sim_node_loop(k->n[i]->machine), k->keys[i], i);
    node_start(k->n[i], &files_app, set);
}

static inline void stop(struct kit *k, unsigned i)
{
    node_stop(k->n[i]);
    host_free(k->host[i]);
    k->host[i] = k->n[i]->host = NULL;
}

static inline void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg, (void)peer, (void)why;
}

static inline void dial(struct kit *k, unsigned from, const struct host *to, unsigned at)
{
    struct multiaddr a;
    struct addr ip = ip_of(at, 4001);
    multiaddr_of_addr(&a, &ip, REACH_TCP);
    for (int i = 0; i < 10 && !host_connected(k->host[from], host_id(to)); i++) {
        host_dial(k->host[from], host_id(to), &a, 1, ignore, NULL);
        sim_run_for(k->sim, 2 * SEC);
    }
    assert_true(host_connected(k->host[from], host_id(to)));
}

static inline void kit_open(struct kit *k)
{
    static const char *const names[] = {"ann", "bob", "cid"};
    k->sim = sim_new(1);
    node_noise(k->film, sizeof k->film, 7);
    for (unsigned i = 0; i < NODES; i++) {
        uint8_t entropy[16] = {(uint8_t)(i + 1)};
        k->n[i] = node_new(k->sim, names[i], ip_of(i, 0), line);
        k->keys[i] = keys_of_entropy(entropy, sizeof entropy);
        start(k, i);
    }
    node_write(k->n[ANN], "/have/film.mkv", k->film, sizeof k->film);
    dial(k, BOB, k->host[ANN], ANN);
}

static inline void kit_close(struct kit *k)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (k->host[i])
            stop(k, i);
        node_free(k->n[i]);
        keys_free(k->keys[i]);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
}

/* --- calls --------------------------------------------------------------------------------------
 */

static inline const char *text_of(const json_t *row, const char *name)
{
    const char *s = json_string_value(json_object_get(row, name));
    return s ? s : "";
}

static inline int64_t number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

/* Copies a member and drops the row. */
static inline void take_text(json_t *row, const char *name, char *out, size_t cap)
{
    assert_non_null(row);
    snprintf(out, cap, "%s", text_of(row, name));
    json_decref(row);
}

struct offered {
    char code[HAND_CODE_TEXT], id[HAND_ID_TEXT];
};

static inline struct offered send_it(struct kit *k, unsigned i, const char *path)
{
    struct offered o;
    json_t *row = node_call(k->n[i], "file.send", json_pack("{s:s}", "path", path), NULL);
    snprintf(o.code, sizeof o.code, "%s", text_of(row, "code"));
    take_text(row, "id", o.id, sizeof o.id);
    return o;
}

/* What `who` is asked to receive; id: of it. */
static inline void receive(struct kit *k, unsigned i, const char *code, const char *to,
                           char id[HAND_ID_TEXT])
{
    json_t *row =
        node_call(k->n[i], "file.receive",
                  json_pack("{s:s, s:s, s:b}", "code", code, "to", to, "accept", 1), NULL);
    take_text(row, "id", id, HAND_ID_TEXT);
}

static inline json_t *show(struct kit *k, unsigned i, const char *id)
{
    return node_call(k->n[i], "file.transfer-show", json_pack("{s:s}", "id", id), NULL);
}

static inline int64_t show_number(struct kit *k, unsigned i, const char *id, const char *name)
{
    json_t *row = show(k, i, id);
    int64_t n = number_of(row, name);
    json_decref(row);
    return n;
}

static inline bool is(struct kit *k, unsigned i, const char *id, const char *state)
{
    json_t *row = show(k, i, id);
    bool yes = strcmp(text_of(row, "state"), state) == 0;
    json_decref(row);
    return yes;
}

static inline void until(struct kit *k, unsigned i, const char *id, const char *state,
                         unsigned seconds)
{
    for (unsigned t = 0; t < 10 * seconds && !is(k, i, id, state); t++)
        sim_run_for(k->sim, 100 * MSEC);
    if (!is(k, i, id, state)) {
        json_t *row = show(k, i, id);
        fail_msg("it is not %s: %s", state, json_dumps(row, 0));
    }
}

static inline void ended_with(struct kit *k, unsigned i, const char *id, const char *error,
                              const char *words)
{
    until(k, i, id, "ended", 400);
    json_t *row = show(k, i, id);
    if (strcmp(text_of(row, "error"), error) != 0 || !strstr(text_of(row, "reason"), words))
        fail_msg("%s: %s", text_of(row, "error"), text_of(row, "reason"));
    json_decref(row);
}

/* Nothing at all lies in a folder. */
static inline bool is_empty(struct kit *k, unsigned i, const char *dir)
{
    char **names = NULL;
    size_t n = 0;
    if (vfs_list(k->n[i]->disk, dir, &names, &n, NULL) != OK)
        return true;
    vfs_list_free(names, n);
    return n == 0;
}

static inline unsigned number_in(const char *code)
{
    struct hand_code c;
    assert_int_equal(hand_code_parse(&c, code, NULL), OK);
    return c.nameplate;
}

/* Another second word than that of a code. */
static inline void wrong_words(const char *code, char out[HAND_CODE_TEXT])
{
    struct hand_code c;
    assert_int_equal(hand_code_parse(&c, code, NULL), OK);
    c.second++;
    hand_code_format(&c, out);
}

#endif
