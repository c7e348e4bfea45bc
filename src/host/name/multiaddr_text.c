#include "base/buf.h"
#include "crypto/multibase.h"
#include "host/name/multiaddr_proto.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading --------------------------------------------------------------------------------- */

/* Up to the next '/', which is passed over. */
static struct cur take_word(struct cur *text)
{
    const uint8_t *slash = text->n > 0 ? memchr(text->p, '/', text->n) : NULL;
    struct cur word = cur_take(text, slash ? (size_t)(slash - text->p) : text->n);
    if (slash)
        cur_take(text, 1);
    return word;
}

/* Decimal digits and nothing else, less than 2^(8 * size). */
static bool put_number(struct buf *out, struct cur word, size_t size)
{
    const uint64_t max = size == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * size) - 1;
    uint64_t v = 0;
    for (size_t i = 0; i < word.n; i++) {
        unsigned digit = (unsigned)word.p[i] - '0';
        if (digit > 9 || v > max / 10 || v * 10 > max - digit)
            return false;
        v = v * 10 + digit;
    }
    buf_be(out, v, size);
    return word.n > 0;
}

static bool put_ip(struct buf *out, struct cur word, int family, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t ip[16];
    if (word.n >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)word.n, (const char *)word.p);
    if (inet_pton(family, text, ip) != 1)
        return false;
    buf_put(out, ip, size);
    return true;
}

static bool put_peer(struct buf *out, struct cur word, struct why *why)
{
    char text[MULTIBASE_TEXT_MAX];
    struct peer_id id;
    snprintf(text, sizeof text, "%.*s", (int)word.n, (const char *)word.p);
    if (word.n >= sizeof text || peer_id_parse(&id, text, why) != OK)
        return false;
    buf_put(out, id.bytes, id.len);
    return true;
}

static bool put_hash(struct buf *out, struct cur word)
{
    uint8_t bytes[MULTIBASE_BYTES_MAX];
    size_t n;
    if (multibase_decode((const char *)word.p, word.n, bytes, sizeof bytes, &n, NULL) != OK)
        return false;
    buf_put(out, bytes, n);
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 section 2.1.  A plus is a plus: only forms of HTML mean a space by it. */
static bool put_unescaped(struct buf *out, struct cur word)
{
    while (word.n > 0) {
        uint8_t c = cur_u8(&word);
        if (c == '%') {
            struct cur pair = cur_take(&word, 2);
            int high = pair.bad ? -1 : hex_digit(pair.p[0]);
            int low = pair.bad ? -1 : hex_digit(pair.p[1]);
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
        }
        buf_u8(out, c);
    }
    return true;
}

/* The value that the text after the name says; whether it makes one, multiaddr_decode() asks. */
static bool put_value(struct buf *out, const struct ma_proto *p, struct cur *text, struct why *why)
{
    struct cur word = {0};
    if (p->value == MA_PATH) { /* the rest of the address, with the slash that was passed over */
        buf_u8(out, '/');
        word = cur_take(text, text->n);
    } else if (p->value != MA_NOTHING) {
        word = take_word(text);
    }
    switch (p->value) {
    case MA_NOTHING:
        return true;
    case MA_V4:
        return put_ip(out, word, AF_INET, 4);
    case MA_V6:
        return put_ip(out, word, AF_INET6, 16);
    case MA_NUMBER:
        return put_number(out, word, p->size);
    case MA_NAME:
    case MA_PATH:
        buf_put(out, word.p, word.n);
        return true;
    case MA_PEER:
        return put_peer(out, word, why);
    case MA_HASH:
        return put_hash(out, word);
    case MA_ESCAPED:
        return put_unescaped(out, word);
    }
    return false;
}

static enum err put_part(struct buf *out, struct cur *text, struct why *why)
{
    struct buf value = {0};
    struct cur name = take_word(text);
    const struct ma_proto *p = ma_proto_of_name(name.p, name.n);
    if (!p)
        return why_set(why, name.n > 0 ? ERR_UNSUPPORTED : ERR_INVALID,
                       "no protocol that we know is called \"%.*s\"",
                       (int)(name.n < 40 ? name.n : 40), (const char *)name.p);
    why_set(why, ERR_INVALID, "what follows is no value of it");
    bool good = put_value(&value, p, text, why);
    if (good) {
        buf_uvarint(out, p->code);
        if (p->size == MA_SIZED)
            buf_uvarint(out, buf_len(&value));
        buf_put(out, buf_bytes(&value), buf_len(&value));
    }
    buf_done(&value);
    return good ? OK : why_in(why, ERR_INVALID, "/%s", p->name);
}

enum err multiaddr_parse(struct multiaddr *out, const char *text, struct why *why)
{
    size_t n = strlen(text);
    enum err code = OK;
    struct buf bytes = {0};
    out->len = 0;
    if (n >= MULTIADDR_TEXT)
        return why_set(why, ERR_LIMIT, "address of %zu letters, at most %u", n,
                       (unsigned)MULTIADDR_TEXT - 1);
    while (n > 0 && text[n - 1] == '/')
        n--;
    struct cur at = cur_of(text, n);
    if (cur_u8(&at) != '/')
        return why_set(why, ERR_INVALID, "\"%.80s\" is not an address: /ip4/192.0.2.1/tcp/4001",
                       text);
    while (code == OK && at.n > 0)
        code = put_part(&bytes, &at, why);
    if (code == OK)
        code = multiaddr_decode(out, buf_cur(&bytes), why);
    buf_done(&bytes);
    return code == OK ? OK : why_in(why, code, "\"%.80s\"", text);
}

/* --- writing --------------------------------------------------------------------------------- */

/* All but RFC 3986's unreserved characters (section 2.3), so that nobody reads it otherwise: to
 * go-multiaddr a bare plus is a space. */
static void write_escaped(struct buf *out, struct cur value)
{
    static const char hex[] = "0123456789ABCDEF";
    while (value.n > 0) {
        uint8_t c = cur_u8(&value);
        bool bare = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    (c != 0 && strchr("-_.~", c));
        if (!bare) {
            buf_u8(out, '%');
            buf_u8(out, (uint8_t)hex[c >> 4]);
            c = (uint8_t)hex[c & 15];
        }
        buf_u8(out, c);
    }
}

static void write_ip(struct buf *out, struct cur value, int family)
{
    char text[INET6_ADDRSTRLEN];
    buf_str(out, inet_ntop(family, value.p, text, sizeof text));
}

static void write_hash(struct buf *out, struct cur value)
{
    char text[MULTIBASE_TEXT_MAX];
    if (!multibase_encode('u', value.p, value.n, text, sizeof text))
        abort(); /* ma_proto_check() saw to its length */
    buf_str(out, text);
}

static void write_peer(struct buf *out, struct cur value)
{
    struct peer_id id;
    char text[PEER_ID_FORMAT];
    if (peer_id_decode(&id, value, NULL) == OK)
        buf_str(out, peer_id_format(&id, text));
}

static void write_value(struct buf *out, const struct ma_proto *p, struct cur value)
{
    switch (p->value) {
    case MA_NOTHING:
        break;
    case MA_V4:
        write_ip(out, value, AF_INET);
        break;
    case MA_V6:
        write_ip(out, value, AF_INET6);
        break;
    case MA_NUMBER:
        buf_printf(out, "%llu", (unsigned long long)cur_be(&value, p->size));
        break;
    case MA_NAME:
    case MA_PATH:
        buf_put(out, value.p, value.n);
        break;
    case MA_PEER:
        write_peer(out, value);
        break;
    case MA_HASH:
        write_hash(out, value);
        break;
    case MA_ESCAPED:
        write_escaped(out, value);
        break;
    }
}

const char *multiaddr_format(const struct multiaddr *a, char text[MULTIADDR_TEXT])
{
    struct cur at = cur_of(a->bytes, a->len);
    struct multiaddr_part part;
    struct buf b = {0};
    while (multiaddr_next(&at, &part)) {
        const struct ma_proto *p = ma_proto_of_code(part.code);
        buf_printf(&b, "/%s", p->name);
        if (p->value != MA_NOTHING && p->value != MA_PATH) /* a path brings its own */
            buf_u8(&b, '/');
        write_value(&b, p, part.value);
    }
    snprintf(text, MULTIADDR_TEXT, "%.*s", (int)buf_len(&b), (const char *)buf_bytes(&b));
    buf_done(&b);
    return text;
}
