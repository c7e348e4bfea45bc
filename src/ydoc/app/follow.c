#include "ydoc/app/follow.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/app/fork.h"

#include <stdlib.h>
#include <string.h>

struct follows {
    struct docs *d;
    struct link all; /* struct follow */
};

/* What a look finds. */
enum found {
    FOUND_SAME,
    FOUND_GONE,
    FOUND_MOVING, /* other than before, and not the same in two looks yet */
    FOUND_NEW,    /* read into `bytes` */
    FOUND_WRITTEN,
    FOUND_FAILED, /* why */
};

/* One look, the lane's while it is out. */
struct look {
    const struct vfs *vfs;
    char *path;
    struct vfs_stat seen, last; /* when both agreed; at the last look */
    bool was_seen;              /* seen is of a file that was there */
    bool write;                 /* `bytes`, where the file is as it was seen */
    bool aside;                 /* first what is there goes to FILE.conflict */
    struct buf bytes;
    enum found found;
    struct why why;
};

struct follow {
    struct link link;
    struct follows *all;
    struct doc_id id;
    char *path;
    struct room *room; /* NULL: it cannot be opened; tried again */
    struct room_watch watch;
    struct timer *timer;
    struct buf base, next; /* next: while it is being written */
    struct look look;
    bool out;         /* the look is on its lane */
    bool merging;     /* the file's change is on its way to the disk, */
    struct buf after; /* and this is then the base */
    bool due;         /* the document may be other than the file */
    bool aside;     /* what is there cannot be taken over: it is copied before it is written over */
    bool over;      /* stopped while something was out */
    struct why why; /* of the state; OK: in step */
};

static void look_now(void *arg);

static struct docs *docs_of(const struct follow *f)
{
    return f->all->d;
}

static void destroy(struct follow *f)
{
    timer_cancel(f->timer);
    if (f->room) {
        room_unwatch(&f->watch);
        room_done(f->room);
    }
    buf_done(&f->base);
    buf_done(&f->next);
    buf_done(&f->after);
    buf_done(&f->look.bytes);
    free(f->path);
    free(f);
}

/* --- on the lane ------------------------------------------------------------------------------ */

static bool same(const struct vfs_stat *a, const struct vfs_stat *b)
{
    return a->size == b->size && a->mtime_ns == b->mtime_ns;
}

static bool is_plain(const struct vfs_stat *st, struct why *why)
{
    if (!st->is_dir && !st->is_symlink && !st->is_special)
        return true;
    why_set(why, ERR_INVALID, "it is no plain file");
    return false;
}

static enum err set_aside(struct look *k)
{
    struct buf is = {0};
    char *to = mem_printf("%s.conflict", k->path);
    enum err err = vfs_read_all(k->vfs, k->path, FOLLOW_FILE_MAX, &is, &k->why);
    if (err == OK)
        err = vfs_replace(k->vfs, to, buf_bytes(&is), buf_len(&is), VFS_PRIVATE, &k->why);
    buf_done(&is);
    free(to);
    return err;
}

static enum found write_it(struct look *k, bool there)
{
    unsigned flags = !there ? 0 : k->last.is_private ? VFS_PRIVATE : k->last.is_exec ? VFS_EXEC : 0;
    if (k->aside && there && set_aside(k) != OK)
        return FOUND_FAILED;
    if (vfs_replace(k->vfs, k->path, buf_bytes(&k->bytes), buf_len(&k->bytes), flags, &k->why) ||
        vfs_stat(k->vfs, k->path, &k->seen, &k->why))
        return FOUND_FAILED;
    k->last = k->seen;
    k->seen.size = buf_len(&k->bytes); /* who wrote right behind us is seen by the next look */
    return FOUND_WRITTEN;
}

static enum found look_at(struct look *k)
{
    struct vfs_stat st;
    enum err err = vfs_stat(k->vfs, k->path, &st, &k->why);
    if (err == ERR_NOT_FOUND)
        return k->write ? write_it(k, false) : FOUND_GONE;
    if (err != OK || !is_plain(&st, &k->why))
        return FOUND_FAILED;
    bool still = same(&st, &k->last);
    k->last = st;
    if (k->was_seen && same(&st, &k->seen))
        return k->write ? write_it(k, true) : FOUND_SAME;
    if (!still)
        return FOUND_MOVING;
    buf_clear(&k->bytes);
    if (vfs_read_all(k->vfs, k->path, FOLLOW_FILE_MAX, &k->bytes, &k->why) != OK)
        return FOUND_FAILED;
    k->seen = st;
    return FOUND_NEW;
}

static void look_work(void *arg)
{
    struct follow *f = arg;
    f->look.found = look_at(&f->look);
}

/* --- what is kept ----------------------------------------------------------------------------- */

static enum err keep(struct follow *f, struct why *why)
{
    struct db_stmt *q = db_prepare(docs_of(f)->env.db, "INSERT OR REPLACE INTO follow (doc, path, "
                                                       "base, next) VALUES (?1, ?2, ?3, ?4)");
    db_bind_blob(q, 1, f->id.key, DOC_ID_LEN);
    db_bind_text(q, 2, f->path);
    db_bind_blob(q, 3, buf_bytes(&f->base), buf_len(&f->base));
    if (buf_len(&f->next) > 0)
        db_bind_blob(q, 4, buf_bytes(&f->next), buf_len(&f->next));
    else
        db_bind_text(q, 4, NULL);
    return db_run(q, why);
}

static void take(struct buf *to, struct buf *from)
{
    buf_done(to);
    *to = *from;
    *from = (struct buf){0};
}

/* From now on the file and the document agree in `base`. */
static void settle(struct follow *f, struct buf *base)
{
    struct why why;
    take(&f->base, base);
    buf_clear(&f->next);
    f->aside = false;
    f->why.code = OK;
    if (keep(f, &why) != OK)
        log_warn(docs_of(f)->env.log, "%s: %s", f->path, why.text);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void look_later(struct follow *f)
{
    f->timer = timer_start(docs_of(f)->env.loop, FOLLOW_LOOK_US, look_now, f);
}

static void say(struct follow *f, const struct why *why)
{
    if (f->why.code == OK || strcmp(f->why.text, why->text) != 0)
        log_warn(docs_of(f)->env.log, "%s does not follow its document: %s", f->path, why->text);
    f->why = *why;
}

static bool equal(const struct buf *a, const struct buf *b)
{
    return buf_len(a) == buf_len(b) &&
           (buf_len(a) == 0 || memcmp(buf_bytes(a), buf_bytes(b), buf_len(a)) == 0);
}

static bool reads(struct cur base, const struct buf *text)
{
    struct buf is = {0};
    bool so = base.n > 0 && fork_text(base, DOCS_ROOT, &is, NULL) == OK && equal(&is, text);
    buf_done(&is);
    return so;
}

/* The look that comes is to write what the document reads now, unless the file holds it. */
static void prepare_write(struct follow *f)
{
    struct buf text = {0}, now = {0};
    struct ydoc *doc = room_doc(f->room);
    struct why why = {.code = OK};
    f->due = false;
    ydoc_text(doc, DOCS_ROOT, &text);
    ydoc_encode(doc, UPDATE_V2, NULL, &now);
    if (f->look.was_seen && !f->aside && reads(buf_cur(&f->base), &text)) {
        settle(f, &now);
    } else if (buf_len(&text) > FOLLOW_FILE_MAX) {
        why_set(&why, ERR_LIMIT, "the document has %zu bytes, a followed file at most %d",
                buf_len(&text), FOLLOW_FILE_MAX);
    } else {
        take(&f->next, &now);
        if (keep(f, &why) == OK) {
            take(&f->look.bytes, &text);
            f->look.write = true;
            f->look.aside = f->aside;
        }
    }
    if (why.code != OK)
        say(f, &why);
    buf_done(&text);
    buf_done(&now);
}

/* It was not written: another time. */
static void put_off(struct follow *f)
{
    struct why why;
    f->due = true;
    buf_clear(&f->next);
    if (keep(f, &why) != OK)
        say(f, &why);
}

/* --- the file changed ------------------------------------------------------------------------- */

static void on_merged(void *arg, const struct why *why)
{
    struct follow *f = arg;
    f->merging = false;
    if (f->over) {
        destroy(f);
        return;
    }
    if (why) { /* it is read and tried again */
        say(f, why);
        f->look.was_seen = false;
    } else {
        settle(f, &f->after);
        f->due = true; /* others may have typed */
    }
    look_later(f);
}

/* What is there is copied, and then the document takes its place. */
static void refuse(struct follow *f, const struct why *why)
{
    say(f, why);
    f->aside = f->due = true;
    look_later(f);
}

static void merge(struct follow *f)
{
    struct docs *d = docs_of(f);
    struct buf text = {0}, update = {0}, now = {0};
    struct why why;
    struct cur is = buf_cur(&f->look.bytes);
    f->look.was_seen = true;
    ydoc_text(room_doc(f->room), DOCS_ROOT, &text);
    if (equal(&text, &f->look.bytes)) {
        ydoc_encode(room_doc(f->room), UPDATE_V2, NULL, &now);
        settle(f, &now);
        look_later(f);
    } else if (reads(buf_cur(&f->next), &f->look.bytes)) { /* killed after it was written */
        settle(f, &f->next);
        f->due = true;
        look_later(f);
    } else if (reads(buf_cur(&f->base), &f->look.bytes)) { /* only its time changed */
        f->due = true;
        look_later(f);
    } else if (share_role(d->share, &f->id) == DOC_READER) {
        why_set(&why, ERR_DENIED, "this document may be read here, not written");
        refuse(f, &why);
    } else if (buf_clear(&f->after),
               fork_edit(buf_cur(&f->base), DOCS_ROOT, is, &update, &f->after, &why) != OK) {
        refuse(f, &why);
    } else {
        f->merging = true;
        room_take(f->room, buf_cur(&update), d->me, on_merged, f);
    }
    buf_done(&text);
    buf_done(&update);
    buf_done(&now);
}

/* --- looks ------------------------------------------------------------------------------------ */

static void on_looked(void *arg)
{
    struct follow *f = arg;
    bool write = f->look.write;
    f->out = f->look.write = false;
    if (f->over) {
        destroy(f);
        return;
    }
    if (write && f->look.found != FOUND_WRITTEN)
        put_off(f);
    switch (f->look.found) {
    case FOUND_WRITTEN:
        f->look.was_seen = true;
        settle(f, &f->next);
        break;
    case FOUND_GONE:
        f->look.was_seen = false;
        why_set(&f->look.why, ERR_NOT_FOUND, "the file is not there");
        say(f, &f->look.why);
        break;
    case FOUND_FAILED:
        say(f, &f->look.why);
        break;
    case FOUND_NEW:
        merge(f);
        return;
    case FOUND_SAME:
    case FOUND_MOVING:
        break;
    }
    look_later(f);
}

static void on_room(void *arg, struct room *room, enum room_event ev)
{
    struct follow *f = arg;
    (void)room;
    f->due = f->due || ev == ROOM_CHANGED;
}

static bool open_room(struct follow *f)
{
    struct why why;
    if (f->room)
        return true;
    f->room = rooms_open(docs_of(f)->rooms, &f->id, &why);
    if (!f->room) {
        say(f, &why);
        return false;
    }
    f->watch = (struct room_watch){.cb = on_room, .arg = f};
    room_watch(f->room, &f->watch);
    return true;
}

static void look_now(void *arg)
{
    struct follow *f = arg;
    f->timer = NULL;
    if (!open_room(f)) {
        look_later(f);
        return;
    }
    /* Not over what could not be read, nor while somebody writes. */
    if (f->due && f->look.found != FOUND_FAILED && f->look.found != FOUND_MOVING)
        prepare_write(f);
    f->look.found = FOUND_FAILED;
    why_set(&f->look.why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    f->out = true;
    lane_run(docs_of(f)->env.loop, LANE_DISK, look_work, on_looked, f);
}

/* --- which there are -------------------------------------------------------------------------- */

static struct follow *find(const struct follows *all, const struct doc_id *id)
{
    if (all)
        LIST_EACH(&all->all, struct follow, f, link)
            if (memcmp(f->id.key, id->key, DOC_ID_LEN) == 0)
                return f;
    return NULL;
}

static struct follow *add(struct follows *all, const struct doc_id *id, const char *path)
{
    struct follow *f = MEM_NEW(struct follow);
    f->all = all;
    f->id = *id;
    f->path = mem_strdup(path);
    f->look.vfs = all->d->env.vfs;
    f->look.path = f->path;
    f->due = true;
    list_init(&f->watch.link);
    list_push(&all->all, &f->link);
    return f;
}

static void end(struct follow *f)
{
    list_drop(&f->link);
    if (!f->out && !f->merging) {
        destroy(f);
        return;
    }
    f->over = true; /* the rest goes when it is back */
    if (f->room) {
        room_unwatch(&f->watch);
        room_done(f->room);
    }
    f->room = NULL;
}

/* Both hold something, and not the same: nobody knows what was before. */
static enum err check_both(struct docs *d, const struct doc_id *id, const char *path,
                           struct why *why)
{
    struct buf is = {0}, text = {0};
    struct vfs_stat st;
    struct room *room = rooms_open(d->rooms, id, why);
    if (!room)
        return why->code;
    enum err err = vfs_stat(d->env.vfs, path, &st, why);
    if (err == ERR_NOT_FOUND) {
        err = OK;
    } else if (err == OK && !is_plain(&st, why)) {
        err = why->code;
    } else if (err == OK &&
               (err = vfs_read_all(d->env.vfs, path, FOLLOW_FILE_MAX, &is, why)) == OK) {
        ydoc_text(room_doc(room), DOCS_ROOT, &text);
        if (!utf8_valid(buf_bytes(&is), buf_len(&is)))
            err = why_set(why, ERR_INVALID, "%s is not UTF-8", path);
        else if (buf_len(&is) > 0 && buf_len(&text) > 0 && !equal(&is, &text))
            err = why_set(why, ERR_STATE,
                          "%s and the document hold different texts; name a file that is not there",
                          path);
    }
    room_done(room);
    buf_done(&is);
    buf_done(&text);
    return err;
}

enum err follows_start(struct follows *all, const struct doc_id *id, const char *path,
                       struct why *why)
{
    const struct follow *has = find(all, id);
    if (has)
        return why_set(why, ERR_STATE, "%s follows it already", has->path);
    LIST_EACH(&all->all, struct follow, f, link)
        if (strcmp(f->path, path) == 0)
            return why_set(why, ERR_STATE, "%s follows another document", path);
    if (follows_count(all) >= FOLLOWS_MAX)
        return why_set(why, ERR_LIMIT, "%d files follow documents, which is as many as may",
                       FOLLOWS_MAX);
    enum err err = check_both(all->d, id, path, why);
    if (err != OK)
        return err;
    struct follow *f = add(all, id, path);
    struct ydoc *empty = ydoc_new(1, true, 1);
    ydoc_encode(empty, UPDATE_V2, NULL, &f->base);
    ydoc_free(empty);
    err = keep(f, why);
    if (err == OK)
        f->timer = timer_start(all->d->env.loop, 0, look_now, f);
    else
        end(f);
    return err;
}

enum err follows_stop(struct follows *all, const struct doc_id *id, struct why *why)
{
    struct follow *f = find(all, id);
    if (!f)
        return OK;
    struct db_stmt *q = db_prepare(all->d->env.db, "DELETE FROM follow WHERE doc = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    enum err err = db_run(q, why);
    if (err == OK)
        end(f);
    return err;
}

struct follows *follows_new(struct docs *d, struct why *why)
{
    struct follows *all = MEM_NEW(struct follows);
    enum db_step step;
    all->d = d;
    list_init(&all->all);
    struct db_stmt *q =
        db_prepare(d->env.db, "SELECT doc, path, base, next FROM follow ORDER BY path");
    while ((step = db_step(q, why)) == DB_ROW) {
        size_t n;
        struct doc_id id;
        const void *bytes = db_blob(q, 0, &n);
        if (n != DOC_ID_LEN)
            continue;
        memcpy(id.key, bytes, DOC_ID_LEN);
        struct follow *f = add(all, &id, db_text(q, 1));
        bytes = db_blob(q, 2, &n);
        buf_put(&f->base, bytes, n);
        bytes = db_blob(q, 3, &n);
        buf_put(&f->next, bytes, n);
        f->timer = timer_start(d->env.loop, 0, look_now, f);
    }
    db_finish(q);
    if (step != DB_FAILED)
        return all;
    follows_free(all);
    return NULL;
}

void follows_free(struct follows *all)
{
    if (!all)
        return;
    LIST_EACH(&all->all, struct follow, f, link) {
        f->merging = false; /* who ends with the shelf is told nothing any more */
        end(f);
    }
    free(all);
}

size_t follows_count(const struct follows *all)
{
    size_t n = 0;
    if (all)
        for (const struct link *l = all->all.next; l != &all->all; l = l->next)
            n++;
    return n;
}

const char *follows_file(const struct follows *all, const struct doc_id *id)
{
    const struct follow *f = find(all, id);
    return f ? f->path : NULL;
}

json_t *follows_json(const struct follows *all, const struct doc_id *id)
{
    const struct follow *f = find(all, id);
    if (!f)
        return json_null();
    return json_pack("{s:s, s:s, s:o}", "file", f->path, "state",
                     f->why.code == OK ? "following" : "waiting", "reason",
                     f->why.code == OK ? json_null() : json_string(f->why.text));
}
