/* What the owner wants the tables to hold of his, until he takes it back. */
#include "host/host_app_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "host/kept.h"
#include "host/name/cid.h"

#include <stdlib.h>
#include <string.h>

/* --- told again after the start ------------------------------------------------------------- */

static void ignore(void *arg, size_t kept, const struct why *why)
{
    (void)arg;
    (void)kept;
    (void)why;
}

static void tell(void *arg, const struct kept *k)
{
    struct overlay *o = arg;
    o->again_at++;
    for (enum table t = 0; t < TABLES; t++) {
        if (!(k->tables >> t & 1))
            continue;
        if (k->is_value)
            kad_keep(o->tables[t], k->key, k->value, ignore, NULL);
        else
            kad_provide(o->tables[t], k->key, ignore, NULL);
    }
}

bool overlay_kept_next(struct overlay *o)
{
    struct why why;
    size_t at = o->again_at;
    if (kept_list(o->env.db, at, 1, tell, o, &why) != OK)
        log_warn(o->env.log, "what is kept in the tables cannot be read: %s", why.text);
    return o->again_at > at;
}

/* --- asked about ---------------------------------------------------------------------------- */

static json_t *hex_json(struct cur bytes)
{
    char *text = mem_zalloc(bytes.n * 2 + 1);
    hex_encode(bytes.p, bytes.n, text);
    json_t *j = json_string(text);
    free(text);
    return j;
}

static void list_one(void *arg, const struct kept *k)
{
    json_t *tables = json_array();
    for (enum table t = 0; t < TABLES; t++)
        if (k->tables >> t & 1)
            json_array_append_new(tables, json_string(overlay_table_name(t)));
    json_t *one = json_pack("{s:s, s:o, s:o}", "kind", k->is_value ? "value" : "provider", "key",
                            hex_json(k->key), "tables", tables);
    if (k->is_value)
        json_object_set_new(one, "value", hex_json(k->value));
    json_array_append_new(arg, one);
}

void overlay_on_kept(void *app, struct call *c)
{
    struct overlay *o = app;
    struct why why;
    json_t *list = json_array();
    if (kept_list(o->env.db, 0, KEPT_MAX, list_one, list, &why) == OK) {
        call_ok(c, list);
        return;
    }
    json_decref(list);
    call_fail(c, "net.not_kept", &why, NULL);
}

/* By its key in hex, or the content's id. */
static enum err read_key(const char *text, struct buf *key, struct why *why)
{
    struct cid cid;
    size_t n = strlen(text);
    if (n % 2 == 0 && hex_decode(text, n, buf_room(key, n / 2 + 1), n / 2)) {
        buf_grew(key, n / 2);
        return OK;
    }
    if (cid_parse(&cid, text, why) != OK)
        return why_in(why, ERR_INVALID, "neither a key in hex nor a content's id");
    struct cur hash = cid_multihash(&cid);
    buf_put(key, hash.p, hash.n);
    return OK;
}

void overlay_on_withdraw(void *app, struct call *c)
{
    struct overlay *o = app;
    struct buf key = {0};
    struct why why;
    enum err e = read_key(call_text(c, "key"), &key, &why);
    if (e == OK)
        e = kept_drop(o->env.db, buf_cur(&key), &why);
    if (e == OK) {
        for (enum table t = 0; t < TABLES; t++) {
            kad_unkeep(o->tables[t], buf_cur(&key));
            kad_unprovide(o->tables[t], buf_cur(&key));
        }
        call_ok(c, json_pack("{s:s}", "key", call_text(c, "key")));
    } else {
        call_fail(c, e == ERR_NOT_FOUND ? "net.not_found" : "net.bad_key", &why, "shoal net kept");
    }
    buf_done(&key);
}
