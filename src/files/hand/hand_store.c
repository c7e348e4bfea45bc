#include "files/hand/hand_store.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"

#include <stdio.h>
#include <string.h>

enum {
    PROVE_CHUNKS = 16, /* in one job */
    SYNC_FILES = 64,
    NAME_TRIES = 999,
};

enum step { OPEN, PROVE, PUT, SYNC, NAME, REMOVE };

struct hand_store {
    struct loop *loop;
    const struct vfs *vfs;
    char *dir, *sums, *part; /* part: its name in dir */
    char *name;              /* in dir; NULL: not yet */
    char *path;              /* dir and the name that it has */
    struct hand_offer *offer;
    uint64_t next;
    size_t synced; /* entries */

    /* The job: of the lane while `running`. */
    bool running;
    bool dead, removing; /* freed by its owner; and its part goes */
    enum step step;
    bool more; /* the same step again */
    struct buf bytes;
    uint8_t (*hashes)[SHA256_LEN];
    size_t count;
    enum err err;
    struct why why;
    hand_store_cb *cb;
    void *arg;
};

static void destroy(struct hand_store *s)
{
    buf_done(&s->bytes);
    hand_offer_free(s->offer);
    free(s->hashes);
    free(s->dir);
    free(s->sums);
    free(s->part);
    free(s->name);
    free(s->path);
    free(s);
}

void hand_store_free(struct hand_store *s)
{
    if (!s)
        return;
    s->dead = true;
    if (!s->running)
        destroy(s);
}

struct hand_store *hand_store_new(const struct hand_store_cfg *cfg, struct why *why)
{
    struct hand_offer *offer = hand_offer_read(cfg->offer, MI_FOREIGN, why);
    if (!offer)
        return NULL;
    struct hand_store *s = MEM_NEW(struct hand_store);
    s->loop = cfg->loop;
    s->vfs = cfg->vfs;
    s->dir = mem_strdup(cfg->dir);
    s->sums = mem_strdup(cfg->sums);
    s->offer = offer;
    int room = MI_PART_MAX - 16 - (int)strlen(cfg->id);
    s->part = mem_printf("%.*s.%s.part", room, offer->name, cfg->id);
    s->path = diskpath_join(s->dir, s->part);
    return s;
}

const struct hand_offer *hand_store_offer(const struct hand_store *s)
{
    return s->offer;
}

uint64_t hand_store_next(const struct hand_store *s)
{
    return s->next;
}

const char *hand_store_path(const struct hand_store *s)
{
    return s->path;
}

const char *hand_store_name(const struct hand_store *s)
{
    return s->name ? s->name : s->part;
}

bool hand_store_busy(const struct hand_store *s)
{
    return s->running;
}

/* --- on the lane ---------------------------------------------------------------------------- */

/* Below dir. */
static char *below(const struct hand_store *s, const struct hand_entry *e)
{
    return s->offer->folder ? diskpath_join(s->part, e->path) : mem_strdup(s->part);
}

static struct vfile *open_entry(const struct hand_store *s, const struct hand_entry *e,
                                unsigned flags, struct why *why)
{
    char *path = below(s, e);
    flags |= VFS_NOFOLLOW | (e->kind == HAND_PROGRAM ? VFS_EXEC : 0);
    struct vfile *f = diskpath_open(s->vfs, s->dir, path, flags, why);
    free(path);
    return f;
}

static enum err open_work(struct hand_store *s, struct why *why)
{
    struct vfs_stat st;
    uint64_t have = 0, need = s->offer->size;
    enum err err = vfs_mkdirs(s->vfs, s->dir, 0777, why);
    if (err == OK)
        err = vfs_free_bytes(s->vfs, s->dir, &have, why);
    /* A part of an earlier run takes its room already; if it is not enough, writing says so. */
    if (err == OK && vfs_stat(s->vfs, s->path, &st, NULL) == OK)
        need = 0;
    if (err == OK && (have < HAND_RESERVE || have - HAND_RESERVE < need))
        err = why_set(why, ERR_FULL, "%llu MiB are needed in %.120s, %llu MiB are free",
                      (unsigned long long)((need + HAND_RESERVE) >> 20), s->dir,
                      (unsigned long long)(have >> 20));
    return err;
}

/* One chunk of the disk against its sum; false: it is not there, or not right. */
static bool is_proven(const struct hand_store *s, struct vfile *sums, uint8_t *room)
{
    uint64_t at;
    size_t len, i = hand_offer_at(s->offer, s->next, &at, &len);
    uint8_t want[SHA256_LEN], is[SHA256_LEN];
    struct vfile *f = open_entry(s, &s->offer->entries[i], VFS_READ, NULL);
    bool good =
        f &&
        vfile_pread(sums, want, sizeof want, s->next * SHA256_LEN, NULL) == (ssize_t)sizeof want &&
        vfile_pread(f, room, len, at, NULL) == (ssize_t)len;
    vfile_close(f);
    if (good)
        sha256(room, len, is);
    return good && memcmp(is, want, sizeof is) == 0;
}

static enum err prove_work(struct hand_store *s)
{
    struct vfile *sums = vfs_open(s->vfs, s->sums, VFS_READ | VFS_NOFOLLOW, NULL);
    uint8_t *room = mem_zalloc(HAND_CHUNK);
    bool good = sums != NULL;
    for (int i = 0; i < PROVE_CHUNKS && good && s->next < s->offer->chunks; i++) {
        good = is_proven(s, sums, room);
        s->next += good;
    }
    free(room);
    vfile_close(sums);
    s->more = good && s->next < s->offer->chunks;
    return OK;
}

static enum err put_one(struct hand_store *s, struct vfile *f, struct cur bytes, uint64_t at,
                        struct vfile *sums, const uint8_t hash[SHA256_LEN], struct why *why)
{
    uint8_t is[SHA256_LEN];
    sha256(bytes.p, bytes.n, is);
    if (memcmp(is, hash, sizeof is) != 0)
        return why_set(why, ERR_INVALID, "chunk %llu came with other bytes than its hash says",
                       (unsigned long long)s->next);
    enum err err = vfile_pwrite(f, bytes.p, bytes.n, at, why);
    return err == OK ? vfile_pwrite(sums, hash, SHA256_LEN, s->next * SHA256_LEN, why) : err;
}

static enum err put_work(struct hand_store *s, struct why *why)
{
    struct cur bytes = buf_cur(&s->bytes);
    struct vfile *f = NULL;
    struct vfile *sums =
        vfs_open(s->vfs, s->sums, VFS_WRITE | VFS_CREATE | VFS_PRIVATE | VFS_NOFOLLOW, why);
    size_t open = SIZE_MAX;
    enum err err = sums ? OK : why->code;
    for (size_t k = 0; k < s->count && err == OK; k++) {
        uint64_t at;
        size_t len, i = hand_offer_at(s->offer, s->next, &at, &len);
        if (i != open) {
            vfile_close(f);
            f = open_entry(s, &s->offer->entries[i], VFS_WRITE | VFS_CREATE, why);
            open = i;
        }
        struct cur one = cur_take(&bytes, len);
        err = f ? put_one(s, f, one, at, sums, s->hashes[k], why) : why->code;
        s->next += err == OK;
    }
    vfile_close(f);
    vfile_close(sums);
    return err;
}

/* Made where it is empty, of the size that was said, and on the disk for good. */
static enum err settle(const struct hand_store *s, const struct hand_entry *e, struct why *why)
{
    if (e->kind == HAND_FOLDER) {
        char *path = below(s, e), *full = diskpath_join(s->dir, path);
        enum err made = vfs_mkdirs(s->vfs, full, 0777, why);
        free(full);
        free(path);
        return made;
    }
    struct vfile *f = open_entry(s, e, VFS_WRITE | (e->size == 0 ? VFS_CREATE : 0), why);
    enum err err = f ? vfile_truncate(f, e->size, why) : why->code;
    if (err == OK)
        err = vfile_sync(f, why);
    vfile_close(f);
    return err;
}

static enum err sync_work(struct hand_store *s, struct why *why)
{
    enum err err = OK;
    if (s->offer->folder && s->synced == 0) /* also where nothing is in it */
        err = vfs_mkdirs(s->vfs, s->path, 0777, why);
    for (int i = 0; i < SYNC_FILES && err == OK && s->synced < s->offer->count; i++) {
        err = settle(s, &s->offer->entries[s->synced], why);
        s->synced += err == OK;
    }
    s->more = err == OK && s->synced < s->offer->count;
    return err;
}

/* "photo.jpg", "photo (2).jpg": number 1 is the name itself. */
static char *numbered(const struct hand_offer *o, int number)
{
    const char *dot = o->folder ? NULL : strrchr(o->name, '.');
    int stem = dot && dot > o->name ? (int)(dot - o->name) : (int)strlen(o->name);
    const char *rest = o->name + stem;
    int room = MI_PART_MAX - 8 - (int)strlen(rest);
    if (number == 1)
        return mem_strdup(o->name);
    return mem_printf("%.*s (%d)%s", stem < room ? stem : room, o->name, number, rest);
}

/* The folders of its files are on the disk before it has its name. */
static enum err sync_folders(const struct hand_store *s, struct why *why)
{
    char *last = NULL;
    enum err err = s->offer->folder ? vfs_sync_dir(s->vfs, s->path, why) : OK;
    for (size_t i = 0; s->offer->folder && i < s->offer->count && err == OK; i++) {
        char *path = diskpath_join(s->path, s->offer->entries[i].path);
        char *folder = diskpath_parent(path);
        if (!last || strcmp(folder, last) != 0) {
            err = vfs_sync_dir(s->vfs, folder, why);
            free(last);
            last = mem_strdup(folder);
        }
        free(folder);
        free(path);
    }
    free(last);
    return err;
}

/* The first name that nobody has.  Another process could take it between the look and the step. */
static enum err take_name(struct hand_store *s, struct why *why)
{
    for (int i = 1; i <= NAME_TRIES; i++) {
        struct vfs_stat st;
        char *name = numbered(s->offer, i), *to = diskpath_join(s->dir, name);
        enum err there = vfs_stat(s->vfs, to, &st, why);
        enum err err = there == ERR_NOT_FOUND ? vfs_rename(s->vfs, s->path, to, why) : there;
        if (there == ERR_NOT_FOUND && err == OK) {
            free(s->path);
            s->path = to;
            s->name = name;
            return OK;
        }
        free(name);
        free(to);
        if (err != OK)
            return err;
    }
    return why_set(why, ERR_STATE, "%.150s is there %d times", s->offer->name, NAME_TRIES);
}

static enum err name_work(struct hand_store *s, struct why *why)
{
    enum err err = s->name ? OK : sync_folders(s, why); /* else this is tried again */
    if (err == OK && !s->name)
        err = take_name(s, why);
    if (err == OK)
        err = vfs_sync_dir(s->vfs, s->dir, why);
    if (err == OK)
        (void)vfs_unlink(s->vfs, s->sums, NULL);
    return err;
}

static void remove_all(const struct vfs *v, const char *path)
{
    char **names;
    size_t n;
    struct vfs_stat st;
    if (vfs_stat(v, path, &st, NULL) != OK)
        return;
    if (!st.is_dir) {
        (void)vfs_unlink(v, path, NULL);
        return;
    }
    if (vfs_list(v, path, &names, &n, NULL) != OK)
        return;
    for (size_t i = 0; i < n; i++) {
        char *inner = diskpath_join(path, names[i]);
        remove_all(v, inner);
        free(inner);
    }
    vfs_list_free(names, n);
    (void)vfs_rmdir(v, path, NULL);
}

static void work(void *arg)
{
    struct hand_store *s = arg;
    s->more = false;
    switch (s->step) {
    case OPEN:
        s->err = open_work(s, &s->why);
        break;
    case PROVE:
        s->err = prove_work(s);
        break;
    case PUT:
        s->err = put_work(s, &s->why);
        break;
    case SYNC:
        s->err = sync_work(s, &s->why);
        break;
    case NAME:
        s->err = name_work(s, &s->why);
        break;
    case REMOVE:
        if (!s->name) /* what has its name is its owner's */
            remove_all(s->vfs, s->path);
        (void)vfs_unlink(s->vfs, s->sums, NULL);
        break;
    }
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void run(struct hand_store *s, enum step step);

static void on_done(void *arg)
{
    struct hand_store *s = arg;
    s->running = false;
    if (s->dead && s->removing && s->step != REMOVE)
        run(s, REMOVE);
    else if (s->dead)
        destroy(s);
    else if (s->err == OK && s->more)
        run(s, s->step);
    else if (s->err == OK && (s->step == OPEN || s->step == SYNC))
        run(s, s->step == OPEN ? PROVE : NAME);
    else
        s->cb(s->arg, s->err == OK ? NULL : &s->why);
}

static void run(struct hand_store *s, enum step step)
{
    s->step = step;
    s->running = true;
    lane_run(s->loop, LANE_DISK, work, on_done, s);
}

static void begin(struct hand_store *s, enum step step, hand_store_cb *cb, void *arg)
{
    s->cb = cb;
    s->arg = arg;
    s->err = OK;
    run(s, step);
}

void hand_store_remove(struct hand_store *s)
{
    s->dead = s->removing = true;
    if (!s->running)
        run(s, REMOVE);
}

void hand_store_open(struct hand_store *s, hand_store_cb *cb, void *arg)
{
    s->next = 0;
    begin(s, OPEN, cb, arg);
}

void hand_store_put(struct hand_store *s, struct buf *bytes, const uint8_t (*hashes)[SHA256_LEN],
                    size_t n, hand_store_cb *cb, void *arg)
{
    buf_done(&s->bytes);
    s->bytes = *bytes;
    buf_init(bytes);
    free(s->hashes);
    s->hashes = mem_dup(hashes, n * SHA256_LEN);
    s->count = n;
    begin(s, PUT, cb, arg);
}

void hand_store_finish(struct hand_store *s, hand_store_cb *cb, void *arg)
{
    s->synced = 0;
    begin(s, s->name ? NAME : SYNC, cb, arg);
}
