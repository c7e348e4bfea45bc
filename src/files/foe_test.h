/* files/foe_test.h - for tests with whole nodes: the line of a peer that keeps no rule.
 *
 * It dials, or waits at its listener for who dials; `out` is said as the net takes it.  What it
 * hears is put into `in`, and stays there unless `act` is set: then the handshake is answered by
 * `greet`, and each message after it is given to `act`.  A test has it as the first member of a
 * struct of its own.  Included by one .c file of a program. */
#ifndef SHOAL_FILES_FOE_TEST_H
#define SHOAL_FILES_FOE_TEST_H

#include "files/files.h"

#include "base/list.h"
#include "base/test.h"
#include "files/peer/wire_msg.h"
#include "net/conn.h"
#include "support/sim_node.h"

struct foe {
    struct sim_node *machine;
    struct conn *conn;
    struct listener *listener;
    struct buf out, in;
    size_t heard;   /* bytes */
    unsigned conns; /* that came to its listener */
    bool deaf;      /* never reads */
    bool ended;     /* the other side closed */
    bool greeted;
    uint8_t infohash[SHA1_LEN];
    void (*greet)(struct foe *f);
    void (*act)(struct foe *f, const struct wire_msg *msg);
};

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};
static const uint8_t foe_id[20] = "-MA0001-abcdefghijkl";

/* It speaks plain, and is not to be taken for the beginning of an encrypted handshake. */
static const char *const plain[] = {"files.encryption=off", NULL};

static inline struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, plain);
    return n;
}

static inline void foe_flush(struct foe *f)
{
    while (f->conn && buf_len(&f->out) > 0) {
        ssize_t n = conn_send(f->conn, buf_bytes(&f->out), buf_len(&f->out));
        if (n <= 0)
            return;
        buf_eat(&f->out, (size_t)n);
    }
}

static inline void foe_hang_up(struct foe *f)
{
    f->ended = true;
    conn_close(f->conn);
    f->conn = NULL;
}

static inline void foe_answer(struct foe *f)
{
    size_t len;
    if (!f->greeted && buf_len(&f->in) >= WIRE_HANDSHAKE_LEN) {
        f->greeted = true;
        buf_eat(&f->in, WIRE_HANDSHAKE_LEN);
        if (f->listener)
            f->greet(f);
    }
    while (f->greeted && wire_frame(buf_cur(&f->in), &len, NULL) == OK && len > 0 &&
           len <= buf_len(&f->in)) {
        struct wire_msg msg;
        if (wire_read(cur_of(buf_bytes(&f->in), len), &msg, NULL) == OK)
            f->act(f, &msg);
        buf_eat(&f->in, len);
    }
    foe_flush(f);
}

static inline void foe_listen(struct foe *f)
{
    while (f->conn && !f->deaf) {
        uint8_t *room = buf_room(&f->in, 65536);
        ssize_t n = conn_recv(f->conn, room, 65536);
        if (n == CONN_END)
            foe_hang_up(f);
        if (n <= 0)
            return;
        buf_grew(&f->in, (size_t)n);
        f->heard += (size_t)n;
        if (f->act)
            foe_answer(f);
    }
}

static inline void foe_on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    switch (ev) {
    case CONN_READABLE:
        foe_listen(f);
        break;
    case CONN_OPEN:
    case CONN_WRITABLE:
        break;
    case CONN_CLOSED:
        foe_hang_up(f);
        return;
    }
    foe_flush(f);
}

static inline void foe_on_accept(void *arg, struct conn *c)
{
    struct foe *f = arg;
    if (f->conn) {
        conn_close(c);
        return;
    }
    f->conns++;
    f->greeted = false;
    buf_clear(&f->in);
    buf_clear(&f->out);
    f->conn = c;
    conn_watch(c, foe_on_conn, f);
}

/* At 10.0.0.66:6881. */
static inline void foe_wait(struct foe *f)
{
    struct addr at = addr_v4(10, 0, 0, 66, 6881);
    f->listener = tcp_listen(sim_node_loop(f->machine), &at, foe_on_accept, f, NULL);
    assert_non_null(f->listener);
}

/* To the node at 10.0.0.`last`. */
static inline void foe_dial(struct foe *f, uint8_t last)
{
    struct addr to = addr_v4(10, 0, 0, last, 6881);
    f->ended = f->greeted = false;
    f->conn = tcp_dial(sim_node_loop(f->machine), &to, NULL, foe_on_conn, f);
}

static inline void foe_done(struct foe *f)
{
    listener_close(f->listener);
    conn_close(f->conn);
    buf_done(&f->in);
    buf_done(&f->out);
}

#endif
