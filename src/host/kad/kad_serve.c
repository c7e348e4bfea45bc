/* What others ask of us. */
#include "host/kad/kad_in.h"

#include "base/arena.h"
#include "base/mem.h"
#include "host/kad/kad_record.h"
#include "host/mux/messages.h"

#include <stdlib.h>
#include <string.h>

struct served {
    struct link link; /* in kad.served */
    struct kad *kad;
    struct messages *stream;
    struct peer_id peer;
};

/* An answer that is being made: its peers' addresses have to lie somewhere. */
struct reply {
    struct kad_msg msg;
    bool neighbour; /* to a neighbour (kad_is_neighbour) */
    struct arena *arena;
    struct peer_id near[KAD_PEERS_MAX];
};

static void served_free(struct served *s)
{
    s->kad->served_count--;
    list_drop(&s->link);
    messages_free(s->stream);
    free(s);
}

/* --- peers in an answer --------------------------------------------------------------------- */

static void put_addrs(const struct kad *k, const struct reply *r, struct kad_peer *to,
                      const struct multiaddr *addrs, size_t n)
{
    for (size_t i = 0; i < n && to->count < KAD_ADDRS_MAX; i++)
        if (kad_may_tell(k, &addrs[i], r->neighbour))
            to->addrs[to->count++] =
                cur_of(arena_dup(r->arena, addrs[i].bytes, addrs[i].len), addrs[i].len);
}

static void put_peer(const struct kad *k, const struct reply *r, struct kad_peer *to,
                     const struct peer_id *id)
{
    struct multiaddr ours[KAD_ADDRS_MAX];
    struct host_peer p;
    *to = (struct kad_peer){.id = *id};
    if (peer_id_equal(id, host_id(k->cfg.host)))
        put_addrs(k, r, to, ours, host_advertised(k->cfg.host, ours, KAD_ADDRS_MAX));
    else if (host_peer(k->cfg.host, id, &p))
        put_addrs(k, r, to, p.addrs, p.addr_count);
}

static void put_closer(const struct served *s, struct reply *r, struct cur key)
{
    const struct kad *k = s->kad;
    struct kad_key target = kad_key_of(key.p, key.n);
    struct peer_id asked;
    size_t n = kad_table_nearest(k->table, &target, r->near, KAD_PEERS_MAX);
    /* Whoever looks for a peer is told of it if we are connected to it, also where it is a client.
     */
    if (r->msg.type == KAD_FIND_NODE && peer_id_decode(&asked, key, NULL) == OK &&
        !kad_table_has(k->table, &asked) &&
        (host_connected(k->cfg.host, &asked) || peer_id_equal(&asked, host_id(k->cfg.host)))) {
        n = n < KAD_PEERS_MAX ? n : KAD_PEERS_MAX - 1;
        r->near[n++] = asked;
    }
    for (size_t i = 0; i < n; i++) {
        if (peer_id_equal(&r->near[i], &s->peer))
            continue;
        put_peer(k, r, &r->msg.closer[r->msg.closer_count++], &r->near[i]);
    }
}

/* --- one question --------------------------------------------------------------------------- */

static void keep_value(const struct served *s, const struct kad_msg *q)
{
    struct kad *k = s->kad;
    struct why why;
    const struct kad_record *r = &q->record;
    bool same = q->has_record && r->key.n == q->key.n && r->key.n > 0 &&
                memcmp(r->key.p, q->key.p, r->key.n) == 0;
    if (!same || kad_record_check(q->key, r->value, loop_wall_us(k->loop), k->cfg.lab, &why) != OK)
        return;
    uint64_t now = loop_now_us(k->loop);
    struct cur old = kad_store_get(k->store, q->key, now);
    if (kad_record_better(q->key, r->value, old)) /* we have a later one */
        return;
    if (kad_store_put(k->store, q->key, r->value, &s->peer, now, &why) != OK)
        log_debug(k->cfg.log, "a value is not kept: %s", why.text);
}

/* What was valid when it was brought may be so no more. */
static struct cur kept_value(const struct kad *k, struct cur key)
{
    struct cur v = kad_store_get(k->store, key, loop_now_us(k->loop));
    bool good = v.p && kad_record_check(key, v, loop_wall_us(k->loop), k->cfg.lab, NULL) == OK;
    return good ? v : cur_of(NULL, 0);
}

static void keep_provider(const struct served *s, const struct kad_msg *q)
{
    struct kad *k = s->kad;
    for (size_t i = 0; i < q->provider_count; i++) {
        const struct kad_peer *p = &q->providers[i];
        if (!peer_id_equal(&p->id, &s->peer)) /* nobody speaks for others */
            continue;
        kad_learn(k, p, kad_is_neighbour(k, &s->peer));
        if (kad_store_provide(k->store, q->key, &p->id, loop_now_us(k->loop), NULL) != OK)
            log_debug(k->cfg.log, "no room for another provider");
    }
}

static void put_providers(const struct kad *k, struct reply *r, struct cur key)
{
    struct peer_id who[KAD_PEERS_MAX];
    size_t n = kad_store_providers(k->store, key, loop_now_us(k->loop), who, KAD_PEERS_MAX);
    for (size_t i = 0; i < n; i++)
        put_peer(k, r, &r->msg.providers[r->msg.provider_count++], &who[i]);
}

/* False: there is no answer to this. */
static bool reply_to(const struct served *s, const struct kad_msg *q, struct reply *r)
{
    struct kad *k = s->kad;
    r->msg.type = q->type;
    r->msg.key = q->key;
    r->neighbour = kad_is_neighbour(k, &s->peer);
    switch (q->type) {
    case KAD_PUT_VALUE:
        keep_value(s, q);
        r->msg.record = q->record;
        r->msg.has_record = q->has_record;
        return true;
    case KAD_GET_VALUE:
        r->msg.record.key = q->key;
        r->msg.record.value = kept_value(k, q->key);
        r->msg.has_record = r->msg.record.value.p != NULL;
        put_closer(s, r, q->key);
        return true;
    case KAD_ADD_PROVIDER:
        keep_provider(s, q);
        return false;
    case KAD_GET_PROVIDERS:
        put_providers(k, r, q->key);
        put_closer(s, r, q->key);
        return true;
    case KAD_FIND_NODE:
        put_closer(s, r, q->key);
        return true;
    case KAD_PING:
        return true;
    }
    return false;
}

/* What is too long for rust's readers loses its farthest peers. */
static void encode(struct reply *r, struct buf *out)
{
    for (;;) {
        buf_clear(out);
        kad_msg_encode(&r->msg, out);
        if (buf_len(out) <= KAD_SAY_MAX || r->msg.closer_count == 0)
            return;
        r->msg.closer_count--;
    }
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct served *s = arg;
    struct why bad;
    struct buf out = {0};
    if (ev != MESSAGES_ONE) {
        if (ev == MESSAGES_END)
            messages_shut(s->stream);
        else
            log_debug(s->kad->cfg.log, "a stream of Kademlia is over: %s", why->text);
        served_free(s);
        return;
    }
    struct kad_msg *q = MEM_NEW(struct kad_msg);
    struct reply *r = MEM_NEW(struct reply);
    r->arena = arena_new();
    bool good = kad_msg_decode(q, msg, &bad) == OK;
    if (good && reply_to(s, q, r)) {
        encode(r, &out);
        good = messages_send(s->stream, buf_bytes(&out), buf_len(&out), &bad) == OK;
    }
    free(q);
    arena_free(r->arena);
    free(r);
    buf_done(&out);
    if (good)
        return;
    log_debug(s->kad->cfg.log, "%s", bad.text);
    served_free(s);
}

static void on_stream(void *arg, const struct host_stream *hs)
{
    struct kad *k = arg;
    size_t same = 0;
    LIST_EACH(&k->served, struct served, other, link)
        same += peer_id_equal(&other->peer, hs->peer);
    if (k->served_count >= KAD_SERVED_MAX || same >= KAD_SERVED_OF_ONE_MAX) {
        conn_close(hs->conn);
        return;
    }
    if (host_peer_speaks(k->cfg.host, hs->peer, k->cfg.protocol))
        kad_seen(k, hs->peer);
    struct served *s = MEM_NEW(struct served);
    s->kad = k;
    s->peer = *hs->peer;
    k->served_count++;
    list_push(&k->served, &s->link);
    s->stream = messages_new(hs->conn, KAD_MESSAGE_MAX, on_message, s);
    messages_expect(s->stream, KAD_IDLE_US);
}

void kad_serve_begin(struct kad *k)
{
    struct host_protocol p = {.name = k->cfg.protocol, .cb = on_stream, .arg = k};
    host_handle(k->cfg.host, &p);
}

void kad_serve_end(struct kad *k)
{
    host_ignore(k->cfg.host, k->cfg.protocol);
    LIST_EACH(&k->served, struct served, s, link)
        served_free(s);
}
