#include "host/kad/kad.h"

#include "host/kad/kad_in.h"

#include "base/map.h"
#include "base/mem.h"
#include "host/kad/kad_record.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEEDS_MAX = KAD_K,
    FOUND_MAX = 64,
};

/* What an operation is after. */
enum want { WANT_PEER, WANT_NEAR, WANT_PUT, WANT_GET, WANT_PROVIDE, WANT_PROVIDERS };

struct kad_op {
    struct link link; /* in kad.ops */
    struct kad *kad;
    enum want want;
    struct kad_paths *lookup;
    struct buf key, value; /* value: to put; the best that was found */
    bool found;            /* a value, a peer */
    struct peer_id peer;
    struct peer_id providers[FOUND_MAX];
    size_t provider_count, provider_want;
    struct giver {
        struct peer_id who;
        bool best;
    } givers[FOUND_MAX]; /* of values */
    size_t giver_count;
    struct link questions;
    struct timer *step;
    bool telling; /* the lookup is over: the nearest are told */
    struct peer_id told[KAD_NEAREST_MAX];
    size_t told_count, kept, ours; /* ours: of those that kept it */
    kad_find_cb *find_cb;
    kad_near_cb *near_cb;
    kad_put_cb *put_cb;
    kad_get_cb *get_cb;
    void *arg;
};

struct question {
    struct link link;
    struct kad_op *op;
    struct kad_ask *ask;
    struct timer *slow;
    struct peer_id peer;
    bool tells; /* it brings a record */
};

static void step(struct kad_op *op);
static void correct(const struct kad_op *op);
static void tell_early(struct kad_op *op, const struct peer_id *who);

/* --- the end of an operation ---------------------------------------------------------------- */

/* all: also those that bring something. */
static void drop_questions(struct kad_op *op, bool all)
{
    LIST_EACH(&op->questions, struct question, q, link) {
        if (q->tells && !all)
            continue;
        kad_ask_cancel(q->ask);
        timer_cancel(q->slow);
        list_drop(&q->link);
        free(q);
    }
}

void kad_cancel(struct kad_op *op)
{
    if (!op)
        return;
    drop_questions(op, true);
    list_drop(&op->link);
    timer_cancel(op->step);
    kad_paths_free(op->lookup);
    buf_done(&op->key);
    buf_done(&op->value);
    free(op);
}

static void tell(const struct kad_op *op, const struct why *none)
{
    struct peer_id near[KAD_NEAREST_MAX];
    size_t n = kad_paths_nearest(op->lookup, near);
    bool is_there;
    switch (op->want) {
    case WANT_PEER:
        is_there = op->found || host_connected(op->kad->cfg.host, &op->peer);
        op->find_cb(op->arg, is_there, is_there ? NULL : none);
        break;
    case WANT_NEAR:
        op->near_cb(op->arg, near, n);
        break;
    case WANT_PUT:
    case WANT_PROVIDE:
        if (op->put_cb) /* else it was called */
            op->put_cb(op->arg, op->kept, op->kept ? NULL : none);
        break;
    case WANT_GET:
        op->get_cb(op->arg, op->found ? buf_cur(&op->value) : cur_of(NULL, 0),
                   op->found ? NULL : none);
        break;
    case WANT_PROVIDERS:
        op->near_cb(op->arg, op->providers, op->provider_count);
        break;
    }
}

static void finish(struct kad_op *op)
{
    struct why none;
    if (op->want == WANT_GET && op->found)
        correct(op);
    if (op->want == WANT_PUT || op->want == WANT_PROVIDE)
        kad_given_told(op->kad, op->want == WANT_PUT, buf_cur(&op->key), op->kept - op->ours);
    unsigned asked = kad_paths_cost(op->lookup).asked;
    if (asked > 0)
        why_set(&none, ERR_NOT_FOUND, "not found: %u peers were asked", asked);
    else
        why_set(&none, ERR_CLOSED, "no peer of the table is known");
    list_drop(&op->link); /* its owner may cancel others, not this one */
    list_init(&op->link);
    tell(op, &none);
    kad_cancel(op);
}

/* --- answers -------------------------------------------------------------------------------- */

/* Who gave which: those that gave an older one are brought the best in the end. */
static void note_giver(struct kad_op *op, const struct peer_id *who, bool best)
{
    if (op->giver_count < FOUND_MAX)
        op->givers[op->giver_count++] = (struct giver){*who, best};
}

static void take_value(struct kad_op *op, const struct peer_id *who, const struct kad_msg *m)
{
    if (!m->has_record || m->record.value.p == NULL ||
        kad_record_check(buf_cur(&op->key), m->record.value, loop_wall_us(op->kad->loop),
                         op->kad->cfg.lab, NULL) != OK)
        return;
    struct cur had = op->found ? buf_cur(&op->value) : cur_of(NULL, 0), got = m->record.value;
    if (op->found && !kad_record_better(buf_cur(&op->key), had, got)) {
        note_giver(op, who, !kad_record_better(buf_cur(&op->key), got, had));
        return;
    }
    for (size_t i = 0; i < op->giver_count; i++)
        op->givers[i].best = false;
    note_giver(op, who, true);
    buf_clear(&op->value);
    buf_put(&op->value, m->record.value.p, m->record.value.n);
    op->found = true;
}

static void add_provider(struct kad_op *op, const struct peer_id *id)
{
    for (size_t i = 0; i < op->provider_count; i++)
        if (peer_id_equal(&op->providers[i], id))
            return;
    if (op->provider_count < FOUND_MAX)
        op->providers[op->provider_count++] = *id;
}

static void take(struct kad_op *op, const struct peer_id *who, const struct kad_msg *m)
{
    for (size_t i = 0; i < m->closer_count; i++) {
        if (op->want == WANT_PEER && peer_id_equal(&m->closer[i].id, &op->peer))
            op->found |= m->closer[i].count > 0;
        kad_paths_heard(op->lookup, who, &m->closer[i].id);
    }
    if (op->want == WANT_GET)
        take_value(op, who, m);
    for (size_t i = 0; op->want == WANT_PROVIDERS && i < m->provider_count; i++)
        add_provider(op, &m->providers[i].id);
}

static void on_answer(void *arg, const struct kad_msg *m, const struct why *why)
{
    struct question *q = arg;
    struct kad_op *op = q->op;
    struct peer_id who = q->peer;
    bool told = q->tells;
    (void)why;
    list_drop(&q->link);
    timer_cancel(q->slow);
    free(q);
    if (told) {
        op->kept += m != NULL;
    } else if (m) {
        take(op, &who, m);
        kad_paths_answered(op->lookup, &who);
        tell_early(op, &who);
    } else {
        kad_paths_failed(op->lookup, &who);
    }
    step(op);
}

/* --- questions ------------------------------------------------------------------------------ */

/* Others are asked meanwhile.  Whether it ever answers is seldom waited for, so this is noted. */
static void on_slow(void *arg)
{
    struct question *q = arg;
    q->slow = NULL;
    kad_table_failed(q->op->kad->table, &q->peer);
    kad_paths_slow(q->op->lookup, &q->peer);
    step(q->op);
}

static void ask(struct kad_op *op, const struct peer_id *peer, const struct kad_msg *m, bool tells)
{
    struct question *q = MEM_NEW(struct question);
    q->op = op;
    q->peer = *peer;
    q->tells = tells;
    list_push(&op->questions, &q->link);
    if (!tells)
        q->slow = timer_start(op->kad->loop, KAD_SLOW_US, on_slow, q);
    q->ask = kad_ask(op->kad, peer, m, on_answer, q);
}

static enum kad_type type_of(enum want want)
{
    switch (want) {
    case WANT_GET:
        return KAD_GET_VALUE;
    case WANT_PROVIDERS:
        return KAD_GET_PROVIDERS;
    case WANT_PEER:
    case WANT_NEAR:
    case WANT_PUT:
    case WANT_PROVIDE:
        break;
    }
    return KAD_FIND_NODE;
}

/* The record is brought to one of the nearest, once. */
static void bring(struct kad_op *op, const struct peer_id *to)
{
    struct multiaddr ours[KAD_ADDRS_MAX];
    for (size_t i = 0; i < op->told_count; i++)
        if (peer_id_equal(&op->told[i], to))
            return;
    if (op->told_count == KAD_NEAREST_MAX)
        return;
    struct kad_msg *m = MEM_NEW(struct kad_msg);
    m->key = buf_cur(&op->key);
    if (op->want == WANT_PUT) {
        m->type = KAD_PUT_VALUE;
        m->has_record = true;
        m->record = (struct kad_record){m->key, buf_cur(&op->value)};
    } else {
        struct kad_peer *self = &m->providers[m->provider_count++];
        m->type = KAD_ADD_PROVIDER;
        self->id = *host_id(op->kad->cfg.host);
        self->count = host_advertised(op->kad->cfg.host, ours, KAD_ADDRS_MAX);
        for (size_t i = 0; i < self->count; i++)
            self->addrs[i] = cur_of(ours[i].bytes, ours[i].len);
    }
    op->told[op->told_count++] = *to;
    ask(op, to, m, true);
    free(m);
}

/* "Optimistic provide": who answered and is surely among the nearest is told at once.  Of the room
 * half is for what comes in the end: liars near the key may be told early, but not instead of
 * others.
 */
static void tell_early(struct kad_op *op, const struct peer_id *who)
{
    struct kad_key target = kad_key_of(buf_bytes(&op->key), buf_len(&op->key));
    if (op->want == WANT_PROVIDE && op->told_count < KAD_K &&
        kad_size_is_near(&op->kad->size, &target, who))
        bring(op, who);
}

/* There is nobody nearer. */
static void tell_nearest(struct kad_op *op)
{
    struct peer_id near[KAD_NEAREST_MAX];
    size_t n = kad_paths_nearest(op->lookup, near);
    drop_questions(op, false);
    op->telling = true;
    for (size_t i = n; i-- > 0;) /* the last are those of single paths, which have to be told */
        bring(op, &near[i]);
}

/* Enough know it: whoever waits need not wait for the last. */
static void say_early(struct kad_op *op)
{
    kad_put_cb *cb = op->put_cb;
    if (op->want != WANT_PROVIDE || !cb || op->kept < KAD_TOLD_ENOUGH)
        return;
    op->put_cb = NULL;
    cb(op->arg, op->kept, NULL);
}

/* Whether what was found is all that is wanted, though the lookup could go on. */
static bool has_enough(const struct kad_op *op)
{
    if (op->want == WANT_PEER)
        return op->found;
    if (op->want == WANT_GET)
        return op->found && kad_record_is_final(buf_cur(&op->key));
    return op->want == WANT_PROVIDERS && op->provider_count >= op->provider_want;
}

/* The next are asked; false: there are none, and nobody need be waited for. */
static bool look_on(struct kad_op *op)
{
    struct peer_id next[KAD_ALPHA];
    struct kad_msg m = {.type = type_of(op->want), .key = buf_cur(&op->key)};
    size_t n = kad_paths_next(op->lookup, next, KAD_ALPHA);
    for (size_t i = 0; i < n; i++)
        ask(op, &next[i], &m, false);
    return !kad_paths_over(op->lookup);
}

static void step(struct kad_op *op)
{
    if (!op->telling && (has_enough(op) || !look_on(op))) {
        if (op->want != WANT_PUT && op->want != WANT_PROVIDE) {
            finish(op);
            return;
        }
        tell_nearest(op);
    }
    if (op->telling && list_empty(&op->questions))
        finish(op);
    else
        say_early(op);
}

static void on_step(void *arg)
{
    struct kad_op *op = arg;
    op->step = NULL;
    step(op);
}

/* Without a lookup's beginning.  nearest: how many are to have answered. */
static struct kad_op *op_make(struct kad *k, enum want want, struct cur key, size_t nearest,
                              void *arg)
{
    struct kad_op *op = MEM_NEW(struct kad_op);
    struct kad_key target = kad_key_of(key.p, key.n);
    size_t paths = want == WANT_NEAR ? 1 : k->cfg.paths ? k->cfg.paths : KAD_PATHS;
    op->kad = k;
    op->want = want;
    op->arg = arg;
    buf_put(&op->key, key.p, key.n);
    list_init(&op->questions);
    list_push(&k->ops, &op->link);
    op->lookup = kad_paths_new(&target, host_id(k->cfg.host), paths, nearest);
    return op;
}

static struct kad_op *op_begin(struct kad *k, enum want want, struct cur key, size_t nearest,
                               void *arg)
{
    struct kad_op *op = op_make(k, want, key, nearest, arg);
    struct kad_key target = kad_key_of(key.p, key.n);
    struct peer_id seeds[SEEDS_MAX];
    size_t n = kad_table_nearest(k->table, &target, seeds, SEEDS_MAX);
    kad_table_looked(k->table, &target, loop_now_us(k->loop));
    for (size_t i = 0; i < n; i++)
        kad_paths_heard(op->lookup, NULL, &seeds[i]);
    op->step = timer_start(k->loop, 0, on_step, op);
    return op;
}

static struct kad_op *op_new(struct kad *k, enum want want, struct cur key, void *arg)
{
    return op_begin(k, want, key, KAD_K, arg);
}

static void on_corrected(void *arg, size_t kept, const struct why *why)
{
    const struct kad *k = arg;
    (void)why;
    log_debug(k->cfg.log, "%zu peers had an older value, and were brought the best", kept);
}

/* "Entry correction": those that gave an older one are brought the best, while nobody waits. */
static void correct(const struct kad_op *got)
{
    struct kad_op *op = NULL;
    struct kad_msg m = {.type = KAD_PUT_VALUE, .key = buf_cur(&got->key), .has_record = true};
    m.record = (struct kad_record){m.key, buf_cur(&got->value)};
    for (size_t i = 0; i < got->giver_count; i++) {
        if (got->givers[i].best)
            continue;
        if (!op) {
            op = op_make(got->kad, WANT_PUT, m.key, KAD_K, got->kad);
            op->put_cb = on_corrected;
            op->telling = true;
        }
        ask(op, &got->givers[i].who, &m, true);
    }
}

/* --- operations ----------------------------------------------------------------------------- */

/* Who has just come to us has not said yet where he is: others may know. */
static bool is_known(struct host *h, const struct peer_id *id)
{
    struct host_peer p = {0};
    return host_connected(h, id) && host_peer(h, id, &p) && p.addr_count > 0;
}

struct kad_op *kad_find_peer(struct kad *k, const struct peer_id *id, kad_find_cb *cb, void *arg)
{
    struct kad_op *op = op_new(k, WANT_PEER, cur_of(id->bytes, id->len), arg);
    op->peer = *id;
    op->find_cb = cb;
    op->found = is_known(k->cfg.host, id);
    return op;
}

struct kad_op *kad_near_some(struct kad *k, struct cur key, size_t nearest, kad_near_cb *cb,
                             void *arg)
{
    struct kad_op *op = op_begin(k, WANT_NEAR, key, nearest, arg);
    op->near_cb = cb;
    return op;
}

struct kad_op *kad_near(struct kad *k, struct cur key, kad_near_cb *cb, void *arg)
{
    return kad_near_some(k, key, KAD_K, cb, arg);
}

struct kad_op *kad_put(struct kad *k, struct cur key, struct cur value, kad_put_cb *cb, void *arg)
{
    struct kad_op *op = op_new(k, WANT_PUT, key, arg);
    op->put_cb = cb;
    buf_put(&op->value, value.p, value.n);
    if (kad_record_check(key, value, loop_wall_us(k->loop), k->cfg.lab, NULL) == OK &&
        kad_store_put(k->store, key, value, host_id(k->cfg.host), loop_now_us(k->loop), NULL) == OK)
        op->kept = op->ours = 1;
    return op;
}

struct kad_op *kad_get(struct kad *k, struct cur key, kad_get_cb *cb, void *arg)
{
    struct kad_op *op = op_new(k, WANT_GET, key, arg);
    struct cur ours = kad_store_get(k->store, key, loop_now_us(k->loop));
    op->get_cb = cb;
    op->found =
        ours.p && kad_record_check(key, ours, loop_wall_us(k->loop), k->cfg.lab, NULL) == OK;
    if (op->found)
        buf_put(&op->value, ours.p, ours.n);
    return op;
}

struct kad_op *kad_providers(struct kad *k, struct cur key, size_t want, kad_near_cb *cb, void *arg)
{
    struct kad_op *op = op_new(k, WANT_PROVIDERS, key, arg);
    op->near_cb = cb;
    op->provider_want = want < FOUND_MAX ? want : FOUND_MAX;
    op->provider_count =
        kad_store_providers(k->store, key, loop_now_us(k->loop), op->providers, op->provider_want);
    return op;
}

struct kad_op *kad_tell_provided(struct kad *k, struct cur key, kad_put_cb *cb, void *arg)
{
    struct kad_op *op = op_new(k, WANT_PROVIDE, key, arg);
    op->put_cb = cb;
    op->ours =
        kad_store_provide(k->store, key, host_id(k->cfg.host), loop_now_us(k->loop), NULL) == OK;
    op->kept = op->ours;
    return op;
}

/* --- life ----------------------------------------------------------------------------------- */

struct kad *kad_new(const struct kad_cfg *cfg)
{
    struct kad *k = MEM_NEW(struct kad);
    k->cfg = *cfg;
    k->loop = host_loop(cfg->host);
    k->table = kad_table_new(host_id(cfg->host));
    k->store = kad_store_new(loop_random_u64(k->loop));
    k->given = map_new(loop_random_u64(k->loop));
    list_init(&k->served);
    list_init(&k->asks);
    list_init(&k->ops);
    kad_refresh_begin(k);
    if (cfg->server)
        kad_serve_begin(k);
    return k;
}

void kad_free(struct kad *k)
{
    if (!k)
        return;
    kad_serve_end(k);
    kad_refresh_end(k);
    kad_given_free(k);
    for (struct kad_op *op; (op = LIST_FIRST(&k->ops, struct kad_op, link));)
        kad_cancel(op);
    kad_table_free(k->table);
    kad_store_free(k->store);
    free(k);
}

struct kad_cost kad_cost(const struct kad_op *op)
{
    return kad_paths_cost(op->lookup);
}

void kad_serve(struct kad *k, bool server)
{
    if (k->cfg.server == server)
        return;
    k->cfg.server = server;
    if (server)
        kad_serve_begin(k);
    else
        kad_serve_end(k);
}

size_t kad_size(const struct kad *k)
{
    return kad_size_get(&k->size);
}

size_t kad_known(const struct kad *k)
{
    return kad_table_count(k->table);
}
