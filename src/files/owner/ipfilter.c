#include "files/owner/ipfilter.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { LEVEL_ALLOWS = 128, FIRST_ROOM = 1024 };

/* Both ends are in it. */
struct range4 {
    uint32_t first, last;
};

struct range6 {
    uint8_t first[16], last[16];
};

struct ipfilter {
    struct range4 *v4;
    struct range6 *v6;
    size_t n4, n6, room4, room6;
    size_t skipped, first_skipped;
};

/* Text */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct cur trim(struct cur c)
{
    while (c.n > 0 && is_blank(c.p[0]))
        cur_take(&c, 1);
    size_t n = c.n;
    while (n > 0 && is_blank(c.p[n - 1]))
        n--;
    return cur_take(&c, n);
}

/* What stands before the first `sep`, which is dropped; all of it when there is none. */
static struct cur until(struct cur *c, char sep)
{
    const uint8_t *at = c->n > 0 ? memchr(c->p, sep, c->n) : NULL;
    struct cur head = cur_take(c, at ? (size_t)(at - c->p) : c->n);
    cur_take(c, at ? 1 : 0);
    return head;
}

static bool has(struct cur c, char what)
{
    return c.n > 0 && memchr(c.p, what, c.n);
}

/* A decimal number up to `max`, leading zeros allowed, and what follows it. */
static bool number(struct cur *c, unsigned max, unsigned *out)
{
    unsigned v = 0;
    size_t digits = 0;
    for (; c->n > 0 && c->p[0] >= '0' && c->p[0] <= '9' && digits < 8; digits++)
        v = v * 10 + (cur_u8(c) - (unsigned)'0');
    *out = v;
    return digits > 0 && v <= max;
}

/* DAT writes 001.002.003.004, which inet_pton() refuses. */
static bool ip4(struct cur c, uint32_t *out)
{
    uint32_t v = 0;
    c = trim(c);
    for (int i = 0; i < 4; i++) {
        unsigned part;
        if ((i > 0 && cur_u8(&c) != '.') || c.bad || !number(&c, 255, &part))
            return false;
        v = v << 8 | part;
    }
    *out = v;
    return cur_done(&c);
}

static bool ip6(struct cur c, uint8_t out[16])
{
    char text[ADDR_TEXT];
    struct addr a;
    c = trim(c);
    if (c.n + 5 > sizeof text || !has(c, ':'))
        return false;
    snprintf(text, sizeof text, "[%.*s]:1", (int)c.n, (const char *)c.p);
    if (addr_parse(&a, text, NULL) || a.family != ADDR_V6)
        return false;
    memcpy(out, a.ip, 16);
    return true;
}

/* Ranges */

/* A range whose ends are the wrong way round is not one. */
static bool put4(struct ipfilter *f, uint32_t first, uint32_t last)
{
    if (first > last)
        return false;
    if (f->n4 == f->room4) {
        f->room4 = f->room4 ? 2 * f->room4 : FIRST_ROOM;
        f->v4 = mem_realloc(f->v4, f->room4 * sizeof *f->v4);
    }
    f->v4[f->n4++] = (struct range4){first, last};
    return true;
}

static bool put6(struct ipfilter *f, const uint8_t first[16], const uint8_t last[16])
{
    if (memcmp(first, last, 16) > 0)
        return false;
    if (f->n6 == f->room6) {
        f->room6 = f->room6 ? 2 * f->room6 : FIRST_ROOM;
        f->v6 = mem_realloc(f->v6, f->room6 * sizeof *f->v6);
    }
    struct range6 *r = &f->v6[f->n6++];
    memcpy(r->first, first, 16);
    memcpy(r->last, last, 16);
    return true;
}

/* "A/bits". */
static bool read_prefix(struct ipfilter *f, struct cur line)
{
    uint32_t v4;
    uint8_t first[16], last[16];
    unsigned bits;
    struct cur ip = until(&line, '/'), rest = trim(line);
    bool is4 = ip4(ip, &v4);
    if (!number(&rest, is4 ? 32 : 128, &bits) || rest.n > 0)
        return false;
    if (is4) {
        uint32_t host = bits == 0 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << (32 - bits)) - 1);
        return put4(f, v4 & ~host, v4 | host);
    }
    if (!ip6(ip, first))
        return false;
    memcpy(last, first, 16);
    for (unsigned i = bits; i < 128; i++) {
        first[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
        last[i / 8] |= (uint8_t)(0x80u >> (i % 8));
    }
    return put6(f, first, last);
}

/* "A-B" or "A". */
static bool read_ends(struct ipfilter *f, struct cur text)
{
    uint32_t first4, last4;
    uint8_t first6[16], last6[16];
    bool single = !has(text, '-');
    struct cur a = until(&text, '-'), b = single ? a : text;
    if (ip4(a, &first4))
        return ip4(b, &last4) && put4(f, first4, last4);
    return ip6(a, first6) && ip6(b, last6) && put6(f, first6, last6);
}

/* "A - B , level , name"; true also for a level that allows, which is no range of ours. */
static bool read_dat(struct ipfilter *f, struct cur line)
{
    unsigned level;
    struct cur ends = until(&line, ','), text = until(&line, ',');
    text = trim(text);
    if (!number(&text, 999, &level) || text.n > 0)
        return false;
    return level >= LEVEL_ALLOWS || read_ends(f, ends);
}

/* "name:A-B"; the name may hold anything, so the ends are what follows the last ':'. */
static bool read_p2p(struct ipfilter *f, struct cur line)
{
    size_t n = line.n;
    while (n > 0 && line.p[n - 1] != ':')
        n--;
    cur_take(&line, n);
    return n > 0 && has(line, '-') && read_ends(f, line);
}

static bool is_comment(struct cur line)
{
    return line.n == 0 || line.p[0] == '#' || line.p[0] == ';' ||
           (line.n > 1 && memcmp(line.p, "//", 2) == 0);
}

static bool read_line(struct ipfilter *f, struct cur line)
{
    if (line.n > IPFILTER_LINE_MAX)
        return false;
    if (has(line, ',') && read_dat(f, line))
        return true;
    if (has(line, '/') && read_prefix(f, line))
        return true;
    return read_ends(f, line) || read_p2p(f, line);
}

/* Sorting */

static int by_first4(const void *x, const void *y)
{
    const struct range4 *a = x, *b = y;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int by_first6(const void *x, const void *y)
{
    return memcmp(x, y, 16);
}

static void merge4(struct ipfilter *f)
{
    size_t kept = 0;
    if (f->n4 > 0)
        qsort(f->v4, f->n4, sizeof *f->v4, by_first4);
    for (size_t i = 0; i < f->n4; i++) {
        struct range4 *last = kept > 0 ? &f->v4[kept - 1] : NULL;
        if (!last || (uint64_t)f->v4[i].first > (uint64_t)last->last + 1)
            f->v4[kept++] = f->v4[i];
        else if (f->v4[i].last > last->last)
            last->last = f->v4[i].last;
    }
    f->n4 = kept;
    f->v4 = mem_realloc(f->v4, kept > 0 ? kept * sizeof *f->v4 : 1);
}

static void merge6(struct ipfilter *f)
{
    size_t kept = 0;
    if (f->n6 > 0)
        qsort(f->v6, f->n6, sizeof *f->v6, by_first6);
    for (size_t i = 0; i < f->n6; i++) {
        struct range6 *last = kept > 0 ? &f->v6[kept - 1] : NULL;
        if (!last || memcmp(f->v6[i].first, last->last, 16) > 0)
            f->v6[kept++] = f->v6[i];
        else if (memcmp(f->v6[i].last, last->last, 16) > 0)
            memcpy(last->last, f->v6[i].last, 16);
    }
    f->n6 = kept;
    f->v6 = mem_realloc(f->v6, kept > 0 ? kept * sizeof *f->v6 : 1);
}

struct ipfilter *ipfilter_parse(struct cur text, struct why *why)
{
    struct ipfilter *f = MEM_NEW(struct ipfilter);
    enum err err = OK;
    if (text.n > IPFILTER_TEXT_MAX)
        err = why_set(why, ERR_LIMIT, "a list of %zu bytes, at most %d are read", text.n,
                      IPFILTER_TEXT_MAX);
    if (err == OK && text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        cur_take(&text, 3); /* a byte order mark */
    for (size_t number = 1; err == OK && text.n > 0; number++) {
        struct cur line = trim(until(&text, '\n'));
        if (!is_comment(line) && !read_line(f, line) && f->skipped++ == 0)
            f->first_skipped = number;
        if (f->n4 + f->n6 > IPFILTER_RANGES_MAX)
            err = why_set(why, ERR_LIMIT, "more than %d ranges", IPFILTER_RANGES_MAX);
    }
    if (err == OK && f->n4 + f->n6 == 0 && f->skipped > 0)
        err = why_set(why, ERR_INVALID, "no line of it is a range of addresses");
    if (err != OK) {
        ipfilter_free(f);
        return NULL;
    }
    merge4(f);
    merge6(f);
    return f;
}

void ipfilter_free(struct ipfilter *f)
{
    if (!f)
        return;
    free(f->v4);
    free(f->v6);
    free(f);
}

static bool has4(const struct ipfilter *f, uint32_t ip)
{
    size_t low = 0;
    for (size_t high = f->n4; low < high;) { /* how many begin at or before ip */
        size_t middle = low + (high - low) / 2;
        if (f->v4[middle].first <= ip)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && ip <= f->v4[low - 1].last;
}

static bool has6(const struct ipfilter *f, const uint8_t ip[16])
{
    size_t low = 0;
    for (size_t high = f->n6; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(f->v6[middle].first, ip, 16) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && memcmp(ip, f->v6[low - 1].last, 16) <= 0;
}

bool ipfilter_has(const struct ipfilter *f, const struct addr *a)
{
    if (!f || a->family == ADDR_NONE)
        return false;
    struct cur ip = cur_of(a->ip, sizeof a->ip);
    return a->family == ADDR_V4 ? has4(f, cur_be32(&ip)) : has6(f, a->ip);
}

size_t ipfilter_count(const struct ipfilter *f)
{
    return f ? f->n4 + f->n6 : 0;
}

size_t ipfilter_skipped(const struct ipfilter *f, size_t *first)
{
    *first = f->first_skipped;
    return f->skipped;
}
