#include "net/service.h"

#include "base/test.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket without a file, of a name that the kernel makes up; *said is what is told there. */
static ssize_t told_there(char *said, size_t room)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t len = sizeof at;
    char name[sizeof at.sun_path + 1] = "@";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at.sun_family), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    memcpy(name + 1, at.sun_path + 1, len - offsetof(struct sockaddr_un, sun_path) - 1);
    setenv("NOTIFY_SOCKET", name, 1);
    service_tell("READY=1");
    ssize_t n = recv(fd, said, room, 0);
    close(fd);
    return n;
}

static void who_started_us_hears_that_we_are_ready(void **state)
{
    (void)state;
    char said[32] = "";
    assert_int_equal(told_there(said, sizeof said), 7);
    assert_memory_equal(said, "READY=1", 7);
}

static void names_that_cannot_be_a_socket_are_nobody(void **state)
{
    (void)state;
    char longer[200];
    memset(longer, 'a', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    const char *const names[] = {"", "@", "relative", "/nobody/is/there", longer};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        service_tell("READY=1");
    }
    unsetenv("NOTIFY_SOCKET");
    service_tell("READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_started_us_hears_that_we_are_ready),
        cmocka_unit_test(names_that_cannot_be_a_socket_are_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
