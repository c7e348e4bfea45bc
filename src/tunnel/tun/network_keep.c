/* What is kept of the private network: that it is on, for whom, and which ports. */
#include "tunnel/tun/network.h"

#include "tunnel/tun/ula.h"
#include "tunnel/tunnel_in.h"

#include <stdlib.h>
#include <string.h>

static const char *kind_word(enum ip_kind kind)
{
    return kind == IP_UDP ? "udp" : "tcp";
}

static bool read_peer(struct db_stmt *q, int column, struct peer_id *out)
{
    size_t n;
    const void *bytes = db_blob(q, column, &n);
    return peer_id_decode(out, cur_of(bytes, n), NULL) == OK;
}

/* False: it is no grant. */
static bool read_grant(struct db_stmt *q, struct peer_id *peer, struct wall_grant *g)
{
    int64_t first = db_int(q, 2), last = db_int(q, 3);
    if (!read_peer(q, 0, peer) || first < 1 || last > UINT16_MAX || first > last)
        return false;
    *g = (struct wall_grant){.kind = strcmp(db_text(q, 1), "udp") == 0 ? IP_UDP : IP_TCP,
                             .first = (uint16_t)first,
                             .last = (uint16_t)last};
    ula_of_peer(peer, g->peer);
    return true;
}

static struct db_stmt *all_grants(const struct network *n)
{
    return db_prepare(n->t->env.db, "SELECT peer, kind, first, last FROM network_grant"
                                    " ORDER BY peer, kind, first, last");
}

enum err network_load(struct network *n, struct why *why)
{
    struct db_stmt *q = all_grants(n);
    struct peers to;
    struct peer_id peer;
    struct wall_grant g;
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW)
        if (read_grant(q, &peer, &g) && wall_grant(n->wall, &g, why) != OK)
            log_warn(n->t->env.log, "a grant does not come back: %s", why->text);
    db_finish(q);
    if (step != DB_END)
        return why->code;
    q = db_prepare(n->t->env.db, "SELECT peers FROM network");
    step = db_step(q, why);
    if (step == DB_ROW) {
        peers_read(&to, db_text(q, 0));
        network_on(n, &to, NULL);
    }
    db_finish(q);
    return step == DB_ROW || step == DB_END ? OK : why->code;
}

enum err network_keep(struct network *n, const struct peers *to, struct why *why)
{
    struct buf peers = {0};
    peers_put(to, &peers);
    char *text = buf_take_str(&peers);
    struct db_stmt *q =
        db_prepare(n->t->env.db, "INSERT OR REPLACE INTO network (id, peers) VALUES (1, ?1)");
    db_bind_text(q, 1, text);
    free(text);
    return db_run(q, why);
}

enum err network_keep_off(struct network *n, struct why *why)
{
    return db_run(db_prepare(n->t->env.db, "DELETE FROM network"), why);
}

static void bind_grant(struct db_stmt *q, const struct peer_id *peer, const struct wall_grant *g)
{
    db_bind_blob(q, 1, peer->bytes, peer->len);
    db_bind_text(q, 2, kind_word(g->kind));
    db_bind_int(q, 3, g->first);
    db_bind_int(q, 4, g->last);
}

enum err network_keep_grant(struct network *n, const struct peer_id *peer,
                            const struct wall_grant *g, struct why *why)
{
    struct db_stmt *q =
        db_prepare(n->t->env.db, "INSERT OR IGNORE INTO network_grant (peer, kind, first, last)"
                                 " VALUES (?1, ?2, ?3, ?4)");
    bind_grant(q, peer, g);
    return db_run(q, why);
}

enum err network_keep_revoked(struct network *n, const struct peer_id *peer,
                              const struct wall_grant *g, struct why *why)
{
    struct db_stmt *q =
        db_prepare(n->t->env.db, "DELETE FROM network_grant WHERE peer = ?1 AND kind = ?2"
                                 " AND first >= ?3 AND last <= ?4");
    bind_grant(q, peer, g);
    return db_run(q, why);
}

json_t *network_grants_json(const struct network *n)
{
    json_t *list = json_array();
    struct db_stmt *q = all_grants(n);
    struct peer_id peer;
    struct wall_grant g;
    struct why why;
    while (db_step(q, &why) == DB_ROW) {
        char id[PEER_ID_FORMAT], name[PEER_ID_FORMAT];
        if (read_grant(q, &peer, &g))
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:i, s:i}", "peer", peer_id_format(&peer, id),
                                "name", tunnel_name(n->t, &peer, name), "kind", kind_word(g.kind),
                                "first", (int)g.first, "last", (int)g.last));
    }
    db_finish(q);
    return list;
}
