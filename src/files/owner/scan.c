#include "files/owner/scan.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"
#include "net/conn.h"

#include <string.h>

/* What the lane has: the file, and the chunk that it reads. */
struct reader {
    struct scan *s; /* NULL: cancelled */
    const struct vfs *vfs;
    char *dir, *path;
    struct vfile *file;
    uint64_t at;
    ssize_t got;
    struct why why;
    uint8_t chunk[SCAN_CHUNK];
};

struct scan {
    struct loop *loop;
    struct conn *conn;
    struct reader *reader;
    bool reading, all_read;
    struct buf out, in;
    struct timer *timer;
    scan_cb *done;
    void *arg;
};

static void reader_free(struct reader *r)
{
    vfile_close(r->file);
    free(r->dir);
    free(r->path);
    free(r);
}

static void scan_free(struct scan *s)
{
    timer_cancel(s->timer);
    conn_close(s->conn);
    if (s->reading)
        s->reader->s = NULL; /* the lane lets go of it */
    else
        reader_free(s->reader);
    buf_done(&s->out);
    buf_done(&s->in);
    free(s);
}

void scan_cancel(struct scan *s)
{
    if (s)
        scan_free(s);
}

static void answer(struct scan *s, enum scan_verdict verdict, const char *words,
                   const struct why *why)
{
    scan_cb *done = s->done;
    void *arg = s->arg;
    scan_free(s);
    done(arg, verdict, words, why);
}

static void on_quiet(void *arg)
{
    struct scan *s = arg;
    struct why why;
    s->timer = NULL;
    why_set(&why, ERR_TIMEOUT, "the scanner says nothing");
    answer(s, SCAN_ERROR, "", &why);
}

static void watch_over(struct scan *s)
{
    timer_cancel(s->timer);
    s->timer = timer_start(s->loop, SCAN_QUIET_US, on_quiet, s);
}

/* Reading */

static void read_chunk(void *arg)
{
    struct reader *r = arg;
    if (!r->file)
        r->file = diskpath_open(r->vfs, r->dir, r->path, VFS_READ, &r->why);
    r->got = r->file ? vfile_pread(r->file, r->chunk, sizeof r->chunk, r->at, &r->why) : -1;
    if (r->got > 0)
        r->at += (uint64_t)r->got;
}

static void flush(struct scan *s);

static void on_chunk(void *arg)
{
    struct reader *r = arg;
    struct scan *s = r->s;
    if (!s) {
        reader_free(r);
        return;
    }
    s->reading = false;
    if (r->got < 0) {
        struct why why = r->why;
        answer(s, SCAN_ERROR, "", &why);
        return;
    }
    scan_put_chunk(&s->out, r->chunk, (size_t)r->got);
    s->all_read = r->got == 0;
    flush(s);
}

static void flush(struct scan *s)
{
    ssize_t n = 1;
    while (buf_len(&s->out) > 0 && n > 0) {
        n = conn_send(s->conn, buf_bytes(&s->out), buf_len(&s->out));
        if (n > 0) {
            buf_eat(&s->out, (size_t)n);
            watch_over(s);
        }
    }
    if (buf_len(&s->out) > 0 || s->reading || s->all_read)
        return;
    s->reading = true;
    lane_run(s->loop, LANE_DISK, read_chunk, on_chunk, s->reader);
}

/* The answer.  True: it came, and s is no more. */
static bool hear(struct scan *s)
{
    char words[SCAN_WORDS];
    enum scan_verdict verdict;
    ssize_t n = 1;
    while (n > 0 && buf_len(&s->in) < SCAN_ANSWER_MAX) {
        n = conn_recv(s->conn, buf_room(&s->in, SCAN_ANSWER_MAX), SCAN_ANSWER_MAX);
        if (n > 0)
            buf_grew(&s->in, (size_t)n);
    }
    if (!scan_read_answer(buf_cur(&s->in), n == CONN_END, &verdict, words))
        return false;
    answer(s, verdict, words, NULL);
    return true;
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct scan *s = arg;
    switch (ev) {
    case CONN_OPEN:
        scan_put_begin(&s->out);
        flush(s);
        return;
    case CONN_READABLE:
        hear(s);
        return;
    case CONN_WRITABLE:
        flush(s);
        return;
    case CONN_CLOSED: /* clamd ends a stream that is too long: what it said may be there to read */
        if (buf_len(&s->in) == 0 || !hear(s))
            answer(s, SCAN_ERROR, "", why);
        return;
    }
}

struct scan *scan_start(struct loop *loop, const struct vfs *vfs, const char *socket,
                        const char *dir, const char *path, scan_cb *done, void *arg)
{
    struct scan *s = MEM_NEW(struct scan);
    *s = (struct scan){.loop = loop, .done = done, .arg = arg};
    s->reader = MEM_NEW(struct reader);
    s->reader->s = s;
    s->reader->vfs = vfs;
    s->reader->dir = mem_strdup(dir);
    s->reader->path = mem_strdup(path);
    watch_over(s);
    s->conn = unix_dial(loop, socket, on_conn, s);
    return s;
}
