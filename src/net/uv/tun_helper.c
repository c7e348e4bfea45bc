#include "net/uv/tun_helper.h"

#include "net/uv/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The helper is nobody's child that waits to be buried, has a session of its own (Ctrl-C is not for
 * it), and one descriptor, its standard input: who waits for the end of what shoald prints does not
 * wait for the helper. */
static _Noreturn void become(const char *path, int fd)
{
    int nothing = open("/dev/null", O_RDWR);
    if (setsid() < 0 || nothing < 0 || dup2(fd, STDIN_FILENO) < 0 ||
        dup2(nothing, STDOUT_FILENO) < 0 || dup2(nothing, STDERR_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        _exit(127);
    pid_t pid = fork();
    if (pid != 0)
        _exit(pid > 0 ? 0 : 127);
    execl(path, path, (char *)NULL);
    _exit(127);
}

int tun_helper_start(const char *path)
{
    int ends[2], status = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become(path, ends[1]);
    close(ends[1]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
        return ends[0];
    close(ends[0]);
    errno = EAGAIN;
    return -1;
}

void uv_loop_set_tun_helper(struct loop *loop, int fd, const char *path)
{
    loop->tun_fd = fd;
    loop->tun_path = path;
}
