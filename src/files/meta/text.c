#include "files/meta/text.h"

#include "base/utf8.h"
#include "crypto/hex.h"

#include <string.h>
#include <strings.h>

/* The next character of *text as it may be shown: its bytes, or "?".  Empty at the end. */
static struct cur next_clean(struct cur *text, bool lines)
{
    static const char mark[] = "?";
    uint32_t code = 0;
    size_t len = utf8_char(text->p, text->n, &code);
    struct cur c = cur_take(text, len > 0 || text->n == 0 ? len : 1);
    bool good = len > 0 && (utf8_harmless(code) || (lines && (code == '\n' || code == '\t')));
    return good || c.n == 0 ? c : cur_of(mark, 1);
}

void text_clean(struct buf *out, struct cur text)
{
    for (struct cur c; (c = next_clean(&text, true)).n > 0;)
        buf_put(out, c.p, c.n);
}

char *text_clean_in(struct arena *a, struct cur text)
{
    struct buf b = {0};
    text_clean(&b, text);
    char *s = arena_strndup(a, (const char *)buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    return s;
}

void text_clean_cut(char *out, size_t cap, struct cur text)
{
    size_t at = 0;
    for (struct cur c; (c = next_clean(&text, false)).n > 0; at += c.n) {
        if (c.n >= cap - at) /* its NUL wants room too */
            break;
        memcpy(out + at, c.p, c.n);
    }
    out[at] = '\0';
}

bool text_is_url(struct cur text)
{
    if (text.n == 0 || text.n > TEXT_URL_MAX)
        return false;
    while (text.n > 0) {
        uint8_t c = cur_u8(&text);
        if (c <= ' ' || c > '~')
            return false;
    }
    return true;
}

bool text_has_scheme(struct cur url, const char *scheme)
{
    struct cur head = cur_take(&url, strlen(scheme));
    return head.n > 0 && strncasecmp((const char *)head.p, scheme, head.n) == 0;
}

static bool unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~'; /* RFC 3986 section 2.3 */
}

void text_put_escaped(struct buf *out, const void *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    while (c.n > 0) {
        uint8_t b = cur_u8(&c);
        if (unreserved(b))
            buf_u8(out, b);
        else
            buf_printf(out, "%%%02X", b);
    }
}

void text_put_unescaped(struct buf *out, struct cur text, bool plus)
{
    while (text.n > 0) {
        uint8_t b = cur_u8(&text);
        struct cur after = text;
        struct cur digits = cur_take(&after, 2);
        uint8_t byte;
        if (b == '%' && hex_decode((const char *)digits.p, digits.n, &byte, 1)) {
            buf_u8(out, byte);
            text = after;
        } else {
            buf_u8(out, plus && b == '+' ? ' ' : b);
        }
    }
}
