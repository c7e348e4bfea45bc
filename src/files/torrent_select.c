/* Which files of the torrent are wanted, and in which order: from priorities of files to what the
 * picker asks for and what the disk may make (files/meta/select.h has the rules). */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/meta/renames.h"

#include <string.h>

bool choice_wants(const struct torrent *t, uint32_t piece)
{
    return !t->want || bits_get(t->want, piece);
}

uint32_t choice_lacks(const struct torrent *t)
{
    uint32_t count = t->mi->piece_count;
    if (!t->want)
        return count - data_have_count(t->data);
    return bits_wanted(t->want, data_have(t->data), count);
}

/* Bytes of the files that are wanted, and of these what is here. */
void choice_bytes(const struct torrent *t, uint64_t *wanted, uint64_t *done)
{
    *wanted = t->mi && !t->priorities ? t->mi->payload : 0;
    *done = t->priorities ? 0 : torrent_done(t);
    for (size_t i = 0; t->mi && t->priorities && i < t->mi->file_count; i++) {
        if (t->priorities[i] == FILE_SKIP || t->mi->files[i].pad)
            continue;
        *wanted += t->mi->files[i].len;
        *done += t->opened ? data_file_done(t->data, i) : 0;
    }
}

/* The pieces as the picker is to have them; and t->want. */
static uint8_t *pieces_now(struct torrent *t)
{
    uint32_t count = t->mi->piece_count;
    uint8_t *pieces = mem_zalloc(count);
    select_pieces(t->mi, t->priorities, t->ends_first, pieces);
    free(t->want);
    t->want = t->priorities ? mem_zalloc(bits_bytes(count)) : NULL;
    for (uint32_t i = 0; t->want && i < count; i++)
        if (pieces[i] != PICKER_SKIP)
            bits_set(t->want, i);
    return pieces;
}

void choice_to_picker(struct torrent *t)
{
    if (!t->picker || (!t->priorities && !t->ends_first && !t->ordered && !t->sequential))
        return;
    uint8_t *pieces = pieces_now(t);
    for (uint32_t i = 0; i < t->mi->piece_count; i++)
        picker_set_priority(t->picker, i, pieces[i]);
    picker_set_sequential(t->picker, t->sequential);
    t->ordered = true;
    free(pieces);
}

uint8_t *choice_skipped(const struct torrent *t)
{
    uint8_t *bits = t->priorities ? mem_zalloc(bits_bytes((uint32_t)t->mi->file_count)) : NULL;
    for (uint32_t i = 0; bits && i < t->mi->file_count; i++)
        if (t->priorities[i] == FILE_SKIP)
            bits_set(bits, i);
    return bits;
}

static void forget_if_normal(struct torrent *t)
{
    for (size_t i = 0; t->priorities && i < t->mi->file_count; i++)
        if (t->priorities[i] != FILE_NORMAL)
            return;
    free(t->priorities);
    t->priorities = NULL;
}

static void on_choice(void *arg)
{
    struct torrent *t = arg;
    t->choosing = NULL;
    choice_hold(t);
}

void choice_hold(struct torrent *t)
{
    if (t->choosing)
        timer_cancel(t->choosing);
    t->choosing = NULL;
    if (!t->mi)
        return;
    forget_if_normal(t);
    if (t->priorities || t->want)
        free(pieces_now(t));
    if (t->opened) {
        uint8_t *skipped = choice_skipped(t);
        data_skip(t->data, skipped);
        free(skipped);
        swarm_chosen(t);
        torrent_look_complete(t);
    }
    torrent_changed(t);
}

static void changed(struct torrent *t)
{
    if (t->mi && !t->choosing && t->started && t->closing == 0)
        t->choosing = timer_start(t->env->wire.loop, 0, on_choice, t);
}

const char *choice_denied(const struct torrent *t, size_t file)
{
    const struct mi_file *f = &t->mi->files[file];
    const char *pattern = NULL;
    if (t->env->denies && !f->pad) /* another name makes it no other file */
        pattern = t->env->denies(t->env->node, renames_first_path(t->mi, file));
    if (!pattern && t->env->denies && !f->pad)
        pattern = t->env->denies(t->env->node, f->path);
    return pattern;
}

void torrent_deny(struct torrent *t)
{
    unsigned denied = 0;
    for (size_t i = 0; t->mi && !t->seed && i < t->mi->file_count; i++)
        if (choice_denied(t, i)) {
            torrent_set_priorities(t, i, FILE_SKIP);
            denied++;
        }
    if (denied)
        log_warn(t->log, "%u files are left out, their names are on files.deny", denied);
}

void torrent_set_priorities(struct torrent *t, size_t file, enum file_priority priority)
{
    if (!t->mi || file >= t->mi->file_count || torrent_priority(t, file) == priority)
        return;
    if (priority != FILE_SKIP && torrent_priority(t, file) == FILE_SKIP && choice_denied(t, file))
        return;
    if (!t->priorities) {
        t->priorities = mem_zalloc(t->mi->file_count);
        memset(t->priorities, FILE_NORMAL, t->mi->file_count);
    }
    t->priorities[file] = (uint8_t)priority;
    changed(t);
}

enum file_priority torrent_priority(const struct torrent *t, size_t file)
{
    return t->priorities ? (enum file_priority)t->priorities[file] : FILE_NORMAL;
}

const uint8_t *torrent_priorities(const struct torrent *t)
{
    return t->priorities;
}

const char *torrent_rules(const struct torrent *t)
{
    return t->rules;
}

enum err torrent_select(struct torrent *t, const char *rules, struct why *why)
{
    if (!t->mi) { /* applied when it is known which files there are */
        char *all = mem_printf("%s%s", t->rules ? t->rules : "", rules);
        free(t->rules);
        t->rules = all;
        return OK;
    }
    size_t n = t->mi->file_count;
    uint8_t *p = mem_zalloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)torrent_priority(t, i);
    enum err err = select_apply(rules, t->mi, p, why);
    for (size_t i = 0; i < n && err == OK; i++)
        torrent_set_priorities(t, i, p[i]);
    free(p);
    if (err == OK && t->rules) { /* those that could not be applied */
        free(t->rules);
        t->rules = NULL;
        torrent_unblock(t);
    }
    return err;
}

void choice_apply_rules(struct torrent *t)
{
    struct why why;
    char *rules = t->rules;
    t->rules = NULL;
    if (rules && torrent_select(t, rules, &why)) {
        /* What would be fetched now is what nobody asked for. */
        torrent_fail(t, true, "%s", why.text);
        t->rules = rules;
        return;
    }
    free(rules);
}

void torrent_set_order(struct torrent *t, bool sequential, bool ends_first)
{
    if (t->sequential == sequential && t->ends_first == ends_first)
        return;
    t->sequential = sequential;
    t->ends_first = ends_first;
    changed(t);
}

bool torrent_is_sequential(const struct torrent *t)
{
    return t->sequential;
}

bool torrent_has_ends_first(const struct torrent *t)
{
    return t->ends_first;
}
