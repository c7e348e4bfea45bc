/* A .torrent that a person or a program gives (file.get). */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "files/meta/parse.h"

#include <string.h>

struct taking {
    struct link link;
    struct files *f;
    struct call *call;
    struct parse *parse;
};

/* Takes mi; NULL: why. */
static void took(struct files *f, struct call *c, struct metainfo *mi, const struct why *why)
{
    struct torrent_cfg cfg = {.mi = mi};
    if (!mi) {
        struct why said;
        why_set(&said, why->code, "cannot take it as a .torrent file: %s", why->text);
        call_fail(c, "file.bad_torrent", &said, "see that it is a .torrent file, and whole");
        return;
    }
    memcpy(cfg.infohash, mi->infohash, SHA1_LEN);
    file_get_known(f, c, &cfg, NULL);
}

static void on_parsed(void *arg, struct metainfo *mi, const struct why *why)
{
    struct taking *t = arg;
    struct files *f = t->f;
    struct call *c = t->call;
    list_drop(&t->link);
    free(t);
    took(f, c, mi, why);
}

static void take_large(struct files *f, struct call *c, const char *base64, size_t n)
{
    struct buf text = {0};
    struct taking *t = MEM_NEW(struct taking);
    t->f = f;
    t->call = c;
    list_push(&f->taking, &t->link);
    buf_put(&text, base64, n);
    t->parse = parse_start(f->env.loop, PARSE_BASE64, &text, on_parsed, t);
}

void take_torrent(struct files *f, struct call *c, const char *base64)
{
    struct why why = {0};
    struct buf bytes = {0};
    size_t n = strlen(base64);
    if (n > PARSE_SMALL) {
        take_large(f, c, base64, n);
        return;
    }
    struct metainfo *mi = NULL;
    if (base64_decode(&bytes, base64, n))
        mi = metainfo_parse(buf_cur(&bytes), &why);
    else
        why_set(&why, ERR_INVALID, "it is not base64");
    buf_done(&bytes);
    took(f, c, mi, &why);
}

void take_cancel_all(struct files *f)
{
    LIST_EACH(&f->taking, struct taking, t, link) {
        parse_cancel(t->parse);
        list_drop(&t->link);
        call_failf(t->call, "file.stopped", ERR_STATE, "give it again", "the node stops");
        free(t);
    }
}
