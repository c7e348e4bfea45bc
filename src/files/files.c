#include "files/files.h"

#include "base/mem.h"
#include "core/keys.h"
#include "files/files_in.h"
#include "files/meta/magnet.h"
#include "files/owner/watch.h"

#include <stdio.h>
#include <string.h>

enum { BOOT_ID_MAX = 64 };
#define SAVE_US (60 * SEC)
#define STOP_US (7 * SEC) /* of APP_STOP_US */

static const char client[] = "Shoal " SHOAL_VERSION;

/* Dialling: torrents take turns; a few dials a second, a few under way. */

static void pump(void *arg);

static void pump_after(struct files *f, uint64_t wait_us)
{
    timer_cancel(f->dial_timer);
    f->dial_timer = timer_start(f->env.loop, wait_us, pump, f);
}

static void pump(void *arg)
{
    struct files *f = arg;
    f->dial_timer = NULL;
    uint64_t now = loop_now_us(f->env.loop);
    while (f->swarm.conns < f->conns_max && f->swarm.half_open < FILES_HALF_OPEN_MAX) {
        uint64_t wait = bucket_wait_us(f->dials, 1, now);
        if (wait > 0) {
            pump_after(f, wait);
            return;
        }
        if (!torrent_dial_next(&f->swarm))
            return;
        bucket_take(f->dials, 1, now);
    }
    /* Full: a session that opens or ends calls want_dial(). */
}

static void on_want_dial(void *node)
{
    struct files *f = node;
    if (!f->stopped)
        pump_after(f, 0);
}

/* Accepting: a connection is nobody's until its handshake names a torrent. */

struct knock {
    struct link link;
    struct files *f;
    struct session *s;
};

static void knock_free(struct knock *k)
{
    list_drop(&k->link);
    free(k);
}

static bool on_hello(void *arg, const uint8_t infohash[SHA1_LEN])
{
    struct knock *k = arg;
    struct holding *h = files_find(k->f, infohash);
    reach_knocked(k->f, k->s);
    if (!h || !torrent_take(h->t, k->s))
        return false;
    knock_free(k); /* the session is the torrent's now */
    return true;
}

static void on_knock_ended(void *arg, const struct why *why)
{
    struct knock *k = arg;
    (void)why;
    session_free(k->s);
    knock_free(k);
}

static const struct session_ops knock_ops = {.hello = on_hello, .ended = on_knock_ended};

static bool may_knock(const struct files *f, const struct addr *from)
{
    unsigned all = 0, theirs = 0;
    LIST_EACH(&f->knocks, struct knock, k, link) {
        struct addr a = session_addr(k->s);
        all++;
        theirs += addr_same_ip(&a, from);
    }
    return f->swarm.conns + all < f->conns_max - f->conns_max / FILES_DIALS_SHARE &&
           all < FILES_KNOCKS_MAX && theirs < FILES_KNOCKS_PER_IP_MAX;
}

static void on_accept(void *arg, struct conn *c)
{
    struct files *f = arg;
    struct why why;
    if (f->stopped || unwanted_refuse(f->unwanted, &c->peer) || !may_knock(f, &c->peer)) {
        conn_close(c);
        return;
    }
    struct knock *k = MEM_NEW(struct knock);
    k->f = f;
    k->s = session_accept(&f->swarm.wire, c, &knock_ops, k, &why);
    if (k->s) {
        list_push(&f->knocks, &k->link);
        return;
    }
    log_debug(f->env.log, "%s", why.text);
    free(k);
}

/* What torrents tell */

void files_count(struct holding *h)
{
    struct files *f = h->f;
    uint64_t up, down;
    torrent_totals(h->t, &up, &down);
    metric_add(f->metric.up, (int64_t)(up - h->metric_up));
    metric_add(f->metric.down, (int64_t)(down - h->metric_down));
    tend_changed(h, up - h->metric_up, down - h->metric_down);
    h->metric_up = up;
    h->metric_down = down;
}

static void on_changed(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (!h || h->t != t)
        return;
    files_count(h);
    tend_moved(h);
    reach_changed(f, t);
    metric_set(f->metric.peers, f->swarm.conns);
    bus_post(f->env.bus, BUS_STATE, "file.state", torrent_hex(t), files_row(h));
}

static void on_finished(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    metric_add(f->metric.finished, 1);
    if (!h || h->t != t)
        return;
    files_count(h);
    tend_finished(h);
    bus_post(f->env.bus, BUS_ONCE, "file.done", torrent_hex(t), files_row(h));
}

static void on_got_info(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (!h || h->t != t)
        return;
    queue_look(f); /* now that its size is known: is there room? */
    keep_torrent(h, NULL, NULL);
    names_learned(h);
}

/* The signature goes into the .torrent; and the owner may not want what its signer makes. */
static void on_vouched(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (!h || h->t != t)
        return;
    keep_torrent(h, NULL, NULL);
    f->swarm.vet(f, t);
}

static void on_sign(void *node, const void *msg, size_t n, uint8_t sig[ED25519_SIG_LEN])
{
    const struct files *f = node;
    keys_sign(f->env.keys, msg, n, sig);
}

/* Torrents */

struct holding *files_add(struct files *f, struct torrent_cfg *cfg)
{
    struct holding *h = MEM_NEW(struct holding);
    list_init(&h->link);
    h->f = f;
    h->kept_up = h->metric_up = cfg->uploaded;
    h->kept_down = h->metric_down = cfg->downloaded;
    tend_begin(h);
    h->tend.care.shared = cfg->seed;
    if (!f->restoring)
        choose_drop(f, cfg->infohash); /* of a crash between two rows */
    if (!cfg->paused)
        cfg->held = queue_first(f);
    if (cfg->mi)
        files_dht_nodes(f, cfg->mi);
    h->t = torrent_new(&f->swarm, cfg);
    tend_started(h);
    map_put(f->torrents, cfg->infohash, SHA1_LEN, h);
    names_add(h);
    metric_set(f->metric.torrents, (int64_t)map_count(f->torrents));
    torrent_start(h->t);
    if (torrent_metainfo(h->t))
        queue_soon(f); /* many come together; what is told of it waits for its .torrent anyway */
    else if (!f->restoring)
        queue_look(f);
    return h;
}

static void removed(struct holding *h, const struct why *why)
{
    struct files *f = h->f;
    if (!f) { /* the app is gone already */
        torrent_free(h->t);
        free(h);
        return;
    }
    char hex[2 * SHA1_LEN + 1];
    snprintf(hex, sizeof hex, "%s", torrent_hex(h->t));
    if (!map_get(f->torrents, torrent_infohash(h->t),
                 SHA1_LEN)) /* else it was added again meanwhile */
        keep_unlink(f, hex);
    bus_post(f->env.bus, BUS_ONCE, "file.removed", hex, json_pack("{s:s}", "id", hex));
    if (h->call && why && why->code)
        call_fail(h->call, "file.not_deleted", why, "delete the files by hand");
    else if (h->call)
        call_ok(h->call, json_pack("{s:s}", "id", hex));
    list_drop(&h->link);
    torrent_free(h->t);
    free(h);
    if (f->stopped && --f->closing == 0)
        f->stopped(f->stopped_arg);
}

static void on_data_removed(void *arg, const struct why *why)
{
    removed(arg, why);
}

static void on_left(void *arg)
{
    struct holding *h = arg;
    const struct metainfo *mi = torrent_metainfo(h->t);
    h->deleting = h->with_data && mi;
    if (h->deleting)
        data_remove(h->f->env.loop, h->f->env.vfs, mi, torrent_dir(h->t), on_data_removed, h);
    else
        removed(h, NULL);
}

void files_remove(struct holding *h, bool with_data, struct call *call)
{
    struct files *f = h->f;
    h->with_data = with_data;
    h->call = call;
    f->gone[f->gone_at++ % FILES_GONE_MAX] =
        (struct gone){h->tend.number, loop_now_us(f->env.loop)};
    tend_end(h);
    tend_drop(f, torrent_infohash(h->t));
    map_drop(f->torrents, torrent_infohash(h->t), SHA1_LEN);
    names_drop(h);
    reach_removed(f, h->t);
    metric_set(f->metric.torrents, (int64_t)map_count(f->torrents));
    keep_drop(f, torrent_infohash(h->t));
    list_push(&f->leaving, &h->link);
    torrent_close(h->t, on_left, h);
    queue_soon(f);
}

/* Start and stop */

static void save_totals(struct files *f)
{
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        struct why why;
        uint64_t up, down;
        torrent_totals(h->t, &up, &down);
        if ((up != h->kept_up || down != h->kept_down) && keep_row(h, &why))
            log_warn(f->env.log, "keeping the totals of %s: %s", torrent_name(h->t), why.text);
    }
}

/* What came by a link and could not be written must not depend on peers again after a restart. */
static void save_torrents(struct files *f)
{
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        if (h->unwritten && !keep_is_under_way(h))
            keep_torrent(h, NULL, NULL);
}

static void on_save(void *arg)
{
    struct files *f = arg;
    save_totals(f);
    save_torrents(f);
    tend_save(f, false);
    f->save_timer = timer_start(f->env.loop, SAVE_US, on_save, f);
}

static void on_dht(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    files_dht_packet(arg, from, bytes, n);
}

static const struct ports_ops port_ops = {
    .accepted = on_accept, .dht = on_dht, .utp = utp_on_packet, .pause = utp_on_pause};
static const struct ports_ops port_ops_without_tcp = {
    .dht = on_dht, .utp = utp_on_packet, .pause = utp_on_pause};

static enum err listen_on(struct files *f, struct why *why)
{
    struct addr at;
    enum err e = addr_parse(&at, conf_text(f->env.conf, "files.listen"), why);
    if (e)
        return why_in(why, e, "files.listen");
    utp_begin(f, on_accept);
    const struct ports_ops *ops =
        f->swarm.carriers & CARRIER_TCP ? &port_ops : &port_ops_without_tcp;
    f->ports = ports_open(f->env.loop, &at, ops, f, why);
    if (!f->ports && !conf_is_set(f->env.conf, "files.listen")) {
        log_info(f->env.log, "port %u is taken, any other is used", at.port);
        at.port = 0;
        f->ports = ports_open(f->env.loop, &at, ops, f, why);
    }
    if (!f->ports)
        return why_in(why, why->code, "files.listen");
    f->swarm.wire.port = ports_addr(f->ports).port;
    if (addr_is_any(&at))
        return OK;
    f->swarm.from = at;
    f->swarm.from.port = 0;
    char ip[ADDR_TEXT];
    f->from_ip = mem_strdup(addr_format_ip(&at, ip));
    return OK;
}

uint16_t files_port(const struct files *f)
{
    return f->swarm.wire.port;
}

/* The kernel's name for this boot; what was not synced before a power cut has another. */
static char *read_boot_id(const struct vfs *vfs)
{
    struct buf b = {0};
    if (vfs_read_all(vfs, "/proc/sys/kernel/random/boot_id", BOOT_ID_MAX, &b, NULL))
        buf_clear(&b);
    char *id = buf_take_str(&b);
    id[strcspn(id, "\n")] = '\0';
    return id;
}

static void make_peer_id(struct files *f)
{
    /* BEP 20, Azureus style: two letters and a version. */
    static const char prefix[] = "-SH0100-";
    memcpy(f->swarm.wire.peer_id, prefix, sizeof prefix - 1);
    loop_random(f->env.loop, f->swarm.wire.peer_id + sizeof prefix - 1,
                sizeof f->swarm.wire.peer_id - (sizeof prefix - 1));
}

static void make_metrics(struct files *f)
{
    struct metrics *m = f->env.metrics;
    f->metric = (struct files_metrics){
        .torrents = metrics_get(m, METRIC_GAUGE, "shoal_files_torrents", "Torrents held."),
        .peers = metrics_get(m, METRIC_GAUGE, "shoal_files_peers", "Connections to peers."),
        .up = metrics_get(m, METRIC_COUNTER, "shoal_files_uploaded_bytes_total",
                          "Bytes of blocks sent to peers."),
        .down = metrics_get(m, METRIC_COUNTER, "shoal_files_downloaded_bytes_total",
                            "Bytes of blocks that came from peers."),
        .finished = metrics_get(m, METRIC_COUNTER, "shoal_files_finished_total",
                                "Downloads that were completed."),
        .filtered = metrics_get(m, METRIC_COUNTER, "shoal_files_filtered_total",
                                "Addresses turned away by files.ip-filter."),
    };
}

static void make_swarm(struct files *f)
{
    struct torrent_env *s = &f->swarm;
    list_init(&s->to_dial);
    s->wire.loop = f->env.loop;
    s->wire.log = f->env.log;
    s->wire.policy = f->env.policy;
    s->wire.budgets = budgets_new(loop_random_u64(f->env.loop));
    s->wire.client = client;
    s->wire.pex = conf_bool(f->env.conf, "files.pex");
    s->wire.scratch = mem_zalloc(SESSION_READ);
    s->vfs = f->env.vfs;
    s->torrents_dir = f->torrents_dir;
    s->boot_id = f->boot_id;
    s->own_key = f->env.keys ? keys_peer_public(f->env.keys) : NULL;
    s->node = f;
    s->want_dial = on_want_dial;
    s->changed = on_changed;
    s->finished = on_finished;
    s->got_info = on_got_info;
    s->vouched = on_vouched;
    s->sign = on_sign;
    make_peer_id(f);
}

/* files.encryption.  Where the cipher is missing, "prefer" goes without and says so. */
static enum err begin_encryption(struct files *f, struct why *why)
{
    const char *mode = conf_text(f->env.conf, "files.encryption");
    bool require = strcmp(mode, "require") == 0;
    if (strcmp(mode, "off") == 0)
        return OK;
    f->rc4 = rc4_lib_new(why);
    if (!f->rc4 && require)
        return why_in(why, why->code, "files.encryption");
    if (!f->rc4)
        log_warn(f->env.log, "peers are spoken to without encryption: %s", why->text);
    f->swarm.wire.mse = (struct mse_cfg){.rc4 = f->rc4,
                                         .methods = require ? MSE_RC4 : MSE_RC4 | MSE_PLAIN,
                                         .plain = !require,
                                         .find = names_skey,
                                         .arg = f};
    return OK;
}

/* What can be changed while the node runs (`live` in files_settings.c). */
static void take_settings(struct files *f)
{
    const struct conf *conf = f->env.conf;
    scans_settings(f);
    const char *dir = conf_text(conf, "files.dir");
    free(f->download_dir);
    f->download_dir = mem_strdup(dir[0] ? dir : f->env.download_dir);
    f->conns_max = (unsigned)conf_int(conf, "files.connections");
    tend_settings(f);
}

struct files *files_start(const struct app_env *env, struct why *why)
{
    struct files *f = MEM_NEW(struct files);
    f->env = *env;
    list_init(&f->leaving);
    list_init(&f->knocks);
    list_init(&f->adding);
    list_init(&f->keeping);
    list_init(&f->written);
    list_init(&f->lookups);
    list_init(&f->inquiries);
    list_init(&f->taking);
    list_init(&f->late);
    list_init(&f->late_waiters);
    list_init(&f->scans);
    list_init(&f->order);
    list_init(&f->recent);
    f->groups = map_new(loop_random_u64(env->loop));
    f->torrents = map_new(loop_random_u64(env->loop));
    f->by_name = map_new(loop_random_u64(env->loop));
    f->by_req2 = map_new(loop_random_u64(env->loop));
    f->torrents_dir = mem_printf("%s/torrents", env->data_dir);
    take_settings(f);
    f->boot_id = read_boot_id(env->vfs);
    f->dials = bucket_new(FILES_DIALS_PER_S, FILES_DIALS_PER_S, loop_now_us(env->loop));
    make_metrics(f);
    make_swarm(f);
    if (vfs_mkdirs(env->vfs, f->torrents_dir, 0700, why) || begin_encryption(f, why) ||
        listen_on(f, why)) {
        files_free(f);
        return NULL;
    }
    f->swarm.from_ip = f->from_ip;
    f->swarm.udp =
        tracker_udp_new(env->loop, f->swarm.from.family == ADDR_NONE ? NULL : &f->swarm.from);
    reach_start(f);
    scans_begin(f);
    if (unwanted_begin(f, why)) {
        files_free(f);
        return NULL;
    }
    files_dht_start(f);
    f->restoring = true;
    tend_restore(f);
    keep_restore(f);
    files_move_on(f);
    unwanted_look(f);
    f->restoring = false;
    queue_review(f);
    files_watch(f);
    if (hands_begin(f, why)) {
        files_free(f);
        return NULL;
    }
    f->save_timer = timer_start(env->loop, SAVE_US, on_save, f);
    char at[ADDR_TEXT];
    struct addr listening = ports_addr(f->ports);
    log_info(env->log, "%s %s, %zu torrents",
             loop_proxy(env->loop) ? "behind a proxy, saying" : "listening on",
             addr_format(&listening, at), map_count(f->torrents));
    return f;
}

void files_reload(struct files *f, const struct conf *conf)
{
    f->env.conf = conf;
    take_settings(f);
    files_watch(f);
    unwanted_reload(f->unwanted, conf);
}

static void free_knocks(struct files *f)
{
    LIST_EACH(&f->knocks, struct knock, k, link) {
        session_free(k->s);
        knock_free(k);
    }
}

static void on_stop_timer(void *arg)
{
    struct files *f = arg;
    f->stop_timer = NULL;
    if (f->closing > 0)
        log_warn(f->env.log, "%u torrents did not close in time", f->closing);
    f->closing = 0;
    f->stopped(f->stopped_arg);
}

static void on_torrent_closed(void *arg)
{
    struct files *f = arg;
    if (f->closing == 0 || --f->closing > 0)
        return;
    timer_cancel(f->stop_timer);
    f->stop_timer = timer_start(f->env.loop, 0, on_stop_timer, f);
}

void files_stop(struct files *f, void (*done)(void *arg), void *arg)
{
    f->stopped = done;
    f->stopped_arg = arg;
    watch_free(f->watch);
    f->watch = NULL;
    reach_stop(f);
    files_dht_stop(f);
    if (f->swarm.utp)
        utp_listen(f->swarm.utp, NULL, NULL); /* the sockets stay: goodbyes go by them */
    timer_cancel(f->twins_timer);
    timer_cancel(f->dial_timer);
    timer_cancel(f->save_timer);
    timer_cancel(f->review_timer);
    timer_cancel(f->review_soon);
    f->twins_timer = f->dial_timer = f->save_timer = f->review_timer = f->review_soon = NULL;
    free_knocks(f);
    adding_cancel_all(f);
    lookup_cancel_all(f);
    inquiry_cancel_all(f);
    take_cancel_all(f);
    late_cancel_all(f);
    scans_end(f);
    keep_commit(f);
    save_totals(f);
    tend_save(f, true);
    LIST_EACH(&f->leaving, struct holding, l, link) {
        f->closing++;
    }
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        f->closing++;
        torrent_close(h->t, on_torrent_closed, f);
    }
    f->stop_timer = timer_start(f->env.loop, f->closing ? STOP_US : 0, on_stop_timer, f);
}

void files_free(struct files *f)
{
    if (!f)
        return;
    hands_free(f->hands);
    timer_cancel(f->twins_timer);
    timer_cancel(f->dial_timer);
    timer_cancel(f->save_timer);
    timer_cancel(f->review_timer);
    timer_cancel(f->review_soon);
    timer_cancel(f->stop_timer);
    watch_free(f->watch);
    reach_stop(f);
    free_knocks(f);
    adding_cancel_all(f);
    lookup_cancel_all(f);
    inquiry_cancel_all(f);
    take_cancel_all(f);
    late_cancel_all(f);
    scans_end(f);
    keep_forget(f);
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        torrent_free(h->t);
        tend_end(h);
        free(h);
    }
    groups_free(f);
    map_free(f->torrents);
    map_free(f->by_name);
    map_free(f->by_req2);
    LIST_EACH(&f->leaving, struct holding, l, link) {
        list_drop(&l->link);
        l->f = NULL;
        torrent_drop_trackers(l->t);
        if (!l->deleting) /* else removed() does it */
            removed(l, NULL);
    }
    files_dht_free(f);
    tracker_udp_free(f->swarm.udp);
    unwanted_free(f->unwanted);
    free(f->scan_socket);
    utp_end(f);
    ports_close(f->ports);
    bucket_free(f->dials);
    budgets_free(f->swarm.wire.budgets);
    free(f->swarm.wire.scratch);
    free(f->torrents_dir);
    free(f->download_dir);
    free(f->boot_id);
    free(f->from_ip);
    rc4_lib_free(f->rc4);
    free(f);
}
