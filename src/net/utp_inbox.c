#include "net/utp_inbox.h"

#include <string.h>

enum { LATE_FIRST = 64 };

void utp_inbox_init(struct utp_inbox *in, uint16_t ack)
{
    *in = (struct utp_inbox){.ack = ack};
}

static void give(struct utp_inbox *in, struct utp_pool *pool, struct utp_block *b)
{
    utp_block_give(pool, b);
    in->held--;
}

static void drop_late(struct utp_inbox *in, struct utp_pool *pool)
{
    for (unsigned i = 0; i < in->cap; i++)
        if (in->late[i])
            give(in, pool, in->late[i]);
    free(in->late);
    in->late = NULL;
    in->cap = in->late_n = in->late_far = 0;
    in->late_bytes = 0;
}

void utp_inbox_done(struct utp_inbox *in, struct utp_pool *pool)
{
    for (struct utp_block *b; (b = in->head);) {
        in->head = b->next;
        give(in, pool, b);
    }
    drop_late(in, pool);
    utp_inbox_init(in, in->ack);
}

/* In order: joined with what is there, so that small packets do not cost a block each. */
static bool append(struct utp_inbox *in, struct utp_pool *pool, struct cur body)
{
    if (!in->tail || body.n > (size_t)(UTP_BLOCK - in->tail->to)) {
        struct utp_block *b = utp_block_take(pool, in->held);
        if (!b)
            return false;
        in->held++;
        if (in->tail)
            in->tail->next = b;
        else
            in->head = b;
        in->tail = b;
    }
    memcpy(in->tail->bytes + in->tail->to, body.p, body.n);
    in->tail->to = (uint16_t)(in->tail->to + body.n);
    in->bytes += body.n;
    return true;
}

static void grow(struct utp_inbox *in, unsigned ahead)
{
    unsigned cap = in->cap ? in->cap : LATE_FIRST;
    while (cap <= ahead)
        cap *= 2;
    if (cap == in->cap)
        return;
    struct utp_block **late = mem_array(cap, sizeof *late);
    for (unsigned i = 1; i < in->cap; i++) {
        uint16_t seq = (uint16_t)(in->ack + 1 + i);
        late[seq & (cap - 1)] = in->late[seq & (in->cap - 1)];
    }
    free(in->late);
    in->late = late;
    in->cap = cap;
}

/* Before its turn: `ahead` places. */
static bool keep(struct utp_inbox *in, struct utp_pool *pool, const struct utp_packet *p,
                 unsigned ahead)
{
    grow(in, ahead);
    struct utp_block **at = &in->late[p->seq & (in->cap - 1)];
    struct utp_block *b = *at ? NULL : utp_block_take(pool, in->held);
    if (!b)
        return false;
    memcpy(b->bytes, p->body.p, p->body.n);
    b->to = (uint16_t)p->body.n;
    *at = b;
    in->held++;
    in->late_n++;
    in->late_far = ahead > in->late_far ? ahead : in->late_far;
    in->late_bytes += p->body.n;
    return true;
}

static void step(struct utp_inbox *in)
{
    in->ack++;
    in->late_far -= in->late_far > 0;
    in->ended |= in->has_fin && in->ack == in->fin;
}

/* Those whose turn has come. */
static void catch_up(struct utp_inbox *in, struct utp_pool *pool)
{
    while (in->late_n > 0 && !in->ended) {
        struct utp_block **at = &in->late[(uint16_t)(in->ack + 1) & (in->cap - 1)];
        struct utp_block *b = *at;
        if (!b)
            return;
        *at = NULL;
        in->late_n--;
        in->late_bytes -= b->to;
        in->bytes += b->to;
        if (in->tail)
            in->tail->next = b;
        else
            in->head = b;
        in->tail = b;
        step(in);
    }
    drop_late(in, pool); /* what is left is behind the end */
}

bool utp_inbox_put(struct utp_inbox *in, struct utp_pool *pool, const struct utp_packet *p,
                   size_t room)
{
    unsigned ahead = (uint16_t)(p->seq - in->ack - 1);
    if (ahead >= UTP_PACKETS_MAX || p->body.n > UTP_BLOCK || in->ended)
        return false;
    if (in->has_fin && (uint16_t)(in->fin - in->ack - 1) < ahead)
        return false; /* behind the end */
    if (in->bytes + in->late_bytes + p->body.n > room)
        return false;
    if (ahead > 0 && !keep(in, pool, p, ahead))
        return false;
    if (ahead == 0 && p->body.n > 0 && !append(in, pool, p->body))
        return false;
    if (p->type == UTP_FIN && !in->has_fin) {
        in->has_fin = true;
        in->fin = p->seq;
    }
    if (ahead > 0)
        return true;
    step(in);
    if (in->late_n > 0)
        catch_up(in, pool);
    return true;
}

size_t utp_inbox_read(struct utp_inbox *in, struct utp_pool *pool, void *to, size_t n)
{
    uint8_t *at = to;
    while (n > 0 && in->head) {
        struct utp_block *b = in->head;
        size_t have = (size_t)(b->to - b->from), part = have < n ? have : n;
        memcpy(at, b->bytes + b->from, part);
        at += part;
        n -= part;
        in->bytes -= part;
        b->from = (uint16_t)(b->from + part);
        if (b->from < b->to)
            break;
        in->head = b->next;
        if (!in->head)
            in->tail = NULL;
        give(in, pool, b);
    }
    return (size_t)(at - (uint8_t *)to);
}

size_t utp_inbox_mask(const struct utp_inbox *in, uint8_t mask[UTP_SACK_MAX])
{
    if (in->late_n == 0)
        return 0;
    size_t bits = in->late_far, n = (bits + 31) / 32 * 4; /* the first is ack + 2 */
    memset(mask, 0, n);
    for (size_t i = 0; i < bits; i++)
        if (in->late[(uint16_t)(in->ack + 2 + i) & (in->cap - 1)])
            mask[i / 8] = (uint8_t)(mask[i / 8] | 1u << i % 8);
    return n;
}
