#include "host/find/mdns_msg.h"

#include <string.h>
#include <strings.h>

enum {
    TYPE_PTR = 12,
    TYPE_TXT = 16,
    TYPE_ANY = 255,
    CLASS_IN = 1,
    FLUSH = 0x8000,          /* the only one of its name; in questions: answer me alone */
    FLAGS_RESPONSE = 0x8400, /* QR and AA */
    TXT_MAX = 255,           /* bytes of one string */
};

/* Names as on the wire, in lower case: each label behind its length. */
static const char service[] = "\4_p2p\4_udp\5local";
static const char all_services[] = "\11_services\7_dns-sd\4_udp\5local";
static const char key[] = "dnsaddr=";

struct name {
    size_t n;
    uint8_t bytes[MDNS_NAME_MAX];
};

/* --- reading -------------------------------------------------------------------------------- */

static bool add_label(struct name *name, struct cur label)
{
    if (label.bad || name->n + 1 + label.n > sizeof name->bytes)
        return false;
    name->bytes[name->n++] = (uint8_t)label.n;
    while (label.n > 0) {
        uint8_t c = cur_u8(&label);
        name->bytes[name->n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    return true;
}

/* RFC 1035 section 4.1.4.  A pointer goes to before where the labels that it ends began, so that
 * none is followed twice. */
static bool read_labels(struct cur *c, struct cur whole, struct name *out)
{
    struct cur at = *c;
    size_t start = whole.n - at.n;
    unsigned jumps = 0;
    for (uint8_t n = 1; n > 0;) {
        n = cur_u8(&at);
        if (n >> 6 == 3) {
            size_t to = (size_t)(n & 0x3f) << 8 | cur_u8(&at);
            if (jumps++ == 0)
                *c = at;
            if (at.bad || to >= start || jumps > MDNS_JUMPS_MAX)
                return false;
            start = to;
            at = whole;
            cur_take(&at, to);
            continue;
        }
        if (at.bad || n >> 6 != 0 || !add_label(out, cur_take(&at, n)))
            return false;
    }
    if (jumps == 0)
        *c = at;
    return true;
}

static void read_name(struct cur *c, struct cur whole, struct name *out)
{
    out->n = 0;
    if (c->bad || !read_labels(c, whole, out))
        *c = (struct cur){NULL, 0, true};
}

static bool is(const struct name *name, const char *wire, size_t n)
{
    return name->n == n && memcmp(name->bytes, wire, n) == 0;
}

/* The label before the service's name. */
static bool is_peer(const struct name *name, struct cur *label)
{
    struct cur c = cur_of(name->bytes, name->n);
    *label = cur_take(&c, cur_u8(&c));
    return !c.bad && label->n > 0 && c.n == sizeof service &&
           memcmp(c.p, service, sizeof service) == 0;
}

static void read_question(struct cur *c, struct cur whole, struct mdns_msg *out)
{
    struct name name;
    struct cur label;
    read_name(c, whole, &name);
    uint16_t type = cur_be16(c);
    uint16_t class = cur_be16(c) & (uint16_t)~FLUSH;
    if (c->bad || out->response || (class != CLASS_IN && class != TYPE_ANY))
        return;
    if (type == TYPE_PTR || type == TYPE_ANY) {
        out->who |= is(&name, service, sizeof service);
        out->services |= is(&name, all_services, sizeof all_services);
    }
    if ((type == TYPE_TXT || type == TYPE_ANY) && is_peer(&name, &label)) {
        memcpy(out->about, label.p, label.n);
        out->about[label.n] = '\0';
    }
}

/* Addresses that we cannot use, or that do not say who, are not ours to complain of. */
static void read_string(struct cur string, struct mdns_msg *out)
{
    char text[TXT_MAX + 1];
    struct multiaddr_route route;
    struct cur head = cur_take(&string, sizeof key - 1);
    if (head.bad || strncasecmp((const char *)head.p, key, head.n) != 0 || string.n == 0 ||
        memchr(string.p, '\0', string.n) || out->count == MDNS_FOUND_MAX)
        return;
    memcpy(text, string.p, string.n);
    text[string.n] = '\0';
    struct mdns_found *f = &out->found[out->count];
    if (multiaddr_parse(&f->addr, text, NULL) != OK ||
        multiaddr_route(&f->addr, &route, NULL) != OK || route.relayed || route.peer.len == 0)
        return;
    multiaddr_drop_peer(&f->addr);
    f->peer = route.peer;
    out->count++;
}

static void read_record(struct cur *c, struct cur whole, struct mdns_msg *out)
{
    struct name name;
    struct cur label;
    read_name(c, whole, &name);
    uint16_t type = cur_be16(c);
    uint16_t class = cur_be16(c) & (uint16_t)~FLUSH;
    uint32_t ttl = cur_be32(c);
    struct cur data = cur_take(c, cur_be16(c));
    /* RFC 6762 section 10.1: no time to live says that it goes */
    if (c->bad || !out->response || type != TYPE_TXT || class != CLASS_IN || ttl == 0 ||
        !is_peer(&name, &label))
        return;
    while (data.n > 0) {
        struct cur string = cur_take(&data, cur_u8(&data));
        read_string(string, out);
    }
}

enum err mdns_read(struct cur packet, struct mdns_msg *out, struct why *why)
{
    struct cur c = packet;
    *out = (struct mdns_msg){.response = false};
    cur_be16(&c); /* its number: of no use here (RFC 6762 section 18.1) */
    uint16_t flags = cur_be16(&c);
    unsigned questions = cur_be16(&c), records = cur_be16(&c);
    records += cur_be16(&c);
    records += cur_be16(&c);
    if (c.bad)
        return why_set(why, ERR_INVALID, "a DNS message of %zu bytes", packet.n);
    if (flags & 0x780f)
        return why_set(why, ERR_UNSUPPORTED, "a DNS message with flags %04x", (unsigned)flags);
    out->response = flags >> 15;
    for (unsigned left = MDNS_RECORDS_MAX; left > 0 && questions + records > 0 && !c.bad; left--) {
        if (questions > 0) {
            questions--;
            read_question(&c, packet, out);
        } else {
            records--;
            read_record(&c, packet, out);
        }
    }
    return c.bad ? why_set(why, ERR_INVALID, "a DNS message cut short, or names in a ring") : OK;
}

/* --- writing -------------------------------------------------------------------------------- */

static void put_head(struct buf *out, unsigned flags, unsigned questions, unsigned answers,
                     unsigned additional)
{
    const unsigned words[] = {0, flags, questions, answers, 0, additional};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        buf_be16(out, (uint16_t)words[i]);
}

/* All of a record but its data. */
static void put_record(struct buf *out, unsigned type, unsigned class, size_t len)
{
    buf_be16(out, (uint16_t)type);
    buf_be16(out, (uint16_t) class);
    buf_be32(out, MDNS_TTL_S);
    buf_be16(out, (uint16_t)len);
}

void mdns_put_query(struct buf *out)
{
    put_head(out, 0, 1, 0, 0);
    buf_put(out, service, sizeof service);
    buf_be16(out, TYPE_PTR);
    buf_be16(out, CLASS_IN);
}

void mdns_put_services(struct buf *out)
{
    put_head(out, FLAGS_RESPONSE, 0, 1, 0);
    buf_put(out, all_services, sizeof all_services);
    put_record(out, TYPE_PTR, CLASS_IN, sizeof service);
    buf_put(out, service, sizeof service);
}

static void put_name(struct buf *out, const char *label)
{
    buf_u8(out, (uint8_t)strlen(label));
    buf_str(out, label);
    buf_put(out, service, sizeof service);
}

/* One string, where it has room. */
static bool put_address(struct buf *out, const struct peer_id *peer, const struct multiaddr *addr,
                        size_t room)
{
    struct multiaddr whole = *addr;
    char text[MULTIADDR_TEXT];
    if (multiaddr_add_peer(&whole, peer) != OK)
        return false;
    size_t n = sizeof key - 1 + strlen(multiaddr_format(&whole, text));
    if (n > TXT_MAX || 1 + n > room)
        return false;
    buf_u8(out, (uint8_t)n);
    buf_str(out, key);
    buf_str(out, text);
    return true;
}

size_t mdns_put_answer(struct buf *out, const char *name, const struct peer_id *peer,
                       const struct multiaddr *addrs, size_t n)
{
    struct buf strings = {0};
    size_t name_len = 1 + strlen(name) + sizeof service, put = 0;
    put_head(out, FLAGS_RESPONSE, 0, 1, 1);
    buf_put(out, service, sizeof service);
    put_record(out, TYPE_PTR, CLASS_IN, name_len);
    put_name(out, name);
    put_name(out, name);
    for (size_t i = 0; i < n; i++)
        put += put_address(&strings, peer, &addrs[i],
                           MDNS_ANSWER_MAX - 10 - buf_len(out) - buf_len(&strings));
    put_record(out, TYPE_TXT, CLASS_IN | FLUSH, buf_len(&strings));
    buf_put(out, buf_bytes(&strings), buf_len(&strings));
    buf_done(&strings);
    return put;
}
