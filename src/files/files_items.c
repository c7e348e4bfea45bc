/* Items of the DHT (BEP 44) for people and programs, and mutable torrents (BEP 46). */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/find/dht.h"
#include "files/meta/bencode.h"
#include "files/meta/magnet.h"

#include <string.h>

static const char off_next[] = "switch it on: shoal config set files.dht on";

/* A call that waits for the DHT. */
struct inquiry {
    struct link link; /* in f->inquiries */
    struct files *f;
    struct call *call;
    struct dht_op *op;
    struct magnet *m; /* a mutable torrent; NULL: only the item is wanted */
    struct dht_id target;
    inquiry_cb *then;
};

static struct inquiry *inquiry_new(struct files *f, struct call *c)
{
    if (!f->swarm.dht) {
        call_failf(c, "dht.off", ERR_STATE, off_next, "this node is not in the DHT");
        return NULL;
    }
    struct inquiry *q = MEM_NEW(struct inquiry);
    q->f = f;
    q->call = c;
    list_push(&f->inquiries, &q->link);
    return q;
}

static void inquiry_free(struct inquiry *q)
{
    list_drop(&q->link);
    magnet_free(q->m);
    free(q);
}

void inquiry_cancel_all(struct files *f)
{
    LIST_EACH(&f->inquiries, struct inquiry, q, link) {
        dht_cancel(q->op);
        call_failf(q->call, "dht.stopped", ERR_STATE, "ask again once it runs", "the node stops");
        inquiry_free(q);
    }
}

/* dht.get */

static bool decode(struct call *c, const char *name, void *out, size_t n)
{
    const char *text = call_text(c, name);
    if (hex_decode(text, strlen(text), out, n))
        return true;
    call_failf(c, CALL_USAGE, ERR_INVALID, NULL, "%s is not %zu hexadecimal digits", name, 2 * n);
    return false;
}

static json_t *hex(const void *bytes, size_t n)
{
    char *text = mem_zalloc(2 * n + 1);
    json_t *j = json_string(hex_encode(bytes, n, text));
    free(text);
    return j;
}

static json_t *item_row(const struct dht_item *item)
{
    struct buf v = {0};
    base64_encode(&v, item->v.p, item->v.n);
    char *text = buf_take_str(&v);
    struct dht_id target = dht_item_target(item);
    json_t *j = json_pack("{s:o, s:s}", "target", hex(target.b, DHT_ID_LEN), "value", text);
    free(text);
    if (item->is_mutable) {
        json_object_set_new(j, "key", hex(item->key, DHT_KEY_LEN));
        json_object_set_new(j, "seq", json_integer((json_int_t)item->seq));
    }
    return j;
}

static void on_item(void *arg, const struct dht_item *item, const struct dht_result *r)
{
    struct inquiry *q = arg;
    if (item)
        call_ok(q->call, item_row(item));
    else
        call_fail(q->call, "dht.not_found", &r->why, "items are forgotten two hours after a put");
    inquiry_free(q);
}

void dht_call_get(void *app, struct call *c)
{
    struct files *f = app;
    uint8_t key[DHT_KEY_LEN];
    struct dht_id target;
    const char *salt = call_text(c, "salt") ? call_text(c, "salt") : "";
    bool by_key = strlen(call_text(c, "target")) == 2 * DHT_KEY_LEN;
    if (!decode(c, "target", by_key ? key : target.b, by_key ? DHT_KEY_LEN : DHT_ID_LEN))
        return;
    struct inquiry *q = inquiry_new(f, c);
    if (q && by_key)
        q->op = dht_get_mutable(f->swarm.dht, key, cur_of(salt, strlen(salt)), on_item, q);
    else if (q)
        q->op = dht_get_immutable(f->swarm.dht, &target, on_item, q);
}

/* dht.put */

static void on_put(void *arg, const struct dht_result *r)
{
    struct inquiry *q = arg;
    if (r->stored > 0)
        call_ok(q->call, json_pack("{s:o, s:I}", "target", hex(q->target.b, DHT_ID_LEN), "stored",
                                   (json_int_t)r->stored));
    else
        call_fail(q->call, "dht.not_stored", &r->why, "shoal status --json tells of the DHT");
    inquiry_free(q);
}

void dht_call_put(void *app, struct call *c)
{
    struct files *f = app;
    struct why why;
    const char *text = call_text(c, "text");
    struct buf b = {0};
    ben_put_str(&b, text, strlen(text));
    struct dht_item item = {.v = buf_cur(&b)};
    struct inquiry *q = inquiry_new(f, c);
    if (q) {
        q->target = dht_item_target(&item);
        q->op = dht_put(f->swarm.dht, &item, NULL, on_put, q, &why);
    }
    if (q && !q->op) {
        call_fail(c, "dht.not_stored", &why, "give a shorter text");
        inquiry_free(q);
    }
    buf_done(&b);
}

/* Mutable torrents: the item's value is {"ih": infohash} (BEP 46), what else is in it is passed
 * over. */

static bool read_infohash(struct cur v, uint8_t out[SHA1_LEN])
{
    const struct ben *d;
    struct arena *a = arena_new();
    bool yes = ben_parse(a, v, &d, NULL) == OK && ben_str(d, "ih").n == SHA1_LEN;
    if (yes)
        memcpy(out, ben_str(d, "ih").p, SHA1_LEN);
    arena_free(a);
    return yes;
}

static void on_resolved(void *arg, const struct dht_item *item, const struct dht_result *r)
{
    struct inquiry *q = arg;
    struct magnet *m = q->m;
    struct files *f = q->f;
    struct call *c = q->call;
    inquiry_cb *then = q->then;
    q->m = NULL;
    inquiry_free(q);
    if (item && read_infohash(item->v, m->hash.v1)) {
        m->hash.has_v1 = true;
        memcpy(m->infohash, m->hash.v1, SHA1_LEN);
        then(f, c, m);
    } else if (item) {
        call_failf(c, "file.bad_link", ERR_INVALID, "ask who gave the link",
                   "what its key has published is no torrent");
        magnet_free(m);
    } else {
        call_fail(c, "file.bad_link", &r->why, "whoever published it puts it again every hour");
        magnet_free(m);
    }
}

void inquiry_resolve(struct files *f, struct call *c, struct magnet *m, inquiry_cb *then)
{
    struct inquiry *q = inquiry_new(f, c);
    if (!q) {
        magnet_free(m);
        return;
    }
    q->m = m;
    q->then = then;
    q->op = dht_get_mutable(f->swarm.dht, m->key, cur_of(m->salt, m->salt_len), on_resolved, q);
}
