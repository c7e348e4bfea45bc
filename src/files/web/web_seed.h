/* files/web/web_seed.h - one web seed: an HTTP server that has the torrent's files (BEP 19), or a
 * script on one that gives its pieces (BEP 17).
 *
 * Beside the sessions: the torrent gives it runs of blocks that follow each other
 * (web_seed_fetch), it asks for the ranges of files that they lie in, one after the other, and
 * hands over block after block as they come.  So it needs no queue of its own, and what it asked
 * for and does not get is given back (`lost`) however the fetch ends.  WEB_FETCHES run at once, so
 * that the line is not idle between two; connections are kept (net/http.h).
 *
 * Back-pressure: while `busy` or over a rate limit the stream is held.  Nothing for WEB_STALL_US
 * ends a fetch.
 *
 * Trouble: an answer that is no answer (a status, a short body, a connection that fails) makes it
 * rest, 10 s doubling to 30 min, or as long as Retry-After says; 404 and 410 mean that it lacks
 * that file; a server that ignores ranges and has sent something else is not asked again; nor is
 * one that sent a piece that is not the torrent's (web_seed_ban).
 *
 * A script is asked for a piece at a time, by a query; it may say 503 and in its body for how many
 * seconds it wants to be left in peace.
 *
 * What it may reach: anything; but on this machine or a private network no URL with a query, and
 * nothing that somebody elsewhere redirects to.  A torrent can come from anybody, and must not make
 * us give orders to what listens at home. */
#ifndef SHOAL_FILES_WEB_WEB_SEED_H
#define SHOAL_FILES_WEB_WEB_SEED_H

#include "base/log.h"
#include "files/meta/layout.h"
#include "files/peer/limit.h"
#include "files/peer/picker.h"
#include "files/peer/pipeline.h"

#include <jansson.h>

enum {
    WEB_FETCHES = 2,
    WEB_RUN_MAX = 1024, /* blocks in one fetch: 16 MiB */
};
#define WEB_STALL_US (20 * SEC)
#define WEB_REST_US (10 * SEC)
#define WEB_REST_MAX_US (30 * 60 * SEC)

struct web_seed;

struct web_seed_ops {
    void (*block)(void *arg, struct web_seed *s, uint32_t piece, uint32_t block, struct cur bytes);
    void (*lost)(void *arg, struct web_seed *s, uint32_t piece, uint32_t block);
    void (*lacks)(void *arg, struct web_seed *s, size_t file); /* it does not have that one */
    void (*idle)(void *arg, struct web_seed *s);               /* a fetch has ended: another? */
    bool (*busy)(void *arg);                                   /* web_seed_resume() comes later */
};

struct web_seed_cfg {
    struct loop *loop;
    const struct log *log;
    const struct metainfo *mi; /* outlives it, as all the pointers here */
    const char *from_ip;       /* local address, or NULL */
    struct limit *down;
    struct policy *policy;
    const struct web_seed_ops *ops;
    void *arg;
    /* An address that is filtered; asked with `arg`.  NULL: none is. */
    bool (*refuses)(const void *arg, const struct addr *a);
};

/* url: copied.  by_piece: a script of BEP 17; the torrent is one of v1 alone. */
struct web_seed *web_seed_new(const struct web_seed_cfg *cfg, const char *url, bool by_piece);
/* Silently; what is under way must have been given back by web_seed_stop().  NULL: nothing. */
void web_seed_free(struct web_seed *s);

/* How many fetches may begin now. */
size_t web_seed_room(const struct web_seed *s);
/* 1 to WEB_RUN_MAX blocks in the order of the stream, each of them full, the first of them in
 * *blocks. */
void web_seed_fetch(struct web_seed *s, const struct picker_block *blocks, size_t n);
void web_seed_stop(struct web_seed *s);  /* all that is under way is `lost`, now */
void web_seed_yield(struct web_seed *s); /* the same, and it rests for WEB_REST_US */
void web_seed_resume(struct web_seed *s);
void web_seed_tick(struct web_seed *s); /* once a second */
void web_seed_ban(struct web_seed *s, const char *why);

const char *web_seed_error(const struct web_seed *s); /* what went wrong last; "" */
bool web_seed_is_banned(const struct web_seed *s);
/* Until all that is under way is here, at its pace; 0: nothing is. */
uint64_t web_seed_left_us(const struct web_seed *s);
size_t web_seed_active(const struct web_seed *s); /* fetches under way */
/* {"url","state":"idle|fetching|resting|banned","error","down_rate","downloaded","rest_s"} */
json_t *web_seed_status(const struct web_seed *s);

#endif
