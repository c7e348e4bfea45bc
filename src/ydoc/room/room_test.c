#include "ydoc/room/room.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"
#include "ydoc/awareness.h"
#include "ydoc/lib0.h"
#include "ydoc/room/room_in.h"
#include "ydoc/sync.h"

#include <stdio.h>

/* ---- a shelf in memory, which can be told to fail ---- */

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

static void on_commit(void *arg)
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

/* ---- somebody at a seat, with a document of his own, as a provider of Yjs has ---- */

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

static void open_world(struct world *w)
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

static void close_world(struct world *w)
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

static void to_guest(void *arg, struct cur message)
{
    struct guest *g = arg;
    struct letter *l = MEM_NEW(struct letter);
    buf_put(&l->bytes, message.p, message.n);
    list_push(&g->inbox, &l->link);
}

static void sit_down(struct world *w, struct guest *g, bool local, bool writes)
{
    struct seat_cfg cfg = {
        .send = to_guest, .arg = g, .local = local, .writes = writes, .author = "somebody"};
    g->seat = room_sit(w->room, &cfg, NULL);
    assert_non_null(g->seat);
    seat_greet(g->seat);
}

static void sit(struct world *w, struct guest *g, uint64_t client, bool local, bool writes)
{
    *g = (struct guest){.doc = ydoc_new(client, true, 1), .here = awareness_new(1)};
    list_init(&g->inbox);
    sit_down(w, g, local, writes);
}

/* He takes in what he was sent, and answers. */
static void hear(struct guest *g, struct cur message)
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
static void pump(struct guest *g)
{
    LIST_EACH(&g->inbox, struct letter, l, link) {
        list_drop(&l->link);
        if (g->seat)
            hear(g, buf_cur(&l->bytes));
        buf_done(&l->bytes);
        free(l);
    }
}

static void stand_up(struct guest *g)
{
    seat_leave(g->seat);
    g->seat = NULL;
    pump(g);
}

static void leave(struct guest *g)
{
    stand_up(g);
    ydoc_free(g->doc);
    awareness_free(g->here);
}

/* Until everything that was written has come to everybody. */
static void settle(struct world *w, struct guest *g, size_t n)
{
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < n; i++)
            pump(&g[i]);
        sim_run_for(w->sim, SHELF_GATHER_US);
    }
}

static void ask(struct guest *g)
{
    struct buf message = {0};
    sync_step1(g->doc, &message);
    assert_int_equal(seat_take(g->seat, buf_cur(&message), NULL), OK);
    buf_done(&message);
}

static void type_at(struct guest *g, uint64_t at, const char *text)
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

static bool reads(struct ydoc *doc, const char *text)
{
    struct buf b = {0};
    ydoc_text(doc, "text", &b);
    buf_u8(&b, 0);
    bool same = strcmp((const char *)buf_bytes(&b), text) == 0;
    buf_done(&b);
    return same;
}

static bool same_bytes(struct ydoc *a, struct ydoc *b)
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

/* ---- updates ---- */

static void what_one_writes_is_told_to_the_others_when_it_is_kept(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, true);
    settle(&w, g, 2);
    type_at(&g[0], 0, "hello");
    sim_run_for(w.sim, SHELF_GATHER_US - 1);
    pump(&g[1]);
    assert_true(reads(g[1].doc, ""));
    sim_run_for(w.sim, 1);
    pump(&g[1]);
    assert_true(reads(g[1].doc, "hello"));
    pump(&g[0]);
    assert_int_equal(g[0].updates, 0); /* the writer knows */
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void what_a_peer_tells_is_on_disk_there_and_told_at_once(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, true);
    settle(&w, g, 2);
    type_at(&g[1], 0, "hello");
    pump(&g[0]);
    assert_true(reads(g[0].doc, "hello"));
    w.shelf.fails = true; /* ours does not follow */
    sim_run_for(w.sim, SHELF_GATHER_US);
    assert_true(reads(room_doc(w.room), ""));
    w.shelf.fails = false;
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 2);
    assert_true(reads(room_doc(w.room), "hello"));
    assert_int_equal(g[0].updates, 1); /* and once is enough */
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void an_answer_waits_for_what_it_holds_to_be_kept(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    ask(&g[1]);
    pump(&g[1]);
    assert_int_equal(g[1].answers, 1); /* though there was nothing */
    type_at(&g[0], 0, "a");
    ask(&g[1]);
    pump(&g[1]);
    assert_int_equal(g[1].answers, 1);
    sim_run_for(w.sim, SHELF_GATHER_US);
    pump(&g[1]);
    assert_int_equal(g[1].answers, 2);
    assert_true(reads(g[1].doc, "a"));
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void what_is_known_is_neither_kept_nor_told_again(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    struct buf all = {0}, message = {0};
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    type_at(&g[0], 0, "abc");
    settle(&w, g, 2);
    unsigned appends = w.shelf.appends, updates = g[0].updates;
    ydoc_encode(g[0].doc, UPDATE_V1, NULL, &all);
    sync_update(buf_cur(&all), &message);
    assert_int_equal(seat_take(g[1].seat, buf_cur(&message), NULL), OK);
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, appends);
    assert_int_equal(g[0].updates, updates);
    buf_done(&all);
    buf_done(&message);
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void an_update_that_waits_is_passed_on_once(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    struct buf first = {0}, second = {0};
    struct ydoc *d = ydoc_new(77, true, 1);
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    settle(&w, g, 2);
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "text", 0, "a", 1, NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, &first);
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "text", 1, "b", 1, NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, &second);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seat_take_update(g[0].seat, buf_cur(&second), "x", NULL), OK);
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, 1);
    assert_int_equal(g[1].updates, 1);
    assert_int_equal(seat_take_update(g[0].seat, buf_cur(&first), "x", NULL), OK);
    settle(&w, g, 2);
    assert_true(reads(g[1].doc, "ab"));
    ydoc_free(d);
    buf_done(&first);
    buf_done(&second);
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void a_reader_is_told_that_he_may_not_write(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, false);
    settle(&w, g, 2);
    assert_int_equal(g[1].denials, 1); /* when he came; his empty answer was no attempt */
    assert_int_equal(g[0].denials, 0);
    type_at(&g[1], 0, "graffiti");
    settle(&w, g, 2);
    assert_int_equal(g[1].denials, 2);
    assert_int_equal(w.shelf.appends, 0);
    assert_true(reads(g[0].doc, ""));
    seat_set_writes(g[1].seat, true); /* and what he wrote is asked for */
    settle(&w, g, 2);
    assert_true(reads(g[0].doc, "graffiti"));
    room_set_writable(w.room, false);
    settle(&w, g, 2);
    assert_int_equal(g[0].denials, 1);
    type_at(&g[0], 0, "x");
    settle(&w, g, 2);
    assert_int_equal(g[0].denials, 2);
    assert_true(reads(room_doc(w.room), "graffiti"));
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    struct buf big = {0};
    open_world(&w);
    sit(&w, &g, 10, true, false);
    assert_int_equal(seat_take(g.seat, cur_of("\x00\x02\x02\x01\x01", 5), NULL), ERR_INVALID);
    assert_int_equal(seat_take(g.seat, cur_of("", 0), NULL), ERR_INVALID);
    memset(buf_room(&big, ROOM_MESSAGE_MAX + 1), 0, ROOM_MESSAGE_MAX + 1);
    buf_grew(&big, ROOM_MESSAGE_MAX + 1);
    assert_int_equal(seat_take(g.seat, buf_cur(&big), NULL), ERR_LIMIT);
    assert_int_equal(w.shelf.appends, 0);
    buf_done(&big);
    leave(&g);
    close_world(&w);
}

/* ---- failing writes ---- */

static void what_could_not_be_kept_is_taken_back_and_asked_for_again(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    type_at(&g[0], 0, "kept");
    settle(&w, g, 2);
    w.shelf.fails = true;
    type_at(&g[0], 4, " lost");
    type_at(&g[0], 9, "!");
    settle(&w, g, 2);
    assert_true(reads(room_doc(w.room), "kept"));
    assert_true(reads(g[1].doc, "kept"));
    assert_int_equal(g[0].denials, 1);
    assert_int_equal(g[1].denials, 1);
    assert_string_equal(g[1].reason, "the change could not be kept: the disk is full");
    unsigned appends = w.shelf.appends;
    type_at(&g[0], 10, "?"); /* while nothing can be kept it is not tried at each key */
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, appends);
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, appends + 1); /* once more, and again in vain */
    w.shelf.fails = false;
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 2);
    assert_true(reads(g[1].doc, "kept lost!?"));
    assert_true(reads(room_doc(w.room), "kept lost!?"));
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

static void what_was_promised_when_a_write_failed_is_given_later(void **state)
{
    (void)state;
    struct world w;
    struct guest g[3];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    type_at(&g[0], 0, "a");
    settle(&w, g, 2);
    w.shelf.fails = true;
    type_at(&g[0], 1, "b");
    seat_pause(g[1].seat); /* its state vector then has "b" */
    sit(&w, &g[2], 12, true, false);
    ask(&g[2]); /* what it is answered has "b" */
    settle(&w, g, 3);
    w.shelf.fails = false;
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 3);
    seat_resume(g[1].seat);
    settle(&w, g, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(reads(g[i].doc, "ab"));
        leave(&g[i]);
    }
    close_world(&w);
}

struct told {
    int times;
    enum err code;
};

static void on_told(void *arg, const struct why *why)
{
    struct told *t = arg;
    t->times++;
    t->code = why ? why->code : OK;
}

static void our_own_edits_are_told_when_kept_or_taken_back(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    struct told told = {0};
    open_world(&w);
    sit(&w, &g, 10, true, false);
    room_begin(w.room);
    room_commit(w.room, "me", on_told, &told);
    assert_int_equal(told.times, 1); /* nothing changed */
    room_begin(w.room);
    assert_int_equal(ytext_insert(room_doc(w.room), "text", 0, "ours", 4, NULL, NULL), OK);
    room_commit(w.room, "me", on_told, &told);
    assert_int_equal(told.times, 1);
    settle(&w, &g, 1);
    assert_int_equal(told.times, 2);
    assert_int_equal(told.code, OK);
    assert_true(reads(g.doc, "ours"));
    const char *text = "all of ours, \xff";
    room_set_text(w.room, "text", cur_of(text, strlen(text) - 3), "me", on_told, &told);
    settle(&w, &g, 1);
    assert_int_equal(told.times, 3);
    assert_true(reads(g.doc, "all of ours"));
    room_set_text(w.room, "text", cur_of(text, strlen(text)), "me", on_told, &told);
    assert_int_equal(told.times, 4);
    assert_int_equal(told.code, ERR_INVALID);
    w.shelf.fails = true;
    room_begin(w.room);
    assert_int_equal(ytext_insert(room_doc(w.room), "text", 0, "no ", 3, NULL, NULL), OK);
    room_commit(w.room, "me", on_told, &told);
    settle(&w, &g, 1);
    assert_int_equal(told.times, 5);
    assert_int_equal(told.code, ERR_FULL);
    assert_true(reads(room_doc(w.room), "all of ours"));
    leave(&g);
    close_world(&w);
}

/* ---- presence ---- */

static void show(struct guest *g, uint64_t client, uint64_t clock, const char *json)
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

static bool sees(struct guest *g, uint64_t client, const char *json)
{
    struct cur is;
    uint64_t who;
    for (size_t at = 0; awareness_next(g->here, &at, &who, &is);)
        if (who == client)
            return is.n == strlen(json) && memcmp(is.p, json, is.n) == 0;
    return json[0] == '\0';
}

static void presence_is_echoed_and_greets_who_comes_and_goes_with_its_seat(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    show(&g[0], 10, 1, "{\"n\":1}");
    pump(&g[0]);
    assert_int_equal(g[0].presences, 1); /* an idle provider reconnects where it hears nothing */
    sit(&w, &g[1], 11, false, false);
    pump(&g[1]);
    assert_true(sees(&g[1], 10, "{\"n\":1}"));
    show(&g[1], 11, 1, "{\"n\":2}"); /* who may not write is seen, too */
    settle(&w, g, 2);
    assert_true(sees(&g[0], 11, "{\"n\":2}"));
    leave(&g[0]);
    pump(&g[1]);
    assert_true(sees(&g[1], 10, ""));
    assert_true(sees(&g[1], 11, "{\"n\":2}"));
    leave(&g[1]);
    close_world(&w);
}

static void presence_that_is_not_renewed_expires(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    open_world(&w);
    sit(&w, &g, 10, true, false);
    show(&g, 10, 1, "{}");
    show(&g, 20, 1, "{}");
    sim_run_for(w.sim, AWARENESS_LIFE_US - ROOM_EXPIRE_US);
    show(&g, 10, 2, "{}");
    sim_run_for(w.sim, 2 * ROOM_EXPIRE_US);
    pump(&g);
    assert_true(sees(&g, 10, "{}"));
    assert_true(sees(&g, 20, ""));
    leave(&g);
    close_world(&w);
}

static void a_cursor_is_told_at_a_pace_and_ends_where_it_is(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    char json[40];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    for (uint64_t i = 1; i <= 200; i++) {
        snprintf(json, sizeof json, "{\"at\":%u}", (unsigned)i);
        show(&g[0], 10, i, json);
        if (i == 1) {
            pump(&g[1]);
            assert_true(sees(&g[1], 10, json)); /* at once */
        }
        sim_run_for(w.sim, 5 * MSEC);
    }
    sim_run_for(w.sim, ROOM_PRESENCE_US);
    pump(&g[1]);
    assert_in_range(g[1].presences, 18, 22);
    assert_true(sees(&g[1], 10, json));
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

/* ---- pauses ---- */

static void who_paused_gets_all_at_once(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    settle(&w, g, 2);
    type_at(&g[0], 0, "a");
    seat_pause(g[1].seat); /* "a" is on its way to the disk */
    show(&g[0], 10, 1, "{\"n\":1}");
    for (int i = 0; i < 20; i++) {
        type_at(&g[0], 0, "b");
        settle(&w, g, 2);
    }
    type_at(&g[1], 0, "c"); /* it may write all the while */
    settle(&w, g, 2);
    assert_true(reads(g[0].doc, "cbbbbbbbbbbbbbbbbbbbba") ||
                reads(g[0].doc, "bbbbbbbbbbbbbbbbbbbbac"));
    assert_int_equal(g[1].updates + g[1].presences, 0);
    ask(&g[1]);
    type_at(&g[0], 0, "d");
    seat_resume(g[1].seat); /* "d" is on its way to the disk */
    pump(&g[1]);
    assert_int_equal(g[1].updates, 1); /* of "a" */
    settle(&w, g, 2);
    assert_in_range(g[1].updates, 2, 3);
    assert_int_equal(g[1].answers, 1); /* what was asked in between is answered */
    assert_true(same_bytes(g[0].doc, g[1].doc));
    assert_true(sees(&g[1], 10, "{\"n\":1}"));
    leave(&g[0]);
    leave(&g[1]);
    close_world(&w);
}

/* ---- rooms ---- */

static void a_room_lingers_and_closes(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    open_world(&w);
    sit(&w, &g, 10, true, false);
    type_at(&g, 0, "stays");
    leave(&g);
    struct room *before = w.room;
    room_done(w.room);
    sim_run_for(w.sim, ROOM_LINGER_US - 1);
    w.room = rooms_open(w.rooms, &known, NULL);
    assert_ptr_equal(w.room, before);
    room_done(w.room);
    sim_run_for(w.sim, ROOM_LINGER_US);
    assert_int_equal(map_count(w.rooms->open), 0);
    w.room = rooms_open(w.rooms, &known, NULL);
    assert_true(reads(room_doc(w.room), "stays"));
    struct doc_id unknown = {{2}};
    struct why why;
    assert_null(rooms_open(w.rooms, &unknown, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    close_world(&w);
}

static void what_left_the_shelf_is_read_anew_when_it_is_back(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    for (int held = 0; held < 2; held++) {
        room_set_text(w.room, "text", cur_of("was", 3), "me", NULL, NULL);
        sim_run_for(w.sim, SEC);
        struct room *before = w.room;
        if (!held)
            room_done(w.room);
        buf_clear(&w.shelf.kept);
        rooms_forget(w.rooms, &known);
        w.room = rooms_open(w.rooms, &known, NULL);
        assert_true(reads(room_doc(w.room), ""));
        if (held) {
            assert_true(reads(room_doc(before), "was"));
            assert_false(room_writable(before));
            room_done(before);
            sim_run_for(w.sim, 1);
        }
        assert_int_equal(map_count(w.rooms->open), 1);
    }
    close_world(&w);
}

static void so_many_rooms_and_seats_and_no_more(void **state)
{
    (void)state;
    struct world w;
    struct room *rooms[ROOMS_MAX];
    struct why why;
    open_world(&w);
    rooms[0] = w.room;
    for (int i = 1; i < ROOMS_MAX; i++) {
        struct doc_id id = {{1, (uint8_t)i}};
        rooms[i] = rooms_open(w.rooms, &id, &why);
        assert_non_null(rooms[i]);
    }
    struct doc_id more = {{1, 0, 1}};
    assert_null(rooms_open(w.rooms, &more, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    room_done(rooms[7]); /* it lingers, but gives way */
    rooms[7] = rooms_open(w.rooms, &more, &why);
    assert_non_null(rooms[7]);
    struct seat *seats[SEATS_MAX];
    struct guest g = {0};
    list_init(&g.inbox);
    struct seat_cfg cfg = {.send = to_guest, .arg = &g, .local = true};
    for (int i = 0; i < SEATS_MAX; i++) {
        seats[i] = room_sit(w.room, &cfg, &why);
        assert_non_null(seats[i]);
    }
    assert_null(room_sit(w.room, &cfg, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    for (int i = 0; i < SEATS_MAX; i++)
        seat_leave(seats[i]);
    for (int i = 1; i < ROOMS_MAX; i++)
        room_done(rooms[i]);
    close_world(&w);
}

static void on_watch(void *arg, struct room *room, enum room_event ev)
{
    (void)room;
    ((int *)arg)[ev]++;
}

static void who_watches_hears_of_changes_that_are_kept(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    int one[2] = {0}, all[2] = {0};
    struct room_watch a = {.cb = on_watch, .arg = one}, b = {.cb = on_watch, .arg = all};
    open_world(&w);
    room_watch(w.room, &a);
    rooms_watch(w.rooms, &b);
    sit(&w, &g, 10, true, false);
    type_at(&g, 0, "x");
    show(&g, 10, 1, "{}");
    assert_int_equal(one[ROOM_CHANGED], 0);
    w.shelf.is_long = true;
    settle(&w, &g, 1);
    assert_int_equal(one[ROOM_CHANGED], 1);
    assert_int_equal(all[ROOM_CHANGED], 1);
    assert_int_equal(one[ROOM_PRESENCE], 1);
    assert_int_equal(w.shelf.folds, 1);
    room_unwatch(&a);
    room_unwatch(&b);
    leave(&g);
    close_world(&w);
}

static void a_seat_may_hear_of_our_owner_alone(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2], topic = {.doc = ydoc_new(12, true, 1), .here = awareness_new(1)};
    open_world(&w);
    list_init(&topic.inbox);
    struct seat_cfg cfg = {.send = to_guest, .arg = &topic, .own_only = true};
    topic.seat = room_sit(w.room, &cfg, NULL);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, true);
    settle(&w, g, 2);
    type_at(&g[1], 0, "foreign");
    show(&g[1], 11, 1, "{}");
    settle(&w, g, 2);
    pump(&topic);
    assert_int_equal(topic.updates, 0);
    assert_int_equal(topic.presences, 0);
    type_at(&g[0], 0, "our own");
    show(&g[0], 10, 1, "{}");
    settle(&w, g, 2);
    pump(&topic);
    assert_int_equal(topic.updates, 1);
    assert_int_equal(topic.presences, 1);
    leave(&g[0]); /* which is told, too */
    settle(&w, g + 1, 1);
    pump(&topic);
    assert_int_equal(topic.presences, 2);
    leave(&g[1]);
    leave(&topic);
    close_world(&w);
}

static void on_open(void *arg, struct room *room)
{
    room_set_writable(room, false);
    ++*(int *)arg;
}

static void who_watches_is_told_of_a_room_before_anybody_sits_there(void **state)
{
    (void)state;
    struct world w;
    int opened = 0;
    struct room_watch watch = {.cb = on_watch, .opened = on_open, .arg = &opened};
    static const struct doc_id other = {{1, 2}};
    open_world(&w);
    rooms_watch(w.rooms, &watch);
    struct room *again = rooms_open(w.rooms, &known, NULL);
    assert_int_equal(opened, 0);
    struct room *room = rooms_open(w.rooms, &other, NULL);
    assert_non_null(room);
    assert_int_equal(opened, 1);
    assert_false(room_writable(room));
    room_done(room);
    room_done(again);
    room_unwatch(&watch);
    close_world(&w);
}

/* ---- all of it at random ---- */

enum { GUESTS = 6 };

static uint64_t draw(struct world *w, uint64_t below)
{
    return loop_random_u64(w->loop) % below;
}

/* Whether something was typed. */
static bool step(struct world *w, struct guest *g)
{
    bool typed = false;
    char text[2] = {(char)('a' + draw(w, 26))};
    switch (draw(w, 12)) {
    case 0:
        seat_pause(g->seat);
        break;
    case 1:
    case 2:
        seat_resume(g->seat);
        break;
    case 3:
        stand_up(g); /* cut off, and back */
        sit_down(w, g, draw(w, 2), true);
        ask(g);
        break;
    case 4:
        w->shelf.fails = draw(w, 3) == 0;
        break;
    case 5:
        sim_run_for(w->sim, draw(w, 2 * ROOM_AGAIN_US));
        break;
    case 6:
        w->shelf.is_long = true;
        break;
    default:
        type_at(g, draw(w, ydoc_length(g->doc, "text") + 1), text);
        typed = true;
    }
    if (draw(w, 2))
        pump(g);
    sim_run_for(w->sim, draw(w, SHELF_GATHER_US));
    return typed;
}

static void whatever_happens_nothing_is_lost_and_all_end_with_what_is_on_disk(void **state)
{
    (void)state;
    struct world w;
    struct guest g[GUESTS];
    uint64_t typed = 0;
    open_world(&w);
    for (size_t i = 0; i < GUESTS; i++) {
        sit(&w, &g[i], 100 + i, true, false);
        ask(&g[i]);
    }
    for (int n = 0; n < 5000; n++)
        typed += step(&w, &g[draw(&w, GUESTS)]);
    w.shelf.fails = false;
    for (size_t i = 0; i < GUESTS; i++)
        seat_resume(g[i].seat);
    settle(&w, g, GUESTS);
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, GUESTS);
    struct ydoc *disk = ydoc_new(1, true, 1);
    assert_int_equal(shelf_load(&w.shelf, &known, disk, NULL), OK);
    assert_true(same_bytes(disk, room_doc(w.room)));
    assert_int_equal(ydoc_length(disk, "text"), typed);
    for (size_t i = 0; i < GUESTS; i++) {
        assert_true(same_bytes(disk, g[i].doc));
        leave(&g[i]);
    }
    ydoc_free(disk);
    close_world(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_writes_is_told_to_the_others_when_it_is_kept),
        cmocka_unit_test(what_a_peer_tells_is_on_disk_there_and_told_at_once),
        cmocka_unit_test(an_answer_waits_for_what_it_holds_to_be_kept),
        cmocka_unit_test(what_is_known_is_neither_kept_nor_told_again),
        cmocka_unit_test(an_update_that_waits_is_passed_on_once),
        cmocka_unit_test(a_reader_is_told_that_he_may_not_write),
        cmocka_unit_test(nonsense_is_refused_and_changes_nothing),
        cmocka_unit_test(what_could_not_be_kept_is_taken_back_and_asked_for_again),
        cmocka_unit_test(what_was_promised_when_a_write_failed_is_given_later),
        cmocka_unit_test(our_own_edits_are_told_when_kept_or_taken_back),
        cmocka_unit_test(presence_is_echoed_and_greets_who_comes_and_goes_with_its_seat),
        cmocka_unit_test(presence_that_is_not_renewed_expires),
        cmocka_unit_test(a_cursor_is_told_at_a_pace_and_ends_where_it_is),
        cmocka_unit_test(who_paused_gets_all_at_once),
        cmocka_unit_test(a_room_lingers_and_closes),
        cmocka_unit_test(what_left_the_shelf_is_read_anew_when_it_is_back),
        cmocka_unit_test(so_many_rooms_and_seats_and_no_more),
        cmocka_unit_test(who_watches_hears_of_changes_that_are_kept),
        cmocka_unit_test(a_seat_may_hear_of_our_owner_alone),
        cmocka_unit_test(who_watches_is_told_of_a_room_before_anybody_sits_there),
        cmocka_unit_test(whatever_happens_nothing_is_lost_and_all_end_with_what_is_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
