#include "files/hand/hand_source.h"

#include "base/mem.h"
#include "crypto/sha256.h"
#include "files/disk/diskpath.h"
#include "files/hand/hand_msg.h"

#include <string.h>

struct hand_source {
    unsigned refs;
    const struct vfs *vfs;
    char *path; /* of the file or the folder */
    struct hand_offer *offer;
    int64_t *mtime_ns; /* one an entry */
};

const struct hand_offer *hand_source_offer(const struct hand_source *s)
{
    return s->offer;
}

void hand_source_free(struct hand_source *s)
{
    if (!s || --s->refs > 0)
        return;
    hand_offer_free(s->offer);
    free(s->mtime_ns);
    free(s->path);
    free(s);
}

static struct hand_source *source_new(const struct vfs *vfs, const char *path)
{
    struct hand_source *s = MEM_NEW(struct hand_source);
    s->refs = 1;
    s->vfs = vfs;
    s->path = mem_strdup(path);
    return s;
}

void hand_source_put_times(struct buf *out, const struct hand_source *s)
{
    for (size_t i = 0; i < s->offer->count; i++)
        buf_be64(out, (uint64_t)s->mtime_ns[i]);
}

struct hand_source *hand_source_of(const struct vfs *vfs, const char *path, struct cur offer,
                                   struct cur times, struct why *why)
{
    struct hand_source *s = source_new(vfs, path);
    s->offer = hand_offer_read(offer, MI_OWN, why);
    if (s->offer && times.n == s->offer->count * 8) {
        s->mtime_ns = mem_array(s->offer->count + 1, sizeof *s->mtime_ns);
        for (size_t i = 0; i < s->offer->count; i++)
            s->mtime_ns[i] = (int64_t)cur_be(&times, 8);
        return s;
    }
    if (s->offer)
        why_set(why, ERR_INVALID, "an offer that was kept lacks times");
    hand_source_free(s);
    return NULL;
}

/* --- walking -------------------------------------------------------------------------------- */

struct hand_walk {
    struct hand_source *s;
    size_t left_out;
    enum err err;
    struct why why;
    hand_walk_cb *cb; /* NULL: cancelled */
    void *arg;
};

static enum err add(struct hand_walk *w, const char *path, const struct vfs_stat *st)
{
    struct hand_source *s = w->s;
    enum hand_kind kind = st->is_dir ? HAND_FOLDER : st->is_exec ? HAND_PROGRAM : HAND_FILE;
    size_t i = s->offer->count;
    if (hand_offer_add(s->offer, path, st->is_dir ? 0 : st->size, kind, &w->why) != OK)
        return ERR_LIMIT;
    if ((i & (i - 1)) == 0)
        s->mtime_ns = mem_realloc(s->mtime_ns, (i ? 2 * i : 1) * sizeof *s->mtime_ns);
    s->mtime_ns[i] = st->mtime_ns;
    return OK;
}

static enum err walk(struct hand_walk *w, const char *path, unsigned depth);

/* below: "" for the folder itself. */
static enum err walk_folder(struct hand_walk *w, const char *below, const struct vfs_stat *st,
                            unsigned depth)
{
    char *full = below[0] ? diskpath_join(w->s->path, below) : mem_strdup(w->s->path);
    char **names;
    size_t n;
    enum err err = vfs_list(w->s->vfs, full, &names, &n, &w->why);
    free(full);
    if (err != OK)
        return err;
    if (n == 0 && below[0])
        err = add(w, below, st);
    for (size_t i = 0; i < n && err == OK; i++) {
        char *path = below[0] ? diskpath_join(below, names[i]) : mem_strdup(names[i]);
        err = walk(w, path, depth + 1);
        free(path);
    }
    vfs_list_free(names, n);
    return err;
}

static enum err walk(struct hand_walk *w, const char *path, unsigned depth)
{
    struct vfs_stat st;
    if (depth > MI_DEPTH_MAX || strlen(path) > MI_PATH_MAX - 16)
        return why_set(&w->why, ERR_LIMIT, "%.150s: more than %d folders deep or %d bytes long",
                       path, MI_DEPTH_MAX, MI_PATH_MAX - 16);
    char *full = diskpath_join(w->s->path, path);
    enum err err = vfs_stat(w->s->vfs, full, &st, &w->why);
    free(full);
    if (err != OK)
        return err;
    if (st.is_dir)
        return walk_folder(w, path, &st, depth);
    if (!st.is_symlink && !st.is_special)
        return add(w, path, &st);
    w->left_out++;
    return OK;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void walk_work(void *arg)
{
    struct hand_walk *w = arg;
    struct hand_source *s = w->s;
    struct vfs_stat st;
    struct buf whole = {0};
    size_t n = strlen(s->path);
    while (n > 1 && s->path[n - 1] == '/') /* "holiday/" is "holiday" */
        s->path[--n] = 0;
    w->err = vfs_stat(s->vfs, s->path, &st, &w->why);
    if (w->err != OK)
        return;
    if (st.is_symlink || st.is_special || !last_part(s->path)[0]) {
        w->err = why_set(&w->why, ERR_INVALID, "%.180s is no file or folder to be handed over%s",
                         s->path, st.is_symlink ? ": a symlink; name what it points to" : "");
        return;
    }
    s->offer = hand_offer_new(last_part(s->path), st.is_dir);
    w->err = st.is_dir ? walk_folder(w, "", &st, 0) : add(w, "", &st);
    if (w->err == OK && s->offer->count == 0 && !st.is_dir)
        w->err = why_set(&w->why, ERR_INVALID, "%.180s is empty", s->path);
    if (w->err == OK)
        w->err = hand_offer_put(&whole, s->offer, &w->why);
    buf_done(&whole);
}

static void walk_done(void *arg)
{
    struct hand_walk *w = arg;
    if (w->cb && w->err == OK) {
        w->s->refs++;
        w->cb(w->arg, w->s, w->left_out, NULL);
    } else if (w->cb) {
        w->cb(w->arg, NULL, 0, &w->why);
    }
    hand_source_free(w->s);
    free(w);
}

struct hand_walk *hand_walk_start(struct loop *loop, const struct vfs *vfs, const char *path,
                                  hand_walk_cb *cb, void *arg)
{
    struct hand_walk *w = MEM_NEW(struct hand_walk);
    w->s = source_new(vfs, path);
    w->cb = cb;
    w->arg = arg;
    lane_run(loop, LANE_DISK, walk_work, walk_done, w);
    return w;
}

void hand_walk_cancel(struct hand_walk *w)
{
    if (w)
        w->cb = NULL;
}

/* --- reading -------------------------------------------------------------------------------- */

struct hand_read {
    struct hand_source *s;
    uint64_t next;
    struct buf frames;
    enum err err;
    struct why why;
    hand_read_cb *cb; /* NULL: cancelled */
    void *arg;
};

static struct vfile *open_entry(const struct hand_source *s, const struct hand_entry *e,
                                struct why *why)
{
    if (s->offer->folder)
        return diskpath_open(s->vfs, s->path, e->path, VFS_READ | VFS_NOFOLLOW, why);
    return vfs_open(s->vfs, s->path, VFS_READ | VFS_NOFOLLOW, why);
}

static enum err is_as_offered(const struct hand_source *s, size_t i, struct vfile *f,
                              struct why *why)
{
    struct vfs_stat st;
    const struct hand_entry *e = &s->offer->entries[i];
    enum err err = vfile_stat(f, &st, why);
    if (err == OK && (st.size != e->size || st.mtime_ns != s->mtime_ns[i]))
        err = why_set(why, ERR_STATE, "%.150s was changed after it was offered",
                      e->path[0] ? e->path : s->offer->name);
    return err;
}

static enum err read_chunk(struct hand_read *r, struct vfile *f, uint64_t at, size_t len)
{
    uint8_t hash[SHA256_LEN];
    size_t before = buf_len(&r->frames);
    memset(hash, 0, sizeof hash);
    hand_frame_put_chunk(&r->frames, hash); /* room for it */
    ssize_t n = vfile_pread(f, buf_room(&r->frames, len), len, at, &r->why);
    if (n < 0)
        return r->why.code;
    if ((size_t)n != len)
        return why_set(&r->why, ERR_STATE, "a file became shorter after it was offered");
    buf_grew(&r->frames, len);
    uint8_t *frame = buf_bytes(&r->frames) + before;
    sha256(frame + HAND_FRAME_MAX, len, hash);
    memcpy(frame + HAND_FRAME_MAX - SHA256_LEN, hash, sizeof hash);
    return OK;
}

static void read_work(void *arg)
{
    struct hand_read *r = arg;
    const struct hand_source *s = r->s;
    struct vfile *f = NULL;
    size_t open = SIZE_MAX; /* which entry f is */
    buf_room(&r->frames, HAND_CHUNK + 4 * HAND_FRAME_MAX);
    while (r->err == OK && r->next < s->offer->chunks && buf_len(&r->frames) < HAND_CHUNK) {
        uint64_t at;
        size_t len, i = hand_offer_at(s->offer, r->next, &at, &len);
        if (i != open) {
            vfile_close(f);
            f = open_entry(s, &s->offer->entries[i], &r->why);
            open = i;
        }
        size_t whole = buf_len(&r->frames);
        r->err = f ? read_chunk(r, f, at, len) : r->why.code;
        if (r->err == OK) /* after the reading: what changed meanwhile is seen */
            r->err = is_as_offered(s, i, f, &r->why);
        if (r->err == OK)
            r->next++;
        else
            r->frames.tail = r->frames.head + whole; /* that one is not sent */
    }
    vfile_close(f);
}

static void read_done(void *arg)
{
    struct hand_read *r = arg;
    if (r->cb)
        r->cb(r->arg, &r->frames, r->next, r->err == OK ? NULL : &r->why);
    buf_done(&r->frames);
    hand_source_free(r->s);
    free(r);
}

struct hand_read *hand_read_start(struct loop *loop, struct hand_source *s, uint64_t chunk,
                                  hand_read_cb *cb, void *arg)
{
    struct hand_read *r = MEM_NEW(struct hand_read);
    s->refs++;
    r->s = s;
    r->next = chunk;
    r->cb = cb;
    r->arg = arg;
    lane_run(loop, LANE_DISK, read_work, read_done, r);
    return r;
}

void hand_read_cancel(struct hand_read *r)
{
    if (r)
        r->cb = NULL;
}
