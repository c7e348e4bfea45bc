/* What a person says of other nodes: this one is trusted, that one is not wanted. */
#include "host/host_app_in.h"

#include "core/bus.h"

static json_t *row(struct overlay *o, const struct peer_id *id)
{
    struct host_peer p;
    host_peer(o->host, id, &p);
    p.id = *id;
    return overlay_peer_json(o, &p, false);
}

static void set(struct overlay *o, struct call *c, enum trust t)
{
    struct peer_id id;
    struct why why;
    if (host_find_peer(o->host, call_text(c, "id"), &id, &why) != OK) {
        call_fail(c, "peer.not_found", &why, "shoal peer ls shows who is connected");
        return;
    }
    if (peer_id_equal(&id, host_id(o->host))) {
        call_failf(c, "peer.not_kept", ERR_INVALID, NULL, "this is our own id");
        return;
    }
    const char *name = t == TRUST_TRUSTED ? call_text(c, "name") : NULL;
    if (trust_set(o->trust, &id, t, name, &why) != OK) {
        call_fail(c, "peer.not_kept", &why, NULL);
        return;
    }
    json_t *told = row(o, &id);
    bus_post(o->env.bus, BUS_STATE, "peer.trust", json_string_value(json_object_get(told, "id")),
             told);
    if (t == TRUST_BLOCKED) /* after the event: apps tell the other side what is over */
        host_hang_up(o->host, &id);
    reach_trust_changed(o->reach);
    call_ok(c, row(o, &id));
}

void overlay_on_trust(void *app, struct call *c)
{
    set(app, c, TRUST_TRUSTED);
}

void overlay_on_block(void *app, struct call *c)
{
    set(app, c, TRUST_BLOCKED);
}

void overlay_on_forget(void *app, struct call *c)
{
    set(app, c, TRUST_STRANGER);
}
