/* JSON text as JavaScript reads it.
 *
 * A library would do, were it not for what must come out byte for byte: halves of pairs that stand
 * alone become U+FFFD, keys may hold a NUL, a number that is too large is infinite and not an
 * error.  RFC 8259's grammar, and nothing beside it. */
#include "ydoc/any.h"

#include "base/utf8.h"
#include "ydoc/lib0.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 1024 /* characters of one number */

struct reader {
    struct cur in;
    size_t n; /* of the whole text */
    struct why *why;
};

static enum err wrong(const struct reader *r, const char *what)
{
    return why_set(r->why, ERR_INVALID, "not JSON at byte %zu: %s", r->n - r->in.n, what);
}

/* The next character, not taken; 0 at the end. */
static uint8_t peek(const struct reader *r)
{
    return r->in.n > 0 ? *r->in.p : 0;
}

static bool take(struct reader *r, char c)
{
    if (r->in.n == 0 || peek(r) != (uint8_t)c)
        return false;
    cur_u8(&r->in);
    return true;
}

static void skip_space(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
        cur_u8(&r->in);
}

/* ---- strings ---- */

static bool read_hex4(struct reader *r, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = cur_u8(&r->in);
        if (c >= '0' && c <= '9')
            *code = *code << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            *code = *code << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    return true;
}

static void put_char(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_be16(out, (uint16_t)(0xc080 | (c & 0x7c0) << 2 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_u8(out, (uint8_t)(0xe0 | c >> 12));
        buf_be16(out, (uint16_t)(0x8080 | (c & 0xfc0) << 2 | (c & 0x3f)));
    } else {
        buf_be16(out, (uint16_t)(0xf080 | c >> 18 << 8 | (c >> 12 & 0x3f)));
        buf_be16(out, (uint16_t)(0x8080 | (c & 0xfc0) << 2 | (c & 0x3f)));
    }
}

/* Behind "\u". */
static bool read_unicode(struct reader *r, struct buf *out)
{
    uint32_t c, low;
    if (!read_hex4(r, &c))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        struct reader ahead = *r;
        if (take(&ahead, '\\') && take(&ahead, 'u') && read_hex4(&ahead, &low) && low >= 0xdc00 &&
            low < 0xe000) {
            r->in = ahead.in;
            put_char(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return true;
        }
    }
    put_char(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return true;
}

/* A string literal, as a text with its length in front. */
static enum err read_string(struct reader *r, struct buf *out)
{
    static const char escape[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    struct buf text = {0};
    enum err e = OK;
    if (!take(r, '"'))
        return wrong(r, "a string was expected");
    while (e == OK && !take(r, '"')) {
        uint8_t c = cur_u8(&r->in);
        const char *known;
        if (r->in.bad || c < 0x20)
            e = wrong(r, "a string without end, or with a control character");
        else if (c != '\\')
            buf_u8(&text, c);
        else if ((c = cur_u8(&r->in)) != 0 && (known = strchr(escape, c)))
            buf_u8(&text, (uint8_t)means[known - escape]);
        else if (c != 'u' || !read_unicode(r, &text))
            e = wrong(r, "no such escape");
    }
    if (e == OK)
        lib0_put_bytes(out, buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    return e;
}

/* ---- numbers ---- */

static size_t take_digits(struct reader *r, struct buf *text)
{
    size_t n = 0;
    for (; peek(r) >= '0' && peek(r) <= '9'; n++)
        buf_u8(text, cur_u8(&r->in));
    return n;
}

static bool copy_sign(struct reader *r, struct buf *text, char sign)
{
    bool there = take(r, sign);
    if (there)
        buf_u8(text, (uint8_t)sign);
    return there;
}

static enum err read_number(struct reader *r, struct buf *out)
{
    struct buf text = {0};
    copy_sign(r, &text, '-');
    bool zero = peek(r) == '0';
    size_t n = take_digits(r, &text);
    bool good = n == 1 || (n > 1 && !zero);
    if (good && copy_sign(r, &text, '.'))
        good = take_digits(r, &text) > 0;
    if (good && (peek(r) | 0x20) == 'e') {
        buf_u8(&text, cur_u8(&r->in));
        if (!copy_sign(r, &text, '-'))
            copy_sign(r, &text, '+');
        good = take_digits(r, &text) > 0;
    }
    good = good && buf_len(&text) <= NUMBER_MAX;
    buf_u8(&text, 0);
    if (good)
        any_put_number(out, strtod((const char *)buf_bytes(&text), NULL));
    buf_done(&text);
    return good ? OK : wrong(r, "no number");
}

/* ---- values ---- */

static enum err read_value(struct reader *r, struct buf *out, unsigned depth);

/* Behind the bracket.  The count stands before what is counted: the parts go elsewhere first. */
static enum err read_many(struct reader *r, enum any_kind kind, struct buf *out, unsigned depth)
{
    char end = kind == ANY_OBJECT ? '}' : ']';
    struct buf parts = {0};
    uint64_t n = 0;
    enum err e = OK;
    if (depth >= ANY_DEPTH_MAX)
        return why_set(r->why, ERR_LIMIT, "values nested deeper than %d", ANY_DEPTH_MAX);
    skip_space(r);
    for (bool more = !take(r, end); e == OK && more; n++) {
        skip_space(r);
        if (kind == ANY_OBJECT) {
            e = read_string(r, &parts);
            skip_space(r);
            if (e == OK && !take(r, ':'))
                e = wrong(r, "a colon was expected");
        }
        if (e == OK)
            e = read_value(r, &parts, depth + 1);
        skip_space(r);
        more = e == OK && take(r, ',');
        if (e == OK && !more && !take(r, end))
            e = wrong(r, "a comma or the end was expected");
    }
    any_put_head(out, kind, n);
    buf_put(out, buf_bytes(&parts), buf_len(&parts));
    buf_done(&parts);
    return e;
}

static bool take_word(struct reader *r, const char *word, enum any_kind kind, struct buf *out)
{
    size_t n = strlen(word);
    if (r->in.n < n || memcmp(r->in.p, word, n) != 0)
        return false;
    cur_take(&r->in, n);
    buf_u8(out, (uint8_t)kind);
    return true;
}

static enum err read_value(struct reader *r, struct buf *out, unsigned depth)
{
    skip_space(r);
    if (peek(r) == '"') {
        buf_u8(out, ANY_STRING);
        return read_string(r, out);
    }
    if (take(r, '{'))
        return read_many(r, ANY_OBJECT, out, depth);
    if (take(r, '['))
        return read_many(r, ANY_ARRAY, out, depth);
    if (take_word(r, "true", ANY_TRUE, out) || take_word(r, "false", ANY_FALSE, out) ||
        take_word(r, "null", ANY_NULL, out))
        return OK;
    return read_number(r, out);
}

enum err any_from_json(const void *text, size_t n, struct buf *out, struct why *why)
{
    struct reader r = {cur_of(text, n), n, why};
    struct buf raw = {0};
    if (!utf8_valid(text, n))
        return why_set(why, ERR_INVALID, "not JSON: not UTF-8");
    enum err e = read_value(&r, &raw, 0);
    skip_space(&r);
    if (e == OK && r.in.n > 0)
        e = wrong(&r, "something stands behind the value");
    if (e == OK) { /* once more, for the order of keys */
        struct cur c = buf_cur(&raw);
        e = any_copy(&c, out, why);
    }
    buf_done(&raw);
    return e;
}
