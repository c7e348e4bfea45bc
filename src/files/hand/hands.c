#include "files/hand/hands.h"

#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "core/bus.h"
#include "crypto/hex.h"
#include "crypto/wipe.h"

#include <stdio.h>
#include <string.h>

#define TICK_US (5 * SEC)
#define PACE_US (4 * SEC)

/* --- what both sides make of a code ---------------------------------------------------------- */

void hand_channel(struct buf *out, const struct peer_id *asks, const struct peer_id *answers,
                  unsigned number)
{
    buf_str(out, HAND_PROTOCOL);
    buf_uvarint(out, asks->len);
    buf_put(out, asks->bytes, asks->len);
    buf_uvarint(out, answers->len);
    buf_put(out, answers->bytes, answers->len);
    buf_uvarint(out, number);
}

void hand_password(struct buf *out, const struct hand_code *c)
{
    buf_str(out, hand_first_words[c->first]);
    buf_u8(out, '-');
    buf_str(out, hand_second_words[c->second]);
}

void hand_token(const struct cpace_keys *keys, uint8_t token[HAND_TOKEN_LEN])
{
    struct buf b = {0};
    uint8_t hash[SHA256_LEN];
    buf_str(&b, HAND_DATA_PROTOCOL);
    buf_put(&b, keys->key, sizeof keys->key);
    sha256(buf_bytes(&b), buf_len(&b), hash);
    memcpy(token, hash, HAND_TOKEN_LEN);
    wipe(buf_bytes(&b), buf_len(&b));
    wipe(hash, sizeof hash);
    buf_done(&b);
}

void hands_new_id(struct hands *h, char id[HAND_ID_TEXT])
{
    do {
        uint8_t random[(HAND_ID_TEXT - 1) / 2];
        loop_random(h->loop, random, sizeof random);
        hex_encode(random, sizeof random, id);
    } while (give_find(h, id) || get_find(h, id));
}

/* --- how fast -------------------------------------------------------------------------------- */

static void pace_turn(struct hand_pace *p, uint64_t now_us)
{
    uint64_t past = now_us - p->from_us;
    if (past < PACE_US / 4)
        return;
    uint64_t now = p->bytes * SEC / past;
    p->rate = past > PACE_US ? now : (p->rate + now) / 2;
    p->from_us = now_us;
    p->bytes = 0;
}

void hand_pace_count(struct hand_pace *p, uint64_t now_us, uint64_t bytes)
{
    pace_turn(p, now_us);
    p->bytes += bytes;
}

uint64_t hand_pace_rate(struct hand_pace *p, uint64_t now_us)
{
    pace_turn(p, now_us);
    return p->rate;
}

/* --- connections --------------------------------------------------------------------------------
 */

void hand_tend(struct hands *h, const struct peer_id *peer)
{
    bool busy = false;
    LIST_EACH(&h->gives, struct give, g, link)
        busy |= g->serve && peer_id_equal(&g->state.peer, peer);
    LIST_EACH(&h->gets, struct get, g, link)
        busy |= g->fetch && peer_id_equal(&g->peer, peer);
    host_tag(h->host, peer, "hand", busy ? HOST_TEND : 0);
}

/* --- telling ---------------------------------------------------------------------------------- */

const char *hand_phase_word(enum hand_phase p)
{
    switch (p) {
    case HAND_WAITING:
        return "waiting";
    case HAND_SEEKING:
        return "seeking";
    case HAND_OFFERED:
        return "offered";
    case HAND_RUNNING:
        return "running";
    case HAND_CHECKING:
        return "checking";
    case HAND_DONE:
        return "done";
    case HAND_ENDED:
        return "ended";
    }
    return "";
}

/* No words of a code go to who only watches. */
static json_t *told(json_t *row)
{
    json_object_del(row, "code");
    return row;
}

void give_tell(struct give *g)
{
    bus_post(g->h->cfg.env->bus, BUS_STATE, "file.transfer", g->id, told(give_json(g)));
}

void get_tell(struct get *g)
{
    bus_post(g->h->cfg.env->bus, BUS_STATE, "file.transfer", g->id, told(get_json(g)));
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_tick(void *arg)
{
    struct hands *h = arg;
    h->tick = timer_start(h->loop, TICK_US, on_tick, h);
    gives_expire(h);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct hands *h = arg;
    if (ev != HOST_IDENTIFIED)
        return;
    LIST_EACH(&h->gets, struct get, g, link) {
        if (g->seek)
            seek_peer(g->seek, peer);
        else if (peer_id_equal(&g->peer, peer))
            get_hello(g);
    }
}

struct hands *hands_new(const struct hands_cfg *cfg, struct why *why)
{
    struct hands *h = MEM_NEW(struct hands);
    h->cfg = *cfg;
    h->host = cfg->env->host;
    h->loop = cfg->env->loop;
    h->log = cfg->env->log;
    h->sums_dir = mem_printf("%s/hand", cfg->env->data_dir);
    struct link *lists[] = {&h->gives, &h->gets, &h->walks, &h->visits, &h->serves};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        list_init(lists[i]);
    h->watch = (struct host_watch){.cb = on_host, .arg = h};
    host_watch(h->host, &h->watch);
    struct host_protocol ask = {
        .name = HAND_PROTOCOL, .cb = hand_visit_on_stream, .arg = h, .limited = true};
    struct host_protocol data = {.name = HAND_DATA_PROTOCOL, .cb = hand_serve_on_stream, .arg = h};
    host_handle(h->host, &ask);
    host_handle(h->host, &data);
    h->tick = timer_start(h->loop, TICK_US, on_tick, h);
    if (vfs_mkdirs(cfg->env->vfs, h->sums_dir, 0700, why) == OK && hand_keep_load(h, why) == OK)
        return h;
    hands_free(h);
    return NULL;
}

void hands_free(struct hands *h)
{
    if (!h)
        return;
    timer_cancel(h->tick);
    host_ignore(h->host, HAND_PROTOCOL);
    host_ignore(h->host, HAND_DATA_PROTOCOL);
    host_unwatch(&h->watch);
    hand_visits_done(h);
    hands_walks_done(h);
    LIST_EACH(&h->gives, struct give, g, link)
        give_free(g);
    hand_serves_done(h);
    LIST_EACH(&h->gets, struct get, g, link)
        get_free(g);
    free(h->sums_dir);
    free(h);
}
