/* shoald - the node as a daemon: a thin main around node/node.h. */
#include "base/mem.h"
#include "base/text.h"
#include "daemon/confine.h"
#include "daemon/detach.h"
#include "daemon/helper.h"
#include "daemon/settle.h"
#include "net/service.h"
#include "node/backup.h"
#include "node/identity.h"
#include "node/node.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SET_MAX = 256 };

/* CLI.md: 2 wrong usage, 4 refused, 7 the state does not allow it, 1 the rest. */
static int exit_code(enum err code)
{
    switch (code) {
    case OK:
        return 0;
    case ERR_STATE:
        return 7;
    case ERR_DENIED:
        return 4;
    case ERR_NOT_FOUND:
        return 3;
    case ERR_FULL:
        return 8;
    case ERR_INVALID:
    case ERR_LIMIT:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_UNSUPPORTED:
        break;
    }
    return 1;
}

static const char usage_text[] =
    "Examples:\n"
    "  shoald --foreground\n"
    "  shoald --home /srv/shoal --set files.listen=0.0.0.0:51413\n"
    "\n"
    "usage: shoald [--home DIR] [--foreground] [--set section.key=value]...\n"
    "  --home DIR         keep everything under DIR (default: SHOAL_HOME, else the XDG folders)\n"
    "  --foreground       stay in the terminal and log to it; otherwise return when it is ready\n"
    "  --set KEY=VALUE    a setting for this run; `shoal config ls` lists them\n"
    "  --show-phrase      print the recovery phrase of this home's identity, and end\n"
    "  --restore-phrase   read a recovery phrase from standard input, make it this home's\n"
    "                     identity, and end\n"
    "  --backup FILE      write identity, settings and the list of what is shared to FILE, and "
    "end\n"
    "  --backup-check FILE, --backup-restore FILE\n"
    "                     read a backup through; unpack it into an empty home\n"
    "  --version, --help\n";

struct options {
    const char *home;
    const char *set[SET_MAX];
    size_t set_count;
    bool foreground;
    int instead; /* of serving: 'p' show phrase, 'r' restore phrase, 'b' 'c' 'u' backups; 0: serve
                  */
    const char *file;
};

/* Returns -1 to go on, else the exit status. */
static int parse(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"home", required_argument, NULL, 'H'},
                                          {"foreground", no_argument, NULL, 'f'},
                                          {"set", required_argument, NULL, 's'},
                                          {"show-phrase", no_argument, NULL, 'p'},
                                          {"restore-phrase", no_argument, NULL, 'r'},
                                          {"backup", required_argument, NULL, 'b'},
                                          {"backup-check", required_argument, NULL, 'c'},
                                          {"backup-restore", required_argument, NULL, 'u'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c == 'H') {
            o->home = optarg;
        } else if (c == 'f') {
            o->foreground = true;
        } else if (strchr("prbcu", c)) {
            o->instead = c;
            o->file = optarg;
        } else if (c == 's' && o->set_count < SET_MAX) {
            o->set[o->set_count++] = optarg;
        } else if (c == 'V') {
            puts("shoald " SHOAL_VERSION);
            return 0;
        } else if (c == 'h') {
            fputs(usage_text, stdout);
            return 0;
        } else {
            fputs("next: shoald --help\n", stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "error: shoald takes no argument: %s\nnext: shoald --help\n", argv[optind]);
        return 2;
    }
    return -1;
}

/* One line an event, for the terminal, the log file or the journal (which has clocks of its own).
 */
static void to_stderr(void *arg, enum log_level level, int64_t wall_us, const char *line)
{
    const bool *journal = arg;
    bool timed = !*journal && wall_us != 0;
    fprintf(stderr, "%s%s%s %s\n", timed ? text_rfc3339(wall_us).s : "", timed ? " " : "",
            log_level_name(level), line);
}

static int fail(const struct why *why)
{
    fprintf(stderr, "error: the node does not start: %s\n", why->text);
    return exit_code(why->code);
}

static int serve(const struct options *o, const struct helper *helper, struct detach *detach)
{
    bool journal = getenv("JOURNAL_STREAM") != NULL;
    struct node_cfg cfg = {.home = o->home,
                           .home_given = o->home != NULL,
                           .set = o->set,
                           .set_count = o->set_count,
                           .signals = true,
                           .sink = to_stderr,
                           .sink_arg = &journal,
                           .has_tun_helper = helper->fd >= 0,
                           .tun_helper = helper->fd,
                           .tun_helper_path = helper->path};
    struct why why;
    struct node *n = node_open(&cfg, &why);
    if (!n)
        return fail(&why);
    service_tell("READY=1");
    if (o->foreground && isatty(STDERR_FILENO))
        fprintf(stderr, "Shoal is running.  API: http://%s/   (Ctrl-C ends it)\n", node_http(n));
    detach_ready(detach);
    settle();
    node_run(n);
    service_tell("STOPPING=1");
    node_close(n);
    return 0;
}

/* What is done without a running node. */
static int instead(const struct options *o)
{
    struct why why;
    enum err code = OK;
    unsigned members = 0;
    if (o->instead == 'p')
        code = identity_show(o->home, stdout, &why);
    else if (o->instead == 'r')
        code = identity_restore(o->home, stdin, &why);
    else if (o->instead == 'b')
        code = backup_create(vfs_os(), o->home, o->file, &why);
    else if (o->instead == 'u')
        code = backup_restore(vfs_os(), o->home, o->file, &why);
    if (code == OK && strchr("bcu", o->instead) &&
        (code = backup_check(vfs_os(), o->file, &members, &why)) == OK)
        printf("%s: %u files, all whole\n", o->file, members);
    if (code != OK)
        fprintf(stderr, "error: %s\n", why.text);
    return exit_code(code);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    int status = parse(&o, argc, argv);
    if (status >= 0)
        return status;
    if (o.instead)
        return instead(&o);
    struct why why;
    struct helper helper;
    helper_start(&helper); /* before it is too late */
    confine();
    if (o.foreground)
        return serve(&o, &helper, NULL);
    struct detach *detach = NULL;
    if (detach_start(&detach, &status, &why) != OK)
        return fail(&why);
    if (!detach) /* the parent: the daemon is ready, or said why not */
        return status;
    char *log = identity_log_path(o.home);
    status = detach_log(detach, log, &why) == OK ? serve(&o, &helper, detach) : fail(&why);
    free(log);
    detach_failed(detach, status);
    return status;
}
