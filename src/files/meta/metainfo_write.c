/* Metainfo as we write it: canonical, keys in order (BEP 3, "bencoding"). */
#include "files/meta/bencode.h"
#include "files/meta/metainfo.h"

#include <stdio.h>
#include <string.h>

static void put_text(struct buf *out, const char *key, const char *text)
{
    if (!text || text[0] == '\0')
        return;
    ben_put_key(out, key);
    ben_put_key(out, text);
}

/* Tiers as lists (BEP 12); trackers are sorted by tier. */
static void put_tiers(struct buf *out, const struct mi_tracker *trackers, size_t n)
{
    ben_put_key(out, "announce-list");
    buf_u8(out, 'l');
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || trackers[i].tier != trackers[i - 1].tier)
            buf_u8(out, 'l');
        ben_put_key(out, trackers[i].url);
        if (i + 1 == n || trackers[i].tier != trackers[i + 1].tier)
            buf_u8(out, 'e');
    }
    buf_u8(out, 'e');
}

static void put_urls(struct buf *out, const char *key, const char *const *urls, size_t n)
{
    if (n == 0)
        return;
    ben_put_key(out, key);
    buf_u8(out, 'l');
    for (size_t i = 0; i < n; i++)
        ben_put_key(out, urls[i]);
    buf_u8(out, 'e');
}

void metainfo_put(struct buf *out, const struct metainfo *mi, struct cur layers)
{
    buf_u8(out, 'd');
    if (mi->tracker_count > 0)
        put_text(out, "announce", mi->trackers[0].url);
    if (mi->tracker_count > 1)
        put_tiers(out, mi->trackers, mi->tracker_count);
    put_text(out, "comment", mi->comment);
    put_text(out, "created by", mi->created_by);
    if (mi->created_s > 0) {
        ben_put_key(out, "creation date");
        ben_put_int(out, mi->created_s);
    }
    put_urls(out, "httpseeds", mi->http_seeds, mi->http_seed_count);
    ben_put_key(out, "info");
    buf_put(out, mi->info.p, mi->info.n);
    if (layers.n > 0) {
        ben_put_key(out, "piece layers");
        buf_put(out, layers.p, layers.n);
    }
    if (mi->signatures.n > 0) {
        ben_put_key(out, "signatures");
        buf_put(out, mi->signatures.p, mi->signatures.n);
    }
    put_urls(out, "url-list", mi->web_seeds, mi->web_seed_count);
    buf_u8(out, 'e');
}

void metainfo_write(struct buf *out, struct cur info, struct cur layers, struct cur signatures,
                    const struct mi_tracker *trackers, size_t n, const char *const *web_seeds,
                    size_t web_seed_count, const char *comment, const char *created_by,
                    int64_t created_s)
{
    const struct metainfo mi = {.info = info,
                                .signatures = signatures,
                                .trackers = trackers,
                                .tracker_count = n,
                                .web_seeds = web_seeds,
                                .web_seed_count = web_seed_count,
                                .comment = comment,
                                .created_by = created_by,
                                .created_s = created_s};
    metainfo_put(out, &mi, layers);
}

static void put_path(struct buf *out, const char *path)
{
    ben_put_key(out, "path");
    buf_u8(out, 'l');
    for (;;) {
        size_t len = strcspn(path, "/");
        ben_put_str(out, path, len);
        if (path[len] == '\0')
            break;
        path += len + 1;
    }
    buf_u8(out, 'e');
}

static void put_file(struct buf *out, const struct mi_source *file)
{
    buf_u8(out, 'd');
    ben_put_key(out, "length");
    ben_put_int(out, (int64_t)file->len);
    put_path(out, file->path);
    buf_u8(out, 'e');
}

/* BEP 47: padding, so that the next file begins a piece. */
static void put_pad(struct buf *out, uint64_t len)
{
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)len);
    buf_u8(out, 'd');
    ben_put_key(out, "attr");
    ben_put_key(out, "p");
    ben_put_key(out, "length");
    ben_put_int(out, (int64_t)len);
    ben_put_key(out, "path");
    buf_u8(out, 'l');
    ben_put_key(out, ".pad");
    ben_put_key(out, number);
    buf_str(out, "ee");
}

/* The list of v1; the last file needs no padding. */
static void put_list(struct buf *out, const struct mi_draft *d)
{
    uint64_t gap = 0; /* from the end of the last file with bytes to the next piece */
    buf_u8(out, 'l');
    for (size_t i = 0; i < d->n; i++) {
        const struct mi_source *f = &d->files[i];
        if (d->v2 && f->len > 0 && gap > 0)
            put_pad(out, gap);
        put_file(out, f);
        if (f->len > 0)
            gap = (d->piece_len - f->len % d->piece_len) % d->piece_len;
    }
    buf_u8(out, 'e');
}

/* --- the file tree of v2 -------------------------------------------------------------------- */

static void put_leaf(struct buf *out, const struct mi_source *file)
{
    buf_u8(out, 'd');
    ben_put_key(out, "");
    buf_u8(out, 'd');
    ben_put_key(out, "length");
    ben_put_int(out, (int64_t)file->len);
    if (file->root) {
        ben_put_key(out, "pieces root");
        ben_put_str(out, file->root, SHA256_LEN);
    }
    buf_str(out, "ee");
}

/* The folders that two paths have in common, as bytes of either. */
static size_t common_folders(const char *a, const char *b)
{
    size_t folders = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '/')
            folders = i + 1;
    return folders;
}

/* Leave the folders of `path` behind byte `from`. */
static void close_folders(struct buf *out, const char *path, size_t from)
{
    for (const char *slash = path + from; (slash = strchr(slash, '/')); slash++)
        buf_u8(out, 'e');
}

static void put_tree(struct buf *out, const struct mi_draft *d)
{
    const char *last = "";
    buf_u8(out, 'd');
    for (size_t i = 0; i < d->n; i++) {
        const char *path = d->files[i].path[0] ? d->files[i].path : d->name;
        size_t at = common_folders(last, path);
        close_folders(out, last, at);
        for (size_t len; path[at + (len = strcspn(path + at, "/"))] == '/'; at += len + 1) {
            ben_put_str(out, path + at, len);
            buf_u8(out, 'd');
        }
        ben_put_key(out, path + at);
        put_leaf(out, &d->files[i]);
        last = path;
    }
    close_folders(out, last, 0);
    buf_u8(out, 'e');
}

void metainfo_write_info(struct buf *out, const struct mi_draft *d)
{
    bool single = d->n == 1 && d->files[0].path[0] == '\0';
    buf_u8(out, 'd');
    if (d->v2) {
        ben_put_key(out, "file tree");
        put_tree(out, d);
    }
    if (d->pieces && !single) {
        ben_put_key(out, "files");
        put_list(out, d);
    }
    if (d->pieces && single) {
        ben_put_key(out, "length");
        ben_put_int(out, (int64_t)d->files[0].len);
    }
    if (d->v2) {
        ben_put_key(out, "meta version");
        ben_put_int(out, 2);
    }
    ben_put_key(out, "name");
    ben_put_key(out, d->name);
    ben_put_key(out, "piece length");
    ben_put_int(out, d->piece_len);
    if (d->pieces) {
        ben_put_key(out, "pieces");
        ben_put_str(out, d->pieces, (size_t)d->piece_count * SHA1_LEN);
    }
    if (d->private_) {
        ben_put_key(out, "private");
        ben_put_int(out, 1);
    }
    buf_u8(out, 'e');
}

uint32_t metainfo_pick_piece_len(uint64_t total)
{
    const uint64_t most = 2048; /* pieces; so 1,024 to 2,048 between the ends */
    uint32_t len = 16 * 1024;
    while (len < 16 * 1024 * 1024 && total / len >= most)
        len *= 2;
    return len;
}
