#include "files/peer/peer_state.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

void peer_state_init(struct peer_state *st, const struct metainfo *mi)
{
    *st = (struct peer_state){.am_choking = true, .peer_choking = true, .mi = mi};
}

void peer_state_done(struct peer_state *st)
{
    free(st->bits);
    *st = (struct peer_state){0};
}

bool peer_state_has(const struct peer_state *st, uint32_t piece)
{
    return st->all || (st->bits && piece / 8 < st->bits_len && bits_get(st->bits, piece));
}

bool peer_state_is_seed(const struct peer_state *st)
{
    return st->all || (st->mi && st->have_count == st->mi->piece_count);
}

static void grow_bits(struct peer_state *st, size_t n)
{
    if (n <= st->bits_len)
        return;
    st->bits = mem_realloc(st->bits, n);
    memset(st->bits + st->bits_len, 0, n - st->bits_len);
    st->bits_len = n;
}

/* Bits and metadata are both here for the first time. */
static enum err settle(struct peer_state *st, struct why *why)
{
    uint32_t count = st->mi->piece_count;
    if (st->all) {
        st->have_count = count;
        return OK;
    }
    if (!st->bits)
        return OK;
    if (st->bits_len > bits_bytes(count))
        for (size_t i = bits_bytes(count); i < st->bits_len; i++)
            if (st->bits[i] != 0)
                return why_set(why, ERR_INVALID, "has pieces past the last, %u", count);
    grow_bits(st, bits_bytes(count));
    st->bits_len = bits_bytes(count);
    if (!bits_spare_clear(st->bits, count))
        return why_set(why, ERR_INVALID, "bitfield has spare bits set");
    st->have_count = bits_count(st->bits, count);
    st->all = st->have_count == count;
    if (st->all) {
        free(st->bits);
        st->bits = NULL;
        st->bits_len = 0;
    }
    return OK;
}

enum err peer_state_set_torrent(struct peer_state *st, const struct metainfo *mi, struct why *why)
{
    st->mi = mi;
    return settle(st, why);
}

/* BEP 3: "'bitfield' is only ever sent as the first message."  But aria2 sends one in the middle
 * where that is shorter than the HAVEs that are due, and HAVE_ALL when it is done (seen with 1.36),
 * and others read it so. */
static enum err on_late_bits(struct peer_state *st, const struct wire_msg *m, bool *news,
                             struct why *why)
{
    *news = false;
    if (m->type == WIRE_HAVE_ALL) {
        st->all = st->all || !st->mi;
        return OK;
    }
    if (m->type != WIRE_BITFIELD)
        return why_set(why, ERR_INVALID, "message %d is not the first", (int)m->type);
    if (!st->mi) {
        grow_bits(st, m->body.n);
        for (size_t i = 0; i < m->body.n; i++)
            st->bits[i] |= m->body.p[i];
        return OK;
    }
    if (m->body.n != bits_bytes(st->mi->piece_count))
        return why_set(why, ERR_INVALID, "bitfield of %zu bytes for %u pieces", m->body.n,
                       st->mi->piece_count);
    if (!bits_spare_clear(m->body.p, st->mi->piece_count))
        return why_set(why, ERR_INVALID, "bitfield has spare bits set");
    return OK;
}

static enum err on_bits(struct peer_state *st, const struct wire_msg *m, bool *news,
                        struct why *why)
{
    if (st->began)
        return on_late_bits(st, m, news, why);
    if (m->type == WIRE_HAVE_ALL)
        st->all = true;
    if (m->type == WIRE_BITFIELD) {
        if (st->mi && m->body.n != bits_bytes(st->mi->piece_count))
            return why_set(why, ERR_INVALID, "bitfield of %zu bytes for %u pieces", m->body.n,
                           st->mi->piece_count);
        grow_bits(st, m->body.n);
        if (m->body.n > 0)
            memcpy(st->bits, m->body.p, m->body.n);
    }
    return st->mi ? settle(st, why) : OK;
}

static enum err on_have(struct peer_state *st, uint32_t piece, bool *news, struct why *why)
{
    *news = false;
    if (!st->mi) {
        if (!st->all && piece < PEER_EARLY_PIECES) {
            grow_bits(st, piece / 8 + 1);
            bits_set(st->bits, piece);
        }
        return OK;
    }
    if (piece >= st->mi->piece_count)
        return why_set(why, ERR_INVALID, "has piece %u of %u", piece, st->mi->piece_count);
    if (peer_state_has(st, piece))
        return OK;
    grow_bits(st, bits_bytes(st->mi->piece_count));
    bits_set(st->bits, piece);
    st->have_count++;
    *news = true;
    return OK;
}

enum err peer_state_lacks(struct peer_state *st, uint32_t piece, bool *news, struct why *why)
{
    *news = false;
    if (st->mi && piece >= st->mi->piece_count)
        return why_set(why, ERR_INVALID, "lacks piece %u of %u", piece, st->mi->piece_count);
    if (!peer_state_has(st, piece) || (!st->mi && st->all))
        return OK; /* of `all` without metadata nothing can be taken: a request will tell */
    if (st->all) {
        uint32_t count = st->mi->piece_count;
        grow_bits(st, bits_bytes(count));
        for (uint32_t i = 0; i < count; i++)
            bits_set(st->bits, i);
        st->all = false;
    }
    bits_clear(st->bits, piece);
    st->have_count -= st->mi != NULL;
    *news = true;
    return OK;
}

static enum err check_piece(const struct peer_state *st, const struct wire_msg *m, struct why *why)
{
    if (!st->mi)
        return why_set(why, ERR_INVALID, "message %d before the metadata is known", (int)m->type);
    if (m->piece >= st->mi->piece_count)
        return why_set(why, ERR_INVALID, "message %d: piece %u of %u", (int)m->type, m->piece,
                       st->mi->piece_count);
    return OK;
}

static enum err check_range(const struct peer_state *st, const struct wire_msg *m, struct why *why)
{
    enum err e = check_piece(st, m, why);
    if (e)
        return e;
    /* A peer may ask for the padding behind a file; what it gives has been asked without. */
    uint32_t len = m->type == WIRE_REQUEST || m->type == WIRE_CANCEL
                       ? metainfo_piece_span(st->mi, m->piece)
                       : metainfo_piece_len(st->mi, m->piece);
    if (m->len == 0 || m->begin >= len || m->len > len - m->begin)
        return why_set(why, ERR_INVALID, "message %d: %u bytes at %u of piece %u, which has %u",
                       (int)m->type, m->len, m->begin, m->piece, len);
    return OK;
}

static enum err check_fast(const struct peer_state *st, const struct wire_msg *m, struct why *why)
{
    if (!st->fast)
        return why_set(why, ERR_INVALID, "message %d without the fast extension", (int)m->type);
    return OK;
}

/* What may come before a bitfield: extension handshakes and DHT ports do in the field. */
static bool is_preface(enum wire_type type)
{
    return type == WIRE_EXTENDED || type == WIRE_PORT || type == WIRE_KEEPALIVE ||
           type == WIRE_UNKNOWN;
}

static bool is_bits(enum wire_type type)
{
    return type == WIRE_BITFIELD || type == WIRE_HAVE_ALL || type == WIRE_HAVE_NONE;
}

static enum err set(bool *flag, bool to, bool *news)
{
    *news = *flag != to;
    *flag = to;
    return OK;
}

static enum err apply(struct peer_state *st, const struct wire_msg *m, bool *news, struct why *why)
{
    enum err e = OK;
    *news = true;
    switch (m->type) {
    case WIRE_CHOKE:
        return set(&st->peer_choking, true, news);
    case WIRE_UNCHOKE:
        return set(&st->peer_choking, false, news);
    case WIRE_INTERESTED:
        return set(&st->peer_interested, true, news);
    case WIRE_NOT_INTERESTED:
        return set(&st->peer_interested, false, news);
    case WIRE_HAVE:
        return on_have(st, m->piece, news, why);
    case WIRE_HAVE_ALL:
    case WIRE_HAVE_NONE:
        e = check_fast(st, m, why);
        return e ? e : on_bits(st, m, news, why);
    case WIRE_BITFIELD:
        return on_bits(st, m, news, why);
    case WIRE_REQUEST:
    case WIRE_PIECE:
    case WIRE_CANCEL:
        return check_range(st, m, why);
    case WIRE_REJECT:
        e = check_fast(st, m, why);
        return e ? e : check_range(st, m, why);
    case WIRE_SUGGEST:
    case WIRE_ALLOWED_FAST:
        e = check_fast(st, m, why);
        return e || !st->mi ? e : check_piece(st, m, why);
    case WIRE_PORT:
    case WIRE_EXTENDED:
    case WIRE_HASH_REQUEST:
    case WIRE_HASHES:
    case WIRE_HASH_REJECT:
    case WIRE_KEEPALIVE:
    case WIRE_UNKNOWN:
        return OK;
    }
    return OK;
}

enum err peer_state_recv(struct peer_state *st, const struct wire_msg *m, bool *news,
                         struct why *why)
{
    /* BEP 6: "Exactly one of HAVE_ALL, HAVE_NONE, or BITFIELD MUST appear and only immediately
     * after the handshake." */
    if (st->fast && !st->began && !is_bits(m->type) && !is_preface(m->type))
        return why_set(why, ERR_INVALID, "message %d where a bitfield is due", (int)m->type);
    enum err e = apply(st, m, news, why);
    if (!is_preface(m->type))
        st->began = true;
    return e;
}
