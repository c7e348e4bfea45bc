#include "files/magnet.h"

#include "base/mem.h"
#include "crypto/base32.h"
#include "crypto/hex.h"
#include "files/text.h"

#include <string.h>

/* What is being read, and what was seen of topics that we do not speak. */
struct reading {
    struct magnet *m;
    bool have_v1, have_v2;
};

/* The bytes up to the next `end`, which is eaten. */
static struct cur up_to(struct cur *c, uint8_t end)
{
    struct cur look = *c;
    size_t n = 0;
    while (look.n > 0 && cur_u8(&look) != end)
        n++;
    struct cur head = cur_take(c, n);
    if (c->n > 0)
        cur_u8(c);
    return head;
}

/* The key, or the key with a number ("tr.1"), which allows for repeating it. */
static bool is_key(struct cur key, const char *name)
{
    struct cur head = cur_take(&key, strlen(name));
    if (head.n == 0 || memcmp(head.p, name, head.n) != 0)
        return false;
    if (key.n == 0)
        return true;
    bool digits = cur_u8(&key) == '.' && key.n > 0;
    while (key.n > 0) {
        uint8_t c = cur_u8(&key);
        digits = digits && c >= '0' && c <= '9';
    }
    return digits;
}

/* BEP 9: 40 hex digits, or "32 character base32" as older links have it. */
static bool read_hash(struct cur text, uint8_t out[SHA1_LEN])
{
    const char *s = (const char *)text.p;
    return hex_decode(s, text.n, out, SHA1_LEN) ||
           (text.n == 32 && base32_decode(s, text.n, out, SHA1_LEN));
}

/* Of several topics the first of v1 counts. */
static enum err read_topic(struct reading *r, struct cur topic, struct why *why)
{
    static const char v1[] = "urn:btih:", v2[] = "urn:btmh:";
    if (text_has_scheme(topic, v2))
        r->have_v2 = true;
    if (!text_has_scheme(topic, v1) || r->have_v1)
        return OK;
    cur_take(&topic, sizeof v1 - 1);
    if (!read_hash(topic, r->m->infohash))
        return why_set(why, ERR_INVALID,
                       "magnet link: an infohash has 40 hex digits or 32 of "
                       "base32, not %zu",
                       topic.n);
    r->have_v1 = true;
    return OK;
}

/* A URL or address; what cannot be one, and what is more than we keep, is passed over. */
static void keep(char **list, size_t *n, size_t most, struct cur text)
{
    if (*n < most && text_is_url(text))
        list[(*n)++] = mem_strndup((const char *)text.p, text.n);
}

static void read_name(struct magnet *m, struct cur text)
{
    struct buf b = {0};
    if (m->name || text.n == 0)
        return;
    text_clean(&b, text);
    m->name = buf_take_str(&b);
}

static enum err read_param(struct reading *r, struct cur param, struct why *why)
{
    struct magnet *m = r->m;
    struct cur key = up_to(&param, '=');
    struct buf plain = {0};
    enum err err = OK;
    text_put_unescaped(&plain, param, is_key(key, "dn")); /* forms write a space as "+" */
    struct cur value = buf_cur(&plain);
    if (is_key(key, "xt"))
        err = read_topic(r, value, why);
    else if (is_key(key, "dn"))
        read_name(m, value);
    else if (is_key(key, "tr"))
        keep(m->trackers, &m->tracker_count, MAGNET_TRACKERS_MAX, value);
    else if (is_key(key, "x.pe"))
        keep(m->peers, &m->peer_count, MAGNET_PEERS_MAX, value);
    buf_done(&plain);
    return err;
}

static enum err read_link(struct reading *r, struct cur link, struct why *why)
{
    static const char scheme[] = "magnet:?";
    if (link.n > MAGNET_MAX)
        return why_set(why, ERR_LIMIT, "magnet link of %zu bytes, at most %d are taken", link.n,
                       MAGNET_MAX);
    if (!text_has_scheme(link, scheme))
        return why_set(why, ERR_INVALID, "not a magnet link: it does not begin with \"%s\"",
                       scheme);
    cur_take(&link, sizeof scheme - 1);
    while (link.n > 0) {
        enum err err = read_param(r, up_to(&link, '&'), why);
        if (err != OK)
            return err;
    }
    if (!r->have_v1 && r->have_v2)
        return why_set(why, ERR_INVALID,
                       "magnet link of BitTorrent v2 only, which is not read yet");
    if (!r->have_v1)
        return why_set(why, ERR_INVALID, "magnet link without a BitTorrent infohash");
    return OK;
}

struct magnet *magnet_parse(const char *link, struct why *why)
{
    struct reading r = {.m = MEM_NEW(struct magnet)};
    if (read_link(&r, cur_of(link, strlen(link)), why) == OK)
        return r.m;
    magnet_free(r.m);
    return NULL;
}

void magnet_free(struct magnet *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->tracker_count; i++)
        free(m->trackers[i]);
    for (size_t i = 0; i < m->peer_count; i++)
        free(m->peers[i]);
    free(m->name);
    free(m);
}

void magnet_write(struct buf *out, const uint8_t infohash[SHA1_LEN], const char *name,
                  const char *const *trackers, size_t n)
{
    char hex[2 * SHA1_LEN + 1];
    buf_printf(out, "magnet:?xt=urn:btih:%s", hex_encode(infohash, SHA1_LEN, hex));
    if (name && name[0] != '\0') {
        buf_str(out, "&dn=");
        text_put_escaped(out, name, strlen(name));
    }
    for (size_t i = 0; i < n; i++) {
        buf_str(out, "&tr=");
        text_put_escaped(out, trackers[i], strlen(trackers[i]));
    }
}
