/* files/find/dht_msg.h - the messages of the Mainline DHT (BEP 5 "KRPC protocol", 32, 33, 42 to 44,
 * 51).
 *
 * One datagram is one bencoded dictionary: a query, a reply to one, or an error.  Reading gives
 * values and views; views live as long as the arena and the datagram.  Unknown keys are passed
 * over, and what a key cannot mean is as if it was not said, for programs differ; what a query
 * lacks is told in `fault`, since its sender gets to know (error 203).  A message without a kind or
 * a transaction is ERR_INVALID: nobody could be answered.
 *
 * A reply does not say to which method it belongs: that knows who asked. */
#ifndef SHOAL_FILES_FIND_DHT_MSG_H
#define SHOAL_FILES_FIND_DHT_MSG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "files/find/dht_id.h"

enum {
    DHT_PACKET_MAX =
        2048,            /* bytes read; BEP 32: "a node should be able to receive" more than 1024 */
    DHT_SEND_MAX = 1024, /* bytes written; BEP 32, "maximum packet size" */
    DHT_TID_MAX = 20,    /* of a query's "t", which is echoed */
    DHT_TOKEN_MAX = 64,
    DHT_NODES_MAX = 32, /* taken from one message, both families together */
    DHT_VALUES_MAX = 128,
    DHT_VALUE_MAX = 1000, /* bytes of an item, bencoded (BEP 44) */
    DHT_SALT_MAX = 64,
    DHT_BLOOM_LEN = 256,
    DHT_SAMPLES_MAX = 20, /* infohashes that we send; BEP 51 leaves it open */
    DHT_KEY_LEN = 32,
    DHT_SIG_LEN = 64,
};

enum dht_kind { DHT_QUERY, DHT_REPLY, DHT_ERROR };

enum dht_method {
    DHT_PING,
    DHT_FIND_NODE,
    DHT_GET_PEERS,
    DHT_ANNOUNCE_PEER,
    DHT_GET,
    DHT_PUT,
    DHT_SAMPLE_INFOHASHES,
    DHT_UNKNOWN /* another word; with a target it is answered as find_node (BEP 51's reference) */
};

/* BEP 5 and BEP 44, "errors". */
enum dht_error {
    DHT_E_GENERIC = 201,
    DHT_E_SERVER = 202,
    DHT_E_PROTOCOL = 203,
    DHT_E_METHOD = 204,
    DHT_E_BIG = 205,
    DHT_E_SIGNATURE = 206,
    DHT_E_SALT = 207,
    DHT_E_CAS = 301,
    DHT_E_SEQ = 302,
};

/* An item of BEP 44 as it travels: immutable when it has no key. */
struct dht_item {
    struct cur v; /* bencoded, 1 to DHT_VALUE_MAX bytes; empty: none */
    bool is_mutable;
    const uint8_t *key; /* DHT_KEY_LEN; NULL unless mutable */
    const uint8_t *sig; /* DHT_SIG_LEN; NULL unless mutable */
    struct cur salt;    /* may be empty; not told in replies */
    int64_t seq;
};

struct dht_msg {
    enum dht_kind kind;
    enum dht_method method; /* DHT_QUERY */
    struct cur tid, version;
    bool read_only;    /* BEP 43 */
    struct addr you;   /* "ip", BEP 42: how the sender sees the receiver; ADDR_NONE: not said */
    const char *fault; /* DHT_QUERY: what is missing or wrong; NULL: nothing */

    bool has_id;
    struct dht_id id;
    bool has_target; /* "target" or "info_hash" */
    struct dht_id target;
    struct cur token;
    struct dht_item item;
    bool v_bad; /* the value is not in the one form that BEP 44 allows */

    /* Queries. */
    bool want4, want6; /* in a reply that is written: "nodes", "nodes6" are there */
    uint16_t port;
    bool implied_port, seed, noseed, scrape;
    bool has_seq, has_cas;
    int64_t cas;

    /* Replies. */
    size_t node_count;
    struct dht_node nodes[DHT_NODES_MAX];
    size_t value_count;
    struct addr values[DHT_VALUES_MAX];
    struct cur bloom_seeds, bloom_peers; /* DHT_BLOOM_LEN bytes each, or empty */
    bool has_samples;
    struct cur samples; /* whole infohashes */
    uint32_t interval_s;
    uint64_t num;

    /* Errors. */
    int64_t error;
    struct cur error_text;
};

/* The datagram; out is set in any case.  ERR_INVALID: not such a message; ERR_LIMIT: longer than
 * DHT_PACKET_MAX, or a transaction longer than DHT_TID_MAX. */
MUST_CHECK enum err dht_msg_read(struct arena *a, struct cur datagram, struct dht_msg *out,
                                 struct why *why);

/* Appended to out.  The caller sees to DHT_SEND_MAX. */
void dht_msg_put(struct buf *out, const struct dht_msg *m);

/* BEP 44: what an item's signature is of, appended to out; where an item lives. */
void dht_item_signed(struct buf *out, const struct dht_item *item);
struct dht_id dht_item_target(const struct dht_item *item);
/* BEP 44: "the salt string MUST NOT be longer than 64 bytes". */
struct dht_id dht_key_target(const uint8_t key[DHT_KEY_LEN], struct cur salt);
/* Complete, within its limits, bencoded in its one form and, if mutable, rightly signed. */
bool dht_item_is_good(const struct dht_item *item);

/* A value that is bencoded with its keys in order, each once, and nothing behind it. */
bool dht_value_is_canonical(struct cur v);

#endif
