#include "files/peer/session_in.h"

#include "base/mem.h"
#include "net/addr.h"

#include <string.h>

enum { PIECE_HEADER = 13 }; /* length, id, piece, begin */

/* A piece message on its way. */
struct out_frame {
    struct link link;
    struct wanted what;
    size_t len, sent;
    uint8_t bytes[];
};

/* A block that is being read for the peer. */
struct upload {
    struct link link;
    struct session *s;
    void *handle;
    struct wanted what;
};

void out_init(struct session *s)
{
    list_init(&s->frames);
    list_init(&s->uploads);
}

void out_done(struct session *s)
{
    LIST_EACH(&s->frames, struct out_frame, f, link) {
        list_drop(&f->link);
        free(f);
    }
    LIST_EACH(&s->uploads, struct upload, u, link) {
        s->ops->unread(u->handle);
        list_drop(&u->link);
        free(u);
    }
    s->frames_len = 0;
    free(s->queue);
    s->queue = NULL;
    s->queue_n = 0;
    buf_done(&s->ctl);
}

/* Bytes out.  Order: the block that is half sent, what we have to say, the other blocks; so that a
 * request never waits behind half a megabyte of our upload. */

static struct out_frame *half_sent(const struct session *s)
{
    struct out_frame *f = LIST_FIRST(&s->frames, struct out_frame, link);
    return f && f->sent > 0 ? f : NULL;
}

struct gather {
    struct iovec iov[CONN_IOV_MAX];
    int count;
    size_t len, max;
};

static void gather_add(struct gather *g, void *bytes, size_t n)
{
    if (n > g->max - g->len)
        n = g->max - g->len;
    if (n == 0 || g->count == CONN_IOV_MAX)
        return;
    g->iov[g->count++] = (struct iovec){bytes, n};
    g->len += n;
}

static void gather_frame(struct gather *g, struct out_frame *f)
{
    gather_add(g, f->bytes + f->sent, f->len - f->sent);
}

static void gather(struct session *s, struct gather *g)
{
    struct out_frame *half = half_sent(s);
    if (half)
        gather_frame(g, half);
    gather_add(g, buf_bytes(&s->ctl), buf_len(&s->ctl));
    LIST_EACH(&s->frames, struct out_frame, f, link) {
        if (f != half)
            gather_frame(g, f);
    }
}

static void give(struct session *s, size_t n)
{
    s->out_held -= n;
    budget_give(s->budget, BUDGET_BYTES, n);
}

static void drop_frame(struct session *s, struct out_frame *f)
{
    give(s, f->len);
    list_drop(&f->link);
    free(f);
}

static size_t frame_sent(struct session *s, struct out_frame *f, size_t n)
{
    if (n > f->len - f->sent)
        n = f->len - f->sent;
    f->sent += n;
    s->frames_len -= n;
    if (f->sent == f->len) {
        rate_add(&s->up, f->len - PIECE_HEADER);
        s->ops->sent(s->arg, f->len - PIECE_HEADER);
        drop_frame(s, f);
    }
    return n;
}

/* n bytes of what gather() gave were taken. */
static void sent(struct session *s, size_t n)
{
    struct out_frame *half = half_sent(s);
    if (half)
        n -= frame_sent(s, half, n);
    size_t ctl = n < buf_len(&s->ctl) ? n : buf_len(&s->ctl);
    buf_eat(&s->ctl, ctl);
    n -= ctl;
    while (n > 0)
        n -= frame_sent(s, LIST_FIRST(&s->frames, struct out_frame, link), n);
    if (buf_len(&s->ctl) == 0)
        buf_done(&s->ctl); /* an idle session holds nothing */
}

static void on_write_again(void *arg)
{
    struct session *s = arg;
    s->write_timer = NULL;
    session_enter(s);
    s->dirty = true;
    session_leave(s);
}

/* How much may be sent now; 0: a timer is set. */
static size_t may_send(struct session *s, size_t want)
{
    if (!s->up_limit) /* before the torrent is known nothing but a handshake is said */
        return want;
    uint64_t now = loop_now_us(s->env->loop);
    size_t n = limit_may(s->up_limit, s->env->policy, POLICY_UP, want, now);
    if (n == 0) {
        uint64_t wait = limit_wait_us(s->up_limit, s->env->policy, POLICY_UP, want, now);
        timer_cancel(s->write_timer);
        s->write_timer = timer_start(s->env->loop, wait, on_write_again, s);
    }
    return n;
}

/* One send.  False: not more now. */
static bool send_some(struct session *s)
{
    size_t want = buf_len(&s->ctl) + s->frames_len;
    if (want == 0)
        return false;
    struct gather g = {.max = may_send(s, want)};
    if (g.max == 0)
        return false;
    gather(s, &g);
    uint64_t now = loop_now_us(s->env->loop);
    ssize_t n = conn_sendv(s->conn, g.iov, g.count);
    if (n == CONN_FAILED)
        return false; /* CONN_CLOSED follows */
    if (!s->write_blocked || n > 0)
        s->stuck_us = now;
    s->write_blocked = n < 0 || (size_t)n < g.len;
    if (n > 0) {
        s->spoke_us = now;
        if (s->up_limit)
            limit_spend(s->up_limit, s->env->policy, POLICY_UP, (size_t)n, now);
        sent(s, (size_t)n);
    }
    return !s->write_blocked;
}

void out_flush(struct session *s)
{
    if (s->stage != STAGE_HANDSHAKE && s->stage != STAGE_OPEN)
        return;
    s->dirty = false;
    bool was_high = buf_len(&s->ctl) > SESSION_CTL_HIGH;
    while (!s->write_blocked && send_some(s))
        ;
    if (was_high && buf_len(&s->ctl) <= SESSION_CTL_HIGH)
        session_resume(s);
    if (s->queue_n > 0)
        out_pump(s);
}

/* Blocks for the peer */

static void put_frame(struct session *s, const struct wanted *w, const uint8_t *bytes)
{
    struct out_frame *f = mem_realloc(NULL, sizeof *f + PIECE_HEADER + w->len);
    *f = (struct out_frame){0};
    list_init(&f->link);
    struct buf head = {0};
    wire_put_piece_header(&head, w->piece, w->begin, w->len);
    f->len = PIECE_HEADER + w->len;
    f->what = *w;
    memcpy(f->bytes, buf_bytes(&head), PIECE_HEADER);
    memcpy(f->bytes + PIECE_HEADER, bytes, w->len);
    buf_done(&head);
    list_push(&s->frames, &f->link);
    s->frames_len += f->len;
}

static void reject(struct session *s, const struct wanted *w)
{
    if (!s->st.fast)
        return; /* silence is BEP 3's only no */
    wire_put_range(&s->ctl, WIRE_REJECT, w->piece, w->begin, w->len);
    session_say(s);
}

static void on_read(void *arg, const uint8_t *bytes, size_t len, const struct why *why)
{
    struct upload *u = arg;
    struct session *s = u->s;
    session_enter(s);
    list_drop(&u->link);
    if (bytes && len == u->what.len) {
        put_frame(s, &u->what, bytes);
    } else {
        log_warn(s->env->log, "reading piece %u: %s", u->what.piece, why ? why->text : "too short");
        give(s, PIECE_HEADER + u->what.len);
        reject(s, &u->what);
    }
    free(u);
    /* Reads come in groups: one send for the group. */
    if (list_empty(&s->uploads) || s->frames_len >= SESSION_OUT_FLUSH)
        s->dirty = true;
    session_leave(s);
}

static bool start_read(struct session *s, const struct wanted *w)
{
    struct upload *u = MEM_NEW(struct upload);
    u->s = s;
    u->what = *w;
    u->handle = s->ops->read(s->arg, w->piece, w->begin, w->len, on_read, u);
    if (!u->handle) {
        free(u);
        return false;
    }
    list_push(&s->uploads, &u->link);
    return true;
}

void out_pump(struct session *s)
{
    size_t n = 0;
    while (n < s->queue_n && s->out_held < SESSION_OUT_HIGH) {
        const struct wanted *w = &s->queue[n];
        if (budget_take(s->budget, BUDGET_BYTES, PIECE_HEADER + w->len, "a block", NULL))
            break; /* tried again at the next tick */
        s->out_held += PIECE_HEADER + w->len;
        if (!start_read(s, w)) {
            give(s, PIECE_HEADER + w->len);
            if (s->ops->offers(s->arg, w->piece))
                break;
            reject(s, w); /* lost since it was asked for */
        }
        n++;
    }
    s->queue_n -= n;
    if (n > 0)
        memmove(s->queue, s->queue + n, s->queue_n * sizeof *s->queue);
}

static bool may_have(const struct session *s, uint32_t piece)
{
    if (!s->st.am_choking)
        return true;
    for (size_t i = 0; i < s->fast_given_n; i++)
        if (s->fast_given[i] == piece)
            return true;
    return false;
}

void out_request(struct session *s, const struct wire_msg *m)
{
    struct wanted w = {m->piece, m->begin, m->len};
    if (!may_have(s, m->piece) || !s->ops->offers(s->arg, m->piece) || s->queue_n == WIRE_REQQ) {
        reject(s, &w);
        return;
    }
    if (!s->queue)
        s->queue = mem_array(WIRE_REQQ, sizeof *s->queue);
    s->queue[s->queue_n++] = w;
    s->dirty = true; /* out_flush() pumps, once for all requests of one read */
}

static bool same(const struct wanted *a, const struct wanted *b)
{
    return a->piece == b->piece && a->begin == b->begin && a->len == b->len;
}

void out_cancel(struct session *s, const struct wire_msg *m)
{
    struct wanted w = {m->piece, m->begin, m->len};
    for (size_t i = 0; i < s->queue_n; i++) {
        if (!same(&s->queue[i], &w))
            continue;
        s->queue_n--;
        memmove(&s->queue[i], &s->queue[i + 1], (s->queue_n - i) * sizeof w);
        reject(s, &w);
        return;
    }
    LIST_EACH(&s->frames, struct out_frame, f, link) {
        if (f->sent > 0 || !same(&f->what, &w))
            continue;
        s->frames_len -= f->len;
        drop_frame(s, f);
        reject(s, &w);
        return;
    }
    /* What is being read is sent: it is too late to save anything. */
}

void out_fast_set(struct session *s)
{
    s->fast_given_n = wire_allowed_fast(&s->addr, s->infohash, s->st.mi->piece_count, s->fast_given,
                                        SESSION_FAST_SET);
    for (size_t i = 0; i < s->fast_given_n; i++)
        wire_put_index(&s->ctl, WIRE_ALLOWED_FAST, s->fast_given[i]);
}

/* What we say */

void session_interested(struct session *s, bool yes)
{
    if (s->stage != STAGE_OPEN || s->st.am_interested == yes)
        return;
    s->st.am_interested = yes;
    s->useful_us = loop_now_us(s->env->loop);
    wire_put_simple(&s->ctl, yes ? WIRE_INTERESTED : WIRE_NOT_INTERESTED);
    session_say(s);
}

void session_choke(struct session *s, bool yes)
{
    if (s->stage != STAGE_OPEN || s->st.am_choking == yes)
        return;
    s->st.am_choking = yes;
    wire_put_simple(&s->ctl, yes ? WIRE_CHOKE : WIRE_UNCHOKE);
    /* BEP 6: each request that is dropped is rejected. */
    for (size_t i = 0; yes && i < s->queue_n; i++)
        reject(s, &s->queue[i]);
    if (yes)
        s->queue_n = 0;
    session_say(s);
}

void session_have(struct session *s, uint32_t piece)
{
    if (s->stage != STAGE_OPEN)
        return;
    wire_put_index(&s->ctl, WIRE_HAVE, piece);
    session_say(s);
}

void session_donthave(struct session *s, uint32_t piece)
{
    if (s->stage != STAGE_OPEN || s->ext.lt_donthave == 0)
        return;
    wire_put_donthave(&s->ctl, s->ext.lt_donthave, piece);
    session_say(s);
}

void session_suggest(struct session *s, uint32_t piece)
{
    if (s->stage != STAGE_OPEN || !s->st.fast)
        return;
    wire_put_index(&s->ctl, WIRE_SUGGEST, piece);
    session_say(s);
}

static void put_metadata(struct session *s, enum wire_metadata_type type, uint32_t piece,
                         int64_t total, struct cur data)
{
    if (s->stage != STAGE_OPEN || s->ext.ut_metadata == 0)
        return;
    wire_put_metadata(&s->ctl, s->ext.ut_metadata, type, piece, total, data.p, data.n);
    session_say(s);
}

void session_metadata_ask(struct session *s, uint32_t piece)
{
    put_metadata(s, WIRE_MD_REQUEST, piece, 0, cur_of(NULL, 0));
}

void session_metadata_give(struct session *s, uint32_t piece, int64_t total, struct cur data)
{
    put_metadata(s, WIRE_MD_DATA, piece, total, data);
}

void session_hashes(struct session *s, enum wire_type type, const struct wire_hash_range *r)
{
    if (s->stage != STAGE_OPEN || !s->v2)
        return;
    wire_put_hashes(&s->ctl, type, r);
    session_say(s);
}

void session_metadata_reject(struct session *s, uint32_t piece)
{
    put_metadata(s, WIRE_MD_REJECT, piece, 0, cur_of(NULL, 0));
}

void session_punch(struct session *s, const struct hole_msg *m)
{
    struct buf b = {0};
    if (s->stage != STAGE_OPEN || s->ext.ut_holepunch == 0)
        return;
    hole_put(&b, m);
    wire_put_extended(&s->ctl, s->ext.ut_holepunch, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    session_say(s);
}

void session_pex(struct session *s, const struct pex_msg *m)
{
    if (s->stage != STAGE_OPEN || s->ext.ut_pex == 0)
        return;
    struct buf b = {0};
    pex_put(&b, m);
    wire_put_extended(&s->ctl, s->ext.ut_pex, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    session_say(s);
}
