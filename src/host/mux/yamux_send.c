/* What a Yamux session sends: one buffer of frames, and at most one frame that was begun. */
#include "host/mux/yamux_in.h"

#include <string.h>

static bool has_room(const struct yamux *y)
{
    return !y->over && !y->blocked;
}

void yamux_flush(struct yamux *y)
{
    while (buf_len(&y->out) > 0 && has_room(y)) {
        size_t len = buf_len(&y->out);
        ssize_t n = conn_send(y->below, buf_bytes(&y->out), len);
        y->blocked = n < 0 || (size_t)n < len; /* failed: CONN_CLOSED comes instead */
        if (n < 0)
            return;
        y->moved = true;
        buf_eat(&y->out, (size_t)n);
    }
}

/* `out` has grown: it goes when this turn's events are told, or now if there is much. */
static void grown(struct yamux *y)
{
    if (!y->busy)
        yamux_wake(y);
    if (buf_len(&y->out) >= YAMUX_OUT_MAX)
        yamux_flush(y);
}

static void put_header(struct yamux *y, const struct yamux_frame *f)
{
    enum { AT_FIRST = 1024 };
    if (!y->out.p)
        buf_room(&y->out, AT_FIRST);
    yamux_write(buf_room(&y->out, YAMUX_HEADER_LEN), f);
    buf_grew(&y->out, YAMUX_HEADER_LEN);
}

void yamux_put(struct yamux *y, enum yamux_type type, uint16_t flags, uint32_t id, uint32_t length)
{
    struct why why;
    put_header(y, &(struct yamux_frame){type, flags, id, length});
    grown(y);
    if (buf_len(&y->out) > YAMUX_STUCK_MAX) {
        why_set(&why, ERR_LIMIT, "yamux: the other side asks on and does not read the answers");
        yamux_fail(y, -1, &why);
    }
}

/* The parts between `skip` and skip + *n, as parts; *n is what fits into `cap` of them. */
static int slice(const struct iovec *iov, int count, size_t skip, size_t *n, struct iovec *out,
                 int cap)
{
    int parts = 0;
    size_t got = 0;
    for (int i = 0; i < count && parts < cap && got < *n; i++) {
        size_t len = iov[i].iov_len;
        if (skip >= len) {
            skip -= len;
            continue;
        }
        len = len - skip < *n - got ? len - skip : *n - got;
        out[parts++] = (struct iovec){(uint8_t *)iov[i].iov_base + skip, len};
        got += len;
        skip = 0;
    }
    *n = got;
    return parts;
}

/* Append the parts, without their first `skip` bytes. */
static void put_parts(struct yamux *y, const struct iovec *parts, int count, size_t skip)
{
    for (int i = 0; i < count; i++) {
        size_t before = skip < parts[i].iov_len ? skip : parts[i].iov_len;
        buf_put(&y->out, (const uint8_t *)parts[i].iov_base + before, parts[i].iov_len - before);
        skip -= before;
    }
}

/* Straight from the owner's bytes.  False: not one byte of the frame has gone.  Once one has, the
 * frame is taken, and its rest waits in `out`. */
static bool send_direct(struct yamux *y, const struct yamux_frame *f, struct iovec *parts,
                        int count)
{
    struct iovec all[CONN_IOV_MAX];
    uint8_t head[YAMUX_HEADER_LEN];
    size_t queued = buf_len(&y->out);
    yamux_write(head, f);
    all[0] = (struct iovec){buf_bytes(&y->out), queued};
    all[1] = (struct iovec){head, sizeof head};
    memcpy(all + 2, parts, (size_t)count * sizeof *parts);
    ssize_t took = conn_sendv(y->below, queued ? all : all + 1, queued ? count + 2 : count + 1);
    size_t n = took < 0 ? 0 : (size_t)took, whole = queued + sizeof head + f->length;
    y->blocked = n < whole;
    y->moved |= n > 0;
    buf_eat(&y->out, n < queued ? n : queued);
    if (n <= queued)
        return false;
    if (n < whole)
        put_parts(y, all + 1, count + 1, n - queued);
    return true;
}

size_t yamux_send(struct yamux *y, struct ystream *s, const struct iovec *iov, int count,
                  size_t skip, size_t n)
{
    struct iovec parts[CONN_IOV_MAX - 2];
    if (!has_room(y))
        return 0;
    int used = slice(iov, count, skip, &n, parts, CONN_IOV_MAX - 2);
    unsigned flags = s->owe & (YAMUX_SYN | YAMUX_ACK);
    struct yamux_frame f = {YAMUX_DATA, (uint16_t)flags, s->entry.id, (uint32_t)n};
    if (n > YAMUX_COPY_MAX) {
        if (!send_direct(y, &f, parts, used))
            return 0;
    } else {
        put_header(y, &f);
        put_parts(y, parts, used, 0);
        grown(y);
    }
    if (flags)
        ystream_paid(s, flags);
    return n;
}

void yamux_serve_owed(struct yamux *y)
{
    if (y->pong_owed && has_room(y)) {
        y->pong_owed = false;
        yamux_put(y, YAMUX_PING, YAMUX_ACK, 0, y->pong);
    }
    while (has_room(y) && !list_empty(&y->owing)) {
        struct ystream *s = LIST_FIRST(&y->owing, struct ystream, owing);
        unsigned flags = s->owe;
        yamux_put(y, YAMUX_WINDOW_UPDATE, (uint16_t)flags, s->entry.id, s->credit);
        s->credit = 0;
        ystream_paid(s, flags);
    }
}

/* Who waits to write is asked in the order of waiting, and may write one frame's worth while others
 * wait too. */
static void give_turn(struct yamux *y)
{
    struct ystream *s = LIST_FIRST(&y->writers, struct ystream, turn);
    list_drop(&s->turn);
    if (!s->want_write || s->may_send == 0)
        return;
    s->want_write = false;
    y->turn = s;
    y->quota = YAMUX_FRAME_MAX;
    conn_raise(&s->conn, CONN_WRITABLE, NULL);
    y->turn = NULL;
}

void yamux_serve(struct yamux *y)
{
    enum { TURNS = 64 }; /* then what comes is looked at again */
    yamux_serve_owed(y);
    for (int i = 0; i < TURNS && has_room(y) && !list_empty(&y->writers); i++) {
        give_turn(y);
        yamux_serve_owed(y);
    }
    yamux_flush(y);
    if (buf_len(&y->out) == 0)
        buf_done(&y->out); /* an idle session holds nothing */
    if (has_room(y) && (!list_empty(&y->writers) || !list_empty(&y->owing)))
        yamux_wake(y);
}
