/* One question to one peer: a stream, a message, an answer. */
#include "host/kad/kad_in.h"

#include "base/mem.h"
#include "host/mux/messages.h"

#include <stdlib.h>

struct kad_ask {
    struct link link; /* in kad.asks */
    struct kad *kad;
    struct peer_id peer;
    struct buf question;
    enum kad_type type;
    struct host_open *open;
    struct messages *stream;
    struct timer *late;
    kad_ask_cb *cb;
    void *arg;
};

void kad_ask_cancel(struct kad_ask *a)
{
    if (!a)
        return;
    list_drop(&a->link);
    host_open_cancel(a->open);
    timer_cancel(a->late);
    messages_free(a->stream);
    buf_done(&a->question);
    free(a);
}

static void finish(struct kad_ask *a, const struct kad_msg *answer, const struct why *why)
{
    kad_ask_cb *cb = a->cb;
    void *arg = a->arg;
    struct why said = {0};
    if (why)
        said = *why;
    if (answer)
        kad_seen(a->kad, &a->peer);
    else
        kad_table_failed(a->kad->table, &a->peer);
    a->cb = NULL;
    list_drop(&a->link);
    cb(arg, answer, answer ? NULL : &said); /* the answer is inside the stream */
    kad_ask_cancel(a);
}

static void on_late(void *arg)
{
    struct kad_ask *a = arg;
    struct why why;
    a->late = NULL;
    why_set(&why, ERR_TIMEOUT, "no answer in %d s", (int)(KAD_ASK_US / SEC));
    finish(a, NULL, &why);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct kad_ask *a = arg;
    struct kad_msg *answer;
    struct why bad;
    if (ev != MESSAGES_ONE) {
        why_set(&bad, ERR_CLOSED, "it ended the stream instead of answering");
        finish(a, NULL, why ? why : &bad);
        return;
    }
    answer = MEM_NEW(struct kad_msg);
    bool good = kad_msg_decode(answer, msg, &bad) == OK;
    bool neighbour = good && kad_is_neighbour(a->kad, &a->peer);
    for (size_t i = 0; good && i < answer->closer_count; i++)
        kad_learn(a->kad, &answer->closer[i], neighbour);
    for (size_t i = 0; good && i < answer->provider_count; i++)
        kad_learn(a->kad, &answer->providers[i], neighbour);
    finish(a, good ? answer : NULL, &bad);
    free(answer);
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kad_ask *a = arg;
    static const struct kad_msg nothing;
    struct why said;
    a->open = NULL;
    if (!s) {
        finish(a, NULL, why);
        return;
    }
    a->stream = messages_new(s->conn, KAD_MESSAGE_MAX, on_message, a);
    enum err e = messages_send(a->stream, buf_bytes(&a->question), buf_len(&a->question), &said);
    messages_shut(a->stream); /* one question a stream */
    if (e != OK)
        finish(a, NULL, &said);
    else if (a->type == KAD_ADD_PROVIDER) /* nobody answers that */
        finish(a, &nothing, NULL);
}

struct kad_ask *kad_ask(struct kad *k, const struct peer_id *peer, const struct kad_msg *question,
                        kad_ask_cb *cb, void *arg)
{
    struct kad_ask *a = MEM_NEW(struct kad_ask);
    a->kad = k;
    a->peer = *peer;
    a->type = question->type;
    a->cb = cb;
    a->arg = arg;
    kad_msg_encode(question, &a->question);
    list_push(&k->asks, &a->link);
    a->late = timer_start(k->loop, KAD_ASK_US, on_late, a);
    a->open = host_open(k->cfg.host, peer, &k->cfg.protocol, 1, on_open, a);
    return a;
}

bool kad_is_neighbour(const struct kad *k, const struct peer_id *peer)
{
    struct host_peer p;
    return k->cfg.neighbours && host_peer(k->cfg.host, peer, &p) && addr_is_private(&p.remote);
}

bool kad_may_tell(const struct kad *k, const struct multiaddr *a, bool neighbour)
{
    struct multiaddr_route r;
    if (multiaddr_route(a, &r, NULL) != OK)
        return false;
    return k->cfg.lab || r.named ||
           (!addr_is_loopback(&r.addr) && addr_is_dialable(&r.addr) &&
            (neighbour || !addr_is_private(&r.addr)));
}

void kad_learn(struct kad *k, const struct kad_peer *p, bool neighbour)
{
    struct multiaddr a;
    for (size_t i = 0; i < p->count; i++)
        if (multiaddr_decode(&a, p->addrs[i], NULL) == OK && kad_may_tell(k, &a, neighbour))
            host_learn(k->cfg.host, &p->id, &a, 1);
}
