/* Values as JSON text.  Numbers are written as JavaScript writes them, since the text goes
 * into updates that must not differ from Yjs's by a byte. */
#include "ydoc/any.h"

#include "ydoc/lib0.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void any_json_text(struct buf *out, const void *utf8, size_t n)
{
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    const uint8_t *p = utf8;
    buf_u8(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"' || p[i] == '\\')
            buf_printf(out, "\\%c", p[i]);
        else if (p[i] >= 0x20)
            buf_u8(out, p[i]);
        else if (short_form[p[i]])
            buf_printf(out, "\\%c", short_form[p[i]]);
        else
            buf_printf(out, "\\u%04x", p[i]);
    }
    buf_u8(out, '"');
}

/* ECMA-262, Number::toString: the fewest digits that give the number back; exponents from 1e21 and
 * below 1e-6. */
static void json_number(double v, struct buf *out)
{
    char digits[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(digits, sizeof digits, "%.*e", precision, fabs(v));
        if (strtod(digits, NULL) == fabs(v))
            break;
    }
    char *mark = strchr(digits, 'e');
    int point = (int)strtol(mark + 1, NULL, 10) + 1; /* the value is 0.DIGITS times ten to this */
    *mark = '\0';
    size_t count = 1;
    for (const char *p = digits + 1; *p != '\0'; p++) /* drop the point itself */
        if (*p != '.')
            digits[count++] = *p;
    int n = (int)count;
    if (v < 0)
        buf_u8(out, '-');
    if (v == 0)
        buf_u8(out, '0');
    else if (point > 21 || point < -5)
        buf_printf(out, "%c%s%.*se%+d", digits[0], n > 1 ? "." : "", n - 1, digits + 1, point - 1);
    else if (point <= 0)
        buf_printf(out, "0.%.*s%.*s", -point, "00000", n, digits);
    else if (n <= point)
        buf_printf(out, "%.*s%.*s", n, digits, point - n, "00000000000000000000");
    else
        buf_printf(out, "%.*s.%.*s", point, digits, n - point, digits + point);
}

static void number(double v, enum any_style style, struct buf *out)
{
    if (isfinite(v))
        json_number(v, out);
    else if (style == ANY_STRINGIFY)
        buf_str(out, "null");
    else
        buf_printf(out, "{\"$num\":\"%s\"}", isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
}

/* JSON.stringify has no bytes: it writes them as an object of numbers. */
static void bytes(struct cur in, enum any_style style, struct buf *out)
{
    buf_str(out, style == ANY_TAGGED ? "{\"$bin\":\"" : "{");
    for (size_t i = 0; in.n > 0; i++)
        if (style == ANY_TAGGED)
            buf_printf(out, "%02x", cur_u8(&in));
        else
            buf_printf(out, "%s\"%zu\":%u", i ? "," : "", i, cur_u8(&in));
    buf_str(out, style == ANY_TAGGED ? "\"}" : "}");
}

static void members(struct cur *in, bool object, enum any_style style, struct buf *out)
{
    bool first = true;
    buf_u8(out, object ? '{' : '[');
    for (uint64_t n = lib0_uint(in); n > 0 && !in->bad; n--) {
        struct cur key = object ? lib0_bytes(in) : (struct cur){0};
        if (object && style == ANY_STRINGIFY && in->n > 0 && *in->p == ANY_UNDEFINED) {
            any_take(in);
            continue;
        }
        if (!first)
            buf_u8(out, ',');
        first = false;
        if (object) {
            any_json_text(out, key.p, key.n);
            buf_u8(out, ':');
        }
        any_json(in, style, out);
    }
    buf_u8(out, object ? '}' : ']');
}

void any_json(struct cur *in, enum any_style style, struct buf *out)
{
    bool tagged = style == ANY_TAGGED;
    struct cur text;
    uint8_t kind = cur_u8(in);
    switch (kind) {
    case ANY_UNDEFINED:
        buf_str(out, tagged ? "{\"$undef\":1}" : "null");
        break;
    case ANY_TRUE:
        buf_str(out, "true");
        break;
    case ANY_FALSE:
        buf_str(out, "false");
        break;
    case ANY_INTEGER: {
        struct lib0_int v = lib0_int(in);
        number(v.negative ? -(double)v.magnitude : (double)v.magnitude, style, out);
        break;
    }
    case ANY_FLOAT32: {
        uint32_t bits = cur_be32(in);
        float f;
        memcpy(&f, &bits, sizeof f);
        number((double)f, style, out);
        break;
    }
    case ANY_FLOAT64: {
        uint64_t bits = cur_be(in, 8);
        double d;
        memcpy(&d, &bits, sizeof d);
        number(d, style, out);
        break;
    }
    case ANY_BIGINT:
        buf_printf(out, tagged ? "{\"$big\":\"%lld\"}" : "%lld", (long long)cur_be(in, 8));
        break;
    case ANY_STRING:
        text = lib0_bytes(in);
        any_json_text(out, text.p, text.n);
        break;
    case ANY_BYTES:
        bytes(lib0_bytes(in), style, out);
        break;
    case ANY_ARRAY:
    case ANY_OBJECT:
        members(in, kind == ANY_OBJECT, style, out);
        break;
    default:
        buf_str(out, "null");
    }
}
