/* The DHT for who is not a torrent: core/items.h over BEP 44. */
#include "files/files_in.h"

#include "base/arena.h"
#include "base/mem.h"
#include "core/items.h"
#include "files/find/dht.h"
#include "files/meta/bencode.h"

#include <stdlib.h>
#include <string.h>

struct items_op {
    struct dht_op *op;
    items_got_cb *got; /* one of the two */
    items_put_cb *put;
    void *arg;
};

static void cancel(struct items_op *op)
{
    if (op)
        dht_cancel(op->op);
    free(op);
}

static struct dht *table(struct files *f, struct why *why)
{
    if (!f->swarm.dht)
        why_set(why, ERR_STATE, "this node is not in the DHT: files.dht is off");
    return f->swarm.dht;
}

static void on_got(void *arg, const struct dht_item *item, const struct dht_result *r)
{
    struct items_op op = *(struct items_op *)arg;
    struct cur value = {0};
    struct why why = r->why;
    const struct ben *v = NULL;
    struct arena *a = arena_new();
    free(arg);
    if (item && ben_parse(a, item->v, &v, &why) == OK && v->type == BEN_STR && v->str.n > 0)
        value = v->str;
    else if (item)
        why_set(&why, ERR_INVALID, "what is kept there is no string of bytes");
    op.got(op.arg, value, item ? item->seq : 0, value.p ? NULL : &why);
    arena_free(a);
}

static struct items_op *get(void *app, const uint8_t key[KEYS_PUB_LEN], const char *salt,
                            items_got_cb *cb, void *arg, struct why *why)
{
    struct dht *d = table(app, why);
    if (!d)
        return NULL;
    struct items_op *op = MEM_NEW(struct items_op);
    op->got = cb;
    op->arg = arg;
    op->op = dht_get_mutable(d, key, cur_of(salt, strlen(salt)), on_got, op);
    return op;
}

static void on_put(void *arg, const struct dht_result *r)
{
    struct items_op op = *(struct items_op *)arg;
    free(arg);
    op.put(op.arg, r->stored, r->stored > 0 ? NULL : &r->why);
}

static struct items_op *put(void *app, const char *salt, struct cur value, int64_t seq,
                            items_put_cb *cb, void *arg, struct why *why)
{
    struct files *f = app;
    struct dht *d = table(f, why);
    struct buf v = {0}, to_sign = {0};
    uint8_t sig[KEYS_SIG_LEN];
    if (!d)
        return NULL;
    ben_put_str(&v, value.p, value.n);
    struct dht_item item = {.v = buf_cur(&v),
                            .is_mutable = true,
                            .key = keys_peer_public(f->env.keys),
                            .sig = sig,
                            .salt = cur_of(salt, strlen(salt)),
                            .seq = seq};
    dht_item_signed(&to_sign, &item);
    keys_sign(f->env.keys, buf_bytes(&to_sign), buf_len(&to_sign), sig);
    struct items_op *op = MEM_NEW(struct items_op);
    op->put = cb;
    op->arg = arg;
    op->op = dht_put(d, &item, NULL, on_put, op, why);
    if (!op->op) {
        free(op);
        op = NULL;
    }
    buf_done(&v);
    buf_done(&to_sign);
    return op;
}

void files_items_port(void *app, struct items_port *out)
{
    *out = (struct items_port){.app = app, .get = get, .put = put, .cancel = cancel};
}
