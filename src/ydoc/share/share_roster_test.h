/* ydoc/share/share_roster_test.h - for tests: a document's key, and rosters signed by it. */
#ifndef SHOAL_YDOC_SHARE_SHARE_ROSTER_TEST_H
#define SHOAL_YDOC_SHARE_SHARE_ROSTER_TEST_H

#include "base/test.h"
#include "ydoc/share/roster_msg.h"

struct doc_key {
    uint8_t secret[ED25519_SECRET_LEN];
    struct doc_id id;
};

static inline struct doc_key test_doc(uint8_t i)
{
    struct doc_key k;
    const uint8_t seed[ED25519_SEED_LEN] = {i};
    ed25519_secret(seed, k.secret, k.id.key);
    return k;
}

static inline struct peer_id test_peer(uint8_t i)
{
    struct pubkey key;
    struct peer_id id;
    uint8_t secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN];
    const uint8_t seed[ED25519_SEED_LEN] = {0, i};
    ed25519_secret(seed, secret, pub);
    pubkey_of_ed25519(&key, pub);
    peer_id_of_key(&key, &id);
    return id;
}

static inline void test_member(struct roster *r, uint8_t i, enum doc_role role)
{
    struct roster_member m = {.peer = test_peer(i), .role = role, .name = "ann"};
    memset(m.box, i, sizeof m.box);
    assert_int_equal(roster_set(r, &m, NULL), OK);
}

/* Peer 1 owns it, 2 writes, 3 reads. */
static inline struct roster test_roster(const struct doc_key *k, uint64_t seq)
{
    struct roster r = {.doc = k->id, .seq = seq, .epoch = 1};
    test_member(&r, 3, DOC_READER);
    test_member(&r, 1, DOC_OWNER);
    test_member(&r, 2, DOC_WRITER);
    return r;
}

#endif
