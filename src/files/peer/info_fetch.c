#include "files/peer/info_fetch.h"

#include "base/mem.h"

struct info_fetch {
    struct infohash hash;
    size_t size, held;
    uint32_t pieces, asked, got;
    uint8_t **parts; /* NULL: not here yet */
    struct buf whole;
    uint64_t began_us, last_us;
};

struct info_fetch *info_fetch_new(const struct infohash *hash, int64_t size, uint64_t now_us)
{
    struct info_fetch *f = MEM_NEW(struct info_fetch);
    f->hash = *hash;
    f->size = (size_t)size;
    f->pieces = (uint32_t)((f->size + WIRE_METADATA_PIECE - 1) / WIRE_METADATA_PIECE);
    f->parts = mem_array(f->pieces, sizeof *f->parts); /* 15 KiB at most */
    f->began_us = f->last_us = now_us;
    return f;
}

void info_fetch_free(struct info_fetch *f)
{
    if (!f)
        return;
    for (uint32_t i = 0; i < f->pieces; i++)
        free(f->parts[i]);
    free(f->parts);
    buf_done(&f->whole);
    free(f);
}

bool info_fetch_next(struct info_fetch *f, uint32_t *piece)
{
    if (f->asked == f->pieces || f->asked - f->got >= INFO_FETCH_ASK_MAX)
        return false;
    *piece = f->asked++;
    return true;
}

static size_t part_len(const struct info_fetch *f, uint32_t piece)
{
    size_t left = f->size - (size_t)piece * WIRE_METADATA_PIECE;
    return left < WIRE_METADATA_PIECE ? left : WIRE_METADATA_PIECE;
}

enum err info_fetch_join(struct info_fetch *f, struct why *why)
{
    for (uint32_t i = 0; i < f->pieces; i++) {
        buf_put(&f->whole, f->parts[i], part_len(f, i));
        free(f->parts[i]);
        f->parts[i] = NULL;
    }
    struct infohash real = {.has_v1 = f->hash.has_v1, .has_v2 = f->hash.has_v2};
    if (real.has_v1)
        sha1(buf_bytes(&f->whole), buf_len(&f->whole), real.v1);
    if (real.has_v2)
        sha256(buf_bytes(&f->whole), buf_len(&f->whole), real.v2);
    if (!infohash_same(&real, &f->hash))
        return why_set(why, ERR_INVALID, "sent metadata that has another hash");
    return OK;
}

enum err info_fetch_data(struct info_fetch *f, const struct wire_metadata *md, uint64_t now_us,
                         bool *done, struct why *why)
{
    *done = false;
    if (md->piece >= f->asked || f->parts[md->piece] || f->got == f->pieces)
        return why_set(why, ERR_INVALID, "sent metadata piece %u, which was not asked for",
                       md->piece);
    if (md->total_size != (int64_t)f->size || md->data.n != part_len(f, md->piece))
        return why_set(why, ERR_INVALID, "metadata piece %u: %zu bytes of %lld, not %zu of %zu",
                       md->piece, md->data.n, (long long)md->total_size, part_len(f, md->piece),
                       f->size);
    f->parts[md->piece] = mem_dup(md->data.p, md->data.n);
    f->held += md->data.n;
    f->got++;
    f->last_us = now_us;
    *done = f->got == f->pieces;
    return OK;
}

bool info_fetch_is_late(const struct info_fetch *f, uint64_t now_us)
{
    uint64_t all = INFO_FETCH_BASE_US + f->size * SEC / INFO_FETCH_MIN_RATE;
    return now_us - f->last_us > INFO_FETCH_PIECE_US || now_us - f->began_us > all;
}

size_t info_fetch_held(const struct info_fetch *f)
{
    return f->held;
}

struct cur info_fetch_bytes(struct info_fetch *f)
{
    return buf_cur(&f->whole);
}
