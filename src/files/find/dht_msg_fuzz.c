/* DHT messages: within their limits, or an error with a reason; what is written reads back. */
#include "files/find/dht_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool same(struct cur a, struct cur b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void check_limits(const struct dht_msg *m)
{
    check(m->tid.n > 0 && m->tid.n <= DHT_TID_MAX);
    check(m->node_count <= DHT_NODES_MAX && m->value_count <= DHT_VALUES_MAX);
    check(m->samples.n % DHT_ID_LEN == 0 && m->bloom_seeds.n == m->bloom_peers.n);
    check(m->kind != DHT_REPLY || m->token.n <= DHT_TOKEN_MAX);
    for (size_t i = 0; i < m->node_count; i++)
        check(addr_is_dialable(&m->nodes[i].addr));
    for (size_t i = 0; i < m->value_count; i++)
        check(addr_is_dialable(&m->values[i]));
    if (m->item.v.n > 0)
        (void)dht_item_is_good(&m->item);
}

static void round_trip(struct dht_msg *m)
{
    struct dht_msg again;
    struct buf b = {0};
    m->want4 = m->want6 = true;
    if (m->kind == DHT_QUERY && m->method == DHT_UNKNOWN)
        return; /* the word is not kept */
    dht_msg_put(&b, m);
    if (buf_len(&b) <= DHT_PACKET_MAX) {
        struct arena *a = arena_new();
        check(dht_msg_read(a, buf_cur(&b), &again, NULL) == OK);
        check(again.kind == m->kind && same(again.tid, m->tid) && same(again.token, m->token));
        check(m->kind == DHT_ERROR || same(again.item.v, m->item.v));
        check(again.node_count == m->node_count && again.value_count == m->value_count);
        check(m->kind != DHT_QUERY || (again.method == m->method && again.port == m->port));
        check(same(again.samples, m->samples) && same(again.error_text, m->error_text));
        arena_free(a);
    }
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct dht_msg m;
    struct why why = {0};
    struct arena *a = arena_new();
    if (dht_msg_read(a, cur_of(bytes, n), &m, &why) == OK) {
        check_limits(&m);
        /* A query without an id, or with a target that its method has not, is not ours to write. */
        if (m.has_id || m.kind == DHT_ERROR)
            round_trip(&m);
    } else {
        check(why.text[0] != '\0');
    }
    arena_free(a);
    return 0;
}
