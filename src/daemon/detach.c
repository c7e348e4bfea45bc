#include "daemon/detach.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_BYTES_MAX = 10 * 1024 * 1024 }; /* RELIABILITY 21: 10 MB a day; kept: this one and .1 */

struct detach {
    int tell; /* the starter's pipe; -1 once he was told */
    int log;
};

static int wait_for(int from, pid_t child)
{
    unsigned char status = 1;
    ssize_t n;
    do
        n = read(from, &status, 1);
    while (n < 0 && errno == EINTR);
    close(from);
    if (n == 1)
        return status;
    int how = 0; /* it died without a word */
    waitpid(child, &how, 0);
    return WIFEXITED(how) && WEXITSTATUS(how) ? WEXITSTATUS(how) : 1;
}

enum err detach_start(struct detach **out, int *status, struct why *why)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_set(why, ERR_IO, "pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        return why_set(why, ERR_IO, "fork: %s", strerror(errno));
    *out = NULL;
    if (child > 0) {
        close(ends[1]);
        *status = wait_for(ends[0], child);
        return OK;
    }
    close(ends[0]);
    setsid();
    *out = MEM_NEW(struct detach);
    **out = (struct detach){.tell = ends[1], .log = -1};
    return OK;
}

enum err detach_log(struct detach *d, const char *path, struct why *why)
{
    struct stat st;
    if (stat(path, &st) == 0 && st.st_size > LOG_BYTES_MAX) {
        char *old = mem_printf("%s.1", path);
        if (rename(path, old) != 0)
            why_set(why, ERR_IO, "rename %s: %s", path, strerror(errno));
        free(old);
    }
    d->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (d->log < 0)
        return why_set(why, ERR_IO, "open %s: %s", path, strerror(errno));
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    return OK;
}

static void tell(struct detach *d, int status)
{
    unsigned char byte = (unsigned char)status;
    if (d->tell >= 0 && write(d->tell, &byte, 1) != 1)
        status = 1; /* he is gone; nobody to tell */
    if (d->tell >= 0)
        close(d->tell);
    d->tell = -1;
}

void detach_ready(struct detach *d)
{
    if (!d)
        return;
    dup2(d->log, STDERR_FILENO);
    close(d->log);
    d->log = -1;
    tell(d, 0);
}

void detach_failed(struct detach *d, int status)
{
    tell(d, status);
    free(d);
}
