/* Answers that are longer than a strange relay carries at once: in pieces, which go on where they
 * ended when the two meet again.  What is under way, either way, lies here meanwhile: few of them,
 * and not for long; whose place was taken begins anew. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"
#include "crypto/sha256.h"
#include "ydoc/lib0.h"

#include <stdlib.h>
#include <string.h>

struct partial {
    struct link link; /* in share.partials, the one last touched at the end */
    struct doc_id doc;
    struct peer_id peer;
    bool ours; /* it is we who say it */
    uint8_t name[PART_NAME_LEN];
    uint64_t total;
    struct buf bytes; /* all of it; or what came so far */
    uint64_t at_us;
};

static void name_of(struct cur whole, uint8_t out[PART_NAME_LEN])
{
    uint8_t hash[SHA256_LEN];
    sha256(whole.p, whole.n, hash);
    memcpy(out, hash, PART_NAME_LEN);
}

static void partial_free(struct share *s, struct partial *p)
{
    list_drop(&p->link);
    s->partial_count--;
    buf_done(&p->bytes);
    free(p);
}

void parts_see(struct share *s)
{
    LIST_EACH(&s->partials, struct partial, p, link)
        if (loop_now_us(s->loop) - p->at_us > SHARE_PARTIAL_US)
            partial_free(s, p);
}

void parts_done(struct share *s)
{
    LIST_EACH(&s->partials, struct partial, p, link)
        partial_free(s, p);
}

/* NULL: none. */
static struct partial *partial_find(const struct session *x, bool ours)
{
    struct share *s = x->s;
    LIST_EACH(&s->partials, struct partial, p, link)
        if (p->ours == ours && memcmp(&p->doc, &x->doc->id, sizeof p->doc) == 0 &&
            peer_id_equal(&p->peer, &x->peer)) {
            list_drop(&p->link);
            list_push(&s->partials, &p->link);
            p->at_us = loop_now_us(s->loop);
            return p;
        }
    return NULL;
}

/* In the place of what there was of it. */
static struct partial *partial_new(const struct session *x, bool ours, uint64_t total)
{
    struct share *s = x->s;
    struct partial *old = partial_find(x, ours);
    if (!old && s->partial_count == SHARE_PARTIALS_MAX)
        old = LIST_FIRST(&s->partials, struct partial, link);
    if (old)
        partial_free(s, old);
    struct partial *p = MEM_NEW(struct partial);
    p->doc = x->doc->id;
    p->peer = x->peer;
    p->ours = ours;
    p->total = total;
    p->at_us = loop_now_us(s->loop);
    list_push(&s->partials, &p->link);
    s->partial_count++;
    return p;
}

/* --- said ----------------------------------------------------------------------------------- */

void parts_have(const struct session *x, struct buf *out)
{
    const struct partial *p = partial_find(x, false);
    if (!p)
        return;
    struct part_msg have = {.at = buf_len(&p->bytes)};
    memcpy(have.name, p->name, sizeof have.name);
    lib0_put_uint(out, DOC_PART_HAVE);
    part_put_have(&have, out);
}

/* Where it goes on; what they have is used once, for then they have more. */
static uint64_t begin_of(struct session *x, const struct partial *p)
{
    bool goes_on = x->theirs.at > 0 && x->theirs.at < p->total &&
                   memcmp(x->theirs.name, p->name, sizeof p->name) == 0;
    uint64_t at = goes_on ? x->theirs.at : 0;
    x->theirs = (struct part_msg){0};
    return at;
}

enum err parts_send(struct session *x, struct cur whole, struct why *why)
{
    struct partial *p = partial_find(x, true);
    enum err err = OK;
    uint64_t at = p ? begin_of(x, p) : 0;
    if (at == 0) { /* else they ask again when they have it: for this answer, and what came since */
        p = partial_new(x, true, whole.n);
        buf_put(&p->bytes, whole.p, whole.n);
        name_of(whole, p->name);
    }
    for (struct buf b = {0}; at < p->total && err == OK; buf_done(&b)) {
        struct cur rest = cur_of(buf_bytes(&p->bytes) + at, (size_t)(p->total - at));
        struct part_msg part = {.at = at, .total = p->total};
        part.bytes = cur_take(&rest, rest.n < PART_MAX ? rest.n : PART_MAX);
        memcpy(part.name, p->name, sizeof part.name);
        lib0_put_uint(&b, DOC_PART);
        part_put(&part, &b);
        err = messages_send(x->m, buf_bytes(&b), buf_len(&b), why);
        at += part.bytes.n;
    }
    return err;
}

/* --- heard ---------------------------------------------------------------------------------- */

enum err parts_take(struct session *x, struct cur msg, struct buf *whole, struct why *why)
{
    struct part_msg part;
    uint8_t name[PART_NAME_LEN];
    enum err err = part_read(&part, msg, SHARE_MESSAGE_MAX, why);
    if (err != OK)
        return err;
    struct partial *p = partial_find(x, false);
    bool fits = p && p->total == part.total && buf_len(&p->bytes) == part.at &&
                memcmp(p->name, part.name, sizeof p->name) == 0;
    if (!fits && part.at > 0) /* its beginning had to make way here */
        return why_set(why, ERR_STATE, "a piece whose beginning is not here");
    if (!fits) {
        p = partial_new(x, false, part.total);
        memcpy(p->name, part.name, sizeof p->name);
    }
    x->goes_on |= part.at > 0 && !x->began;
    x->began = true;
    buf_put(&p->bytes, part.bytes.p, part.bytes.n);
    if (buf_len(&p->bytes) < p->total)
        return OK;
    name_of(buf_cur(&p->bytes), name);
    bool same = memcmp(name, p->name, sizeof name) == 0;
    *whole = p->bytes;
    p->bytes = (struct buf){0};
    partial_free(x->s, p);
    return same ? OK : why_set(why, ERR_INVALID, "pieces that are not what they were called");
}
