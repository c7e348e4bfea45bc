#include "daemon/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A system call filter may forbid capset(2); who has nothing to drop does not need it. */
static bool drop_capabilities(void)
{
    capng_clear(CAPNG_SELECT_BOTH);
    /* The bounding set cannot be changed by who has no CAP_SETPCAP, and does not matter to him. */
    if (capng_apply(geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0)
        return true;
    return capng_get_caps_process() == 0 &&
           capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE;
}

void confine(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        fprintf(stderr, "warning: core dumps stay on: %s\n", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fprintf(stderr, "warning: new privileges stay possible: %s\n", strerror(errno));
    if (!drop_capabilities())
        fprintf(stderr, "warning: capabilities could not be dropped\n");
    if (geteuid() == 0)
        fprintf(stderr, "warning: running as root, without its capabilities; a user of its own is "
                        "better\n");
}
