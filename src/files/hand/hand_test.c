/* Whole nodes in the simulator that hand files over, and others that lie to them. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/hand/hands_in.h"
#include "host/mux/messages.h"
#include "support/sim_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANN, BOB, CID, NODES, FOES = 10, SIZE = 5 * HAND_CHUNK + 4321 };

static const struct sim_link line = {
    .latency_us = 5 * MSEC, .up_rate = 4000000, .down_rate = 4000000};

/* A host that speaks the protocol as it likes. */
struct foe {
    struct kit *kit;
    struct sim_node *machine;
    struct keys *keys;
    struct host *host;
    struct hand_code code; /* number 0: it has the words of no code, and says yes to every number */
    struct buf offer, data;
    struct messages *m, *want;
    struct conn *conn; /* what it sends its data on */
    struct cpace_keys run;
    bool shared;
    unsigned tags;            /* that it was sent: guesses at somebody's words */
    const struct peer_id *to; /* it passes everything on to this one, and back */
    struct host_open *open;
    struct messages *onward;
    struct buf first;
};

struct kit {
    struct sim *sim;
    struct node *n[NODES];
    struct host *host[NODES];
    struct keys *keys[NODES];
    struct foe foes[FOES];
    size_t foe_count;
    uint8_t film[SIZE];
};

static struct addr ip_of(unsigned i, uint16_t port)
{
    return addr_v4(8, 0, (uint8_t)i, 1, port);
}

static struct host *host_at(struct loop *loop, const struct keys *keys, unsigned i)
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

static void start(struct kit *k, unsigned i)
{
    static const char *const set[] = {"files.dht=off", "files.lsd=off", "files.port-mapping=off",
                                      NULL};
    k->host[i] = k->n[i]->host = host_at(sim_node_loop(k->n[i]->machine), k->keys[i], i);
    node_start(k->n[i], &files_app, set);
}

static void stop(struct kit *k, unsigned i)
{
    node_stop(k->n[i]);
    host_free(k->host[i]);
    k->host[i] = k->n[i]->host = NULL;
}

static void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg, (void)peer, (void)why;
}

static void dial(struct kit *k, unsigned from, const struct host *to, unsigned at)
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

static int open_kit(void **state)
{
    static const char *const names[] = {"ann", "bob", "cid"};
    struct kit *k = *state = MEM_NEW(struct kit);
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
    return 0;
}

static void foe_done(struct foe *f)
{
    host_open_cancel(f->open);
    messages_free(f->m);
    messages_free(f->want);
    messages_free(f->onward);
    conn_close(f->conn);
    host_free(f->host);
    keys_free(f->keys);
    buf_done(&f->offer);
    buf_done(&f->data);
    buf_done(&f->first);
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < k->foe_count; i++)
        foe_done(&k->foes[i]);
    for (unsigned i = 0; i < NODES; i++) {
        if (k->host[i])
            stop(k, i);
        node_free(k->n[i]);
        keys_free(k->keys[i]);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

/* --- calls --------------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *row, const char *name)
{
    const char *s = json_string_value(json_object_get(row, name));
    return s ? s : "";
}

static int64_t number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

/* Copies a member and drops the row. */
static void take_text(json_t *row, const char *name, char *out, size_t cap)
{
    assert_non_null(row);
    snprintf(out, cap, "%s", text_of(row, name));
    json_decref(row);
}

struct offered {
    char code[HAND_CODE_TEXT], id[HAND_ID_TEXT];
};

static struct offered send_it(struct kit *k, unsigned i, const char *path)
{
    struct offered o;
    json_t *row = node_call(k->n[i], "file.send", json_pack("{s:s}", "path", path), NULL);
    snprintf(o.code, sizeof o.code, "%s", text_of(row, "code"));
    take_text(row, "id", o.id, sizeof o.id);
    return o;
}

/* What `who` is asked to receive; id: of it. */
static void receive(struct kit *k, unsigned i, const char *code, const char *to,
                    char id[HAND_ID_TEXT])
{
    json_t *row =
        node_call(k->n[i], "file.receive",
                  json_pack("{s:s, s:s, s:b}", "code", code, "to", to, "accept", 1), NULL);
    take_text(row, "id", id, HAND_ID_TEXT);
}

static json_t *show(struct kit *k, unsigned i, const char *id)
{
    return node_call(k->n[i], "file.transfer-show", json_pack("{s:s}", "id", id), NULL);
}

static int64_t show_number(struct kit *k, unsigned i, const char *id, const char *name)
{
    json_t *row = show(k, i, id);
    int64_t n = number_of(row, name);
    json_decref(row);
    return n;
}

static bool is(struct kit *k, unsigned i, const char *id, const char *state)
{
    json_t *row = show(k, i, id);
    bool yes = strcmp(text_of(row, "state"), state) == 0;
    json_decref(row);
    return yes;
}

static void until(struct kit *k, unsigned i, const char *id, const char *state, unsigned seconds)
{
    for (unsigned t = 0; t < 10 * seconds && !is(k, i, id, state); t++)
        sim_run_for(k->sim, 100 * MSEC);
    if (!is(k, i, id, state)) {
        json_t *row = show(k, i, id);
        fail_msg("it is not %s: %s", state, json_dumps(row, 0));
    }
}

static void ended_with(struct kit *k, unsigned i, const char *id, const char *error,
                       const char *words)
{
    until(k, i, id, "ended", 400);
    json_t *row = show(k, i, id);
    if (strcmp(text_of(row, "error"), error) != 0 || !strstr(text_of(row, "reason"), words))
        fail_msg("%s: %s", text_of(row, "error"), text_of(row, "reason"));
    json_decref(row);
}

/* Nothing at all lies in a folder. */
static bool is_empty(struct kit *k, unsigned i, const char *dir)
{
    char **names = NULL;
    size_t n = 0;
    if (vfs_list(k->n[i]->disk, dir, &names, &n, NULL) != OK)
        return true;
    vfs_list_free(names, n);
    return n == 0;
}

static unsigned number_in(const char *code)
{
    struct hand_code c;
    assert_int_equal(hand_code_parse(&c, code, NULL), OK);
    return c.nameplate;
}

/* Another second word than that of a code. */
static void wrong_words(const char *code, char out[HAND_CODE_TEXT])
{
    struct hand_code c;
    assert_int_equal(hand_code_parse(&c, code, NULL), OK);
    c.second++;
    hand_code_format(&c, out);
}

/* --- it works -----------------------------------------------------------------------------------
 */

static void a_file_goes_to_who_has_the_code(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    until(k, BOB, id, "done", 60);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    until(k, ANN, o.id, "done", 10);
    receive(k, BOB, o.code, "/got", id); /* a code is good once */
    ended_with(k, BOB, id, "timeout", "nobody who offers something");
}

static void a_folder_goes_with_what_is_in_it(void **state)
{
    struct kit *k = *state;
    char id[HAND_ID_TEXT];
    struct vfs_stat st;
    node_write(k->n[ANN], "/have/all/a", k->film, 10);
    node_write(k->n[ANN], "/have/all/deep/er/b", k->film, HAND_CHUNK);
    node_write(k->n[ANN], "/have/all/deep/none", "", 0);
    assert_int_equal(vfs_mkdirs(k->n[ANN]->disk, "/have/all/empty/too", 0777, NULL), OK);
    vfile_close(
        vfs_open(k->n[ANN]->disk, "/have/all/run", VFS_WRITE | VFS_CREATE | VFS_EXEC, NULL));
    struct offered o = send_it(k, ANN, "/have/all");
    receive(k, BOB, o.code, "/got", id);
    until(k, BOB, id, "done", 60);
    assert_true(node_has(k->n[BOB], "/got/all/a", k->film, 10));
    assert_true(node_has(k->n[BOB], "/got/all/deep/er/b", k->film, HAND_CHUNK));
    assert_true(node_has(k->n[BOB], "/got/all/deep/none", "", 0));
    assert_int_equal(vfs_stat(k->n[BOB]->disk, "/got/all/empty/too", &st, NULL), OK);
    assert_true(st.is_dir);
    assert_int_equal(vfs_stat(k->n[BOB]->disk, "/got/all/run", &st, NULL), OK);
    assert_true(st.is_exec);
}

/* --- guesses ------------------------------------------------------------------------------------
 */

static void four_wrong_guesses_end_a_code_over_a_restart_too(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char wrong[HAND_CODE_TEXT], id[HAND_ID_TEXT];
    wrong_words(o.code, wrong);
    for (int left = HAND_GUESSES - 1; left >= 0; left--) {
        receive(k, BOB, wrong, "/got", id);
        ended_with(k, BOB, id, "denied", "the words do not fit");
        if (left == 1) {
            stop(k, ANN);
            start(k, ANN);
            dial(k, BOB, k->host[ANN], ANN);
        }
        assert_int_equal(show_number(k, ANN, o.id, "guesses"), left);
    }
    ended_with(k, ANN, o.id, "denied", "wrong words were tried");
    receive(k, BOB, o.code, "/got", id); /* the right ones come too late */
    ended_with(k, BOB, id, "timeout", "nobody");
    assert_true(is_empty(k, BOB, "/got"));
}

static void a_code_ends_in_time(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    sim_run_for(k->sim, 3540 * SEC);
    assert_true(is(k, ANN, o.id, "waiting"));
    sim_run_for(k->sim, 70 * SEC);
    ended_with(k, ANN, o.id, "timeout", "nobody came");
    receive(k, BOB, o.code, "/got", id);
    ended_with(k, BOB, id, "timeout", "nobody");
}

/* Both offer under one number; the words say who is meant, and cost the other one guess. */
static void of_two_with_one_number_the_right_one_gives(void **state)
{
    struct kit *k = *state;
    node_write(k->n[CID], "/have/other", "other", 5);
    struct offered a = send_it(k, ANN, "/have/film.mkv"), c = send_it(k, CID, "/have/other");
    char sql[100], id[HAND_ID_TEXT];
    struct why why;
    stop(k, CID);
    snprintf(sql, sizeof sql, "UPDATE hand_give SET number = %d", (int)number_in(a.code));
    assert_int_equal(db_exec(k->n[CID]->db, sql, &why), OK);
    start(k, CID);
    dial(k, BOB, k->host[CID], CID);
    receive(k, BOB, a.code, "/got", id);
    until(k, BOB, id, "done", 60);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    assert_in_range(show_number(k, CID, c.id, "guesses"), HAND_GUESSES - 1, HAND_GUESSES);
    assert_true(is(k, CID, c.id, "waiting"));
}

/* --- cuts ---------------------------------------------------------------------------------------
 */

static void a_line_cut_at_many_places_loses_nothing(void **state)
{
    struct kit *k = *state;
    for (unsigned ms = 20; ms < 2000; ms += 160) {
        struct offered o = send_it(k, ANN, "/have/film.mkv");
        char id[HAND_ID_TEXT], dir[16];
        snprintf(dir, sizeof dir, "/got%u", ms);
        receive(k, BOB, o.code, dir, id);
        for (int cut = 0; cut < 3; cut++) {
            sim_run_for(k->sim, ms * MSEC);
            sim_cut(k->n[BOB]->machine, NULL);
            host_hang_up(k->host[BOB], host_id(k->host[ANN])); /* as when a cable is pulled */
            host_hang_up(k->host[ANN], host_id(k->host[BOB]));
            sim_run_for(k->sim, SEC);
            sim_heal(k->n[BOB]->machine, NULL);
            dial(k, BOB, k->host[ANN], ANN);
        }
        until(k, BOB, id, "done", 120);
        char path[40];
        snprintf(path, sizeof path, "%s/film.mkv", dir);
        assert_true(node_has(k->n[BOB], path, k->film, sizeof k->film));
        until(k, ANN, o.id, "done", 60);
    }
}

static void run_until_done(struct kit *k, unsigned i, const char *id, int64_t bytes)
{
    for (int t = 0; t < 600 && show_number(k, i, id, "done") < bytes; t++)
        sim_run_for(k->sim, 100 * MSEC);
    assert_true(show_number(k, i, id, "done") >= bytes);
}

static void crash(struct kit *k, unsigned i)
{
    struct node *n = k->n[i];
    sim_cut(n->machine, NULL); /* as node_crash(), which knows of no host */
    for (int op = 0; op < VFS_OP_COUNT; op++)
        vfs_fault_set(n->gate, (enum vfs_op)op, 1, 0, ERR_IO);
    stop(k, i);
    vfs_mem_power_cut(n->disk);
    sim_node_crash(n->machine);
    sim_heal(n->machine, NULL);
    sim_node_restart(n->machine);
    start(k, i);
}

/* What was not synced is lost with the power; what is there is proven, and the rest fetched. */
static void the_power_goes_at_who_gets(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 2 * HAND_CHUNK);
    crash(k, BOB);
    dial(k, BOB, k->host[ANN], ANN);
    until(k, BOB, id, "done", 200);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    vfs_mem_power_cut(k->n[BOB]->disk); /* what is said to be here is on the disk */
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
}

static void a_restart_of_who_gets_fetches_only_the_rest(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 3 * HAND_CHUNK);
    stop(k, BOB);
    start(k, BOB);
    dial(k, BOB, k->host[ANN], ANN);
    run_until_done(k, BOB, id, 3 * HAND_CHUNK);
    assert_true(show_number(k, ANN, o.id, "done") >= 3 * HAND_CHUNK);
    until(k, BOB, id, "done", 100);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
}

static void the_power_goes_at_who_gives(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    struct vfile *f = vfs_open(k->n[ANN]->disk, "/have/film.mkv", VFS_WRITE, NULL);
    assert_int_equal(vfile_sync(f, NULL), OK);
    vfile_close(f);
    assert_int_equal(vfs_sync_dir(k->n[ANN]->disk, "/have", NULL), OK);
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 2 * HAND_CHUNK);
    crash(k, ANN);
    until(k, BOB, id, "done", 300);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    until(k, ANN, o.id, "done", 60);
}

/* --- disks --------------------------------------------------------------------------------------
 */

/* It is tried again, and comes right; nothing is left beside it. */
static void any_disk_operation_may_fail_once(void **state)
{
    struct kit *k = *state;
    for (unsigned nth = 1; nth < 60; nth += 3) {
        struct offered o = send_it(k, ANN, "/have/film.mkv");
        char id[HAND_ID_TEXT], path[40], dir[16];
        snprintf(dir, sizeof dir, "/got%u", nth);
        snprintf(path, sizeof path, "%s/film.mkv", dir);
        vfs_fault_set(k->n[BOB]->gate, VFS_OP_ANY, nth, 1, ERR_IO);
        receive(k, BOB, o.code, dir, id);
        until(k, BOB, id, "done", 300);
        vfs_fault_set(k->n[BOB]->gate, VFS_OP_ANY, 0, 0, OK);
        assert_true(node_has(k->n[BOB], path, k->film, sizeof k->film));
        sim_run_for(k->sim, 40 * SEC);
    }
}

static void a_full_disk_is_told_and_waited_for(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    vfs_mem_set_size(k->n[BOB]->disk, HAND_RESERVE + SIZE / 2);
    receive(k, BOB, o.code, "/got", id);
    sim_run_for(k->sim, 20 * SEC);
    json_t *row = show(k, BOB, id);
    assert_non_null(strstr(text_of(row, "reason"), "MiB are needed"));
    json_decref(row);
    vfs_mem_set_size(k->n[BOB]->disk, UINT64_C(1) << 40);
    until(k, BOB, id, "done", 120);
}

static void the_owners_quota_is_kept(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    policy_set_storage(k->n[BOB]->policy, SIZE - 1);
    receive(k, BOB, o.code, "/got", id);
    ended_with(k, BOB, id, "full", "");
    assert_true(is_empty(k, BOB, "/got"));
    ended_with(k, ANN, o.id, "denied", "does not want it");
}

static void who_gives_may_end_it_on_the_way(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, HAND_CHUNK);
    json_decref(node_call(k->n[ANN], "file.transfer-cancel", json_pack("{s:s}", "id", o.id), NULL));
    ended_with(k, BOB, id, "closed", "no longer offered");
    sim_run_for(k->sim, 5 * SEC);
    assert_true(is_empty(k, BOB, "/got"));
}

/* --- foes ---------------------------------------------------------------------------------------
 */

static void foe_say(struct foe *f, const struct hand_msg *m)
{
    struct buf b = {0};
    hand_msg_put(&b, m);
    assert_int_equal(messages_send(f->m, buf_bytes(&b), buf_len(&b), NULL), OK);
    buf_done(&b);
}

static void foe_share(struct foe *f, const struct hand_msg *m, const struct peer_id *peer)
{
    struct buf channel = {0}, password = {0};
    uint8_t random[CPACE_LEN] = {5};
    struct cpace c;
    hand_channel(&channel, peer, host_id(f->host), m->number);
    hand_password(&password, &f->code);
    struct cpace_common common = {
        .password = buf_cur(&password), .channel = buf_cur(&channel), .session = m->session};
    cpace_begin(&c, &common, false, random);
    foe_say(f, &(struct hand_msg){.share = cur_of(c.share, CPACE_LEN)});
    assert_true(cpace_finish(&c, &common, m->share.p, &f->run));
    buf_done(&channel);
    buf_done(&password);
}

static void on_foe_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct hand_msg m;
    (void)why;
    if (ev != MESSAGES_ONE) {
        messages_free(f->m);
        f->m = NULL;
        f->shared = false;
        return;
    }
    assert_int_equal(hand_msg_read(&m, msg, NULL), OK);
    if (!f->shared && m.share.p) {
        f->shared = true;
        foe_share(f, &m, host_id(f->kit->host[BOB]));
    } else if (m.tag.p) {
        f->tags++;
        foe_say(f, &(struct hand_msg){.tag = cur_of(f->run.ours, sizeof f->run.ours),
                                      .offer = buf_cur(&f->offer)});
    }
}

static void on_foe_stream(void *arg, const struct host_stream *s)
{
    struct foe *f = arg;
    messages_free(f->m);
    f->shared = false;
    f->m = messages_new(s->conn, HAND_LARGE_MAX, on_foe_message, f);
}

static void on_foe_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (ev == CONN_WRITABLE || ev == CONN_OPEN) {
        ssize_t n = conn_send(f->conn, buf_bytes(&f->data), buf_len(&f->data));
        if (n > 0)
            buf_eat(&f->data, (size_t)n);
    }
}

static void on_foe_want(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct hand_want w;
    (void)why;
    if (ev == MESSAGES_ONE && hand_want_read(&w, msg, NULL) == OK && w.end == HAND_GOES_ON) {
        f->conn = messages_take(f->want);
        conn_watch(f->conn, on_foe_conn, f);
        on_foe_conn(f, CONN_OPEN, NULL);
    } else {
        messages_free(f->want);
    }
    f->want = NULL;
}

static void on_foe_data(void *arg, const struct host_stream *s)
{
    struct foe *f = arg;
    messages_free(f->want);
    conn_close(f->conn);
    f->conn = NULL;
    f->want = messages_new(s->conn, HAND_SMALL_MAX, on_foe_want, f);
}

static struct foe *foe_new(struct kit *k)
{
    unsigned i = NODES + (unsigned)k->foe_count;
    struct foe *f = &k->foes[k->foe_count++];
    uint8_t entropy[16] = {(uint8_t)(i + 1)};
    char name[16];
    snprintf(name, sizeof name, "foe%u", i);
    f->kit = k;
    f->machine = sim_node_add(k->sim, name, ip_of(i, 0), line);
    f->keys = keys_of_entropy(entropy, sizeof entropy);
    f->host = host_at(sim_node_loop(f->machine), f->keys, i);
    struct host_protocol ask = {.name = HAND_PROTOCOL, .cb = on_foe_stream, .arg = f};
    struct host_protocol data = {.name = HAND_DATA_PROTOCOL, .cb = on_foe_data, .arg = f};
    host_handle(f->host, &ask);
    host_handle(f->host, &data);
    dial(k, BOB, f->host, i);
    return f;
}

static void foe_offers(struct foe *f, const char *name, uint64_t size)
{
    struct hand_offer *o = hand_offer_new(name, false);
    struct why why;
    assert_int_equal(hand_code_parse(&f->code, "4-tulip-anchor", &why), OK);
    assert_int_equal(hand_offer_add(o, "", size, HAND_FILE, &why), OK);
    assert_int_equal(hand_offer_put(&f->offer, o, &why), OK);
    hand_offer_free(o);
}

static void put_chunk(struct buf *out, const void *bytes, size_t n)
{
    uint8_t hash[SHA256_LEN];
    sha256(bytes, n, hash);
    hand_frame_put_chunk(out, hash);
    buf_put(out, bytes, n);
}

static void bytes_that_are_not_their_hash_end_it(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe_new(k);
    char id[HAND_ID_TEXT];
    foe_offers(f, "film.mkv", 5);
    put_chunk(&f->data, "film!", 5);
    buf_bytes(&f->data)[HAND_FRAME_MAX] ^= 1;
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "invalid", "other bytes than its hash");
    sim_run_for(k->sim, 5 * SEC);
    assert_true(is_empty(k, BOB, "/got"));
}

static void more_than_was_offered_is_never_written(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe_new(k);
    char id[HAND_ID_TEXT];
    foe_offers(f, "film.mkv", 5);
    put_chunk(&f->data, "film! and more", 14);
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "invalid", "");
    sim_run_for(k->sim, 5 * SEC);
    assert_true(is_empty(k, BOB, "/got"));
}

static void what_is_no_frame_ends_it(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe_new(k);
    char id[HAND_ID_TEXT];
    foe_offers(f, "film.mkv", 2 * HAND_CHUNK);
    put_chunk(&f->data, k->film, HAND_CHUNK);
    buf_str(&f->data, "garbage");
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "invalid", "no chunk");
}

static void a_name_cannot_lead_out_of_the_folder(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe_new(k);
    char id[HAND_ID_TEXT], path[256];
    foe_offers(f, "../../etc/passwd", 5);
    put_chunk(&f->data, "root:", 5);
    receive(k, BOB, "4-tulip-anchor", "/got/here", id);
    until(k, BOB, id, "done", 60);
    take_text(show(k, BOB, id), "path", path, sizeof path);
    assert_int_equal(strncmp(path, "/got/here/", 10), 0);
    assert_null(strchr(path + 10, '/'));
    assert_true(node_has(k->n[BOB], path, "root:", 5));
}

/* Who claims every number is given one guess at our words, and all of them together a few. */
static void who_claims_every_number_gets_one_guess(void **state)
{
    struct kit *k = *state;
    unsigned guesses = 0;
    char id[HAND_ID_TEXT];
    for (int i = 0; i < FOES; i++)
        foe_new(k);
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "denied", "the words do not fit");
    for (int i = 0; i < FOES; i++) {
        assert_in_range(k->foes[i].tags, 0, 1);
        guesses += k->foes[i].tags;
    }
    assert_int_equal(guesses, HAND_WRONG_MAX);
}

/* --- somebody between ----------------------------------------------------------------------------
 */

static void on_back(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (ev == MESSAGES_ONE && f->m) {
        assert_int_equal(messages_send(f->m, msg.p, msg.n, NULL), OK);
        return;
    }
    if (ev != MESSAGES_ONE) {
        messages_free(f->onward);
        f->onward = NULL;
    }
}

static void on_forth(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (ev != MESSAGES_ONE) {
        messages_free(f->m);
        f->m = NULL;
    } else if (f->onward) {
        assert_int_equal(messages_send(f->onward, msg.p, msg.n, NULL), OK);
    } else {
        buf_put(&f->first, msg.p, msg.n);
    }
}

static void on_onward(void *arg, const struct host_stream *s, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    f->open = NULL;
    assert_non_null(s);
    f->onward = messages_new(s->conn, HAND_LARGE_MAX, on_back, f);
    assert_int_equal(messages_send(f->onward, buf_bytes(&f->first), buf_len(&f->first), NULL), OK);
}

static void on_between(void *arg, const struct host_stream *s)
{
    static const char *const protocols[] = {HAND_PROTOCOL};
    struct foe *f = arg;
    f->m = messages_new(s->conn, HAND_LARGE_MAX, on_forth, f);
    f->open = host_open(f->host, f->to, protocols, 1, on_onward, f);
}

/* He passes every message on, and yet neither side takes him for the other. */
static void somebody_between_learns_and_gets_nothing(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT], name[PEER_ID_FORMAT];
    struct foe *f = foe_new(k);
    f->to = host_id(k->host[ANN]);
    struct multiaddr a;
    struct addr ip = ip_of(ANN, 4001);
    multiaddr_of_addr(&a, &ip, REACH_TCP);
    host_learn(f->host, f->to, &a, 1);
    struct host_protocol between = {.name = HAND_PROTOCOL, .cb = on_between, .arg = f};
    host_ignore(f->host, HAND_PROTOCOL);
    host_handle(f->host, &between);
    json_t *row = node_call(k->n[BOB], "file.receive",
                            json_pack("{s:s, s:s, s:b}", "code", o.code, "from",
                                      peer_id_format(host_id(f->host), name), "accept", 1),
                            NULL);
    take_text(row, "id", id, sizeof id);
    ended_with(k, BOB, id, "denied", "the words do not fit");
    assert_int_equal(show_number(k, ANN, o.id, "guesses"), HAND_GUESSES - 1);
    assert_true(is(k, ANN, o.id, "waiting"));
}

/* --- who asks and goes ---------------------------------------------------------------------------
 */

static void on_asked(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct hand_msg m;
    (void)why;
    if (ev == MESSAGES_ONE && hand_msg_read(&m, msg, NULL) == OK)
        f->tags += m.share.p != NULL;
    messages_free(f->onward);
    f->onward = NULL;
}

static void on_ask_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct foe *f = arg;
    uint8_t session[HAND_SESSION_LEN] = {1}, random[CPACE_LEN] = {9};
    struct buf b = {0};
    struct cpace c;
    (void)why;
    f->open = NULL;
    assert_non_null(s);
    cpace_begin(&c, &(struct cpace_common){0}, true, random);
    hand_msg_put(&b, &(struct hand_msg){.number = f->code.nameplate,
                                        .session = cur_of(session, sizeof session),
                                        .share = cur_of(c.share, CPACE_LEN)});
    f->onward = messages_new(s->conn, HAND_SMALL_MAX, on_asked, f);
    assert_int_equal(messages_send(f->onward, buf_bytes(&b), buf_len(&b), NULL), OK);
    buf_done(&b);
}

/* He has learnt nothing by it: our share says nothing of the words. */
static void who_leaves_before_he_proves_costs_no_guess(void **state)
{
    static const char *const protocols[] = {HAND_PROTOCOL};
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    struct foe *f = foe_new(k);
    struct multiaddr a;
    struct addr ip = ip_of(ANN, 4001);
    multiaddr_of_addr(&a, &ip, REACH_TCP);
    host_learn(f->host, host_id(k->host[ANN]), &a, 1);
    f->code.nameplate = number_in(o.code);
    for (unsigned i = 0; i < 2 * HAND_GUESSES; i++) {
        f->open = host_open(f->host, host_id(k->host[ANN]), protocols, 1, on_ask_stream, f);
        sim_run_for(k->sim, 2 * SEC);
    }
    assert_int_equal(f->tags, 2 * HAND_GUESSES); /* shares that it was given */
    assert_int_equal(show_number(k, ANN, o.id, "guesses"), HAND_GUESSES);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        WORLD(a_file_goes_to_who_has_the_code),
        WORLD(a_folder_goes_with_what_is_in_it),
        WORLD(four_wrong_guesses_end_a_code_over_a_restart_too),
        WORLD(a_code_ends_in_time),
        WORLD(of_two_with_one_number_the_right_one_gives),
        WORLD(a_line_cut_at_many_places_loses_nothing),
        WORLD(the_power_goes_at_who_gets),
        WORLD(a_restart_of_who_gets_fetches_only_the_rest),
        WORLD(the_power_goes_at_who_gives),
        WORLD(any_disk_operation_may_fail_once),
        WORLD(a_full_disk_is_told_and_waited_for),
        WORLD(the_owners_quota_is_kept),
        WORLD(who_gives_may_end_it_on_the_way),
        WORLD(bytes_that_are_not_their_hash_end_it),
        WORLD(more_than_was_offered_is_never_written),
        WORLD(what_is_no_frame_ends_it),
        WORLD(a_name_cannot_lead_out_of_the_folder),
        WORLD(who_claims_every_number_gets_one_guess),
        WORLD(somebody_between_learns_and_gets_nothing),
        WORLD(who_leaves_before_he_proves_costs_no_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
