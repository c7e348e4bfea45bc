/* The socket: whose datagram is it, and may somebody new begin? */
#include "host/quic/quic.h"

#include "base/map.h"
#include "base/mem.h"
#include "crypto/wipe.h"
#include "host/quic/quic_in.h"

#define TOKEN_US (10 * SEC) /* a Retry's is good for so long */

void quic_route(struct quic_conn *c, const ngtcp2_cid *cid)
{
    map_put(c->q->by_cid, cid->data, cid->datalen, c);
}

void quic_unroute(struct quic_conn *c, const ngtcp2_cid *cid)
{
    if (c->q && map_get(c->q->by_cid, cid->data, cid->datalen) == c)
        map_drop(c->q->by_cid, cid->data, cid->datalen);
}

size_t quic_half_open(const struct quic *q, const struct addr *from)
{
    size_t n = 0;
    LIST_EACH(&q->conns, struct quic_conn, c, link)
        n += !c->client && !c->made && (!from || addr_same_ip(&c->mux.peer, from));
    return n;
}

/* --- answers that keep nothing ---------------------------------------------------------------- */

static uint64_t now_ns(const struct quic *q)
{
    return loop_now_us(q->self->loop) * 1000;
}

static void reply(struct quic *q, const struct addr *to, ngtcp2_ssize n)
{
    if (n > 0)
        udp_send(q->udp, to, q->out, (size_t)n);
}

static void offer_version(struct quic *q, const struct addr *from, const ngtcp2_version_cid *vc)
{
    static const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
    reply(q, from,
          ngtcp2_pkt_write_version_negotiation(
              q->out, sizeof q->out, (uint8_t)loop_random_u64(q->self->loop), vc->scid, vc->scidlen,
              vc->dcid, vc->dcidlen, versions, sizeof versions / sizeof versions[0]));
}

/* RFC 9000 section 10.3: shorter than what it answers, so that two who know nothing of each other
 * come to an end. */
static void reset(struct quic *q, const struct addr *from, const ngtcp2_version_cid *vc, size_t n)
{
    uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], noise[NGTCP2_MIN_STATELESS_RESET_RANDLEN + 16];
    uint64_t second = loop_now_us(q->self->loop) / SEC;
    ngtcp2_cid cid;
    if (second != q->resets_at_s)
        q->resets = 0;
    q->resets_at_s = second;
    if (n <= sizeof token + sizeof noise || vc->dcidlen != QUIC_CID_LEN ||
        q->resets >= QUIC_RESETS_MAX)
        return;
    q->resets++;
    ngtcp2_cid_init(&cid, vc->dcid, vc->dcidlen);
    loop_random(q->self->loop, noise, sizeof noise);
    if (ngtcp2_crypto_generate_stateless_reset_token(token, q->self->secret, QUIC_SECRET_LEN,
                                                     &cid) == 0)
        reply(q, from,
              ngtcp2_pkt_write_stateless_reset(q->out, sizeof q->out, token, noise, sizeof noise));
}

/* RFC 9000 section 8.1.2: come again, with this. */
static void retry(struct quic *q, const struct addr *from, const ngtcp2_pkt_hd *hd)
{
    uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
    struct sockaddr_storage there = {0};
    unsigned len = addr_to_sockaddr(from, &there);
    ngtcp2_cid scid = {.datalen = QUIC_CID_LEN};
    loop_random(q->self->loop, scid.data, scid.datalen);
    ngtcp2_ssize n = ngtcp2_crypto_generate_retry_token(token, q->self->secret, QUIC_SECRET_LEN,
                                                        hd->version, (struct sockaddr *)&there, len,
                                                        &scid, &hd->dcid, now_ns(q));
    if (n > 0)
        reply(q, from,
              ngtcp2_crypto_write_retry(q->out, sizeof q->out, hd->version, &hd->scid, &scid,
                                        &hd->dcid, token, (size_t)n));
}

static void refuse(struct quic *q, const struct addr *from, const ngtcp2_pkt_hd *hd, uint64_t code)
{
    reply(q, from,
          ngtcp2_crypto_write_connection_close(q->out, sizeof q->out, hd->version, &hd->scid,
                                               &hd->dcid, code, NULL, 0));
}

static bool token_is_good(struct quic *q, const struct addr *from, const ngtcp2_pkt_hd *hd,
                          ngtcp2_cid *odcid)
{
    struct sockaddr_storage there = {0};
    unsigned len = addr_to_sockaddr(from, &there);
    return ngtcp2_crypto_verify_retry_token(odcid, hd->token.base, hd->token.len, q->self->secret,
                                            QUIC_SECRET_LEN, hd->version, (struct sockaddr *)&there,
                                            len, &hd->dcid, TOKEN_US * 1000, now_ns(q)) == 0;
}

/* --- who comes -------------------------------------------------------------------------------- */

static struct quic_conn *begin(struct quic *q, const struct addr *from, const ngtcp2_pkt_hd *hd)
{
    ngtcp2_cid odcid;
    bool proven = hd->token.len > 0 && hd->token.base[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY;
    if (proven && !token_is_good(q, from, hd, &odcid)) {
        refuse(q, from, hd, NGTCP2_INVALID_TOKEN);
        return NULL;
    }
    if (!proven && quic_half_open(q, NULL) >= QUIC_RETRY_AT) {
        retry(q, from, hd);
        return NULL;
    }
    if (!q->events->welcome(q->arg, from)) {
        refuse(q, from, hd, NGTCP2_CONNECTION_REFUSED);
        return NULL;
    }
    return quic_conn_accept(q, from, hd, proven ? &odcid : NULL);
}

/* RFC 9000 section 10.3: a stateless reset names no connection; its last bytes are known to the one
 * that it ends.  False: to none. */
static bool ends_one(struct quic *q, const struct addr *from, const uint8_t *bytes, size_t n)
{
    bool found = false;
    LIST_EACH(&q->conns, struct quic_conn, c, link) {
        if (c->over || !c->made || !addr_equal(from, &c->mux.peer))
            continue;
        quic_conn_read(c, bytes, n);
        found |= c->over;
    }
    return found;
}

static struct quic_conn *stranger(struct quic *q, const struct addr *from,
                                  const ngtcp2_version_cid *vc, const uint8_t *bytes, size_t n)
{
    ngtcp2_pkt_hd hd;
    if (vc->version == 0 && !ends_one(q, from, bytes, n)) /* a short header */
        reset(q, from, vc, n);
    if (vc->version != NGTCP2_PROTO_VER_V1 || !q->events)
        return NULL;
    switch (ngtcp2_accept(&hd, bytes, n)) {
    case 0:
        return begin(q, from, &hd);
    case NGTCP2_ERR_RETRY:
        retry(q, from, &hd);
        return NULL;
    default:
        return NULL;
    }
}

static void on_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct quic *q = arg;
    ngtcp2_version_cid vc;
    if (q->closed || n == 0) /* of which the library asserts that there are none */
        return;
    int rv = ngtcp2_pkt_decode_version_cid(&vc, bytes, n, QUIC_CID_LEN);
    if (rv == NGTCP2_ERR_VERSION_NEGOTIATION && q->events)
        offer_version(q, from, &vc);
    if (rv != 0)
        return;
    struct quic_conn *c = map_get(q->by_cid, vc.dcid, vc.dcidlen);
    if (!c)
        c = stranger(q, from, &vc, bytes, n);
    if (!c || !addr_equal(from, &c->mux.peer) || c->over)
        return;
    list_drop(&c->touched);
    list_push(&q->touched, &c->touched);
    quic_conn_read(c, bytes, n);
}

/* One acknowledgement for all that came at once. */
static void on_pause(void *arg)
{
    struct quic *q = arg;
    struct quic_conn *c;
    q->busy = true;
    while (!q->closed && (c = LIST_FIRST(&q->touched, struct quic_conn, touched))) {
        list_drop(&c->touched);
        quic_serve(c);
    }
    q->busy = false;
    if (q->closed)
        free(q);
}

/* --- life ------------------------------------------------------------------------------------- */

struct quic *quic_open(const struct quic_self *self, const struct addr *at,
                       const struct quic_events *events, void *arg, struct why *why)
{
    struct quic *q = MEM_NEW(struct quic);
    q->udp = udp_open(self->loop, at, on_datagram, q, why);
    if (!q->udp) {
        free(q);
        return NULL;
    }
    udp_on_pause(q->udp, on_pause);
    q->self = self;
    q->at = udp_addr(q->udp);
    q->events = events;
    q->arg = arg;
    q->by_cid = map_new(loop_random_u64(self->loop));
    list_init(&q->conns);
    list_init(&q->touched);
    return q;
}

void quic_close(struct quic *q)
{
    if (!q)
        return;
    LIST_EACH(&q->conns, struct quic_conn, c, link)
        quic_conn_orphan(c);
    map_free(q->by_cid);
    udp_close(q->udp);
    q->closed = true;
    if (!q->busy)
        free(q);
}

struct addr quic_addr(const struct quic *q)
{
    return q->at;
}
