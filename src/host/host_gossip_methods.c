/* What a person says to a topic, and hears in it. */
#include "host/host_app_in.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/bus.h"
#include "crypto/base64.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_DATA_MAX = 64 << 10 }; /* the bus keeps events; of longer messages it has the size */

/* A topic that somebody listens to through us. */
struct listened {
    struct link link; /* in overlay.listened */
    struct overlay *o;
    struct gossip_sub *sub;
    unsigned users;
    char topic[];
};

static struct listened *listened_find(struct overlay *o, const char *topic)
{
    LIST_EACH(&o->listened, struct listened, l, link)
        if (strcmp(l->topic, topic) == 0)
            return l;
    return NULL;
}

static void listened_free(struct listened *l)
{
    list_drop(&l->link);
    gossip_unsubscribe(l->sub);
    free(l);
}

void overlay_gossip_begin(struct overlay *o)
{
    list_init(&o->listened);
    struct gossip_cfg cfg = {.host = o->host,
                             .log = o->env.log,
                             .keys = o->env.keys,
                             .lab = conf_bool(o->env.conf, "host.lab")};
    o->gossip = gossip_new(&cfg);
    host_set_topics(o->host, o->gossip);
}

void overlay_gossip_end(struct overlay *o)
{
    LIST_EACH(&o->listened, struct listened, l, link)
        listened_free(l);
    host_set_topics(o->host, NULL);
    gossip_free(o->gossip);
    o->gossip = NULL;
}

/* --- hearing -------------------------------------------------------------------------------- */

/* Text as text; what is no text (or has a NUL) in base64. */
static void add_data(json_t *to, struct cur data)
{
    struct buf b = {0};
    if (data.n > EVENT_DATA_MAX) {
        json_object_set_new(to, "size", json_integer((json_int_t)data.n));
        return;
    }
    if (utf8_valid(data.p, data.n) && (data.n == 0 || !memchr(data.p, 0, data.n))) {
        json_object_set_new(to, "data", json_stringn((const char *)data.p, data.n));
        return;
    }
    base64_encode(&b, data.p, data.n);
    json_object_set_new(to, "base64", json_stringn((const char *)buf_bytes(&b), buf_len(&b)));
    buf_done(&b);
}

static enum gossip_verdict on_news(void *arg, const struct gossip_news *n)
{
    const struct listened *l = arg;
    char from[PEER_ID_FORMAT];
    json_t *j = json_pack("{s:s, s:s}", "topic", n->topic, "from", peer_id_format(n->from, from));
    add_data(j, n->data);
    bus_post(l->o->env.bus, BUS_ONCE, "net.message", n->topic, j);
    return GOSSIP_ACCEPT;
}

void overlay_on_subscribe(void *app, struct call *c)
{
    struct overlay *o = app;
    struct why why;
    const char *topic = call_text(c, "topic");
    struct listened *l = listened_find(o, topic);
    if (!l) {
        l = mem_zalloc(sizeof *l + strlen(topic) + 1);
        memcpy(l->topic, topic, strlen(topic) + 1);
        l->o = o;
        list_push(&o->listened, &l->link);
        l->sub = gossip_subscribe(o->gossip, topic, on_news, l, &why);
        if (!l->sub) {
            listened_free(l);
            call_fail(c, "net.bad_topic", &why, NULL);
            return;
        }
    }
    l->users++;
    call_ok(c, json_pack("{s:s, s:i}", "topic", topic, "users", (int)l->users));
}

void overlay_on_unsubscribe(void *app, struct call *c)
{
    struct overlay *o = app;
    const char *topic = call_text(c, "topic");
    struct listened *l = listened_find(o, topic);
    if (!l) {
        call_failf(c, "net.not_subscribed", ERR_NOT_FOUND, "shoal net subscribe TOPIC",
                   "nobody listens to %s here", topic);
        return;
    }
    unsigned users = --l->users;
    if (users == 0)
        listened_free(l);
    call_ok(c, json_pack("{s:s, s:i}", "topic", topic, "users", (int)users));
}

void overlay_gossip_stat(const struct overlay *o, json_t *to)
{
    struct gossip_stat g = gossip_stat(o->gossip);
    json_t *topics = json_array();
    LIST_EACH(&o->listened, struct listened, l, link)
        json_array_append_new(
            topics, json_pack("{s:s, s:I, s:I}", "topic", l->topic, "listeners",
                              (json_int_t)gossip_listeners(o->gossip, l->topic, NULL, 0), "mesh",
                              (json_int_t)gossip_mesh(o->gossip, l->topic, NULL, 0)));
    json_object_set_new(to, "topics", topics);
    json_object_set_new(to, "gossip",
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "peers", (json_int_t)g.peers,
                                  "heard", (json_int_t)g.heard, "said", (json_int_t)g.said,
                                  "passed", (json_int_t)g.passed, "refused", (json_int_t)g.refused,
                                  "dropped", (json_int_t)g.dropped));
}

/* --- saying --------------------------------------------------------------------------------- */

void overlay_on_publish(void *app, struct call *c)
{
    struct overlay *o = app;
    const char *topic = call_text(c, "topic"), *text = call_text(c, "data");
    struct why why;
    struct buf data = {0};
    size_t peers = 0;
    if (!call_bool(c, "base64"))
        buf_str(&data, text);
    else if (!base64_decode(&data, text, strlen(text))) {
        call_failf(c, "net.bad_data", ERR_INVALID, NULL, "the data is not base64");
        return;
    }
    if (gossip_publish(o->gossip, topic, buf_cur(&data), &peers, &why) == OK)
        call_ok(c, json_pack("{s:s, s:I}", "topic", topic, "peers", (json_int_t)peers));
    else
        call_fail(c, "net.refused", &why, NULL);
    buf_done(&data);
}
