#include "tunnel/tun/network.h"

#include "base/mem.h"
#include "tunnel/tun/ula.h"
#include "tunnel/tunnel_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(struct network *n);

bool network_has(const struct network *n, const struct peer_id *peer)
{
    if (n->to.count > 0)
        return peers_have(&n->to, peer);
    return tunnel_trusts(n->t, peer);
}

static void set_members(struct network *n)
{
    const struct trust_book *book = host_trust(n->t->host);
    const struct trust_row *row;
    if (!n->mesh)
        return;
    if (n->to.count > 0) {
        mesh_set(n->mesh, n->to.ids, n->to.count);
        return;
    }
    struct peer_id *ids = mem_array(TRUST_MAX, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; (row = trust_at(book, i)); i++)
        if (row->trust == TRUST_TRUSTED)
            ids[count++] = row->peer;
    mesh_set(n->mesh, ids, count);
    free(ids);
}

void network_trust_changed(struct network *n)
{
    set_members(n);
}

/* --- the interface ---------------------------------------------------------------------------- */

static void answer(struct network *n)
{
    struct call *c = n->asked;
    n->asked = NULL;
    if (!c)
        return;
    if (n->mesh)
        call_ok(c, network_json(n));
    else
        call_fail(c, "connect.no_interface", &n->why,
                  "SOCKS and forwards need no interface: shoal connect --help");
}

static void on_up(void *arg, const char *name)
{
    struct network *n = arg;
    struct why why;
    uint8_t ula[IP_LEN];
    char text[ADDR_TEXT];
    n->why.code = OK;
    snprintf(n->name, sizeof n->name, "%s", name);
    ula_of_peer(host_id(n->t->host), ula);
    if (network_keep(n, &n->to, &why) != OK)
        log_warn(n->t->env.log, "the network is on, and would not be after a restart: %s",
                 why.text);
    log_info(n->t->env.log, "the private network is up: this node is %s at %s",
             ula_format(ula, text), name);
    answer(n);
}

static void stop(struct network *n)
{
    mesh_free(n->mesh);
    n->mesh = NULL;
    n->name[0] = 0;
    timer_cancel(n->retry);
    n->retry = NULL;
}

static void on_retry(void *arg)
{
    struct network *n = arg;
    n->retry = NULL;
    start(n);
}

/* Who asks for it is told, and it stays off.  Where it was on before it is tried again. */
static void on_down(void *arg, const struct why *why)
{
    struct network *n = arg;
    bool news = n->why.code == OK || strcmp(n->why.text, why->text) != 0;
    n->why = *why;
    stop(n);
    if (n->asked) {
        n->on = false;
        answer(n);
        return;
    }
    if (news)
        log_warn(n->t->env.log, "the private network is down: %s", why->text);
    n->retry = timer_start(n->t->env.loop, NETWORK_RETRY_US, on_retry, n);
}

static void on_stranger(void *arg, const struct peer_id *peer)
{
    struct network *n = arg;
    request_note(n->t, peer, "network");
}

static void start(struct network *n)
{
    struct tunnel *t = n->t;
    struct mesh_cfg cfg = {.loop = t->env.loop,
                           .log = t->env.log,
                           .host = t->host,
                           .policy = t->env.policy,
                           .wall = n->wall,
                           .up = on_up,
                           .down = on_down,
                           .stranger = on_stranger,
                           .arg = n};
    n->mesh = mesh_new(&cfg);
    set_members(n);
}

/* --- on and off ------------------------------------------------------------------------------- */

static void leave_waiting(struct network *n, const char *words)
{
    if (!n->asked)
        return;
    call_failf(n->asked, "connect.no_interface", ERR_STATE, NULL, "%s", words);
    n->asked = NULL;
}

void network_on(struct network *n, const struct peers *to, struct call *c)
{
    leave_waiting(n, "it was asked for again");
    n->on = true;
    n->to = *to;
    n->asked = c;
    if (n->name[0]) {
        set_members(n);
        on_up(n, n->name);
        return;
    }
    stop(n);
    start(n);
}

void network_off(struct network *n)
{
    leave_waiting(n, "it was switched off");
    stop(n);
    n->on = false;
    n->why.code = OK;
}

void network_init(struct network *n, struct tunnel *t)
{
    uint8_t ula[IP_LEN];
    n->t = t;
    ula_of_peer(host_id(t->host), ula);
    n->wall = wall_new(ula, loop_random_u64(t->env.loop));
}

void network_done(struct network *n)
{
    if (!n->t)
        return;
    leave_waiting(n, "the node ends");
    stop(n);
    wall_free(n->wall);
}
