#include "ydoc/share/roster_msg.h"

#include "base/mem.h"
#include "base/pb.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { F_DOC = 1, F_SEQ = 2, F_EPOCH = 3, F_MEMBER = 4 };
enum { M_PEER = 1, M_ROLE = 2, M_NAME = 3, M_BOX = 4 };
enum { S_ROSTER = 1, S_SIGNATURE = 2 };

_Static_assert((int)DOC_ID_LEN == ED25519_PUB_LEN &&
                   sizeof((struct share_member){0}.name) == ROSTER_NAME_MAX + 1,
               "share.h says what this says");

void roster_done(struct roster *r)
{
    free(r->members);
    *r = (struct roster){0};
}

void roster_copy(struct roster *out, const struct roster *r)
{
    *out = *r;
    out->members = mem_dup(r->members, r->count * sizeof *r->members);
}

/* --- members -------------------------------------------------------------------------------- */

/* Where it is or would stand. */
static size_t place_of(const struct roster *r, const struct peer_id *peer)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (peer_id_cmp(&r->members[mid].peer, peer) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct roster_member *roster_find(const struct roster *r, const struct peer_id *peer)
{
    size_t at = place_of(r, peer);
    return at < r->count && peer_id_equal(&r->members[at].peer, peer) ? &r->members[at] : NULL;
}

bool roster_writes(const struct roster *r, const struct peer_id *peer)
{
    const struct roster_member *m = roster_find(r, peer);
    return m && m->role != DOC_READER;
}

enum err roster_set(struct roster *r, const struct roster_member *m, struct why *why)
{
    size_t at = place_of(r, &m->peer);
    if (at < r->count && peer_id_equal(&r->members[at].peer, &m->peer)) {
        r->members[at] = *m;
        return OK;
    }
    if (r->count == SHARE_MEMBERS_MAX)
        return why_set(why, ERR_LIMIT, "the document has %d members, and no room for more",
                       SHARE_MEMBERS_MAX);
    r->members = mem_realloc(r->members, (r->count + 1) * sizeof *r->members);
    memmove(r->members + at + 1, r->members + at, (r->count - at) * sizeof *r->members);
    r->members[at] = *m;
    r->count++;
    return OK;
}

void roster_drop(struct roster *r, const struct peer_id *peer)
{
    size_t at = place_of(r, peer);
    if (at == r->count || !peer_id_equal(&r->members[at].peer, peer))
        return;
    r->count--;
    memmove(r->members + at, r->members + at + 1, (r->count - at) * sizeof *r->members);
}

void roster_name(char out[ROSTER_NAME_MAX + 1], struct cur in)
{
    utf8_words(out, ROSTER_NAME_MAX, in);
}

enum err roster_peer_key(const struct peer_id *peer, uint8_t out[ED25519_PUB_LEN], struct why *why)
{
    struct pubkey key;
    if (peer_id_key(peer, &key, NULL) != OK || key.type != PUBKEY_ED25519 ||
        key.len != ED25519_PUB_LEN)
        return why_set(
            why, ERR_UNSUPPORTED,
            "the peer's id does not hold an Ed25519 key, and nothing can be sealed to it");
    memcpy(out, key.data, ED25519_PUB_LEN);
    return OK;
}

/* --- written -------------------------------------------------------------------------------- */

void roster_put(const struct roster *r, struct buf *out)
{
    struct buf one = {0};
    pb_put_bytes(out, F_DOC, r->doc.key, sizeof r->doc.key);
    pb_put_uint(out, F_SEQ, r->seq);
    pb_put_uint(out, F_EPOCH, r->epoch);
    for (size_t i = 0; i < r->count; i++) {
        const struct roster_member *m = &r->members[i];
        buf_clear(&one);
        pb_put_bytes(&one, M_PEER, m->peer.bytes, m->peer.len);
        pb_put_uint(&one, M_ROLE, m->role);
        pb_put_str(&one, M_NAME, m->name);
        pb_put_bytes(&one, M_BOX, m->box, sizeof m->box);
        pb_put_buf(out, F_MEMBER, &one);
    }
    buf_done(&one);
}

static void put_signed(struct buf *out, struct cur body)
{
    buf_str(out, ROSTER_SIGNED);
    buf_put(out, body.p, body.n);
}

void roster_sign(const struct roster *r, const uint8_t secret[ED25519_SECRET_LEN], struct buf *out)
{
    struct buf body = {0}, said = {0};
    uint8_t signature[ED25519_SIG_LEN];
    roster_put(r, &body);
    put_signed(&said, buf_cur(&body));
    ed25519_sign(secret, buf_bytes(&said), buf_len(&said), signature);
    pb_put_buf(out, S_ROSTER, &body);
    pb_put_bytes(out, S_SIGNATURE, signature, sizeof signature);
    buf_done(&body);
    buf_done(&said);
}

/* --- read ----------------------------------------------------------------------------------- */

static enum err parse_member(struct roster_member *m, struct cur msg, struct why *why)
{
    struct pb_field f;
    bool peer = false, box = false, good = true;
    uint64_t role = UINT64_MAX;
    uint8_t key[ED25519_PUB_LEN];
    *m = (struct roster_member){0};
    while (good && pb_next(&msg, &f)) {
        if (f.number == M_PEER && f.wire == PB_BYTES)
            good = peer = peer_id_decode(&m->peer, f.bytes, NULL) == OK;
        else if (f.number == M_ROLE && f.wire == PB_VARINT)
            role = f.value;
        else if (f.number == M_NAME && f.wire == PB_BYTES)
            roster_name(m->name, f.bytes);
        else if (f.number == M_BOX && f.wire == PB_BYTES)
            good = box = pb_fixed(&f, m->box, sizeof m->box);
    }
    if (!good || !peer || !box || role > DOC_OWNER || !cur_done(&msg))
        return why_set(why, ERR_INVALID, "a member of a roster is not what it should be");
    m->role = (enum doc_role)role;
    return roster_peer_key(&m->peer, key, why);
}

/* In order, so that it is found, and there once. */
static enum err add_member(struct roster *r, struct cur msg, struct why *why)
{
    struct roster_member m;
    enum err err = parse_member(&m, msg, why);
    if (err != OK)
        return err;
    if (r->count > 0 && peer_id_cmp(&r->members[r->count - 1].peer, &m.peer) >= 0)
        return why_set(why, ERR_INVALID, "the members of a roster are not in order");
    return roster_set(r, &m, why);
}

static size_t owners(const struct roster *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        n += r->members[i].role == DOC_OWNER;
    return n;
}

enum err roster_parse(struct roster *out, struct cur body, struct why *why)
{
    struct pb_field f;
    bool doc = false;
    enum err err = OK;
    *out = (struct roster){0};
    while (err == OK && pb_next(&body, &f)) {
        if (f.number == F_DOC && f.wire == PB_BYTES)
            doc = pb_fixed(&f, out->doc.key, sizeof out->doc.key);
        else if (f.number == F_SEQ && f.wire == PB_VARINT)
            out->seq = f.value;
        else if (f.number == F_EPOCH && f.wire == PB_VARINT)
            out->epoch = f.value;
        else if (f.number == F_MEMBER && f.wire == PB_BYTES)
            err = add_member(out, f.bytes, why);
    }
    if (err == OK && (!cur_done(&body) || !doc || !out->seq || out->seq > INT64_MAX ||
                      !out->epoch || out->epoch > INT64_MAX || owners(out) != 1))
        err = why_set(why, ERR_INVALID, "a roster that is damaged, or has not one owner");
    if (err != OK)
        roster_done(out);
    return err;
}

enum err roster_read(struct roster *out, const struct doc_id *doc, struct cur msg, struct why *why)
{
    struct pb_field f;
    struct cur body = {0}, signature = {0};
    struct buf said = {0};
    *out = (struct roster){0};
    if (msg.n > ROSTER_MAX)
        return why_set(why, ERR_LIMIT, "a roster of %zu bytes, at most %d", msg.n, ROSTER_MAX);
    while (pb_next(&msg, &f)) {
        if (f.number == S_ROSTER && f.wire == PB_BYTES)
            body = f.bytes;
        else if (f.number == S_SIGNATURE && f.wire == PB_BYTES)
            signature = f.bytes;
    }
    if (!cur_done(&msg) || signature.n != ED25519_SIG_LEN)
        return why_set(why, ERR_INVALID, "a roster without a signature");
    put_signed(&said, body);
    bool good = ed25519_verify(doc->key, buf_bytes(&said), buf_len(&said), signature.p);
    buf_done(&said);
    if (!good)
        return why_set(why, ERR_DENIED, "the document's owner did not sign this roster");
    enum err err = roster_parse(out, body, why);
    if (err == OK && memcmp(out->doc.key, doc->key, DOC_ID_LEN) != 0) {
        roster_done(out);
        err = why_set(why, ERR_INVALID, "a roster of another document");
    }
    return err;
}
