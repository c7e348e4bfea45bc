#include "host/reach/autonat_msg.h"

#include "base/pb.h"

/* Fields of Message, Dial, PeerInfo and DialResponse. */
enum { M_TYPE = 1, M_DIAL = 2, M_RESPONSE = 3 };
enum { D_PEER = 1 };
enum { P_ID = 1, P_ADDR = 2 };
enum { R_STATUS = 1, R_ADDR = 3 }; /* 2 is a text for people */
enum { TYPE_DIAL = 0, TYPE_RESPONSE = 1 };

static bool take_peer(struct autonat_msg *out, struct cur msg)
{
    struct pb_field f;
    bool good = true;
    while (good && pb_next(&msg, &f)) {
        if (f.number == P_ID)
            good = peer_id_decode(&out->peer, f.bytes, NULL) == OK;
        if (f.number == P_ADDR && f.bytes.n > 0 && out->addr_count < AUTONAT_ADDRS_MAX)
            out->addrs[out->addr_count++] = f.bytes;
    }
    return good && cur_done(&msg);
}

static bool take_dial(struct autonat_msg *out, struct cur msg)
{
    struct pb_field f;
    bool good = true;
    while (good && pb_next(&msg, &f))
        if (f.number == D_PEER)
            good = take_peer(out, f.bytes);
    return good && cur_done(&msg);
}

static bool take_response(struct autonat_msg *out, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f)) {
        if (f.number == R_STATUS)
            out->status = f.value;
        if (f.number == R_ADDR)
            out->addr = f.bytes;
    }
    return cur_done(&msg);
}

enum err autonat_decode(struct autonat_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t type = TYPE_DIAL;
    bool good = true;
    *out = (struct autonat_msg){0};
    while (good && pb_next(&msg, &f)) {
        if (f.number == M_TYPE)
            type = f.value;
        if (f.number == M_DIAL)
            good = take_dial(out, f.bytes);
        if (f.number == M_RESPONSE)
            good = take_response(out, f.bytes);
    }
    if (!good || !cur_done(&msg) || type > TYPE_RESPONSE)
        return why_set(why, ERR_INVALID, "a message of AutoNAT is malformed");
    out->response = type == TYPE_RESPONSE;
    return OK;
}

void autonat_encode(const struct autonat_msg *m, struct buf *out)
{
    struct buf peer = {0}, in = {0};
    pb_put_uint(out, M_TYPE, m->response ? TYPE_RESPONSE : TYPE_DIAL);
    if (m->response) {
        pb_put_uint(&in, R_STATUS, m->status);
        if (m->addr.n > 0)
            pb_put_bytes(&in, R_ADDR, m->addr.p, m->addr.n);
        pb_put_buf(out, M_RESPONSE, &in);
    } else {
        if (m->peer.len > 0)
            pb_put_bytes(&peer, P_ID, m->peer.bytes, m->peer.len);
        for (size_t i = 0; i < m->addr_count; i++)
            pb_put_bytes(&peer, P_ADDR, m->addrs[i].p, m->addrs[i].n);
        pb_put_buf(&in, D_PEER, &peer);
        pb_put_buf(out, M_DIAL, &in);
    }
    buf_done(&peer);
    buf_done(&in);
}
