/* What others ask a torrent about itself. */
#include "files/torrent.h"

#include "base/mem.h"
#include "files/meta/metainfo_v2.h"
#include "files/meta/renames.h"
#include "files/torrent_in.h"

#include <stdio.h>

const uint8_t *torrent_infohash(const struct torrent *t)
{
    return t->infohash;
}

const struct infohash *torrent_hash(const struct torrent *t)
{
    return &t->hash;
}

void torrent_hashes(const struct torrent *t, const uint8_t *out[INFOHASH_WIRE_MAX], size_t *n)
{
    *n = infohash_wire(&t->hash, out);
}

const char *torrent_hex(const struct torrent *t)
{
    return t->hex;
}

const char *torrent_name(const struct torrent *t)
{
    return t->mi ? t->mi->name : t->name;
}

const char *torrent_dir(const struct torrent *t)
{
    return t->dir;
}

const struct metainfo *torrent_metainfo(const struct torrent *t)
{
    return t->mi;
}

bool torrent_is_paused(const struct torrent *t)
{
    return t->paused;
}

bool torrent_is_broken(const struct torrent *t)
{
    return t->error_stays;
}

void torrent_totals(const struct torrent *t, uint64_t *up, uint64_t *down)
{
    *up = t->uploaded;
    *down = t->downloaded;
}

void torrent_rates(const struct torrent *t, uint64_t *up, uint64_t *down)
{
    *up = t->up_rate.per_s;
    *down = t->down_rate.per_s;
}

void torrent_limits(const struct torrent *t, uint64_t *up, uint64_t *down)
{
    *up = t->up.rate;
    *down = t->down.rate;
}

uint64_t torrent_file_done(const struct torrent *t, size_t file)
{
    return t->opened ? data_file_done(t->data, file) : 0;
}

int64_t torrent_added_us(const struct torrent *t)
{
    return t->added_us;
}

void torrent_magnet(const struct torrent *t, struct buf *out)
{
    const struct mi_tracker *urls = t->mi ? t->mi->trackers : t->urls;
    size_t n = t->mi ? t->mi->tracker_count : t->url_count;
    const char **list = mem_array(n, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = urls[i].url;
    const char *name = t->mi ? renames_first_name(t->mi) : t->name;
    magnet_write(out, &t->hash, name, list, n);
    free(list);
    web_put(t, out);
    /* As BEP 46 names a key and a salt: there the DHT has the signature (sign.h). */
    vouch_put_link(t, out);
}

void torrent_kept_link(const struct torrent *t, struct buf *out)
{
    struct addr named[TORRENT_KEPT_PEERS];
    torrent_magnet(t, out);
    size_t n = torrent_peers_named(t->peers, named, TORRENT_KEPT_PEERS);
    for (size_t i = 0; i < n; i++) {
        char at[ADDR_TEXT];
        buf_printf(out, "&x.pe=%s", addr_format(&named[i], at));
    }
}

void torrent_write(const struct torrent *t, struct buf *out)
{
    const struct metainfo *mi = t->mi;
    struct buf layers = {0};
    if (mi->v2)
        mi_v2_put_layers(&layers, mi);
    metainfo_put(out, mi, buf_cur(&layers));
    buf_done(&layers);
}
