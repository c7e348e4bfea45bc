/* One peer: a stream on which we speak, opened by us, and one on which it speaks. */
#include "host/gossip/gossip_in.h"

#include "base/map.h"
#include "base/mem.h"
#include "host/mux/messages.h"

#include <stdlib.h>
#include <string.h>

enum {
    TURN_MESSAGES = 32, /* of one RPC in one turn: a signature is verified for each */
    TURN_ITEMS = 512,
    MESH_WEIGHT = 20, /* of a connection to a peer in a mesh (host_tag) */
};
#define PAUSE_FIRST_US SEC /* until a stream that was lost is opened again; doubled up to */
#define PAUSE_LAST_US (120 * SEC)

/* The newest first, as we would like them. */
const char *const gossip_protocols[GOSSIP_PROTOCOLS] = {"/meshsub/1.2.0", "/meshsub/1.1.0",
                                                        "/meshsub/1.0.0", "/floodsub/1.0.0"};
static const enum gossip_version versions[GOSSIP_PROTOCOLS] = {GOSSIP_V12, GOSSIP_V11, GOSSIP_V10,
                                                               GOSSIP_FLOODSUB};

struct gossip_session {
    struct gossip *gossip;
    struct peer_id id;
    struct gossip_peer *peer; /* NULL until it took our stream */
    struct gossip_out *out;
    struct host_open *open;
    struct timer *again;
    uint64_t pause_us;
    struct messages *in; /* paused until we can answer, and while an RPC is worked on */
    struct buf rest;     /* of that RPC */
    struct gossip_rpc rpc;
    struct timer *work;
    bool tagged;
    unsigned waits; /* messages of it that are being judged */
};

static void open_out(struct gossip_session *s);

/* --- what it says --------------------------------------------------------------------------- */

static void on_message(struct gossip_session *s, const struct gossip_msg *m)
{
    struct gossip *g = s->gossip;
    struct gossip_author author;
    struct gossip_held *held;
    struct peer_id id = s->id;
    gossip_peer_waits(s->peer, gossip_out_messages(s->out) > 0);
    switch (gossip_state_take(g->state, s->peer, m, loop_now_us(g->loop), &author, &held)) {
    case GOSSIP_NEW:
        g->stat.heard++;
        break;
    case GOSSIP_AGAIN:
        g->stat.again++;
        return;
    case GOSSIP_WRONG:
        g->stat.refused++;
        return;
    case GOSSIP_NOT_OURS:
        return;
    }
    struct cur data = m->data.p ? m->data : cur_of("", 0);
    struct gossip_doubt doubt;
    enum gossip_verdict v = gossip_deliver(g, m->topic, &author, data, &doubt);
    g->stat.refused += v == GOSSIP_REJECT;
    s = map_get(g->sessions, id.bytes, id.len); /* an app may have hung up */
    if (v == GOSSIP_LATER && s)
        gossip_doubt(g, s, held, &doubt);
    else
        gossip_state_judge(g->state, s ? s->peer : NULL, held,
                           v == GOSSIP_LATER ? GOSSIP_IGNORE : v, loop_now_us(g->loop));
}

/* A part of an RPC, so that others have their turn.  False: there is more. */
static bool work_on(struct gossip_session *s)
{
    struct gossip *g = s->gossip;
    struct gossip_item it;
    struct peer_id id = s->id;
    for (unsigned n = 0, messages = 0; n < TURN_ITEMS && messages < TURN_MESSAGES; n++) {
        if (!s->peer || !gossip_peer_heard(g->state, s->peer, loop_now_us(g->loop)) ||
            !gossip_rpc_next(&s->rpc, &it))
            return true;
        if (it.kind != GOSSIP_MESSAGE) {
            gossip_state_hear(g->state, s->peer, &it, loop_now_us(g->loop));
            continue;
        }
        messages++;
        on_message(s, &it.msg);
        if (map_get(g->sessions, id.bytes, id.len) != s)
            return true; /* gone with its peer: s is not to be touched */
    }
    return false;
}

static void on_work(void *arg)
{
    struct gossip_session *s = arg;
    struct gossip *g = s->gossip;
    struct peer_id id = s->id;
    s->work = NULL;
    bool done = work_on(s);
    if (map_get(g->sessions, id.bytes, id.len) != s)
        return;
    if (!done) {
        s->work = timer_start(g->loop, 0, on_work, s);
        return;
    }
    buf_done(&s->rest);
    if (s->in && s->peer)
        messages_pause(s->in, false);
}

/* The rest of an RPC goes on in the next turn; what it lies in is valid in this one alone. */
static void work_later(struct gossip_session *s)
{
    struct cur control = s->rpc.control, rest = s->rpc.rest;
    buf_clear(&s->rest);
    buf_put(&s->rest, control.p, control.n);
    buf_put(&s->rest, rest.p, rest.n);
    struct cur all = buf_cur(&s->rest);
    s->rpc.control = cur_take(&all, control.n);
    s->rpc.rest = all;
    messages_pause(s->in, true);
    s->work = timer_start(s->gossip->loop, 0, on_work, s);
}

static void on_in(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct gossip_session *s = arg;
    struct gossip *g = s->gossip;
    struct peer_id id = s->id;
    struct why bad;
    bool broken = false;
    if (ev == MESSAGES_ONE) {
        if (!s->peer || !gossip_peer_heard(g->state, s->peer, loop_now_us(g->loop)))
            return;
        broken = gossip_rpc_open(&s->rpc, msg, &bad) != OK;
        if (!broken) {
            bool done = work_on(s);
            if (!done && map_get(g->sessions, id.bytes, id.len) == s)
                work_later(s);
            return;
        }
    }
    if (broken || (ev == MESSAGES_GONE && why->code == ERR_LIMIT)) {
        log_debug(g->cfg.log, "gossip that is not read: %s", broken ? bad.text : why->text);
        g->stat.refused++;
        if (s->peer)
            gossip_peer_blame(s->peer, 1);
    }
    messages_free(s->in);
    s->in = NULL; /* it may open another one */
}

void gossip_session_stream(struct gossip_session *s, struct conn *stream)
{
    messages_free(s->in);
    timer_cancel(s->work);
    s->work = NULL;
    s->in = messages_new(stream, GOSSIP_RPC_MAX, on_in, s);
    if (!s->peer)
        messages_pause(s->in, true);
}

/* --- what we say ---------------------------------------------------------------------------- */

static void on_again(void *arg)
{
    struct gossip_session *s = arg;
    s->again = NULL;
    open_out(s);
}

static void open_later(struct gossip_session *s)
{
    timer_cancel(s->again);
    s->again = timer_start(s->gossip->loop, s->pause_us, on_again, s);
    s->pause_us = s->pause_us < PAUSE_LAST_US / 2 ? s->pause_us * 2 : PAUSE_LAST_US;
}

static enum gossip_version version_of(const char *protocol)
{
    for (size_t i = 0; i < GOSSIP_PROTOCOLS; i++)
        if (strcmp(protocol, gossip_protocols[i]) == 0)
            return versions[i];
    return GOSSIP_FLOODSUB;
}

/* How a program names messages, by what it calls itself; a first guess. */
static enum gossip_form form_of(const char *agent)
{
    if (agent && strstr(agent, "js-libp2p"))
        return GOSSIP_JS;
    if (agent && strstr(agent, "rust-libp2p"))
        return GOSSIP_RUST;
    return GOSSIP_GO;
}

static void be_here(struct gossip_session *s, enum gossip_version version)
{
    struct gossip *g = s->gossip;
    struct host_peer about;
    uint64_t now = loop_now_us(g->loop);
    if (s->peer) {
        gossip_peer_again(g->state, s->peer, version, now);
        return;
    }
    host_peer(g->cfg.host, &s->id, &about);
    struct gossip_peer_cfg cfg = {.id = s->id,
                                  .version = version,
                                  .outbound = !about.inbound,
                                  .ip = about.remote,
                                  .form = form_of(about.agent),
                                  .owner = s};
    s->peer = gossip_peer_here(g->state, &cfg, now);
}

static void on_open(void *arg, const struct host_stream *hs, const struct why *why)
{
    struct gossip_session *s = arg;
    const struct own *own;
    s->open = NULL;
    if (!hs) {
        log_debug(s->gossip->cfg.log, "no gossip with a peer: %s", why->text);
        open_later(s);
        return;
    }
    be_here(s, version_of(hs->protocol));
    gossip_out_stream(s->out, hs->conn);
    for (size_t at = 0; (own = map_next(s->gossip->own, &at, NULL, NULL));)
        gossip_session_sub(s, cur_of(own->topic, strlen(own->topic)), true);
    if (s->in && !s->work)
        messages_pause(s->in, false);
}

static void open_out(struct gossip_session *s)
{
    if (!host_connected(s->gossip->cfg.host, &s->id))
        return;
    s->open =
        host_open(s->gossip->cfg.host, &s->id, gossip_protocols, GOSSIP_PROTOCOLS, on_open, s);
}

static void on_lost(void *arg, const struct why *why)
{
    struct gossip_session *s = arg;
    log_debug(s->gossip->cfg.log, "a stream of gossip is lost: %s", why->text);
    open_later(s);
}

static bool wants(void *arg, const struct gossip_held *m)
{
    const struct gossip_session *s = arg;
    struct gossip *g = s->gossip;
    bool yes = s->peer && gossip_peer_wants(g->state, s->peer, m, loop_now_us(g->loop));
    g->stat.passed += yes;
    return yes;
}

void gossip_session_sub(struct gossip_session *s, struct cur topic, bool subscribe)
{
    if (s->peer)
        gossip_out_sub(s->out, topic, subscribe);
}

void gossip_session_act(struct gossip_session *s, const struct gossip_action *a)
{
    gossip_out_act(s->out, a);
}

/* --- life ----------------------------------------------------------------------------------- */

struct gossip_session *gossip_session_get(struct gossip *g, const struct peer_id *peer)
{
    struct gossip_session *s = map_get(g->sessions, peer->bytes, peer->len);
    if (s)
        return s;
    s = MEM_NEW(struct gossip_session);
    s->gossip = g;
    s->id = *peer;
    s->pause_us = PAUSE_FIRST_US;
    struct gossip_out_cfg cfg = {.loop = g->loop, .wants = wants, .lost = on_lost, .arg = s};
    s->out = gossip_out_new(&cfg);
    map_put(g->sessions, peer->bytes, peer->len, s);
    s->again = timer_start(g->loop, 0, on_again, s);
    return s;
}

void gossip_session_free(struct gossip_session *s)
{
    struct gossip *g = s->gossip;
    g->stat.dropped += gossip_out_dropped(s->out);
    map_drop(g->sessions, s->id.bytes, s->id.len);
    if (s->peer)
        gossip_peer_gone(g->state, s->peer, loop_now_us(g->loop));
    host_open_cancel(s->open);
    timer_cancel(s->again);
    timer_cancel(s->work);
    messages_free(s->in);
    gossip_out_free(s->out);
    buf_done(&s->rest);
    free(s);
}

void gossip_session_beat(struct gossip_session *s)
{
    bool mesh = s->peer && gossip_peer_meshes(s->peer) > 0;
    if (mesh != s->tagged)
        host_tag(s->gossip->cfg.host, &s->id, "gossip", mesh ? MESH_WEIGHT : 0);
    s->tagged = mesh;
    if (mesh)
        s->pause_us = PAUSE_FIRST_US;
}

size_t gossip_session_waiting(const struct gossip_session *s)
{
    return gossip_out_waiting(s->out);
}

size_t gossip_session_dropped(const struct gossip_session *s)
{
    return gossip_out_dropped(s->out);
}

struct gossip_peer *gossip_session_peer(const struct gossip_session *s)
{
    return s->peer;
}

const struct peer_id *gossip_session_id(const struct gossip_session *s)
{
    return &s->id;
}

bool gossip_session_waits(struct gossip_session *s, int more)
{
    if (more > 0 && s->waits == GOSSIP_LATER_PEER_MAX)
        return false;
    if (more > 0)
        s->waits++;
    else if (s->waits > 0) /* it may have come anew meanwhile */
        s->waits--;
    return true;
}
