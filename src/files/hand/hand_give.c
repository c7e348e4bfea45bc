/* What is offered, from its code to its end. */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/wipe.h"

#include <string.h>

struct give *give_find(const struct hands *h, const char *id)
{
    LIST_EACH(&h->gives, struct give, g, link)
        if (strcmp(g->id, id) == 0)
            return g;
    return NULL;
}

struct give *give_of_number(const struct hands *h, unsigned number)
{
    LIST_EACH(&h->gives, struct give, g, link)
        if (g->source && g->code.nameplate == number)
            return g;
    return NULL;
}

/* All are compared, so that the time tells nothing of how far one agrees. */
struct give *give_of_token(const struct hands *h, const uint8_t token[HAND_TOKEN_LEN],
                           const struct peer_id *peer)
{
    struct give *found = NULL;
    LIST_EACH(&h->gives, struct give, g, link)
        if (g->source && peer_id_equal(&g->state.peer, peer) &&
            equal_secret(g->token, token, HAND_TOKEN_LEN))
            found = g;
    return found;
}

size_t gives_open(const struct hands *h)
{
    size_t n = 0;
    LIST_EACH(&h->gives, struct give, g, link)
        n += g->source != NULL;
    return n;
}

/* Of those that are over the oldest goes. */
static void forget_old(struct hands *h)
{
    size_t over = 0;
    LIST_EACH(&h->gives, struct give, g, link)
        over += !g->source;
    LIST_EACH(&h->gives, struct give, old, link)
        if (!old->source && over > HANDS_OVER_KEPT) {
            over--;
            give_free(old);
        }
}

struct give *give_restore(struct hands *h, struct hand_source *source, const char *path)
{
    const struct hand_offer *o = hand_source_offer(source);
    struct give *g = MEM_NEW(struct give);
    g->h = h;
    g->source = source;
    g->path = mem_strdup(path);
    g->name = mem_strdup(o->name);
    g->size = o->size;
    g->files = o->files;
    list_push(&h->gives, &g->link);
    return g;
}

struct give *give_new(struct hands *h, struct hand_source *source, const char *path,
                      size_t left_out, struct why *why)
{
    struct give *g = give_restore(h, source, path);
    forget_old(h);
    g->left_out = left_out;
    list_drop(&g->link); /* its own number is no other's yet */
    do
        g->code = hand_code_of(loop_random_u64(h->loop));
    while (give_of_number(h, g->code.nameplate));
    hands_new_id(h, g->id);
    list_push(&h->gives, &g->link);
    g->state = hand_state_new(loop_wall_us(h->loop) + (int64_t)h->cfg.stands_us(h->cfg.arg));
    if (hand_keep_give_new(g, why) == OK) {
        hand_table_announce(g);
        give_tell(g);
        return g;
    }
    give_free(g);
    return NULL;
}

/* The words are of use to nobody any more. */
static void forget_code(struct give *g)
{
    hand_table_withdraw(g);
    wipe(&g->code, sizeof g->code);
}

void give_wrong(struct give *g)
{
    struct why why;
    hand_state_wrong(&g->state);
    if (hand_keep_give(g, &why) != OK) { /* what cannot be counted is not allowed */
        log_warn(g->h->log, "a wrong guess cannot be written down: %s", why.text);
        g->state.guesses = 0;
    }
    log_info(g->h->log, "somebody tried wrong words for %s; %u more end its code", g->name,
             g->state.guesses);
    if (g->state.guesses == 0) {
        why_set(&why, ERR_DENIED, "wrong words were tried %d times, so the code is void",
                HAND_GUESSES);
        give_over(g, &why);
    } else {
        give_tell(g);
    }
}

enum err give_right(struct give *g, const struct peer_id *peer, const uint8_t token[HAND_TOKEN_LEN],
                    struct why *why)
{
    hand_state_right(&g->state, peer);
    memcpy(g->token, token, HAND_TOKEN_LEN);
    g->phase = HAND_OFFERED;
    enum err err = hand_keep_give(g, why);
    give_tell(g);
    return err;
}

void give_kept(struct give *g)
{
    struct why why;
    if (g->state.used)
        return;
    hand_state_kept(&g->state);
    forget_code(g);
    if (hand_keep_give(g, &why) != OK)
        log_warn(g->h->log, "that %s was asked for cannot be written down: %s", g->name, why.text);
    give_tell(g);
}

void give_over(struct give *g, const struct why *why)
{
    g->phase = why ? HAND_ENDED : HAND_DONE;
    if (why)
        g->why = *why;
    else
        g->sent = g->size;
    hand_table_withdraw(g);
    wipe(&g->code, sizeof g->code);
    hand_keep_give_gone(g);
    hand_serve_cut(g->serve, why ? why->text : NULL);
    hand_source_free(g->source);
    g->source = NULL;
    give_tell(g);
}

void give_free(struct give *g)
{
    list_drop(&g->link);
    hand_serve_cut(g->serve, NULL);
    hand_table_forget(g);
    hand_source_free(g->source);
    wipe(&g->code, sizeof g->code);
    wipe(g->token, sizeof g->token);
    free(g->path);
    free(g->name);
    free(g);
}

void gives_expire(struct hands *h)
{
    int64_t now = loop_wall_us(h->loop);
    struct why why;
    LIST_EACH(&h->gives, struct give, g, link)
        if (g->source && hand_state_is_over(&g->state, now)) {
            why_set(&why, ERR_TIMEOUT, "nobody came with the code in time");
            give_over(g, &why);
        }
}
