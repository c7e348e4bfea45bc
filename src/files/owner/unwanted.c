#include "files/owner/unwanted.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "files/meta/glob.h"
#include "files/owner/feed.h"
#include "files/owner/ipfilter.h"

#include <string.h>

enum kind { ADDRS, TORRENTS, KINDS };

static const char *const settings[KINDS] = {"files.ip-filter", "files.blocklist"};

/* One list that is subscribed to. */
struct source {
    struct link link;
    struct unwanted *r;
    enum kind kind;
    struct feed *feed;
    bool ready, stays;
    struct ipfilter *filter;
    struct blocklist *list;
};

struct unwanted {
    struct unwanted_cfg cfg;
    char *lists_dir, *from_ip;
    struct link sources[KINDS];
    struct globs *deny;
    char *deny_text;
    bool deny_refuses;
    struct map *bans; /* the IP's bytes -> uint64_t, until when (loop's clock, which never jumps) */
    uint64_t hits;
};

/* Sources */

static void *parse_filter(struct cur text, struct why *why)
{
    return ipfilter_parse(text, why);
}

static void drop_filter(void *parsed)
{
    ipfilter_free(parsed);
}

static void *parse_list(struct cur text, struct why *why)
{
    return blocklist_parse(text, why);
}

static void drop_list(void *parsed)
{
    blocklist_free(parsed);
}

static void on_filter(void *arg, void *parsed)
{
    struct source *s = arg;
    size_t first, skipped = ipfilter_skipped(parsed, &first);
    ipfilter_free(s->filter);
    s->filter = parsed;
    log_info(s->r->cfg.log, "%s: %zu ranges of addresses", feed_source(s->feed),
             ipfilter_count(parsed));
    if (skipped)
        log_warn(s->r->cfg.log, "%s: %zu lines are not understood, the first is line %zu",
                 feed_source(s->feed), skipped, first);
    s->r->cfg.addrs(s->r->cfg.arg);
}

static void on_list(void *arg, void *parsed)
{
    struct source *s = arg;
    blocklist_free(s->list);
    s->list = parsed;
    log_info(s->r->cfg.log, "%s: %zu blocked torrents and signers", feed_source(s->feed),
             blocklist_count(parsed));
    if (blocklist_skipped(parsed))
        log_warn(s->r->cfg.log, "%s: %zu lines are not understood", feed_source(s->feed),
                 blocklist_skipped(parsed));
    s->r->cfg.torrents(s->r->cfg.arg);
}

static void on_ready(void *arg)
{
    struct source *s = arg;
    s->ready = true;
    if (s->kind == TORRENTS && unwanted_ready(s->r)) /* what was blocked before may be free now */
        s->r->cfg.torrents(s->r->cfg.arg);
}

static void source_free(struct source *s)
{
    feed_free(s->feed);
    ipfilter_free(s->filter);
    blocklist_free(s->list);
    list_drop(&s->link);
    free(s);
}

static void source_new(struct unwanted *r, enum kind kind, const char *from)
{
    struct source *s = MEM_NEW(struct source);
    bool addrs = kind == ADDRS;
    s->r = r;
    s->kind = kind;
    s->stays = true;
    struct feed_cfg cfg = {.loop = r->cfg.loop,
                           .vfs = r->cfg.vfs,
                           .log = r->cfg.log,
                           .source = from,
                           .keep_dir = r->lists_dir,
                           .from_ip = r->from_ip,
                           .max_bytes = addrs ? IPFILTER_TEXT_MAX : BLOCKLIST_TEXT_MAX,
                           .parse = addrs ? parse_filter : parse_list,
                           .drop = addrs ? drop_filter : drop_list,
                           .loaded = addrs ? on_filter : on_list,
                           .ready = on_ready,
                           .arg = s};
    list_push(&r->sources[kind], &s->link);
    s->feed = feed_new(&cfg);
}

static struct source *find_source(struct unwanted *r, enum kind kind, const char *from)
{
    LIST_EACH(&r->sources[kind], struct source, s, link) {
        if (strcmp(feed_source(s->feed), from) == 0)
            return s;
    }
    return NULL;
}

/* The lists that the settings name; those that stay are looked at. */
static void take_sources(struct unwanted *r, const struct conf *conf, enum kind kind)
{
    char from[CONF_ITEM_MAX];
    LIST_EACH(&r->sources[kind], struct source, s, link) {
        s->stays = false;
    }
    for (size_t i = 0; conf_item(conf, settings[kind], i, from, sizeof from); i++) {
        struct source *s = find_source(r, kind, from);
        if (s && !s->stays)
            feed_look(s->feed);
        if (s)
            s->stays = true;
        else
            source_new(r, kind, from);
    }
    LIST_EACH(&r->sources[kind], struct source, s, link) {
        if (!s->stays)
            source_free(s);
    }
}

static enum err check_sources(const struct conf *conf, enum kind kind, struct why *why)
{
    char from[CONF_ITEM_MAX];
    size_t n = 0;
    for (; conf_item(conf, settings[kind], n, from, sizeof from); n++)
        if (from[0] != '/' && !feed_is_url(from))
            return why_set(why, ERR_INVALID, "%s: \"%s\" is no absolute path and no http:// URL",
                           settings[kind], from);
    if (n > UNWANTED_SOURCES_MAX)
        return why_set(why, ERR_LIMIT, "%s: %zu lists, at most %d", settings[kind], n,
                       UNWANTED_SOURCES_MAX);
    return OK;
}

/* Settings */

static enum err take_settings(struct unwanted *r, const struct conf *conf, struct why *why)
{
    const char *deny = conf_text(conf, "files.deny");
    struct globs *globs = globs_parse(deny, why);
    if (!globs)
        return why_in(why, why->code, "files.deny");
    enum err e = check_sources(conf, ADDRS, why);
    if (e == OK)
        e = check_sources(conf, TORRENTS, why);
    if (e != OK) {
        globs_free(globs);
        return e;
    }
    globs_free(r->deny);
    free(r->deny_text);
    r->deny = globs;
    r->deny_text = mem_strdup(deny);
    r->deny_refuses = strcmp(conf_text(conf, "files.deny-action"), "refuse") == 0;
    take_sources(r, conf, ADDRS);
    take_sources(r, conf, TORRENTS);
    return OK;
}

/* Bans */

static void drop_ban(struct unwanted *r, const uint8_t ip[16])
{
    struct db_stmt *q = db_prepare(r->cfg.db, "DELETE FROM ban WHERE ip = ?1");
    struct why why;
    db_bind_blob(q, 1, ip, 16);
    if (db_run(q, &why))
        log_warn(r->cfg.log, "forgetting a ban: %s", why.text);
    free(map_drop(r->bans, ip, 16));
}

static void put_ban(struct unwanted *r, const uint8_t ip[16], uint64_t left_us)
{
    uint64_t until_us = loop_now_us(r->cfg.loop) + left_us;
    free(map_put(r->bans, ip, 16, mem_dup(&until_us, sizeof until_us)));
}

/* A ban that ends further off than one can is of a clock that was wrong: it is over. */
static void restore_bans(struct unwanted *r)
{
    struct why why;
    int64_t now = loop_wall_us(r->cfg.loop);
    struct db_stmt *q = db_prepare(r->cfg.db, "SELECT ip, until_us FROM ban ORDER BY until_us");
    while (db_step(q, &why) == DB_ROW) {
        size_t n;
        const void *ip = db_blob(q, 0, &n);
        int64_t left = db_int(q, 1) - now;
        if (n == 16 && left > 0 && left <= (int64_t)UNWANTED_BAN_US &&
            map_count(r->bans) < UNWANTED_BANS_MAX)
            put_ban(r, ip, (uint64_t)left);
    }
    db_finish(q);
    q = db_prepare(r->cfg.db, "DELETE FROM ban WHERE until_us <= ?1 OR until_us > ?2");
    db_bind_int(q, 1, now);
    db_bind_int(q, 2, now + (int64_t)UNWANTED_BAN_US);
    if (db_run(q, &why))
        log_warn(r->cfg.log, "forgetting old bans: %s", why.text);
}

void unwanted_ban(struct unwanted *r, const struct addr *a)
{
    struct why why;
    const void *oldest;
    size_t at = 0;
    int64_t until_us = loop_wall_us(r->cfg.loop) + (int64_t)UNWANTED_BAN_US;
    if (map_count(r->bans) >= UNWANTED_BANS_MAX && map_next(r->bans, &at, &oldest, NULL)) {
        uint8_t ip[16];
        memcpy(ip, oldest, sizeof ip);
        drop_ban(r, ip);
    }
    put_ban(r, a->ip, UNWANTED_BAN_US);
    struct db_stmt *q =
        db_prepare(r->cfg.db, "INSERT OR REPLACE INTO ban (ip, until_us) VALUES (?1, ?2)");
    db_bind_blob(q, 1, a->ip, sizeof a->ip);
    db_bind_int(q, 2, until_us);
    if (db_run(q, &why))
        log_warn(r->cfg.log, "keeping a ban: %s", why.text);
    r->cfg.addrs(r->cfg.arg);
}

static bool is_banned(struct unwanted *r, const struct addr *a)
{
    const uint64_t *until = map_get(r->bans, a->ip, sizeof a->ip);
    if (!until)
        return false;
    if (*until > loop_now_us(r->cfg.loop))
        return true;
    drop_ban(r, a->ip);
    return false;
}

struct unwanted *unwanted_new(const struct unwanted_cfg *cfg, const struct conf *conf,
                              struct why *why)
{
    struct unwanted *r = MEM_NEW(struct unwanted);
    r->cfg = *cfg;
    r->lists_dir = mem_strdup(cfg->lists_dir);
    r->from_ip = mem_strdup(cfg->from_ip);
    list_init(&r->sources[ADDRS]);
    list_init(&r->sources[TORRENTS]);
    r->bans = map_new(loop_random_u64(cfg->loop));
    restore_bans(r);
    if (take_settings(r, conf, why) == OK)
        return r;
    unwanted_free(r);
    return NULL;
}

void unwanted_free(struct unwanted *r)
{
    if (!r)
        return;
    for (int kind = 0; kind < KINDS; kind++)
        LIST_EACH(&r->sources[kind], struct source, s, link) {
            source_free(s);
        }
    uint64_t *until;
    for (size_t at = 0; r->bans && (until = map_next(r->bans, &at, NULL, NULL));)
        free(until);
    map_free(r->bans);
    globs_free(r->deny);
    free(r->deny_text);
    free(r->lists_dir);
    free(r->from_ip);
    free(r);
}

void unwanted_reload(struct unwanted *r, const struct conf *conf)
{
    struct why why;
    if (take_settings(r, conf, &why)) {
        log_error(r->cfg.log, "%s; what was set before holds", why.text);
        return;
    }
    r->cfg.addrs(r->cfg.arg); /* a list may be gone */
    r->cfg.torrents(r->cfg.arg);
}

bool unwanted_ready(const struct unwanted *r)
{
    for (int kind = 0; kind < KINDS; kind++)
        LIST_EACH(&r->sources[kind], struct source, s, link) {
            if (!s->ready)
                return false;
        }
    return true;
}

/* Addresses */

bool unwanted_refuse(struct unwanted *r, const struct addr *a)
{
    if (!r)
        return false;
    if (is_banned(r, a)) {
        r->hits++;
        return true;
    }
    LIST_EACH(&r->sources[ADDRS], struct source, s, link) {
        if (ipfilter_has(s->filter, a)) {
            r->hits++;
            return true;
        }
    }
    return false;
}

/* Torrents and signers */

static bool is_on_own(struct unwanted *r, const char *what)
{
    struct why why;
    struct db_stmt *q = db_prepare(r->cfg.db, "SELECT 1 FROM blocked WHERE what = ?1");
    db_bind_text(q, 1, what);
    enum db_step step = db_step(q, &why);
    if (step == DB_FAILED)
        log_error(r->cfg.log, "reading the list of what is blocked: %s", why.text);
    db_finish(q);
    return step == DB_ROW;
}

enum err unwanted_check(struct unwanted *r, const struct block *b, struct why *why)
{
    char what[BLOCK_TEXT];
    block_format(b, what);
    if (is_on_own(r, what))
        return why_set(why, ERR_DENIED, "blocked by your own list (%s)", what);
    LIST_EACH(&r->sources[TORRENTS], struct source, s, link) {
        size_t line = blocklist_line(s->list, b);
        if (line)
            return why_set(why, ERR_DENIED, "blocked by %.100s line %zu (%s)", feed_source(s->feed),
                           line, what);
    }
    return OK;
}

enum err unwanted_block(struct unwanted *r, const struct block *b, const char *note,
                        struct why *why)
{
    char what[BLOCK_TEXT];
    struct db_stmt *q = db_prepare(
        r->cfg.db, "INSERT OR REPLACE INTO blocked (what, note, added_us) VALUES (?1, ?2, ?3)");
    db_bind_text(q, 1, block_format(b, what));
    db_bind_text(q, 2, note);
    db_bind_int(q, 3, loop_wall_us(r->cfg.loop));
    enum err e = db_run(q, why);
    if (e == OK)
        r->cfg.torrents(r->cfg.arg);
    return e;
}

enum err unwanted_unblock(struct unwanted *r, const struct block *b, struct why *why)
{
    char what[BLOCK_TEXT];
    if (!is_on_own(r, block_format(b, what)))
        return why_set(why, ERR_NOT_FOUND, "%s is not on your own list", what);
    struct db_stmt *q = db_prepare(r->cfg.db, "DELETE FROM blocked WHERE what = ?1");
    db_bind_text(q, 1, what);
    enum err e = db_run(q, why);
    if (e == OK)
        r->cfg.torrents(r->cfg.arg);
    return e;
}

/* Names */

const char *unwanted_denied(const struct unwanted *r, const char *path)
{
    return globs_match(r->deny, path);
}

bool unwanted_deny_refuses(const struct unwanted *r)
{
    return r->deny_refuses;
}

/* Showing */

static json_t *own_json(struct unwanted *r)
{
    struct why why;
    json_t *list = json_array();
    struct db_stmt *q =
        db_prepare(r->cfg.db, "SELECT what, note, added_us FROM blocked ORDER BY added_us, what");
    while (db_step(q, &why) == DB_ROW)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "what", db_text(q, 0), "note",
                                        db_text(q, 1), "added", text_rfc3339(db_int(q, 2)).s));
    db_finish(q);
    return list;
}

static json_t *sources_json(struct unwanted *r, enum kind kind)
{
    json_t *list = json_array();
    LIST_EACH(&r->sources[kind], struct source, s, link) {
        size_t n = kind == ADDRS ? ipfilter_count(s->filter) : blocklist_count(s->list);
        json_t *j = feed_status(s->feed);
        json_object_set_new(j, "entries", json_integer((json_int_t)n));
        json_array_append_new(list, j);
    }
    return list;
}

json_t *unwanted_json(struct unwanted *r)
{
    json_t *j = json_object();
    json_object_set_new(j, "own", own_json(r));
    json_object_set_new(j, "lists", sources_json(r, TORRENTS));
    json_object_set_new(j, "ip_filters", sources_json(r, ADDRS));
    json_object_set_new(j, "filtered", json_integer((json_int_t)r->hits));
    json_object_set_new(j, "banned", json_integer((json_int_t)map_count(r->bans)));
    json_object_set_new(j, "deny", json_string(r->deny_text));
    return j;
}
