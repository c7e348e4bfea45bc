/* One document that everybody edits at once: over connections that are late and break, a topic that
 * loses, doubles and shuffles, in a world that is cut in two again and again, on machines whose
 * power goes.  In the end all hold the same bytes, in memory and on disk, and whoever was told that
 * a word of his is kept finds it.
 *
 * Real are the rooms, the shelf and the engine; a connection is played as what TCP is to them: all
 * in order, or broken, which either side learns late.  ./dev sim docs SEED has 50 replicas; the
 * test, which plays each of twenty seeds twice and under sanitizers, 10. */
#include "base/map.h"
#include "base/mem.h"
#include "sim/sim.h"
#include "store/db.h"
#include "support/scenario.h"
#include "support/scribble.h"
#include "ydoc/lib0.h"
#include "ydoc/room/room.h"
#include "ydoc/sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLICAS = 50,
    REPLICAS_TEST = 10,
    LINES = 3, /* that each one makes */
    LINES_MAX = REPLICAS * LINES,
    WORDS_MAX = 16384,
    EDIT_S = 60, /* for so long */
    EDIT_S_TEST = 20,
    WORLD_MS = 4000,         /* between two turns of fate */
    LOSS_PPM = 10000,        /* of messages: the connection breaks */
    CRASH_PPM = 20000,       /* of edits: the power goes */
    TOPIC_LOSS_PPM = 300000, /* of what a topic carries */
    TOPIC_TWICE_PPM = 100000,
    TOPIC_TO = 3,
    SETTLE_S = 120,
};

struct replica {
    struct world *w;
    size_t number;
    char name[16];
    struct sim_node *node;
    struct db *db;
    struct shelf *shelf;
    struct rooms *rooms;
    struct room *room;
    struct seat *topic;
    bool up;
    unsigned side; /* of the world that is cut in two */
};

struct letter {
    struct link link;
    struct end *to;
    uint64_t at_us;
    struct buf bytes;
};

struct end {
    struct line *line;
    struct replica *replica;
    struct seat *seat; /* NULL: not connected */
};

struct line {
    struct world *w;
    struct end end[2];
    struct link letters; /* under way, either way, in the order of their times */
    uint64_t last_us;
    bool open, broken;
};

struct packet { /* of the topic */
    struct link link;
    struct replica *from, *to;
    struct buf update;
};

struct word {
    bool kept;
};

struct world {
    struct run *run;
    struct sim *sim;
    struct sim_node *dice;
    struct doc_id id;
    size_t replicas, lines, words;
    struct replica replica[REPLICAS];
    struct line line[LINES_MAX];
    struct word word[WORDS_MAX];
    struct link packets;
    uint64_t edit_until_us;
    bool calm; /* nothing is lost any more */
    unsigned crashes, cuts, breaks, edits;
};

static uint64_t roll(struct world *w, uint64_t sides)
{
    return scribble_roll(sim_node_loop(w->dice), sides);
}

static bool chance(struct world *w, uint64_t ppm)
{
    return !w->calm && roll(w, 1000000) < ppm;
}

static bool reach(const struct replica *a, const struct replica *b)
{
    return a->up && b->up && a->side == b->side;
}

/* ---- connections ---- */

static void try_line(void *arg);

static void drop_letter(struct letter *l)
{
    list_drop(&l->link);
    buf_done(&l->bytes);
    free(l);
}

static void line_down(void *arg)
{
    struct line *line = arg;
    struct world *w = line->w;
    for (int i = 0; i < 2; i++) {
        seat_leave(line->end[i].seat);
        line->end[i].seat = NULL;
    }
    LIST_EACH(&line->letters, struct letter, l, link)
        drop_letter(l);
    line->open = line->broken = false;
    sim_at(w->sim, sim_now_us(w->sim) + (200 + roll(w, 2000)) * MSEC, try_line, line);
}

/* Both learn it later; nothing passes meanwhile. */
static void line_break(struct line *line)
{
    struct world *w = line->w;
    if (line->broken || !line->open)
        return;
    line->broken = true;
    w->breaks++;
    sim_at(w->sim, sim_now_us(w->sim) + roll(w, 3000) * MSEC, line_down, line);
}

static void deliver(void *arg)
{
    struct line *line = arg;
    struct letter *l = LIST_FIRST(&line->letters, struct letter, link);
    struct why why;
    if (!l || l->at_us > sim_now_us(line->w->sim))
        return; /* it went with its connection */
    if (!reach(line->end[0].replica, line->end[1].replica) || chance(line->w, LOSS_PPM))
        line_break(line);
    if (!line->broken && l->to->seat)
        expect(line->w->run, seat_take(l->to->seat, buf_cur(&l->bytes), &why) == OK,
               "a message is refused: %s", why.text);
    drop_letter(l);
}

static void on_send(void *arg, struct cur message)
{
    struct end *end = arg;
    struct line *line = end->line;
    struct world *w = line->w;
    if (line->broken)
        return;
    struct letter *l = MEM_NEW(struct letter);
    uint64_t at_us = sim_now_us(w->sim) + (5 + roll(w, 100)) * MSEC;
    l->to = &line->end[end == &line->end[0]];
    l->at_us = line->last_us = at_us > line->last_us ? at_us : line->last_us + 1;
    buf_put(&l->bytes, message.p, message.n);
    list_push(&line->letters, &l->link);
    sim_at(w->sim, l->at_us, deliver, line);
}

static void try_line(void *arg)
{
    struct line *line = arg;
    struct world *w = line->w;
    if (!reach(line->end[0].replica, line->end[1].replica)) {
        sim_at(w->sim, sim_now_us(w->sim) + (500 + roll(w, 1000)) * MSEC, try_line, line);
        return;
    }
    line->open = true;
    for (int i = 0; i < 2; i++) {
        struct end *e = &line->end[i];
        struct seat_cfg cfg = {
            .send = on_send, .arg = e, .writes = true, .author = line->end[1 - i].replica->name};
        e->seat = room_sit(e->replica->room, &cfg, NULL);
    }
    for (int i = 0; i < 2; i++)
        seat_greet(line->end[i].seat);
}

/* ---- the topic ---- */

static void drop_packet(struct packet *p)
{
    list_drop(&p->link);
    buf_done(&p->update);
    free(p);
}

static void hear(void *arg)
{
    struct packet *p = arg;
    struct why why;
    if (reach(p->from, p->to))
        expect(p->to->w->run,
               seat_take_update(p->to->topic, buf_cur(&p->update), p->from->name, &why) == OK,
               "an update is refused: %s", why.text);
    drop_packet(p);
}

/* To a few, as each of those who hear it would to a few others; some of it late, some twice. */
static void on_topic(void *arg, struct cur message)
{
    struct replica *r = arg;
    struct world *w = r->w;
    uint64_t type = lib0_uint(&message), step = lib0_uint(&message);
    struct cur update = lib0_bytes(&message);
    if (type != 0 || step != 2 || message.bad)
        return;
    for (int i = 0; i < TOPIC_TO; i++)
        for (int twice = 0; twice <= (chance(w, TOPIC_TWICE_PPM) ? 1 : 0); twice++) {
            struct replica *to = &w->replica[roll(w, w->replicas)];
            if (to == r || chance(w, TOPIC_LOSS_PPM))
                continue;
            struct packet *p = MEM_NEW(struct packet);
            p->from = r;
            p->to = to;
            buf_put(&p->update, update.p, update.n);
            list_push(&w->packets, &p->link);
            sim_at(w->sim, sim_now_us(w->sim) + (1 + roll(w, roll(w, 2000) + 1)) * MSEC, hear, p);
        }
}

/* ---- machines ---- */

static void start(struct replica *r)
{
    struct world *w = r->w;
    struct why why;
    r->shelf = shelf_new(&(struct shelf_cfg){.loop = sim_node_loop(r->node), .db = r->db});
    r->rooms = rooms_new(&(struct rooms_cfg){.loop = sim_node_loop(r->node), .shelf = r->shelf});
    r->room = rooms_open(r->rooms, &w->id, &why);
    if (!r->room) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    struct seat_cfg topic = {
        .send = on_topic, .arg = r, .own_only = true, .writes = true, .author = ""};
    r->topic = room_sit(r->room, &topic, NULL);
    r->up = true;
}

static void stop(struct replica *r)
{
    r->up = false;
    seat_leave(r->topic);
    room_done(r->room);
    rooms_free(r->rooms);
    shelf_free(r->shelf);
}

/* Nothing reaches the disk any more, not even what waits. */
static void on_crash(void *arg)
{
    struct replica *r = arg;
    struct world *w = r->w;
    if (db_exec(r->db, "PRAGMA query_only = 1", NULL) != OK)
        abort();
    for (size_t i = 0; i < w->lines; i++)
        for (int k = 0; k < 2; k++)
            if (w->line[i].end[k].replica == r) {
                line_break(&w->line[i]);
                seat_leave(w->line[i].end[k].seat);
                w->line[i].end[k].seat = NULL;
            }
    stop(r);
    if (db_exec(r->db, "PRAGMA query_only = 0", NULL) != OK)
        abort();
}

static void restart(void *arg)
{
    struct replica *r = arg;
    if (r->up)
        return;
    sim_node_restart(r->node);
    start(r);
}

static void crash(void *arg)
{
    struct replica *r = arg;
    struct world *w = r->w;
    if (!r->up || w->calm)
        return;
    w->crashes++;
    sim_node_crash(r->node);
    sim_at(w->sim, sim_now_us(w->sim) + (500 + roll(w, 8000)) * MSEC, restart, r);
}

static void cut(struct world *w)
{
    uint64_t sides = 1 + roll(w, 3); /* 1: healed */
    w->cuts += sides > 1;
    for (size_t i = 0; i < w->replicas; i++)
        w->replica[i].side = (unsigned)roll(w, sides);
}

static void fate(void *arg)
{
    struct world *w = arg;
    if (sim_now_us(w->sim) >= w->edit_until_us)
        return;
    for (uint64_t n = 1 + w->replicas / 10; n > 0; n--)
        crash(&w->replica[roll(w, w->replicas)]);
    cut(w);
    sim_at(w->sim, sim_now_us(w->sim) + (WORLD_MS / 2 + roll(w, WORLD_MS)) * MSEC, fate, w);
}

/* ---- edits ---- */

static void on_kept(void *arg, const struct why *why)
{
    struct word *word = arg;
    word->kept = !why;
}

/* A number of an array, which nobody deletes. */
static struct word *write_word(struct replica *r, struct ydoc *d)
{
    struct world *w = r->w;
    struct word *word = &w->word[w->words];
    scribble_word(sim_node_loop(w->dice), d, (double)w->words++);
    return word;
}

static void edit(void *arg)
{
    struct replica *r = arg;
    struct world *w = r->w;
    if (sim_now_us(w->sim) >= w->edit_until_us)
        return;
    if (r->up && w->words < WORDS_MAX) {
        w->edits++;
        room_begin(r->room);
        struct word *word = write_word(r, room_doc(r->room));
        for (uint64_t n = roll(w, 4); n > 0; n--)
            scribble(sim_node_loop(w->dice), room_doc(r->room));
        room_commit(r->room, r->name, on_kept, word);
        if (chance(w, CRASH_PPM)) /* before it is on disk, or just then */
            sim_at(w->sim, sim_now_us(w->sim) + roll(w, 2 * SHELF_GATHER_US), crash, r);
    }
    sim_at(w->sim, sim_now_us(w->sim) + (100 + roll(w, 1500)) * MSEC, edit, r);
}

/* ---- what must hold ---- */

static void all_of(struct ydoc *d, struct buf *out)
{
    buf_clear(out);
    ydoc_encode(d, UPDATE_V2, NULL, out);
}

static bool equal(const struct buf *a, const struct buf *b)
{
    return buf_len(a) == buf_len(b) && memcmp(buf_bytes(a), buf_bytes(b), buf_len(a)) == 0;
}

static bool converged(struct world *w)
{
    struct buf first = {0}, other = {0};
    bool same = true;
    all_of(room_doc(w->replica[0].room), &first);
    for (size_t i = 0; i < w->replicas && same; i++) {
        struct ydoc *d = room_doc(w->replica[i].room);
        all_of(d, &other);
        same = equal(&first, &other) && !ydoc_pending(d);
    }
    w->run->hash = map_hash(1, buf_bytes(&first), buf_len(&first));
    buf_done(&first);
    buf_done(&other);
    return same;
}

/* Each word that was written, at most once; each that is kept, once. */
static void check_words(struct world *w, struct replica *r)
{
    struct buf text = {0};
    static const char none[] = "";
    uint8_t *times = mem_zalloc(w->words + 1);
    ydoc_array(room_doc(r->room), "words", &text);
    buf_u8(&text, 0);
    for (const char *at = (const char *)buf_bytes(&text); *at && *at != ']';) {
        char *end;
        uint64_t number = strtoull(at + 1, &end, 10);
        if (end > at + 1 && number < w->words)
            times[number]++;
        at = end > at ? end : none;
    }
    size_t lost = 0, kept = 0, twice = 0;
    for (size_t i = 0; i < w->words; i++) {
        kept += w->word[i].kept;
        lost += w->word[i].kept && times[i] == 0;
        twice += times[i] > 1;
    }
    expect(w->run, lost == 0 && twice == 0, "%s: of %zu kept words %zu are lost, %zu there twice",
           r->name, kept, lost, twice);
    if (r->number == 0)
        say(w->run, "%zu words, %zu of them kept for certain; %zu bytes of JSON", w->words, kept,
            buf_len(&text));
    free(times);
    buf_done(&text);
}

static void check_disk(struct world *w, struct replica *r)
{
    struct buf here = {0}, there = {0};
    struct ydoc *d = ydoc_new(1, true, 1);
    struct why why = {0};
    expect(w->run, shelf_load(r->shelf, &w->id, d, &why) == OK, "%s: %s", r->name, why.text);
    all_of(d, &there);
    all_of(room_doc(r->room), &here);
    expect(w->run, equal(&here, &there), "%s: its disk holds other bytes than its memory", r->name);
    ydoc_free(d);
    buf_done(&here);
    buf_done(&there);
}

/* ---- a run ---- */

static void add_replica(struct world *w, size_t number)
{
    struct replica *r = &w->replica[number];
    struct why why;
    r->w = w;
    r->number = number;
    snprintf(r->name, sizeof r->name, "r%zu", number);
    r->node = sim_node_add(w->sim, r->name, addr_v4(10, 0, 1, (uint8_t)(number + 1), 0),
                           (struct sim_link){0});
    sim_node_on_crash(r->node, on_crash, r);
    r->db = db_open(":memory:", shelf_migrations, 1, &why);
    struct shelf *s = shelf_new(&(struct shelf_cfg){.loop = sim_node_loop(r->node), .db = r->db});
    if (shelf_add(s, &w->id, "Notes", &why) != OK)
        abort();
    shelf_free(s);
    start(r);
    sim_at(w->sim, sim_now_us(w->sim) + roll(w, 1000) * MSEC, edit, r);
}

static void add_line(struct world *w, size_t a, size_t b)
{
    struct line *line = &w->line[w->lines++];
    line->w = w;
    line->end[0] = (struct end){.line = line, .replica = &w->replica[a]};
    line->end[1] = (struct end){.line = line, .replica = &w->replica[b]};
    list_init(&line->letters);
    try_line(line);
}

/* A ring, so that all are joined, and lines across. */
static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    w->run = r;
    w->sim = sim_new(r->seed);
    sim_trace_to(w->sim, r->trace);
    w->dice = sim_node_add(w->sim, "dice", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    w->replicas = r->test ? REPLICAS_TEST : REPLICAS;
    w->edit_until_us = sim_now_us(w->sim) + (r->test ? EDIT_S_TEST : EDIT_S) * SEC;
    list_init(&w->packets);
    for (size_t i = 0; i < w->replicas; i++)
        add_replica(w, i);
    for (size_t i = 0; i < w->replicas; i++) {
        add_line(w, i, (i + 1) % w->replicas);
        for (int k = 1; k < LINES; k++)
            add_line(w, i, (i + 1 + roll(w, w->replicas - 1)) % w->replicas);
    }
    sim_at(w->sim, sim_now_us(w->sim) + WORLD_MS * MSEC, fate, w);
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < w->lines; i++) {
        for (int k = 0; k < 2; k++)
            seat_leave(w->line[i].end[k].seat);
        LIST_EACH(&w->line[i].letters, struct letter, l, link)
            drop_letter(l);
    }
    LIST_EACH(&w->packets, struct packet, p, link)
        drop_packet(p);
    for (size_t i = 0; i < w->replicas; i++) {
        stop(&w->replica[i]);
        db_close(w->replica[i].db);
    }
    sim_free(w->sim);
    free(w);
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    sim_run_to(w->sim, w->edit_until_us);
    w->calm = true;
    for (size_t i = 0; i < w->replicas; i++) {
        w->replica[i].side = 0;
        restart(&w->replica[i]);
    }
    uint64_t healed_us = sim_now_us(w->sim);
    bool same = false;
    for (int s = 0; s < SETTLE_S && !same; s++) {
        sim_run_for(w->sim, SEC);
        same = converged(w);
    }
    say(r, "%zu replicas, %u edits, %u power cuts, %u partitions, %u broken connections",
        w->replicas, w->edits, w->crashes, w->cuts, w->breaks);
    expect(r, same, "they do not hold the same bytes %d s after all was healed", SETTLE_S);
    say(r, "the same bytes %" PRIu64 " s after all was healed; %.1f s on the wall",
        (sim_now_us(w->sim) - healed_us) / SEC, wall_s(r));
    for (size_t i = 0; i < w->replicas; i++) {
        check_words(w, &w->replica[i]);
        check_disk(w, &w->replica[i]);
    }
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                     11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    static const struct scenario s = {"docs", play, seeds, sizeof seeds / sizeof *seeds};
    return scenario_main(&s, argc, argv);
}
