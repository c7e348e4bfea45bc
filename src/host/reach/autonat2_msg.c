#include "host/reach/autonat2_msg.h"

#include "base/pb.h"

/* Fields of Message: one of these. */
enum { M_ASK = 1, M_ANSWER = 2, M_ASK_DATA = 3, M_DATA = 4 };
/* Of what is in them. */
enum { Q_ADDR = 1, Q_NONCE = 2 };
enum { A_STATUS = 1, A_INDEX = 2, A_DIALLED = 3 };
enum { W_INDEX = 1, W_BYTES = 2 };
enum { D_DATA = 1 };
enum { B_NONCE = 1 };
enum { H_STATUS = 1 };
enum { HEARD_OK = 0 };

static bool take_ask(struct autonat2_msg *out, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f)) {
        if (f.number == Q_ADDR && f.bytes.n > 0 && out->addr_count < AUTONAT2_ADDRS_MAX)
            out->addrs[out->addr_count++] = f.bytes;
        if (f.number == Q_NONCE)
            out->nonce = f.value;
    }
    return cur_done(&msg);
}

static bool take_answer(struct autonat2_msg *out, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f)) {
        if (f.number == A_STATUS)
            out->status = f.value;
        if (f.number == A_INDEX)
            out->index = f.value;
        if (f.number == A_DIALLED)
            out->dialled = f.value;
    }
    return cur_done(&msg);
}

static bool take_ask_data(struct autonat2_msg *out, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f)) {
        if (f.number == W_INDEX)
            out->index = f.value;
        if (f.number == W_BYTES)
            out->wanted_bytes = f.value;
    }
    return cur_done(&msg);
}

static bool take_data(struct autonat2_msg *out, struct cur msg)
{
    struct pb_field f;
    while (pb_next(&msg, &f))
        if (f.number == D_DATA)
            out->data = f.bytes;
    return cur_done(&msg) && out->data.n <= AUTONAT2_CHUNK_MAX;
}

/* "oneof": the last of several counts. */
static bool take_one(struct autonat2_msg *out, const struct pb_field *f)
{
    static bool (*const take[])(struct autonat2_msg *, struct cur) = {
        [M_ASK] = take_ask,
        [M_ANSWER] = take_answer,
        [M_ASK_DATA] = take_ask_data,
        [M_DATA] = take_data,
    };
    *out = (struct autonat2_msg){.kind = (enum autonat2_kind)(f->number - M_ASK)};
    return take[f->number](out, f->bytes);
}

enum err autonat2_decode(struct autonat2_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    bool good = true, found = false;
    *out = (struct autonat2_msg){0};
    while (good && pb_next(&msg, &f))
        if (f.number >= M_ASK && f.number <= M_DATA) {
            good = f.wire == PB_BYTES && take_one(out, &f);
            found = true;
        }
    if (!good || !found || !cur_done(&msg))
        return why_set(why, ERR_INVALID, "a message of AutoNAT 2 is malformed");
    return OK;
}

static void put_ask(const struct autonat2_msg *m, struct buf *in)
{
    for (size_t i = 0; i < m->addr_count; i++)
        pb_put_bytes(in, Q_ADDR, m->addrs[i].p, m->addrs[i].n);
    pb_put_fixed64(in, Q_NONCE, m->nonce);
}

void autonat2_encode(const struct autonat2_msg *m, struct buf *out)
{
    struct buf in = {0};
    switch (m->kind) {
    case AUTONAT2_ASK:
        put_ask(m, &in);
        break;
    case AUTONAT2_ANSWER:
        pb_put_uint(&in, A_STATUS, m->status);
        pb_put_uint(&in, A_INDEX, m->index);
        pb_put_uint(&in, A_DIALLED, m->dialled);
        break;
    case AUTONAT2_ASK_DATA:
        pb_put_uint(&in, W_INDEX, m->index);
        pb_put_uint(&in, W_BYTES, m->wanted_bytes);
        break;
    case AUTONAT2_DATA:
        pb_put_bytes(&in, D_DATA, m->data.p, m->data.n);
        break;
    }
    pb_put_buf(out, M_ASK + m->kind, &in);
    buf_done(&in);
}

/* --- over the connection dialled back ------------------------------------------------------- */

enum err autonat2_back_decode(uint64_t *nonce, struct cur msg, struct why *why)
{
    struct pb_field f;
    *nonce = 0;
    while (pb_next(&msg, &f))
        if (f.number == B_NONCE)
            *nonce = f.value;
    return cur_done(&msg) ? OK : why_set(why, ERR_INVALID, "a dial back is malformed");
}

void autonat2_back_encode(uint64_t nonce, struct buf *out)
{
    pb_put_fixed64(out, B_NONCE, nonce);
}

enum err autonat2_heard_decode(struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t status = HEARD_OK;
    while (pb_next(&msg, &f))
        if (f.number == H_STATUS)
            status = f.value;
    if (!cur_done(&msg) || status != HEARD_OK)
        return why_set(why, ERR_INVALID, "the answer to a dial back is malformed, or says no");
    return OK;
}

void autonat2_heard_encode(struct buf *out)
{
    pb_put_uint(out, H_STATUS, HEARD_OK);
}
