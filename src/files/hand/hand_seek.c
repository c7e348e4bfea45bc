/* Who has what a code stands for?  All who may are asked: those we are connected with that speak of
 * it, and those that the table names; first by the number alone, and with those who have one, the
 * words are tried.
 *
 * A stranger who claims every number is given one guess at our words by it.  So each is tried once,
 * and HAND_WRONG_MAX in all. */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/wipe.h"
#include "host/mux/messages.h"

#include <stdlib.h>
#include <string.h>

enum { TIMES_MAX = 16 /* that one peer is asked for the number */, PEERS_MAX = 1024 };
#define LOOK_FIRST_US (2 * SEC) /* between two looks at the table; doubled up to */
#define LOOK_LAST_US (15 * SEC)
#define STAND_US (3 * SEC) /* after wrong words somebody else may still turn up */

enum asked { TO_ASK, ASKING, AWAY, SAID_NO, TRIED };

struct one {
    struct peer_id peer;
    enum asked state;
    unsigned times;
};

enum stage { SENT_SHARE, SENT_TAG };

/* One who is being asked. */
struct trial {
    struct link link; /* in seek.trials */
    struct seek *s;
    size_t one;
    struct host_open *open;
    struct messages *m;
    bool heard;
    struct cpace c;
    uint8_t session[HAND_SESSION_LEN];
    enum stage stage;
    struct cpace_keys keys;
};

struct seek {
    struct hands *h;
    struct hand_code code;
    struct peer_id only;
    struct one asked[HAND_ASKED_MAX];
    size_t asked_count, trial_count;
    struct link trials;
    unsigned wrong;
    bool refused;  /* by the only one who is asked */
    bool standing; /* whether somebody else turns up */
    bool looked;   /* the table has answered once, or there is none */
    struct hand_table_look *look;
    uint64_t pause_us; /* until the next look */
    struct timer *again, *deadline, *soon;
    seek_cb *cb;
    void *arg;
};

static void trial_free(struct trial *t)
{
    t->s->trial_count--;
    list_drop(&t->link);
    host_open_cancel(t->open);
    messages_free(t->m);
    wipe(&t->c, sizeof t->c);
    wipe(&t->keys, sizeof t->keys);
    free(t);
}

void seek_cancel(struct seek *s)
{
    if (!s)
        return;
    LIST_EACH(&s->trials, struct trial, t, link)
        trial_free(t);
    hand_table_cancel(s->look);
    timer_cancel(s->again);
    timer_cancel(s->deadline);
    timer_cancel(s->soon);
    wipe(&s->code, sizeof s->code);
    free(s);
}

size_t seek_asked(const struct seek *s)
{
    return s->asked_count;
}

static void give_up(struct seek *s, const struct why *why)
{
    seek_cb *cb = s->cb;
    void *arg = s->arg;
    seek_cancel(s);
    cb(arg, NULL, NULL, cur_of(NULL, 0), why);
}

static void soon(struct seek *s, uint64_t after_us);

/* --- one who is asked
 * ----------------------------------------------------------------------------- */

static void common_of(const struct trial *t, struct cpace_common *out, struct buf *channel,
                      struct buf *password)
{
    const struct seek *s = t->s;
    hand_channel(channel, host_id(s->h->host), &s->asked[t->one].peer, s->code.nameplate);
    hand_password(password, &s->code);
    *out = (struct cpace_common){.password = buf_cur(password),
                                 .channel = buf_cur(channel),
                                 .session = cur_of(t->session, sizeof t->session)};
}

static void common_done(struct buf *channel, struct buf *password)
{
    wipe(buf_bytes(password), buf_len(password));
    buf_done(password);
    buf_done(channel);
}

/* It is over with this one. */
static void over(struct trial *t)
{
    struct seek *s = t->s;
    bool tried = t->stage == SENT_TAG; /* it has had its guess, whatever it said of it */
    s->asked[t->one].state = tried ? TRIED : t->heard ? SAID_NO : AWAY;
    s->wrong += tried;
    trial_free(t);
    soon(s, 0);
}

static bool say(struct trial *t, const struct hand_msg *m)
{
    struct buf b = {0};
    hand_msg_put(&b, m);
    enum err err = messages_send(t->m, buf_bytes(&b), buf_len(&b), NULL);
    buf_done(&b);
    return err == OK;
}

static void on_share(struct trial *t, const struct hand_msg *m)
{
    struct buf channel = {0}, password = {0};
    struct cpace_common common;
    bool good = m->said == HAND_YES && m->share.p;
    common_of(t, &common, &channel, &password);
    good = good && cpace_finish(&t->c, &common, m->share.p, &t->keys);
    common_done(&channel, &password);
    if (!good) {
        t->s->refused = t->s->only.len > 0 && m->said == HAND_NO;
        over(t);
        return;
    }
    t->stage = SENT_TAG;
    if (!say(t, &(struct hand_msg){.tag = cur_of(t->keys.ours, sizeof t->keys.ours)}))
        over(t);
}

/* He knows the words too. */
static void found(struct trial *t, struct cur offer)
{
    struct seek *s = t->s;
    struct peer_id peer = s->asked[t->one].peer;
    seek_cb *cb = s->cb;
    void *arg = s->arg;
    uint8_t token[HAND_TOKEN_LEN];
    hand_token(&t->keys, token);
    struct messages *m = t->m;
    t->m = NULL;
    seek_cancel(s);
    if (cb(arg, &peer, token, offer, NULL) && messages_send(m, NULL, 0, NULL) == OK)
        messages_shut(m);
    messages_free(m);
    wipe(token, sizeof token);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct trial *t = arg;
    struct hand_msg m;
    (void)why;
    t->heard |= ev == MESSAGES_ONE; /* a connection that was over already is no answer */
    if (ev != MESSAGES_ONE || hand_msg_read(&m, msg, NULL) != OK)
        over(t);
    else if (t->stage == SENT_SHARE)
        on_share(t, &m);
    else if (m.said == HAND_YES && m.tag.p && m.offer.p &&
             equal_secret(m.tag.p, t->keys.theirs, sizeof t->keys.theirs))
        found(t, m.offer);
    else
        over(t);
}

static void on_stream(void *arg, const struct host_stream *st, const struct why *why)
{
    struct trial *t = arg;
    struct seek *s = t->s;
    struct buf channel = {0}, password = {0};
    struct cpace_common common;
    uint8_t random[CPACE_LEN];
    t->open = NULL;
    if (!st) {
        log_debug(s->h->log, "somebody cannot be asked for %u: %s", s->code.nameplate, why->text);
        over(t);
        return;
    }
    t->m = messages_new(st->conn, HAND_LARGE_MAX, on_message, t);
    messages_expect(t->m, HAND_VISIT_US);
    loop_random(s->h->loop, t->session, sizeof t->session);
    loop_random(s->h->loop, random, sizeof random);
    common_of(t, &common, &channel, &password);
    cpace_begin(&t->c, &common, true, random);
    common_done(&channel, &password);
    wipe(random, sizeof random);
    if (!say(t, &(struct hand_msg){.number = s->code.nameplate,
                                   .session = cur_of(t->session, sizeof t->session),
                                   .share = cur_of(t->c.share, sizeof t->c.share)}))
        over(t);
}

static void ask(struct seek *s, size_t i)
{
    static const char *const protocols[] = {HAND_PROTOCOL};
    struct trial *t = MEM_NEW(struct trial);
    t->s = s;
    t->one = i;
    s->asked[i].state = ASKING;
    s->asked[i].times++;
    list_push(&s->trials, &t->link);
    s->trial_count++;
    s->standing = false;
    t->open = host_open(s->h->host, &s->asked[i].peer, protocols, 1, on_stream, t);
}

/* --- whom to ask
 * ---------------------------------------------------------------------------------- */

static void consider(struct seek *s, const struct peer_id *peer)
{
    size_t i = 0;
    if (peer_id_equal(peer, host_id(s->h->host)) ||
        (s->only.len > 0 && !peer_id_equal(peer, &s->only)))
        return;
    while (i < s->asked_count && !peer_id_equal(&s->asked[i].peer, peer))
        i++;
    if (i == HAND_ASKED_MAX)
        return;
    if (i == s->asked_count)
        s->asked[s->asked_count++] = (struct one){.peer = *peer};
    else if ((s->asked[i].state == SAID_NO || s->asked[i].state == AWAY) &&
             s->asked[i].times < TIMES_MAX)
        s->asked[i].state = TO_ASK;
    soon(s, 0);
}

void seek_peer(struct seek *s, const struct peer_id *peer)
{
    if (host_peer_speaks(s->h->host, peer, HAND_PROTOCOL))
        consider(s, peer);
}

static void on_soon(void *arg)
{
    struct seek *s = arg;
    struct why why;
    bool more = false;
    s->soon = NULL;
    if (s->refused) {
        why_set(&why, ERR_NOT_FOUND, "nothing is offered to you there under %u", s->code.nameplate);
        give_up(s, &why);
        return;
    }
    for (size_t i = 0; i < s->asked_count && s->wrong + s->trial_count < HAND_WRONG_MAX; i++) {
        more |= s->asked[i].state == TO_ASK;
        if (s->asked[i].state == TO_ASK && s->trial_count < HAND_ASKING_MAX)
            ask(s, i);
    }
    if (s->trial_count > 0 || s->wrong == 0 || more || (!s->looked && s->wrong < HAND_WRONG_MAX))
        return;
    if (!s->standing && s->wrong < HAND_WRONG_MAX) {
        s->standing = true;
        soon(s, STAND_US);
        return;
    }
    why_set(&why, ERR_DENIED,
            s->wrong == 1 ? "the words do not fit: %u who offers something under %u was asked"
                          : "the words do not fit: %u who offer something under %u were asked",
            s->wrong, s->code.nameplate);
    give_up(s, &why);
}

static void soon(struct seek *s, uint64_t after_us)
{
    if (s->soon && after_us == 0) {
        timer_cancel(s->soon);
        s->soon = NULL;
    }
    if (!s->soon)
        s->soon = timer_start(s->h->loop, after_us, on_soon, s);
}

static void on_looked(void *arg, const struct peer_id *peers, size_t n)
{
    struct seek *s = arg;
    s->look = NULL;
    s->looked = true;
    for (size_t i = 0; i < n; i++)
        consider(s, &peers[i]);
    soon(s, 0);
}

static void look(void *arg)
{
    struct seek *s = arg;
    s->pause_us = s->pause_us ? 2 * s->pause_us : LOOK_FIRST_US;
    if (s->pause_us > LOOK_LAST_US)
        s->pause_us = LOOK_LAST_US;
    s->again = timer_start(s->h->loop, s->pause_us, look, s);
    struct peer_id *ids = mem_array(PEERS_MAX, sizeof *ids);
    size_t n = host_peers(s->h->host, ids, PEERS_MAX);
    for (size_t i = 0; i < n; i++)
        seek_peer(s, &ids[i]);
    free(ids);
    if (s->only.len > 0)
        consider(s, &s->only);
    for (size_t i = 0; i < s->asked_count; i++)
        if (s->asked[i].state == AWAY)
            consider(s, &s->asked[i].peer);
    if (!s->look)
        s->look = hand_table_look(s->h, s->code.nameplate, on_looked, s);
    s->looked |= !s->look;
}

static void on_deadline(void *arg)
{
    struct seek *s = arg;
    struct why why;
    s->deadline = NULL;
    why_set(&why, ERR_TIMEOUT,
            "nobody who offers something under %u was found; %zu nodes were asked",
            s->code.nameplate, s->asked_count);
    give_up(s, &why);
}

struct seek *seek_start(struct hands *h, const struct hand_code *code, const struct peer_id *only,
                        seek_cb *cb, void *arg)
{
    struct seek *s = MEM_NEW(struct seek);
    s->h = h;
    s->code = *code;
    s->only = *only;
    s->cb = cb;
    s->arg = arg;
    list_init(&s->trials);
    s->again = timer_start(h->loop, 0, look, s);
    s->deadline = timer_start(h->loop, HAND_SEEK_US, on_deadline, s);
    return s;
}
