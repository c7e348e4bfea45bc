/* What a person asks of the distributed table. */
#include "host/host_app_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "host/name/cid.h"

#include <stdlib.h>
#include <string.h>

enum { WANTED = 20 };

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

static void answer_kept(struct asked *a, const char *name, size_t kept, const struct why *why)
{
    a->op = NULL;
    struct call *c = overlay_answered(a);
    if (kept == 0)
        call_fail(c, "net.nobody", why, "shoal net dial MULTIADDR, to know somebody");
    else
        call_ok(c, json_pack("{s:O, s:I}", name, json_object_get(call_params(c), name), "kept",
                             (json_int_t)kept));
}

static void on_put(void *arg, size_t kept, const struct why *why)
{
    answer_kept(arg, "key", kept, why);
}

void overlay_on_put(void *app, struct call *c)
{
    struct overlay *o = app;
    struct buf key = {0}, value = {0};
    if (take_hex(c, "key", &key) && take_hex(c, "value", &value)) {
        struct asked *a = overlay_ask(o, c);
        a->op = kad_put(o->kad, buf_cur(&key), buf_cur(&value), on_put, a);
    }
    buf_done(&key);
    buf_done(&value);
}

static void on_get(void *arg, struct cur value, const struct why *why)
{
    struct asked *a = arg;
    a->op = NULL;
    struct call *c = overlay_answered(a);
    if (!value.p) {
        call_fail(c, "net.not_found", why, NULL);
        return;
    }
    char *text = mem_zalloc(value.n * 2 + 1);
    hex_encode(value.p, value.n, text);
    call_ok(c,
            json_pack("{s:O, s:s}", "key", json_object_get(call_params(c), "key"), "value", text));
    free(text);
}

void overlay_on_get(void *app, struct call *c)
{
    struct overlay *o = app;
    struct buf key = {0};
    if (take_hex(c, "key", &key)) {
        struct asked *a = overlay_ask(o, c);
        a->op = kad_get(o->kad, buf_cur(&key), on_get, a);
    }
    buf_done(&key);
}

/* --- who has what --------------------------------------------------------------------------- */

static bool take_cid(struct call *c, struct cid *out)
{
    struct why why;
    if (cid_parse(out, call_text(c, "cid"), &why) == OK)
        return true;
    call_fail(c, "net.bad_cid", &why, NULL);
    return false;
}

static void on_provided(void *arg, size_t kept, const struct why *why)
{
    answer_kept(arg, "cid", kept, why);
}

void overlay_on_provide(void *app, struct call *c)
{
    struct overlay *o = app;
    struct cid cid;
    if (!take_cid(c, &cid))
        return;
    struct asked *a = overlay_ask(o, c);
    a->op = kad_provide(o->kad, cid_multihash(&cid), on_provided, a);
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

static void on_providers(void *arg, const struct peer_id *near, size_t n)
{
    struct asked *a = arg;
    json_t *list = json_array();
    a->op = NULL;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, where(a->o, &near[i]));
    call_ok(overlay_answered(a), list);
}

void overlay_on_find(void *app, struct call *c)
{
    struct overlay *o = app;
    struct cid cid;
    if (!take_cid(c, &cid))
        return;
    struct asked *a = overlay_ask(o, c);
    a->op = kad_providers(o->kad, cid_multihash(&cid), WANTED, on_providers, a);
}

/* --- who is where --------------------------------------------------------------------------- */

static void on_found(void *arg, bool found, const struct why *why)
{
    struct asked *a = arg;
    json_t *at = found ? where(a->o, &a->peer) : NULL;
    a->op = NULL;
    struct call *c = overlay_answered(a);
    if (found)
        call_ok(c, at);
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
    a->op = kad_find_peer(o->kad, &id, on_found, a);
}

static json_t *addrs_of(const struct overlay *o, enum verdict v)
{
    struct multiaddr at[REACH_ADDRS_MAX];
    char text[MULTIADDR_TEXT];
    json_t *list = json_array();
    size_t n = reach_addrs(o->reach, v, at, REACH_ADDRS_MAX);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(multiaddr_format(&at[i], text)));
    return list;
}

void overlay_on_stat(void *app, struct call *c)
{
    struct overlay *o = app;
    struct peer_id ids[256];
    struct reach_stat r;
    reach_stat(o->reach, &r);
    json_t *j =
        json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:b, s:I, s:I, s:I}", "reach",
                  verdict_word(r.verdict), "reachable", addrs_of(o, VERDICT_PUBLIC), "unreachable",
                  addrs_of(o, VERDICT_PRIVATE), "peers", (json_int_t)host_peers(o->host, ids, 256),
                  "table", (json_int_t)kad_known(o->kad), "relays", (json_int_t)r.relays,
                  "relaying", r.relaying, "reservations", (json_int_t)r.reservations, "circuits",
                  (json_int_t)r.circuits, "relayed_bytes", (json_int_t)r.relayed_bytes);
    overlay_gossip_stat(o, j);
    call_ok(c, j);
}
