#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/parse.h"

void info_drop(struct member *m)
{
    if (!m->info)
        return;
    budget_give(&m->t->info_budget, BUDGET_BYTES, info_fetch_held(m->info));
    info_fetch_free(m->info);
    m->info = NULL;
}

static void ask_more(struct member *m)
{
    uint32_t piece;
    while (info_fetch_next(m->info, &piece))
        session_metadata_ask(m->s, piece);
}

static bool can_give(const struct member *m)
{
    const struct wire_ext *ext = session_ext(m->s);
    return session_is_open(m->s) && !m->info && ext->ut_metadata && ext->metadata_size > 0;
}

void info_want(struct torrent *t)
{
    while (!t->mi && !t->load && torrent_may_connect(t)) {
        unsigned running = 0;
        struct member *best = NULL;
        LIST_EACH(&t->members, struct member, m, link) {
            running += m->info != NULL;
            if (can_give(m) && (!best || m->entry->bad_info < best->entry->bad_info))
                best = m;
        }
        if (!best || running >= TORRENT_INFO_ATTEMPTS)
            return;
        best->info = info_fetch_new(&t->hash, session_ext(best->s)->metadata_size, torrent_now(t));
        ask_more(best);
    }
}

void info_accept(struct torrent *t, struct metainfo *mi, const struct why *why)
{
    if (!mi) {
        torrent_fail(t, true, "the metadata cannot be used: %s", why->text);
        return;
    }
    t->mi = mi;
    infohash_learn(&t->hash, &mi->hash);
    log_info(t->log, "metadata is here: %s, %llu bytes", mi->name, (unsigned long long)mi->total);
    LIST_EACH(&t->members, struct member, m, link) {
        session_set_torrent(m->s, mi);
        session_extend(m->s, (int64_t)mi->info.n);
    }
    if (mi->private_)
        torrent_dht_rest(t); /* BEP 27; the link did not say so */
    choice_apply_rules(t);
    t->env->got_info(t->env->node, t);
    torrent_deny(t);
    if (t->env->vet)
        t->env->vet(t->env->node, t); /* before anything is written */
    if (!t->error_stays && !t->blocked)
        torrent_open_data(t);
    torrent_changed(t);
}

/* The metadata is here and has the hash. */
static void got(struct torrent *t, struct cur info)
{
    struct why why;
    struct metainfo *mi = metainfo_of_info(info, &t->hash, t->urls, t->url_count, &why);
    LIST_EACH(&t->members, struct member, m, link) {
        info_drop(m); /* `info` lies in one of them */
    }
    info_accept(t, mi, &why);
}

static void blame(struct member *m)
{
    struct torrent *t = m->t;
    info_drop(m);
    if (++m->entry->bad_info >= TORRENT_BAD_INFO_MAX)
        torrent_peers_ban(t->peers, &m->entry->addr);
}

static void on_part(struct member *m, const struct wire_metadata *md)
{
    struct torrent *t = m->t;
    struct why why;
    bool done = false;
    if (!m->info)
        return; /* late: we have it, or gave up on this peer */
    if (budget_take(&t->info_budget, BUDGET_BYTES, md->data.n, "metadata", &why)) {
        info_drop(m);
        return;
    }
    size_t held = info_fetch_held(m->info);
    if (info_fetch_data(m->info, md, torrent_now(t), &done, &why) ||
        (done && info_fetch_held(m->info) <= PARSE_SMALL && info_fetch_join(m->info, &why))) {
        budget_give(&t->info_budget, BUDGET_BYTES,
                    held + md->data.n - info_fetch_held(m->info)); /* what was not kept */
        blame(m);
        session_end(m->s, ERR_INVALID, "%s", why.text);
        info_want(t);
        return;
    }
    if (!done)
        ask_more(m);
    else if (info_fetch_held(m->info) > PARSE_SMALL)
        load_begin(m);
    else
        got(t, info_fetch_bytes(m->info));
}

static void on_request(struct member *m, uint32_t piece)
{
    const struct metainfo *mi = m->t->mi;
    size_t at = (size_t)piece * WIRE_METADATA_PIECE;
    if (!mi || at >= mi->info.n) {
        session_metadata_reject(m->s, piece);
        return;
    }
    struct cur rest = mi->info;
    cur_take(&rest, at);
    struct cur part = cur_take(&rest, rest.n < WIRE_METADATA_PIECE ? rest.n : WIRE_METADATA_PIECE);
    session_metadata_give(m->s, piece, (int64_t)mi->info.n, part);
}

void info_message(struct member *m, const struct wire_metadata *md)
{
    switch (md->type) {
    case WIRE_MD_REQUEST:
        on_request(m, md->piece);
        return;
    case WIRE_MD_DATA:
        on_part(m, md);
        return;
    case WIRE_MD_REJECT:
        if (m->info) {
            info_drop(m);
            m->entry->bad_info++;
            info_want(m->t);
        }
        return;
    case WIRE_MD_UNKNOWN:
        return;
    }
}

void info_tick(struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (m->info && info_fetch_is_late(m->info, torrent_now(t))) {
            info_drop(m);
            m->entry->bad_info++; /* the others have their turn first */
        }
    }
    info_want(t);
}
