/* Which files of a torrent a person wants, and in which order: asked, kept, shown. */
#include "files/files_in.h"

#include "base/mem.h"
#include "files/meta/magnet.h"

#include <string.h>

enum choice_flags { CHOICE_SEQUENTIAL = 1, CHOICE_ENDS_FIRST = 2, CHOICE_SUPER_SEED = 4 };

/* Rows */

static int64_t flags_of(const struct torrent *t)
{
    return (torrent_is_sequential(t) ? CHOICE_SEQUENTIAL : 0) |
           (torrent_has_ends_first(t) ? CHOICE_ENDS_FIRST : 0) |
           (torrent_is_super_seed(t) ? CHOICE_SUPER_SEED : 0);
}

enum err choose_keep(struct holding *h, struct why *why)
{
    const uint8_t *priorities = torrent_priorities(h->t);
    const char *rules = torrent_rules(h->t);
    int64_t flags = flags_of(h->t);
    if (!priorities && !rules && !flags && !h->chosen)
        return OK; /* all of it, and there is no row that says otherwise */
    h->chosen = true;
    struct db_stmt *q =
        db_prepare(h->f->env.db, "INSERT INTO choice (infohash, rules, priorities, flags)"
                                 " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (infohash)"
                                 " DO UPDATE SET rules = ?2, priorities = ?3, flags = ?4");
    db_bind_blob(q, 1, torrent_infohash(h->t), SHA1_LEN);
    db_bind_text(q, 2, rules);
    db_bind_blob(q, 3, priorities, priorities ? torrent_metainfo(h->t)->file_count : 0);
    db_bind_int(q, 4, flags);
    return db_run(q, why);
}

void choose_drop(struct files *f, const uint8_t infohash[SHA1_LEN])
{
    struct why why;
    struct db_stmt *q = db_prepare(f->env.db, "DELETE FROM choice WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (db_run(q, &why))
        log_warn(f->env.log, "removing what was chosen of a torrent: %s", why.text);
}

void choose_read(struct files *f, const uint8_t infohash[SHA1_LEN], struct choice_row *out)
{
    *out = (struct choice_row){0};
    struct db_stmt *q =
        db_prepare(f->env.db, "SELECT rules, priorities, flags FROM choice WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (db_step(q, NULL) == DB_ROW) {
        size_t n;
        const uint8_t *priorities = db_blob(q, 1, &n);
        const char *rules = db_text(q, 0);
        out->there = true;
        out->rules = rules[0] ? mem_strdup(rules) : NULL;
        out->priorities = n ? mem_dup(priorities, n) : NULL;
        out->count = n;
        for (size_t i = 0; i < n; i++)
            if (out->priorities[i] > FILE_HIGH)
                out->priorities[i] = FILE_NORMAL;
        out->sequential = db_int(q, 2) & CHOICE_SEQUENTIAL;
        out->ends_first = db_int(q, 2) & CHOICE_ENDS_FIRST;
        out->super_seed = db_int(q, 2) & CHOICE_SUPER_SEED;
    }
    db_finish(q);
}

void choose_row_done(struct choice_row *row)
{
    free(row->rules);
    free(row->priorities);
}

/* Asked */

static const char *const verbs[] = {"only", "skip", "low", "normal", "high"};

static enum err add_patterns(struct call *c, struct buf *rules, struct why *why)
{
    enum err err = OK;
    for (size_t v = 0; v < sizeof verbs / sizeof verbs[0]; v++) {
        json_t *list = call_array(c, verbs[v]);
        for (size_t i = 0; i < json_array_size(list) && err == OK; i++)
            err = select_add(rules, verbs[v], json_string_value(json_array_get(list, i)), why);
    }
    return err;
}

enum err choose_rules(struct call *c, const struct magnet *m, char **out, struct why *why)
{
    struct buf rules = {0}, so = {0};
    *out = NULL;
    for (size_t i = 0; m && i < m->only_count; i++)
        buf_printf(&so, "%s%u-%u", i ? "," : "", m->only[i].first, m->only[i].last);
    char *numbers = buf_take_str(&so);
    enum err err = add_patterns(c, &rules, why);
    /* What the person says comes before what the link says. */
    if (err == OK && numbers[0] && !call_array(c, "only"))
        err = select_add(&rules, "so", numbers, why);
    free(numbers);
    char *text = buf_take_str(&rules);
    if (err == OK && text[0])
        *out = text;
    else
        free(text);
    return err;
}

enum err choose_check(const char *rules, const struct metainfo *mi, struct why *why)
{
    uint8_t *priorities = mem_zalloc(mi->file_count);
    enum err err = select_apply(rules, mi, priorities, why);
    free(priorities);
    return err;
}

/* "on", "off", or as it is. */
static bool switched(struct call *c, const char *name, bool now)
{
    const char *text = call_text(c, name);
    return text ? strcmp(text, "on") == 0 : now;
}

void file_set(void *app, struct call *c)
{
    struct why why;
    char *rules;
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (choose_rules(c, NULL, &rules, &why)) {
        call_fail(c, CALL_USAGE, &why, "give a pattern as '*.mkv', or numbers as '#0,2-4'");
        return;
    }
    if (rules && torrent_select(h->t, rules, &why)) {
        call_fail(c, "file.no_match", &why, "shoal file show --files tells the names");
    } else {
        torrent_set_order(h->t, switched(c, "sequential", torrent_is_sequential(h->t)),
                          switched(c, "ends_first", torrent_has_ends_first(h->t)));
        torrent_set_super_seed(h->t, switched(c, "super_seed", torrent_is_super_seed(h->t)));
        answer_kept(h, c);
    }
    free(rules);
}
