/* The SHA-256 of each block of a piece that we have: for peers that ask (BEP 52), and to tell
 * what of it was wrong before. */
#include "files/disk/data_in.h"

#include "base/mem.h"

struct leaves {
    struct data *d;
    uint32_t piece;
    uint8_t *hashes;
    bool read;
    data_leaves_cb *got;
    void *arg;
};

static uint32_t next(void *arg, uint32_t from)
{
    const struct leaves *l = arg;
    return from <= l->piece ? l->piece : l->d->layout.piece_count;
}

static void on_piece(void *arg, uint32_t piece, const struct piece_sum *sum, const struct why *why)
{
    struct leaves *l = arg;
    (void)why;
    /* What is on disk may have changed: only what the torrent has is told. */
    l->read = sum && piece_judge(l->d->cfg.mi, piece, sum) == PIECE_GOOD;
}

static void on_done(void *arg)
{
    struct leaves *l = arg;
    struct data *d = l->d;
    size_t n = (layout_piece_len(&d->layout, l->piece) + BLOCK_LEN - 1) / BLOCK_LEN;
    l->got(l->arg, l->read && !d->dead && !d->closing ? l->hashes : NULL, n);
    free(l->hashes);
    free(l);
    data_let_go(d);
}

void data_leaves(struct data *d, uint32_t piece, data_leaves_cb *got, void *arg)
{
    struct leaves *l = MEM_NEW(struct leaves);
    *l = (struct leaves){.d = d, .piece = piece, .got = got, .arg = arg};
    l->hashes =
        mem_array((layout_piece_len(&d->layout, piece) + BLOCK_LEN - 1) / BLOCK_LEN, MERKLE_LEN);
    struct sweep_cfg cfg = {.loop = d->cfg.loop,
                            .pool = d->pool,
                            .layout = &d->layout,
                            .next = next,
                            .result = on_piece,
                            .leaves = l->hashes,
                            .done = on_done,
                            .arg = l};
    data_hold(d);
    sweep_start(&cfg);
}
