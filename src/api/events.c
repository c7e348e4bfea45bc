#include "api/events.h"

#include "api/guard.h"
#include "api/reply.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct events {
    struct loop *loop;
    struct bus *bus;
    json_t *(*snapshot)(void *arg);
    void *arg;
    uint64_t run; /* tells this run's ids from an earlier one's */
    struct link listeners;
    size_t count;
    struct timer *tick; /* while somebody listens */
    json_t *status;     /* as it was told last; NULL: nobody listens */
};

/* A state that waits for its turn. */
struct pending {
    struct link link; /* by seq */
    uint64_t seq;
    char *key; /* "type\0id" */
    size_t key_len;
    const char *id; /* in key */
    json_t *data;
};

struct listener {
    struct link link;
    struct events *events;
    struct httpd_call *call;
    char *prefix;
    struct bus_sub *sub;
    struct map *by_thing; /* "type\0id" to pending */
    struct link waiting;
    uint64_t known;      /* the highest seq that was sent or passed over */
    uint64_t flushed_us; /* when states were last sent */
    struct timer *flush, *heartbeat;
    bool dead; /* the call is over; freed when the bus is done with us */
};

/* ---- a listener's end ---- */

static void pending_take(struct listener *l, struct pending *p)
{
    map_drop(l->by_thing, p->key, p->key_len);
    list_drop(&p->link);
}

static void pending_free(struct pending *p)
{
    json_decref(p->data);
    free(p->key);
    free(p);
}

static void stop_telling(struct events *e)
{
    timer_cancel(e->tick);
    e->tick = NULL;
    json_decref(e->status);
    e->status = NULL;
}

static void listener_free(struct listener *l)
{
    LIST_EACH(&l->waiting, struct pending, p, link) {
        pending_take(l, p);
        pending_free(p);
    }
    bus_unsubscribe(l->sub);
    timer_cancel(l->flush);
    timer_cancel(l->heartbeat);
    list_drop(&l->link);
    if (--l->events->count == 0)
        stop_telling(l->events);
    map_free(l->by_thing);
    free(l->prefix);
    free(l);
}

static void on_gone(void *arg)
{
    listener_free(arg);
}

/* A callback that finds the stream over must not free the listener under its caller. */
static void on_dead(void *arg)
{
    struct listener *l = arg;
    l->flush = NULL;
    listener_free(l);
}

static void put(struct listener *l, const void *bytes, size_t n)
{
    if (l->dead || httpd_stream_send(l->call, bytes, n))
        return;
    l->dead = true;
    timer_cancel(l->flush);
    l->flush = timer_start(l->events->loop, 0, on_dead, l);
}

/* ---- events ---- */

/* The number up to which nothing is missing. */
static uint64_t complete(const struct listener *l)
{
    const struct pending *first = LIST_FIRST(&l->waiting, struct pending, link);
    return first ? first->seq - 1 : l->known;
}

static void send_event(struct listener *l, const char *name, json_t *data)
{
    char *json = json_dumps(data, JSON_COMPACT);
    json_decref(data);
    if (!json)
        return;
    struct buf text = {0};
    buf_printf(&text, "event: %s\nid: %" PRIu64 "-%08" PRIx64 "\ndata: ", name, complete(l),
               l->events->run);
    buf_str(&text, json);
    buf_str(&text, "\n\n");
    put(l, buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    free(json);
}

static void send_delta(struct listener *l, const char *type, const char *id, json_t *data)
{
    send_event(l, type, json_pack("{s:s, s:s, s:O}", "type", type, "id", id, "data", data));
}

static void flush(struct listener *l)
{
    l->flushed_us = loop_now_us(l->events->loop);
    LIST_EACH(&l->waiting, struct pending, p, link) {
        pending_take(l, p); /* first, so that the event's id counts it as known */
        send_delta(l, p->key, p->id, p->data);
        pending_free(p);
    }
}

static void on_flush(void *arg)
{
    struct listener *l = arg;
    l->flush = NULL;
    flush(l);
}

/* At once when nothing was sent for a while, else when the quarter of a second is over. */
static void plan_flush(struct listener *l)
{
    if (l->flush)
        return;
    uint64_t now_us = loop_now_us(l->events->loop);
    uint64_t due_us = l->flushed_us + SEC / EVENTS_PER_SECOND;
    l->flush = timer_start(l->events->loop, due_us > now_us ? due_us - now_us : 0, on_flush, l);
}

static struct pending *pending_of(struct listener *l, const char *type, const char *id)
{
    struct buf key = {0};
    buf_put(&key, type, strlen(type) + 1);
    buf_put(&key, id, strlen(id) + 1);
    struct pending *p = map_get(l->by_thing, buf_bytes(&key), buf_len(&key));
    if (!p) {
        p = MEM_NEW(struct pending);
        p->key_len = buf_len(&key);
        p->key = mem_dup(buf_bytes(&key), p->key_len);
        p->id = p->key + strlen(type) + 1;
        list_init(&p->link);
        map_put(l->by_thing, p->key, p->key_len, p);
    }
    buf_done(&key);
    return p;
}

static void hold(struct listener *l, const struct bus_event *ev)
{
    struct pending *p = pending_of(l, ev->type, ev->id);
    json_decref(p->data);
    p->data = json_incref(ev->data);
    p->seq = ev->seq;
    list_drop(&p->link);
    list_push(&l->waiting, &p->link);
    if (map_count(l->by_thing) > EVENTS_PENDING_MAX)
        flush(l);
    else
        plan_flush(l);
}

static void on_event(void *arg, const struct bus_event *ev)
{
    struct listener *l = arg;
    if (l->dead)
        return;
    l->known = ev->seq;
    if (strncmp(ev->type, l->prefix, strlen(l->prefix)) != 0)
        return;
    switch (ev->kind) {
    case BUS_STATE:
        hold(l, ev);
        break;
    case BUS_ONCE:
        send_delta(l, ev->type, ev->id, ev->data);
        break;
    }
}

static void on_heartbeat(void *arg)
{
    struct listener *l = arg;
    static const char beat[] = ": still here\n\n";
    l->heartbeat = timer_start(l->events->loop, EVENTS_HEARTBEAT_US, on_heartbeat, l);
    put(l, beat, sizeof beat - 1);
}

/* ---- the node's status ---- */

static json_t *status_now(const struct events *e)
{
    json_t *all = e->snapshot(e->arg);
    json_t *status = json_incref(json_object_get(all, "status"));
    json_decref(all);
    if (!status)
        status = json_object();
    json_object_del(status, "uptime_s"); /* it is always another */
    return status;
}

/* The members of `now` that are not in `before` as they are. */
static json_t *changed(json_t *now, const json_t *before)
{
    json_t *out = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(now, name, value)
        if (!json_equal(value, json_object_get(before, name)))
            json_object_set(out, name, value);
    return out;
}

static void send_status(struct listener *l, json_t *members)
{
    if (json_object_size(members) > 0 && strncmp("node.status", l->prefix, strlen(l->prefix)) == 0)
        send_delta(l, "node.status", "node", members);
}

static void on_tick(void *arg)
{
    struct events *e = arg;
    json_t *now = status_now(e), *members = changed(now, e->status);
    json_decref(e->status);
    e->status = now;
    LIST_EACH(&e->listeners, struct listener, l, link)
        if (!l->dead)
            send_status(l, members);
    json_decref(members);
    e->tick = timer_start(e->loop, EVENTS_STATUS_US, on_tick, e);
}

static void begin_telling(struct events *e)
{
    if (e->status)
        return;
    e->status = status_now(e);
    e->tick = timer_start(e->loop, EVENTS_STATUS_US, on_tick, e);
}

/* ---- the beginning ---- */

/* "17-5f3a9c01" of this run; "17" is believed too. */
static bool read_id(const struct events *e, const char *text, uint64_t *seq)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    *seq = strtoull(text, &end, 10);
    if (*end == '\0')
        return true;
    char run[32];
    snprintf(run, sizeof run, "-%08" PRIx64, e->run);
    return strcmp(end, run) == 0;
}

static void send_snapshot(struct listener *l)
{
    l->known = bus_last(l->events->bus);
    send_event(l, "snapshot", l->events->snapshot(l->events->arg));
}

static void nothing(void *arg, const struct bus_event *ev)
{
    (void)arg;
    (void)ev;
}

static void catch_up(struct listener *l, const char *last_id)
{
    struct bus *bus = l->events->bus;
    uint64_t seq = 0;
    if (read_id(l->events, last_id, &seq) && seq <= bus_last(bus) &&
        bus_replay(bus, seq, nothing, NULL)) { /* all of it is still kept */
        l->known = seq;
        bus_replay(bus, seq, on_event, l);
        send_status(l, l->events->status); /* its deltas are not on the bus */
    } else {
        send_snapshot(l);
    }
}

void events_serve(struct events *e, struct httpd_call *c)
{
    if (e->count >= EVENTS_LISTENERS_MAX) {
        reply_problem(c, 503, "api.too_many_listeners", "too many programs listen to events",
                      "close a window of the node's page", NULL);
        return;
    }
    const char *prefix = httpd_query(c, "type");
    struct listener *l = MEM_NEW(struct listener);
    l->events = e;
    l->call = c;
    l->prefix = mem_strdup(prefix ? prefix : "");
    l->by_thing = map_new(e->run);
    list_init(&l->waiting);
    list_push(&e->listeners, &l->link);
    e->count++;
    const char *headers[16];
    size_t n = 0;
    for (const char *const *h = guard_headers(true); *h; h++)
        headers[n++] = *h;
    headers[n++] = "Content-Type: text/event-stream";
    headers[n] = NULL;
    httpd_stream_start(c, 200, headers);
    httpd_on_gone(c, on_gone, l);
    l->heartbeat = timer_start(e->loop, EVENTS_HEARTBEAT_US, on_heartbeat, l);
    begin_telling(e);
    catch_up(l, httpd_header(c, "Last-Event-ID"));
    l->sub = bus_subscribe(e->bus, "", on_event, l);
}

struct events *events_new(struct loop *loop, struct bus *bus, json_t *(*snapshot)(void *arg),
                          void *arg)
{
    struct events *e = MEM_NEW(struct events);
    e->loop = loop;
    e->bus = bus;
    e->snapshot = snapshot;
    e->arg = arg;
    e->run = loop_random_u64(loop) & 0xffffffff;
    list_init(&e->listeners);
    return e;
}

void events_free(struct events *e)
{
    if (!e)
        return;
    LIST_EACH(&e->listeners, struct listener, l, link) {
        if (!l->dead)
            httpd_stream_end(l->call);
        listener_free(l);
    }
    free(e);
}
