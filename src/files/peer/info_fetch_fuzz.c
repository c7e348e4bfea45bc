/* Pieces of metadata from one peer, in any order, of any length: it is whole only when it has its
 * hash, and never more is held than was said.
 *
 * Input: a byte of flags (1: v2's hash, else v1's), then steps: 0 asks, 1 gives a true piece, 2 one
 * with a byte spoiled, 3 one of numbers and bytes of its own. */
#include "files/peer/info_fetch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { SIZE = 2 * WIRE_METADATA_PIECE + 100, PIECES = 3, STEPS_MAX = 200 };

struct scene {
    struct info_fetch *f;
    uint8_t info[SIZE];
    bool ended;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void give(struct scene *s, const struct wire_metadata *md)
{
    struct why why = {0};
    bool done;
    enum err err = info_fetch_data(s->f, md, 0, &done, &why);
    if (err == OK && done)
        err = info_fetch_join(s->f, &why);
    check(err == OK || (err == ERR_INVALID && why.text[0]));
    check(info_fetch_held(s->f) <= SIZE);
    if (err == OK && done) {
        struct cur whole = info_fetch_bytes(s->f);
        check(whole.n == SIZE && memcmp(whole.p, s->info, SIZE) == 0);
    }
    s->ended = done || err != OK; /* what a torrent does then */
}

static struct wire_metadata part(const uint8_t *info, uint32_t piece)
{
    size_t at = (size_t)(piece % PIECES) * WIRE_METADATA_PIECE;
    size_t n = SIZE - at < WIRE_METADATA_PIECE ? SIZE - at : WIRE_METADATA_PIECE;
    return (struct wire_metadata){WIRE_MD_DATA, piece % PIECES, SIZE, cur_of(info + at, n)};
}

static void step(struct scene *s, uint8_t kind, struct cur *c)
{
    uint32_t piece = kind >> 2;
    struct wire_metadata md = part(s->info, piece);
    switch (kind & 3) {
    case 0:
        if (info_fetch_next(s->f, &piece))
            check(piece < PIECES);
        return;
    case 1:
        break;
    case 2: {
        uint8_t spoiled[SIZE];
        memcpy(spoiled, s->info, SIZE);
        spoiled[cur_be16(c) % SIZE] ^= 1;
        md = part(spoiled, piece);
        give(s, &md);
        return;
    }
    case 3: {
        uint16_t len = cur_be16(c);
        md.piece = cur_u8(c);
        md.total_size = cur_be16(c);
        md.data = c->bad ? cur_of(NULL, 0) : cur_take(c, len < c->n ? len : c->n);
        break;
    }
    }
    give(s, &md);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    struct scene s = {0};
    struct infohash hash = {0};
    for (size_t i = 0; i < SIZE; i++)
        s.info[i] = (uint8_t)(i * 31 + i / 256);
    hash.has_v2 = cur_u8(&c) & 1;
    hash.has_v1 = !hash.has_v2;
    sha1(s.info, SIZE, hash.v1);
    sha256(s.info, SIZE, hash.v2);
    s.f = info_fetch_new(&hash, SIZE, 0);
    for (int i = 0; i < STEPS_MAX && c.n > 0 && !s.ended; i++)
        step(&s, cur_u8(&c), &c);
    info_fetch_free(s.f);
    return 0;
}
