#include "tunnel/exit.h"

#include "tunnel/visit.h"

#include "base/mem.h"
#include "core/bus.h"
#include "net/bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 256,     /* in all */
    USER_CONNECTIONS_MAX = 64, /* of one peer */
    USER_FRESH_RATE = 5,       /* new ones a second */
    USERS_MAX = 256,
    BURST = 256 << 10, /* bytes */
};
#define FRESH_WAIT_US (10 * SEC) /* so long a new one waits for its turn */
#define IDLE_US (3600 * SEC)
#define TICK_US (3600 * SEC)
#define DAY_US ((int64_t)(86400 * SEC))
#define LOG_US (30 * DAY_US)

/* --- who uses it ---------------------------------------------------------------------------- */

static uint64_t daily(const struct tunnel *t)
{
    return (uint64_t)conf_int(t->env.conf, "connect.exit-daily");
}

/* quota: 0: no end */
static uint64_t left_of(uint64_t quota, uint64_t used)
{
    return !quota ? UINT64_MAX : used < quota ? quota - used : 0;
}

/* The quota of a new day is whole, whatever was left. */
static void begin_day(struct tunnel *t, struct exit_user *u)
{
    struct exits *e = &t->exits;
    int64_t day = loop_wall_us(t->env.loop) / DAY_US;
    if (e->day != day) {
        e->day = day;
        e->left = left_of((uint64_t)conf_int(t->env.conf, "connect.exit-daily-all"),
                          keep_use_of_all(t, day));
    }
    if (u->day == day)
        return;
    u->day = day;
    u->left = left_of(daily(t), keep_use_of(t, &u->peer, day));
}

static struct exit_user *user_get(struct tunnel *t, const struct peer_id *peer)
{
    size_t count = 0;
    struct exit_user *idle = NULL;
    LIST_EACH(&t->exits.users, struct exit_user, u, link) {
        count++;
        if (peer_id_equal(&u->peer, peer)) {
            begin_day(t, u);
            return u;
        }
        if (u->connections == 0 && !idle)
            idle = u;
    }
    if (count >= USERS_MAX && !idle)
        return NULL;
    uint64_t now = loop_now_us(t->env.loop);
    struct exit_user *u = MEM_NEW(struct exit_user);
    u->peer = *peer;
    u->day = -1;
    u->rate = t->exits.rate ? bucket_new(t->exits.rate, BURST, now) : NULL;
    u->fresh = bucket_new(USER_FRESH_RATE, USER_FRESH_RATE, now);
    list_push(&t->exits.users, &u->link);
    begin_day(t, u);
    return u;
}

static void user_free(struct exit_user *u)
{
    list_drop(&u->link);
    bucket_free(u->rate);
    bucket_free(u->fresh);
    free(u);
}

/* Whoever looks sees who uses his connection. */
static void tell_use(struct tunnel *t, const struct exit_user *u)
{
    char id[PEER_ID_FORMAT], name[PEER_ID_FORMAT];
    bus_post(t->env.bus, BUS_STATE, "connect.exit", peer_id_format(&u->peer, id),
             json_pack("{s:s, s:s, s:I}", "peer", id, "name", tunnel_name(t, &u->peer, name),
                       "connections", (json_int_t)u->connections));
    if (u->connections == 1)
        log_info(t->env.log, "your connection is in use by %s", name);
}

/* --- the log -------------------------------------------------------------------------------- */

static void write_line(struct visit *v, const char *verdict)
{
    char at[ADDR_TEXT] = "";
    struct exit_line l = {.at_us = loop_wall_us(v->t->env.loop),
                          .peer = v->peer,
                          .host = v->ask.host,
                          .port = v->ask.port,
                          .address = at,
                          .verdict = verdict};
    if (v->logged)
        return;
    v->logged = true;
    if (v->pipe) {
        addr_format(&v->targets[v->target_next - 1], at);
        l.up = pipe_down(v->pipe); /* a pipe's "up" is what goes to the peer */
        l.down = pipe_up(v->pipe);
        keep_use(v->t, &v->user->peer, v->user->day,
                 daily(v->t) > v->user->left ? daily(v->t) - v->user->left : 0);
    }
    keep_log(v->t, &l);
}

static void refuse(struct visit *v, enum head_code code, const char *words)
{
    char verdict[sizeof((struct why *)0)->text + 16];
    snprintf(verdict, sizeof verdict, "refused: %s", words);
    write_line(v, verdict);
    visit_refuse(v, code, words);
}

void exit_over(struct visit *v, const struct why *why)
{
    char verdict[sizeof why->text + 16];
    if (!v->exit || !v->user)
        return;
    snprintf(verdict, sizeof verdict, why ? "failed: %s" : "done%s", why ? why->text : "");
    write_line(v, verdict);
}

/* --- the steps of a visit ------------------------------------------------------------------- */

static void on_resolved(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct visit *v = arg;
    struct why no;
    v->resolve = NULL;
    if (n == 0) {
        refuse(v, HEAD_NOT_FOUND, why->text);
        return;
    }
    if (exit_policy_check_all(&v->t->exits.policy, found, n, &no) != OK) {
        refuse(v, HEAD_DENIED, no.text);
        return;
    }
    memcpy(v->targets, found, n * sizeof *found);
    v->target_count = n;
    visit_dial(v); /* to what was checked: nothing is looked up again */
}

static void look_up(void *arg)
{
    struct visit *v = arg;
    v->wait = NULL;
    v->resolve = resolve_start(v->t->env.loop, v->ask.host, v->ask.port, on_resolved, v);
}

/* NULL, or the words of the refusal. */
static const char *admit(struct visit *v)
{
    struct exits *e = &v->t->exits;
    struct exit_user *u = user_get(v->t, &v->peer);
    uint64_t now = loop_now_us(v->t->env.loop);
    if (!u || e->connections >= CONNECTIONS_MAX)
        return "the exit has too many connections";
    if (u->connections >= USER_CONNECTIONS_MAX)
        return "you have too many connections through this exit";
    if (u->left == 0)
        return "your bytes of today are used up";
    if (e->left == 0)
        return "the exit's bytes of today are used up";
    uint64_t wait = bucket_wait_us(u->fresh, 1, now);
    if (wait > FRESH_WAIT_US)
        return "too many new connections a second";
    bucket_spend(u->fresh, 1, now);
    v->user = u;
    u->connections++;
    e->connections++;
    if (u->connections == 1)
        tell_use(v->t, u);
    v->wait = timer_start(v->t->env.loop, wait, look_up, v);
    return NULL;
}

void exit_ask(struct visit *v)
{
    struct tunnel *t = v->t;
    struct exits *e = &t->exits;
    bool trusted = tunnel_trusts(t, &v->peer), named = peers_have(&e->to, &v->peer);
    if (e->on && loop_wall_us(t->env.loop) >= e->until_us) {
        visit_refuse(v, HEAD_DENIED, "no exit is offered here any more");
        return;
    }
    if (!trusted && !named) {
        request_note(t, &v->peer, "exit");
        visit_refuse(v, HEAD_DENIED, "you are not trusted here yet; the owner has been told");
        return;
    }
    if (!e->on || (e->to.count > 0 && !named)) {
        visit_refuse(v, HEAD_DENIED, "no exit is offered to you");
        return;
    }
    const char *words = admit(v);
    if (words)
        visit_refuse(v, HEAD_BUSY, words);
}

/* Who reaches an address of this machine comes from that address too. */
enum err exit_reached(struct visit *v, struct why *why)
{
    struct exits *e = &v->t->exits;
    if (!v->exit)
        return OK;
    exit_policy_own(&e->policy, &v->dialled->local);
    enum err code = exit_policy_check(&e->policy, &v->targets[v->target_next - 1], why);
    if (code != OK)
        write_line(v, "refused: an address of our own");
    return code;
}

void exit_limits(struct visit *v, struct pipe_cfg *cfg)
{
    if (!v->exit)
        return;
    cfg->bucket = v->user->rate;
    cfg->left[0] = &v->user->left;
    cfg->left[1] = &v->t->exits.left;
    cfg->idle_us = IDLE_US;
}

void exit_left(struct visit *v)
{
    if (!v->user)
        return;
    write_line(v, "cut");
    v->t->exits.connections--;
    if (--v->user->connections == 0)
        tell_use(v->t, v->user);
    v->user = NULL;
}

/* --- on and off ----------------------------------------------------------------------------- */

static void cut_all(struct tunnel *t)
{
    LIST_EACH(&t->visits, struct visit, v, link)
        if (v->exit)
            visit_free(v);
    lastings_cut(&t->lastings, NULL, EXIT_PROTOCOL);
    LIST_EACH(&t->exits.users, struct exit_user, u, link)
        user_free(u);
}

static void learn_from(struct tunnel *t, const struct multiaddr *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct multiaddr_route r;
        if (multiaddr_route(&all[i], &r, NULL) == OK && !r.relayed)
            exit_policy_own(&t->exits.policy, &r.addr);
    }
}

/* Addresses of ours that are known: where we listen, and what others are told. */
void exits_learn(struct tunnel *t)
{
    struct multiaddr all[EXIT_OWN_MAX];
    learn_from(t, all, host_listening(t->host, all, EXIT_OWN_MAX));
    learn_from(t, all, host_advertised(t->host, all, EXIT_OWN_MAX));
}

static void on_tick(void *arg)
{
    struct tunnel *t = arg;
    struct exits *e = &t->exits;
    int64_t now = loop_wall_us(t->env.loop);
    struct why why;
    uint64_t next = TICK_US;
    e->tick = NULL;
    keep_log_until(t, now - LOG_US);
    if (e->on && now >= e->until_us) {
        log_info(t->env.log, "the exit's last day is over: it is off");
        if (keep_exit_gone(t, &why) != OK)
            log_warn(t->env.log, "switching the exit off: %s", why.text);
        exits_end(t);
    } else if (e->on && e->until_us - now < (int64_t)next) {
        next = (uint64_t)(e->until_us - now);
    }
    e->tick = timer_start(t->env.loop, next, on_tick, t);
}

void exits_init(struct tunnel *t)
{
    list_init(&t->exits.users);
    t->exits.day = -1;
    if (t->host)
        t->exits.tick = timer_start(t->env.loop, 0, on_tick, t);
}

void exits_begin(struct tunnel *t, const struct exit_grant *g)
{
    struct exits *e = &t->exits;
    cut_all(t);
    e->on = true;
    e->to = g->to;
    e->rate = g->rate;
    e->until_us = g->until_us;
    e->policy.rule_count = g->rule_count;
    memcpy(e->policy.rules, g->rules, sizeof g->rules);
    exits_learn(t);
    visits_exit(t, true);
    timer_cancel(e->tick); /* its end may be nearer */
    e->tick = timer_start(t->env.loop, 0, on_tick, t);
}

void exits_end(struct tunnel *t)
{
    t->exits.on = false;
    visits_exit(t, false);
    cut_all(t);
}

void exits_done(struct tunnel *t)
{
    timer_cancel(t->exits.tick);
    t->exits.tick = NULL;
    cut_all(t);
}
