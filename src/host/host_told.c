/* What others are told of where we are. */
#include "host/host_in.h"

size_t host_relayed(const struct host *h, struct multiaddr *out, size_t cap)
{
    size_t n = 0;
    for (; n < h->told[TOLD_RELAYED].count && n < cap; n++)
        out[n] = h->told[TOLD_RELAYED].addrs[n];
    return n;
}

static bool is_hidden(const struct host *h, const struct multiaddr *a)
{
    for (size_t i = 0; i < h->hidden.count; i++)
        if (multiaddr_equal(&h->hidden.addrs[i], a))
            return true;
    return false;
}

static size_t add_once(struct multiaddr *out, size_t n, size_t cap, const struct multiaddr *a)
{
    for (size_t i = 0; i < n; i++)
        if (multiaddr_equal(&out[i], a))
            return n;
    if (n < cap)
        out[n++] = *a;
    return n;
}

/* What others are told. */
size_t host_advertised(const struct host *h, struct multiaddr *out, size_t cap)
{
    size_t n = 0;
    for (size_t kind = 0; kind < TOLD_KINDS; kind++) /* those that strangers can use come first */
        for (size_t i = 0; i < h->told[kind].count; i++) {
            const struct multiaddr *a = &h->told[kind].addrs[i];
            if (kind == TOLD_ANNOUNCED || !is_hidden(h, a)) /* the owner knows better */
                n = add_once(out, n, cap, a);
        }
    for (size_t i = 0; i < h->own.count; i++)
        if (!is_hidden(h, &h->own.addrs[i]))
            n = add_once(out, n, cap, &h->own.addrs[i]);
    return n;
}

static bool same_addrs(const struct multiaddr *a, const struct multiaddr *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!multiaddr_equal(&a[i], &b[i]))
            return false;
    return true;
}

void host_tell_addrs(struct host *h, enum told kind, const struct multiaddr *addrs, size_t n)
{
    n = n < TOLD_MAX ? n : TOLD_MAX;
    if (h->told[kind].count == n && same_addrs(h->told[kind].addrs, addrs, n))
        return;
    for (size_t i = 0; i < n; i++)
        h->told[kind].addrs[i] = addrs[i];
    h->told[kind].count = n;
    identify_push(h);
    host_tell(h, HOST_ADDRESSES, NULL);
}

void host_hide_addrs(struct host *h, const struct multiaddr *addrs, size_t n)
{
    n = n < HIDDEN_MAX ? n : HIDDEN_MAX;
    if (h->hidden.count == n && same_addrs(h->hidden.addrs, addrs, n))
        return;
    for (size_t i = 0; i < n; i++)
        h->hidden.addrs[i] = addrs[i];
    h->hidden.count = n;
    identify_push(h);
    host_tell(h, HOST_ADDRESSES, NULL);
}
