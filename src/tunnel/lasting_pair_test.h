/* tunnel/lasting_pair_test.h - for tests: two conversations' ends and a wire that can be cut after
 * any byte. */
#ifndef SHOAL_TUNNEL_LASTING_PAIR_TEST_H
#define SHOAL_TUNNEL_LASTING_PAIR_TEST_H

#include "tunnel/lasting_state.h"

#include <stdlib.h>
#include <string.h>

struct lasting_end {
    struct lasting_state state;
    struct buf wire;      /* from it, on its way */
    struct buf in;        /* to it, of which not all of a frame is there */
    uint32_t body;        /* of a DATA, still to come to it */
    uint64_t said, heard; /* by the owner */
    bool deaf;            /* he takes nothing */
};

struct lasting_pair {
    struct lasting_end e[2];
    uint64_t spare;
};

/* The byte number `at` of what end i says. */
static inline uint8_t lasting_byte(unsigned i, uint64_t at)
{
    return (uint8_t)(at * 31 + (at >> 8) + i * 101);
}

static inline void pair_open(struct lasting_pair *p, uint64_t spare)
{
    *p = (struct lasting_pair){.spare = spare};
    for (unsigned i = 0; i < 2; i++)
        lasting_state_init(&p->e[i].state, &p->spare);
}

static inline void pair_close(struct lasting_pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        lasting_state_done(&p->e[i].state);
        buf_done(&p->e[i].wire);
        buf_done(&p->e[i].in);
    }
}

/* The owner says up to n bytes more; how many there was room for. */
static inline size_t pair_say(struct lasting_pair *p, unsigned i, size_t n)
{
    struct lasting_end *e = &p->e[i];
    size_t room = lasting_state_room(&e->state);
    n = n < room ? n : room;
    for (size_t left = n; left > 0;) {
        uint8_t bytes[512];
        size_t part = left < sizeof bytes ? left : sizeof bytes;
        for (size_t k = 0; k < part; k++)
            bytes[k] = lasting_byte(i, e->said++);
        lasting_state_put(&e->state, bytes, part);
        left -= part;
    }
    return n;
}

/* All that it has to say, onto the wire. */
static inline void pair_write(struct lasting_end *e)
{
    struct lasting_frame f;
    while (lasting_state_next(&e->state, &f)) {
        lasting_put(&e->wire, &f);
        if (f.kind != LASTING_DATA)
            continue;
        buf_put(&e->wire, lasting_state_body(&e->state), f.len);
        lasting_state_sent(&e->state, f.len);
    }
}

/* The owner takes what is there; false: it is not what was said. */
static inline bool pair_take(struct lasting_pair *p, unsigned i)
{
    struct lasting_end *e = &p->e[i];
    uint8_t bytes[997];
    for (size_t n; !e->deaf && (n = lasting_state_take(&e->state, bytes, sizeof bytes)) > 0;)
        for (size_t k = 0; k < n; k++)
            if (bytes[k] != lasting_byte(1 - i, e->heard++))
                return false;
    return true;
}

/* The next n bytes of the wire arrive at end i. */
static inline enum err pair_read(struct lasting_pair *p, unsigned i, size_t n, struct why *why)
{
    struct lasting_end *e = &p->e[i], *from = &p->e[1 - i];
    n = n < buf_len(&from->wire) ? n : buf_len(&from->wire);
    buf_put(&e->in, buf_bytes(&from->wire), n);
    buf_eat(&from->wire, n);
    while (buf_len(&e->in) > 0) {
        struct lasting_frame f;
        size_t have = buf_len(&e->in), head = lasting_head_len(buf_cur(&e->in));
        if (e->body > 0) {
            size_t part = have < e->body ? have : e->body;
            memcpy(lasting_state_into(&e->state, part), buf_bytes(&e->in), part);
            lasting_state_came(&e->state, part);
            buf_eat(&e->in, part);
            e->body -= (uint32_t)part;
            continue;
        }
        if (have < head)
            break;
        enum err code = lasting_read(&f, cur_of(buf_bytes(&e->in), head), why);
        if (code == OK)
            code = lasting_state_heard(&e->state, &f, why);
        if (code != OK)
            return code;
        buf_eat(&e->in, head);
        e->body = f.len;
    }
    return OK;
}

/* The wire is cut, and what was on it is lost; there is a new one. */
static inline enum err pair_cut(struct lasting_pair *p, struct why *why)
{
    enum err code = OK;
    for (unsigned i = 0; i < 2; i++) {
        buf_clear(&p->e[i].wire);
        buf_clear(&p->e[i].in);
        p->e[i].body = 0;
    }
    for (unsigned i = 0; i < 2 && code == OK; i++)
        code = lasting_state_rewind(&p->e[i].state, lasting_state_got(&p->e[1 - i].state), why);
    return code;
}

#endif
