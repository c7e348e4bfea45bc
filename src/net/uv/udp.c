#include "net/udp.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/socks.h"
#include "net/uv/sock.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BATCH = 16,            /* packets, or runs of packets, in one system call */
    BATCHES_PER_TURN = 4,  /* a flood leaves time for the other sockets */
    ROOM = 65536,          /* for one of them; the pages are touched only by large ones */
    KERNEL_ROOM = 4 << 20, /* bytes asked for on each side, as far as the system grants it */
};

struct udp {
    struct loop *loop;
    struct watch watch;
    int fd; /* -1: closed */
    struct addr at;
    udp_cb *cb;
    udp_pause_cb *pause;
    void *arg;
    struct socks_udp *via; /* NULL: directly */
    bool *gone;            /* set when the owner closes it inside his callback from via */
    bool one_by_one;       /* the kernel, or the interface, does not cut runs for us */
};

/* Room for one number beside a packet: how long its segments are. */
struct note {
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
};

static void release(void *arg)
{
    free(arg);
}

/* The kernel joins packets of one sender that came in a row (UDP_GRO) and notes how long each was;
 * without a note it is one. */
static size_t segment_of(struct msghdr *m, size_t n)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        int segment = 0;
        if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
            continue;
        memcpy(&segment, CMSG_DATA(c), sizeof segment);
        if (segment > 0)
            return (size_t)segment;
    }
    return n;
}

/* A packet, or a run of them, one by one. */
static void deliver(struct udp *u, struct msghdr *m, const uint8_t *bytes, size_t n)
{
    struct addr from = addr_of_sockaddr(m->msg_name);
    size_t segment = segment_of(m, n);
    do {
        size_t part = n < segment ? n : segment;
        turn_note(u->loop, "udp", u->cb);
        u->cb(u->arg, &from, bytes, part);
        bytes += part;
        n -= part;
    } while (n > 0 && u->fd >= 0);
}

/* One batch; returns how many came. */
static int receive(struct udp *u)
{
    struct sockaddr_in6 from[BATCH];
    struct iovec part[BATCH];
    struct note notes[BATCH];
    struct mmsghdr msgs[BATCH] = {0};
    uint8_t *room = u->loop->packets;
    for (int i = 0; i < BATCH; i++) {
        part[i] = (struct iovec){room + (size_t)i * ROOM, ROOM};
        msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                          .msg_namelen = sizeof from[i],
                                          .msg_iov = &part[i],
                                          .msg_iovlen = 1,
                                          .msg_control = &notes[i],
                                          .msg_controllen = sizeof notes[i]};
    }
    int n = recvmmsg(u->fd, msgs, BATCH, 0, NULL);
    for (int i = 0; i < n && u->fd >= 0; i++)
        deliver(u, &msgs[i].msg_hdr, room + (size_t)i * ROOM, msgs[i].msg_len);
    if (n > 0 && u->fd >= 0 && u->pause)
        u->pause(u->arg);
    return n;
}

/* WATCH_ERROR too: an unreachable peer's ICMP is no end of a socket that talks to many. */
static void on_ready(void *arg, unsigned events)
{
    struct udp *u = arg;
    if (events & WATCH_ERROR) {
        sock_error(u->fd);
        watch_add(&u->watch, WATCH_READ);
    }
    for (int i = 0; i < BATCHES_PER_TURN && u->fd >= 0 && receive(u) == BATCH; i++)
        ;
}

static void ask_for_room(int fd)
{
    int room = KERNEL_ROOM;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/* May routers cut what we send?  IP_PMTUDISC_PROBE: no, and the kernel's own idea of the path is
 * not asked either. */
static void keep_whole(const struct udp *u, bool yes)
{
    int v4 = yes ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    int v6 = yes ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
    if (u->at.family == ADDR_V6)
        setsockopt(u->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
    else
        setsockopt(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
}

/* 0, or an errno. */
static int begin(struct udp *u)
{
    u->fd = sock_open(u->loop, &u->at, SOCK_DGRAM);
    if (u->fd < 0 || sock_bind(u->fd, &u->at) != 0)
        return errno;
    ask_for_room(u->fd);
    keep_whole(u, false);
    sock_flag(u->fd, SOL_UDP, UDP_GRO);
    u->at = sock_name(u->fd);
    return watch_open(&u->watch, u->loop, u->fd, on_ready, u);
}

struct udp *udp_open_direct(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                            struct why *why)
{
    struct udp *u = MEM_NEW(struct udp);
    *u = (struct udp){.loop = loop, .at = *at, .cb = cb, .arg = arg, .fd = -1};
    int error = begin(u);
    if (error != 0) {
        char text[ADDR_TEXT];
        sys_why(why, error, "open UDP %s", addr_format(at, text));
        udp_close(u);
        return NULL;
    }
    if (!loop->packets)
        loop->packets = mem_array(BATCH, ROOM);
    watch_add(&u->watch, WATCH_READ);
    return u;
}

/* Datagrams through the loop's proxy. */
static void on_relayed(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct udp *u = arg;
    turn_note(u->loop, "udp", u->cb);
    bool gone = false;
    u->gone = &gone;
    u->cb(u->arg, from, bytes, n);
    if (!gone && u->pause)
        u->pause(u->arg);
    if (!gone)
        u->gone = NULL;
}

struct udp *udp_open(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                     struct why *why)
{
    const struct socks *proxy = loop_proxy(loop);
    if (!proxy)
        return udp_open_direct(loop, at, cb, arg, why);
    struct udp *u = MEM_NEW(struct udp);
    *u = (struct udp){.loop = loop, .at = *at, .cb = cb, .arg = arg, .fd = -1};
    u->via = socks_udp_open(loop, proxy, on_relayed, u);
    return u;
}

void udp_send_name(struct udp *u, const char *host, uint16_t port, const void *bytes, size_t n)
{
    if (u->via)
        socks_udp_send(u->via, host, &(struct addr){.port = port}, bytes, n);
}

struct addr udp_addr(const struct udp *u)
{
    return u->at;
}

void udp_send(struct udp *u, const struct addr *to, const void *bytes, size_t n)
{
    struct sockaddr_storage ss;
    if (u->via)
        socks_udp_send(u->via, NULL, to, bytes, n);
    if (to->family != u->at.family || u->via)
        return; /* unreachable from here: lost on the way, as the header allows */
    socklen_t len = addr_to_sockaddr(to, &ss);
    /* Linux tells the ICMP error of an earlier packet here and does not send this one. */
    for (int tries = 0; tries < 2; tries++)
        if (sendto(u->fd, bytes, n, MSG_NOSIGNAL, (struct sockaddr *)&ss, len) >= 0 ||
            errno == EAGAIN)
            return;
}

void udp_on_pause(struct udp *u, udp_pause_cb *cb)
{
    u->pause = cb;
}

/* All in one call, cut by the kernel.  0, or an errno. */
static int send_run(const struct udp *u, struct msghdr *m, size_t segment)
{
    struct note note = {0};
    uint16_t size = (uint16_t)segment;
    m->msg_control = &note;
    m->msg_controllen = CMSG_SPACE(sizeof size);
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(c), &size, sizeof size);
    int error = sendmsg(u->fd, m, MSG_NOSIGNAL) >= 0 ? 0 : errno;
    m->msg_control = NULL;
    m->msg_controllen = 0;
    return error;
}

/* One datagram of `segment` bytes from the front of the parts, which are moved on. */
static size_t take_parts(struct iovec **at, int *left, struct iovec *out, size_t segment)
{
    size_t n = 0;
    while (*left > 0 && segment > 0) {
        struct iovec *from = *at;
        size_t part = from->iov_len < segment ? from->iov_len : segment;
        out[n++] = (struct iovec){from->iov_base, part};
        from->iov_base = (char *)from->iov_base + part;
        from->iov_len -= part;
        segment -= part;
        if (from->iov_len == 0) {
            ++*at;
            --*left;
        }
    }
    return n;
}

/* The same without the kernel's help.  What is refused in the middle is lost on its way. */
static bool send_one_by_one(const struct udp *u, const struct msghdr *m, size_t segment)
{
    struct iovec left[UDP_SEGMENTS_MAX], parts[2 * UDP_SEGMENTS_MAX];
    struct mmsghdr msgs[UDP_SEGMENTS_MAX] = {0};
    struct iovec *at = left;
    int count = (int)m->msg_iovlen;
    unsigned n = 0;
    memcpy(left, m->msg_iov, m->msg_iovlen * sizeof left[0]);
    for (size_t used = 0; count > 0 && n < UDP_SEGMENTS_MAX; n++) {
        msgs[n].msg_hdr = *m;
        msgs[n].msg_hdr.msg_iov = &parts[used];
        msgs[n].msg_hdr.msg_iovlen = take_parts(&at, &count, &parts[used], segment);
        used += msgs[n].msg_hdr.msg_iovlen;
    }
    for (int tries = 0; tries < 2; tries++) /* see udp_send() */
        if (sendmmsg(u->fd, msgs, n, MSG_NOSIGNAL) > 0)
            return true;
    return errno != EAGAIN && errno != ENOBUFS;
}

static void relay_parts(struct udp *u, const struct addr *to, const struct iovec *iov, int count,
                        size_t segment)
{
    struct buf all = {0};
    for (int i = 0; i < count; i++)
        buf_put(&all, iov[i].iov_base, iov[i].iov_len);
    while (buf_len(&all) > 0) {
        size_t n = buf_len(&all) < segment ? buf_len(&all) : segment;
        socks_udp_send(u->via, NULL, to, buf_bytes(&all), n);
        buf_eat(&all, n);
    }
    buf_done(&all);
}

bool udp_sendv(struct udp *u, const struct addr *to, const struct iovec *iov, int count,
               size_t segment, bool whole)
{
    struct sockaddr_storage ss;
    size_t n = 0;
    bool taken = true;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    assert(count <= UDP_SEGMENTS_MAX && n <= UDP_MAX && segment > 0 &&
           n <= segment * UDP_SEGMENTS_MAX);
    if (u->via)
        relay_parts(u, to, iov, count, segment);
    if (to->family != u->at.family || u->via)
        return true; /* lost on the way, as in udp_send() */
    struct msghdr m = {.msg_name = &ss,
                       .msg_namelen = addr_to_sockaddr(to, &ss),
                       .msg_iov = (struct iovec *)(uintptr_t)iov,
                       .msg_iovlen = (size_t)count};
    if (whole)
        keep_whole(u, true);
    int error = EIO;
    for (int tries = 0; tries < 2 && n > segment && !u->one_by_one && error != 0 &&
                        error != EAGAIN && error != ENOBUFS;
         tries++) /* see udp_send() */
        error = send_run(u, &m, segment);
    if (error == EAGAIN || error == ENOBUFS)
        taken = false;
    else if (error != 0)
        taken = send_one_by_one(u, &m, segment);
    /* EINVAL and EMSGSIZE are of this path: longer segments than its packets. */
    if (n > segment && (error == EIO || error == ENOPROTOOPT || error == EOPNOTSUPP))
        u->one_by_one = true;
    if (whole)
        keep_whole(u, false);
    return taken;
}

void udp_close(struct udp *u)
{
    if (!u)
        return;
    if (u->gone)
        *u->gone = true;
    socks_udp_close(u->via);
    u->via = NULL;
    watch_close(&u->watch, u->loop, release, u);
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
}
