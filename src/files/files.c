#include "files/files.h"

#include "base/mem.h"
#include "core/keys.h"
#include "files/files_in.h"
#include "files/owner/watch.h"

#include <stdio.h>
#include <string.h>

enum { BOOT_ID_MAX = 64 };
#define SAVE_US (60 * SEC)
#define STOP_US (7 * SEC) /* of APP_STOP_US */

static const char client[] = "Shoal " SHOAL_VERSION;

static void on_sign(void *node, const void *msg, size_t n, uint8_t sig[ED25519_SIG_LEN])
{
    const struct files *f = node;
    keys_sign(f->env.keys, msg, n, sig);
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
    s->want_dial = meet_want_dial;
    s->sign = on_sign;
    hold_begin(s);
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
    list_init(&f->touched);
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
        meet_begin(f, why)) {
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

/* All that is under way, but for torrents: what they say on the way out comes later. */
static void let_go(struct files *f)
{
    watch_free(f->watch);
    f->watch = NULL;
    reach_stop(f);
    timer_cancel(f->twins_timer);
    timer_cancel(f->dial_timer);
    timer_cancel(f->save_timer);
    timer_cancel(f->review_timer);
    timer_cancel(f->review_soon);
    f->twins_timer = f->dial_timer = f->save_timer = f->review_timer = f->review_soon = NULL;
    meet_end(f);
    adding_cancel_all(f);
    lookup_cancel_all(f);
    inquiry_cancel_all(f);
    take_cancel_all(f);
    late_cancel_all(f);
    scans_end(f);
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
    files_dht_stop(f);
    if (f->swarm.utp)
        utp_listen(f->swarm.utp, NULL, NULL); /* the sockets stay: goodbyes go by them */
    let_go(f);
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
    timer_cancel(f->stop_timer);
    let_go(f);
    keep_forget(f);
    hold_end(f);
    groups_free(f);
    map_free(f->torrents);
    map_free(f->by_name);
    map_free(f->by_req2);
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
