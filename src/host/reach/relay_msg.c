#include "host/reach/relay_msg.h"

#include "base/pb.h"
#include "host/name/envelope.h"

/* Fields of HopMessage, of StopMessage, and of what is in them. */
enum { H_TYPE = 1, H_PEER = 2, H_RESERVATION = 3, H_LIMIT = 4, H_STATUS = 5 };
enum { S_TYPE = 1, S_PEER = 2, S_LIMIT = 3, S_STATUS = 4 };
enum { S_CONNECT = 0, S_IS_STATUS = 1 };
enum { P_ID = 1 };
enum { R_EXPIRE = 1, R_ADDR = 2, R_VOUCHER = 3 };
enum { L_DURATION = 1, L_DATA = 2 };
enum { V_RELAY = 1, V_PEER = 2, V_EXPIRE = 3 };

/* --- the parts ------------------------------------------------------------------------------ */

static bool take_peer(struct peer_id *out, struct cur msg)
{
    struct pb_field f;
    bool good = true;
    while (pb_next(&msg, &f))
        if (f.number == P_ID)
            good = peer_id_decode(out, f.bytes, NULL) == OK;
    return good && cur_done(&msg);
}

static bool take_limit(struct relay_limit *out, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f)) {
        if (f.number == L_DURATION)
            out->duration_s = f.value;
        if (f.number == L_DATA)
            out->data_bytes = f.value;
    }
    return cur_done(&msg);
}

static bool take_reservation(struct relay_msg *out, struct cur msg)
{
    struct pb_field f;
    out->has_reservation = true;
    while (pb_next(&msg, &f)) {
        if (f.number == R_EXPIRE)
            out->expire_s = f.value;
        if (f.number == R_ADDR && f.bytes.n > 0 && out->addr_count < RELAY_ADDRS_MAX)
            out->addrs[out->addr_count++] = f.bytes;
        if (f.number == R_VOUCHER)
            out->voucher = f.bytes;
    }
    return cur_done(&msg);
}

static void put_peer(struct buf *out, uint32_t number, const struct peer_id *id)
{
    struct buf in = {0};
    if (id->len == 0)
        return;
    pb_put_bytes(&in, P_ID, id->bytes, id->len);
    pb_put_buf(out, number, &in);
    buf_done(&in);
}

static void put_limit(struct buf *out, uint32_t number, const struct relay_limit *l)
{
    struct buf in = {0};
    if (l->duration_s == 0 && l->data_bytes == 0)
        return; /* "When omitted, it indicates that the relay does not apply any limits" */
    pb_put_uint(&in, L_DURATION, l->duration_s);
    pb_put_uint(&in, L_DATA, l->data_bytes);
    pb_put_buf(out, number, &in);
    buf_done(&in);
}

static void put_reservation(struct buf *out, const struct relay_msg *m)
{
    struct buf in = {0};
    pb_put_uint(&in, R_EXPIRE, m->expire_s);
    for (size_t i = 0; i < m->addr_count; i++)
        pb_put_bytes(&in, R_ADDR, m->addrs[i].p, m->addrs[i].n);
    if (m->voucher.n > 0)
        pb_put_bytes(&in, R_VOUCHER, m->voucher.p, m->voucher.n);
    pb_put_buf(out, H_RESERVATION, &in);
    buf_done(&in);
}

/* --- hop ------------------------------------------------------------------------------------ */

static bool take_hop(struct relay_msg *out, const struct pb_field *f, uint64_t *type)
{
    switch (f->number) {
    case H_TYPE:
        *type = f->value;
        return true;
    case H_PEER:
        return take_peer(&out->peer, f->bytes);
    case H_RESERVATION:
        return take_reservation(out, f->bytes);
    case H_LIMIT:
        return take_limit(&out->limit, f->bytes);
    case H_STATUS:
        out->status = f->value;
        return true;
    default: /* of later versions */
        return true;
    }
}

enum err relay_hop_decode(struct relay_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t type = RELAY_RESERVE;
    bool good = true;
    *out = (struct relay_msg){0};
    while (good && pb_next(&msg, &f))
        good = take_hop(out, &f, &type);
    if (!good || !cur_done(&msg))
        return why_set(why, ERR_INVALID, "a message about a relay is malformed");
    if (type > RELAY_STATUS)
        return why_set(why, ERR_INVALID, "a message about a relay of type %llu",
                       (unsigned long long)type);
    out->type = (enum relay_type)type;
    return OK;
}

void relay_hop_encode(const struct relay_msg *m, struct buf *out)
{
    pb_put_uint(out, H_TYPE, (uint64_t)m->type);
    put_peer(out, H_PEER, &m->peer);
    if (m->has_reservation)
        put_reservation(out, m);
    put_limit(out, H_LIMIT, &m->limit);
    if (m->type == RELAY_STATUS)
        pb_put_uint(out, H_STATUS, m->status);
}

/* --- stop ----------------------------------------------------------------------------------- */

static bool take_stop(struct relay_msg *out, const struct pb_field *f, uint64_t *type)
{
    switch (f->number) {
    case S_TYPE:
        *type = f->value;
        return true;
    case S_PEER:
        return take_peer(&out->peer, f->bytes);
    case S_LIMIT:
        return take_limit(&out->limit, f->bytes);
    case S_STATUS:
        out->status = f->value;
        return true;
    default:
        return true;
    }
}

enum err relay_stop_decode(struct relay_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t type = S_CONNECT;
    bool good = true;
    *out = (struct relay_msg){0};
    while (good && pb_next(&msg, &f))
        good = take_stop(out, &f, &type);
    if (!good || !cur_done(&msg))
        return why_set(why, ERR_INVALID, "a call through a relay is malformed");
    if (type > S_IS_STATUS)
        return why_set(why, ERR_INVALID, "a call through a relay of type %llu",
                       (unsigned long long)type);
    out->type = type == S_CONNECT ? RELAY_CONNECT : RELAY_STATUS;
    return OK;
}

void relay_stop_encode(const struct relay_msg *m, struct buf *out)
{
    pb_put_uint(out, S_TYPE, m->type == RELAY_STATUS ? S_IS_STATUS : S_CONNECT);
    put_peer(out, S_PEER, &m->peer);
    put_limit(out, S_LIMIT, &m->limit);
    if (m->type == RELAY_STATUS)
        pb_put_uint(out, S_STATUS, m->status);
}

const char *relay_status_text(uint64_t status)
{
    switch (status) {
    case RELAY_OK:
        return "yes (100)";
    case RELAY_RESERVATION_REFUSED:
        return "reservation refused (200)";
    case RELAY_RESOURCE_LIMIT_EXCEEDED:
        return "its limits are reached (201)";
    case RELAY_PERMISSION_DENIED:
        return "not allowed (202)";
    case RELAY_CONNECTION_FAILED:
        return "it cannot reach that peer (203)";
    case RELAY_NO_RESERVATION:
        return "that peer has no reservation there (204)";
    case RELAY_MALFORMED_MESSAGE:
        return "malformed message (400)";
    case RELAY_UNEXPECTED_MESSAGE:
        return "unexpected message (401)";
    default:
        return "a status that we do not know";
    }
}

/* --- vouchers ------------------------------------------------------------------------------- */

enum err relay_voucher_open(struct relay_voucher *out, struct cur envelope, struct why *why)
{
    struct pubkey signer;
    struct peer_id who;
    struct cur msg;
    struct pb_field f;
    bool good = true;
    *out = (struct relay_voucher){0};
    enum err code =
        envelope_open(envelope, RELAY_VOUCHER_DOMAIN, RELAY_VOUCHER_TYPE, &signer, &msg, why);
    if (code != OK)
        return code;
    while (good && pb_next(&msg, &f)) {
        if (f.number == V_RELAY)
            good = peer_id_decode(&out->relay, f.bytes, NULL) == OK;
        if (f.number == V_PEER)
            good = peer_id_decode(&out->peer, f.bytes, NULL) == OK;
        if (f.number == V_EXPIRE)
            out->expire_s = f.value;
    }
    if (!good || !cur_done(&msg) || out->relay.len == 0 || out->peer.len == 0)
        return why_set(why, ERR_INVALID, "a relay's voucher is malformed");
    peer_id_of_key(&signer, &who);
    if (!peer_id_equal(&who, &out->relay))
        return why_set(why, ERR_INVALID, "a relay's voucher is signed by somebody else");
    return OK;
}

void relay_voucher_seal(const struct relay_voucher *v, struct buf *out, const struct keys *keys)
{
    struct buf in = {0};
    pb_put_bytes(&in, V_RELAY, v->relay.bytes, v->relay.len);
    pb_put_bytes(&in, V_PEER, v->peer.bytes, v->peer.len);
    pb_put_uint(&in, V_EXPIRE, v->expire_s);
    envelope_seal(out, RELAY_VOUCHER_DOMAIN, RELAY_VOUCHER_TYPE, buf_bytes(&in), buf_len(&in),
                  keys);
    buf_done(&in);
}
