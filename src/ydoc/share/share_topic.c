/* What is said to all members at once, for those whom no stream reaches: what is typed here, in
 * envelopes of SHARE_BATCH_US each, and a digest of all there is.  Nothing is said while every
 * member has a stream with us.
 *
 * What comes is worth nothing if it cannot be what an honest member says who knows the same roster
 * as we.  Who knows another one is neither believed nor blamed: his may be the newer. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"
#include "ydoc/lib0.h"

#include <string.h>

#define REFUSED_LOG_US (60 * SEC)
enum { Y_SYNC = 0, Y_AWARENESS = 1, Y_UPDATE = 2 };
enum { BATCH_MAX = TOPIC_MSG_MAX - TOPIC_MSG_MORE };

static struct gossip *topics(const struct shared *d)
{
    return d->s->host ? host_topics(d->s->host) : NULL;
}

/* --- said ----------------------------------------------------------------------------------- */

static bool somebody_is_away(const struct shared *d)
{
    LIST_EACH(&d->bonds, struct bond, t, of_doc) {
        const struct session *x = session_find(d, &t->mate->peer);
        if (!x || !x->live)
            return true;
    }
    return false;
}

static void publish(struct shared *d, struct cur batch)
{
    struct topic_msg e = {.seq = d->roster.seq, .epoch = d->roster.epoch};
    struct topic_key k = {.doc = d->id, .author = d->s->self, .key = d->key};
    struct buf out = {0};
    struct why why;
    size_t peers;
    loop_random(d->s->loop, e.nonce, sizeof e.nonce);
    topic_msg_seal(&e, &k, batch, &out);
    if (gossip_publish(topics(d), d->topic, buf_cur(&out), &peers, &why) != OK)
        log_warn(d->s->log, "members are not told: %s", why.text);
    buf_done(&out);
}

static void flush(struct shared *d)
{
    timer_cancel(d->batch_timer);
    d->batch_timer = NULL;
    if (buf_len(&d->batch) > 0 && d->sub && d->has_key)
        publish(d, buf_cur(&d->batch));
    buf_done(&d->batch);
    d->batch_count = 0;
}

static void on_batch(void *arg)
{
    struct shared *d = arg;
    d->batch_timer = NULL;
    flush(d);
}

void topic_tell(struct shared *d)
{
    uint8_t digest[TOPIC_MSG_DIGEST_LEN];
    if (!d->sub || !d->has_key || !d->room)
        return;
    d->digest_us = loop_now_us(d->s->loop);
    shared_digest(d, digest);
    flush(d);
    topic_batch_digest(&d->batch, digest);
    flush(d);
}

static void on_digest(void *arg)
{
    struct shared *d = arg;
    d->batch_timer = NULL;
    topic_tell(d);
}

/* Readers say that they are here, and nothing else. */
static bool may_be_said(const struct shared *d, struct cur message)
{
    uint64_t type = lib0_uint(&message);
    if (type == Y_SYNC)
        return lib0_uint(&message) == Y_UPDATE && roster_role(d) != DOC_READER;
    return type == Y_AWARENESS;
}

static void on_seat(void *arg, struct cur message)
{
    struct shared *d = arg;
    if (!d->sub || !d->has_key || !may_be_said(d, message) || !somebody_is_away(d))
        return;
    if (message.n + 8 > BATCH_MAX) { /* who sees by the digest that there is more, comes for it */
        timer_cancel(d->batch_timer);
        d->batch_timer = timer_start(d->s->loop, SHARE_BATCH_US, on_digest, d);
        return;
    }
    if (buf_len(&d->batch) + message.n + 8 > BATCH_MAX || d->batch_count == TOPIC_MSG_MESSAGES_MAX)
        flush(d);
    topic_batch_put(&d->batch, message);
    d->batch_count++;
    if (!d->batch_timer)
        d->batch_timer = timer_start(d->s->loop, SHARE_BATCH_US, on_batch, d);
}

/* --- heard ---------------------------------------------------------------------------------- */

/* NULL: none that we have. */
static const uint8_t *key_of(const struct shared *d, uint64_t epoch)
{
    if (d->has_key && epoch == d->roster.epoch)
        return d->key;
    return d->old_epoch > 0 && epoch == d->old_epoch ? d->old_key : NULL;
}

/* What is not as it should be, by somebody who has the same roster, is his fault. */
static enum gossip_verdict wrong(struct shared *d, const char *what)
{
    struct share *s = d->s;
    uint64_t now_us = loop_now_us(s->loop);
    s->refused++;
    if (now_us - s->logged_us > REFUSED_LOG_US) {
        log_info(s->log, "%llu messages of documents' topics were refused; the last one: %s",
                 (unsigned long long)s->refused, what);
        s->logged_us = now_us;
        s->refused = 0;
    }
    return GOSSIP_REJECT;
}

static enum err take_one(struct shared *d, struct cur message, bool writes, const char *author,
                         struct why *why)
{
    struct cur at = message;
    uint64_t type = lib0_uint(&at);
    if (type == Y_AWARENESS)
        return seat_take(d->topic_seat, message, why);
    if (type != Y_SYNC || lib0_uint(&at) != Y_UPDATE)
        return OK; /* of a later version */
    struct cur update = lib0_bytes(&at);
    if (!cur_done(&at))
        return why_set(why, ERR_INVALID, "an update that is cut short");
    if (!writes)
        return why_set(why, ERR_DENIED, "a reader's update");
    return seat_take_update(d->topic_seat, update, author, why);
}

static enum gossip_verdict take_batch(struct shared *d, const struct peer_id *from,
                                      const struct topic_batch *b)
{
    char author[PEER_ID_FORMAT];
    struct why why;
    bool writes = roster_writes(&d->roster, from);
    struct bond *t = bond_find(d, from);
    peer_id_format(from, author);
    for (size_t i = 0; i < b->count; i++) {
        enum err err = take_one(d, b->messages[i], writes, author, &why);
        if (err == ERR_INVALID || err == ERR_LIMIT || err == ERR_DENIED)
            return wrong(d, why.text);
        if (err != OK && t)
            t->due = true; /* it could not be kept now */
    }
    if (b->has_digest && writes && t) {
        t->differs = true;
        memcpy(t->digest, b->digest, sizeof t->digest);
    }
    return GOSSIP_ACCEPT;
}

/* A document at rest is not woken to see that all is well. */
static bool says_nothing_new(const struct shared *d, const struct topic_batch *b)
{
    return b->count == 0 && b->has_digest && !d->room && d->has_rest &&
           memcmp(b->digest, d->rest, sizeof d->rest) == 0;
}

static enum gossip_verdict open_and_take(struct shared *d, const struct peer_id *from,
                                         const struct topic_msg *e, const uint8_t *key)
{
    struct topic_key k = {.doc = d->id, .author = *from, .key = key};
    struct topic_batch *b = MEM_NEW(struct topic_batch);
    struct buf plain = {0};
    struct why why;
    enum gossip_verdict v = GOSSIP_IGNORE;
    if (!topic_msg_open(e, &k, &plain))
        v = wrong(d, "it is not sealed with the document's key");
    else if (topic_batch_read(b, buf_cur(&plain), &why) != OK)
        v = wrong(d, why.text);
    else if (says_nothing_new(d, b))
        v = GOSSIP_ACCEPT;
    else if (shared_hold(d, &why) && d->topic_seat)
        v = take_batch(d, from, b);
    buf_done(&plain);
    free(b);
    return v;
}

static enum gossip_verdict on_news(void *arg, const struct gossip_news *n)
{
    struct shared *d = arg;
    struct topic_msg e;
    struct why why;
    if (peer_id_equal(n->from, &d->s->self))
        return GOSSIP_ACCEPT;
    if (topic_msg_read(&e, n->data, &why) != OK)
        return wrong(d, why.text);
    struct bond *t = bond_find(d, n->from);
    if (t && e.seq != d->roster.seq) /* one of us has an old one */
        t->due = true;
    if (!t)
        return e.seq == d->roster.seq ? wrong(d, "its author is no member") : GOSSIP_IGNORE;
    const uint8_t *key = key_of(d, e.epoch);
    return key ? open_and_take(d, n->from, &e, key) : GOSSIP_IGNORE;
}

/* --- there or not --------------------------------------------------------------------------- */

static void sit(struct shared *d)
{
    struct seat_cfg cfg = {.send = on_seat, .arg = d, .own_only = true, .author = ""};
    struct why why;
    d->topic_seat = room_sit(d->room, &cfg, &why);
    if (!d->topic_seat)
        log_warn(d->s->log, "a document's topic: %s", why.text);
    d->digest_us = 0;
}

void topic_see(struct shared *d)
{
    bool wanted = topics(d) && roster_has_us(d) && d->roster.count > 1;
    struct why why;
    if (!wanted) {
        topic_end(d);
        return;
    }
    if (!d->sub)
        d->sub = gossip_subscribe(topics(d), d->topic, on_news, d, &why);
    if (d->sub && d->room && !d->topic_seat)
        sit(d);
    if (d->topic_seat && loop_now_us(d->s->loop) - d->digest_us > SHARE_DIGEST_US &&
        somebody_is_away(d))
        topic_tell(d);
}

void topic_leave(struct shared *d)
{
    timer_cancel(d->batch_timer);
    d->batch_timer = NULL;
    flush(d);
    seat_leave(d->topic_seat);
    d->topic_seat = NULL;
}

void topic_end(struct shared *d)
{
    topic_leave(d);
    gossip_unsubscribe(d->sub);
    d->sub = NULL;
}
