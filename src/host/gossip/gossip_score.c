#include "host/gossip/gossip_score.h"

/* Below this a counter is 0 ("DecayToZero"); above this it does not grow. */
#define NOTHING 0.01
#define COUNT_MAX 1e4

#define US_A_SECOND 1e6

#define COMMON                                                                                     \
    .topic_cap = 50, .mesh_time = 0.01, .mesh_time_cap = 300, .first = 0.5, .first_cap = 40,       \
    .first_decay = 0.99, .rate = 0, .rate_cap = 100, .rate_decay = 0.98, .rate_expected = 5,       \
    .rate_after_us = UINT64_C(60000000), .failure = -1, .failure_decay = 0.99, .invalid = -10,     \
    .invalid_decay = 0.995, .app = 1, .conduct = -5, .conduct_decay = 0.98, .conduct_allowed = 2

const struct gossip_weights gossip_weights = {COMMON, .colocated = -5, .colocated_allowed = 10};
const struct gossip_weights gossip_weights_lab = {COMMON, .colocated = 0, .colocated_allowed = 1};

static double at_most(double v, double cap)
{
    return v < cap ? v : cap;
}

static double decayed(double v, double factor)
{
    v *= factor;
    return v < NOTHING ? 0 : v;
}

void gossip_mark_first(struct gossip_marks *m, const struct gossip_weights *w)
{
    m->first = at_most(m->first + 1, w->first_cap);
    gossip_mark_delivered(m, w);
}

void gossip_mark_delivered(struct gossip_marks *m, const struct gossip_weights *w)
{
    if (m->mesh_since_us)
        m->rate = at_most(m->rate + 1, w->rate_cap);
}

void gossip_mark_invalid(struct gossip_marks *m)
{
    m->invalid = at_most(m->invalid + 1, COUNT_MAX);
}

/* How many deliveries are missing; 0 where that does not count. */
static double deficit(const struct gossip_marks *m, const struct gossip_weights *w, uint64_t now_us)
{
    if (w->rate == 0 || m->mesh_since_us == 0 || now_us - m->mesh_since_us < w->rate_after_us ||
        m->rate >= w->rate_expected)
        return 0;
    return w->rate_expected - m->rate;
}

void gossip_mark_mesh(struct gossip_marks *m, const struct gossip_weights *w, bool in,
                      uint64_t now_us)
{
    double missing = deficit(m, w, now_us);
    if (!in) /* P3b: what was missing sticks to it for a while */
        m->failure = at_most(m->failure + missing * missing, COUNT_MAX);
    m->mesh_since_us = in ? (now_us ? now_us : 1) : 0;
    m->rate = 0;
}

void gossip_marks_decay(struct gossip_marks *m, const struct gossip_weights *w)
{
    m->first = decayed(m->first, w->first_decay);
    m->rate = decayed(m->rate, w->rate_decay);
    m->failure = decayed(m->failure, w->failure_decay);
    m->invalid = decayed(m->invalid, w->invalid_decay);
}

void gossip_marks_gone(struct gossip_marks *m)
{
    m->first = m->rate = 0;
}

bool gossip_marks_empty(const struct gossip_marks *m)
{
    return m->mesh_since_us == 0 && m->first == 0 && m->rate == 0 && m->failure == 0 &&
           m->invalid == 0;
}

void gossip_penalty(struct gossip_conduct *c, double n)
{
    c->penalty = at_most(c->penalty + n, COUNT_MAX);
}

void gossip_conduct_decay(struct gossip_conduct *c, const struct gossip_weights *w)
{
    c->penalty = decayed(c->penalty, w->conduct_decay);
}

double gossip_topic_score(const struct gossip_marks *m, const struct gossip_weights *w,
                          uint64_t now_us)
{
    double missing = deficit(m, w, now_us);
    double sum = w->first * m->first + w->rate * missing * missing + w->failure * m->failure +
                 w->invalid * m->invalid * m->invalid;
    if (m->mesh_since_us)
        sum += w->mesh_time *
               at_most((double)(now_us - m->mesh_since_us) / US_A_SECOND, w->mesh_time_cap);
    return sum;
}

double gossip_score(double topics, const struct gossip_conduct *c, const struct gossip_weights *w)
{
    double sum = at_most(topics, w->topic_cap) + w->app * c->app;
    if (c->same_address > w->colocated_allowed) {
        double more = c->same_address - w->colocated_allowed;
        sum += w->colocated * more * more;
    }
    if (c->penalty > w->conduct_allowed) {
        double more = c->penalty - w->conduct_allowed;
        sum += w->conduct * more * more;
    }
    return sum;
}
