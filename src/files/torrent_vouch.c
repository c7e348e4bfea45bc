/* Who vouches for a torrent, in the DHT: our own signature is published while we seed, and that of
 * the signer whom a link names is looked for (doc/files-signatures.md). */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "core/keys.h"
#include "crypto/hex.h"

#include <string.h>

/* BEP 44: items are forgotten after two hours and are put again about every hour; each torrent at a
 * time of its own. */
#define PUT_US (45 * 60 * SEC)
#define PUT_SPREAD_US (30 * 60 * SEC)
#define PUT_FIRST_SPREAD_US (10 * 60 * SEC) /* after a restart with many of them */
#define PUT_AGAIN_US (60 * SEC)             /* nobody took it */
#define GET_AGAIN_US (60 * SEC)             /* nothing was found; doubled each time */

/* An item has always the same signature, as Ed25519's are the same each time. */
enum { PUT_SEQ = 1, GET_DOUBLINGS = 6 };

/* Only while it is known that it is not private (BEP 27). */
static bool may_ask(const struct torrent *t)
{
    return t->env->dht && torrent_may_connect(t) && t->mi && !t->mi->private_;
}

/* Publishing */

static const struct signer *own_signature(const struct torrent *t)
{
    const uint8_t *own = t->env->own_key;
    for (size_t i = 0; own && t->env->sign && t->mi && i < t->mi->signer_count; i++) {
        const struct signer *s = &t->mi->signers[i];
        if (s->valid && memcmp(s->key, own, sizeof s->key) == 0)
            return s;
    }
    return NULL;
}

static bool may_put(const struct torrent *t)
{
    return may_ask(t) && torrent_is_complete(t) && own_signature(t);
}

static void plan_put(struct torrent *t);

static void on_put(void *arg, const struct dht_result *r)
{
    struct torrent *t = arg;
    struct loop *loop = t->env->wire.loop;
    uint64_t spread = loop_random_u64(loop) % PUT_SPREAD_US;
    t->vouch.put = NULL;
    t->vouch.put_us = torrent_now(t) + (r->stored > 0 ? PUT_US + spread : PUT_AGAIN_US);
    if (r->stored > 0)
        log_debug(t->log, "%zu nodes of the DHT keep our signature", r->stored);
    else
        log_debug(t->log, "no node of the DHT keeps our signature: %s", r->why.text);
    plan_put(t);
}

static void put(struct torrent *t, const struct signer *s)
{
    struct buf v = {0}, msg = {0};
    uint8_t sig[ED25519_SIG_LEN];
    struct why why;
    sign_put_item(&v, t->infohash, s->sig);
    struct dht_item item = {.v = buf_cur(&v),
                            .is_mutable = true,
                            .key = s->key,
                            .sig = sig,
                            .salt = cur_of(t->infohash, INFOHASH_LEN),
                            .seq = PUT_SEQ};
    dht_item_signed(&msg, &item);
    t->env->sign(t->env->node, buf_bytes(&msg), buf_len(&msg), sig);
    t->vouch.put = dht_put(t->env->dht, &item, NULL, on_put, t, &why);
    if (!t->vouch.put)
        log_warn(t->log, "our signature does not go into the DHT: %s", why.text);
    buf_done(&msg);
    buf_done(&v);
}

static void on_put_timer(void *arg)
{
    struct torrent *t = arg;
    t->vouch.put_timer = NULL;
    if (may_put(t))
        put(t, own_signature(t));
}

static void plan_put(struct torrent *t)
{
    struct torrent_vouch *w = &t->vouch;
    struct loop *loop = t->env->wire.loop;
    uint64_t now = torrent_now(t);
    if (w->put || w->put_timer || !may_put(t))
        return;
    if (w->put_us == 0) /* the first time in this run */
        w->put_us = now + (t->seed ? 0 : loop_random_u64(loop) % PUT_FIRST_SPREAD_US);
    w->put_timer = timer_start(loop, w->put_us > now ? w->put_us - now : 0, on_put_timer, t);
}

/* Looking */

static void say(struct torrent *t, enum vouch_state state, const char *why)
{
    t->vouch.state = state;
    free(t->vouch.why);
    t->vouch.why = mem_strdup(why);
    torrent_changed(t);
}

static void plan_get(struct torrent *t);

static void not_found(struct torrent *t, enum vouch_state state, const char *why)
{
    struct torrent_vouch *w = &t->vouch;
    w->get_us = torrent_now(t) + (GET_AGAIN_US << w->misses);
    w->misses += w->misses < GET_DOUBLINGS;
    say(t, state, why);
    plan_get(t);
}

/* Which of the torrent's names the item shall be about. */
static const uint8_t *sought_name(const struct torrent *t)
{
    const struct torrent_vouch *w = &t->vouch;
    bool by_salt = w->salt_len == INFOHASH_LEN && infohash_is_wire(&t->hash, w->salt);
    return by_salt ? w->salt : t->infohash;
}

static void judge(struct torrent *t, struct cur v)
{
    struct signer s;
    struct why why;
    char by[PEER_ID_TEXT];
    if (sign_read_item(v, sought_name(t), s.sig, &why)) {
        not_found(t, VOUCH_NOT_FOUND, why.text);
        return;
    }
    memcpy(s.key, t->vouch.key, sizeof s.key);
    keys_peer_id_of(s.key, by);
    s.valid = ed25519_verify(s.key, t->mi->info.p, t->mi->info.n, s.sig);
    if (!s.valid) {
        log_warn(t->log, "what the DHT has as the signature of %s does not hold", by);
        not_found(t, VOUCH_INVALID, "the signature in the DHT is not one of this torrent");
        return;
    }
    log_info(t->log, "signed by %s", by);
    say(t, VOUCH_VALID, "");
    torrent_sign(t, &s);
    t->env->vouched(t->env->node, t);
}

static void on_item(void *arg, const struct dht_item *item, const struct dht_result *r)
{
    struct torrent *t = arg;
    t->vouch.get = NULL;
    if (item)
        judge(t, item->v);
    else
        not_found(t, VOUCH_NOT_FOUND, r->why.text);
}

static void on_get_timer(void *arg)
{
    struct torrent *t = arg;
    struct torrent_vouch *w = &t->vouch;
    w->get_timer = NULL;
    if (may_ask(t))
        w->get = dht_get_mutable(t->env->dht, w->key, cur_of(w->salt, w->salt_len), on_item, t);
}

/* Does the .torrent say it already? */
static bool is_signed_by(const struct torrent *t, const uint8_t key[ED25519_PUB_LEN])
{
    for (size_t i = 0; t->mi && i < t->mi->signer_count; i++)
        if (t->mi->signers[i].valid && memcmp(t->mi->signers[i].key, key, ED25519_PUB_LEN) == 0)
            return true;
    return false;
}

static void plan_get(struct torrent *t)
{
    struct torrent_vouch *w = &t->vouch;
    uint64_t now = torrent_now(t);
    if (!w->sought || w->state == VOUCH_VALID || w->get || w->get_timer)
        return;
    if (is_signed_by(t, w->key))
        say(t, VOUCH_VALID, "");
    else if (!t->env->dht)
        say(t, VOUCH_NOT_FOUND, "this node is not in the DHT");
    else if (t->mi && t->mi->private_)
        say(t, VOUCH_NOT_FOUND, "a private torrent's is not looked for in the DHT");
    else if (may_ask(t))
        w->get_timer =
            timer_start(t->env->wire.loop, w->get_us > now ? w->get_us - now : 0, on_get_timer, t);
}

/* What begins and ends it */

void torrent_seek_signer(struct torrent *t, const uint8_t key[ED25519_PUB_LEN], struct cur salt)
{
    struct torrent_vouch *w = &t->vouch;
    vouch_rest(t);
    w->sought = true;
    memcpy(w->key, key, sizeof w->key);
    w->salt_len = salt.n < sizeof w->salt ? salt.n : sizeof w->salt;
    if (w->salt_len > 0)
        memcpy(w->salt, salt.p, w->salt_len);
    w->get_us = 0;
    w->misses = 0;
    say(t, VOUCH_WAITING, "");
    vouch_wake(t);
}

void vouch_wake(struct torrent *t)
{
    plan_put(t);
    plan_get(t);
}

void vouch_rest(struct torrent *t)
{
    struct torrent_vouch *w = &t->vouch;
    dht_cancel(w->get);
    dht_cancel(w->put);
    timer_cancel(w->get_timer);
    timer_cancel(w->put_timer);
    w->get = w->put = NULL;
    w->get_timer = w->put_timer = NULL;
}

void vouch_free(struct torrent *t)
{
    vouch_rest(t);
    free(t->vouch.why);
    t->vouch.why = NULL;
}

/* Who is meant to have signed it: whom the link named, else the first whose signature holds. */
void vouch_put_link(const struct torrent *t, struct buf *out)
{
    const struct torrent_vouch *w = &t->vouch;
    char key[2 * ED25519_PUB_LEN + 1], salt[2 * MAGNET_SALT_MAX + 1];
    if (w->sought) {
        buf_printf(out, "&xs=urn:btpk:%s", hex_encode(w->key, sizeof w->key, key));
        if (w->salt_len > 0)
            buf_printf(out, "&s=%s", hex_encode(w->salt, w->salt_len, salt));
        return;
    }
    for (size_t i = 0; t->mi && i < t->mi->signer_count; i++) {
        if (!t->mi->signers[i].valid)
            continue;
        hex_encode(t->mi->signers[i].key, ED25519_PUB_LEN, key);
        buf_printf(out, "&xs=urn:btpk:%s&s=%s", key, t->hex);
        return;
    }
}

static const char *reason(const struct torrent *t)
{
    if (t->vouch.state != VOUCH_WAITING)
        return t->vouch.why;
    return t->mi ? "asking the DHT" : "waiting for metadata";
}

json_t *vouch_json(const struct torrent *t)
{
    static const char *const names[] = {[VOUCH_WAITING] = "waiting",
                                        [VOUCH_VALID] = "valid",
                                        [VOUCH_INVALID] = "invalid",
                                        [VOUCH_NOT_FOUND] = "not found"};
    const struct torrent_vouch *w = &t->vouch;
    char key[2 * ED25519_PUB_LEN + 1], peer_id[PEER_ID_TEXT];
    if (!w->sought)
        return json_null();
    keys_peer_id_of(w->key, peer_id);
    return json_pack("{s:s, s:s, s:s, s:s}", "key", hex_encode(w->key, sizeof w->key, key),
                     "peer_id", peer_id, "state", names[w->state], "reason", reason(t));
}
