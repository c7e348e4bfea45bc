/* The node's place in the DHT: where it begins, and what of it is kept. */
#include "files/files_in.h"

#include "base/mem.h"
#include "files/find/dht.h"

#include <string.h>

/* Where to begin when nobody was named.  Servers of those who write the other programs: they are
 * asked for nodes and for nothing else. */
static const char *const routers[] = {"dht.libtorrent.org:25401", "router.bittorrent.com:6881",
                                      "dht.transmissionbt.com:6881"};

enum { NAMES_MAX = 16, NAME_LEN = 300 };
#define SAVE_US (10 * 60 * SEC)
#define NAMES_AGAIN_US (30 * SEC) /* doubled each time that nobody was found */

/* One that was named, being looked up. */
struct name {
    struct link link;
    struct files_dht *fd;
    struct resolve *resolve;
    bool is_node; /* named by a person or a torrent: an ordinary node */
};

struct files_dht {
    struct files *f;
    struct dht *d;
    char *path;
    struct link names;
    struct timer *save, *again;
    unsigned tries;
};

static void send_out(void *arg, const struct addr *to, const void *bytes, size_t n)
{
    struct files *f = arg;
    if (f->ports) /* else the app is stopping */
        ports_send(f->ports, to, bytes, n);
}

/* Names */

static void name_free(struct name *n)
{
    resolve_cancel(n->resolve);
    list_drop(&n->link);
    free(n);
}

static void on_resolved(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct name *name = arg;
    struct files_dht *fd = name->fd;
    name->resolve = NULL;
    if (n == 0)
        log_debug(fd->f->env.log, "looking for a node of the DHT: %s", why->text);
    for (size_t i = 0; i < n; i++)
        dht_add_router(fd->d, &found[i], name->is_node);
    name_free(name);
}

static void add(struct files_dht *fd, const char *text, bool is_node)
{
    struct addr a;
    struct why why;
    char host[NAME_LEN];
    uint16_t port;
    if (addr_parse(&a, text, NULL) == OK) {
        dht_add_router(fd->d, &a, is_node);
        return;
    }
    if (addr_split(text, host, sizeof host, &port, &why)) {
        log_warn(fd->f->env.log, "files.dht-bootstrap: %s", why.text);
        return;
    }
    struct name *n = MEM_NEW(struct name);
    n->fd = fd;
    n->is_node = is_node;
    list_push(&fd->names, &n->link);
    n->resolve = resolve_start(fd->f->env.loop, host, port, on_resolved, n);
}

/* Nobody is asked without need: a node that listens on one machine alone, as in a test or a
 * laboratory, names whom it wants to know. */
static void add_routers(struct files_dht *fd)
{
    const struct conf *conf = fd->f->env.conf;
    char text[NAME_LEN];
    struct addr at = ports_addr(fd->f->ports);
    for (size_t i = 0; conf_item(conf, "files.dht-bootstrap", i, text, sizeof text); i++)
        if (i < NAMES_MAX)
            add(fd, text, true);
    if (conf_is_set(conf, "files.dht-bootstrap") || addr_is_loopback(&at))
        return;
    for (size_t i = 0; i < sizeof routers / sizeof routers[0]; i++)
        add(fd, routers[i], false);
}

static void on_again(void *arg)
{
    struct files_dht *fd = arg;
    struct dht_stats st = dht_stats(fd->d);
    fd->again = NULL;
    if (st.nodes4 + st.nodes6 > 0)
        return;
    if (list_empty(&fd->names))
        add_routers(fd);
    fd->again = timer_start(fd->f->env.loop, NAMES_AGAIN_US << (fd->tries < 7 ? fd->tries : 7),
                            on_again, fd);
    fd->tries++;
}

/* A restart goes on with what was known. */

static void save(struct files_dht *fd)
{
    struct why why;
    struct buf b = {0};
    dht_save(fd->d, &b);
    if (vfs_replace(fd->f->env.vfs, fd->path, buf_bytes(&b), buf_len(&b), VFS_PRIVATE, &why))
        log_warn(fd->f->env.log, "keeping the nodes of the DHT: %s", why.text);
    buf_done(&b);
}

static void on_save(void *arg)
{
    struct files_dht *fd = arg;
    struct dht_stats st = dht_stats(fd->d);
    if (st.nodes4 + st.nodes6 > 0)
        save(fd);
    fd->save = timer_start(fd->f->env.loop, SAVE_US, on_save, fd);
}

/* A node that comes to us with a torrent of ours: two nodes are a DHT already. */
static void on_announced(void *arg, const struct dht_id *infohash, const struct addr *peer)
{
    struct files *f = arg;
    struct holding *h = files_find(f, infohash->b);
    if (h)
        torrent_dht_told(h->t, peer);
}

void files_dht_start(struct files *f)
{
    struct buf saved = {0};
    if (!conf_bool(f->env.conf, "files.dht"))
        return;
    struct files_dht *fd = MEM_NEW(struct files_dht);
    fd->f = f;
    fd->path = mem_printf("%s/dht.nodes", f->torrents_dir);
    list_init(&fd->names);
    if (vfs_read_all(f->env.vfs, fd->path, DHT_SAVED_BYTES_MAX, &saved, NULL))
        buf_clear(&saved); /* the first run, or not readable: it begins anew */
    struct dht_env env = {.loop = f->env.loop,
                          .log = f->env.log,
                          .arg = f,
                          .send = send_out,
                          .announced = on_announced,
                          .v4 = ports_has(f->ports, ADDR_V4),
                          .v6 = ports_has(f->ports, ADDR_V6)};
    fd->d = dht_new(&env, buf_cur(&saved));
    buf_done(&saved);
    f->dht = fd;
    f->swarm.dht = fd->d;
    f->swarm.dht_implied = strcmp(conf_text(f->env.conf, "files.transports"), "tcp") != 0;
    f->swarm.wire.dht_port = f->swarm.wire.port;
    add_routers(fd);
    fd->save = timer_start(f->env.loop, SAVE_US, on_save, fd);
    fd->again = timer_start(f->env.loop, NAMES_AGAIN_US, on_again, fd);
}

void files_dht_packet(struct files *f, const struct addr *from, const uint8_t *bytes, size_t n)
{
    if (f->dht)
        dht_packet(f->dht->d, from, bytes, n);
}

void files_dht_nodes(struct files *f, const struct metainfo *mi)
{
    for (size_t i = 0; f->dht && !mi->private_ && i < mi->node_count; i++)
        add(f->dht, mi->nodes[i], true);
}

void files_dht_stop(struct files *f)
{
    struct files_dht *fd = f->dht;
    if (!fd)
        return;
    struct dht_stats st = dht_stats(fd->d);
    if (fd->save && st.nodes4 + st.nodes6 > 0)
        save(fd);
    timer_cancel(fd->save);
    timer_cancel(fd->again);
    fd->save = fd->again = NULL;
    LIST_EACH(&fd->names, struct name, n, link) {
        name_free(n);
    }
}

void files_dht_free(struct files *f)
{
    struct files_dht *fd = f->dht;
    if (!fd)
        return;
    timer_cancel(fd->save); /* without saving: this may be a crash */
    fd->save = NULL;
    files_dht_stop(f);
    dht_free(fd->d);
    free(fd->path);
    free(fd);
    f->dht = NULL;
}

static json_t *seen(const struct addr *a)
{
    char text[ADDR_TEXT];
    return a->family == ADDR_NONE ? json_null() : json_string(addr_format_ip(a, text));
}

static const char *trouble(const struct dht_stats *st)
{
    if (st->nodes4 + st->nodes6 > 0)
        return "";
    return st->asked == 0 ? "no node of the DHT is known" : "no node of the DHT has answered yet";
}

json_t *files_dht_status(const struct files *f)
{
    if (!f->dht)
        return json_pack("{s:b, s:i, s:s}", "enabled", 0, "nodes", 0, "reason", "files.dht is off");
    struct dht_stats st = dht_stats(f->dht->d);
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:s}",
                     "enabled", 1, "nodes", (json_int_t)(st.nodes4 + st.nodes6), "nodes_ipv6",
                     (json_int_t)st.nodes6, "good", (json_int_t)(st.good4 + st.good6),
                     "stored_hashes", (json_int_t)st.swarms, "stored_peers", (json_int_t)st.peers,
                     "stored_items", (json_int_t)st.items, "lookups", (json_int_t)st.active,
                     "lookups_waiting", (json_int_t)st.waiting, "asked", (json_int_t)st.asked,
                     "answered", (json_int_t)st.answered, "dropped", (json_int_t)st.dropped,
                     "seen_as", seen(&st.seen4), "seen_as_ipv6", seen(&st.seen6), "reason",
                     trouble(&st));
}
