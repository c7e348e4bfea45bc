#include "files/web/web_url.h"

#include "files/meta/renames.h"
#include "files/meta/text.h"

#include <inttypes.h>
#include <string.h>

static size_t tail_of(const char *base)
{
    return strcspn(base, "?#");
}

/* The parts of a path, escaped, with the slashes between them. */
static void put_path(struct buf *out, const char *path)
{
    for (;;) {
        size_t n = strcspn(path, "/");
        text_put_escaped(out, path, n);
        if (path[n] == '\0')
            return;
        buf_u8(out, '/');
        path += n + 1;
    }
}

/* A query stays behind the path. */
void web_url_put(struct buf *out, const char *base, const struct metainfo *mi, size_t file)
{
    size_t n = tail_of(base);
    bool folder = n > 0 && base[n - 1] == '/';
    buf_put(out, base, n);
    if (mi->multi && !folder)
        buf_u8(out, '/');
    if (mi->multi || folder)
        put_path(out, renames_first_path(mi, file)); /* our names are ours alone */
    buf_put(out, base + n, strcspn(base + n, "#"));
}

void web_url_put_piece(struct buf *out, const char *base, const struct metainfo *mi, uint32_t piece,
                       uint64_t at, uint64_t len)
{
    uint64_t whole = metainfo_piece_len(mi, piece);
    buf_str(out, base);
    buf_str(out, strchr(base, '?') ? "&info_hash=" : "?info_hash=");
    text_put_escaped(out, mi->hash.v1, SHA1_LEN);
    buf_printf(out, "&piece=%" PRIu32, piece);
    if (at > 0 || len < whole)
        buf_printf(out, "&ranges=%" PRIu64 "-%" PRIu64, at, at + len - 1);
}

bool web_url_is(const char *url)
{
    struct cur c = cur_of(url, strlen(url));
    return text_is_url(c) && (text_has_scheme(c, "http://") || text_has_scheme(c, "https://"));
}

bool web_url_has_query(const char *url)
{
    return url[tail_of(url)] == '?';
}

/* Digits at *text, which moves past them; false: none, or too many for 63 bits. */
static bool read_number(const char **text, uint64_t *out)
{
    uint64_t v = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (v > (INT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(*at - '0');
    }
    bool some = at != *text;
    *text = at;
    *out = v;
    return some;
}

bool web_range_read(const char *text, uint64_t *first, uint64_t *last)
{
    static const char unit[] = "bytes ";
    uint64_t total;
    if (strncmp(text, unit, sizeof unit - 1) != 0)
        return false;
    text += sizeof unit - 1;
    if (!read_number(&text, first) || *text++ != '-' || !read_number(&text, last) ||
        *text++ != '/' || *last < *first)
        return false;
    if (strcmp(text, "*") == 0)
        return true;
    return read_number(&text, &total) && *text == '\0' && *last < total;
}

uint64_t web_retry_read(const char *text, uint64_t fallback, uint64_t most)
{
    uint64_t s;
    if (!read_number(&text, &s) || *text != '\0')
        return fallback;
    return s < most ? s : most;
}
