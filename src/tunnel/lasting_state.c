#include "tunnel/lasting_state.h"

#include <assert.h>
#include <string.h>

void lasting_state_init(struct lasting_state *s, uint64_t *spare)
{
    *s = (struct lasting_state){
        .may = LASTING_WINDOW, .allowed = LASTING_WINDOW, .window = LASTING_WINDOW, .spare = spare};
}

void lasting_state_done(struct lasting_state *s)
{
    *s->spare += s->window - LASTING_WINDOW;
    s->window = LASTING_WINDOW;
    buf_done(&s->kept);
    buf_done(&s->held);
}

/* --- what goes ------------------------------------------------------------------------------ */

static size_t waiting(const struct lasting_state *s)
{
    return (size_t)(s->acked + buf_len(&s->kept) - s->sent);
}

size_t lasting_state_room(const struct lasting_state *s)
{
    size_t kept = LASTING_KEPT_MAX - buf_len(&s->kept), now = waiting(s);
    size_t queue = now < LASTING_WAITING_MAX ? LASTING_WAITING_MAX - now : 0;
    return s->ended ? 0 : kept < queue ? kept : queue;
}

void lasting_state_put(struct lasting_state *s, const void *bytes, size_t n)
{
    assert(n <= lasting_state_room(s));
    buf_put(&s->kept, bytes, n);
}

void lasting_state_end(struct lasting_state *s)
{
    s->ended = true;
}

uint64_t lasting_state_got(const struct lasting_state *s)
{
    return s->got + s->they_ended;
}

/* The allowance moves with what the owner has taken. */
static uint64_t to_allow(const struct lasting_state *s)
{
    return s->got - buf_len(&s->held) + s->window;
}

/* Half of what may come is on its way, and there is more: said now, it is answered before all of it
 * is, and nobody has to stop.  More than what we keep would be of no use. */
static bool wants_more(const struct lasting_state *s)
{
    uint64_t may = s->may > s->acked ? s->may - s->acked : 0;
    return waiting(s) > 0 && s->wanted != s->may && may < LASTING_KEPT_MAX &&
           s->sent - s->acked >= may / 2;
}

bool lasting_state_next(struct lasting_state *s, struct lasting_frame *out)
{
    size_t n = waiting(s);
    uint64_t room = s->may > s->sent ? s->may - s->sent : 0;
    *out = (struct lasting_frame){.kind = LASTING_ACK};
    if (s->ack_due) {
        s->ack_due = false;
        s->told = out->got = lasting_state_got(s);
        s->allowed = out->may = to_allow(s);
        return true;
    }
    if (wants_more(s)) {
        s->wanted = s->may;
        out->kind = LASTING_WANT;
        return true;
    }
    if (n > 0 && room > 0) {
        out->kind = LASTING_DATA;
        n = n < room ? n : (size_t)room;
        out->len = (uint32_t)(n < LASTING_FRAME_MAX ? n : LASTING_FRAME_MAX);
        return true;
    }
    if (n == 0 && s->ended && !s->end_sent) {
        s->end_sent = true;
        out->kind = LASTING_END;
        return true;
    }
    return false;
}

const uint8_t *lasting_state_body(const struct lasting_state *s)
{
    return buf_bytes(&s->kept) + (s->sent - s->acked);
}

void lasting_state_sent(struct lasting_state *s, size_t n)
{
    assert(n <= waiting(s));
    s->sent += n;
}

/* So many of ours are there; the end counts as one. */
static void acknowledged(struct lasting_state *s, uint64_t got)
{
    uint64_t all = s->acked + buf_len(&s->kept);
    s->end_acked = s->ended && got == all + 1;
    got = got < all ? got : all;
    buf_eat(&s->kept, (size_t)(got - s->acked));
    s->acked = got;
}

static enum err heard_ack(struct lasting_state *s, const struct lasting_frame *f, struct why *why)
{
    if (f->got < s->acked + s->end_acked || f->got > s->sent + s->end_sent)
        return why_set(why, ERR_INVALID,
                       "%llu bytes are acknowledged, of %llu that were sent and %llu that were "
                       "acknowledged before",
                       (unsigned long long)f->got, (unsigned long long)s->sent,
                       (unsigned long long)s->acked);
    acknowledged(s, f->got);
    s->may = f->may > s->may ? f->may : s->may;
    return OK;
}

/* --- what comes ----------------------------------------------------------------------------- */

/* Only for an owner who takes all that comes. */
static void grow(struct lasting_state *s)
{
    uint32_t more = LASTING_GROWTH * s->window - s->window;
    if (!s->they_want || buf_len(&s->held) > 0)
        return;
    s->they_want = false;
    if (s->window + more > LASTING_WINDOW_MAX || *s->spare < more || purse_spare(s->purse) < more)
        return;
    *s->spare -= more;
    s->window += more;
    s->ack_due = true;
}

enum err lasting_state_heard(struct lasting_state *s, const struct lasting_frame *f,
                             struct why *why)
{
    switch (f->kind) {
    case LASTING_DATA:
        if (s->they_ended)
            return why_set(why, ERR_INVALID, "bytes after the end");
        if (f->len > s->allowed - s->got)
            return why_set(why, ERR_LIMIT, "%u bytes, and %llu more may come", (unsigned)f->len,
                           (unsigned long long)(s->allowed - s->got));
        return OK;
    case LASTING_ACK:
        return heard_ack(s, f, why);
    case LASTING_END:
        if (s->they_ended)
            return why_set(why, ERR_INVALID, "a second end");
        s->they_ended = s->ack_due = true;
        return OK;
    case LASTING_WANT:
        s->they_want = true;
        grow(s);
        return OK;
    case LASTING_BROKEN:
        return why_set(why, ERR_CLOSED, "it broke off at the other side");
    }
    return why_set(why, ERR_INVALID, "no such frame");
}

uint8_t *lasting_state_into(struct lasting_state *s, size_t n)
{
    return buf_room(&s->held, n);
}

void lasting_state_came(struct lasting_state *s, size_t n)
{
    buf_grew(&s->held, n);
    s->got += n;
    s->ack_due |= s->got - s->told >= LASTING_ACK_AFTER;
}

size_t lasting_state_take(struct lasting_state *s, void *to, size_t n)
{
    n = n < buf_len(&s->held) ? n : buf_len(&s->held);
    if (n == 0)
        return 0;
    memcpy(to, buf_bytes(&s->held), n);
    buf_eat(&s->held, n);
    grow(s);
    s->ack_due |= to_allow(s) - s->allowed >= s->window / 4;
    return n;
}

void lasting_state_passed(struct lasting_state *s, size_t n)
{
    assert(buf_len(&s->held) == 0);
    s->got += n;
    s->ack_due |= s->got - s->told >= LASTING_ACK_AFTER;
    grow(s);
}

void lasting_state_rest(struct lasting_state *s)
{
    if (buf_len(&s->kept) == 0)
        buf_done(&s->kept);
    if (buf_len(&s->held) == 0)
        buf_done(&s->held);
}

/* --- a new stream --------------------------------------------------------------------------- */

enum err lasting_state_rewind(struct lasting_state *s, uint64_t got, struct why *why)
{
    if (got < s->acked + s->end_acked || got > s->sent + s->end_sent)
        return why_set(why, ERR_INVALID, "it has %llu bytes of %llu to %llu",
                       (unsigned long long)got, (unsigned long long)s->acked,
                       (unsigned long long)s->sent);
    acknowledged(s, got);
    s->sent = s->acked;
    s->end_sent = s->end_acked;
    s->wanted = 0;
    s->ack_due = true; /* what we allow is not in the head */
    return OK;
}

bool lasting_state_over(const struct lasting_state *s)
{
    return s->end_acked && s->they_ended && s->told == s->got + 1;
}
