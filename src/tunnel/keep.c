/* What is kept: services, forwards, cards, and where peers were reached. */
#include "tunnel/tunnel_in.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct migration tunnel_migrations[TUNNEL_MIGRATIONS] = {
    {"services, forwards, requests, an exit and its log",
     "CREATE TABLE service ("
     " name TEXT PRIMARY KEY,"
     " at TEXT NOT NULL,"   /* IP:PORT */
     " peers TEXT NOT NULL" /* ID,ID; '': whoever is trusted */
     ") WITHOUT ROWID;"
     "CREATE TABLE forward ("
     " port INTEGER PRIMARY KEY,"
     " peer BLOB NOT NULL,"
     " service TEXT NOT NULL);"
     "CREATE TABLE request ("
     " peer BLOB PRIMARY KEY,"
     " what TEXT NOT NULL,"
     " at_us INTEGER NOT NULL," /* since 1970 */
     " times INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "CREATE TABLE place (" /* where a peer that we forward to was reached */
     " peer BLOB NOT NULL,"
     " at TEXT NOT NULL," /* a multiaddr */
     " PRIMARY KEY (peer, at)) WITHOUT ROWID;"
     "CREATE TABLE socks ("
     " at TEXT PRIMARY KEY,"
     " peer BLOB" /* NULL: any that we trust */
     ") WITHOUT ROWID;"
     "CREATE TABLE exit ("
     " id INTEGER PRIMARY KEY CHECK (id = 1),"
     " peers TEXT NOT NULL,"
     " rules TEXT NOT NULL," /* apart by spaces */
     " rate INTEGER NOT NULL,"
     " until_us INTEGER NOT NULL,"
     " said TEXT NOT NULL);" /* the sentence that the owner was shown */
     "CREATE TABLE exit_use ("
     " peer BLOB PRIMARY KEY,"
     " day INTEGER NOT NULL," /* since 1970 */
     " bytes INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "CREATE TABLE exit_log ("
     " at_us INTEGER NOT NULL,"
     " peer BLOB NOT NULL,"
     " host TEXT NOT NULL,"
     " port INTEGER NOT NULL,"
     " address TEXT NOT NULL," /* '': none was connected to */
     " up INTEGER NOT NULL,"   /* bytes from the peer to the host */
     " down INTEGER NOT NULL,"
     " verdict TEXT NOT NULL);"
     "CREATE INDEX exit_log_at ON exit_log (at_us)"},
    {"the private network", "CREATE TABLE network (" /* a row: it is on */
                            " id INTEGER PRIMARY KEY CHECK (id = 1),"
                            " peers TEXT NOT NULL);" /* ID,ID; '': whoever is trusted */
                            "CREATE TABLE network_grant ("
                            " peer BLOB NOT NULL,"
                            " kind TEXT NOT NULL," /* tcp, udp */
                            " first INTEGER NOT NULL,"
                            " last INTEGER NOT NULL,"
                            " PRIMARY KEY (peer, kind, first, last)) WITHOUT ROWID;"},
    {"services and forwards of UDP",
     "ALTER TABLE service ADD COLUMN udp INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE forward RENAME TO forward_1;"
     "CREATE TABLE forward ("
     " port INTEGER NOT NULL,"
     " udp INTEGER NOT NULL,"
     " peer BLOB NOT NULL,"
     " service TEXT NOT NULL,"
     " PRIMARY KEY (port, udp)) WITHOUT ROWID;"
     "INSERT INTO forward SELECT port, 0, peer, service FROM forward_1;"
     "DROP TABLE forward_1"},
};

static bool read_peer(struct db_stmt *q, int column, struct peer_id *out)
{
    size_t n;
    const void *bytes = db_blob(q, column, &n);
    return peer_id_decode(out, cur_of(bytes, n), NULL) == OK;
}

/* --- read ----------------------------------------------------------------------------------- */

static enum err finish(struct db_stmt *q, enum db_step step, const struct why *why)
{
    db_finish(q);
    return step == DB_END ? OK : why->code;
}

static enum err load_services(struct tunnel *t, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT name, at, peers, udp FROM service");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct service s = {0};
        if (!head_is_service(db_text(q, 0)) || addr_parse(&s.at, db_text(q, 1), NULL) != OK)
            continue;
        memcpy(s.name, db_text(q, 0), strlen(db_text(q, 0)) + 1);
        peers_read(&s.to, db_text(q, 2));
        s.udp = db_int(q, 3) != 0;
        service_put(t, &s);
    }
    return finish(q, step, why);
}

static enum err load_forwards(struct tunnel *t, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT port, peer, service, udp FROM forward");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct forward_cfg cfg = {
            .service = db_text(q, 2), .port = (uint16_t)db_int(q, 0), .udp = db_int(q, 3) != 0};
        struct why taken;
        if (!read_peer(q, 1, &cfg.peer) || !head_is_service(cfg.service))
            continue;
        if (!forward_stands(forward_new(t, &cfg, false, &taken)))
            log_warn(t->env.log, "a forward does not come back: %s", taken.text);
    }
    return finish(q, step, why);
}

static enum err load_requests(struct tunnel *t, struct why *why)
{
    struct db_stmt *q =
        db_prepare(t->env.db, "SELECT peer, what, at_us, times FROM request ORDER BY at_us");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct request r = {.at_us = db_int(q, 2), .times = (uint64_t)db_int(q, 3)};
        if (!read_peer(q, 0, &r.peer) || strlen(db_text(q, 1)) > HEAD_SERVICE_MAX)
            continue;
        memcpy(r.what, db_text(q, 1), strlen(db_text(q, 1)) + 1);
        struct request *kept = mem_dup(&r, sizeof r);
        list_push(&t->requests, &kept->link);
    }
    return finish(q, step, why);
}

static enum err load_places(struct tunnel *t, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT peer, at FROM place");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct peer_id peer;
        struct multiaddr at;
        if (read_peer(q, 0, &peer) && multiaddr_parse(&at, db_text(q, 1), NULL) == OK)
            host_learn(t->host, &peer, &at, 1);
    }
    return finish(q, step, why);
}

/* --- written -------------------------------------------------------------------------------- */

enum err keep_service(struct tunnel *t, const struct service *s, struct why *why)
{
    char at[ADDR_TEXT];
    struct buf peers = {0};
    peers_put(&s->to, &peers);
    char *text = buf_take_str(&peers);
    struct db_stmt *q =
        db_prepare(t->env.db, "INSERT INTO service (name, at, peers, udp) VALUES (?1, ?2, ?3, ?4)"
                              " ON CONFLICT (name) DO UPDATE SET at = ?2, peers = ?3, udp = ?4");
    db_bind_text(q, 1, s->name);
    db_bind_text(q, 2, addr_format(&s->at, at));
    db_bind_text(q, 3, text);
    db_bind_int(q, 4, s->udp);
    free(text);
    return db_run(q, why);
}

enum err keep_service_gone(struct tunnel *t, const char *name, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "DELETE FROM service WHERE name = ?1");
    db_bind_text(q, 1, name);
    return db_run(q, why);
}

enum err keep_forward(struct tunnel *t, const struct forward *f, struct why *why)
{
    struct db_stmt *q = db_prepare(
        t->env.db,
        "INSERT OR REPLACE INTO forward (port, peer, service, udp) VALUES (?1, ?2, ?3, ?4)");
    db_bind_int(q, 1, f->port);
    db_bind_blob(q, 2, f->peer.bytes, f->peer.len);
    db_bind_text(q, 3, f->service);
    db_bind_int(q, 4, f->udp);
    return db_run(q, why);
}

enum err keep_forward_gone(struct tunnel *t, const struct forward *f, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "DELETE FROM forward WHERE port = ?1 AND udp = ?2");
    db_bind_int(q, 1, f->port);
    db_bind_int(q, 2, f->udp);
    return db_run(q, why);
}

static void run_or_say(struct tunnel *t, struct db_stmt *q, const char *what)
{
    struct why why;
    if (db_run(q, &why) != OK)
        log_warn(t->env.log, "%s: %s", what, why.text);
}

void keep_request(struct tunnel *t, const struct request *r)
{
    struct db_stmt *q = db_prepare(
        t->env.db,
        "INSERT OR REPLACE INTO request (peer, what, at_us, times) VALUES (?1, ?2, ?3, ?4)");
    db_bind_blob(q, 1, r->peer.bytes, r->peer.len);
    db_bind_text(q, 2, r->what);
    db_bind_int(q, 3, r->at_us);
    db_bind_int(q, 4, (int64_t)r->times);
    run_or_say(t, q, "keeping a request");
}

void keep_request_gone(struct tunnel *t, const struct peer_id *peer)
{
    struct db_stmt *q = db_prepare(t->env.db, "DELETE FROM request WHERE peer = ?1");
    db_bind_blob(q, 1, peer->bytes, peer->len);
    run_or_say(t, q, "forgetting a request");
}

static bool is_kept(struct tunnel *t, const struct peer_id *peer, const char *at)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT 1 FROM place WHERE peer = ?1 AND at = ?2");
    db_bind_blob(q, 1, peer->bytes, peer->len);
    db_bind_text(q, 2, at);
    bool there = db_step(q, NULL) == DB_ROW;
    db_finish(q);
    return there;
}

/* Only what it says of itself: where a connection comes from is no place to dial. */
void keep_places(struct tunnel *t, const struct peer_id *peer)
{
    struct host_peer p;
    char text[MULTIADDR_TEXT];
    bool news = false;
    if (!host_peer(t->host, peer, &p))
        return;
    for (size_t i = 0; i < p.addr_count; i++)
        news |= !is_kept(t, peer, multiaddr_format(&p.addrs[i], text));
    if (!news)
        return;
    struct db_stmt *q = db_prepare(t->env.db, "DELETE FROM place WHERE peer = ?1");
    db_bind_blob(q, 1, peer->bytes, peer->len);
    run_or_say(t, q, "forgetting where a peer was");
    for (size_t i = 0; i < p.addr_count; i++) {
        q = db_prepare(t->env.db, "INSERT OR IGNORE INTO place (peer, at) VALUES (?1, ?2)");
        db_bind_blob(q, 1, peer->bytes, peer->len);
        db_bind_text(q, 2, multiaddr_format(&p.addrs[i], text));
        run_or_say(t, q, "keeping where a peer is");
    }
}

/* --- proxies and the exit ------------------------------------------------------------------- */

enum err keep_socksd(struct tunnel *t, const struct socksd *p, struct why *why)
{
    char at[ADDR_TEXT];
    struct db_stmt *q =
        db_prepare(t->env.db, "INSERT OR REPLACE INTO socks (at, peer) VALUES (?1, ?2)");
    db_bind_text(q, 1, addr_format(&p->at, at));
    if (p->via.len > 0)
        db_bind_blob(q, 2, p->via.bytes, p->via.len);
    else
        db_bind_text(q, 2, NULL);
    return db_run(q, why);
}

enum err keep_socksd_gone(struct tunnel *t, const struct addr *at, struct why *why)
{
    char text[ADDR_TEXT];
    struct db_stmt *q = db_prepare(t->env.db, "DELETE FROM socks WHERE at = ?1");
    db_bind_text(q, 1, addr_format(at, text));
    return db_run(q, why);
}

enum err keep_exit(struct tunnel *t, const struct exit_grant *g, const char *said, struct why *why)
{
    struct buf peers = {0}, rules = {0};
    char one[EXIT_RULE_TEXT];
    peers_put(&g->to, &peers);
    for (size_t i = 0; i < g->rule_count; i++)
        buf_printf(&rules, "%s%s", i ? " " : "", exit_rule_format(&g->rules[i], one));
    char *peers_text = buf_take_str(&peers), *rules_text = buf_take_str(&rules);
    struct db_stmt *q =
        db_prepare(t->env.db, "INSERT OR REPLACE INTO exit (id, peers, rules, rate, until_us, said)"
                              " VALUES (1, ?1, ?2, ?3, ?4, ?5)");
    db_bind_text(q, 1, peers_text);
    db_bind_text(q, 2, rules_text);
    db_bind_int(q, 3, (int64_t)g->rate);
    db_bind_int(q, 4, g->until_us);
    db_bind_text(q, 5, said);
    free(peers_text);
    free(rules_text);
    return db_run(q, why);
}

enum err keep_exit_gone(struct tunnel *t, struct why *why)
{
    return db_run(db_prepare(t->env.db, "DELETE FROM exit"), why);
}

uint64_t keep_use_of(struct tunnel *t, const struct peer_id *peer, int64_t day)
{
    struct db_stmt *q =
        db_prepare(t->env.db, "SELECT bytes FROM exit_use WHERE peer = ?1 AND day = ?2");
    db_bind_blob(q, 1, peer->bytes, peer->len);
    db_bind_int(q, 2, day);
    uint64_t bytes = db_step(q, NULL) == DB_ROW ? (uint64_t)db_int(q, 0) : 0;
    db_finish(q);
    return bytes;
}

uint64_t keep_use_of_all(struct tunnel *t, int64_t day)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT SUM(bytes) FROM exit_use WHERE day = ?1");
    db_bind_int(q, 1, day);
    uint64_t bytes = db_step(q, NULL) == DB_ROW ? (uint64_t)db_int(q, 0) : 0;
    db_finish(q);
    return bytes;
}

void keep_use(struct tunnel *t, const struct peer_id *peer, int64_t day, uint64_t bytes)
{
    struct db_stmt *q = db_prepare(
        t->env.db, "INSERT OR REPLACE INTO exit_use (peer, day, bytes) VALUES (?1, ?2, ?3)");
    db_bind_blob(q, 1, peer->bytes, peer->len);
    db_bind_int(q, 2, day);
    db_bind_int(q, 3, (int64_t)bytes);
    run_or_say(t, q, "keeping what a peer used");
}

void keep_log(struct tunnel *t, const struct exit_line *l)
{
    struct db_stmt *q = db_prepare(
        t->env.db, "INSERT INTO exit_log (at_us, peer, host, port, address, up, down, verdict)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    db_bind_int(q, 1, l->at_us);
    db_bind_blob(q, 2, l->peer.bytes, l->peer.len);
    db_bind_text(q, 3, l->host);
    db_bind_int(q, 4, l->port);
    db_bind_text(q, 5, l->address);
    db_bind_int(q, 6, (int64_t)l->up);
    db_bind_int(q, 7, (int64_t)l->down);
    db_bind_text(q, 8, l->verdict);
    run_or_say(t, q, "writing the exit's log");
}

void keep_log_until(struct tunnel *t, int64_t us)
{
    struct db_stmt *q = db_prepare(t->env.db, "DELETE FROM exit_log WHERE at_us < ?1");
    db_bind_int(q, 1, us);
    run_or_say(t, q, "shortening the exit's log");
}

json_t *keep_log_json(struct tunnel *t, size_t limit)
{
    json_t *list = json_array();
    struct db_stmt *q = db_prepare(
        t->env.db, "SELECT at_us, peer, host, port, address, up, down, verdict FROM exit_log"
                   " ORDER BY at_us DESC, rowid DESC LIMIT ?1");
    db_bind_int(q, 1, (int64_t)limit);
    while (db_step(q, NULL) == DB_ROW) {
        struct peer_id peer = {0};
        char id[PEER_ID_FORMAT] = "", name[PEER_ID_FORMAT] = "";
        if (read_peer(q, 1, &peer)) {
            peer_id_format(&peer, id);
            if (t->host)
                tunnel_name(t, &peer, name);
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:s}", "at",
                                              text_rfc3339(db_int(q, 0)).s, "peer", id, "name",
                                              name, "host", db_text(q, 2), "port",
                                              (json_int_t)db_int(q, 3), "address", db_text(q, 4),
                                              "up", (json_int_t)db_int(q, 5), "down",
                                              (json_int_t)db_int(q, 6), "verdict", db_text(q, 7)));
    }
    db_finish(q);
    return list;
}

/* --- read ----------------------------------------------------------------------------------- */

static enum err load_socksds(struct tunnel *t, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT at, peer FROM socks");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct peer_id via = {0};
        struct addr at;
        struct why taken;
        if (addr_parse(&at, db_text(q, 0), NULL) != OK)
            continue;
        if (!read_peer(q, 1, &via))
            via.len = 0;
        if (!socksd_new(t, &at, &via, false, &taken)->listener)
            log_warn(t->env.log, "a proxy does not come back: %s", taken.text);
    }
    return finish(q, step, why);
}

static void read_rules(struct exit_grant *g, const char *text)
{
    while (*text && g->rule_count < EXIT_RULES_MAX) {
        char one[EXIT_RULE_TEXT];
        size_t n = strcspn(text, " ");
        snprintf(one, sizeof one, "%.*s", (int)n, text);
        if (exit_rule_parse(&g->rules[g->rule_count], one, NULL) == OK)
            g->rule_count++;
        text += n;
        text += *text == ' ';
    }
}

/* Peers that were named and can no longer be read would make it an exit for all: then it is off. */
static enum err load_exit(struct tunnel *t, struct why *why)
{
    struct db_stmt *q = db_prepare(t->env.db, "SELECT peers, rules, rate, until_us FROM exit");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct exit_grant g = {.rate = (uint64_t)db_int(q, 2), .until_us = db_int(q, 3)};
        peers_read(&g.to, db_text(q, 0));
        read_rules(&g, db_text(q, 1));
        if (g.to.count > 0 || !db_text(q, 0)[0])
            exits_begin(t, &g);
    }
    return finish(q, step, why);
}

enum err keep_load(struct tunnel *t, struct why *why)
{
    enum err code = load_services(t, why);
    if (code == OK)
        code = load_forwards(t, why);
    if (code == OK)
        code = load_requests(t, why);
    if (code == OK)
        code = load_places(t, why);
    if (code == OK)
        code = load_socksds(t, why);
    if (code == OK)
        code = load_exit(t, why);
    return code;
}
