#include "node/paths.h"

#include "base/mem.h"

#include <limits.h>
#include <unistd.h>

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

/* $NAME/shoal, or $HOME/fallback/shoal. */
static char *xdg(const char *name, const char *fallback)
{
    const char *base = env(name);
    if (base && base[0] == '/') /* "All paths must be absolute"; others are to be ignored */
        return mem_printf("%s/shoal", base);
    const char *home = env("HOME");
    return mem_printf("%s/%s/shoal", home ? home : "/", fallback);
}

static char *absolute(const char *path)
{
    char cwd[PATH_MAX];
    if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
        return mem_strdup(path);
    return mem_printf("%s/%s", cwd, path);
}

static void under_home(struct paths *p, const char *home)
{
    p->home = absolute(home);
    p->conf = mem_printf("%s/shoal.conf", p->home);
    p->data = mem_printf("%s/data", p->home);
    p->run = mem_printf("%s/run", p->home);
    p->download = mem_printf("%s/downloads", p->home);
}

static void under_xdg(struct paths *p)
{
    char *conf = xdg("XDG_CONFIG_HOME", ".config");
    p->conf = mem_printf("%s/shoal.conf", conf);
    free(conf);
    p->data = xdg("XDG_DATA_HOME", ".local/share");
    /* Without a runtime folder (no login session) the socket lies with the data. */
    p->run = env("XDG_RUNTIME_DIR") ? mem_printf("%s/shoal", env("XDG_RUNTIME_DIR"))
                                    : mem_printf("%s/run", p->data);
    p->download = mem_printf("%s/Downloads/Shoal", env("HOME") ? env("HOME") : "");
}

void paths_init(struct paths *p, const char *home)
{
    *p = (struct paths){0};
    if (!home || !*home)
        home = env("SHOAL_HOME");
    if (home)
        under_home(p, home);
    else
        under_xdg(p);
    p->socket = mem_printf("%s/api.sock", p->run);
}

void paths_done(struct paths *p)
{
    free(p->home);
    free(p->conf);
    free(p->data);
    free(p->run);
    free(p->socket);
    free(p->download);
}
