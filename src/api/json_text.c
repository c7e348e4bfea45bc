#include "api/json_text.h"

#include <string.h>

enum { DIGITS_MAX = 20 };
#define REAL_WHOLE_MAX 1e15 /* below it all whole numbers are exact, and short */

static int append(const char *text, size_t n, void *arg)
{
    buf_put(arg, text, n);
    return 0;
}

static void put_any(struct buf *b, const json_t *j)
{
    json_dump_callback(j, append, b, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void put_integer(struct buf *b, json_int_t v)
{
    char text[1 + DIGITS_MAX], *p = text + sizeof text;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0)
        *--p = '-';
    buf_put(b, p, (size_t)(text + sizeof text - p));
}

static void put_real(struct buf *b, const json_t *j)
{
    double v = json_real_value(j);
    if (v > -REAL_WHOLE_MAX && v < REAL_WHOLE_MAX && v == (double)(json_int_t)v) {
        put_integer(b, (json_int_t)v);
        buf_str(b, ".0");
    } else {
        put_any(b, j);
    }
}

/* RFC 8259 section 7: what must be escaped. */
static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
            return false;
    return true;
}

static void put_string(struct buf *b, const json_t *j)
{
    const char *s = json_string_value(j);
    size_t n = json_string_length(j);
    if (!is_plain(s, n)) {
        put_any(b, j);
        return;
    }
    uint8_t *at = buf_room(b, n + 2);
    at[0] = at[n + 1] = '"';
    memcpy(at + 1, s, n);
    buf_grew(b, n + 2);
}

void json_text_put(struct buf *b, const json_t *j)
{
    if (!j) {
        buf_str(b, "null");
        return;
    }
    switch (json_typeof(j)) {
    case JSON_INTEGER:
        put_integer(b, json_integer_value(j));
        break;
    case JSON_REAL:
        put_real(b, j);
        break;
    case JSON_STRING:
        put_string(b, j);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        put_any(b, j);
        break;
    }
}

void json_text_name(struct buf *b, bool first, const char *name)
{
    json_t *j = json_string(name);
    if (!first)
        buf_u8(b, ',');
    json_text_put(b, j);
    buf_u8(b, ':');
    json_decref(j);
}
