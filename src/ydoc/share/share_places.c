/* Where the others are: who is a member may not know it of each other, and nobody else may.  When
 * somebody comes he is told of all who are here, and they of him, by the records that each signs
 * of himself (host/name/envelope.h). */
#include "ydoc/share/share_in.h"

#include "host/name/envelope.h"
#include "ydoc/lib0.h"

/* Where `whom` says that it is, to the other end of x. */
static void tell(const struct session *x, const struct peer_id *whom)
{
    struct host_peer p;
    struct buf b = {0};
    struct why why;
    if (!host_peer(x->s->host, whom, &p) || p.record.n == 0)
        return;
    lib0_put_uint(&b, DOC_PLACE);
    buf_put(&b, p.record.p, p.record.n);
    if (messages_send(x->m, buf_bytes(&b), buf_len(&b), &why) != OK)
        log_debug(x->s->log, "a member is not told where another is: %s", why.text);
    buf_done(&b);
}

void places_tell(struct session *x)
{
    LIST_EACH(&x->doc->sessions, struct session, other, link)
        if (other != x && other->live && !other->doomed) {
            tell(other, &x->peer);
            tell(x, &other->peer);
        }
}

enum err places_take(struct shared *d, struct cur record, struct why *why)
{
    struct peer_record r;
    if (record.n > ENVELOPE_MAX)
        return why_set(why, ERR_LIMIT, "a record of %zu bytes, at most %d", record.n, ENVELOPE_MAX);
    enum err err = peer_record_open(&r, record, why);
    if (err == OK && bond_find(d, &r.peer)) {
        host_learn(d->s->host, &r.peer, r.addrs, r.count);
        mate_soon(d->s, &r.peer);
    }
    return err;
}
