#include "host/name/multiaddr.h"

#include "base/buf.h"
#include "host/name/multiaddr_proto.h"

#include <stdlib.h>
#include <string.h>

/* The next part, shape and value unchecked.  NULL: none that we know, and then *code says what it
 * was, or the cursor is bad. */
static const struct ma_proto *take_part(struct cur *at, uint64_t *code, struct cur *value)
{
    *code = cur_uvarint(at);
    const struct ma_proto *p = at->bad ? NULL : ma_proto_of_code(*code);
    if (!p)
        return NULL;
    uint64_t n = p->size == MA_SIZED ? cur_uvarint(at) : p->size;
    *value = cur_take(at, n < SIZE_MAX ? (size_t)n : SIZE_MAX);
    return at->bad ? NULL : p;
}

bool multiaddr_next(struct cur *at, struct multiaddr_part *part)
{
    uint64_t code;
    if (at->bad || at->n == 0)
        return false;
    const struct ma_proto *p = take_part(at, &code, &part->value);
    if (p)
        part->code = p->code;
    return p != NULL;
}

/* Whether all of the bytes are parts that we know, in a row that can be written as text. */
static enum err check(struct cur at, struct why *why)
{
    const struct ma_proto *p = NULL;
    for (unsigned parts = 1; at.n > 0; parts++) {
        struct cur value;
        uint64_t code;
        if (parts > MULTIADDR_PARTS_MAX)
            return why_set(why, ERR_LIMIT, "address of more than %u parts",
                           (unsigned)MULTIADDR_PARTS_MAX);
        if (p && p->value == MA_PATH)
            return why_set(why, ERR_INVALID, "address: something after /%s", p->name);
        p = take_part(&at, &code, &value);
        if (at.bad)
            return why_set(why, ERR_INVALID, "address cut short");
        if (!p)
            return why_set(why, ERR_UNSUPPORTED, "address with an unknown protocol %llu",
                           (unsigned long long)code);
        enum err bad = ma_proto_check(p, value, why);
        if (bad != OK)
            return why_in(why, bad, "address");
    }
    return p ? OK : why_set(why, ERR_INVALID, "address of no parts");
}

enum err multiaddr_decode(struct multiaddr *out, struct cur bytes, struct why *why)
{
    out->len = 0;
    if (bytes.n > MULTIADDR_MAX)
        return why_set(why, ERR_LIMIT, "address of %zu bytes, at most %u", bytes.n,
                       (unsigned)MULTIADDR_MAX);
    enum err code = check(bytes, why);
    if (code != OK)
        return code;
    memcpy(out->bytes, bytes.p, bytes.n);
    out->len = (uint16_t)bytes.n;
    return OK;
}

bool multiaddr_equal(const struct multiaddr *a, const struct multiaddr *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

enum err multiaddr_add(struct multiaddr *a, enum multiaddr_code code, struct cur value)
{
    const struct ma_proto *p = ma_proto_of_code(code);
    struct buf b = {0};
    if (!p)
        return ERR_UNSUPPORTED;
    buf_put(&b, a->bytes, a->len);
    buf_uvarint(&b, code);
    if (p->size == MA_SIZED)
        buf_uvarint(&b, value.n);
    buf_put(&b, value.p, value.n);
    struct multiaddr longer;
    enum err bad = value.n != p->size && p->size != MA_SIZED
                       ? ERR_INVALID
                       : multiaddr_decode(&longer, buf_cur(&b), NULL);
    buf_done(&b);
    if (bad == OK)
        *a = longer;
    return bad;
}

enum err multiaddr_add_peer(struct multiaddr *a, const struct peer_id *id)
{
    return multiaddr_add(a, MA_P2P, cur_of(id->bytes, id->len));
}

/* What always has room: the beginning of an address. */
static void begin_with(struct multiaddr *a, enum multiaddr_code code, const void *value, size_t n)
{
    if (multiaddr_add(a, code, cur_of(value, n)) != OK)
        abort();
}

void multiaddr_of_addr(struct multiaddr *out, const struct addr *addr, enum reach reach)
{
    const uint8_t port[2] = {(uint8_t)(addr->port >> 8), (uint8_t)addr->port};
    out->len = 0;
    if (addr->family == ADDR_NONE)
        return;
    if (addr->family == ADDR_V4)
        begin_with(out, MA_IP4, addr->ip, 4);
    else
        begin_with(out, MA_IP6, addr->ip, 16);
    begin_with(out, reach == REACH_QUIC ? MA_UDP : MA_TCP, port, sizeof port);
    switch (reach) {
    case REACH_TCP:
        break;
    case REACH_WSS:
        begin_with(out, MA_TLS, NULL, 0);
        begin_with(out, MA_WS, NULL, 0);
        break;
    case REACH_WS:
        begin_with(out, MA_WS, NULL, 0);
        break;
    case REACH_QUIC:
        begin_with(out, MA_QUIC_V1, NULL, 0);
        break;
    }
}

void multiaddr_drop_peer(struct multiaddr *a)
{
    struct cur at = cur_of(a->bytes, a->len);
    struct multiaddr_part part = {0};
    size_t before = 0; /* the last part */
    while (at.n > 0) {
        before = a->len - at.n;
        if (!multiaddr_next(&at, &part))
            return;
    }
    if (a->len > 0 && part.code == MA_P2P)
        a->len = (uint16_t)before;
}
