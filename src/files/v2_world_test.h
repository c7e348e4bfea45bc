/* files/v2_world_test.h - for tests of v2 and hybrid torrents: Ann shares a film, Bob has a node,
 * and Mallory is a seed that lies about hashes or blocks (files/foe_test.h). */
#ifndef SHOAL_FILES_V2_WORLD_TEST_H
#define SHOAL_FILES_V2_WORLD_TEST_H

#include "files/foe_test.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/meta/infohash.h"
#include "files/meta/merkle.h"
#include "files/meta/metainfo_v2.h"

#include <string.h>

enum { PIECE = 16384, SIZE = 700 * PIECE + 5, PIECES = 701 };
enum { LARGE = 8 * PIECE, WRONG = 3 * PIECE /* in each of these, where Mallory lies */ };

/* A seed that answers each question about hashes with bytes of its own. */
struct mallory {
    struct foe f;
    bool silent;
    unsigned asked, refused;
    /* Not NULL: it has the bytes of LARGE pieces, and gives them; no hashes, though.  picky: only
     * every second block, and one of those is wrong. */
    const uint8_t *bytes;
    bool picky;
    unsigned lies;
    unsigned proven; /* answers about hashes that lead to the root */
};

static inline void give(struct mallory *m, const struct wire_msg *msg)
{
    if (m->picky && msg->begin / PIECE % 2 == 0) {
        wire_put_range(&m->f.out, WIRE_REJECT, msg->piece, msg->begin, msg->len);
        return;
    }
    wire_put_piece_header(&m->f.out, msg->piece, msg->begin, msg->len);
    buf_put(&m->f.out, m->bytes + (size_t)msg->piece * LARGE + msg->begin, msg->len);
    if (!m->picky || msg->begin != WRONG)
        return;
    m->lies++;
    buf_bytes(&m->f.out)[buf_len(&m->f.out) - 1] ^= 1;
}

static inline void refuse(struct mallory *m, const struct wire_msg *msg)
{
    struct wire_hash_range r;
    if (wire_read_hashes(msg, &r, NULL) == OK)
        wire_put_hashes(&m->f.out, WIRE_HASH_REJECT, &r);
}

static inline void lie(struct mallory *m, const struct wire_msg *msg)
{
    static uint8_t bytes[WIRE_HASHES_MAX * MERKLE_LEN];
    struct wire_hash_range r;
    m->asked++;
    if (m->silent || wire_read_hashes(msg, &r, NULL) != OK)
        return;
    struct merkle_range range = {merkle_height(PIECES), r.base, r.index, r.count};
    memset(bytes, 0xbd, sizeof bytes);
    r.hashes = cur_of(bytes, (r.count + merkle_uncles(&range)) * (size_t)MERKLE_LEN);
    wire_put_hashes(&m->f.out, WIRE_HASHES, &r);
}

static inline void prove(struct mallory *m, const struct wire_msg *msg)
{
    struct wire_hash_range r;
    assert_int_equal(wire_read_hashes(msg, &r, NULL), OK);
    struct merkle_range range = {merkle_height(PIECES), r.base, r.index, r.count};
    size_t n = r.count + (r.proofs > 0 ? merkle_uncles(&range) : 0);
    assert_int_equal(r.hashes.n, n * MERKLE_LEN);
    m->proven += r.proofs > 0 && merkle_proves(&range, r.hashes.p, PIECES, r.root);
}

static inline void greet(struct foe *f)
{
    wire_put_handshake_v2(&f->out, f->infohash, foe_id);
    wire_put_simple(&f->out, WIRE_HAVE_ALL);
    if (LIST_OF(f, struct mallory, f)->bytes)
        wire_put_simple(&f->out, WIRE_UNCHOKE);
}

static inline void act(struct foe *f, const struct wire_msg *msg)
{
    struct mallory *m = LIST_OF(f, struct mallory, f);
    if (msg->type == WIRE_REQUEST && m->bytes)
        give(m, msg);
    else if (msg->type == WIRE_HASH_REQUEST && m->bytes)
        refuse(m, msg);
    else if (msg->type == WIRE_HASH_REQUEST)
        lie(m, msg);
    else if (msg->type == WIRE_HASHES)
        prove(m, msg);
    m->refused += msg->type == WIRE_HASH_REJECT;
}

/* Ann shares a file; Bob and Mallory have machines. */
struct scene {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char *v1, *v2; /* links by one hash; NULL: has none */
    struct mallory m;
};

static inline char *link_of(const json_t *added, const char *member, const char *topic)
{
    const char *hex = json_string_value(json_object_get(added, member));
    return hex ? mem_printf("magnet:?xt=%s%s", topic, hex) : NULL;
}

static inline struct scene *scene_of(const char *kind, int piece_size, const char *tracker)
{
    struct scene *s = MEM_NEW(struct scene);
    s->sim = sim_new(3);
    s->ann = start(s->sim, "ann", 1);
    s->bob = start(s->sim, "bob", 2);
    s->bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        s->bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    node_write(s->ann, "/stuff/film.bin", s->bytes, SIZE);
    json_t *trackers = tracker ? json_pack("[s]", tracker) : json_array();
    json_t *r = node_call(s->ann, "file.add",
                          json_pack("{s:s, s:i, s:b, s:o}", "path", "/stuff/film.bin", "piece_size",
                                    piece_size, kind, 1, "tracker", trackers),
                          NULL);
    json_t *added = node_job(s->ann, json_string_value(json_object_get(r, "job")));
    s->v1 = link_of(added, "infohash_v1", "urn:btih:");
    s->v2 = link_of(added, "infohash_v2", "urn:btmh:1220");
    const char *id = json_string_value(json_object_get(added, "id"));
    assert_true(hex_decode(id, 40, s->m.f.infohash, INFOHASH_LEN));
    json_decref(r);
    json_decref(added);
    s->m.f.greet = greet;
    s->m.f.act = act;
    s->m.f.machine = sim_node_add(s->sim, "mallory", addr_v4(10, 0, 0, 66, 0), lan);
    return s;
}

static inline struct scene *scene_new(const char *kind)
{
    return scene_of(kind, PIECE, NULL);
}

static inline void scene_free(struct scene *s)
{
    foe_done(&s->m.f);
    node_free(s->ann);
    node_free(s->bob);
    sim_free(s->sim);
    free(s->bytes);
    free(s->v1);
    free(s->v2);
    free(s);
}

static inline void get(struct scene *s, const char *link, const char *peer)
{
    json_decref(
        node_call(s->bob, "file.get", json_pack("{s:s, s:[s]}", "link", link, "peer", peer), NULL));
}

static inline bool bob_has_it(struct scene *s)
{
    return node_has(s->bob, "/downloads/film.bin", s->bytes, SIZE);
}

/* The only torrent of a node, as it is shown. */
static inline json_t *shown(struct node *n)
{
    json_t *list = node_call(n, "file.ls", json_object(), NULL);
    assert_int_equal(json_array_size(list), 1);
    const char *id = json_string_value(json_object_get(json_array_get(list, 0), "id"));
    json_t *row = node_call(n, "file.show", json_pack("{s:s}", "id", id), NULL);
    json_decref(list);
    return row;
}

static inline void torrent_file(struct node *n, struct buf *out)
{
    json_t *row = shown(n);
    json_t *r =
        node_call(n, "file.export", json_pack("{s:O}", "id", json_object_get(row, "id")), NULL);
    const char *text = json_string_value(json_object_get(r, "torrent"));
    assert_true(base64_decode(out, text, strlen(text)));
    json_decref(row);
    json_decref(r);
}

#endif
