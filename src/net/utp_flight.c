#include "net/utp_flight.h"

#include <assert.h>
#include <string.h>

enum { RING_FIRST = 16 };

void utp_flight_init(struct utp_flight *f, uint16_t seq)
{
    *f = (struct utp_flight){.first = seq, .next = seq, .end = seq};
}

static unsigned count(const struct utp_flight *f)
{
    return (uint16_t)(f->end - f->first);
}

static void give(struct utp_flight *f, struct utp_pool *pool, struct utp_sent *s)
{
    if (s->block)
        utp_block_give(pool, s->block);
    f->held -= s->block != NULL;
    s->block = NULL;
}

void utp_flight_done(struct utp_flight *f, struct utp_pool *pool)
{
    for (; f->first != f->end; f->first++)
        give(f, pool, utp_flight_at(f, f->first));
    free(f->ring);
    utp_flight_init(f, f->first);
}

void utp_flight_slim(struct utp_flight *f)
{
    if (count(f) > 0)
        return;
    free(f->ring);
    f->ring = NULL;
    f->cap = 0;
}

static void grow(struct utp_flight *f)
{
    unsigned cap = f->cap ? 2 * f->cap : RING_FIRST;
    struct utp_sent *ring = mem_array(cap, sizeof *ring);
    for (uint16_t seq = f->first; seq != f->end; seq++)
        ring[seq & (cap - 1)] = *utp_flight_at(f, seq);
    free(f->ring);
    f->ring = ring;
    f->cap = cap;
}

static struct utp_sent *append(struct utp_flight *f, struct utp_pool *pool)
{
    if (count(f) >= UTP_PACKETS_MAX)
        return NULL;
    struct utp_block *b = utp_block_take(pool, f->held);
    if (!b)
        return NULL;
    if (count(f) == f->cap)
        grow(f);
    struct utp_sent *s = utp_flight_at(f, f->end++);
    *s = (struct utp_sent){.block = b};
    b->to = UTP_HEADER;
    f->queued += UTP_HEADER;
    f->held++;
    return s;
}

/* The last packet, if it can still grow. */
static struct utp_sent *unsent(const struct utp_flight *f)
{
    return f->next != f->end ? utp_flight_at(f, (uint16_t)(f->end - 1)) : NULL;
}

size_t utp_flight_put(struct utp_flight *f, struct utp_pool *pool, const void *bytes, size_t n,
                      size_t full)
{
    const uint8_t *at = bytes;
    size_t left = n;
    assert(full <= UTP_BLOCK);
    while (left > 0) {
        struct utp_sent *s = unsent(f);
        assert(!s || !s->fin);
        if (!s || s->block->to >= full)
            s = append(f, pool);
        if (!s)
            break;
        size_t room = full - s->block->to, part = left < room ? left : room;
        memcpy(s->block->bytes + s->block->to, at, part);
        s->block->to = (uint16_t)(s->block->to + part);
        f->queued += part;
        at += part;
        left -= part;
    }
    return n - left;
}

size_t utp_flight_probe(struct utp_flight *f, struct utp_pool *pool, const void *bytes, size_t n,
                        size_t len)
{
    size_t part = len - UTP_HEADER;
    struct utp_sent *s = n >= part ? append(f, pool) : NULL;
    if (!s)
        return 0;
    memcpy(s->block->bytes + UTP_HEADER, bytes, part);
    s->block->to = (uint16_t)len;
    s->probe = true;
    f->queued += part;
    return part;
}

bool utp_flight_fin(struct utp_flight *f, struct utp_pool *pool)
{
    struct utp_sent *s = append(f, pool);
    if (s)
        s->fin = true;
    return s != NULL;
}

void utp_flight_sent(struct utp_flight *f, uint16_t seq, uint64_t now_us)
{
    struct utp_sent *s = utp_flight_at(f, seq);
    if (seq == f->next) {
        f->next++;
        f->queued -= s->block->to;
        f->bytes += s->block->to;
    } else if (s->lost) {
        f->lost--;
        f->bytes += s->block->to;
    }
    s->lost = false;
    if (s->tries < UINT8_MAX)
        s->tries++;
    s->sent_us = now_us;
}

/* One packet is there. */
static void arrive(struct utp_flight *f, struct utp_pool *pool, uint16_t seq, uint64_t rtt_us,
                   uint64_t now_us, struct utp_news *news)
{
    struct utp_sent *s = utp_flight_at(f, seq);
    if (!s->block)
        return;
    uint64_t took_us = now_us - s->sent_us;
    news->progress = true;
    news->bytes += s->block->to;
    if (s->lost)
        f->lost--;
    else
        f->bytes -= s->block->to;
    if (s->probe)
        news->probe_passed = s->block->to;
    /* Of one that was sent twice nobody knows which it was; what came sooner than it can was the
     * first (RFC 8985 section 6.2 step 2). */
    if (s->tries == 1 && (news->rtt_us == 0 || took_us < news->rtt_us))
        news->rtt_us = took_us > 0 ? took_us : 1;
    if ((s->tries == 1 || took_us >= rtt_us * 3 / 4) && s->sent_us > f->newest_us)
        f->newest_us = s->sent_us;
    give(f, pool, s);
}

static void lose(struct utp_flight *f, struct utp_sent *s)
{
    s->lost = true;
    f->lost++;
    f->bytes -= s->block->to;
}

/* `last`: the highest that has arrived. */
static void find_losses(struct utp_flight *f, uint16_t last, uint64_t rtt_us, struct utp_news *news)
{
    unsigned past = 1;
    uint64_t late_us = UTP_REORDER_US + rtt_us / 4;
    for (uint16_t seq = last; seq != f->first;) {
        struct utp_sent *s = utp_flight_at(f, --seq);
        past += !s->block;
        if (!s->block || s->lost)
            continue;
        bool later = s->sent_us + late_us < f->newest_us;
        if (!later && (s->tries > 1 || past < UTP_PACKETS_PAST))
            continue;
        lose(f, s);
        if (s->probe) { /* too long for the path, most likely: no word about its load */
            news->probe_lost = s->block->to;
            s->probe = false;
            continue;
        }
        if (!news->was_lost)
            news->lost_seq = seq;
        news->was_lost = true;
    }
}

void utp_flight_ack(struct utp_flight *f, struct utp_pool *pool, const struct utp_packet *p,
                    uint64_t rtt_us, uint64_t now_us, struct utp_news *news)
{
    *news = (struct utp_news){0};
    uint16_t next = (uint16_t)(p->ack + 1); /* the first that has not come */
    if ((uint16_t)(next - f->first) > (uint16_t)(f->next - f->first))
        return;
    for (uint16_t seq = f->first; seq != next; seq++)
        arrive(f, pool, seq, rtt_us, now_us, news);
    f->first = next;
    if (p->sack.n == 0 || f->first == f->next)
        return;
    uint16_t last = f->first;
    unsigned sent = (uint16_t)(f->next - f->first);
    for (size_t i = 0; i < 8 * p->sack.n && i + 1 < sent; i++) {
        if (!utp_sacked(p, i))
            continue;
        last = (uint16_t)(f->first + 1 + i);
        arrive(f, pool, last, rtt_us, now_us, news);
    }
    if (last != f->first)
        find_losses(f, last, rtt_us, news);
}

void utp_flight_lose(struct utp_flight *f, bool all)
{
    for (uint16_t seq = f->first; seq != f->next; seq++) {
        struct utp_sent *s = utp_flight_at(f, seq);
        if (!s->block || s->lost)
            continue;
        s->probe = false;
        lose(f, s);
        if (!all)
            return;
    }
}
