#include "files/peer/pex_msg.h"

#include "files/meta/bencode.h"

enum { IP4_LEN = 4, IP6_LEN = 16, PORT_LEN = 2 };

/* A list of compact addresses: BEP 23's for IPv4, BEP 7's for IPv6. */
static enum err take_list(const struct ben *d, const char *key, size_t ip_len, struct cur *out,
                          struct why *why)
{
    *out = ben_str(d, key);
    if (out->n % (ip_len + PORT_LEN) != 0)
        return why_set(why, ERR_INVALID, "ut_pex: %s has %zu bytes, no multiple of %zu", key,
                       out->n, ip_len + PORT_LEN);
    return OK;
}

static struct addr take_addr(struct cur *list, size_t ip_len)
{
    struct cur ip = cur_take(list, ip_len);
    uint16_t port = cur_be16(list);
    return addr_of_bytes(ip.p, ip.n, port);
}

static enum err read_added(const struct ben *d, const char *key, const char *flags_key,
                           size_t ip_len, struct pex_msg *out, struct why *why)
{
    struct cur list;
    enum err err = take_list(d, key, ip_len, &list, why);
    struct cur flags = ben_str(d, flags_key);
    bool has_flags = flags.n == list.n / (ip_len + PORT_LEN);
    while (err == OK && list.n > 0 && out->added_count < PEX_ADDED_MAX) {
        struct pex_peer *p = &out->added[out->added_count++];
        p->addr = take_addr(&list, ip_len);
        p->flags = has_flags ? cur_u8(&flags) : 0;
    }
    return err;
}

static enum err read_dropped(const struct ben *d, const char *key, size_t ip_len,
                             struct pex_msg *out, struct why *why)
{
    struct cur list;
    enum err err = take_list(d, key, ip_len, &list, why);
    while (err == OK && list.n > 0 && out->dropped_count < PEX_DROPPED_MAX)
        out->dropped[out->dropped_count++] = take_addr(&list, ip_len);
    return err;
}

static enum err read_dict(const struct ben *d, struct pex_msg *out, struct why *why)
{
    if (d->type != BEN_DICT)
        return why_set(why, ERR_INVALID, "ut_pex: no dictionary");
    enum err err = read_added(d, "added", "added.f", IP4_LEN, out, why);
    if (err == OK)
        err = read_added(d, "added6", "added6.f", IP6_LEN, out, why);
    if (err == OK)
        err = read_dropped(d, "dropped", IP4_LEN, out, why);
    if (err == OK)
        err = read_dropped(d, "dropped6", IP6_LEN, out, why);
    return err;
}

enum err pex_read(struct cur payload, struct pex_msg *out, struct why *why)
{
    *out = (struct pex_msg){.added_count = 0};
    if (payload.n > PEX_PAYLOAD_MAX)
        return why_set(why, ERR_LIMIT, "ut_pex of %zu bytes, at most %d are taken", payload.n,
                       PEX_PAYLOAD_MAX);
    struct arena *a = arena_new();
    const struct ben *d;
    enum err err = ben_parse(a, payload, &d, why);
    if (err == OK)
        err = read_dict(d, out, why);
    arena_free(a);
    return err;
}

/* Writing */

static void put_addr(struct buf *b, const struct addr *a)
{
    buf_put(b, a->ip, a->family == ADDR_V6 ? IP6_LEN : IP4_LEN);
    buf_be16(b, a->port);
}

static void put_list(struct buf *b, const char *key, struct buf *list)
{
    ben_put_key(b, key);
    ben_put_str(b, buf_bytes(list), buf_len(list));
    buf_clear(list);
}

static void put_added(struct buf *b, const struct pex_msg *m, enum addr_family family,
                      const char *key, const char *flags_key)
{
    struct buf list = {0}, flags = {0};
    for (size_t i = 0; i < m->added_count; i++) {
        if (m->added[i].addr.family != family)
            continue;
        put_addr(&list, &m->added[i].addr);
        buf_u8(&flags, m->added[i].flags);
    }
    put_list(b, key, &list);
    put_list(b, flags_key, &flags);
    buf_done(&list);
    buf_done(&flags);
}

static void put_dropped(struct buf *b, const struct pex_msg *m, enum addr_family family,
                        const char *key)
{
    struct buf list = {0};
    for (size_t i = 0; i < m->dropped_count; i++)
        if (m->dropped[i].family == family)
            put_addr(&list, &m->dropped[i]);
    put_list(b, key, &list);
    buf_done(&list);
}

/* All six, empty or not: some programs read only messages that have "added". */
void pex_put(struct buf *b, const struct pex_msg *m)
{
    buf_u8(b, 'd');
    put_added(b, m, ADDR_V4, "added", "added.f");
    put_added(b, m, ADDR_V6, "added6", "added6.f");
    put_dropped(b, m, ADDR_V4, "dropped");
    put_dropped(b, m, ADDR_V6, "dropped6");
    buf_u8(b, 'e');
}
