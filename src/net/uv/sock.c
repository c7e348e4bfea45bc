#include "net/uv/sock.h"

#include "net/uv/turn.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void sock_flag(int fd, int level, int option)
{
    int on = 1;
    setsockopt(fd, level, option, &on, sizeof on);
}

/* Since Linux 5.7 without a privilege, for a socket that is not bound to one yet. */
static bool bind_interface(int fd, const char *name)
{
    return !name[0] ||
           setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1) == 0;
}

int sock_open(const struct loop *loop, const struct addr *family_of, int type)
{
    if (family_of->family == ADDR_NONE) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int family = family_of->family == ADDR_V6 ? AF_INET6 : AF_INET;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && family == AF_INET6)
        sock_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (fd >= 0 && !bind_interface(fd, loop->interface)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int sock_bind(int fd, const struct addr *at)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(at, &ss);
    return bind(fd, (struct sockaddr *)&ss, len);
}

int sock_connect(int fd, const struct addr *to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    return connect(fd, (struct sockaddr *)&ss, len);
}

int sock_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

struct addr sock_name(int fd)
{
    struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof ss;
    getsockname(fd, (struct sockaddr *)&ss, &len);
    return addr_of_sockaddr((struct sockaddr *)&ss);
}

void loop_set_interface(struct loop *loop, const char *name)
{
    size_t n = strnlen(name, sizeof loop->interface - 1);
    memcpy(loop->interface, name, n);
    loop->interface[n] = '\0';
}

uint32_t loop_interface(const struct loop *loop)
{
    return loop->interface[0] ? if_nametoindex(loop->interface) : LOOP_ANY_INTERFACE;
}

void loop_set_proxy(struct loop *loop, const struct socks *proxy)
{
    loop->proxy = proxy;
}

const struct socks *loop_proxy(const struct loop *loop)
{
    return loop->proxy;
}
