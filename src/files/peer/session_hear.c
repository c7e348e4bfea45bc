#include "files/peer/session.h"

#include "files/meta/bits.h"
#include "files/peer/session_in.h"

#include <string.h>

static void on_donthave(struct session *s, struct cur payload)
{
    struct why why;
    uint32_t piece;
    bool news;
    if (wire_read_donthave(payload, &piece, &why) || peer_state_lacks(&s->st, piece, &news, &why))
        session_fail(s, &why);
    else if (news)
        s->ops->lacks(s->arg, piece);
}

static void on_punch(struct session *s, struct cur payload)
{
    struct why why;
    struct hole_msg m;
    if (!s->env->punch)
        return;
    if (hole_read(payload, &m, &why))
        session_fail(s, &why);
    else
        s->ops->punch(s->arg, &m);
}

static void on_extended(struct session *s, const struct wire_msg *m)
{
    struct why why;
    if (m->ext_id == 0) {
        if (wire_read_ext(m->body, &s->ext, &why))
            session_fail(s, &why);
        else
            s->ops->extended(s->arg);
        return;
    }
    if (m->ext_id == SESSION_UT_PEX)
        s->ops->pex(s->arg, m->body);
    if (m->ext_id == SESSION_LT_DONTHAVE)
        on_donthave(s, m->body);
    if (m->ext_id == SESSION_UT_HOLEPUNCH)
        on_punch(s, m->body);
    if (m->ext_id != SESSION_UT_METADATA)
        return; /* an extension that we did not offer: passed over */
    struct wire_metadata md;
    if (wire_read_metadata(m->body, &md, &why))
        session_fail(s, &why);
    else
        s->ops->metadata(s->arg, &md);
}

/* Without v2 between us these are what any unknown message is.  A torrent whose files are not known
 * yet has no trees: that v2's hash was named does not mean that there is something to look at. */
static void on_hashes(struct session *s, const struct wire_msg *m)
{
    struct why why;
    struct wire_hash_range r;
    if (!s->v2)
        return;
    if (wire_read_hashes(m, &r, &why))
        session_fail(s, &why);
    else if (s->st.mi && s->st.mi->v2)
        s->ops->hashes(s->arg, m->type, &r);
    else if (m->type == WIRE_HASH_REQUEST)
        session_hashes(s, WIRE_HASH_REJECT, &r);
}

static void on_allowed_fast(struct session *s, uint32_t piece)
{
    if (s->fast_n == SESSION_FAST_MAX)
        return;
    s->fast[s->fast_n++] = piece;
    s->want_fill = true;
}

/* In place of many HAVEs; NULL: of all. */
static void on_late_bits(struct session *s, const uint8_t *bits)
{
    for (uint32_t i = 0; i < s->st.mi->piece_count && s->stage == STAGE_OPEN; i++) {
        struct wire_msg have = {.type = WIRE_HAVE, .piece = i};
        bool news = false;
        if ((!bits || bits_get(bits, i)) && !peer_state_has(&s->st, i) &&
            peer_state_recv(&s->st, &have, &news, NULL) == OK && news)
            s->ops->has(s->arg, i);
    }
}

static void act(struct session *s, const struct wire_msg *m, bool news)
{
    switch (m->type) {
    case WIRE_CHOKE:
        if (news)
            ask_choked(s);
        return;
    case WIRE_UNCHOKE:
        s->want_fill = true;
        if (news)
            s->useful_us = loop_now_us(s->env->loop);
        return;
    case WIRE_INTERESTED:
    case WIRE_NOT_INTERESTED:
        if (news)
            s->ops->interest(s->arg);
        return;
    case WIRE_HAVE:
        if (news)
            s->ops->has(s->arg, m->piece);
        return;
    case WIRE_BITFIELD:
        if (s->st.mi && news)
            s->ops->pieces(s->arg);
        else if (s->st.mi)
            on_late_bits(s, m->body.p);
        return;
    case WIRE_HAVE_ALL:
    case WIRE_HAVE_NONE:
        if (s->st.mi && news)
            s->ops->pieces(s->arg);
        else if (s->st.mi)
            on_late_bits(s, NULL);
        return;
    case WIRE_REQUEST:
        out_request(s, m);
        return;
    case WIRE_PIECE:
        ask_block(s, m);
        return;
    case WIRE_CANCEL:
        out_cancel(s, m);
        return;
    case WIRE_REJECT:
        ask_reject(s, m);
        return;
    case WIRE_ALLOWED_FAST:
        on_allowed_fast(s, m->piece);
        return;
    case WIRE_EXTENDED:
        on_extended(s, m);
        return;
    case WIRE_SUGGEST:
        ask_hint(s, m->piece);
        return;
    case WIRE_HASH_REQUEST:
    case WIRE_HASHES:
    case WIRE_HASH_REJECT:
        on_hashes(s, m);
        return;
    case WIRE_PORT:
        if (s->ops->port)
            s->ops->port(s->arg, m->port);
        return;
    case WIRE_KEEPALIVE:
    case WIRE_UNKNOWN:
        return;
    }
}

void hear_frame(struct session *s, struct cur frame)
{
    struct why why;
    struct wire_msg m;
    bool news = false;
    s->heard_us = loop_now_us(s->env->loop);
    if (wire_read(frame, &m, &why) || peer_state_recv(&s->st, &m, &news, &why))
        session_fail(s, &why);
    else
        act(s, &m, news);
}
