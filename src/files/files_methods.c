/* What a person can ask of the files app, a handler for each line of files_table.c. */
#include "files/files_in.h"

#include "base/mem.h"
#include "core/keys.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/meta/create.h"
#include "files/meta/magnet.h"
#include "net/http.h"

#include <stdio.h>
#include <string.h>

enum { PREFIX_MIN = 4 };

static const char see_ls[] = "shoal file ls shows what is there";

/* Which torrent is meant: its infohash, a unique beginning of it, or its exact name. */

static bool matches(const struct holding *h, const char *id, size_t len)
{
    char v1[2 * SHA1_LEN + 1] = "", v2[2 * SHA256_LEN + 1] = "";
    const struct infohash *hash = torrent_hash(h->t);
    if (hash->has_v1)
        hex_encode(hash->v1, SHA1_LEN, v1);
    if (hash->has_v2)
        hex_encode(hash->v2, SHA256_LEN, v2);
    return (len >= PREFIX_MIN &&
            (strncasecmp(torrent_hex(h->t), id, len) == 0 || strncasecmp(v1, id, len) == 0 ||
             strncasecmp(v2, id, len) == 0)) ||
           strcmp(torrent_name(h->t), id) == 0;
}

struct holding *files_named(struct files *f, struct call *c, const char *id)
{
    size_t len = strlen(id), found = 0;
    struct holding *h, *one = NULL;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        if (matches(h, id, len)) {
            one = h;
            found++;
        }
    if (found == 1)
        return one;
    if (found == 0)
        call_failf(c, "file.not_found", ERR_NOT_FOUND, see_ls, "no torrent is called %s", id);
    else
        call_failf(c, "file.ambiguous", ERR_INVALID, "give more of the id", "%zu torrents match %s",
                   found, id);
    return NULL;
}

struct holding *holding_of(struct files *f, struct call *c)
{
    return files_named(f, c, call_text(c, "id"));
}

void answer_kept(struct holding *h, struct call *c)
{
    struct why why;
    if (keep_row(h, &why) || (h->tend.unkept && tend_keep(h, &why)))
        call_fail(c, "file.not_kept", &why, "it holds for this run; see shoal log");
    else
        call_ok(c, files_row(h));
}

/* file.add */

struct adding {
    struct link link;
    struct files *f;
    struct job *job;
    struct create *create; /* NULL: hashed, the .torrent is being kept */
    char *path;
    bool sign;
    uint8_t infohash[SHA1_LEN]; /* once hashed */
};

static void adding_free(struct adding *a)
{
    list_drop(&a->link);
    free(a->path);
    free(a);
}

void adding_cancel_all(struct files *f)
{
    LIST_EACH(&f->adding, struct adding, a, link) {
        if (!a->create)
            continue; /* keep_forget() ends it */
        struct why why = {.code = ERR_STATE, .text = "the node stops"};
        create_cancel(a->create);
        job_failed(a->job, "file.stopped", &why, "share it again");
        adding_free(a);
    }
}

static json_t *added_result(struct holding *h)
{
    struct buf magnet = {0};
    torrent_magnet(h->t, &magnet);
    char *link = buf_take_str(&magnet), *path = keep_path(h->f, torrent_hex(h->t), "torrent");
    json_t *j = json_pack("{s:s, s:o, s:o, s:s, s:s}", "id", torrent_hex(h->t), "infohash_v1",
                          torrent_hash_v1(h->t), "infohash_v2", torrent_hash_v2(h->t), "magnet",
                          link, "torrent_file", path);
    free(link);
    free(path);
    return j;
}

static void on_added(void *arg, const struct why *why)
{
    struct job *job = ((struct adding *)arg)->job;
    struct adding *a = arg;
    struct holding *h = files_find(a->f, a->infohash);
    if (why->code || !h)
        job_failed(job, "file.not_kept", why, "see shoal doctor for the data folder");
    else
        job_done(job, added_result(h));
    adding_free(a);
}

/* The folder that `path` lies in. */
static char *parent(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return mem_strndup(path, n);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct adding *a = arg;
    job_progress(a->job, done, total, loop_now_us(a->f->env.loop));
}

/* What to do when a path could not be shared. */
static const char *next_after(enum err code)
{
    switch (code) {
    case ERR_NOT_FOUND:
        return "give the path of a file or a folder that is there";
    case ERR_INVALID:
        return "shoal share --help";
    case ERR_DENIED:
        return "let this user read it, then share again";
    case OK:
    case ERR_STATE:
    case ERR_FULL:
    case ERR_LIMIT:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_UNSUPPORTED:
        break;
    }
    return "see that the files can be read and nobody writes them, then share again";
}

/* By this node; nothing happens while its metadata is not known. */
static void sign_torrent(struct holding *h)
{
    const struct metainfo *mi = torrent_metainfo(h->t);
    const struct keys *keys = h->f->env.keys;
    struct signer s = {.valid = true};
    if (!mi)
        return;
    memcpy(s.key, keys_peer_public(keys), sizeof s.key);
    keys_sign(keys, mi->info.p, mi->info.n, s.sig);
    torrent_sign(h->t, &s);
}

static bool has_tracker(const struct mi_tracker *at, size_t n, const char *url)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(at[i].url, url) == 0)
            return true;
    return false;
}

/* Those of mi that t lacks, behind its own. */
static void more_trackers(struct torrent *t, const struct metainfo *mi)
{
    const struct mi_tracker *now;
    size_t had = torrent_trackers(t, &now), n = had;
    struct mi_tracker *all = mem_array(had + mi->tracker_count + 1, sizeof *all);
    for (size_t i = 0; i < had; i++) /* the URLs may lie in what is replaced */
        all[i] = (struct mi_tracker){mem_strdup(now[i].url), now[i].tier};
    for (size_t i = 0; i < mi->tracker_count && n < MI_TRACKERS_MAX; i++)
        if (!has_tracker(all, n, mi->trackers[i].url)) {
            all[n] = (struct mi_tracker){mem_strdup(mi->trackers[i].url),
                                         n > 0 ? all[n - 1].tier + 1 : 0};
            n++;
        }
    if (n > had)
        torrent_set_trackers(t, all, n);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)all[i].url);
    free(all);
}

static void on_created(void *arg, struct cur torrent, unsigned skipped, const struct why *why)
{
    struct adding *a = arg;
    struct files *f = a->f;
    struct why broken;
    struct metainfo *mi = torrent.n ? metainfo_parse_own(torrent, &broken) : NULL;
    a->create = NULL;
    if (!mi) {
        job_failed(a->job, "file.not_shared", torrent.n ? &broken : why,
                   torrent.n ? NULL : next_after(why->code));
        adding_free(a);
        return;
    }
    if (skipped)
        log_info(f->env.log, "%s: %u links and special files are not shared", a->path, skipped);
    struct holding *h = files_find_any(f, &mi->hash);
    char *dir = parent(a->path);
    memcpy(a->infohash, mi->infohash, SHA1_LEN);
    if (h) { /* shared again: with more trackers, perhaps */
        more_trackers(h->t, mi);
        metainfo_free(mi);
    } else {
        struct torrent_cfg cfg = {
            .mi = mi, .dir = dir, .seed = true, .added_us = loop_wall_us(f->env.loop)};
        memcpy(cfg.infohash, mi->infohash, SHA1_LEN);
        h = files_add(f, &cfg);
    }
    free(dir);
    if (a->sign)
        sign_torrent(h);
    keep_torrent(h, on_added, a);
}

static void on_cancel(void *arg)
{
    struct adding *a = arg;
    struct why why = {.code = ERR_STATE, .text = "cancelled"};
    if (!a->create)
        return; /* hashed already */
    create_cancel(a->create);
    job_failed(a->job, "file.cancelled", &why, NULL);
    adding_free(a);
}

static size_t texts(json_t *array, const char **out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(array) && n < max; i++)
        out[n++] = json_string_value(json_array_get(array, i));
    return n;
}

void file_add(void *app, struct call *c)
{
    struct files *f = app;
    const char *trackers[MI_TRACKERS_MAX], *seeds[MI_WEB_SEEDS_MAX];
    const char *path = call_text(c, "path"), *comment = call_text(c, "comment");
    struct why why;
    int64_t piece = call_int(c, "piece_size", 0);
    bool hybrid = call_bool(c, "hybrid"), v2 = call_bool(c, "v2");
    if (call_bool(c, "v1") + hybrid + v2 > 1) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "give one of --v1, --hybrid and --v2",
                   "a torrent is of one kind");
        return;
    }
    if (piece & (piece - 1)) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "try 1M", "piece_size %lld is no power of two",
                   (long long)piece);
        return;
    }
    struct create_cfg cfg = {
        .loop = f->env.loop,
        .vfs = f->env.vfs,
        .path = path,
        .kind = hybrid ? CREATE_HYBRID
                : v2   ? CREATE_V2
                       : CREATE_V1,
        .piece_len = (uint32_t)piece,
        .private_ = call_bool(c, "private"),
        .trackers = trackers,
        .tracker_count = texts(call_array(c, "tracker"), trackers, MI_TRACKERS_MAX),
        .web_seeds = seeds,
        .web_seed_count = texts(call_array(c, "web_seed"), seeds, MI_WEB_SEEDS_MAX),
        .comment = comment ? comment : "",
        .created_by = f->swarm.wire.client,
        .created_s = loop_wall_us(f->env.loop) / 1000000,
    };
    struct adding *a = MEM_NEW(struct adding);
    list_init(&a->link);
    a->f = f;
    a->path = mem_strdup(path);
    a->sign = call_has(c, "sign") ? call_bool(c, "sign") : conf_bool(f->env.conf, "files.sign");
    char *what = mem_printf("hash %s", path);
    a->job = job_start(f->env.jobs, "file.add", what, 0, "bytes", on_cancel, a, &why);
    free(what);
    if (!a->job) {
        call_fail(c, "file.busy", &why, "wait for one of them to end");
        adding_free(a);
        return;
    }
    list_push(&f->adding, &a->link);
    a->create = create_start(&cfg, on_progress, on_created, a);
    call_ok(c, json_pack("{s:s}", "job", job_id(a->job)));
}

/* file.get */

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

static enum err add_peer(struct holding *h, const char *text, struct why *why)
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
        if (add_peer(h, json_string_value(json_array_get(list, i)), &why))
            log_info(h->f->env.log, "a peer given by hand: %s", why.text);
}

/* What seeding limits ended goes on without the one that is reached. */
static void resume(struct holding *h, bool now)
{
    struct care *care = &h->tend.care;
    double ratio = care_ratio_limit(care, h->f->rules.ratio);
    if (care->finished && ratio >= 0 && torrent_ratio(h->t) >= ratio)
        care->ratio_mode = CARE_NONE;
    if (care->finished && care_idle_limit_s(care, h->f->rules.idle_s) == 0)
        care->idle_mode = CARE_NONE;
    care->finished = false;
    care->forced = care->forced || now;
    h->tend.unkept = true;
    if (torrent_is_paused(h->t) && !care->forced)
        torrent_hold(h->t, queue_first(h->f));
    torrent_resume(h->t);
    queue_look(h->f);
}

/* What was asked for is known by its infohash: a new torrent, or one that is there. */
static void get_it(struct files *f, struct call *c, struct torrent_cfg *cfg, const struct magnet *m)
{
    const char *dir = call_text(c, "dir") ? call_text(c, "dir") : f->download_dir;
    struct holding *h = files_find_any(f, cfg->mi ? &cfg->mi->hash : &cfg->hash);
    bool existing = h != NULL;
    char *quarantine = NULL;
    struct why why;
    if (unwanted_vet(f, cfg->infohash, cfg->mi ? &cfg->mi->hash : &cfg->hash, cfg->mi, true,
                     &why)) {
        metainfo_free(cfg->mi);
        call_fail(c, "file.blocked", &why, "shoal file blocklist shows what is blocked");
        return;
    }
    char *rules;
    if (choose_rules(c, m, &rules, &why) ||
        (rules && cfg->mi && choose_check(rules, cfg->mi, &why))) {
        call_fail(c, why.code == ERR_NOT_FOUND ? "file.no_match" : CALL_USAGE, &why,
                  "give a pattern as '*.mkv', or numbers as '#0,2-4'");
        metainfo_free(cfg->mi);
        free(rules);
        return;
    }
    cfg->rules = rules;
    if (!h && vfs_mkdirs(f->env.vfs, dir, 0777, &why)) {
        free(rules);
        metainfo_free(cfg->mi);
        call_fail(c, "file.no_folder", &why, "give another folder with --dir");
        return;
    }
    if (!h && map_count(f->torrents) >= FILES_TORRENTS_MAX) {
        free(rules);
        metainfo_free(cfg->mi);
        call_failf(c, "file.too_many", ERR_LIMIT, "remove some first", "%d torrents are held",
                   FILES_TORRENTS_MAX);
        return;
    }
    if (h) {
        for (size_t i = 0; i < cfg->tracker_count && !torrent_metainfo(h->t); i++)
            torrent_add_tracker(h->t, cfg->trackers[i].url);
        metainfo_free(cfg->mi);
        if (rules && torrent_select(h->t, rules, &why))
            log_warn(f->env.log, "%s: %s", torrent_name(h->t), why.text);
        torrent_set_order(h->t, call_bool(c, "sequential") || torrent_is_sequential(h->t),
                          call_bool(c, "ends_first") || torrent_has_ends_first(h->t));
        if (!call_bool(c, "paused"))
            resume(h, false);
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
    get_it(f, c, &cfg, m);
    struct holding *h = files_find_any(f, &m->hash);
    for (size_t i = 0; h && i < m->web_seed_count; i++)
        torrent_add_web_seed(h->t, m->web_seeds[i]);
    for (size_t i = 0; h && i < m->peer_count; i++)
        if (add_peer(h, m->peers[i], &why))
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

static void get_torrent(struct files *f, struct call *c, struct cur bytes)
{
    struct why why;
    struct torrent_cfg cfg = {0};
    cfg.mi = metainfo_parse(bytes, &why);
    if (!cfg.mi) {
        struct why said;
        why_set(&said, why.code, "cannot take it as a .torrent file: %s", why.text);
        call_fail(c, "file.bad_torrent", &said, "see that it is a .torrent file, and whole");
        return;
    }
    memcpy(cfg.infohash, cfg.mi->infohash, SHA1_LEN);
    get_it(f, c, &cfg, NULL);
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
    if (check_peers(call_array(c, "peer"), &why)) {
        call_fail(c, CALL_USAGE, &why, "give a peer as ADDRESS:PORT");
    } else if (torrent) {
        struct buf bytes = {0};
        if (base64_decode(&bytes, torrent, strlen(torrent)))
            get_torrent(f, c, buf_cur(&bytes));
        else
            call_failf(c, "file.bad_torrent", ERR_INVALID, NULL, "torrent is not base64");
        buf_done(&bytes);
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

/* The rest */

void file_ls(void *app, struct call *c)
{
    struct files *f = app;
    const char *state = call_text(c, "state");
    json_t *list = json_array();
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        if (!state || strcmp(state, torrent_state_name(torrent_state(h->t))) == 0)
            json_array_append_new(list, files_row(h));
    call_ok(c, list);
}

void file_show(void *app, struct call *c)
{
    static const struct {
        const char *name;
        unsigned part;
    } parts[] = {{"peers", TORRENT_PEERS},
                 {"trackers", TORRENT_TRACKERS},
                 {"files", TORRENT_FILES},
                 {"pieces", TORRENT_PIECES}};
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    unsigned wanted = 0;
    bool chosen = false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        chosen = chosen || call_has(c, parts[i].name);
        wanted |= call_bool(c, parts[i].name) ? parts[i].part : 0;
    }
    if (wanted & TORRENT_TRACKERS)
        torrent_scrape(h->t);
    call_ok(c, files_row_more(torrent_show(h->t, chosen ? wanted : TORRENT_ALL), h));
}

void file_pause(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    torrent_pause(h->t);
    h->tend.care.forced = h->tend.care.finished = false;
    h->tend.unkept = true;
    queue_soon(h->f);
    answer_kept(h, c);
}

void file_resume(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (torrent_blocked(h->t)) {
        call_failf(c, "file.blocked", ERR_DENIED, "shoal file blocklist shows what is blocked",
                   "%s", torrent_blocked(h->t));
        return;
    }
    resume(h, call_bool(c, "now"));
    answer_kept(h, c);
}

void file_verify(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (torrent_verify(h->t))
        call_ok(c, files_row(h));
    else
        call_failf(c, "file.not_ready", ERR_STATE, "try again when its state is another",
                   "there is nothing to verify yet");
}

void file_reannounce(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    torrent_reannounce(h->t);
    call_ok(c, files_row(h));
}

void file_rm(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (h)
        files_remove(h, call_bool(c, "with_data"), c);
}

void file_peer(void *app, struct call *c)
{
    struct why why;
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (add_peer(h, call_text(c, "addr"), &why))
        call_fail(c, CALL_USAGE, &why, "give HOST:PORT");
    else
        answer_kept(h, c);
}

void file_limit(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    uint64_t up, down;
    torrent_limits(h->t, &up, &down);
    up = (uint64_t)call_int(c, "up", (int64_t)up);
    down = (uint64_t)call_int(c, "down", (int64_t)down);
    if (!wish_limits(h, c))
        return;
    torrent_set_limits(h->t, up, down);
    answer_kept(h, c);
}

void file_export(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (!torrent_metainfo(h->t)) {
        call_failf(c, "file.no_metadata", ERR_STATE, "wait until a peer has given it",
                   "the metadata is not here yet");
        return;
    }
    struct buf bytes = {0}, text = {0};
    torrent_write(h->t, &bytes);
    base64_encode(&text, buf_bytes(&bytes), buf_len(&bytes));
    char *name = mem_printf("%s.torrent", torrent_name(h->t)), *body = buf_take_str(&text);
    call_ok(c, json_pack("{s:s, s:s}", "name", name, "torrent", body));
    free(name);
    free(body);
    buf_done(&bytes);
}
