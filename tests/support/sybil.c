#include "support/sybil.h"

#include "base/map.h"
#include "base/mem.h"
#include "host/gossip/gossip.h"
#include "host/mux/messages.h"

#include <stdlib.h>
#include <string.h>

enum { IHAVES = 10, IHAVE_IDS = 20, BEATS_AGAIN = 63, FORGED_MAX = 8 /* a second */ };
static const char PROTOCOL[] = "/meshsub/1.2.0";

struct sybil {
    struct host *host;
    struct cur topic;
    enum sybil_kind kind;
    struct host_watch watch;
    struct map *victims;
    struct timer *beat;
    unsigned forged; /* in this second */
    size_t said;
};

struct victim {
    struct sybil *sybil;
    struct peer_id id;
    struct host_open *open;
    struct messages *to, *from;
    unsigned beats; /* until it is asked again */
};

/* --- what they say -------------------------------------------------------------------------- */

static void say(struct victim *v, struct buf *rpc)
{
    if (v->to && buf_len(rpc) > 0) {
        (void)!messages_send(v->to, buf_bytes(rpc), buf_len(rpc), NULL);
        v->sybil->said++;
    }
    buf_done(rpc);
}

static void say_control(struct victim *v, struct buf *control)
{
    struct buf rpc = {0};
    gossip_put_control(&rpc, control);
    buf_done(control);
    say(v, &rpc);
}

static void say_graft(struct victim *v)
{
    struct buf c = {0};
    gossip_put_graft(&c, v->sybil->topic);
    v->beats = BEATS_AGAIN;
    say_control(v, &c);
}

static void say_prune(struct victim *v)
{
    struct buf c = {0};
    gossip_put_prune(&c, v->sybil->topic, UINT64_MAX / 2, NULL);
    say_control(v, &c);
}

static void say_ihave(struct victim *v)
{
    struct buf c = {0}, ids = {0};
    struct loop *loop = host_loop(v->sybil->host);
    for (unsigned i = 0; i < IHAVE_IDS; i++) {
        uint64_t id[5];
        loop_random(loop, id, sizeof id);
        gossip_put_id(&ids, GOSSIP_IHAVE, cur_of(id, sizeof id));
    }
    gossip_put_ids(&c, GOSSIP_IHAVE, v->sybil->topic, &ids);
    buf_done(&ids);
    say_control(v, &c);
}

/* At once to everybody: the message with other words, and under another number. */
static void forge(struct sybil *s, const struct gossip_msg *m)
{
    struct victim *v;
    if (s->kind != SYBIL_FORGE || s->forged == FORGED_MAX || m->data.n == 0 || m->seqno.n == 0)
        return;
    s->forged++;
    struct buf words = {0}, number = {0}, both = {0};
    buf_put(&words, m->whole.p, m->whole.n);
    buf_put(&number, m->whole.p, m->whole.n);
    buf_bytes(&words)[m->data.p + m->data.n - 1 - m->whole.p] ^= 1;
    buf_bytes(&number)[m->seqno.p - m->whole.p] ^= 1;
    gossip_put_msg(&both, buf_cur(&words));
    gossip_put_msg(&both, buf_cur(&number));
    for (size_t at = 0; (v = map_next(s->victims, &at, NULL, NULL));) {
        struct buf rpc = {0};
        buf_put(&rpc, buf_bytes(&both), buf_len(&both));
        say(v, &rpc);
    }
    buf_done(&words);
    buf_done(&number);
    buf_done(&both);
}

/* --- what they hear ------------------------------------------------------------------------- */

static void on_from(void *arg, enum messages_event ev, struct cur bytes, const struct why *why)
{
    struct victim *v = arg;
    struct gossip_rpc rpc;
    struct gossip_item it;
    (void)why;
    if (ev != MESSAGES_ONE) {
        messages_free(v->from);
        v->from = NULL;
        return;
    }
    if (gossip_rpc_open(&rpc, bytes, NULL) != OK)
        return;
    while (gossip_rpc_next(&rpc, &it)) {
        if (it.kind == GOSSIP_MESSAGE)
            forge(v->sybil, &it.msg);
        if (it.kind == GOSSIP_GRAFT && v->sybil->kind == SYBIL_PRUNE)
            say_prune(v);
    }
}

static void on_to(void *arg, enum messages_event ev, struct cur bytes, const struct why *why)
{
    struct victim *v = arg;
    (void)bytes, (void)why;
    if (ev == MESSAGES_ONE)
        return;
    messages_free(v->to);
    v->to = NULL;
    v->beats = 1;
}

static void on_open(void *arg, const struct host_stream *hs, const struct why *why)
{
    struct victim *v = arg;
    struct buf rpc = {0};
    (void)why;
    v->open = NULL;
    v->beats = 1;
    if (!hs)
        return;
    v->to = messages_new(hs->conn, GOSSIP_RPC_MAX, on_to, v);
    gossip_put_sub(&rpc, v->sybil->topic, true);
    say(v, &rpc);
    say_graft(v);
}

static void victim_beat(struct victim *v)
{
    static const char *const protocols[] = {PROTOCOL};
    struct sybil *s = v->sybil;
    bool again = v->beats > 0 && --v->beats == 0;
    if (!v->to) {
        if (!v->open && again)
            v->open = host_open(s->host, &v->id, protocols, 1, on_open, v);
        return;
    }
    if (again)
        say_graft(v);
    switch (s->kind) {
    case SYBIL_SILENT:
    case SYBIL_FORGE:
    case SYBIL_KINDS:
        break;
    case SYBIL_IHAVE:
        for (unsigned i = 0; i < IHAVES; i++)
            say_ihave(v);
        break;
    case SYBIL_PRUNE:
        say_prune(v);
        break;
    }
}

static void on_beat(void *arg)
{
    struct sybil *s = arg;
    struct victim *v;
    s->beat = timer_start(host_loop(s->host), SEC, on_beat, s);
    for (size_t at = 0; (v = map_next(s->victims, &at, NULL, NULL));)
        victim_beat(v);
    s->forged = 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static struct victim *victim_get(struct sybil *s, const struct peer_id *id)
{
    struct victim *v = map_get(s->victims, id->bytes, id->len);
    if (v)
        return v;
    v = MEM_NEW(struct victim);
    v->sybil = s;
    v->id = *id;
    v->beats = 1;
    map_put(s->victims, id->bytes, id->len, v);
    return v;
}

static void victim_free(struct victim *v)
{
    map_drop(v->sybil->victims, v->id.bytes, v->id.len);
    host_open_cancel(v->open);
    messages_free(v->to);
    messages_free(v->from);
    free(v);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct sybil *s = arg;
    if (ev == HOST_IDENTIFIED)
        victim_get(s, peer);
    if (ev == HOST_GONE && map_get(s->victims, peer->bytes, peer->len))
        victim_free(map_get(s->victims, peer->bytes, peer->len));
}

static void on_stream(void *arg, const struct host_stream *hs)
{
    struct victim *v = victim_get(arg, hs->peer);
    messages_free(v->from);
    v->from = messages_new(hs->conn, GOSSIP_RPC_MAX, on_from, v);
}

struct sybil *sybil_new(struct host *host, const char *topic, enum sybil_kind kind)
{
    struct sybil *s = MEM_NEW(struct sybil);
    s->host = host;
    s->topic = cur_of(topic, strlen(topic));
    s->kind = kind;
    s->victims = map_new(loop_random_u64(host_loop(host)));
    s->watch = (struct host_watch){.cb = on_host, .arg = s};
    host_watch(host, &s->watch);
    host_handle(host, &(struct host_protocol){.name = PROTOCOL, .cb = on_stream, .arg = s});
    s->beat = timer_start(host_loop(host), SEC, on_beat, s);
    return s;
}

void sybil_free(struct sybil *s)
{
    struct victim *v;
    if (!s)
        return;
    host_unwatch(&s->watch);
    host_ignore(s->host, PROTOCOL);
    timer_cancel(s->beat);
    for (size_t at = 0; (v = map_next(s->victims, &at, NULL, NULL));)
        victim_free(v);
    map_free(s->victims);
    free(s);
}

size_t sybil_said(const struct sybil *s)
{
    return s->said;
}
