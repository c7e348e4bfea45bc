#include "net/udp.h"

#include "base/mem.h"
#include "net/uv/sock.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BATCH = 16,            /* packets in one system call */
    BATCHES_PER_TURN = 4,  /* a flood leaves time for the other sockets */
    ROOM = 65536,          /* for one packet; the pages are touched only by large ones */
    KERNEL_ROOM = 1 << 20, /* bytes asked for on each side, as far as the system grants it */
};

struct udp {
    struct loop *loop;
    struct watch watch;
    int fd; /* -1: closed */
    struct addr at;
    udp_cb *cb;
    void *arg;
};

static void release(void *arg)
{
    free(arg);
}

/* One batch; returns how many packets came. */
static int receive(struct udp *u)
{
    struct sockaddr_in6 from[BATCH];
    struct iovec part[BATCH];
    struct mmsghdr msgs[BATCH] = {0};
    uint8_t *room = u->loop->packets;
    for (int i = 0; i < BATCH; i++) {
        part[i] = (struct iovec){room + (size_t)i * ROOM, ROOM};
        msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                          .msg_namelen = sizeof from[i],
                                          .msg_iov = &part[i],
                                          .msg_iovlen = 1};
    }
    int n = recvmmsg(u->fd, msgs, BATCH, 0, NULL);
    for (int i = 0; i < n && u->fd >= 0; i++) {
        struct addr a = addr_of_sockaddr((struct sockaddr *)&from[i]);
        turn_note(u->loop, "udp", u->cb);
        u->cb(u->arg, &a, room + (size_t)i * ROOM, msgs[i].msg_len);
    }
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

/* 0, or an errno. */
static int begin(struct udp *u)
{
    u->fd = sock_open(&u->at, SOCK_DGRAM);
    if (u->fd < 0 || sock_bind(u->fd, &u->at) != 0)
        return errno;
    ask_for_room(u->fd);
    u->at = sock_name(u->fd);
    return watch_open(&u->watch, u->loop, u->fd, on_ready, u);
}

struct udp *udp_open(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
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

struct addr udp_addr(const struct udp *u)
{
    return u->at;
}

void udp_send(struct udp *u, const struct addr *to, const void *bytes, size_t n)
{
    struct sockaddr_storage ss;
    if (to->family != u->at.family)
        return; /* unreachable from here: lost on the way, as the header allows */
    socklen_t len = addr_to_sockaddr(to, &ss);
    /* Linux tells the ICMP error of an earlier packet here and does not send this one. */
    for (int tries = 0; tries < 2; tries++)
        if (sendto(u->fd, bytes, n, MSG_NOSIGNAL, (struct sockaddr *)&ss, len) >= 0 ||
            errno == EAGAIN)
            return;
}

void udp_close(struct udp *u)
{
    if (!u)
        return;
    watch_close(&u->watch, u->loop, release, u);
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
}
