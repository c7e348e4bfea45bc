#include "files/meta/parse.h"

#include "base/mem.h"
#include "crypto/base64.h"

#include <string.h>

struct parse {
    struct loop *loop;
    enum parse_what what;
    struct buf bytes;
    const struct vfs *vfs; /* of the file `path`; NULL: the bytes are here */
    char *path;
    bool own;
    parse_cb *done; /* NULL: cancelled */
    void *arg;
    struct metainfo *mi;
    struct why why;
};

/* The bytes of the .torrent into p->bytes. */
static enum err fetch(struct parse *p)
{
    if (p->vfs)
        return vfs_read_all(p->vfs, p->path, MI_TORRENT_MAX, &p->bytes, &p->why);
    if (p->what == PARSE_TORRENT)
        return OK;
    struct buf text = p->bytes;
    p->bytes = (struct buf){0};
    bool good = base64_decode(&p->bytes, (const char *)buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    return good ? OK : why_set(&p->why, ERR_INVALID, "it is not base64");
}

static void parse_work(void *arg)
{
    struct parse *p = arg;
    if (fetch(p) == OK)
        p->mi = p->own ? metainfo_parse_own(buf_cur(&p->bytes), &p->why)
                       : metainfo_parse(buf_cur(&p->bytes), &p->why);
    buf_done(&p->bytes);
}

static void on_parsed(void *arg)
{
    struct parse *p = arg;
    parse_cb *done = p->done;
    if (done)
        done(p->arg, p->mi, &p->why);
    else
        parse_drop(p->loop, p->mi);
    buf_done(&p->bytes); /* the lane never came to it */
    free(p->path);
    free(p);
}

static struct parse *start(struct loop *loop, parse_cb *done, void *arg)
{
    struct parse *p = MEM_NEW(struct parse);
    p->loop = loop;
    why_set(&p->why, ERR_CLOSED, "the lane has stopped"); /* if work never runs */
    p->done = done;
    p->arg = arg;
    return p;
}

struct parse *parse_start(struct loop *loop, enum parse_what what, struct buf *bytes,
                          parse_cb *done, void *arg)
{
    struct parse *p = start(loop, done, arg);
    p->what = what;
    p->bytes = *bytes;
    *bytes = (struct buf){0};
    lane_run(loop, LANE_CPU, parse_work, on_parsed, p);
    return p;
}

struct parse *parse_file(struct loop *loop, const struct vfs *vfs, const char *path, bool own,
                         parse_cb *done, void *arg)
{
    struct parse *p = start(loop, done, arg);
    p->vfs = vfs;
    p->path = mem_strdup(path);
    p->own = own;
    lane_run(loop, LANE_CPU, parse_work, on_parsed, p);
    return p;
}

void parse_cancel(struct parse *p)
{
    if (p)
        p->done = NULL;
}

struct drop {
    struct metainfo *mi;
};

static void drop_work(void *arg)
{
    struct drop *d = arg;
    metainfo_free(d->mi);
    d->mi = NULL;
}

static void on_dropped(void *arg)
{
    struct drop *d = arg;
    metainfo_free(d->mi); /* the lane never came to it */
    free(d);
}

void parse_drop(struct loop *loop, struct metainfo *mi)
{
    if (!mi || mi->info.n <= PARSE_SMALL) {
        metainfo_free(mi);
        return;
    }
    struct drop *d = MEM_NEW(struct drop);
    d->mi = mi;
    lane_run(loop, LANE_CPU, drop_work, on_dropped, d);
}
