/* Metainfo as we write it: canonical, keys in order (BEP 3, "bencoding"). */
#include "files/bencode.h"
#include "files/metainfo.h"

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

void metainfo_write(struct buf *out, struct cur info, const struct mi_tracker *trackers, size_t n,
                    const char *const *web_seeds, size_t web_seed_count, const char *comment,
                    const char *created_by, int64_t created_s)
{
    buf_u8(out, 'd');
    if (n > 0)
        put_text(out, "announce", trackers[0].url);
    if (n > 1)
        put_tiers(out, trackers, n);
    put_text(out, "comment", comment);
    put_text(out, "created by", created_by);
    if (created_s > 0) {
        ben_put_key(out, "creation date");
        ben_put_int(out, created_s);
    }
    ben_put_key(out, "info");
    buf_put(out, info.p, info.n);
    if (web_seed_count > 0) {
        ben_put_key(out, "url-list");
        buf_u8(out, 'l');
        for (size_t i = 0; i < web_seed_count; i++)
            ben_put_key(out, web_seeds[i]);
        buf_u8(out, 'e');
    }
    buf_u8(out, 'e');
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

void metainfo_write_info(struct buf *out, const char *name, const struct mi_source *files, size_t n,
                         uint32_t piece_len, const uint8_t *pieces, uint32_t piece_count,
                         bool private_)
{
    bool single = n == 1 && files[0].path[0] == '\0';
    buf_u8(out, 'd');
    ben_put_key(out, single ? "length" : "files");
    if (single) {
        ben_put_int(out, (int64_t)files[0].len);
    } else {
        buf_u8(out, 'l');
        for (size_t i = 0; i < n; i++)
            put_file(out, &files[i]);
        buf_u8(out, 'e');
    }
    ben_put_key(out, "name");
    ben_put_key(out, name);
    ben_put_key(out, "piece length");
    ben_put_int(out, piece_len);
    ben_put_key(out, "pieces");
    ben_put_str(out, pieces, (size_t)piece_count * SHA1_LEN);
    if (private_) {
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
