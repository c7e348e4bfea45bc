#include "files/hand/hand_state.h"

struct hand_state hand_state_new(int64_t until_us)
{
    return (struct hand_state){.guesses = HAND_GUESSES, .until_us = until_us};
}

bool hand_state_is_over(const struct hand_state *s, int64_t wall_us)
{
    return s->peer.len == 0 && (s->guesses == 0 || wall_us >= s->until_us);
}

bool hand_state_admits(const struct hand_state *s, const struct peer_id *peer, int64_t wall_us)
{
    if (s->used || s->guesses == 0)
        return false;
    if (s->peer.len > 0)
        return peer_id_equal(&s->peer, peer);
    return wall_us < s->until_us;
}

void hand_state_wrong(struct hand_state *s)
{
    s->guesses -= s->guesses > 0;
}

void hand_state_right(struct hand_state *s, const struct peer_id *peer)
{
    s->peer = *peer;
}

void hand_state_kept(struct hand_state *s)
{
    s->used = s->peer.len > 0;
}
