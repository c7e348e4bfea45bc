/* ydoc/share/share_kit_test.h - for tests: nodes in the simulator that share documents; four, where
 * nothing else is said. */
#ifndef SHOAL_YDOC_SHARE_SHARE_KIT_TEST_H
#define SHOAL_YDOC_SHARE_SHARE_KIT_TEST_H

#include "base/mem.h"
#include "host/gossip/gossip.h"
#include "host/net_test.h"
#include "host/trust.h"
#include "store/vfs.h"
#include "ydoc/share/share_in.h"

#include <stdlib.h>
#include <unistd.h>

enum { NODES = 4, ANN = 0, BOB = 1, CAT = 2, DAN = 3 };

struct node {
    struct kit *kit;
    unsigned number;
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct db *db, *trust_db;
    char db_path[64];
    struct trust_book *trust;
    struct log *log;
    struct host *host;
    struct gossip *gossip;
    struct shelf *shelf;
    struct rooms *rooms;
    struct app_env env;
    struct share *share;
    struct room *room; /* of kit.doc */
    bool up, topics;
};

struct kit {
    struct sim *sim;
    struct node *n;
    unsigned count;
    char dir[32];
    struct doc_id doc;
    bool told; /* a join ended */
    struct why why;
};

static inline void kit_log(void *arg, enum log_level level, const char *line)
{
    const struct node *n = arg;
    if (getenv("SHARE_TEST_LOG"))
        fprintf(stderr, "# %llu ms %u %s %s\n", (unsigned long long)(loop_now_us(n->loop) / 1000),
                n->number, log_level_name(level), line);
}

static inline struct db *kit_db(const char *path, const struct migration *m, size_t n)
{
    struct why why;
    struct db *db = db_open(path, m, n, &why);
    if (!db)
        fail_msg("%s", why.text);
    return db;
}

static inline void start(struct node *n)
{
    struct multiaddr at = net_at(n->number);
    struct why why;
    n->trust = trust_open(n->trust_db, &why);
    struct host_cfg cfg = {.loop = n->loop,
                           .keys = n->keys,
                           .agent = "shoal/test",
                           .listen = &at,
                           .listen_count = 1,
                           .lab = true,
                           .trust = n->trust};
    n->host = host_new(&cfg, &why);
    assert_non_null(n->host);
    if (n->topics) {
        n->gossip = gossip_new(&(struct gossip_cfg){.host = n->host, .keys = n->keys, .lab = true});
        host_set_topics(n->host, n->gossip);
    }
    n->db = kit_db(n->db_path, share_migrations, 2);
    n->shelf = shelf_new(&(struct shelf_cfg){.loop = n->loop, .log = n->log, .db = n->db});
    n->rooms = rooms_new(&(struct rooms_cfg){.loop = n->loop, .log = n->log, .shelf = n->shelf});
    n->env = (struct app_env){
        .loop = n->loop, .log = n->log, .db = n->db, .keys = n->keys, .host = n->host};
    n->share =
        share_new(&(struct share_cfg){.env = &n->env, .shelf = n->shelf, .rooms = n->rooms}, &why);
    if (!n->share)
        fail_msg("%s", why.text);
    n->up = true;
}

/* All of it is freed, as it stands. */
static inline void halt(struct node *n)
{
    if (n->room)
        room_done(n->room);
    n->room = NULL;
    share_free(n->share);
    rooms_free(n->rooms);
    shelf_free(n->shelf);
    gossip_free(n->gossip);
    n->gossip = NULL;
    host_free(n->host);
    trust_free(n->trust);
    db_close(n->db);
    n->up = false;
}

static inline void stop(struct node *n)
{
    if (!n->up)
        return;
    sim_run_for(n->kit->sim, 50 * MSEC); /* what is being written down */
    halt(n);
}

static inline void node_new(struct kit *k, unsigned i)
{
    struct node *n = &k->n[i];
    n->kit = k;
    n->number = i;
    n->sim = net_machine(k->sim, i, 5 * MSEC);
    n->loop = sim_node_loop(n->sim);
    n->keys = net_keys(i);
    n->log = log_new(LOG_DEBUG, kit_log, n);
    n->trust_db = kit_db(":memory:", trust_migrations, TRUST_MIGRATIONS);
    n->topics = true;
    snprintf(n->db_path, sizeof n->db_path, "%s/%u.db", k->dir, i);
}

/* Machines that are not started yet. */
static inline struct kit *kit_new(unsigned count, uint64_t seed)
{
    struct kit *k = MEM_NEW(struct kit);
    k->sim = sim_new(seed);
    k->count = count;
    k->n = mem_array(count, sizeof *k->n);
    snprintf(k->dir, sizeof k->dir, "/dev/shm/shoal-share-XXXXXX"); /* no disk is waited for */
    if (!mkdtemp(k->dir)) {
        snprintf(k->dir, sizeof k->dir, "/tmp/shoal-share-XXXXXX");
        assert_non_null(mkdtemp(k->dir));
    }
    for (unsigned i = 0; i < count; i++)
        node_new(k, i);
    return k;
}

/* With its files. */
static inline int folder_remove(const char *dir)
{
    char **names;
    size_t n;
    assert_int_equal(vfs_list(vfs_os(), dir, &names, &n, NULL), OK);
    for (size_t i = 0; i < n; i++) {
        char *path = mem_printf("%s/%s", dir, names[i]);
        unlink(path);
        free(path);
    }
    vfs_list_free(names, n);
    return rmdir(dir);
}

/* All are stopped. */
static inline int kit_free(struct kit *k)
{
    for (unsigned i = 0; i < k->count; i++) {
        db_close(k->n[i].trust_db);
        log_free(k->n[i].log);
        keys_free(k->n[i].keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    int status = folder_remove(k->dir);
    free(k->n);
    free(k);
    return status;
}

static inline int open_kit(void **state)
{
    struct kit *k = *state = kit_new(NODES, 7);
    for (unsigned i = 0; i < NODES; i++)
        start(&k->n[i]);
    return 0;
}

static inline int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++)
        stop(&k->n[i]);
    return kit_free(k);
}

/* --- documents ------------------------------------------------------------------------------ */

static inline void enter(struct node *n)
{
    struct why why;
    if (n->room)
        return;
    n->room = rooms_open(n->rooms, &n->kit->doc, &why);
    if (!n->room)
        fail_msg("%s", why.text);
}

/* At the beginning of the document, by the owner of the node. */
static inline void type(struct node *n, const char *text)
{
    struct why why;
    enter(n);
    room_begin(n->room);
    assert_int_equal(ytext_insert(room_doc(n->room), "text", 0, text, strlen(text), NULL, &why),
                     OK);
    room_commit(n->room, keys_peer_id(n->keys), NULL, NULL);
}

static inline char *text_of(struct node *n)
{
    struct buf text = {0};
    enter(n);
    ydoc_text(room_doc(n->room), "text", &text);
    return buf_take_str(&text);
}

static inline bool has(struct node *n, const char *text)
{
    char *all = text_of(n);
    bool is = strstr(all, text) != NULL;
    free(all);
    return is;
}

struct wanted {
    struct node *n;
    const char *text;
};

static inline bool wanted_is_there(void *arg)
{
    const struct wanted *w = arg;
    return has(w->n, w->text);
}

static inline void reads(struct node *n, const char *text, uint64_t within_us)
{
    struct wanted w = {n, text};
    if (!sim_run_until(n->kit->sim, wanted_is_there, &w, within_us)) {
        char *all = text_of(n);
        fail_msg("node %u does not read \"%s\" but \"%s\"", n->number, text, all);
    }
}

static inline void never_reads(struct node *n, const char *text, uint64_t for_us)
{
    sim_run_for(n->kit->sim, for_us);
    assert_false(has(n, text));
}

/* --- members -------------------------------------------------------------------------------- */

static inline char *link_of(struct node *n, const struct peer_id *peer, enum doc_role role)
{
    struct buf link = {0};
    struct why why;
    if (share_invite(n->share, &n->kit->doc, peer, role, &link, &why) != OK)
        fail_msg("%s", why.text);
    return buf_take_str(&link);
}

static inline void on_joined(void *arg, const struct doc_id *id, const struct why *why)
{
    struct kit *k = arg;
    k->told = true;
    k->why = why ? *why : (struct why){0};
    if (id)
        assert_memory_equal(id, &k->doc, sizeof *id);
}

static inline bool is_told(void *arg)
{
    return ((struct kit *)arg)->told;
}

static inline enum err join_by(struct node *n, const char *link)
{
    struct kit *k = n->kit;
    struct why why;
    k->told = false;
    if (!share_join(n->share, link, on_joined, k, &why))
        fail_msg("%s", why.text);
    assert_true(sim_run_until(k->sim, is_told, k, 60 * SEC));
    return k->why.code;
}

static inline void create(struct node *n)
{
    struct why why;
    if (share_create(n->share, "Notes", &n->kit->doc, &why) != OK)
        fail_msg("%s", why.text);
}

/* Node n is a member from now on. */
static inline void join(struct node *owner, struct node *n, enum doc_role role)
{
    char *link = link_of(owner, NULL, role);
    enum err err = join_by(n, link);
    if (err != OK)
        fail_msg("%s", n->kit->why.text);
    free(link);
}

static inline const struct session *stream_with(struct node *n, const struct node *other)
{
    struct shared *d = shared_find(n->share, &n->kit->doc);
    return d ? session_find(d, host_id(other->host)) : NULL;
}

/* A cable is out, or in again: connections die as they do when nobody answers. */
static inline void cut(struct node *a, struct node *b)
{
    sim_cut(a->sim, b->sim);
    if (!a->up || !b->up)
        return;
    host_hang_up(a->host, host_id(b->host));
    host_hang_up(b->host, host_id(a->host));
}

static inline void heal(struct node *a, struct node *b)
{
    sim_heal(a->sim, b->sim);
}

static inline bool same_bytes(struct node *a, struct node *b)
{
    struct buf one = {0}, other = {0};
    enter(a);
    enter(b);
    ydoc_encode(room_doc(a->room), UPDATE_V1, NULL, &one);
    ydoc_encode(room_doc(b->room), UPDATE_V1, NULL, &other);
    bool same = buf_len(&one) == buf_len(&other) &&
                memcmp(buf_bytes(&one), buf_bytes(&other), buf_len(&one)) == 0;
    buf_done(&one);
    buf_done(&other);
    return same;
}

static inline void meet(struct node *a, struct node *b)
{
    net_dial(a->host, b->host);
    sim_run_for(a->kit->sim, 2 * SEC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

#endif
