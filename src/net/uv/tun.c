/* net/tun.h on Linux: asked of the helper, then a descriptor like any other. */
#include "net/tun.h"

#include "base/mem.h"
#include "net/tun_msg.h"
#include "net/uv/tun_helper.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKETS_PER_TURN = 64 /* a flood leaves time for the sockets */ };
#define ANSWER_US (10 * SEC)

struct tun {
    struct loop *loop;
    struct watch asked, device;
    unsigned handles; /* of the two, that libuv still has */
    bool waiting;     /* for the helper's answer */
    int fd;           /* -1: not up */
    bool closed;
    struct timer *timer; /* the answer's deadline; or to tell what failed at once */
    struct why why;
    const struct tun_events *events;
    void *arg;
};

static void release(void *arg)
{
    struct tun *t = arg;
    if (--t->handles == 0)
        free(t);
}

/* No more events; tun_close() frees. */
static void stop(struct tun *t)
{
    timer_cancel(t->timer);
    t->timer = NULL;
    t->waiting = false;
    if (t->asked.ready)
        watch_set(&t->asked, 0);
    if (t->device.ready)
        watch_set(&t->device, 0);
}

static void fail(struct tun *t)
{
    struct why why = t->why;
    stop(t);
    turn_note(t->loop, "tun", t->events->closed);
    t->events->closed(t->arg, &why);
}

/* --- what people are told --------------------------------------------------------------------- */

static void say_no_leave(struct why *why, const char *path)
{
    why_set(why, ERR_DENIED,
            "shoal-tun may not make a network interface: give it leave with `sudo setcap "
            "cap_net_admin+ep %s` and start the node again",
            path);
}

static void say(struct why *why, const struct tun_answer *a, const char *path)
{
    const char *words = strerrordesc_np(a->error);
    bool denied = a->error == EPERM || a->error == EACCES;
    words = words ? words : "unknown error";
    switch ((enum tun_step)a->step) {
    case TUN_OPEN:
        if (denied)
            why_set(why, ERR_DENIED, TUN_DEVICE " may not be opened by this user: %s", words);
        else
            why_set(why, ERR_UNSUPPORTED,
                    "this machine has no " TUN_DEVICE " (%s): `sudo modprobe tun`, or let the "
                    "container have the device",
                    words);
        return;
    case TUN_CREATE:
        if (denied)
            say_no_leave(why, path);
        else if (a->error == EBUSY)
            why_set(why, ERR_STATE,
                    "another node of this machine has the interface " TUN_INTERFACE " already");
        else
            why_set(why, ERR_IO, "the interface " TUN_INTERFACE " cannot be made: %s", words);
        return;
    case TUN_ADDRESS:
    case TUN_UP:
        if (denied && a->step == TUN_ADDRESS)
            why_set(why, ERR_UNSUPPORTED,
                    "the interface " TUN_INTERFACE " takes no address (%s): is IPv6 switched off?",
                    words);
        else
            why_set(why, ERR_IO, "the interface " TUN_INTERFACE " cannot be set up: %s", words);
        return;
    case TUN_DONE:
        break;
    }
    why_set(why, ERR_INVALID, "shoal-tun gave an answer that is not understood");
}

/* --- packets ---------------------------------------------------------------------------------- */

/* One packet; false: there is none now. */
static bool receive(struct tun *t)
{
    uint8_t bytes[TUN_MTU + 1];
    ssize_t n = read(t->fd, bytes, sizeof bytes);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        sys_why(&t->why, errno, "the interface " TUN_INTERFACE " went away");
        fail(t);
        return false;
    }
    if (n <= 0)
        return false;
    if (n <= TUN_MTU) {
        turn_note(t->loop, "tun", t->events->packet);
        t->events->packet(t->arg, cur_of(bytes, (size_t)n));
    }
    return true;
}

static void on_device(void *arg, unsigned events)
{
    struct tun *t = arg;
    if (events & WATCH_ERROR) { /* somebody took the interface down */
        why_set(&t->why, ERR_CLOSED, "the interface " TUN_INTERFACE " went away");
        fail(t);
        return;
    }
    for (int i = 0; i < PACKETS_PER_TURN && !t->closed && t->fd >= 0 && receive(t); i++)
        ;
}

bool tun_send(struct tun *t, const void *packet, size_t n)
{
    return t->fd >= 0 && write(t->fd, packet, n) == (ssize_t)n;
}

/* --- the helper ------------------------------------------------------------------------------- */

/* What came, and its descriptor (-1: none).  False: nothing yet, or the helper is gone (errno 0).
 */
static bool hear(int helper, struct tun_answer *a, int *fd)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof *fd)];
    struct iovec iov = {a, sizeof *a};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    ssize_t n = recvmsg(helper, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *fd = -1;
    if (n <= 0) {
        errno = n == 0 ? 0 : errno;
        return false;
    }
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(c), sizeof *fd);
    if (n == sizeof *a && a->magic == TUN_MSG_MAGIC)
        return true;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    *a = (struct tun_answer){.step = UINT32_MAX};
    return true;
}

static void on_answer(void *arg, unsigned events)
{
    struct tun *t = arg;
    struct tun_answer a;
    int fd = -1;
    (void)events;
    while (t->waiting) {
        if (!hear(t->loop->tun_fd, &a, &fd)) {
            if (errno == EAGAIN || errno == EINTR)
                return;
            say_no_leave(&t->why, t->loop->tun_path); /* it ended: that is why it would */
            fail(t);
            return;
        }
        if (a.number == t->loop->tun_number)
            break;
        if (fd >= 0) /* to a question that nobody waits for any more */
            close(fd);
    }
    watch_set(&t->asked, 0);
    t->waiting = false;
    timer_cancel(t->timer);
    t->timer = NULL;
    if (fd < 0 || watch_open(&t->device, t->loop, fd, on_device, t) != 0) {
        if (fd >= 0)
            close(fd);
        say(&t->why, &a, t->loop->tun_path);
        fail(t);
        return;
    }
    t->fd = fd;
    watch_add(&t->device, WATCH_READ);
    a.name[sizeof a.name - 1] = 0;
    turn_note(t->loop, "tun", t->events->up);
    t->events->up(t->arg, a.name);
}

static void on_timer(void *arg)
{
    struct tun *t = arg;
    t->timer = NULL;
    if (t->why.code == OK)
        why_set(&t->why, ERR_TIMEOUT, "shoal-tun does not answer");
    fail(t);
}

struct tun *tun_open(struct loop *loop, const struct addr *at, const struct tun_events *events,
                     void *arg)
{
    struct tun *t = MEM_NEW(struct tun);
    *t = (struct tun){.loop = loop, .handles = 2, .fd = -1, .events = events, .arg = arg};
    struct tun_ask ask = {
        .magic = TUN_MSG_MAGIC, .version = TUN_MSG_VERSION, .number = ++loop->tun_number};
    memcpy(ask.ip, at->ip, sizeof ask.ip);
    if (loop->tun_fd < 0)
        why_set(
            &t->why, ERR_UNSUPPORTED,
            "this node was started without its helper shoal-tun, which lies beside shoald or in "
            "../libexec/shoal and makes the network interface");
    else if (send(loop->tun_fd, &ask, sizeof ask, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof ask)
        say_no_leave(&t->why, loop->tun_path);
    else if (watch_open(&t->asked, loop, loop->tun_fd, on_answer, t) != 0)
        why_set(&t->why, ERR_STATE, "the interface is being made already");
    t->waiting = t->why.code == OK;
    if (t->waiting)
        watch_add(&t->asked, WATCH_READ);
    t->timer = timer_start(loop, t->waiting ? ANSWER_US : 0, on_timer, t);
    return t;
}

void tun_close(struct tun *t)
{
    if (!t)
        return;
    stop(t);
    t->closed = true;
    watch_close(&t->asked, t->loop, release, t);
    watch_close(&t->device, t->loop, release, t);
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}
