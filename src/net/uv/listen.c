/* Where accepted conns come from. */
#include "base/mem.h"
#include "net/uv/sock.h"
#include "net/uv/tcp.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 512,
    ACCEPTS_PER_TURN = 32, /* a flood of connections leaves time for those that are there */
    PAUSE_US = 100 * 1000, /* without descriptors: RELIABILITY 16, "accept pauses" */
};

struct listener {
    struct loop *loop;
    struct watch watch;
    int fd; /* -1: closed */
    struct addr at;
    accept_cb *cb;
    void *arg;
    struct timer *pause;
    bool told; /* that descriptors ran out; once until one is free again */
};

static void release(void *arg)
{
    free(arg);
}

static void resume(void *arg)
{
    struct listener *l = arg;
    l->pause = NULL;
    watch_add(&l->watch, WATCH_READ);
}

/* The connection stays in the kernel's queue; asking again at once would spin. */
static void pause_accepting(struct listener *l, int error)
{
    char at[ADDR_TEXT];
    struct why why;
    if (!l->told) {
        sys_why(&why, error, "accepting at %s pauses", addr_format(&l->at, at));
        log_warn(l->loop->log, "%s", why.text);
    }
    l->told = true;
    watch_drop(&l->watch, WATCH_READ);
    if (!l->pause)
        l->pause = timer_start(l->loop, PAUSE_US, resume, l);
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct listener *l)
{
    struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof ss;
    int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l, errno);
        /* accept(2): the errors of a connection that died in the queue are passed on here; "treat
         * them like EAGAIN by retrying" */
        return errno != EAGAIN && !l->pause;
    }
    l->told = false;
    struct addr peer = addr_of_sockaddr((struct sockaddr *)&ss);
    struct conn *c = tcp_of_fd(l->loop, fd, &peer);
    if (c) {
        turn_note(l->loop, "accept", l->cb);
        l->cb(l->arg, c);
    }
    return true;
}

static void on_ready(void *arg, unsigned events)
{
    struct listener *l = arg;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && l->fd >= 0 && accept_one(l); i++)
        ;
}

/* 0, or an errno.  SO_REUSEPORT comes after listen(): another listener on this port is still
 * refused, but our own dials may come from it (tcp.c, bind_from). */
static int begin(struct listener *l)
{
    l->fd = sock_open(l->loop, &l->at, SOCK_STREAM);
    if (l->fd < 0)
        return errno;
    sock_flag(l->fd, SOL_SOCKET, SO_REUSEADDR);
    if (sock_bind(l->fd, &l->at) != 0 || listen(l->fd, BACKLOG) != 0)
        return errno;
    sock_flag(l->fd, SOL_SOCKET, SO_REUSEPORT);
    l->at = sock_name(l->fd);
    return watch_open(&l->watch, l->loop, l->fd, on_ready, l);
}

struct listener *tcp_listen(struct loop *loop, const struct addr *at, accept_cb *cb, void *arg,
                            struct why *why)
{
    struct listener *l = MEM_NEW(struct listener);
    *l = (struct listener){.loop = loop, .at = *at, .cb = cb, .arg = arg, .fd = -1};
    int error = begin(l);
    if (error != 0) {
        char text[ADDR_TEXT];
        sys_why(why, error, "listen at %s", addr_format(at, text));
        listener_close(l);
        return NULL;
    }
    watch_add(&l->watch, WATCH_READ);
    return l;
}

struct addr listener_addr(const struct listener *l)
{
    return l->at;
}

void listener_close(struct listener *l)
{
    if (!l)
        return;
    timer_cancel(l->pause);
    watch_close(&l->watch, l->loop, release, l);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
