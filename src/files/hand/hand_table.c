/* A nameplate in the distributed table: who has something under this number? */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "host/kad/kad.h"

#include <stdlib.h>

enum { FOUND_MAX = 20, KEY_LEN = SHA256_LEN };

static struct kad *table(const struct hands *h)
{
    return host_table(h->host);
}

/* Of the number alone: whoever looks at the table learns nothing of the words. */
static void key_of(unsigned number, uint8_t key[KEY_LEN])
{
    struct buf b = {0};
    buf_printf(&b, "%s %u", HAND_PROTOCOL, number);
    sha256(buf_bytes(&b), buf_len(&b), key);
    buf_done(&b);
}

static void on_told(void *arg, size_t kept, const struct why *why)
{
    struct give *g = arg;
    g->told = NULL;
    if (kept > 0)
        log_debug(g->h->log, "%zu nodes know where to ask for %u", kept, g->code.nameplate);
    else
        log_debug(g->h->log, "no other node keeps where to ask for %u: %s", g->code.nameplate,
                  why->text);
}

void hand_table_announce(struct give *g)
{
    struct kad *k = table(g->h);
    uint8_t key[KEY_LEN];
    if (!k || g->code.nameplate == 0)
        return;
    key_of(g->code.nameplate, key);
    g->told = kad_provide(k, cur_of(key, sizeof key), on_told, g);
}

void hand_table_withdraw(struct give *g)
{
    struct kad *k = table(g->h);
    uint8_t key[KEY_LEN];
    hand_table_forget(g);
    if (!k || g->code.nameplate == 0)
        return;
    key_of(g->code.nameplate, key);
    kad_unprovide(k, cur_of(key, sizeof key));
}

void hand_table_forget(struct give *g)
{
    kad_cancel(g->told);
    g->told = NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct hand_table_look {
    struct kad_op *op;
    hand_table_cb *cb;
    void *arg;
};

static void answer(struct hand_table_look *l, const struct peer_id *found, size_t n)
{
    hand_table_cb *cb = l->cb;
    void *arg = l->arg;
    free(l);
    cb(arg, found, n);
}

static void on_found(void *arg, const struct peer_id *found, size_t n)
{
    answer(arg, found, n);
}

static void on_where(void *arg, bool found, const struct why *why)
{
    (void)why;
    answer(arg, NULL, found);
}

static struct hand_table_look *look_new(hand_table_cb *cb, void *arg)
{
    struct hand_table_look *l = MEM_NEW(struct hand_table_look);
    l->cb = cb;
    l->arg = arg;
    return l;
}

struct hand_table_look *hand_table_look(struct hands *h, unsigned number, hand_table_cb *cb,
                                        void *arg)
{
    struct kad *k = table(h);
    uint8_t key[KEY_LEN];
    if (!k)
        return NULL;
    struct hand_table_look *l = look_new(cb, arg);
    key_of(number, key);
    l->op = kad_providers(k, cur_of(key, sizeof key), FOUND_MAX, on_found, l);
    return l;
}

struct hand_table_look *hand_table_where(struct hands *h, const struct peer_id *peer,
                                         hand_table_cb *cb, void *arg)
{
    struct kad *k = table(h);
    if (!k)
        return NULL;
    struct hand_table_look *l = look_new(cb, arg);
    l->op = kad_find_peer(k, peer, on_where, l);
    return l;
}

void hand_table_cancel(struct hand_table_look *l)
{
    if (!l)
        return;
    kad_cancel(l->op);
    free(l);
}
