/* What was said to be kept is kept, whatever the disk does; what was said not to be is not there.
 */
#include "store/db_disk_test.h"
#include "ydoc/shelf/shelf_world_test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { WORDS = 4096 };

/* Words that stand in no order; who wrote one depends on nobody else. */
struct deed {
    struct world *w;
    struct shelf *shelf;
    struct db *db;
    struct word {
        struct deed *deed;
        bool kept, failed;
    } word[WORDS];
    int written;
    bool full; /* the disk is, and nothing else is wrong */
    int tell;  /* where the numbers of kept words go, when it is the child's */
};

static void told(void *arg, const struct why *why)
{
    struct word *word = arg;
    if (why && strlen(why->text) < 10)
        fail_msg("it does not say why");
    if (why && word->deed->full && why->code != ERR_NOT_FOUND && /* it could not be added */
        (why->code != ERR_FULL || !strstr(why->text, "database or disk is full")))
        fail_msg("a full disk is called: %s", why->text);
    *(why ? &word->failed : &word->kept) = true;
}

static void update_of(int number, struct buf *out)
{
    char text[16];
    snprintf(text, sizeof text, "<%d>", number);
    struct ydoc *d = ydoc_new((uint64_t)number + 1, true, 1);
    write_text(d, 0, text, out);
    ydoc_free(d);
}

static void write_word(struct deed *deed, const char *author, shelf_done_cb *done)
{
    struct buf update = {0};
    struct word *word = &deed->word[deed->written];
    word->deed = deed;
    update_of(deed->written++, &update);
    shelf_append(deed->shelf, &deed->w->id, buf_cur(&update), author, done, word);
    buf_done(&update);
}

/* The text, for has_word(). */
static char *text_of(struct ydoc *d)
{
    struct buf text = {0};
    ydoc_text(d, "text", &text);
    return buf_take_str(&text);
}

static bool has_word(const char *text, int number)
{
    char want[16];
    snprintf(want, sizeof want, "<%d>", number);
    return strstr(text, want);
}

static void fold(struct deed *deed)
{
    struct ydoc *d = ydoc_new(1000, true, 1);
    struct why why = {OK, ""};
    if (shelf_load(deed->shelf, &deed->w->id, d, &why) != OK ||
        shelf_fold(deed->shelf, &deed->w->id, d, &why) != OK)
        assert_true(strlen(why.text) > 10);
    ydoc_free(d);
}

/* false: the database cannot even be opened. */
static bool enter(struct deed *deed)
{
    struct world *w = deed->w;
    struct why why;
    deed->db = db_open(w->path, shelf_migrations, 1, &why);
    if (!deed->db)
        return false;
    struct shelf_cfg cfg = {.loop = sim_node_loop(w->node), .db = deed->db};
    deed->shelf = shelf_new(&cfg);
    (void)!shelf_add(deed->shelf, &w->id, "Notes", NULL);
    return true;
}

/* All that a shelf does, on w->path. */
static void use(struct deed *deed)
{
    struct world *w = deed->w;
    if (!enter(deed))
        return;
    write_word(deed, "ann", told);
    write_word(deed, "ann", told);
    sim_run_for(w->sim, SEC);
    write_word(deed, "bob", told);
    sim_run_for(w->sim, SEC);
    fold(deed);
    write_word(deed, "cid", told);
    sim_run_for(w->sim, SEC);
    struct shelf_revision *r;
    shelf_history(deed->shelf, &w->id, &r);
    free(r);
    (void)!shelf_rename(deed->shelf, &w->id, "Other notes", NULL);
    fold(deed);
    write_word(deed, "ann", told);
    sim_run_for(w->sim, SEC);
}

static void leave(struct deed *deed)
{
    if (!deed->db)
        return;
    shelf_free(deed->shelf);
    db_close(deed->db);
    deed->db = NULL;
}

/* The database in w->path after all that; what failed may be there after a power cut only, where
 * a sync was the last word and nobody can know. */
static void look(const struct deed *deed, bool after_cut, const char *what, unsigned nth)
{
    struct world *w = deed->w;
    struct why why;
    struct db_disk disk; /* which waits for no sync */
    db_disk_plug(&disk);
    struct db *db = db_open(w->path, shelf_migrations, 1, &why);
    if (!db)
        fail_msg("%s %u: %s", what, nth, why.text);
    struct shelf_cfg cfg = {.loop = sim_node_loop(w->node), .db = db};
    struct shelf *s = shelf_new(&cfg);
    struct ydoc *d = ydoc_new(1000, true, 1), *past = ydoc_new(1001, true, 1);
    struct shelf_revision *r;
    enum err err = shelf_load(s, &w->id, d, &why);
    size_t n = shelf_history(s, &w->id, &r);
    if (err != OK && (err != ERR_NOT_FOUND || deed->word[0].kept))
        fail_msg("%s %u: %s", what, nth, why.text);
    if (n > 0 && shelf_revision(s, &w->id, r[0].number, past, &why) != OK)
        fail_msg("%s %u: %s", what, nth, why.text);
    char *text = text_of(d), *past_text = text_of(past);
    for (int i = 0; i < deed->written; i++) {
        const struct word *word = &deed->word[i];
        if (word->kept && (!has_word(text, i) || !has_word(past_text, i)))
            fail_msg("%s %u: word %d was kept and is gone", what, nth, i);
        if (word->failed && !after_cut && has_word(text, i))
            fail_msg("%s %u: word %d was not kept and is there", what, nth, i);
    }
    free(text);
    free(past_text);
    free(r);
    ydoc_free(d);
    ydoc_free(past);
    shelf_free(s);
    db_close(db);
    db_disk_unplug(&disk);
}

enum kind { ONCE, FROM_THEN_ON, FULL, KINDS };
static const char *const kind_name[] = {"one failure", "a broken disk", "a full disk"};

/* One life with a fault, one look after it, one after a power cut at its end; false: it had ended
 * before the fault. */
static bool live(struct world *w, enum kind kind, unsigned nth)
{
    struct db_disk disk;
    struct deed deed = {.w = w, .full = kind == FULL};
    char home[sizeof w->path], after[64];
    db_disk_plug(&disk);
    disk.fail_at = nth;
    disk.fail_on = kind != ONCE;
    disk.full = kind == FULL;
    use(&deed);
    bool hit = disk.calls >= nth;
    disk.fail_at = 0;
    snprintf(after, sizeof after, "%s/after", w->root);
    assert_int_equal(mkdir(after, 0700), 0);
    db_disk_cut(&disk, nth, after);
    leave(&deed);
    db_disk_unplug(&disk);
    look(&deed, false, kind_name[kind], nth);
    memcpy(home, w->path, sizeof home);
    snprintf(w->path, sizeof w->path, "%s/docs.db", after);
    look(&deed, true, kind_name[kind], nth);
    memcpy(w->path, home, sizeof home);
    empty_folder(after);
    rmdir(after);
    empty_folder(w->root);
    return hit;
}

static void each_call_to_the_disk_may_fail(void **state)
{
    struct world *w = *state;
    close_shelf(w);
    empty_folder(w->root);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        unsigned nth = 1;
        while (live(w, kind, nth))
            nth++;
        assert_true(nth > 100 && nth < 2000);
    }
    open_shelf(w);
}

/* --- a life after the other ------------------------------------------------------------------- */

static void at_random(struct deed *deed, uint64_t *luck)
{
    static const char *const author[] = {"ann", "bob", "cid", "dan"};
    struct world *w = deed->w;
    for (int i = 0; i < 40 && deed->written < WORDS; i++) {
        *luck = *luck * 6364136223846793005u + 1442695040888963407u;
        unsigned what = *luck >> 33 & 15;
        if (what < 11)
            write_word(deed, author[*luck >> 40 & 3], told);
        else if (what < 14)
            sim_run_for(w->sim, (*luck >> 40 & 1) ? SEC : SHELF_REVISION_US);
        else if (what == 14)
            fold(deed);
        else {
            struct shelf_revision *r;
            shelf_history(deed->shelf, &w->id, &r);
            free(r);
        }
    }
}

/* The machine stops at any call to the disk, starts with what is left, and goes on. */
static void a_power_cut_at_any_moment_loses_nothing_that_was_kept(void **state)
{
    struct world *w = *state;
    struct deed deed = {.w = w};
    char folder[2][48], home[sizeof w->path];
    uint64_t luck = 20260101;
    close_shelf(w);
    memcpy(home, w->path, sizeof home);
    for (int i = 0; i < 2; i++)
        snprintf(folder[i], sizeof folder[i], "%s/%d", w->root, i);
    assert_int_equal(mkdir(folder[0], 0700), 0);
    for (unsigned life = 0; life < 60; life++) {
        struct db_disk disk;
        const char *here = folder[life % 2], *next = folder[(life + 1) % 2];
        snprintf(w->path, sizeof w->path, "%s/docs.db", here);
        db_disk_plug(&disk);
        if (!enter(&deed))
            fail_msg("life %u does not begin", life);
        disk.fail_at = disk.calls + 1 + (luck >> 33) % 300;
        disk.fail_on = true;
        at_random(&deed, &luck);
        assert_int_equal(mkdir(next, 0700), 0);
        db_disk_cut(&disk, luck >> 33, next);
        leave(&deed);
        db_disk_unplug(&disk);
        empty_folder(here);
        rmdir(here);
        snprintf(w->path, sizeof w->path, "%s/docs.db", next);
        look(&deed, true, "life", life);
    }
    assert_true(deed.written > 500);
    empty_folder(folder[0]);
    rmdir(folder[0]);
    memcpy(w->path, home, sizeof home);
    open_shelf(w);
}

/* --- killed ----------------------------------------------------------------------------------- */

static void told_child(void *arg, const struct why *why)
{
    struct word *word = arg;
    int number = (int)(word - word->deed->word);
    if (why || write(word->deed->tell, &number, sizeof number) != sizeof number)
        _exit(1);
}

/* Writes until it is killed. */
static void run_child(struct deed *deed)
{
    if (!enter(deed))
        _exit(1);
    while (deed->written < WORDS) {
        write_word(deed, "ann", told_child);
        sim_run_for(deed->w->sim, 500);
        if (deed->written % 16 == 0)
            fold(deed);
    }
    _exit(1);
}

static void a_killed_process_has_lost_nothing_that_it_kept(void **state)
{
    struct world *w = *state;
    struct deed deed = {.w = w};
    close_shelf(w);
    for (unsigned life = 0; life < 50; life++) {
        int ends[2], number, seen = 0;
        assert_int_equal(pipe(ends), 0);
        deed.tell = ends[1];
        pid_t child = fork();
        if (child == 0)
            run_child(&deed);
        close(ends[1]);
        while (read(ends[0], &number, sizeof number) == sizeof number) {
            deed.word[number].kept = true;
            deed.written = number + 1;
            if (++seen == 1 + (int)(life * 7 % 25)) /* what it says until it is dead counts too */
                kill(child, SIGKILL);
        }
        close(ends[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        deed.written += 8; /* which the dead one may have used */
        look(&deed, true, "life", life);
    }
    open_shelf(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_call_to_the_disk_may_fail),
        TEST(a_power_cut_at_any_moment_loses_nothing_that_was_kept),
        TEST(a_killed_process_has_lost_nothing_that_it_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
