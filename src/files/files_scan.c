/* Finished downloads are looked at by clamd (files.scan) before they leave their quarantine. */
#include "files/files_in.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"
#include "files/owner/scan.h"

#include <string.h>

#define RETRY_US (30 * SEC)

/* One torrent's turn.  One at a time: clamd has few threads, and the disk one head. */
struct scanning {
    struct link link; /* in f->scans; the first is at work */
    struct files *f;
    uint8_t id[INFOHASH_LEN];
    size_t file;
    struct scan *scan;
    struct timer *timer; /* the next try */
};

static void scanning_free(struct scanning *s)
{
    scan_cancel(s->scan);
    timer_cancel(s->timer);
    list_drop(&s->link);
    free(s);
}

static void scan_next(void *arg);

/* The one at work is done with; the next has its turn. */
static void end_turn(struct scanning *s)
{
    struct files *f = s->f;
    scanning_free(s);
    struct scanning *next = LIST_FIRST(&f->scans, struct scanning, link);
    if (next && !next->scan && !next->timer)
        next->timer = timer_start(f->env.loop, 0, scan_next, next);
}

static struct torrent *torrent_of(const struct scanning *s)
{
    struct holding *h = files_find(s->f, s->id);
    return h && torrent_release_dir(h->t) ? h->t : NULL;
}

static void later(struct scanning *s, struct torrent *t, const char *why)
{
    char *note =
        mem_printf("in quarantine, not scanned: %s; tried again every 30 s, or: shoal file "
                   "release %.8s",
                   why, torrent_hex(t));
    torrent_quarantine_note(t, note);
    free(note);
    s->timer = timer_start(s->f->env.loop, RETRY_US, scan_next, s);
}

static void on_scanned(void *arg, enum scan_verdict verdict, const char *words,
                       const struct why *why)
{
    struct scanning *s = arg;
    struct torrent *t = torrent_of(s);
    s->scan = NULL;
    if (!t) {
        end_turn(s);
        return;
    }
    if (why || verdict == SCAN_ERROR) {
        later(s, t, why ? why->text : words);
        return;
    }
    if (verdict == SCAN_CLEAN) {
        s->file++;
        s->timer = timer_start(s->f->env.loop, 0, scan_next, s);
        return;
    }
    char *text = mem_printf("%.100s: clamd found %s; it stays in %.80s; shoal file rm %.8s "
                            "--with-data, or if you know better: shoal file release %.8s",
                            torrent_metainfo(t)->files[s->file].path, words, torrent_dir(t),
                            torrent_hex(t), torrent_hex(t));
    torrent_condemn(t, text);
    free(text);
    end_turn(s);
}

static bool is_to_scan(const struct torrent *t, size_t file)
{
    const struct mi_file *f = &torrent_metainfo(t)->files[file];
    return !f->pad && f->len > 0 && torrent_priority(t, file) != FILE_SKIP;
}

static void scan_next(void *arg)
{
    struct scanning *s = arg;
    struct files *f = s->f;
    struct torrent *t = torrent_of(s);
    s->timer = NULL;
    if (!t) {
        end_turn(s);
        return;
    }
    const struct metainfo *mi = torrent_metainfo(t);
    while (s->file < mi->file_count && !is_to_scan(t, s->file))
        s->file++;
    if (s->file == mi->file_count || !f->scan_socket[0]) {
        log_info(f->env.log, "%s leaves its quarantine", torrent_name(t));
        torrent_release(t);
        end_turn(s);
        return;
    }
    char *note = mem_printf("clamd looks at file %zu of %zu", s->file + 1, mi->file_count);
    torrent_quarantine_note(t, note);
    free(note);
    s->scan = scan_start(f->env.loop, f->env.vfs, f->scan_socket, torrent_dir(t),
                         mi->files[s->file].path, on_scanned, s);
}

static void on_quarantined(void *node, struct torrent *t)
{
    struct files *f = node;
    LIST_EACH(&f->scans, struct scanning, other, link) {
        if (memcmp(other->id, torrent_infohash(t), INFOHASH_LEN) == 0)
            return;
    }
    struct scanning *s = MEM_NEW(struct scanning);
    bool first = list_empty(&f->scans);
    s->f = f;
    memcpy(s->id, torrent_infohash(t), INFOHASH_LEN);
    list_push(&f->scans, &s->link);
    torrent_quarantine_note(t, "waits for its turn with clamd");
    if (first)
        s->timer = timer_start(f->env.loop, 0, scan_next, s);
}

static void on_released(void *node, struct torrent *t)
{
    struct files *f = node;
    struct why why;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (h && keep_row(h, &why))
        log_warn(f->env.log, "keeping that %s left its quarantine: %s", torrent_name(t), why.text);
}

void scans_settings(struct files *f)
{
    const char *socket = conf_text(f->env.conf, "files.scan");
    free(f->scan_socket);
    f->scan_socket = mem_strdup(strcmp(socket, "off") == 0 ? "" : socket);
}

void scans_begin(struct files *f)
{
    f->swarm.quarantined = on_quarantined;
    f->swarm.released = on_released;
}

void scans_end(struct files *f)
{
    LIST_EACH(&f->scans, struct scanning, s, link) {
        scanning_free(s);
    }
}

char *scans_quarantine(const struct files *f, const char *dir, const struct metainfo *mi)
{
    struct vfs_stat st;
    if (!f->scan_socket[0])
        return NULL;
    char *there = mi ? diskpath_join(dir, mi->name) : NULL;
    bool is_there = there && vfs_stat(f->env.vfs, there, &st, NULL) == OK;
    free(there);
    return is_there ? NULL : mem_printf("%s/.shoal-quarantine", dir);
}

void scans_restore(struct files *f, struct torrent_cfg *cfg)
{
    struct vfs_stat st;
    if (!cfg->release_dir || !cfg->mi)
        return;
    char *held = diskpath_join(cfg->dir, cfg->mi->name);
    char *freed = diskpath_join(cfg->release_dir, cfg->mi->name);
    if (vfs_stat(f->env.vfs, held, &st, NULL) == ERR_NOT_FOUND &&
        vfs_stat(f->env.vfs, freed, &st, NULL) == OK) {
        cfg->dir = cfg->release_dir; /* it had been moved, and its row not yet written */
        cfg->release_dir = NULL;
    }
    free(held);
    free(freed);
}

void file_release(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (!torrent_release_dir(h->t)) {
        call_failf(c, "file.not_quarantined", ERR_STATE, "shoal file show tells where it lies",
                   "%s is in no quarantine", torrent_name(h->t));
        return;
    }
    LIST_EACH(&h->f->scans, struct scanning, s, link) {
        if (memcmp(s->id, torrent_infohash(h->t), INFOHASH_LEN) == 0)
            end_turn(s);
    }
    torrent_release(h->t);
    call_ok(c, files_row(h));
}
