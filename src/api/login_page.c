#include "api/login_page.h"

#include "base/mem.h"
#include "crypto/wipe.h"

#include <string.h>

struct login_page {
    struct loop *loop;
    const struct vfs *vfs;
    char *path;
    struct timer *end;
};

struct login_page *login_page_new(struct loop *loop, const struct vfs *v, const char *path)
{
    struct login_page *p = MEM_NEW(struct login_page);
    p->loop = loop;
    p->vfs = v;
    p->path = mem_strdup(path);
    login_page_remove(p);
    return p;
}

void login_page_free(struct login_page *p)
{
    if (!p)
        return;
    login_page_remove(p);
    free(p->path);
    free(p);
}

const char *login_page_path(const struct login_page *p)
{
    return p->path;
}

void login_page_remove(struct login_page *p)
{
    struct why why;
    timer_cancel(p->end);
    p->end = NULL;
    (void)vfs_unlink(p->vfs, p->path, &why); /* mostly there is none; its code is void anyway */
}

static void on_end(void *arg)
{
    struct login_page *p = arg;
    p->end = NULL;
    login_page_remove(p);
}

enum err login_page_write(struct login_page *p, const char *url, uint64_t for_us, struct why *why)
{
    char *text = mem_printf("<!doctype html><meta charset=\"utf-8\"><title>Shoal</title>"
                            "<meta http-equiv=\"refresh\" content=\"0;url=%s\">"
                            "<a href=\"%s\">Shoal</a>\n",
                            url, url);
    enum err e = vfs_replace(p->vfs, p->path, text, strlen(text), VFS_PRIVATE, why);
    wipe(text, strlen(text));
    free(text);
    timer_cancel(p->end);
    p->end = timer_start(p->loop, for_us, on_end, p);
    return e;
}
