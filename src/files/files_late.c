/* Torrents of this node that are too large to be read at the start: a lane reads them, and calls
 * about torrents wait for it, as they would have waited for the start. */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "files/meta/parse.h"

#include <string.h>

struct late {
    struct link link;
    struct files *f;
    uint8_t infohash[SHA1_LEN];
    struct parse *parse;
};

struct waiter {
    struct link link;
    struct call *call;
};

static void all_are_here(struct files *f)
{
    unwanted_look(f);
    queue_review(f);
    struct waiter *w;
    while ((w = LIST_FIRST(&f->late_waiters, struct waiter, link))) {
        struct call *c = w->call;
        list_drop(&w->link);
        free(w);
        call_again(c);
    }
}

static void on_read(void *arg, struct metainfo *mi, const struct why *why)
{
    struct late *l = arg;
    struct files *f = l->f;
    f->restoring = true;
    keep_restore_late(f, l->infohash, mi, why);
    f->restoring = false;
    list_drop(&l->link);
    free(l);
    if (list_empty(&f->late))
        all_are_here(f);
}

void late_begin(struct files *f, const uint8_t infohash[SHA1_LEN], bool own)
{
    char hex[2 * SHA1_LEN + 1];
    struct late *l = MEM_NEW(struct late);
    l->f = f;
    memcpy(l->infohash, infohash, SHA1_LEN);
    list_push(&f->late, &l->link);
    char *path = keep_path(f, hex_encode(infohash, SHA1_LEN, hex), "torrent");
    l->parse = parse_file(f->env.loop, f->env.vfs, path, own, on_read, l);
    free(path);
}

bool late_is_awaited(const struct files *f)
{
    return !list_empty(&f->late);
}

bool late_wait(struct files *f, struct call *c)
{
    if (list_empty(&f->late))
        return false;
    struct waiter *w = MEM_NEW(struct waiter);
    w->call = c;
    list_push(&f->late_waiters, &w->link);
    return true;
}

void late_cancel_all(struct files *f)
{
    LIST_EACH(&f->late, struct late, l, link) {
        parse_cancel(l->parse);
        list_drop(&l->link);
        free(l);
    }
    LIST_EACH(&f->late_waiters, struct waiter, w, link) {
        call_failf(w->call, "file.stopped", ERR_STATE, "ask again once it runs", "the node stops");
        list_drop(&w->link);
        free(w);
    }
}
