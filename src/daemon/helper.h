/* daemon/helper.h - the helper shoal-tun, where it is installed (net/uv/tun_helper.h). */
#ifndef SHOAL_DAEMON_HELPER_H
#define SHOAL_DAEMON_HELPER_H

#include <limits.h>

struct helper {
    int fd; /* -1: there is none */
    char path[PATH_MAX];
};

/* Looked for beside this program and in ../libexec/shoal; before confine(), after which nothing
 * that is started gets a privilege. */
void helper_start(struct helper *h);

#endif
