#include "files/peer/session_in.h"

#include "base/mem.h"

#include <string.h>

enum { LATE_MAX = 4096 };

static struct asked *at(const struct session *s, size_t i)
{
    return &s->asked[s->asked_head + i];
}

/* Blocks come in the order in which they were asked: nearly always the first. */
static size_t find(const struct session *s, uint32_t piece, uint32_t block)
{
    size_t i = 0;
    while (i < s->asked_n && (at(s, i)->piece != piece || at(s, i)->block != block))
        i++;
    return i;
}

static void drop(struct session *s, size_t i)
{
    memmove(at(s, 1), at(s, 0), i * sizeof *s->asked);
    s->asked_head++;
    if (--s->asked_n == 0)
        s->asked_head = 0;
}

static void push(struct session *s, uint32_t piece, uint32_t block)
{
    if (s->asked_head + s->asked_n == s->asked_cap) {
        if (s->asked_head < s->asked_cap / 2 || s->asked_cap == 0) {
            s->asked_cap = s->asked_cap ? s->asked_cap * 2 : 64;
            s->asked = mem_realloc(s->asked, s->asked_cap * sizeof *s->asked);
        }
        memmove(s->asked, s->asked + s->asked_head, s->asked_n * sizeof *s->asked);
        s->asked_head = 0;
    }
    s->asked_n++;
    *at(s, s->asked_n - 1) = (struct asked){piece, block};
}

void ask_done(struct session *s)
{
    free(s->asked);
    s->asked = NULL;
    s->asked_n = s->asked_head = s->asked_cap = 0;
}

static uint32_t block_len(const struct session *s, uint32_t piece, uint32_t block)
{
    uint32_t left = metainfo_piece_len(s->st.mi, piece) - block * BLOCK_LEN;
    return left < BLOCK_LEN ? left : BLOCK_LEN;
}

size_t session_room(const struct session *s)
{
    if (s->stage != STAGE_OPEN || (s->st.peer_choking && s->fast_n == 0))
        return 0;
    size_t depth = pipeline_depth(&s->pipe, s->ext.reqq);
    return depth > s->asked_n ? depth - s->asked_n : 0;
}

void session_ask(struct session *s, const struct picker_block *blocks, size_t n)
{
    if (s->stage != STAGE_OPEN || n == 0)
        return;
    if (s->asked_n == 0)
        pipeline_waiting(&s->pipe, loop_now_us(s->env->loop));
    for (size_t i = 0; i < n; i++) {
        push(s, blocks[i].piece, blocks[i].block);
        wire_put_range(&s->ctl, WIRE_REQUEST, blocks[i].piece, blocks[i].block * BLOCK_LEN,
                       block_len(s, blocks[i].piece, blocks[i].block));
    }
    session_say(s);
}

static void put_cancel(struct session *s, const struct asked *a)
{
    wire_put_range(&s->ctl, WIRE_CANCEL, a->piece, a->block * BLOCK_LEN,
                   block_len(s, a->piece, a->block));
    session_say(s);
}

/* Given up, but it may be on its way. */
static void expect_late(struct session *s)
{
    if (s->late < LATE_MAX)
        s->late++;
}

void session_cancel(struct session *s, uint32_t piece, uint32_t block)
{
    size_t i = find(s, piece, block);
    if (s->stage != STAGE_OPEN || i == s->asked_n)
        return;
    put_cancel(s, at(s, i));
    expect_late(s);
    drop(s, i);
    s->want_fill = true;
}

bool session_asked(const struct session *s, uint32_t piece, uint32_t block)
{
    return find(s, piece, block) < s->asked_n;
}

size_t session_owed(const struct session *s)
{
    return s->asked_n;
}

struct picker_block session_owes(const struct session *s, size_t i)
{
    const struct asked *a = at(s, i);
    return (struct picker_block){a->piece, a->block};
}

uint64_t session_due_us(const struct session *s, size_t i)
{
    return pipeline_due_us(&s->pipe, s->asked_n > 0, i, loop_now_us(s->env->loop));
}

size_t session_fast(const struct session *s, const uint32_t **pieces)
{
    *pieces = s->fast;
    return s->fast_n;
}

void ask_hint(struct session *s, uint32_t piece)
{
    if (s->st.mi && piece >= s->st.mi->piece_count)
        return; /* advisory (BEP 6): one that says nothing to us harms nobody */
    if (s->hint_n == SESSION_HINTS_MAX)
        session_hint_drop(s, 0);
    s->hints[s->hint_n++] = piece;
    s->steers = true;
    s->want_fill = true;
}

void ask_hints_sift(struct session *s)
{
    for (size_t i = s->hint_n; i-- > 0;)
        if (s->hints[i] >= s->st.mi->piece_count)
            session_hint_drop(s, i);
}

size_t session_hints(const struct session *s, const uint32_t **pieces)
{
    *pieces = s->hints;
    return s->hint_n;
}

bool session_steers(const struct session *s)
{
    return s->steers;
}

void session_hint_drop(struct session *s, size_t i)
{
    s->hint_n--;
    memmove(s->hints + i, s->hints + i + 1, (s->hint_n - i) * sizeof *s->hints);
}

void ask_block(struct session *s, const struct wire_msg *m)
{
    uint32_t block = m->begin / BLOCK_LEN;
    if (m->begin % BLOCK_LEN != 0 || m->len != block_len(s, m->piece, block)) {
        session_end(s, ERR_INVALID, "sent %u bytes at %u of piece %u, which nobody asked for",
                    m->len, m->begin, m->piece);
        return;
    }
    size_t i = find(s, m->piece, block);
    if (i < s->asked_n) {
        drop(s, i);
    } else if (s->late > 0) {
        s->late--;
    } else if (++s->unasked > SESSION_UNASKED_MAX) {
        session_end(s, ERR_INVALID, "sends blocks that nobody asked for");
        return;
    } else {
        return;
    }
    uint64_t now = loop_now_us(s->env->loop);
    s->useful_us = now;
    rate_add(&s->down, m->len);
    pipeline_block(&s->pipe, now);
    s->want_fill = true;
    s->ops->block(s->arg, m->piece, block, m->body);
}

void ask_reject(struct session *s, const struct wire_msg *m)
{
    uint32_t block = m->begin / BLOCK_LEN;
    size_t i = find(s, m->piece, block);
    if (i == s->asked_n) {
        if (s->late > 0) /* the answer to our cancel */
            s->late--;
        return;
    }
    drop(s, i);
    for (size_t f = 0; f < s->fast_n; f++) /* it will not give that piece while it chokes us */
        if (s->st.peer_choking && s->fast[f] == m->piece)
            s->fast[f] = s->fast[--s->fast_n];
    s->ops->lost(s->arg, m->piece, block);
    s->want_fill = !s->st.peer_choking;
}

void ask_lose_all(struct session *s, bool cancel)
{
    while (s->asked_n > 0) {
        struct asked a = *at(s, 0);
        drop(s, 0);
        if (cancel)
            put_cancel(s, &a);
        expect_late(s);
        s->ops->lost(s->arg, a.piece, a.block);
    }
}

void session_lose(struct session *s)
{
    ask_lose_all(s, false);
}

void ask_choked(struct session *s)
{
    /* BEP 6: with the fast extension a choke rejects nothing by itself; each comes apart. */
    if (!s->st.fast)
        ask_lose_all(s, false);
}

void ask_tick(struct session *s, uint64_t now_us)
{
    pipeline_tick(&s->pipe, s->down.per_s);
    if (s->asked_n == 0 || s->reading_paused) {
        pipeline_waiting(&s->pipe, now_us);
    } else if (pipeline_check(&s->pipe, now_us)) {
        char text[ADDR_TEXT];
        log_debug(s->env->log, "peer %s: owes %zu blocks and sends none",
                  addr_format(&s->addr, text), s->asked_n);
        ask_lose_all(s, true);
    }
    s->want_fill = true;
}
