/* host/kad/ipns_test.h - IPNS records made, for tests. */
#ifndef SHOAL_HOST_KAD_IPNS_TEST_H
#define SHOAL_HOST_KAD_IPNS_TEST_H

#include "base/buf.h"
#include "base/pb.h"
#include "core/keys.h"

#include <string.h>

static inline void ipns_test_head(struct buf *b, unsigned major, uint64_t n)
{
    buf_u8(b, (uint8_t)(major << 5 | (n < 24 ? n : 27)));
    if (n >= 24)
        buf_be64(b, n);
}

static inline void ipns_test_text(struct buf *b, unsigned major, const char *s)
{
    ipns_test_head(b, major, strlen(s));
    buf_str(b, s);
}

/* What the signature covers. */
static inline void ipns_test_data(struct buf *b, const char *value, uint64_t sequence,
                                  const char *until)
{
    ipns_test_head(b, 5, 5);
    ipns_test_text(b, 3, "TTL");
    ipns_test_head(b, 0, 3600000000000);
    ipns_test_text(b, 3, "Value");
    ipns_test_text(b, 2, value);
    ipns_test_text(b, 3, "Sequence");
    ipns_test_head(b, 0, sequence);
    ipns_test_text(b, 3, "Validity");
    ipns_test_text(b, 2, until);
    ipns_test_text(b, 3, "ValidityType");
    ipns_test_head(b, 0, 0);
}

static inline void ipns_test_seal(const struct keys *k, const struct buf *data, struct buf *record)
{
    struct buf covered = {0};
    uint8_t sig[KEYS_SIG_LEN];
    buf_str(&covered, "ipns-signature:");
    buf_put(&covered, buf_bytes(data), buf_len(data));
    keys_sign(k, buf_bytes(&covered), buf_len(&covered), sig);
    pb_put_bytes(record, 8, sig, sizeof sig);
    pb_put_buf(record, 9, data);
    buf_done(&covered);
}

/* A whole one, appended to `record`. */
static inline void ipns_test_make(const struct keys *k, const char *value, uint64_t sequence,
                                  const char *until, struct buf *record)
{
    struct buf data = {0};
    ipns_test_data(&data, value, sequence, until);
    ipns_test_seal(k, &data, record);
    buf_done(&data);
}

#endif
