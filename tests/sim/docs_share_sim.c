/* One document that everybody edits at once, and nothing of it is played: whole hosts, streams,
 * topic, roster, rooms and shelves, over lines that lose packets, in a world that is cut in two or
 * three again and again, on machines whose power goes and whose disks then hold what was synced and
 * something of the rest.  Members come by link while others type already; a reader becomes a
 * writer, a writer is removed and types on, as do readers whose programs are not ours.
 *
 * In the end all members hold the same bytes, in memory and on disk (a reader may hold a last word
 * of the removed one besides); whoever was told that a word of his is kept finds it, once, with
 * everybody; no word of a reader is anywhere, nor one that was written by the removed one after all
 * knew of it; and he has none that was written by anybody who did.  ./dev sim docs-share SEED has
 * 50 members, the test ten. */
#include "base/map.h"
#include "base/mem.h"
#include "store/db_disk_test.h"
#include "support/scenario.h"
#include "support/scribble.h"
#include "ydoc/lib0.h"
#include "ydoc/share/share_kit_test.h"
#include "ydoc/sync.h"

#include <inttypes.h>
#include <sys/stat.h>

enum {
    MEMBERS = 50,
    MEMBERS_TEST = 10,
    WORDS_MAX = 16384,
    JOIN_S = 15,
    EDIT_S = 90,
    WORLD_MS = 5000,   /* between two turns of fate */
    LOSS_PPM = 5000,   /* of packets, at each line */
    CRASH_PPM = 15000, /* of edits: the power goes just then */
    PAUSE_MS = 3000,   /* of who types, at most */
    SETTLE_S = 300,
};

enum kind { WRITER, READER, LIAR /* a reader who writes */, REMOVED /* likewise */ };

struct member {
    struct world *w;
    unsigned number;
    enum kind kind;
    bool brief; /* opens the document for each edit */
    struct node *n;
    struct db_disk disk;
    char folder[48];
    unsigned life, side;
    uint64_t seq; /* of its roster when the power went */
};

struct word {
    struct member *by;
    uint64_t epoch;
    bool kept, reads; /* reads: by who may not write */
    bool late;        /* all know that its author is no member any more */
};

struct world {
    struct run *run;
    struct sim_node *dice;
    struct kit *kit;
    unsigned members;
    struct member member[MEMBERS];
    size_t words;
    struct word word[WORDS_MAX];
    char *link[2];    /* by enum doc_role; NULL: to be made */
    uint64_t removal; /* the epoch since then; 0: not yet */
    bool raised;
    uint64_t edit_until_us;
    bool calm; /* nothing is lost any more */
    unsigned crashes, cuts, edits;
};

static uint64_t roll(struct world *w, uint64_t sides)
{
    return scribble_roll(sim_node_loop(w->dice), sides);
}

static bool chance(struct world *w, uint64_t ppm)
{
    return !w->calm && roll(w, 1000000) < ppm;
}

static void after_ms(struct world *w, uint64_t ms, sim_fn *fn, void *arg)
{
    sim_at(w->kit->sim, sim_now_us(w->kit->sim) + ms * MSEC, fn, arg);
}

/* NULL: it is down, or has not joined. */
static struct shared *shared_of(const struct member *m)
{
    return m->n->up ? shared_find(m->n->share, &m->w->kit->doc) : NULL;
}

static bool is_owner(const struct member *m)
{
    return m->number == 0;
}

/* ---- machines ---- */

static void folder_of(struct member *m, char out[48])
{
    snprintf(out, 48, "%s/%u.%u", m->w->kit->dir, m->number, m->life);
}

static void begin(struct member *m)
{
    folder_of(m, m->folder);
    snprintf(m->n->db_path, sizeof m->n->db_path, "%s/docs.db", m->folder);
    db_disk_plug(&m->disk);
    start(m->n);
    db_disk_away(&m->disk);
    const struct shared *d = shared_of(m);
    expect(m->w->run, !m->seq || (d && d->roster.seq >= m->seq),
           "member %u has an older roster than before its power went", m->number);
}

static void end(struct member *m)
{
    halt(m->n);
    db_disk_done(&m->disk);
    if (folder_remove(m->folder) != 0)
        abort();
}

static void on_crash(void *arg)
{
    struct member *m = arg;
    const struct shared *d = shared_of(m);
    char next[48];
    m->seq = d ? d->roster.seq : 0;
    m->life++;
    folder_of(m, next);
    if (mkdir(next, 0700) != 0)
        abort();
    db_disk_cut(&m->disk, roll(m->w, 1 << 20), next);
    end(m);
}

static void restart(struct member *m)
{
    if (m->n->up)
        return;
    sim_node_restart(m->n->sim);
    begin(m);
}

static void power_is_back(void *arg)
{
    struct member *m = arg;
    if (!m->w->calm)
        restart(m);
}

static void crash(void *arg)
{
    struct member *m = arg;
    struct world *w = m->w;
    if (!m->n->up || w->calm)
        return;
    w->crashes++;
    sim_node_crash(m->n->sim);
    after_ms(w, 500 + roll(w, 8000), power_is_back, m);
}

/* 1 side: healed. */
static void part(struct world *w, unsigned sides)
{
    w->cuts += sides > 1;
    for (unsigned i = 0; i < w->members; i++)
        w->member[i].side = (unsigned)roll(w, sides);
    for (unsigned i = 0; i < w->members; i++)
        for (unsigned k = 0; k < i; k++) {
            struct member *a = &w->member[i], *b = &w->member[k];
            sim_heal(a->n->sim, b->n->sim);
            if (a->side != b->side)
                sim_cut(a->n->sim, b->n->sim);
        }
}

static void fate(void *arg)
{
    struct world *w = arg;
    if (w->calm)
        return;
    for (uint64_t n = 1 + w->members / 10; n > 0; n--)
        crash(&w->member[roll(w, w->members)]);
    part(w, 1 + (unsigned)roll(w, 3));
    after_ms(w, WORLD_MS / 2 + roll(w, WORLD_MS), fate, w);
}

/* ---- members ---- */

static enum doc_role role_of(const struct member *m)
{
    return m->kind == READER || m->kind == LIAR ? DOC_READER : DOC_WRITER;
}

static void on_entered(void *arg, const struct doc_id *id, const struct why *why)
{
    (void)arg, (void)id, (void)why; /* it is asked whether it is in */
}

static void ask_in(struct member *m, const char *link)
{
    struct why why = {0};
    if (!share_join(m->n->share, link, on_entered, m, &why))
        expect(m->w->run, why.code == ERR_STATE, "member %u: %s", m->number, why.text);
}

/* Until it is in; by a link of its own, or by one for all. */
static void come(void *arg)
{
    struct member *m = arg;
    struct world *w = m->w;
    struct member *owner = &w->member[0];
    char **link = &w->link[role_of(m)];
    if (shared_of(m))
        return;
    if (m->n->up && owner->n->up && m->number % 4 == 0) {
        char *own = link_of(owner->n, host_id(m->n->host), role_of(m));
        ask_in(m, own);
        free(own);
    } else if (m->n->up && owner->n->up) {
        *link = *link ? *link : link_of(owner->n, NULL, role_of(m));
        ask_in(m, *link);
    }
    after_ms(w, 8000, come, m);
}

static void remove_one(void *arg)
{
    struct world *w = arg;
    struct member *owner = &w->member[0], *m = &w->member[1 + roll(w, w->members - 1)];
    struct why why;
    if (!owner->n->up || m->kind != WRITER || !shared_of(m)) {
        after_ms(w, 500, remove_one, w);
        return;
    }
    expect(w->run, share_remove(owner->n->share, &w->kit->doc, host_id(m->n->host), &why) == OK,
           "%s", why.text);
    m->kind = REMOVED;
    w->removal = shared_of(owner)->roster.epoch;
    for (int i = 0; i < 2; i++) {
        free(w->link[i]);
        w->link[i] = NULL;
    }
}

/* Somebody who reads may write from now on. */
static void raise(void *arg)
{
    struct world *w = arg;
    struct member *owner = &w->member[0], *m = &w->member[w->members - 1];
    if (!owner->n->up || !shared_of(m)) {
        after_ms(w, 500, raise, w);
        return;
    }
    free(link_of(owner->n, host_id(m->n->host), DOC_WRITER));
    m->kind = WRITER;
    w->raised = true;
}

static bool all_know_of_the_removal(const struct world *w)
{
    for (unsigned i = 0; i < w->members; i++) {
        const struct member *m = &w->member[i];
        const struct shared *d = shared_of(m);
        if (m->kind != REMOVED && (!d || d->roster.epoch < w->removal))
            return false;
    }
    return w->removal > 0;
}

/* ---- edits ---- */

static void on_kept(void *arg, const struct why *why)
{
    struct word *word = arg;
    word->kept = !why;
}

/* A number of an array, which nobody deletes. */
static struct word *write_word(struct member *m, struct ydoc *d)
{
    struct world *w = m->w;
    struct word *word = &w->word[w->words];
    word->by = m;
    word->epoch = shared_of(m)->roster.epoch;
    word->reads = m->kind == READER || m->kind == LIAR;
    word->late = m->kind == REMOVED && all_know_of_the_removal(w);
    scribble_word(sim_node_loop(w->dice), d, (double)w->words++);
    return word;
}

/* Who opens it for each edit. */
static void leave(struct member *m)
{
    if (m->brief)
        room_done(m->n->room);
    if (m->brief)
        m->n->room = NULL;
}

static void ignore_message(void *arg, struct cur message)
{
    (void)arg, (void)message;
}

/* A reader's editor says it to its node, which does not take it. */
static void say_in_vain(struct member *m)
{
    static const struct seat_cfg browser = {.send = ignore_message, .local = true};
    struct ydoc *d = ydoc_new(1 + roll(m->w, 1 << 30), true, 1);
    struct buf update = {0}, message = {0};
    struct why why;
    enter(m->n);
    struct seat *seat = room_sit(m->n->room, &browser, &why);
    ydoc_begin(d);
    write_word(m, d);
    ydoc_commit(d, UPDATE_V1, &update);
    sync_update(buf_cur(&update), &message);
    expect(m->w->run, seat && seat_take(seat, buf_cur(&message), &why) == OK, "%s", why.text);
    seat_leave(seat);
    leave(m);
    buf_done(&update);
    buf_done(&message);
    ydoc_free(d);
}

static void write_something(struct member *m)
{
    struct world *w = m->w;
    enter(m->n);
    w->edits++;
    room_begin(m->n->room);
    struct word *word = write_word(m, room_doc(m->n->room));
    for (uint64_t n = roll(w, 4); n > 0; n--)
        scribble(sim_node_loop(w->dice), room_doc(m->n->room));
    room_commit(m->n->room, keys_peer_id(m->n->keys), on_kept, word);
    leave(m);
}

static void edit(void *arg)
{
    struct member *m = arg;
    struct world *w = m->w;
    if (w->calm)
        return;
    if (shared_of(m) && w->words < WORDS_MAX) {
        if (m->kind == READER)
            say_in_vain(m);
        else
            write_something(m);
        if (chance(w, CRASH_PPM)) /* before it is on disk, or just then */
            sim_at(w->kit->sim, sim_now_us(w->kit->sim) + roll(w, 2 * SHELF_GATHER_US), crash, m);
    }
    after_ms(w, 100 + roll(w, PAUSE_MS), edit, m);
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

static bool honest(const struct member *m)
{
    return m->kind == WRITER || m->kind == READER;
}

/* How often each word is there; to be freed. */
static uint8_t *words_of(struct world *w, struct member *m)
{
    static const char none[] = "";
    struct buf text = {0};
    uint8_t *times = mem_zalloc(w->words + 1);
    enter(m->n);
    ydoc_array(room_doc(m->n->room), "words", &text);
    buf_u8(&text, 0);
    for (const char *at = (const char *)buf_bytes(&text); *at && *at != ']';) {
        char *end;
        uint64_t number = strtoull(at + 1, &end, 10);
        if (end > at + 1 && number < w->words)
            times[number]++;
        at = end > at ? end : none;
    }
    buf_done(&text);
    return times;
}

/* All that the owner has is in what it has. */
static bool holds_all(const struct buf *has, const struct buf *want)
{
    struct ydoc *d = ydoc_new(1, true, 1);
    struct buf both = {0}, news = {0};
    bool waits;
    if (ydoc_learn(d, UPDATE_V2, buf_cur(want), &news, &waits, NULL) != OK ||
        ydoc_learn(d, UPDATE_V2, buf_cur(has), &news, &waits, NULL) != OK)
        abort();
    all_of(d, &both);
    bool yes = equal(&both, has);
    ydoc_free(d);
    buf_done(&both);
    buf_done(&news);
    return yes;
}

/* A reader may have heard a last word of who was removed, which no writer did: it told nobody. */
static bool heard_the_removed(struct world *w, struct member *m)
{
    uint8_t *times = words_of(w, m), *owners = words_of(w, &w->member[0]);
    bool more = false, other = false;
    for (size_t i = 0; i < w->words; i++) {
        bool his = w->word[i].by->kind == REMOVED && times[i] > owners[i];
        more |= his;
        other |= !his && times[i] != owners[i];
    }
    free(times);
    free(owners);
    return more && !other;
}

/* It holds what its owner does, and nothing waits. */
static bool agrees(struct member *m, const struct buf *want)
{
    struct buf has = {0};
    if (!shared_of(m))
        return false;
    enter(m->n);
    all_of(room_doc(m->n->room), &has);
    bool same = equal(&has, want) ||
                (m->kind == READER && heard_the_removed(m->w, m) && holds_all(&has, want));
    buf_done(&has);
    return same && !ydoc_pending(room_doc(m->n->room));
}

/* How many do not agree with the owner. */
static unsigned apart(struct world *w, bool tell)
{
    struct buf want = {0};
    unsigned n = 0;
    enter(w->member[0].n);
    all_of(room_doc(w->member[0].n->room), &want);
    for (unsigned i = 0; i < w->members; i++) {
        struct member *m = &w->member[i];
        if (!honest(m) || agrees(m, &want))
            continue;
        n++;
        if (tell)
            say(w->run, "member %u %s", i, shared_of(m) ? "holds other bytes" : "is not in");
    }
    w->run->hash = map_hash(sim_trace_hash(w->kit->sim), buf_bytes(&want), buf_len(&want));
    buf_done(&want);
    return n;
}

static void check_member(struct world *w, struct member *m)
{
    uint8_t *times = words_of(w, m);
    size_t kept = 0, lost = 0, twice = 0, foul = 0;
    for (size_t i = 0; i < w->words; i++) {
        const struct word *word = &w->word[i];
        bool bound = word->kept && honest(word->by);
        kept += bound;
        lost += bound && times[i] == 0;
        twice += times[i] > 1;
        bool forbidden = word->reads || word->late;
        foul += forbidden && word->by != m && times[i] > 0;
    }
    expect(w->run, lost == 0 && twice == 0 && foul == 0,
           "member %u: of %zu kept words %zu are lost, %zu there twice; %zu of who may not write",
           m->number, kept, lost, twice, foul);
    if (is_owner(m))
        say(w->run, "%zu words, %zu of them kept for certain", w->words, kept);
    free(times);
}

static void check_removed(struct world *w, struct member *m)
{
    uint8_t *times = words_of(w, m);
    size_t after = 0, foul = 0;
    for (size_t i = 0; i < w->words; i++) {
        after += times[i] > 0 && w->word[i].epoch >= w->removal;
        foul += times[i] > 0 && w->word[i].reads;
    }
    expect(w->run, after == 0 && foul == 0,
           "the removed one reads %zu words of who knew of it, and %zu of readers", after, foul);
    free(times);
}

static void check_disk(struct world *w, struct member *m)
{
    struct buf here = {0}, there = {0};
    struct ydoc *d = ydoc_new(1, true, 1);
    struct why why = {0};
    expect(w->run, shelf_load(m->n->shelf, &w->kit->doc, d, &why) == OK, "member %u: %s", m->number,
           why.text);
    all_of(d, &there);
    all_of(room_doc(m->n->room), &here);
    expect(w->run, equal(&here, &there), "member %u: its disk holds other bytes than its memory",
           m->number);
    ydoc_free(d);
    buf_done(&here);
    buf_done(&there);
}

/* ---- a run ---- */

static void add_member(struct world *w, unsigned i)
{
    struct member *m = &w->member[i];
    struct sim_link line = {
        .latency_us = (5 + roll(w, 40)) * MSEC, .jitter_us = 5 * MSEC, .loss_ppm = LOSS_PPM};
    *m = (struct member){.w = w, .number = i, .n = &w->kit->n[i], .brief = roll(w, 2) == 0};
    m->kind = i % 5 == 4 ? READER : i % 10 == 3 ? LIAR : WRITER;
    sim_node_set_link(m->n->sim, line);
    sim_node_on_crash(m->n->sim, on_crash, m);
    folder_of(m, m->folder);
    if (mkdir(m->folder, 0700) != 0)
        abort();
    begin(m);
    if (is_owner(m))
        create(m->n);
    else
        after_ms(w, roll(w, JOIN_S * 1000), come, m);
    after_ms(w, roll(w, 1000), edit, m);
}

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    w->run = r;
    w->members = r->test ? MEMBERS_TEST : MEMBERS;
    w->kit = kit_new(w->members, r->seed);
    sim_trace_to(w->kit->sim, r->trace);
    w->dice = sim_node_add(w->kit->sim, "dice", addr_v4(10, 0, 1, 1, 0), (struct sim_link){0});
    w->edit_until_us = sim_now_us(w->kit->sim) + EDIT_S * SEC;
    for (unsigned i = 0; i < w->members; i++)
        add_member(w, i);
    after_ms(w, WORLD_MS, fate, w);
    after_ms(w, EDIT_S * 1000 / 3, raise, w);
    after_ms(w, EDIT_S * 1000 / 2, remove_one, w);
    return w;
}

static void world_free(struct world *w)
{
    for (unsigned i = 0; i < w->members; i++)
        end(&w->member[i]);
    if (kit_free(w->kit) != 0)
        abort();
    free(w->link[0]);
    free(w->link[1]);
    free(w);
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    struct sim *sim = w->kit->sim;
    sim_run_to(sim, w->edit_until_us);
    w->calm = true;
    part(w, 1);
    for (unsigned i = 0; i < w->members; i++)
        restart(&w->member[i]);
    uint64_t healed_us = sim_now_us(sim);
    bool same = false;
    for (int s = 0; s < SETTLE_S && !same; s++) {
        sim_run_for(sim, SEC);
        same = w->removal && w->raised && apart(w, false) == 0;
    }
    say(r, "%u members, %u edits, %u power cuts, %u partitions", w->members, w->edits, w->crashes,
        w->cuts);
    expect(r, same || apart(w, true) == 0,
           "they do not hold the same bytes %d s after all was healed", SETTLE_S);
    say(r, "the same bytes %" PRIu64 " s after all was healed; %.1f s on the wall",
        (sim_now_us(sim) - healed_us) / SEC, wall_s(r));
    for (unsigned i = 0; i < w->members; i++) {
        struct member *m = &w->member[i];
        if (m->kind == REMOVED)
            check_removed(w, m);
        else
            check_member(w, m);
        check_disk(w, m);
    }
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2, 3};
    static const struct scenario s = {"docs-share", play, seeds, sizeof seeds / sizeof *seeds};
    return scenario_main(&s, argc, argv);
}
