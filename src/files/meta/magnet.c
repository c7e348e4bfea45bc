#include "files/meta/magnet.h"

#include "base/mem.h"
#include "crypto/base32.h"
#include "crypto/hex.h"
#include "files/meta/text.h"

#include <string.h>

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

static enum err read_v1(struct magnet *m, struct cur text, struct why *why)
{
    if (!read_hash(text, m->hash.v1))
        return why_set(why, ERR_INVALID,
                       "magnet link: an infohash has 40 hex digits or 32 of "
                       "base32, not %zu",
                       text.n);
    m->hash.has_v1 = true;
    return OK;
}

/* BEP 52 names it by a multihash: 0x12 is SHA-256, 0x20 its length.  Others are passed over, as a
 * link may have more than one name. */
static void read_v2(struct magnet *m, struct cur text)
{
    uint8_t bytes[2 + SHA256_LEN];
    if (!hex_decode((const char *)text.p, text.n, bytes, sizeof bytes) || bytes[0] != 0x12 ||
        bytes[1] != SHA256_LEN)
        return;
    memcpy(m->hash.v2, bytes + 2, SHA256_LEN);
    m->hash.has_v2 = true;
}

/* Of several topics of one kind the first counts. */
static enum err read_topic(struct magnet *m, struct cur topic, struct why *why)
{
    static const char v1[] = "urn:btih:", v2[] = "urn:btmh:";
    bool is_v1 = text_has_scheme(topic, v1), is_v2 = text_has_scheme(topic, v2);
    if ((!is_v1 || m->hash.has_v1) && (!is_v2 || m->hash.has_v2))
        return OK;
    cur_take(&topic, sizeof v1 - 1);
    if (is_v1)
        return read_v1(m, topic, why);
    read_v2(m, topic);
    return OK;
}

/* BEP 46: "xs=urn:btpk:[ Public Key (Hex) ]". */
static enum err read_source(struct magnet *m, struct cur source, struct why *why)
{
    static const char key[] = "urn:btpk:";
    if (!text_has_scheme(source, key) || m->has_key) /* xs may be other things too */
        return OK;
    cur_take(&source, sizeof key - 1);
    m->has_key = hex_decode((const char *)source.p, source.n, m->key, sizeof m->key);
    if (!m->has_key)
        return why_set(why, ERR_INVALID, "magnet link: a public key has 64 hex digits, not %zu",
                       source.n);
    return OK;
}

static enum err read_salt(struct magnet *m, struct cur salt, struct why *why)
{
    m->salt_len = salt.n / 2;
    if (salt.n > 2 * sizeof m->salt ||
        !hex_decode((const char *)salt.p, salt.n, m->salt, m->salt_len))
        return why_set(why, ERR_INVALID, "magnet link: a salt is up to %d bytes in hex",
                       MAGNET_SALT_MAX);
    return OK;
}

/* --- which files (BEP 53) ------------------------------------------------------------------- */

static bool read_number(struct cur *c, uint32_t *out)
{
    uint64_t n = 0;
    size_t digits = 0;
    for (; c->n > 0 && *c->p >= '0' && *c->p <= '9' && digits < 10; digits++)
        n = n * 10 + (cur_u8(c) - '0');
    *out = (uint32_t)n;
    return digits > 0 && n <= UINT32_MAX;
}

/* "6" or "6-8"; what is neither is passed over. */
static bool read_range(struct cur text, struct magnet_range *out)
{
    if (!read_number(&text, &out->first))
        return false;
    out->last = out->first;
    if (text.n > 0 && (cur_u8(&text) != '-' || !read_number(&text, &out->last)))
        return false;
    return cur_done(&text) && out->first <= out->last;
}

static int by_first(const void *a, const void *b)
{
    uint32_t x = ((const struct magnet_range *)a)->first;
    uint32_t y = ((const struct magnet_range *)b)->first;
    return (x > y) - (x < y);
}

/* Rising; what overlaps or touches becomes one. */
static void tidy_only(struct magnet *m)
{
    size_t n = 0;
    if (m->only_count > 0)
        qsort(m->only, m->only_count, sizeof *m->only, by_first);
    for (size_t i = 0; i < m->only_count; i++) {
        struct magnet_range *last = n > 0 ? &m->only[n - 1] : NULL;
        if (!last || (m->only[i].first > last->last && m->only[i].first - last->last > 1))
            m->only[n++] = m->only[i];
        else if (m->only[i].last > last->last)
            last->last = m->only[i].last;
    }
    m->only_count = n;
}

static void read_only(struct magnet *m, struct cur text)
{
    while (text.n > 0) {
        struct magnet_range range;
        if (!read_range(up_to(&text, ','), &range))
            continue;
        m->only = mem_realloc(m->only, (m->only_count + 1) * sizeof *m->only);
        m->only[m->only_count++] = range;
    }
    tidy_only(m);
}

/* --- the rest ------------------------------------------------------------------------------- */

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

static void keep_web_seed(struct magnet *m, struct cur url)
{
    if (text_has_scheme(url, "http://") || text_has_scheme(url, "https://"))
        keep(m->web_seeds, &m->web_seed_count, MAGNET_WEB_SEEDS_MAX, url);
}

static enum err read_param(struct magnet *m, struct cur param, struct why *why)
{
    struct cur key = up_to(&param, '=');
    struct buf plain = {0};
    enum err err = OK;
    text_put_unescaped(&plain, param, is_key(key, "dn")); /* forms write a space as "+" */
    struct cur value = buf_cur(&plain);
    if (is_key(key, "xt"))
        err = read_topic(m, value, why);
    else if (is_key(key, "xs"))
        err = read_source(m, value, why);
    else if (is_key(key, "s"))
        err = read_salt(m, value, why);
    else if (is_key(key, "so"))
        read_only(m, value);
    else if (is_key(key, "dn"))
        read_name(m, value);
    else if (is_key(key, "tr"))
        keep(m->trackers, &m->tracker_count, MAGNET_TRACKERS_MAX, value);
    else if (is_key(key, "x.pe"))
        keep(m->peers, &m->peer_count, MAGNET_PEERS_MAX, value);
    else if (is_key(key, "ws"))
        keep_web_seed(m, value);
    buf_done(&plain);
    return err;
}

static enum err read_link(struct magnet *m, struct cur link, struct why *why)
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
        enum err err = read_param(m, up_to(&link, '&'), why);
        if (err != OK)
            return err;
    }
    const uint8_t *id = infohash_id(&m->hash);
    if (id)
        memcpy(m->infohash, id, sizeof m->infohash);
    else if (!m->has_key)
        return why_set(why, ERR_INVALID, "magnet link without a BitTorrent infohash");
    return OK;
}

struct magnet *magnet_parse(const char *link, struct why *why)
{
    struct magnet *m = MEM_NEW(struct magnet);
    if (read_link(m, cur_of(link, strlen(link)), why) == OK)
        return m;
    magnet_free(m);
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
    for (size_t i = 0; i < m->web_seed_count; i++)
        free(m->web_seeds[i]);
    free(m->only);
    free(m->name);
    free(m);
}

void magnet_write(struct buf *out, const struct infohash *hash, const char *name,
                  const char *const *trackers, size_t n)
{
    char hex[2 * SHA256_LEN + 1];
    buf_str(out, "magnet:?");
    if (hash->has_v1)
        buf_printf(out, "xt=urn:btih:%s", hex_encode(hash->v1, SHA1_LEN, hex));
    if (hash->has_v2)
        buf_printf(out, "%sxt=urn:btmh:1220%s", hash->has_v1 ? "&" : "",
                   hex_encode(hash->v2, SHA256_LEN, hex));
    if (name && name[0] != '\0') {
        buf_str(out, "&dn=");
        text_put_escaped(out, name, strlen(name));
    }
    for (size_t i = 0; i < n; i++) {
        buf_str(out, "&tr=");
        text_put_escaped(out, trackers[i], strlen(trackers[i]));
    }
}
