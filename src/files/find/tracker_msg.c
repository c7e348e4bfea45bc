#include "files/find/tracker_msg.h"

#include "files/meta/bencode.h"
#include "files/meta/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* BEP 7: "&ipv6=" with the address alone is one of its forms, and the one that is used. */
static void put_ip(struct buf *out, const char *key, const struct addr *a)
{
    char text[ADDR_TEXT];
    if (a->family == ADDR_NONE)
        return;
    buf_str(out, key);
    addr_format_ip(a, text);
    text_put_escaped(out, text, strlen(text));
}

/* BEP 3 and BEP 7, in one query. */
void tracker_put_http(struct buf *out, const char *url, const struct tracker_announce *a,
                      const char *tracker_id)
{
    static const char *const event[] = {"", "&event=completed", "&event=started", "&event=stopped"};
    size_t len = strcspn(url, "#"); /* a fragment is not for the server */
    const char *query = memchr(url, '?', len);
    bool open = query && (query + 1 == url + len || url[len - 1] == '&');
    buf_put(out, url, len);
    buf_str(out, !query ? "?" : open ? "" : "&");
    buf_str(out, "info_hash=");
    text_put_escaped(out, a->infohash, SHA1_LEN);
    buf_str(out, "&peer_id=");
    text_put_escaped(out, a->peer_id, sizeof a->peer_id);
    buf_printf(out, "&port=%u&uploaded=%" PRIu64 "&downloaded=%" PRIu64 "&left=%" PRIu64,
               (unsigned)a->port, a->uploaded, a->downloaded, a->left);
    buf_printf(out, "&compact=1&numwant=%" PRIu32 "&key=%08" PRIx32 "%s", a->want, a->key,
               event[a->event]);
    put_ip(out, "&ipv4=", &a->ipv4);
    put_ip(out, "&ipv6=", &a->ipv6);
    if (tracker_id[0] != '\0') {
        buf_str(out, "&trackerid=");
        text_put_escaped(out, tracker_id, strlen(tracker_id));
    }
}

enum err tracker_put_http_scrape(struct buf *out, const char *url, const uint8_t infohash[SHA1_LEN],
                                 struct why *why)
{
    static const char announce[] = "announce", scrape[] = "scrape";
    size_t len = strcspn(url, "#"), path = strcspn(url, "?#");
    const char *slash = memrchr(url, '/', path);
    size_t front = slash ? (size_t)(slash + 1 - url) : 0;
    if (front == 0 || strncmp(url + front, announce, sizeof announce - 1) != 0)
        return why_set(why, ERR_INVALID, "this tracker cannot be asked for numbers alone");
    buf_put(out, url, front);
    buf_str(out, scrape);
    front += sizeof announce - 1;
    buf_put(out, url + front, len - front);
    buf_str(out, path < len ? "&info_hash=" : "?info_hash=");
    text_put_escaped(out, infohash, SHA1_LEN);
    return OK;
}

static uint32_t interval_within(int64_t s)
{
    if (s <= 0)
        return TRACKER_INTERVAL_DEFAULT_S;
    if (s < TRACKER_INTERVAL_MIN_S)
        return TRACKER_INTERVAL_MIN_S;
    return s > TRACKER_INTERVAL_MAX_S ? TRACKER_INTERVAL_MAX_S : (uint32_t)s;
}

/* Peers that cannot be dialled, and those past the limit, are passed over. */
static void add_peer(struct tracker_answer *out, const struct addr *peer)
{
    if (out->peer_count < TRACKER_PEERS_MAX && addr_is_dialable(peer))
        out->peers[out->peer_count++] = *peer;
}

/* BEP 23: 4 (BEP 7: 16) bytes of address and 2 of port; a broken piece at the end is left. */
static void read_compact(struct cur list, size_t ip_len, struct tracker_answer *out)
{
    while (list.n >= ip_len + 2) {
        struct cur ip = cur_take(&list, ip_len);
        uint16_t port = cur_be16(&list);
        struct addr peer = addr_of_bytes(ip.p, ip.n, port);
        add_peer(out, &peer);
    }
}

/* BEP 3's older form: {"ip": text, "port": number}.  Names instead of addresses are passed over:
 * a peer that has only a name is not worth a look-up that a stranger makes us do. */
static void read_dicts(const struct ben *list, struct tracker_answer *out)
{
    for (const struct ben *p = list->kids; p; p = p->next) {
        char text[ADDR_TEXT];
        struct cur ip = ben_str(p, "ip");
        int64_t port = ben_int(p, "port", 0);
        if (ip.n == 0 || ip.n > 45 || port < 1 || port > UINT16_MAX)
            continue;
        bool six = memchr(ip.p, ':', ip.n) != NULL;
        snprintf(text, sizeof text, six ? "[%.*s]:%u" : "%.*s:%u", (int)ip.n, (const char *)ip.p,
                 (unsigned)port);
        struct addr peer;
        if (addr_parse(&peer, text, NULL) == OK)
            add_peer(out, &peer);
    }
}

/* A count that a tracker claims; nonsense is 0. */
static uint32_t count_of(const struct ben *d, const char *key)
{
    int64_t v = ben_int(d, key, 0);
    return v >= 0 && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static void read_answer(const struct ben *d, struct tracker_answer *out)
{
    int64_t interval = ben_int(d, "interval", 0);
    int64_t least = ben_int(d, "min interval", 0);
    out->interval_s = interval_within(interval > least ? interval : least);
    out->seeders = count_of(d, "complete");
    out->leechers = count_of(d, "incomplete");
    struct cur id = ben_str(d, "tracker id");
    if (id.n > 0 && id.n < sizeof out->tracker_id && !memchr(id.p, '\0', id.n))
        memcpy(out->tracker_id, id.p, id.n);
    const struct ben *list = ben_get(d, "peers", BEN_LIST);
    if (list)
        read_dicts(list, out);
    read_compact(ben_str(d, "peers"), 4, out);
    read_compact(ben_str(d, "peers6"), 16, out);
}

/* The tracker's own words, which may be empty: then words are put into its mouth. */
static void set_failure(struct tracker_answer *out, struct cur words)
{
    text_clean_cut(out->failure, sizeof out->failure, words);
    if (out->failure[0] == '\0')
        snprintf(out->failure, sizeof out->failure, "refused without a reason");
}

/* BEP 31: minutes, or "never". */
static uint32_t retry_of(const struct ben *d)
{
    struct cur word = ben_str(d, "retry in");
    int64_t minutes = ben_int(d, "retry in", 0);
    if (word.n == 5 && memcmp(word.p, "never", 5) == 0)
        return TRACKER_RETRY_NEVER;
    if (minutes <= 0)
        return 0;
    return minutes < TRACKER_RETRY_MAX_S / 60 ? (uint32_t)minutes * 60 : TRACKER_RETRY_MAX_S;
}

static enum err read_files(const struct ben *d, const uint8_t infohash[SHA1_LEN],
                           struct tracker_answer *out, struct why *why)
{
    const struct ben *files = ben_get(d, "files", BEN_DICT);
    for (const struct ben *f = files ? files->kids : NULL; f; f = f->next) {
        if (f->key.n != SHA1_LEN || memcmp(f->key.p, infohash, SHA1_LEN) != 0)
            continue;
        out->seeders = count_of(f, "complete");
        out->leechers = count_of(f, "incomplete");
        out->downloaded = count_of(f, "downloaded");
        return OK;
    }
    return why_set(why, ERR_NOT_FOUND, "the tracker does not know this torrent");
}

enum err tracker_read_http_scrape(struct cur body, const uint8_t infohash[SHA1_LEN],
                                  struct tracker_answer *out, struct why *why)
{
    *out = (struct tracker_answer){.interval_s = TRACKER_INTERVAL_DEFAULT_S};
    if (body.n > TRACKER_ANSWER_MAX)
        return why_set(why, ERR_LIMIT, "an answer of %zu bytes, at most %d are taken", body.n,
                       TRACKER_ANSWER_MAX);
    struct arena *a = arena_new();
    const struct ben *d;
    enum err err = ben_parse_front(a, &body, &d, why);
    const struct ben *failure = err == OK ? ben_get(d, "failure reason", BEN_STR) : NULL;
    if (failure)
        set_failure(out, failure->str);
    else if (err == OK)
        err = read_files(d, infohash, out, why);
    arena_free(a);
    return err;
}

enum err tracker_read_http(struct cur body, struct tracker_answer *out, struct why *why)
{
    *out = (struct tracker_answer){.interval_s = TRACKER_INTERVAL_DEFAULT_S};
    if (body.n > TRACKER_ANSWER_MAX)
        return why_set(why, ERR_LIMIT, "an answer of %zu bytes, at most %d are taken", body.n,
                       TRACKER_ANSWER_MAX);
    struct arena *a = arena_new();
    const struct ben *d;
    enum err err = ben_parse_front(a, &body, &d, why); /* some put a line feed behind it */
    if (err == OK && d->type != BEN_DICT)
        err = why_set(why, ERR_INVALID, "the answer is no dictionary");
    const struct ben *failure = err == OK ? ben_get(d, "failure reason", BEN_STR) : NULL;
    if (failure) {
        set_failure(out, failure->str);
        out->retry_s = retry_of(d);
    } else if (err == OK) {
        read_answer(d, out);
    }
    arena_free(a);
    return err;
}

enum err tracker_split_udp(const char *url, char *host, size_t cap, uint16_t *port,
                           const char **url_data, struct why *why)
{
    static const char scheme[] = "udp://";
    char place[300]; /* a name has 253 bytes at most */
    *url_data = NULL;
    struct cur c = cur_of(url, strlen(url));
    if (!text_has_scheme(c, scheme))
        return why_set(why, ERR_INVALID, "not a %s address", scheme);
    const char *at = url + sizeof scheme - 1;
    size_t len = strcspn(at, "/?#");
    if (len >= sizeof place)
        return why_set(why, ERR_INVALID, "a host name of %zu bytes", len);
    snprintf(place, sizeof place, "%.*s", (int)len, at);
    enum err err = addr_split(place, host, cap, port, why);
    if (err == OK && *port == 0)
        return why_set(why, ERR_INVALID, "port 0");
    if (err == OK && at[len] != '\0' && at[len] != '#')
        *url_data = at + len;
    return err;
}

/* BEP 15's numbers for the first 32 bits of an answer, and of what we ask. */
enum { CONNECT = 0, ANNOUNCE = 1, SCRAPE = 2, ERROR = 3 };

void tracker_put_udp_connect(struct buf *b, uint32_t transaction)
{
    buf_be64(b, UINT64_C(0x41727101980)); /* "magic constant" */
    buf_be32(b, CONNECT);
    buf_be32(b, transaction);
}

/* BEP 41: path and query of the URL, in options of at most 255 bytes. */
static void put_url_data(struct buf *b, const char *url_data)
{
    enum { URL_DATA = 2, OPTION_MAX = 255 };
    size_t left = strcspn(url_data, "#");
    for (size_t n; left > 0; left -= n, url_data += n) {
        n = left < OPTION_MAX ? left : OPTION_MAX;
        buf_u8(b, URL_DATA);
        buf_u8(b, (uint8_t)n);
        buf_put(b, url_data, n);
    }
}

void tracker_put_udp_announce(struct buf *b, uint64_t connection, uint32_t transaction,
                              const struct tracker_announce *a, const char *url_data)
{
    buf_be64(b, connection);
    buf_be32(b, ANNOUNCE);
    buf_be32(b, transaction);
    buf_put(b, a->infohash, SHA1_LEN);
    buf_put(b, a->peer_id, sizeof a->peer_id);
    buf_be64(b, a->downloaded);
    buf_be64(b, a->left);
    buf_be64(b, a->uploaded);
    buf_be32(b, (uint32_t)a->event);
    buf_be32(b, 0); /* IP address: the one that the packet comes from */
    buf_be32(b, a->key);
    buf_be32(b, a->want);
    buf_be16(b, a->port);
    if (url_data)
        put_url_data(b, url_data);
}

void tracker_put_udp_scrape(struct buf *b, uint64_t connection, uint32_t transaction,
                            const uint8_t infohash[SHA1_LEN])
{
    buf_be64(b, connection);
    buf_be32(b, SCRAPE);
    buf_be32(b, transaction);
    buf_put(b, infohash, SHA1_LEN);
}

/* What follows action and transaction.  "Do not expect packets to be exactly of a certain size." */
static enum err read_udp_body(struct cur c, uint32_t action, bool v6,
                              struct tracker_udp_answer *out, struct why *why)
{
    struct tracker_answer *a = &out->announce;
    switch (action) {
    case CONNECT:
        out->action = TRACKER_UDP_CONNECT;
        out->connection = cur_be(&c, 8);
        break;
    case ANNOUNCE:
        out->action = TRACKER_UDP_ANNOUNCE;
        if (c.n == 0) /* opentracker, of an infohash that is not on its list */
            return why_set(why, ERR_INVALID,
                           "an empty answer: perhaps it serves other torrents only");
        a->interval_s = interval_within((int32_t)cur_be32(&c));
        a->leechers = cur_be32(&c);
        a->seeders = cur_be32(&c);
        if (!c.bad)
            read_compact(c, v6 ? 16 : 4, a);
        break;
    case SCRAPE:
        out->action = TRACKER_UDP_SCRAPE;
        a->seeders = cur_be32(&c);
        a->downloaded = cur_be32(&c);
        a->leechers = cur_be32(&c);
        break;
    case ERROR:
        out->action = TRACKER_UDP_ERROR;
        set_failure(a, c);
        break;
    default:
        return why_set(why, ERR_INVALID, "an answer of unknown action %" PRIu32, action);
    }
    return c.bad ? why_set(why, ERR_INVALID, "an answer cut short") : OK;
}

enum err tracker_read_udp(struct cur packet, uint32_t transaction, bool v6,
                          struct tracker_udp_answer *out, struct why *why)
{
    *out = (struct tracker_udp_answer){.announce = {.interval_s = TRACKER_INTERVAL_DEFAULT_S}};
    uint32_t action = cur_be32(&packet);
    uint32_t theirs = cur_be32(&packet);
    if (packet.bad || theirs != transaction)
        return why_set(why, ERR_NOT_FOUND, "a packet that answers nothing we asked");
    return read_udp_body(packet, action, v6, out, why);
}
