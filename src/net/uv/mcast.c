#include "net/mcast.h"

#include "base/mem.h"
#include "net/uv/sock.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKETS_PER_TURN = 32 /* a flood leaves time for the other sockets */ };

struct mcast {
    struct loop *loop;
    struct watch watch;
    int fd; /* -1: closed */
    struct addr group;
    udp_cb *cb;
    void *arg;
};

/* Interfaces. */

static bool is_link_local6(const struct addr *a)
{
    return a->family == ADDR_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

size_t iface_list(struct loop *loop, struct iface *out, size_t cap)
{
    struct ifaddrs *all = NULL;
    size_t n = 0;
    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *i = all; i && n < cap; i = i->ifa_next) {
        bool other = loop->interface[0] && strcmp(loop->interface, i->ifa_name) != 0;
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || other)
            continue;
        struct addr a = addr_of_sockaddr(i->ifa_addr);
        if (a.family == ADDR_NONE || is_link_local6(&a) || addr_is_overlay(&a))
            continue;
        out[n] = (struct iface){.index = if_nametoindex(i->ifa_name),
                                .addr = a,
                                .loopback = (i->ifa_flags & IFF_LOOPBACK) != 0};
        snprintf(out[n].name, sizeof out[n].name, "%s", i->ifa_name);
        n++;
    }
    freeifaddrs(all);
    return n;
}

/* The socket. */

static void release(void *arg)
{
    free(arg);
}

/* One packet; false: there is none now. */
static bool receive(struct mcast *m)
{
    uint8_t bytes[MCAST_MAX + 1];
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    ssize_t n = recvfrom(m->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&ss, &len);
    if (n < 0)
        return false;
    struct addr from = addr_of_sockaddr((struct sockaddr *)&ss);
    if (n <= MCAST_MAX && !is_link_local6(&from)) {
        turn_note(m->loop, "mcast", m->cb);
        m->cb(m->arg, &from, bytes, (size_t)n);
    }
    return true;
}

static void on_ready(void *arg, unsigned events)
{
    struct mcast *m = arg;
    if (events & WATCH_ERROR) {
        sock_error(m->fd);
        watch_add(&m->watch, WATCH_READ);
    }
    for (int i = 0; i < PACKETS_PER_TURN && m->fd >= 0 && receive(m); i++)
        ;
}

/* 0, or an errno.  Bound to the group itself, so that nothing else comes in; both ways of sharing
 * the port, since either is what others use. */
static int begin(struct mcast *m)
{
    m->fd = sock_open(m->loop, &m->group, SOCK_DGRAM);
    if (m->fd < 0)
        return errno;
    sock_flag(m->fd, SOL_SOCKET, SO_REUSEADDR);
    sock_flag(m->fd, SOL_SOCKET, SO_REUSEPORT);
    if (sock_bind(m->fd, &m->group) != 0)
        return errno;
    /* Only what this socket has joined, not what any program of the machine has (ip(7)). */
    int off = 0;
    if (m->group.family == ADDR_V4)
        setsockopt(m->fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
    else
        setsockopt(m->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
    return watch_open(&m->watch, m->loop, m->fd, on_ready, m);
}

struct mcast *mcast_open(struct loop *loop, const struct addr *group, udp_cb *cb, void *arg,
                         struct why *why)
{
    struct mcast *m = MEM_NEW(struct mcast);
    *m = (struct mcast){.loop = loop, .group = *group, .cb = cb, .arg = arg, .fd = -1};
    int error = begin(m);
    if (error != 0) {
        char text[ADDR_TEXT];
        sys_why(why, error, "listen for multicast to %s", addr_format(group, text));
        mcast_close(m);
        return NULL;
    }
    watch_add(&m->watch, WATCH_READ);
    return m;
}

static int join(const struct mcast *m, unsigned index)
{
    if (m->group.family == ADDR_V6) {
        struct ipv6_mreq mreq = {.ipv6mr_interface = index};
        memcpy(&mreq.ipv6mr_multiaddr, m->group.ip, 16);
        return setsockopt(m->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq, sizeof mreq);
    }
    struct ip_mreqn mreq = {.imr_ifindex = (int)index};
    memcpy(&mreq.imr_multiaddr, m->group.ip, 4);
    return setsockopt(m->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof mreq);
}

enum err mcast_join(struct mcast *m, const struct iface *on, struct why *why)
{
    if (join(m, on->index) == 0 || errno == EADDRINUSE)
        return OK;
    return sys_why(why, errno, "hear multicast on %s", on->name);
}

/* Room for either family's packet info, aligned as the kernel wants it. */
union info {
    struct cmsghdr head;
    uint8_t room4[CMSG_SPACE(sizeof(struct in_pktinfo))];
    uint8_t room6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void put_info(struct msghdr *msg, union info *info, const struct iface *via)
{
    struct in_pktinfo p4 = {.ipi_ifindex = (int)via->index};
    struct in6_pktinfo p6 = {.ipi6_ifindex = via->index};
    bool six = via->addr.family == ADDR_V6;
    memcpy(&p4.ipi_spec_dst, via->addr.ip, 4);
    memcpy(&p6.ipi6_addr, via->addr.ip, 16);
    size_t len = six ? sizeof p6 : sizeof p4;
    msg->msg_control = info;
    msg->msg_controllen = CMSG_SPACE(len);
    struct cmsghdr *head = CMSG_FIRSTHDR(msg);
    head->cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP;
    head->cmsg_type = six ? IPV6_PKTINFO : IP_PKTINFO;
    head->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(head), six ? (void *)&p6 : (void *)&p4, len);
}

void mcast_send(struct mcast *m, const struct iface *via, const void *bytes, size_t n)
{
    struct sockaddr_storage ss;
    union info info = {0};
    struct iovec part = {(void *)(uintptr_t)bytes, n};
    struct msghdr msg = {.msg_name = &ss, .msg_iov = &part, .msg_iovlen = 1};
    if (via->addr.family != m->group.family || n > MCAST_MAX)
        return;
    msg.msg_namelen = addr_to_sockaddr(&m->group, &ss);
    put_info(&msg, &info, via);
    sendmsg(m->fd, &msg, MSG_NOSIGNAL); /* lost on the way, as the header allows */
}

void mcast_close(struct mcast *m)
{
    if (!m)
        return;
    watch_close(&m->watch, m->loop, release, m);
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
}
