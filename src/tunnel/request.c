/* Cards for the owner: who asked for something, and is not trusted. */
#include "tunnel/tunnel_in.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct request *find(const struct tunnel *t, const struct peer_id *peer, const char *what)
{
    LIST_EACH(&t->requests, struct request, r, link)
        if (peer_id_equal(&r->peer, peer) && strcmp(r->what, what) == 0)
            return r;
    return NULL;
}

/* A peer may ask for as many names as it likes: it gets one card for the last of them. */
static struct request *of_peer(const struct tunnel *t, const struct peer_id *peer, size_t *count)
{
    struct request *last = NULL;
    *count = 0;
    LIST_EACH(&t->requests, struct request, r, link) {
        ++*count;
        if (peer_id_equal(&r->peer, peer))
            last = r;
    }
    return last;
}

void request_note(struct tunnel *t, const struct peer_id *peer, const char *what)
{
    size_t count;
    char id[PEER_ID_FORMAT];
    int64_t now = loop_wall_us(t->env.loop);
    struct request *r = of_peer(t, peer, &count);
    bool news = !find(t, peer, what);
    if (!r && count == REQUESTS_MAX)
        return;
    if (!r) {
        r = MEM_NEW(struct request);
        r->peer = *peer;
        list_push(&t->requests, &r->link);
    }
    snprintf(r->what, sizeof r->what, "%s", what);
    bool old = now - r->at_us > 60 * (int64_t)SEC;
    r->times++;
    if (!news && !old)
        return; /* the disk is not a stranger's to write to as fast as he asks */
    bool told = r->at_us != 0 && !old;
    r->at_us = now;
    if (told)
        return;
    keep_request(t, r);
    bus_post(t->env.bus, BUS_ONCE, "connect.request", peer_id_format(peer, id),
             json_pack("{s:s, s:s, s:s}", "peer", id, "what", what, "at", text_rfc3339(now).s));
    log_info(t->env.log, "%s asks for %s and is not trusted; shoal peer trust %s lets it", id, what,
             id);
}

void request_drop(struct tunnel *t, const struct peer_id *peer)
{
    bool any = false;
    LIST_EACH(&t->requests, struct request, r, link)
        if (peer_id_equal(&r->peer, peer)) {
            list_drop(&r->link);
            free(r);
            any = true;
        }
    if (any)
        keep_request_gone(t, peer);
}

bool request_is_open(const struct tunnel *t, const struct request *r)
{
    return trust_of(host_trust(t->host), &r->peer) == TRUST_STRANGER;
}

void requests_done(struct tunnel *t)
{
    LIST_EACH(&t->requests, struct request, r, link) {
        list_drop(&r->link);
        free(r);
    }
}
