#include "host/kad/ipns.h"

#include "base/buf.h"
#include "base/pb.h"
#include "net/loop.h"

#include <string.h>

/* Fields of IpnsEntry. */
enum {
    I_VALUE = 1,
    I_SIGNATURE_V1 = 2,
    I_VALIDITY_TYPE = 3,
    I_VALIDITY = 4,
    I_SEQUENCE = 5,
    I_TTL = 6,
    I_KEY = 7,
    I_SIGNATURE_V2 = 8,
    I_DATA = 9,
};
/* Major types of CBOR (RFC 8949 section 3.1). */
enum { CBOR_UINT = 0, CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_MAP = 5 };
enum { PAIRS_MAX = 16 };
static const char prefix[] = "ipns-signature:";

/* What both versions say. */
struct said {
    struct cur value, validity;
    uint64_t type, sequence, ttl;
    unsigned has; /* a bit for each field */
};

/* --- DAG-CBOR, as far as it is used here ---------------------------------------------------- */

struct item {
    unsigned major;
    uint64_t n;
    struct cur bytes;
};

/* Lengths are definite in DAG-CBOR; of nested things there are none here. */
static struct item cbor_next(struct cur *c)
{
    uint8_t head = cur_u8(c);
    unsigned more = head & 31;
    struct item it = {.major = head >> 5, .n = more};
    if (more >= 24 && more <= 27)
        it.n = cur_be(c, (size_t)1 << (more - 24));
    if (more > 27 || (it.major != CBOR_UINT && it.major != CBOR_BYTES && it.major != CBOR_TEXT &&
                      it.major != CBOR_MAP))
        *c = (struct cur){NULL, 0, true};
    if (it.major == CBOR_BYTES || it.major == CBOR_TEXT)
        it.bytes = cur_take(c, it.n < SIZE_MAX ? (size_t)it.n : SIZE_MAX);
    return it;
}

static bool is_named(const struct item *key, const char *name)
{
    return key->major == CBOR_TEXT && key->bytes.n == strlen(name) &&
           memcmp(key->bytes.p, name, key->bytes.n) == 0;
}

/* False: of the wrong kind. */
static bool take_bytes(struct said *s, unsigned field, const struct item *it, struct cur *to)
{
    *to = it->bytes;
    s->has |= 1U << field;
    return it->major == CBOR_BYTES;
}

static bool take_number(struct said *s, unsigned field, const struct item *it, uint64_t *to)
{
    *to = it->n;
    s->has |= 1U << field;
    return it->major == CBOR_UINT;
}

static bool take_pair(struct said *s, const struct item *key, const struct item *it)
{
    if (is_named(key, "Value"))
        return take_bytes(s, I_VALUE, it, &s->value);
    if (is_named(key, "Validity"))
        return take_bytes(s, I_VALIDITY, it, &s->validity);
    if (is_named(key, "ValidityType"))
        return take_number(s, I_VALIDITY_TYPE, it, &s->type);
    if (is_named(key, "Sequence"))
        return take_number(s, I_SEQUENCE, it, &s->sequence);
    if (is_named(key, "TTL"))
        return take_number(s, I_TTL, it, &s->ttl);
    return key->major == CBOR_TEXT && it->major != CBOR_MAP; /* the owner's own */
}

static bool take_data(struct said *s, struct cur data)
{
    struct item map = cbor_next(&data);
    bool good = map.major == CBOR_MAP && map.n <= PAIRS_MAX;
    for (uint64_t i = 0; good && !data.bad && i < map.n; i++) {
        struct item key = cbor_next(&data);
        struct item value = cbor_next(&data);
        good = !data.bad && take_pair(s, &key, &value);
    }
    const unsigned all =
        1U << I_VALUE | 1U << I_VALIDITY | 1U << I_VALIDITY_TYPE | 1U << I_SEQUENCE | 1U << I_TTL;
    return good && cur_done(&data) && s->has == all;
}

/* --- time ----------------------------------------------------------------------------------- */

/* Digits as a number; the cursor is bad where there are others. */
static unsigned digits(struct cur *c, size_t n)
{
    unsigned sum = 0;
    while (n-- > 0) {
        uint8_t d = cur_u8(c);
        if (d < '0' || d > '9')
            *c = (struct cur){NULL, 0, true};
        sum = sum * 10 + (unsigned)(d - '0');
    }
    return sum;
}

static void expect(struct cur *c, char what)
{
    if (cur_u8(c) != (uint8_t)what)
        *c = (struct cur){NULL, 0, true};
}

/* Days from 1970-01-01, by the Gregorian calendar. */
static int64_t days(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2), shifted = (int64_t)(month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (shifted * 153 + 2) / 5 + day - 1 - 719468;
}

/* RFC 3339 in UTC, with or without a fraction. */
static bool read_time(struct cur c, int64_t *us)
{
    unsigned year = digits(&c, 4);
    expect(&c, '-');
    unsigned month = digits(&c, 2);
    expect(&c, '-');
    unsigned day = digits(&c, 2);
    expect(&c, 'T');
    unsigned hour = digits(&c, 2);
    expect(&c, ':');
    unsigned minute = digits(&c, 2);
    expect(&c, ':');
    unsigned second = digits(&c, 2);
    uint8_t next = cur_u8(&c);
    while (next == '.' || (next >= '0' && next <= '9')) /* less than a second does not matter */
        next = cur_u8(&c);
    if (!cur_done(&c) || next != 'Z' || month < 1 || month > 12 || day < 1 || day > 31 ||
        hour > 23 || minute > 59 || second > 60)
        return false;
    *us = (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * (int64_t)SEC;
    return true;
}

/* --- the record ----------------------------------------------------------------------------- */

static void take_field(struct ipns *out, struct said *old, const struct pb_field *f)
{
    switch (f->number) {
    case I_VALUE:
        old->value = f->bytes;
        break;
    case I_VALIDITY:
        old->validity = f->bytes;
        break;
    case I_VALIDITY_TYPE:
        old->type = f->value;
        break;
    case I_SEQUENCE:
        old->sequence = f->value;
        break;
    case I_TTL:
        old->ttl = f->value;
        break;
    case I_KEY:
        out->key = f->bytes;
        break;
    case I_SIGNATURE_V2:
        out->signature = f->bytes;
        break;
    case I_DATA:
        out->data = f->bytes;
        break;
    default: /* signatureV1 covers too little to mean anything */
        break;
    }
    if (f->number <= I_DATA)
        old->has |= 1U << f->number;
}

static bool same_bytes(struct cur a, struct cur b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* "Compare the values ... if they do not match, the record is invalid", where there are such. */
static bool agree(const struct said *old, const struct said *s)
{
    if (!(old->has & (1U << I_SIGNATURE_V1 | 1U << I_VALUE)))
        return true;
    return same_bytes(old->value, s->value) && same_bytes(old->validity, s->validity) &&
           old->type == s->type && old->sequence == s->sequence && old->ttl == s->ttl;
}

enum err ipns_decode(struct ipns *out, struct cur record, struct why *why)
{
    struct said s = {.has = 0}, old = {.has = 0};
    struct pb_field f;
    *out = (struct ipns){.until_us = 0};
    if (record.n > IPNS_MAX)
        return why_set(why, ERR_LIMIT, "an IPNS record of %zu bytes, the limit is %d", record.n,
                       IPNS_MAX);
    while (pb_next(&record, &f))
        take_field(out, &old, &f);
    if (!cur_done(&record) || out->data.n == 0 || out->signature.n == 0)
        return why_set(why, ERR_INVALID, "an IPNS record is malformed, or of the first version");
    if (!take_data(&s, out->data))
        return why_set(why, ERR_INVALID, "what an IPNS record's signature covers is malformed");
    if (!agree(&old, &s))
        return why_set(why, ERR_INVALID, "an IPNS record says this, and signs that");
    if (s.type != 0 || !read_time(s.validity, &out->until_us))
        return why_set(why, ERR_INVALID, "until when an IPNS record is valid is not known");
    out->value = s.value;
    out->sequence = s.sequence;
    out->ttl_ns = s.ttl;
    return OK;
}

/* Whose key it is to be: in the name, or in the record where the name is its hash. */
static enum err find_key(const struct peer_id *name, const struct ipns *r, struct pubkey *out,
                         struct why *why)
{
    struct peer_id of_key;
    if (peer_id_key(name, out, why) == OK)
        return OK;
    if (!r->key.p || pubkey_decode(out, r->key, why) != OK)
        return why_set(why, ERR_INVALID, "an IPNS record without its key");
    peer_id_of_key(out, &of_key);
    if (!peer_id_equal(name, &of_key))
        return why_set(why, ERR_INVALID, "an IPNS record with somebody else's key");
    return OK;
}

enum err ipns_check(const struct peer_id *name, struct cur record, int64_t wall_us, struct why *why)
{
    struct ipns r;
    struct pubkey key;
    struct buf covered = {0};
    enum err e = ipns_decode(&r, record, why);
    if (e != OK)
        return e;
    if (r.until_us < wall_us)
        return why_set(why, ERR_INVALID, "an IPNS record that is valid no more");
    e = find_key(name, &r, &key, why);
    if (e != OK)
        return e;
    buf_str(&covered, prefix);
    buf_put(&covered, r.data.p, r.data.n);
    bool signed_so =
        pubkey_verify(&key, buf_bytes(&covered), buf_len(&covered), r.signature.p, r.signature.n);
    buf_done(&covered);
    return signed_so ? OK : why_set(why, ERR_INVALID, "an IPNS record that its owner did not sign");
}

bool ipns_later(struct cur a, struct cur b)
{
    struct ipns x, y;
    bool x_good = ipns_decode(&x, a, NULL) == OK;
    if (ipns_decode(&y, b, NULL) != OK || !x_good)
        return !x_good;
    return y.sequence != x.sequence ? y.sequence > x.sequence : y.until_us > x.until_us;
}
