/* Somebody tries a code: one run of CPace, in which we answer.
 *
 *     asked -> shared -> proven -> kept
 *
 * He proves first: who hangs up before has learnt nothing, and who proves with wrong words is
 * counted before he hears of it. */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/wipe.h"
#include "host/mux/messages.h"

#include <stdlib.h>
#include <string.h>

enum stage { ASKED, SHARED, PROVEN };

struct visit {
    struct link link; /* in hands.visits */
    struct hands *h;
    struct peer_id peer;
    struct messages *m;
    enum stage stage;
    char give[HAND_ID_TEXT]; /* which, once shared */
    struct cpace_keys keys;
};

static void visit_free(struct visit *v)
{
    v->h->visit_count--;
    list_drop(&v->link);
    messages_free(v->m);
    wipe(&v->keys, sizeof v->keys);
    free(v);
}

void hand_visits_done(struct hands *h)
{
    LIST_EACH(&h->visits, struct visit, v, link)
        visit_free(v);
}

/* False: it could not be sent, and v is gone. */
static bool say(struct visit *v, const struct hand_msg *m)
{
    struct buf b = {0};
    hand_msg_put(&b, m);
    enum err err = messages_send(v->m, buf_bytes(&b), buf_len(&b), NULL);
    buf_done(&b);
    if (err != OK)
        visit_free(v);
    return err == OK;
}

static void refuse(struct visit *v, enum hand_said said)
{
    if (!say(v, &(struct hand_msg){.said = said}))
        return;
    messages_shut(v->m);
    visit_free(v);
}

static bool admits(const struct visit *v, const struct give *g)
{
    return g && g->source && hand_state_admits(&g->state, &v->peer, loop_wall_us(v->h->loop));
}

/* Our share, and what he has to prove. */
static bool run(struct visit *v, const struct give *g, const struct hand_msg *m,
                uint8_t share[CPACE_LEN])
{
    struct buf channel = {0}, password = {0};
    uint8_t random[CPACE_LEN];
    struct cpace c;
    hand_channel(&channel, &v->peer, host_id(v->h->host), g->code.nameplate);
    hand_password(&password, &g->code);
    struct cpace_common common = {
        .password = buf_cur(&password), .channel = buf_cur(&channel), .session = m->session};
    loop_random(v->h->loop, random, sizeof random);
    cpace_begin(&c, &common, false, random);
    memcpy(share, c.share, CPACE_LEN);
    bool good = cpace_finish(&c, &common, m->share.p, &v->keys);
    wipe(random, sizeof random);
    wipe(buf_bytes(&password), buf_len(&password));
    buf_done(&password);
    buf_done(&channel);
    return good;
}

static void on_ask(struct visit *v, const struct hand_msg *m)
{
    uint8_t share[CPACE_LEN];
    const struct give *g = give_of_number(v->h, m->number);
    if (!m->session.p || !m->share.p || !admits(v, g) || !run(v, g, m, share)) {
        refuse(v, HAND_NO);
        return;
    }
    memcpy(v->give, g->id, sizeof v->give);
    v->stage = SHARED;
    say(v, &(struct hand_msg){.share = cur_of(share, sizeof share)});
}

static void welcome(struct visit *v, struct give *g)
{
    uint8_t token[HAND_TOKEN_LEN];
    struct buf offer = {0};
    struct why why;
    hand_token(&v->keys, token);
    if (give_right(g, &v->peer, token, &why) != OK ||
        hand_offer_put(&offer, hand_source_offer(g->source), &why) != OK) {
        log_warn(v->h->log, "%s cannot be offered: %s", g->name, why.text);
        refuse(v, HAND_BUSY);
    } else {
        v->stage = PROVEN;
        say(v, &(struct hand_msg){.tag = cur_of(v->keys.ours, sizeof v->keys.ours),
                                  .offer = buf_cur(&offer)});
    }
    wipe(token, sizeof token);
    buf_done(&offer);
}

static void on_proof(struct visit *v, const struct hand_msg *m)
{
    struct give *g = give_find(v->h, v->give);
    if (!m->tag.p || !admits(v, g)) {
        refuse(v, HAND_NO);
    } else if (equal_secret(m->tag.p, v->keys.theirs, sizeof v->keys.theirs)) {
        welcome(v, g);
    } else {
        give_wrong(g);
        refuse(v, HAND_WRONG);
    }
}

static void on_kept(struct visit *v)
{
    struct give *g = give_find(v->h, v->give);
    if (g && g->source && peer_id_equal(&g->state.peer, &v->peer))
        give_kept(g);
    messages_shut(v->m);
    visit_free(v);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct visit *v = arg;
    struct hand_msg m;
    (void)why;
    if (ev != MESSAGES_ONE || hand_msg_read(&m, msg, NULL) != OK) {
        visit_free(v); /* he hung up, was silent, or talks of something else */
        return;
    }
    switch (v->stage) {
    case ASKED:
        on_ask(v, &m);
        break;
    case SHARED:
        on_proof(v, &m);
        break;
    case PROVEN:
        on_kept(v);
        break;
    }
}

void hand_visit_on_stream(void *arg, const struct host_stream *s)
{
    struct hands *h = arg;
    struct visit *v = MEM_NEW(struct visit);
    if (h->visit_count == HAND_VISITS_MAX)
        visit_free(LIST_FIRST(&h->visits, struct visit, link));
    v->h = h;
    v->peer = *s->peer;
    list_push(&h->visits, &v->link);
    h->visit_count++;
    v->m = messages_new(s->conn, HAND_SMALL_MAX, on_message, v);
    messages_expect(v->m, HAND_VISIT_US);
}
