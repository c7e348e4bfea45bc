#include "host/gossip/gossip_msg.h"

#include "base/pb.h"

/* Fields of RPC, SubOpts, Message, ControlMessage, and of what lies in it. */
enum { RPC_SUBSCRIPTIONS = 1, RPC_PUBLISH = 2, RPC_CONTROL = 3 };
enum { SUB_SUBSCRIBE = 1, SUB_TOPIC = 2 };
enum { MSG_FROM = 1, MSG_DATA = 2, MSG_SEQNO = 3, MSG_TOPIC = 4, MSG_SIGNATURE = 5, MSG_KEY = 6 };
enum { CTL_IHAVE = 1, CTL_IWANT = 2, CTL_GRAFT = 3, CTL_PRUNE = 4, CTL_IDONTWANT = 5 };
enum { IHAVE_TOPIC = 1, IHAVE_IDS = 2, IDS = 1 };
enum { PRUNE_TOPIC = 1, PRUNE_PEERS = 2, PRUNE_BACKOFF = 3 };
enum { PX_ID = 1, PX_RECORD = 2 };

/* --- reading -------------------------------------------------------------------------------- */

enum err gossip_msg_decode(struct gossip_msg *out, struct cur bytes, struct why *why)
{
    struct pb_field f;
    *out = (struct gossip_msg){.whole = bytes};
    struct cur *const fields[] = {
        [MSG_FROM] = &out->from,   [MSG_DATA] = &out->data, [MSG_SEQNO] = &out->seqno,
        [MSG_TOPIC] = &out->topic, [MSG_KEY] = &out->key,   [MSG_SIGNATURE] = &out->signature};
    while (pb_next(&bytes, &f))
        if (f.number <= MSG_KEY && f.wire == PB_BYTES)
            *fields[f.number] = f.bytes;
    if (!cur_done(&bytes))
        return why_set(why, ERR_INVALID, "a message of a topic is malformed");
    return OK;
}

/* False: malformed. */
static bool take_sub(struct gossip_item *out, struct cur msg)
{
    struct pb_field f;
    out->kind = GOSSIP_UNSUBSCRIBE;
    while (pb_next(&msg, &f)) {
        if (f.number == SUB_SUBSCRIBE)
            out->kind = f.value ? GOSSIP_SUBSCRIBE : GOSSIP_UNSUBSCRIBE;
        if (f.number == SUB_TOPIC)
            out->topic = f.bytes;
    }
    return cur_done(&msg);
}

/* The parts of PRUNE, of which GRAFT and IHAVE have the first. */
static bool take_topic(struct gossip_item *out, struct cur msg)
{
    struct pb_field f;
    out->peers = msg;
    while (pb_next(&msg, &f)) {
        if (f.number == PRUNE_TOPIC)
            out->topic = f.bytes;
        if (out->kind == GOSSIP_PRUNE && f.number == PRUNE_BACKOFF)
            out->backoff_s = f.value;
    }
    return cur_done(&msg);
}

static bool take_ids(struct gossip_item *out, struct cur msg, uint32_t field)
{
    struct pb_field f;
    out->ids = msg;
    out->ids_field = field;
    while (pb_next(&msg, &f))
        if (field == IHAVE_IDS && f.number == IHAVE_TOPIC)
            out->topic = f.bytes;
    return cur_done(&msg);
}

enum took { TOOK_ITEM, TOOK_NOTHING, TOOK_BAD };

static enum took took(bool good)
{
    return good ? TOOK_ITEM : TOOK_BAD;
}

static enum took take_control(struct gossip_item *out, const struct pb_field *f)
{
    switch (f->number) {
    case CTL_IHAVE:
        out->kind = GOSSIP_IHAVE;
        return took(take_ids(out, f->bytes, IHAVE_IDS));
    case CTL_IWANT:
        out->kind = GOSSIP_IWANT;
        return took(take_ids(out, f->bytes, IDS));
    case CTL_GRAFT:
        out->kind = GOSSIP_GRAFT;
        return took(take_topic(out, f->bytes));
    case CTL_PRUNE:
        out->kind = GOSSIP_PRUNE;
        return took(take_topic(out, f->bytes));
    case CTL_IDONTWANT:
        out->kind = GOSSIP_IDONTWANT;
        return took(take_ids(out, f->bytes, IDS));
    default: /* of other versions */
        return TOOK_NOTHING;
    }
}

static enum took take_field(struct gossip_rpc *r, struct gossip_item *out, const struct pb_field *f)
{
    switch (f->number) {
    case RPC_SUBSCRIPTIONS:
        return took(take_sub(out, f->bytes));
    case RPC_PUBLISH:
        out->kind = GOSSIP_MESSAGE;
        return took(gossip_msg_decode(&out->msg, f->bytes, NULL) == OK);
    case RPC_CONTROL:
        r->control = f->bytes;
        return TOOK_NOTHING;
    default: /* of other versions */
        return TOOK_NOTHING;
    }
}

/* One field further; what is malformed poisons r->rest. */
static enum took step(struct gossip_rpc *r, struct gossip_item *out)
{
    struct pb_field f;
    enum took t = TOOK_NOTHING;
    *out = (struct gossip_item){0};
    if (r->control.n > 0)
        t = pb_next(&r->control, &f) ? take_control(out, &f) : TOOK_BAD;
    else
        t = pb_next(&r->rest, &f) ? take_field(r, out, &f) : TOOK_BAD;
    return t;
}

static bool at_end(const struct gossip_rpc *r)
{
    return r->rest.n == 0 && r->control.n == 0;
}

enum err gossip_rpc_open(struct gossip_rpc *r, struct cur bytes, struct why *why)
{
    struct gossip_item it;
    unsigned items = 0;
    *r = (struct gossip_rpc){.rest = bytes};
    while (!at_end(r)) {
        enum took t = step(r, &it);
        if (t == TOOK_BAD)
            return why_set(why, ERR_INVALID, "an RPC of gossip is malformed");
        if (++items > GOSSIP_ITEMS_MAX)
            return why_set(why, ERR_LIMIT, "an RPC of gossip with more than %d parts",
                           GOSSIP_ITEMS_MAX);
    }
    if (r->rest.bad || r->control.bad)
        return why_set(why, ERR_INVALID, "an RPC of gossip is malformed");
    *r = (struct gossip_rpc){.rest = bytes};
    return OK;
}

static bool is_ours_to_read(const struct gossip_item *it)
{
    switch (it->kind) {
    case GOSSIP_MESSAGE:
        return it->msg.topic.p && it->msg.topic.n <= GOSSIP_TOPIC_MAX;
    case GOSSIP_IWANT:
    case GOSSIP_IDONTWANT:
        return true;
    case GOSSIP_SUBSCRIBE:
    case GOSSIP_UNSUBSCRIBE:
    case GOSSIP_IHAVE:
    case GOSSIP_GRAFT:
    case GOSSIP_PRUNE:
        break;
    }
    return it->topic.p && it->topic.n <= GOSSIP_TOPIC_MAX;
}

bool gossip_rpc_next(struct gossip_rpc *r, struct gossip_item *out)
{
    while (!at_end(r))
        if (step(r, out) == TOOK_ITEM && is_ours_to_read(out))
            return true;
    return false;
}

bool gossip_ids_next(struct gossip_item *it, struct cur *id)
{
    struct pb_field f;
    while (pb_next(&it->ids, &f))
        if (f.number == it->ids_field && f.bytes.n > 0 && f.bytes.n <= GOSSIP_ID_MAX) {
            *id = f.bytes;
            return true;
        }
    return false;
}

bool gossip_px_next(struct gossip_item *it, struct cur *id, struct cur *record)
{
    struct pb_field f, part;
    while (pb_next(&it->peers, &f)) {
        if (f.number != PRUNE_PEERS || f.wire != PB_BYTES)
            continue;
        *id = *record = cur_of(NULL, 0);
        while (pb_next(&f.bytes, &part)) {
            if (part.number == PX_ID)
                *id = part.bytes;
            if (part.number == PX_RECORD)
                *record = part.bytes;
        }
        if (cur_done(&f.bytes) && id->n > 0)
            return true;
    }
    return false;
}

/* --- writing -------------------------------------------------------------------------------- */

void gossip_put_sub(struct buf *rpc, struct cur topic, bool subscribe)
{
    struct buf sub = {0};
    pb_put_uint(&sub, SUB_SUBSCRIBE, subscribe);
    pb_put_bytes(&sub, SUB_TOPIC, topic.p, topic.n);
    pb_put_buf(rpc, RPC_SUBSCRIPTIONS, &sub);
    buf_done(&sub);
}

void gossip_put_msg(struct buf *rpc, struct cur message)
{
    pb_put_bytes(rpc, RPC_PUBLISH, message.p, message.n);
}

void gossip_put_control(struct buf *rpc, const struct buf *control)
{
    if (buf_len(control) > 0)
        pb_put_buf(rpc, RPC_CONTROL, control);
}

void gossip_put_graft(struct buf *control, struct cur topic)
{
    struct buf graft = {0};
    pb_put_bytes(&graft, PRUNE_TOPIC, topic.p, topic.n);
    pb_put_buf(control, CTL_GRAFT, &graft);
    buf_done(&graft);
}

void gossip_put_px(struct buf *peers, struct cur id, struct cur record)
{
    struct buf one = {0};
    pb_put_bytes(&one, PX_ID, id.p, id.n);
    if (record.n > 0)
        pb_put_bytes(&one, PX_RECORD, record.p, record.n);
    pb_put_buf(peers, PRUNE_PEERS, &one);
    buf_done(&one);
}

void gossip_put_prune(struct buf *control, struct cur topic, uint64_t backoff_s,
                      const struct buf *peers)
{
    struct buf prune = {0};
    pb_put_bytes(&prune, PRUNE_TOPIC, topic.p, topic.n);
    if (peers)
        buf_put(&prune, buf_bytes(peers), buf_len(peers));
    pb_put_uint(&prune, PRUNE_BACKOFF, backoff_s);
    pb_put_buf(control, CTL_PRUNE, &prune);
    buf_done(&prune);
}

void gossip_put_id(struct buf *ids, enum gossip_item_kind kind, struct cur id)
{
    pb_put_bytes(ids, kind == GOSSIP_IHAVE ? IHAVE_IDS : IDS, id.p, id.n);
}

void gossip_put_ids(struct buf *control, enum gossip_item_kind kind, struct cur topic,
                    const struct buf *ids)
{
    struct buf one = {0};
    if (kind == GOSSIP_IHAVE)
        pb_put_bytes(&one, IHAVE_TOPIC, topic.p, topic.n);
    buf_put(&one, buf_bytes(ids), buf_len(ids));
    pb_put_buf(control,
               kind == GOSSIP_IHAVE   ? CTL_IHAVE
               : kind == GOSSIP_IWANT ? CTL_IWANT
                                      : CTL_IDONTWANT,
               &one);
    buf_done(&one);
}
