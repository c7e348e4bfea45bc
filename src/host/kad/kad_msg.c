#include "host/kad/kad_msg.h"

#include "base/pb.h"

/* Fields of Message, of Peer and of Record. */
enum { M_TYPE = 1, M_KEY = 2, M_RECORD = 3, M_CLOSER = 8, M_PROVIDERS = 9 };
enum { P_ID = 1, P_ADDR = 2 };
enum { R_KEY = 1, R_VALUE = 2 };

/* False: malformed.  One without an id that we can read is passed over. */
static bool take_peer(struct kad_peer *all, size_t *count, struct cur msg)
{
    struct pb_field f;
    struct kad_peer p = {0};
    while (pb_next(&msg, &f)) {
        if (f.number == P_ID && peer_id_decode(&p.id, f.bytes, NULL) != OK)
            p.id.len = 0;
        if (f.number == P_ADDR && p.count < KAD_ADDRS_MAX && f.bytes.n > 0 &&
            f.bytes.n <= MULTIADDR_MAX)
            p.addrs[p.count++] = f.bytes;
    }
    if (!cur_done(&msg))
        return false;
    if (p.id.len > 0 && *count < KAD_PEERS_MAX)
        all[(*count)++] = p;
    return true;
}

static bool take_record(struct kad_record *r, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f)) {
        if (f.number == R_KEY)
            r->key = f.bytes;
        if (f.number == R_VALUE)
            r->value = f.bytes;
    }
    return cur_done(&msg);
}

static bool take(struct kad_msg *out, const struct pb_field *f, uint64_t *type)
{
    switch (f->number) {
    case M_TYPE:
        *type = f->value;
        return true;
    case M_KEY:
        out->key = f->bytes;
        return true;
    case M_RECORD:
        out->has_record = true;
        return take_record(&out->record, f->bytes);
    case M_CLOSER:
        return take_peer(out->closer, &out->closer_count, f->bytes);
    case M_PROVIDERS:
        return take_peer(out->providers, &out->provider_count, f->bytes);
    default: /* of other versions */
        return true;
    }
}

enum err kad_msg_decode(struct kad_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t type = KAD_PUT_VALUE;
    bool good = true;
    *out = (struct kad_msg){0};
    while (good && pb_next(&msg, &f))
        good = take(out, &f, &type);
    if (!good || !cur_done(&msg))
        return why_set(why, ERR_INVALID, "a message of Kademlia is malformed");
    if (type > KAD_PING)
        return why_set(why, ERR_INVALID, "a message of Kademlia of type %llu",
                       (unsigned long long)type);
    if (out->key.n > KAD_KEY_MAX || out->record.key.n > KAD_KEY_MAX)
        return why_set(why, ERR_LIMIT, "a key of %zu bytes, the limit is %d",
                       out->key.n > out->record.key.n ? out->key.n : out->record.key.n,
                       KAD_KEY_MAX);
    out->type = (enum kad_type)type;
    return OK;
}

static void put_peers(struct buf *out, uint32_t field, const struct kad_peer *all, size_t n)
{
    struct buf one = {0};
    for (size_t i = 0; i < n; i++) {
        buf_clear(&one);
        pb_put_bytes(&one, P_ID, all[i].id.bytes, all[i].id.len);
        for (size_t k = 0; k < all[i].count; k++)
            pb_put_bytes(&one, P_ADDR, all[i].addrs[k].p, all[i].addrs[k].n);
        pb_put_buf(out, field, &one);
    }
    buf_done(&one);
}

void kad_msg_encode(const struct kad_msg *m, struct buf *out)
{
    pb_put_uint(out, M_TYPE, (uint64_t)m->type);
    if (m->key.n > 0)
        pb_put_bytes(out, M_KEY, m->key.p, m->key.n);
    if (m->has_record) {
        struct buf r = {0};
        pb_put_bytes(&r, R_KEY, m->record.key.p, m->record.key.n);
        pb_put_bytes(&r, R_VALUE, m->record.value.p, m->record.value.n);
        pb_put_buf(out, M_RECORD, &r);
        buf_done(&r);
    }
    put_peers(out, M_CLOSER, m->closer, m->closer_count);
    put_peers(out, M_PROVIDERS, m->providers, m->provider_count);
}
