#include "files/peer/session.h"

#include "files/peer/session_in.h"

#include <string.h>

void hello_write(const struct session *s, struct buf *out)
{
    unsigned speaks = s->hash && s->hash->has_v2 ? WIRE_SPEAKS_V2 : 0;
    speaks |= s->env->dht_port > 0 ? WIRE_SPEAKS_DHT : 0;
    wire_put_handshake_with(out, s->infohash, s->env->peer_id, speaks);
}

void hello_say(struct session *s)
{
    hello_write(s, &s->ctl);
    session_say(s);
}

/* Both of a hybrid's names are the torrent's.  BEP 52: to a peer that speaks v2 and called it by
 * v1's "the remote peer may then respond with the new infohash to upgrade the connect". */
static bool agree_on_name(struct session *s, const struct wire_handshake *h)
{
    const struct infohash *all = s->hash;
    bool known = memcmp(h->infohash, s->infohash, INFOHASH_LEN) == 0 ||
                 (all && infohash_is_wire(all, h->infohash));
    if (!known)
        return false;
    s->sets_v2_bit = wire_has_v2(h);
    if (!all || !all->has_v2)
        return true;
    s->by_v2 = memcmp(h->infohash, all->v2, INFOHASH_LEN) == 0;
    /* Who is dialled and does not answer by v2's name has not upgraded, whatever its bit says:
     * libtorrent does not where the stream is encrypted, and hangs up on messages of v2. */
    s->v2 = s->by_v2 || (s->incoming && s->sets_v2_bit);
    if (s->incoming)
        memcpy(s->infohash, s->v2 ? all->v2 : h->infohash, INFOHASH_LEN);
    return true;
}

void hello_hear(struct session *s, struct cur bytes)
{
    struct why why;
    struct wire_handshake h;
    if (wire_read_handshake(&bytes, &h, &why)) {
        session_fail(s, &why);
        return;
    }
    memcpy(s->peer_id, h.peer_id, sizeof s->peer_id);
    if (memcmp(h.peer_id, s->env->peer_id, sizeof h.peer_id) == 0) {
        session_end(s, ERR_STATE, "that is myself");
        return;
    }
    const uint8_t *skey = s->incoming && s->mse ? mse_skey(s->conn) : NULL;
    if (skey && memcmp(skey, h.infohash, SHA1_LEN) != 0) {
        session_end(s, ERR_INVALID, "encrypted for another torrent than it asks for");
        return;
    }
    if (s->incoming && !s->ops->hello(s->arg, h.infohash)) {
        session_end(s, ERR_NOT_FOUND, "asks for a torrent that is not here");
        return;
    }
    if (!agree_on_name(s, &h)) {
        session_end(s, ERR_INVALID, "answered for another torrent");
        return;
    }
    if (s->incoming)
        hello_say(s);
    s->st.fast = wire_has_fast(&h);
    s->speaks_ext = wire_has_ext(&h);
    s->has_dht = wire_has_dht(&h);
    s->stage = STAGE_OPEN;
    s->heard_us = s->spoke_us = s->began_us = s->useful_us = loop_now_us(s->env->loop);
    timer_cancel(s->timer);
    s->timer = NULL;
    s->ops->ready(s->arg);
}

void session_begin(struct session *s, const uint8_t *have, uint32_t count, int64_t metadata_size,
                   bool give_fast)
{
    if (s->stage != STAGE_OPEN)
        return;
    uint32_t all = s->st.mi ? s->st.mi->piece_count : 0;
    if (s->st.fast && (count == 0 || count == all))
        wire_put_simple(&s->ctl, count == 0 ? WIRE_HAVE_NONE : WIRE_HAVE_ALL);
    else if (count > 0)
        wire_put_bitfield(&s->ctl, have, ((size_t)all + 7) / 8);
    session_extend(s, metadata_size);
    if (s->has_dht && s->env->dht_port > 0 && !(s->st.mi && s->st.mi->private_))
        wire_put_port(&s->ctl, s->env->dht_port);
    if (give_fast && s->st.fast && count == all && count > 0)
        out_fast_set(s);
    session_say(s);
}

void session_extend(struct session *s, int64_t metadata_size)
{
    if (s->stage != STAGE_OPEN || !s->speaks_ext)
        return;
    /* Without metadata nobody knows whether it is private: offered once that is known. */
    bool pex = s->env->pex && s->st.mi && !s->st.mi->private_;
    struct wire_ext_own own = {.ut_metadata = SESSION_UT_METADATA,
                               .ut_pex = pex ? SESSION_UT_PEX : 0,
                               .lt_donthave = SESSION_LT_DONTHAVE,
                               .ut_holepunch = s->env->punch ? SESSION_UT_HOLEPUNCH : 0,
                               .metadata_size = metadata_size,
                               .port = s->env->port,
                               .upload_only = s->upload_only,
                               .client = s->env->client};
    wire_put_ext_handshake(&s->ctl, &own);
    s->metadata_size = metadata_size;
    s->extended = true;
    session_say(s);
}

void session_upload_only(struct session *s, bool yes)
{
    if (s->upload_only == yes)
        return;
    s->upload_only = yes;
    if (s->extended) /* BEP 10: it may be sent again, and replaces what it says */
        session_extend(s, s->metadata_size);
}
