/* ydoc/room/room_world_test.h - for tests of rooms: one room in the simulator, over a shelf in
 * memory that fails when it is told to, and guests at its seats.
 *
 * A guest is what a provider of Yjs is: a document of his own, and messages that come later than
 * they were sent (pump()).  The shelf stands in for ydoc/shelf/shelf.h: what is appended is kept,
 * or lost, SHELF_GATHER_US later.  Included by one .c file of a program. */
#ifndef SHOAL_YDOC_ROOM_ROOM_WORLD_TEST_H
#define SHOAL_YDOC_ROOM_ROOM_WORLD_TEST_H

#include "ydoc/room/room.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"
#include "ydoc/awareness.h"
#include "ydoc/lib0.h"
#include "ydoc/room/room_in.h"
#include "ydoc/sync.h"

#include <stdio.h>

/* What is on its way to the disk. */
struct waiting {
    struct link link;
    struct buf update;
    shelf_done_cb *done;
    void *arg;
};

struct shelf {
    struct loop *loop;
    struct timer *commit;
    struct link waiting;
    struct buf kept; /* updates, each with its length */
    unsigned appends, folds;
    bool fails, is_long;
};

static inline void on_commit(void *arg)
{
    struct shelf *s = arg;
    struct why why;
    why_set(&why, ERR_FULL, "the disk is full");
    s->commit = NULL;
    LIST_EACH(&s->waiting, struct waiting, w, link) {
        list_drop(&w->link);
        if (!s->fails)
            lib0_put_bytes(&s->kept, buf_bytes(&w->update), buf_len(&w->update));
        w->done(w->arg, s->fails ? &why : NULL);
        buf_done(&w->update);
        free(w);
    }
}

bool shelf_get(struct shelf *s, const struct doc_id *id, struct shelf_doc *out)
{
    (void)s;
    (void)out;
    return id->key[0] == 1;
}

enum err shelf_load(struct shelf *s, const struct doc_id *id, struct ydoc *into, struct why *why)
{
    (void)id;
    for (struct cur c = buf_cur(&s->kept); c.n > 0;)
        assert_int_equal(ydoc_apply(into, UPDATE_V1, lib0_bytes(&c), why), OK);
    return OK;
}

void shelf_append(struct shelf *s, const struct doc_id *id, struct cur update, const char *author,
                  shelf_done_cb *done, void *arg)
{
    (void)id;
    (void)author;
    struct waiting *w = MEM_NEW(struct waiting);
    buf_put(&w->update, update.p, update.n);
    w->done = done;
    w->arg = arg;
    s->appends++;
    list_push(&s->waiting, &w->link);
    if (!s->commit)
        s->commit = timer_start(s->loop, SHELF_GATHER_US, on_commit, s);
}

bool shelf_is_long(struct shelf *s, const struct doc_id *id)
{
    (void)id;
    return s->is_long;
}

enum err shelf_fold(struct shelf *s, const struct doc_id *id, struct ydoc *whole, struct why *why)
{
    (void)id;
    (void)why;
    struct buf all = {0};
    ydoc_encode(whole, UPDATE_V1, NULL, &all);
    buf_clear(&s->kept);
    lib0_put_bytes(&s->kept, buf_bytes(&all), buf_len(&all));
    buf_done(&all);
    s->is_long = false;
    s->folds++;
    return OK;
}

/* Somebody at a seat, with a document of his own. */
struct guest {
    struct seat *seat;
    struct ydoc *doc;
    struct awareness *here;
    struct link inbox; /* taken in by pump(), since a seat may not be called from inside send */
    unsigned updates, presences, denials, questions, answers;
    char reason[240];
};

struct letter {
    struct link link;
    struct buf bytes;
};

struct world {
    struct sim *sim;
    struct loop *loop;
    struct shelf shelf;
    struct rooms *rooms;
    struct room *room;
};

static const struct doc_id known = {{1}};

static inline void open_world(struct world *w)
{
    *w = (struct world){.sim = sim_new(5)};
    struct sim_node *node =
        sim_node_add(w->sim, "n", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    w->loop = sim_node_loop(node);
    w->shelf.loop = w->loop;
    list_init(&w->shelf.waiting);
    w->rooms = rooms_new(&(struct rooms_cfg){.loop = w->loop, .shelf = &w->shelf});
    w->room = rooms_open(w->rooms, &known, NULL);
    assert_non_null(w->room);
}

static inline void close_world(struct world *w)
{
    room_done(w->room);
    rooms_free(w->rooms);
    timer_cancel(w->shelf.commit);
    LIST_EACH(&w->shelf.waiting, struct waiting, l, link) {
        list_drop(&l->link);
        buf_done(&l->update);
        free(l);
    }
    buf_done(&w->shelf.kept);
    sim_free(w->sim);
}

static inline void to_guest(void *arg, struct cur message)
{
    struct guest *g = arg;
    struct letter *l = MEM_NEW(struct letter);
    buf_put(&l->bytes, message.p, message.n);
    list_push(&g->inbox, &l->link);
}

static inline void sit_down(struct world *w, struct guest *g, bool local, bool writes)
{
    struct seat_cfg cfg = {
        .send = to_guest, .arg = g, .local = local, .writes = writes, .author = "somebody"};
    g->seat = room_sit(w->room, &cfg, NULL);
    assert_non_null(g->seat);
    seat_greet(g->seat);
}

static inline void sit(struct world *w, struct guest *g, uint64_t client, bool local, bool writes)
{
    *g = (struct guest){.doc = ydoc_new(client, true, 1), .here = awareness_new(1)};
    list_init(&g->inbox);
    sit_down(w, g, local, writes);
}

/* He takes in what he was sent, and answers. */
static inline void hear(struct guest *g, struct cur message)
{
    struct buf reply = {0}, scratch = {0};
    enum sync_kind kind;
    struct cur payload;
    struct cur c = message;
    uint64_t type = lib0_uint(&c), step = lib0_uint(&c);
    g->answers += type == 0 && step == 1;
    assert_int_equal(
        sync_take(g->doc, g->here, message, true, 0, &kind, &payload, &reply, &scratch, NULL), OK);
    g->updates += type == 0 && step == 2;
    g->presences += kind == SYNC_AWARENESS;
    g->questions += kind == SYNC_ASKED;
    if (kind == SYNC_DENIED) {
        g->denials++;
        snprintf(g->reason, sizeof g->reason, "%.*s", (int)payload.n, (const char *)payload.p);
    }
    if (buf_len(&reply) > 0)
        assert_int_equal(seat_take(g->seat, buf_cur(&reply), NULL), OK);
    buf_done(&reply);
    buf_done(&scratch);
}

/* Without a seat: it is lost on the way. */
static inline void pump(struct guest *g)
{
    LIST_EACH(&g->inbox, struct letter, l, link) {
        list_drop(&l->link);
        if (g->seat)
            hear(g, buf_cur(&l->bytes));
        buf_done(&l->bytes);
        free(l);
    }
}

static inline void stand_up(struct guest *g)
{
    seat_leave(g->seat);
    g->seat = NULL;
    pump(g);
}

static inline void leave(struct guest *g)
{
    stand_up(g);
    ydoc_free(g->doc);
    awareness_free(g->here);
}

/* All leave, and the world ends. */
static inline void part(struct world *w, struct guest *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        leave(&g[i]);
    close_world(w);
}

/* Until everything that was written has come to everybody. */
static inline void settle(struct world *w, struct guest *g, size_t n)
{
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < n; i++)
            pump(&g[i]);
        sim_run_for(w->sim, SHELF_GATHER_US);
    }
}

static inline void ask(struct guest *g)
{
    struct buf message = {0};
    sync_step1(g->doc, &message);
    assert_int_equal(seat_take(g->seat, buf_cur(&message), NULL), OK);
    buf_done(&message);
}

static inline void type_at(struct guest *g, uint64_t at, const char *text)
{
    struct buf update = {0}, message = {0};
    ydoc_begin(g->doc);
    assert_int_equal(ytext_insert(g->doc, "text", at, text, strlen(text), NULL, NULL), OK);
    ydoc_commit(g->doc, UPDATE_V1, &update);
    sync_update(buf_cur(&update), &message);
    assert_int_equal(seat_take(g->seat, buf_cur(&message), NULL), OK);
    buf_done(&update);
    buf_done(&message);
}

static inline bool reads(struct ydoc *doc, const char *text)
{
    struct buf b = {0};
    ydoc_text(doc, "text", &b);
    buf_u8(&b, 0);
    bool same = strcmp((const char *)buf_bytes(&b), text) == 0;
    buf_done(&b);
    return same;
}

static inline bool same_bytes(struct ydoc *a, struct ydoc *b)
{
    struct buf x = {0}, y = {0};
    ydoc_encode(a, UPDATE_V1, NULL, &x);
    ydoc_encode(b, UPDATE_V1, NULL, &y);
    bool same =
        buf_len(&x) == buf_len(&y) && memcmp(buf_bytes(&x), buf_bytes(&y), buf_len(&x)) == 0;
    buf_done(&x);
    buf_done(&y);
    return same;
}

static inline void show(struct guest *g, uint64_t client, uint64_t clock, const char *json)
{
    struct buf update = {0}, message = {0};
    lib0_put_uint(&update, 1);
    lib0_put_uint(&update, client);
    lib0_put_uint(&update, clock);
    lib0_put_bytes(&update, json, strlen(json));
    sync_awareness(buf_cur(&update), &message);
    assert_int_equal(seat_take(g->seat, buf_cur(&message), NULL), OK);
    buf_done(&update);
    buf_done(&message);
}

static inline bool sees(struct guest *g, uint64_t client, const char *json)
{
    struct cur is;
    uint64_t who;
    for (size_t at = 0; awareness_next(g->here, &at, &who, &is);)
        if (who == client)
            return is.n == strlen(json) && memcmp(is.p, json, is.n) == 0;
    return json[0] == '\0';
}

#endif
