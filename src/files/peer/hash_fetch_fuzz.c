/* What peers answer about a hash tree: nothing is kept that is not true.
 *
 * Input: steps, a byte of kind (3 bits) and of peer (2 bits); a step that answers with true hashes
 * has 2 bytes more: which to spoil.  One that makes up its own has numbers and bytes of its own. */
#include "files/peer/hash_fetch.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { PIECE = 16384, PIECES = 600 /* two ranges */, PEERS = 4, STEPS_MAX = 60 };

struct scene {
    struct metainfo *mi;
    struct hash_fetch *f;
    uint8_t *layer;
    struct wire_hash_range asked[PEERS]; /* last asked of each; count 0: none yet */
    struct buf truth[2];                 /* of each range, once it was needed */
    uint64_t now_us;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void begin(struct scene *s)
{
    uint8_t root[MERKLE_LEN];
    *s = (struct scene){.layer = mem_array(PIECES, MERKLE_LEN)};
    for (uint32_t i = 0; i < PIECES; i++)
        memset(s->layer + (size_t)i * MERKLE_LEN, (int)i, MERKLE_LEN);
    merkle_node(s->layer, PIECES, 0, merkle_height(PIECES), 0, root);
    const struct mi_source one = {"", (uint64_t)PIECES * PIECE, root};
    const struct mi_draft draft = {
        .name = "t", .files = &one, .n = 1, .piece_len = PIECE, .v2 = true};
    struct buf info = {0}, torrent = {0};
    metainfo_write_info(&info, &draft);
    metainfo_write(&torrent, buf_cur(&info), cur_of(NULL, 0), cur_of(NULL, 0), NULL, 0, NULL, 0, "",
                   "", 0);
    s->mi = metainfo_parse(buf_cur(&torrent), NULL);
    check(s->mi);
    s->f = hash_fetch_new(s->mi);
    buf_done(&info);
    buf_done(&torrent);
}

static bool has(const void *arg, uint32_t piece)
{
    const uint8_t *kind = arg;
    return (*kind & 32) == 0 || piece < MERKLE_GROUP;
}

static void take(struct scene *s, uint32_t peer, const struct wire_hash_range *r)
{
    struct why why = {0};
    enum err err = hash_fetch_take(s->f, peer + 1, r, &why);
    check(err == OK || ((err == ERR_INVALID || err == ERR_STATE) && why.text[0]));
}

/* The truth, but for one byte at `spoil`, when there is one. */
static void tell(struct scene *s, uint32_t peer, uint16_t spoil)
{
    struct wire_hash_range r = s->asked[peer];
    struct buf b = {0};
    if (r.count == 0)
        return;
    struct buf *truth = &s->truth[r.index > 0];
    struct merkle_range range = {merkle_height(PIECES), r.base, r.index, r.count};
    if (buf_len(truth) == 0)
        merkle_put(truth, &range, merkle_uncles(&range), s->layer, PIECES, NULL);
    buf_put(&b, buf_bytes(truth), buf_len(truth));
    if (spoil < buf_len(&b))
        buf_bytes(&b)[spoil] ^= 1;
    r.hashes = buf_cur(&b);
    take(s, peer, &r);
    buf_done(&b);
}

static void make_up(struct scene *s, uint32_t peer, struct cur *c)
{
    struct wire_hash_range r = s->asked[peer];
    uint8_t change = cur_u8(c);
    if (r.count == 0)
        return;
    r.base ^= change & 3;
    r.index ^= (change >> 2 & 3) * 256u;
    r.count ^= (change >> 4 & 1) * 512u;
    r.proofs ^= change >> 5;
    size_t len = cur_be16(c);
    r.hashes = cur_take(c, len < c->n ? len : c->n);
    if (c->bad)
        r.hashes = cur_of(NULL, 0);
    take(s, peer, &r);
}

static void step(struct scene *s, uint8_t kind, struct cur *c)
{
    uint32_t peer = kind >> 3 & 3;
    struct wire_hash_range r;
    switch (kind & 7) {
    case 0:
        if (!hash_fetch_next(s->f, peer + 1, has, &kind, s->now_us, &r))
            break;
        check(r.count > 0 && r.count <= MERKLE_GROUP && r.index % r.count == 0);
        s->asked[peer] = r;
        break;
    case 1:
    case 2:
        tell(s, peer, cur_be16(c));
        break;
    case 3:
        tell(s, peer, UINT16_MAX);
        break;
    case 4:
        make_up(s, peer, c);
        break;
    case 5:
        if (s->asked[peer].count > 0)
            (void)hash_fetch_reject(s->f, peer + 1, &s->asked[peer]);
        break;
    case 6:
        hash_fetch_gone(s->f, peer + 1);
        break;
    case 7:
        s->now_us += HASH_FETCH_WAIT_US / 2;
        while (hash_fetch_late(s->f, s->now_us))
            ;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    struct scene s;
    begin(&s);
    for (int i = 0; i < STEPS_MAX && c.n > 0; i++)
        step(&s, cur_u8(&c), &c);
    for (uint32_t i = 0; i < PIECES; i++) {
        const uint8_t *piece = mi_v2_piece(s.mi, i);
        check((piece != NULL) == hash_fetch_done(s.f));
        check(!piece || memcmp(piece, s.layer + (size_t)i * MERKLE_LEN, MERKLE_LEN) == 0);
    }
    buf_done(&s.truth[0]);
    buf_done(&s.truth[1]);
    hash_fetch_free(s.f);
    metainfo_free(s.mi);
    free(s.layer);
    return 0;
}
