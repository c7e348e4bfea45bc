/* shoal-tun - makes the network interface of Shoal's private network, for shoald, which may not.
 *
 * It is started by shoald with one end of a socket pair as standard input, and answers questions of
 * one size (net/tun_msg.h): an address of Shoal's prefix, for which comes the descriptor of a TUN
 * interface that has it.  It keeps no descriptor of its own, so the interface goes when shoald
 * does.  It needs CAP_NET_ADMIN, from its file ("setcap cap_net_admin+ep") or from who started it,
 * and gives up the rest before it reads a byte: other capabilities, new privileges, all files but
 * the device (Landlock), all system calls but a dozen (seccomp).
 *
 * Whoever may run it may make this one interface with an address of this one prefix, and nothing
 * more. */
#include "net/addr.h"
#include "net/tun_msg.h"

#include <arpa/inet.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MTU = 1280, PREFIX_BITS = 48, QUEUE = 256 /* packets of ours that wait for shoald */ };

/* --- giving up privileges --------------------------------------------------------------------- */

/* True where it has what it needs; without, it stays, to say what is missing. */
static bool keep_one_capability(void)
{
    bool root = geteuid() == 0;
    bool had =
        capng_get_caps_process() == 0 && capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) != 0;
    capng_clear(CAPNG_SELECT_BOTH);
    if (had)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
    return capng_apply(root ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0;
}

/* No file but the device.  A kernel without Landlock leaves it at the user's own rights. */
static void close_the_files(void)
{
    struct landlock_ruleset_attr all = {.handled_access_fs =
                                            (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    struct landlock_path_beneath_attr device = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
                                                                  LANDLOCK_ACCESS_FS_WRITE_FILE,
                                                .parent_fd = open(TUN_DEVICE, O_PATH | O_CLOEXEC)};
    if (rules < 0)
        return;
    if (device.parent_fd >= 0) {
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &device, 0);
        close(device.parent_fd);
    }
    syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
}

static bool allow_calls(scmp_filter_ctx ctx)
{
    static const int calls[] = {SCMP_SYS(recvmsg),    SCMP_SYS(sendmsg), SCMP_SYS(openat),
                                SCMP_SYS(close),      SCMP_SYS(read),    SCMP_SYS(socket),
                                SCMP_SYS(exit_group), SCMP_SYS(exit),    SCMP_SYS(rt_sigreturn)};
    static const unsigned long controls[] = {TUNSETIFF,    SIOCGIFINDEX, SIOCSIFADDR,  SIOCSIFMTU,
                                             SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFTXQLEN};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0) != 0)
            return false;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, controls[i])) != 0)
            return false;
    return seccomp_load(ctx) == 0;
}

static bool confine(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        !keep_one_capability() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    close_the_files();
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    return ctx && allow_calls(ctx); /* ctx is kept: freeing it is no call of the dozen */
}

/* --- the interface ---------------------------------------------------------------------------- */

static enum tun_step create(int device, struct ifreq *r)
{
    *r = (struct ifreq){.ifr_flags = IFF_TUN | IFF_NO_PI};
    memcpy(r->ifr_name, TUN_INTERFACE, sizeof TUN_INTERFACE);
    return ioctl(device, TUNSETIFF, r) == 0 ? TUN_DONE : TUN_CREATE;
}

/* The address with the prefix's length brings the route to all of the prefix.  Up first: the kernel
 * forgets routes of an interface that is down. */
static enum tun_step set_up(int control, struct ifreq *r, const uint8_t ip[16])
{
    struct in6_ifreq six = {.ifr6_prefixlen = PREFIX_BITS};
    memcpy(&six.ifr6_addr, ip, sizeof six.ifr6_addr);
    if (ioctl(control, SIOCGIFINDEX, r) != 0)
        return TUN_UP;
    six.ifr6_ifindex = r->ifr_ifindex;
    r->ifr_mtu = MTU;
    if (ioctl(control, SIOCSIFMTU, r) != 0)
        return TUN_UP;
    r->ifr_qlen = QUEUE;
    if (ioctl(control, SIOCSIFTXQLEN, r) != 0 || ioctl(control, SIOCGIFFLAGS, r) != 0)
        return TUN_UP;
    r->ifr_flags |= IFF_UP;
    if (ioctl(control, SIOCSIFFLAGS, r) != 0)
        return TUN_UP;
    return ioctl(control, SIOCSIFADDR, &six) == 0 ? TUN_DONE : TUN_ADDRESS;
}

/* The descriptor, or -1 and what failed in *a. */
static int make(const uint8_t ip[16], struct tun_answer *a)
{
    struct ifreq r;
    int device = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    int control = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    a->step = device < 0 ? TUN_OPEN : control < 0 ? TUN_ADDRESS : create(device, &r);
    if (a->step == TUN_DONE)
        a->step = set_up(control, &r, ip);
    a->error = a->step == TUN_DONE ? 0 : errno;
    if (control >= 0)
        close(control);
    if (a->step == TUN_DONE) {
        memcpy(a->name, TUN_INTERFACE, sizeof TUN_INTERFACE);
        return device;
    }
    if (device >= 0)
        close(device);
    return -1;
}

/* --- questions -------------------------------------------------------------------------------- */

static bool hear(struct tun_ask *ask)
{
    struct iovec iov = {ask, sizeof *ask};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;
    do
        n = recvmsg(STDIN_FILENO, &m, 0);
    while (n < 0 && errno == EINTR);
    return n == sizeof *ask && !(m.msg_flags & MSG_TRUNC) && ask->magic == TUN_MSG_MAGIC &&
           ask->version == TUN_MSG_VERSION;
}

static bool answer(const struct tun_answer *a, int fd)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec iov = {(void *)(uintptr_t)a, sizeof *a};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = room;
        m.msg_controllen = sizeof room;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(STDIN_FILENO, &m, MSG_NOSIGNAL) == sizeof *a;
}

int main(void)
{
    struct tun_ask ask;
    int type = 0;
    socklen_t len = sizeof type;
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_SEQPACKET) {
        fputs("shoal-tun is started by shoald, for `shoal connect network`\n", stderr);
        return 2;
    }
    if (!confine()) {
        fputs("shoal-tun: cannot give up its privileges\n", stderr);
        return 1;
    }
    while (hear(&ask)) {
        struct tun_answer a = {
            .magic = TUN_MSG_MAGIC, .number = ask.number, .step = TUN_ADDRESS, .error = EINVAL};
        int fd = memcmp(ask.ip, ADDR_OVERLAY_PREFIX, 6) == 0 ? make(ask.ip, &a) : -1;
        bool sent = answer(&a, fd);
        if (fd >= 0)
            close(fd);
        if (!sent)
            break;
    }
    _exit(0); /* exit() would make calls that are forbidden now */
}
