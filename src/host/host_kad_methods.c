/* What a person asks of the distributed table. */
#include "host/host_app_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "host/kad/kad_record.h"
#include "host/kept.h"
#include "host/name/cid.h"

#include <stdlib.h>
#include <string.h>

enum { WANTED = 20 };

static const char *const table_names[TABLES] = {"ipfs", "shoal"};

/* --- which of the tables -------------------------------------------------------------------- */

typedef struct kad_op *begin_fn(struct search *s, struct kad *k);

/* Both, unless one is named. */
unsigned overlay_tables(const struct call *c)
{
    const char *which = call_text(c, "table");
    unsigned bits = 0;
    for (enum table t = 0; t < TABLES; t++)
        if (!which || strcmp(which, "both") == 0 || strcmp(which, table_names[t]) == 0)
            bits |= 1U << t;
    return bits;
}

const char *overlay_table_name(enum table t)
{
    return table_names[t];
}

/* All at once. */
static void ask_tables(struct asked *a, begin_fn *begin)
{
    unsigned bits = overlay_tables(a->call);
    for (enum table t = 0; t < TABLES; t++) {
        struct search *s = &a->searches[t];
        s->asked = a;
        if (bits >> t & 1)
            s->op = begin(s, a->o->tables[t]);
    }
}

/* One is over; whether that was the last. */
static bool over(struct search *s, const struct why *why)
{
    struct asked *a = s->asked;
    s->op = NULL;
    if (why && (a->why.code == OK || a->why.code == ERR_CLOSED)) /* who asked somebody knows more */
        a->why = *why;
    for (enum table t = 0; t < TABLES; t++)
        if (a->searches[t].op)
            return false;
    return true;
}

/* --- values --------------------------------------------------------------------------------- */

/* A parameter in hex, appended to out; false: the call was answered. */
static bool take_hex(struct call *c, const char *name, struct buf *out)
{
    const char *text = call_text(c, name);
    size_t n = strlen(text);
    if (n % 2 == 0 && hex_decode(text, n, buf_room(out, n / 2 + 1), n / 2)) {
        buf_grew(out, n / 2);
        return true;
    }
    call_failf(c, "net.bad_hex", ERR_INVALID, NULL, "%s is not in hex: two digits a byte", name);
    return false;
}

/* Said when it will be there tomorrow too. */
static enum err note_kept(struct asked *a, struct why *why)
{
    struct kept k = {.is_value = !call_has(a->call, "cid"),
                     .key = buf_cur(&a->key),
                     .value = buf_cur(&a->value),
                     .tables = overlay_tables(a->call)};
    return kept_put(a->o->env.db, &k, why);
}

static void on_kept(void *arg, size_t kept, const struct why *why)
{
    struct search *s = arg;
    struct asked *a = s->asked;
    a->kept += kept;
    if (!over(s, why))
        return;
    const char *name = call_has(a->call, "cid") ? "cid" : "key";
    struct why none = a->why;
    size_t all = a->kept;
    enum err noted = all > 0 ? note_kept(a, &none) : OK;
    struct call *c = overlay_answered(a);
    if (noted != OK)
        call_fail(c, "net.not_kept", &none, "shoal net kept, and shoal net withdraw KEY");
    else if (all == 0)
        call_fail(c, "net.nobody", &none, "shoal net dial MULTIADDR, to know somebody");
    else
        call_ok(c, json_pack("{s:O, s:I}", name, json_object_get(call_params(c), name), "kept",
                             (json_int_t)all));
}

static struct kad_op *begin_put(struct search *s, struct kad *k)
{
    return kad_keep(k, buf_cur(&s->asked->key), buf_cur(&s->asked->value), on_kept, s);
}

void overlay_on_put(void *app, struct call *c)
{
    struct buf key = {0}, value = {0};
    if (take_hex(c, "key", &key) && take_hex(c, "value", &value)) {
        struct asked *a = overlay_ask(app, c);
        a->key = key;
        a->value = value;
        ask_tables(a, begin_put);
        return;
    }
    buf_done(&key);
    buf_done(&value);
}

static void answer_value(struct asked *a)
{
    struct why none = a->why;
    struct buf value = a->value;
    bool found = a->found;
    a->value = (struct buf){0};
    struct call *c = overlay_answered(a);
    if (found) {
        char *text = mem_zalloc(buf_len(&value) * 2 + 1);
        hex_encode(buf_bytes(&value), buf_len(&value), text);
        json_t *key = json_object_get(call_params(c), "key");
        call_ok(c, json_pack("{s:O, s:s}", "key", key, "value", text));
        free(text);
    } else {
        call_fail(c, "net.not_found", &none, NULL);
    }
    buf_done(&value);
}

static void on_get(void *arg, struct cur value, const struct why *why)
{
    struct search *s = arg;
    struct asked *a = s->asked;
    struct cur key = buf_cur(&a->key);
    struct cur had = a->found ? buf_cur(&a->value) : cur_of(NULL, 0);
    if (value.p && (!a->found || kad_record_better(key, had, value))) {
        buf_clear(&a->value);
        buf_put(&a->value, value.p, value.n);
        a->found = true;
    }
    if (over(s, why) || (a->found && kad_record_is_final(key)))
        answer_value(a);
}

static struct kad_op *begin_get(struct search *s, struct kad *k)
{
    return kad_get(k, buf_cur(&s->asked->key), on_get, s);
}

void overlay_on_get(void *app, struct call *c)
{
    struct buf key = {0};
    if (!take_hex(c, "key", &key)) {
        buf_done(&key);
        return;
    }
    struct asked *a = overlay_ask(app, c);
    a->key = key;
    ask_tables(a, begin_get);
}

/* --- who has what --------------------------------------------------------------------------- */

/* NULL: the call was answered. */
static struct asked *ask_cid(struct overlay *o, struct call *c)
{
    struct why why;
    struct cid cid;
    if (cid_parse(&cid, call_text(c, "cid"), &why) != OK) {
        call_fail(c, "net.bad_cid", &why, NULL);
        return NULL;
    }
    struct asked *a = overlay_ask(o, c);
    struct cur hash = cid_multihash(&cid);
    buf_put(&a->key, hash.p, hash.n);
    return a;
}

static struct kad_op *begin_provide(struct search *s, struct kad *k)
{
    return kad_provide(k, buf_cur(&s->asked->key), on_kept, s);
}

void overlay_on_provide(void *app, struct call *c)
{
    struct asked *a = ask_cid(app, c);
    if (a)
        ask_tables(a, begin_provide);
}

static json_t *where(struct overlay *o, const struct peer_id *id)
{
    struct host_peer p = {0};
    char text[MULTIADDR_TEXT], name[PEER_ID_FORMAT];
    json_t *addrs = json_array();
    host_peer(o->host, id, &p);
    for (size_t i = 0; i < p.addr_count; i++)
        json_array_append_new(addrs, json_string(multiaddr_format(&p.addrs[i], text)));
    return json_pack("{s:s, s:o}", "id", peer_id_format(id, name), "addresses", addrs);
}

static bool is_in(const json_t *list, const json_t *peer)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_object_get(json_array_get(list, i), "id"), json_object_get(peer, "id")))
            return true;
    return false;
}

static void on_providers(void *arg, const struct peer_id *near, size_t n)
{
    struct search *s = arg;
    struct asked *a = s->asked;
    for (size_t i = 0; i < n; i++) {
        json_t *one = where(a->o, &near[i]);
        if (!is_in(a->list, one))
            json_array_append(a->list, one);
        json_decref(one);
    }
    if (!over(s, NULL))
        return;
    json_t *list = json_incref(a->list);
    call_ok(overlay_answered(a), list);
}

static struct kad_op *begin_find(struct search *s, struct kad *k)
{
    return kad_providers(k, buf_cur(&s->asked->key), WANTED, on_providers, s);
}

void overlay_on_find(void *app, struct call *c)
{
    struct asked *a = ask_cid(app, c);
    if (!a)
        return;
    a->list = json_array();
    ask_tables(a, begin_find);
}

/* --- who is where --------------------------------------------------------------------------- */

static void on_found(void *arg, bool found, const struct why *why)
{
    struct search *s = arg;
    struct asked *a = s->asked;
    json_t *at = found ? where(a->o, &a->peer) : NULL;
    if (!over(s, why) && !found)
        return;
    struct why none = a->why;
    struct call *c = overlay_answered(a);
    if (found)
        call_ok(c, at);
    else
        call_fail(c, "peer.not_found", &none, NULL);
}

static struct kad_op *begin_lookup(struct search *s, struct kad *k)
{
    return kad_find_peer(k, &s->asked->peer, on_found, s);
}

static void on_where(void *arg, bool found, const struct why *why)
{
    struct asked *a = arg;
    struct overlay *o = a->o;
    struct peer_id id = a->peer;
    a->where = NULL;
    struct call *c = overlay_answered(a);
    if (found)
        call_ok(c, where(o, &id));
    else
        call_fail(c, "peer.not_found", why, NULL);
}

void overlay_on_lookup(void *app, struct call *c)
{
    struct overlay *o = app;
    struct peer_id id;
    struct why why;
    if (host_find_peer(o->host, call_text(c, "id"), &id, &why) != OK) {
        call_fail(c, "peer.not_found", &why, NULL);
        return;
    }
    struct asked *a = overlay_ask(o, c);
    a->peer = id;
    const char *table = call_text(c, "table");
    if (table && strcmp(table, "both") != 0)
        ask_tables(a, begin_lookup);
    else
        a->where = where_start(o, &id, on_where, a);
}
