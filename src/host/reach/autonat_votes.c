#include "host/reach/autonat_in.h"

void autonat_vote(struct autonat_votes *v, const struct peer_id *by, bool reached, uint64_t now_us)
{
    size_t to = 0; /* its own place, else the oldest */
    for (size_t i = 0; i < AUTONAT_VOTES_MAX; i++) {
        if (peer_id_equal(&v->all[i].by, by)) {
            to = i;
            break;
        }
        if (v->all[i].at_us < v->all[to].at_us)
            to = i;
    }
    v->all[to] = (struct autonat_vote){.by = *by, .reached = reached, .at_us = now_us};
}

enum verdict autonat_count(const struct autonat_votes *v, unsigned agree, uint64_t now_us)
{
    unsigned yes = 0, no = 0;
    for (size_t i = 0; i < AUTONAT_VOTES_MAX; i++) {
        if (v->all[i].by.len == 0 || now_us - v->all[i].at_us >= AUTONAT_VOTE_US)
            continue;
        yes += v->all[i].reached;
        no += !v->all[i].reached;
    }
    if (yes >= agree && yes > no)
        return VERDICT_PUBLIC;
    if (no >= agree && no > yes)
        return VERDICT_PRIVATE;
    return VERDICT_UNKNOWN;
}

uint64_t autonat_voted_us(const struct autonat_votes *v, const struct peer_id *by)
{
    for (size_t i = 0; i < AUTONAT_VOTES_MAX; i++)
        if (peer_id_equal(&v->all[i].by, by))
            return v->all[i].at_us;
    return 0;
}

const char *verdict_word(enum verdict v)
{
    switch (v) {
    case VERDICT_UNKNOWN:
        break;
    case VERDICT_PUBLIC:
        return "public";
    case VERDICT_PRIVATE:
        return "private";
    }
    return "unknown";
}
