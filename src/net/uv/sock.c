#include "net/uv/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

void sock_flag(int fd, int level, int option)
{
    int on = 1;
    setsockopt(fd, level, option, &on, sizeof on);
}

int sock_open(const struct addr *family_of, int type)
{
    if (family_of->family == ADDR_NONE) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int family = family_of->family == ADDR_V6 ? AF_INET6 : AF_INET;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && family == AF_INET6)
        sock_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
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
