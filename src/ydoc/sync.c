#include "ydoc/sync.h"

#include "ydoc/awareness.h"
#include "ydoc/doc.h"
#include "ydoc/lib0.h"
#include "ydoc/update.h"

#include <string.h>

/* y-protocols, PROTOCOL.md */
enum { MESSAGE_SYNC, MESSAGE_AWARENESS, MESSAGE_AUTH, MESSAGE_QUERY_AWARENESS };
enum { STEP_1, STEP_2, UPDATE };

void sync_step1(struct ydoc *d, struct buf *out)
{
    struct buf state = {0};
    ydoc_state(d, &state);
    lib0_put_uint(out, MESSAGE_SYNC);
    lib0_put_uint(out, STEP_1);
    lib0_put_bytes(out, buf_bytes(&state), buf_len(&state));
    buf_done(&state);
}

void sync_update(struct cur update, struct buf *out)
{
    lib0_put_uint(out, MESSAGE_SYNC);
    lib0_put_uint(out, UPDATE);
    lib0_put_bytes(out, update.p, update.n);
}

void sync_awareness(struct cur update, struct buf *out)
{
    lib0_put_uint(out, MESSAGE_AWARENESS);
    lib0_put_bytes(out, update.p, update.n);
}

void sync_denied(const char *reason, struct buf *out)
{
    lib0_put_uint(out, MESSAGE_AUTH);
    lib0_put_uint(out, 0);
    lib0_put_bytes(out, reason, strlen(reason));
}

/* What they lack, also when that is nothing: they wait for it. */
static enum err answer(struct ydoc *d, struct cur have, struct buf *reply, struct why *why)
{
    struct states states = {0};
    struct buf update = {0};
    enum err e = states_read(&states, have, why);
    if (e == OK) {
        ydoc_encode(d, UPDATE_V1, &states, &update);
        lib0_put_uint(reply, MESSAGE_SYNC);
        lib0_put_uint(reply, STEP_2);
        lib0_put_bytes(reply, buf_bytes(&update), buf_len(&update));
    }
    states_done(&states);
    buf_done(&update);
    return e;
}

/* Not taken in.  Who connects answers our step 1, mostly with nothing, or with deletes that we
 * know: that is no attempt to write. */
static enum err refuse(struct ydoc *d, bool answers, struct cur update, enum sync_kind *kind,
                       struct why *why)
{
    struct states have = {0};
    struct buf state = {0}, news = {0};
    ydoc_state(d, &state);
    enum err e = states_read(&have, buf_cur(&state), why);
    if (e == OK)
        e = update_diff(UPDATE_V1, update, &have, &news, why);
    struct cur c = buf_cur(&news);
    if (e == OK && (!answers || lib0_uint(&c) > 0))
        *kind = SYNC_REFUSED;
    states_done(&have);
    buf_done(&state);
    buf_done(&news);
    return e;
}

static enum err take_sync(struct ydoc *d, struct cur message, bool writable, enum sync_kind *kind,
                          struct cur *payload, struct buf *reply, struct buf *scratch,
                          struct why *why)
{
    uint64_t step = lib0_uint(&message);
    *payload = lib0_bytes(&message);
    if (!cur_done(&message) || step > UPDATE)
        return why_set(why, ERR_INVALID, "a sync message that is cut short or of no known kind");
    if (step == STEP_1) {
        *kind = SYNC_ASKED;
        return answer(d, *payload, reply, why);
    }
    bool waits = false;
    if (!writable)
        return refuse(d, step == STEP_2, *payload, kind, why);
    *kind = SYNC_UPDATE;
    buf_clear(scratch);
    enum err e = ydoc_learn(d, UPDATE_V1, *payload, scratch, &waits, why);
    if (!waits)
        *payload = buf_cur(scratch);
    return e;
}

enum err sync_take(struct ydoc *d, struct awareness *a, struct cur message, bool writable,
                   uint64_t now_us, enum sync_kind *kind, struct cur *payload, struct buf *reply,
                   struct buf *scratch, struct why *why)
{
    uint64_t type = lib0_uint(&message);
    enum err e = OK;
    *kind = SYNC_NOTHING;
    *payload = (struct cur){0};
    if (message.bad)
        return why_set(why, ERR_INVALID, "an empty message");
    if (type == MESSAGE_SYNC)
        return take_sync(d, message, writable, kind, payload, reply, scratch, why);
    if (type == MESSAGE_AWARENESS) {
        *kind = SYNC_AWARENESS;
        buf_clear(scratch);
        e = awareness_apply(a, lib0_bytes(&message), now_us, scratch, why);
        *payload = buf_cur(scratch);
    } else if (type == MESSAGE_QUERY_AWARENESS) {
        struct buf all = {0};
        *kind = SYNC_ASKED;
        awareness_encode(a, &all);
        sync_awareness(buf_cur(&all), reply);
        buf_done(&all);
    } else if (type == MESSAGE_AUTH && lib0_uint(&message) == 0) {
        *kind = SYNC_DENIED;
        *payload = lib0_text(&message);
    }
    return e;
}
