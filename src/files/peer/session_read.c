#include "files/peer/session.h"

#include "files/peer/session_in.h"

/* The first frame of c, whole, as a cursor; n 0: not whole yet, or the session has ended. */
static struct cur whole_frame(struct session *s, struct cur *c)
{
    size_t len = WIRE_HANDSHAKE_LEN;
    struct why why;
    if (s->stage == STAGE_OPEN && wire_frame(*c, &len, &why)) {
        session_fail(s, &why);
        return cur_of(NULL, 0);
    }
    return len > 0 && len <= c->n ? cur_take(c, len) : cur_of(NULL, 0);
}

static void on_whole(struct session *s, struct cur frame)
{
    if (s->stage == STAGE_HANDSHAKE)
        hello_hear(s, frame);
    else
        hear_frame(s, frame);
}

static void keep_part(struct session *s, struct cur rest)
{
    struct why why;
    if (rest.n == 0)
        return;
    if (budget_take(s->budget, BUDGET_BYTES, rest.n, "part of a message", &why)) {
        session_fail(s, &why);
        return;
    }
    s->in_held += rest.n;
    buf_put(&s->in, rest.p, rest.n);
}

/* Completes the partial frame in s->in with bytes of c. */
static void finish_part(struct session *s, struct cur *c)
{
    while (s->stage != STAGE_ENDED && buf_len(&s->in) > 0 && c->n > 0) {
        struct cur have = buf_cur(&s->in);
        size_t len = WIRE_HANDSHAKE_LEN;
        struct why why;
        if (s->stage == STAGE_OPEN && wire_frame(have, &len, &why)) {
            session_fail(s, &why);
            return;
        }
        size_t missing = len > 0 ? len - have.n : 4 - have.n; /* 0: the prefix is not whole */
        keep_part(s, cur_take(c, missing < c->n ? missing : c->n));
        if (s->stage == STAGE_ENDED || len == 0 || buf_len(&s->in) < len)
            continue;
        struct buf frame = s->in; /* out of the session: the message may end it */
        buf_init(&s->in);
        budget_give(s->budget, BUDGET_BYTES, s->in_held);
        s->in_held = 0;
        on_whole(s, buf_cur(&frame));
        buf_done(&frame);
    }
}

static void feed(struct session *s, struct cur c)
{
    if (s->stage == STAGE_HANDSHAKE && buf_len(&s->in) == 0 && !wire_may_be_handshake(c)) {
        session_end(s, ERR_INVALID, "does not speak BitTorrent");
        return;
    }
    finish_part(s, &c);
    while (s->stage != STAGE_ENDED && c.n > 0) {
        struct cur frame = whole_frame(s, &c);
        if (frame.n == 0)
            break;
        on_whole(s, frame);
    }
    if (s->stage != STAGE_ENDED)
        keep_part(s, c);
}

static void on_read_again(void *arg);

static void pause_reading(struct session *s, uint64_t wait_us)
{
    s->reading_paused = true;
    if (wait_us > 0 && !s->read_timer)
        s->read_timer = timer_start(s->env->loop, wait_us, on_read_again, s);
}

/* How much may be read now; 0: reading is paused. */
static size_t may_read(struct session *s)
{
    if (s->stage == STAGE_HANDSHAKE)
        return SESSION_READ; /* what comes with the handshake in one segment is welcome */
    if (s->ops->busy(s->arg) || buf_len(&s->ctl) > SESSION_CTL_HIGH) {
        pause_reading(s, 0); /* session_resume(), or out_flush() */
        return 0;
    }
    uint64_t now = loop_now_us(s->env->loop);
    size_t n = limit_may(s->down_limit, s->env->policy, POLICY_DOWN, SESSION_READ, now);
    if (n == 0)
        pause_reading(s,
                      limit_wait_us(s->down_limit, s->env->policy, POLICY_DOWN, SESSION_READ, now));
    return n;
}

void read_turn(struct session *s)
{
    s->reading_paused = false;
    for (size_t turn = 0; s->stage != STAGE_ENDED;) {
        if (turn >= SESSION_TURN) {
            pause_reading(s, 1); /* the other sessions' turn */
            return;
        }
        size_t may = may_read(s);
        if (may == 0)
            return;
        ssize_t n = conn_recv(s->conn, s->env->scratch, may);
        if (n == CONN_AGAIN || n == CONN_FAILED) /* CONN_CLOSED follows, with the reason */
            return;
        if (n == CONN_END) {
            session_end(s, ERR_CLOSED, "closed by the peer");
            return;
        }
        turn += (size_t)n;
        if (s->down_limit)
            limit_spend(s->down_limit, s->env->policy, POLICY_DOWN, (size_t)n,
                        loop_now_us(s->env->loop));
        feed(s, cur_of(s->env->scratch, (size_t)n));
    }
}

static void on_read_again(void *arg)
{
    struct session *s = arg;
    s->read_timer = NULL;
    session_enter(s);
    read_turn(s);
    session_leave(s);
}

void session_resume(struct session *s)
{
    if (s->stage != STAGE_OPEN)
        return;
    if (s->reading_paused && !s->read_timer)
        pause_reading(s, 1);
    session_say(s);
}
