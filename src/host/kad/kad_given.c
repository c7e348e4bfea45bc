/* What we tell others again and again: that we have something, and values. */
#include "host/kad/kad_in.h"

#include "base/map.h"
#include "base/mem.h"
#include "host/kad/kad_record.h"

#include <stdlib.h>
#include <string.h>

struct given {
    struct kad *kad;
    struct timer *again;
    struct kad_op *op; /* when it is told again; the first time is whose who asked for it */
    bool is_value;
    size_t name_len, len;
    uint8_t bytes[]; /* the name (a letter and the key), the value */
};

/* Values and what we have are in one map. */
struct name {
    size_t len;
    uint8_t bytes[1 + KAD_KEY_MAX];
};

static struct name name_of(bool is_value, struct cur key)
{
    struct name n = {.bytes = {is_value ? 'v' : 'p'}};
    n.len = 1 + (key.n < KAD_KEY_MAX ? key.n : KAD_KEY_MAX);
    memcpy(n.bytes + 1, key.p, n.len - 1);
    return n;
}

static struct cur key_of(const struct given *g)
{
    return cur_of(g->bytes + 1, g->name_len - 1);
}

static void on_again(void *arg);
static void forget(struct kad *k, bool is_value, struct cur key);

static void later(struct given *g, uint64_t us)
{
    timer_cancel(g->again);
    g->again = timer_start(g->kad->loop, us, on_again, g);
}

static void on_given(void *arg, size_t kept, const struct why *why)
{
    struct given *g = arg;
    (void)why;
    g->op = NULL;
    log_debug(g->kad->cfg.log, "%zu peers were told again of what is here", kept);
}

static void on_again(void *arg)
{
    struct given *g = arg;
    struct cur value = cur_of(g->bytes + g->name_len, g->len);
    g->again = NULL;
    kad_cancel(g->op);
    if (g->is_value && kad_record_check(key_of(g), value, loop_wall_us(g->kad->loop),
                                        g->kad->cfg.lab, NULL) != OK) {
        forget(g->kad, true, key_of(g)); /* it is no longer valid */
        return;
    }
    g->op = g->is_value ? kad_put(g->kad, key_of(g), value, on_given, g)
                        : kad_tell_provided(g->kad, key_of(g), on_given, g);
    later(g, g->is_value ? KAD_PUT_US : KAD_GIVE_US);
}

static void destroy(struct given *g)
{
    timer_cancel(g->again);
    kad_cancel(g->op);
    free(g);
}

/* What is given under this name already is given up; beyond KAD_GIVEN_MAX it is told once. */
static void remember(struct kad *k, bool is_value, struct cur key, struct cur value)
{
    struct name n = name_of(is_value, key);
    struct given *old = map_drop(k->given, n.bytes, n.len);
    if (old)
        destroy(old);
    if (map_count(k->given) >= KAD_GIVEN_MAX || value.n > KAD_VALUE_MAX || key.n > KAD_KEY_MAX)
        return;
    struct given *g = mem_zalloc(sizeof *g + n.len + value.n);
    g->kad = k;
    g->is_value = is_value;
    g->name_len = n.len;
    g->len = value.n;
    memcpy(g->bytes, n.bytes, n.len);
    if (value.n > 0)
        memcpy(g->bytes + n.len, value.p, value.n);
    map_put(k->given, n.bytes, n.len, g);
    later(g, is_value ? KAD_PUT_US : KAD_GIVE_US);
}

static void forget(struct kad *k, bool is_value, struct cur key)
{
    struct name n = name_of(is_value, key);
    struct given *g = map_drop(k->given, n.bytes, n.len);
    if (g)
        destroy(g);
}

void kad_given_told(struct kad *k, bool is_value, struct cur key, size_t others)
{
    struct name n = name_of(is_value, key);
    struct given *g = map_get(k->given, n.bytes, n.len);
    if (g && others == 0)
        later(g, KAD_GIVE_SOON_US);
}

void kad_given_free(struct kad *k)
{
    struct given *g;
    for (size_t at = 0; (g = map_next(k->given, &at, NULL, NULL));)
        destroy(g);
    map_free(k->given);
}

struct kad_op *kad_provide(struct kad *k, struct cur key, kad_put_cb *cb, void *arg)
{
    remember(k, false, key, cur_of(NULL, 0));
    return kad_tell_provided(k, key, cb, arg);
}

void kad_unprovide(struct kad *k, struct cur key)
{
    forget(k, false, key);
}

struct kad_op *kad_keep(struct kad *k, struct cur key, struct cur value, kad_put_cb *cb, void *arg)
{
    remember(k, true, key, value);
    return kad_put(k, key, value, cb, arg);
}

void kad_unkeep(struct kad *k, struct cur key)
{
    forget(k, true, key);
}
