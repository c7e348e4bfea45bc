/* A link, a .torrent or an infohash becomes a torrent of this node: file.get. */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "files/meta/magnet.h"
#include "files/meta/parse.h"

#include <string.h>

/* A peer by name: looked up, then told to the torrent if that is still there. */
struct lookup {
    struct files *f;
    uint8_t infohash[SHA1_LEN];
    struct link link;
    struct resolve *resolve;
};

static void on_resolved(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct lookup *l = arg;
    struct holding *h = files_find(l->f, l->infohash);
    for (size_t i = 0; h && i < n; i++)
        torrent_add_peer(h->t, &found[i], PEER_BY_HAND);
    struct why unkept;
    if (n == 0)
        log_info(l->f->env.log, "a peer given by hand: %s", why->text);
    else if (h && keep_row(h, &unkept))
        log_warn(l->f->env.log, "keeping a peer given by hand: %s", unkept.text);
    list_drop(&l->link);
    free(l);
}

void lookup_cancel_all(struct files *f)
{
    LIST_EACH(&f->lookups, struct lookup, l, link) {
        resolve_cancel(l->resolve);
        list_drop(&l->link);
        free(l);
    }
}

enum err files_add_peer(struct holding *h, const char *text, struct why *why)
{
    struct addr a;
    char host[256];
    uint16_t port;
    if (addr_parse(&a, text, NULL) == OK) {
        if (!addr_is_dialable(&a))
            return why_set(why, ERR_INVALID, "%s cannot be dialled", text);
        torrent_add_peer(h->t, &a, PEER_BY_HAND);
        return OK;
    }
    enum err e = addr_split(text, host, sizeof host, &port, why);
    if (e)
        return e;
    struct lookup *l = MEM_NEW(struct lookup);
    l->f = h->f;
    memcpy(l->infohash, torrent_infohash(h->t), SHA1_LEN);
    list_push(&h->f->lookups, &l->link);
    l->resolve = resolve_start(h->f->env.loop, host, port, on_resolved, l);
    return OK;
}

static json_t *got_result(struct holding *h, bool existing)
{
    json_t *j = files_row(h);
    json_object_set_new(j, "existing", json_boolean(existing));
    return j;
}

/* A call that waits for its .torrent to be kept. */
struct getting {
    struct files *f;
    struct call *call;
    uint8_t infohash[SHA1_LEN];
};

static void on_kept(void *arg, const struct why *why)
{
    struct getting *g = arg;
    struct holding *h = files_find(g->f, g->infohash);
    if (why->code)
        call_fail(g->call, "file.not_kept", why, "see shoal doctor for the data folder");
    else if (h)
        call_ok(g->call, got_result(h, false));
    else
        call_failf(g->call, "file.not_found", ERR_NOT_FOUND, NULL, "it was removed meanwhile");
    free(g);
}

static void answer_got(struct holding *h, struct call *c)
{
    struct why why;
    if (torrent_metainfo(h->t)) {
        struct getting *g = MEM_NEW(struct getting);
        g->f = h->f;
        g->call = c;
        memcpy(g->infohash, torrent_infohash(h->t), SHA1_LEN);
        keep_torrent(h, on_kept, g);
    } else if (keep_row(h, &why)) {
        call_fail(c, "file.not_kept", &why, "see shoal doctor for the data folder");
    } else {
        call_ok(c, got_result(h, false));
    }
}

/* What is wrong with an address, before anything is fetched; a name is looked up later. */
static enum err check_peers(json_t *list, struct why *why)
{
    struct addr a;
    char host[256];
    uint16_t port;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        enum err e =
            addr_parse(&a, text, NULL) == OK ? OK : addr_split(text, host, sizeof host, &port, why);
        if (e)
            return e;
    }
    return OK;
}

static void add_peers(struct holding *h, json_t *list)
{
    struct why why;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (files_add_peer(h, json_string_value(json_array_get(list, i)), &why))
            log_info(h->f->env.log, "a peer given by hand: %s", why.text);
}

void file_get_known(struct files *f, struct call *c, struct torrent_cfg *cfg,
                    const struct magnet *m)
{
    const char *dir = call_text(c, "dir") ? call_text(c, "dir") : f->download_dir;
    struct holding *h = files_find_any(f, cfg->mi ? &cfg->mi->hash : &cfg->hash);
    bool existing = h != NULL;
    char *quarantine = NULL;
    struct why why;
    if (unwanted_vet(f, cfg->infohash, cfg->mi ? &cfg->mi->hash : &cfg->hash, cfg->mi, true,
                     &why)) {
        parse_drop(f->env.loop, cfg->mi);
        call_fail(c, "file.blocked", &why, "shoal file blocklist shows what is blocked");
        return;
    }
    char *rules;
    if (choose_rules(c, m, &rules, &why) ||
        (rules && cfg->mi && choose_check(rules, cfg->mi, &why))) {
        call_fail(c, why.code == ERR_NOT_FOUND ? "file.no_match" : CALL_USAGE, &why,
                  "give a pattern as '*.mkv', or numbers as '#0,2-4'");
        parse_drop(f->env.loop, cfg->mi);
        free(rules);
        return;
    }
    cfg->rules = rules;
    if (!h && vfs_mkdirs(f->env.vfs, dir, 0777, &why)) {
        free(rules);
        parse_drop(f->env.loop, cfg->mi);
        call_fail(c, "file.no_folder", &why, "give another folder with --dir");
        return;
    }
    if (!h && map_count(f->torrents) >= FILES_TORRENTS_MAX) {
        free(rules);
        parse_drop(f->env.loop, cfg->mi);
        call_failf(c, "file.too_many", ERR_LIMIT, "remove some first", "%d torrents are held",
                   FILES_TORRENTS_MAX);
        return;
    }
    if (h) {
        for (size_t i = 0; i < cfg->tracker_count && !torrent_metainfo(h->t); i++)
            torrent_add_tracker(h->t, cfg->trackers[i].url);
        parse_drop(f->env.loop, cfg->mi);
        if (rules && torrent_select(h->t, rules, &why))
            log_warn(f->env.log, "%s: %s", torrent_name(h->t), why.text);
        torrent_set_order(h->t, call_bool(c, "sequential") || torrent_is_sequential(h->t),
                          call_bool(c, "ends_first") || torrent_has_ends_first(h->t));
        if (!call_bool(c, "paused"))
            files_resume(h, false);
    } else {
        quarantine = scans_quarantine(f, dir, cfg->mi);
        if (quarantine && vfs_mkdirs(f->env.vfs, quarantine, 0700, &why)) {
            log_warn(f->env.log, "%s", why.text); /* the torrent will say so too */
        }
        cfg->dir = quarantine ? quarantine : dir;
        cfg->release_dir = quarantine ? dir : NULL;
        cfg->fresh = true;
        cfg->paused = call_has(c, "paused") ? call_bool(c, "paused") : !f->rules.start;
        cfg->sequential = call_bool(c, "sequential");
        cfg->ends_first = call_bool(c, "ends_first");
        cfg->added_us = loop_wall_us(f->env.loop);
        h = files_add(f, cfg);
        free(quarantine);
    }
    free(rules);
    add_peers(h, call_array(c, "peer"));
    if (m && m->has_key)
        torrent_seek_signer(h->t, m->key, cur_of(m->salt, m->salt_len));
    if (!existing)
        answer_got(h, c);
    else if (keep_row(h, &why))
        call_fail(c, "file.not_kept", &why, "it holds for this run; see shoal log");
    else
        call_ok(c, got_result(h, true));
}

/* Takes m, which names an infohash. */
static void get_named(struct files *f, struct call *c, struct magnet *m)
{
    struct why why;
    struct mi_tracker urls[MAGNET_TRACKERS_MAX];
    struct torrent_cfg cfg = {.trackers = urls};
    memcpy(cfg.infohash, m->infohash, SHA1_LEN);
    cfg.hash = m->hash;
    cfg.name = m->name;
    for (; cfg.tracker_count < m->tracker_count; cfg.tracker_count++)
        urls[cfg.tracker_count] =
            (struct mi_tracker){m->trackers[cfg.tracker_count], (unsigned)cfg.tracker_count};
    file_get_known(f, c, &cfg, m);
    struct holding *h = files_find_any(f, &m->hash);
    for (size_t i = 0; h && i < m->web_seed_count; i++)
        torrent_add_web_seed(h->t, m->web_seeds[i]);
    for (size_t i = 0; h && i < m->peer_count; i++)
        if (files_add_peer(h, m->peers[i], &why))
            log_info(f->env.log, "a peer of a magnet link: %s", why.text);
    magnet_free(m);
}

static void get_magnet(struct files *f, struct call *c, const char *link)
{
    struct why why;
    struct magnet *m = magnet_parse(link, &why);
    if (!m)
        call_fail(c, "file.bad_link", &why, "give a magnet link, an infohash or a .torrent");
    else if (infohash_id(&m->hash))
        get_named(f, c, m);
    else
        inquiry_resolve(f, c, m, get_named); /* a mutable torrent: the DHT knows which it is now */
}

/* The topic of a link that is an infohash alone; NULL: it is none. */
static const char *topic_of(const char *text)
{
    uint8_t hash[SHA256_LEN];
    if (hex_decode(text, strlen(text), hash, SHA1_LEN))
        return "urn:btih:";
    return hex_decode(text, strlen(text), hash, SHA256_LEN) ? "urn:btmh:1220" : NULL;
}

void file_get(void *app, struct call *c)
{
    struct files *f = app;
    const char *link = call_text(c, "link"), *torrent = call_text(c, "torrent");
    struct why why;
    if (late_wait(f, c))
        return;
    if (check_peers(call_array(c, "peer"), &why)) {
        call_fail(c, CALL_USAGE, &why, "give a peer as ADDRESS:PORT");
    } else if (torrent) {
        take_torrent(f, c, torrent);
    } else if (link && topic_of(link)) {
        char *magnet = mem_printf("magnet:?xt=%s%s", topic_of(link), link);
        get_magnet(f, c, magnet);
        free(magnet);
    } else if (link) {
        get_magnet(f, c, link);
    } else {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal get 'magnet:?xt=urn:btih:...'",
                   "neither link nor torrent is given");
    }
}
