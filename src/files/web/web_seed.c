#include "files/web/web_seed.h"

#include "base/list.h"
#include "base/mem.h"
#include "files/web/web_url.h"
#include "net/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    RETRY_MAX_S = 3600,
    DENIED_REST_S = 3600,
    OK_ALL = 200,
    OK_PART = 206,
    COME_LATER = 503,
    LATER_MAX = 16, /* bytes of the body that says when */
};

/* A run of blocks; its bytes come in the order of the stream, file by file. */
struct fetch {
    struct link link;
    struct web_seed *s;
    struct picker_block *blocks;
    size_t count, next; /* next: the first that is not yet handed over */
    struct layout_walk walk;
    struct layout_span span; /* that is being got */
    uint64_t span_end;       /* in the stream */
    uint64_t at;             /* in the stream: the next byte */
    uint64_t end;            /* in the stream: behind the last block */
    struct buf part;         /* of block `next` */
    struct http_fetch *http; /* NULL: between two spans */
    bool near;               /* its first request went to this machine or network */
    bool held;
    bool lacks;       /* the file is not there */
    bool refused;     /* by a script; the body says for how long */
    struct buf later; /* that body */
    uint64_t retry_s; /* of a refusal; 0: as usual */
    struct why why;   /* what the head said */
    uint64_t heard_us;
    struct timer *timer; /* the limit lets more through; or the next span is to begin */
};

struct web_seed {
    struct web_seed_cfg cfg;
    struct layout layout;
    char *url;
    bool by_piece; /* BEP 17 */
    struct link fetches;
    size_t active;
    bool banned;
    unsigned fails;   /* in a row */
    uint64_t rest_us; /* not before that */
    struct rate rate;
    char error[240];
};

static uint64_t now_us(const struct web_seed *s)
{
    return loop_now_us(s->cfg.loop);
}

static uint64_t block_at(const struct web_seed *s, const struct picker_block *b)
{
    return layout_piece_at(&s->layout, b->piece) + (uint64_t)b->block * BLOCK_LEN;
}

static size_t block_len(const struct web_seed *s, const struct picker_block *b)
{
    uint32_t left = layout_piece_len(&s->layout, b->piece) - b->block * BLOCK_LEN;
    return left < BLOCK_LEN ? left : BLOCK_LEN;
}

/* Fetches. */

static void fetch_free(struct fetch *f)
{
    http_cancel(f->http);
    timer_cancel(f->timer);
    list_drop(&f->link);
    f->s->active--;
    buf_done(&f->part);
    buf_done(&f->later);
    free(f->blocks);
    free(f);
}

/* Out of the way first: `lost` may lead back to us. */
static void give_up(struct fetch *f)
{
    struct web_seed *s = f->s;
    size_t n = f->count - f->next;
    struct picker_block *left = mem_dup(f->blocks + f->next, n * sizeof *left);
    fetch_free(f);
    for (size_t i = 0; i < n; i++)
        s->cfg.ops->lost(s->cfg.arg, s, left[i].piece, left[i].block);
    free(left);
}

static void rest(struct web_seed *s, uint64_t wait_us)
{
    if (s->rest_us < now_us(s) + wait_us)
        s->rest_us = now_us(s) + wait_us;
}

/* It went wrong: the seed rests, longer each time. */
static void fail(struct fetch *f, const char *words)
{
    struct web_seed *s = f->s;
    unsigned doublings = s->fails < 8 ? s->fails : 8;
    uint64_t wait = f->retry_s ? f->retry_s * SEC : WEB_REST_US << doublings;
    snprintf(s->error, sizeof s->error, "%s", words);
    log_debug(s->cfg.log, "web seed %s: %s", s->url, words);
    s->fails++;
    rest(s, wait < WEB_REST_MAX_US || f->retry_s ? wait : WEB_REST_MAX_US);
    give_up(f);
    s->cfg.ops->idle(s->cfg.arg, s);
}

static void finish(struct fetch *f)
{
    struct web_seed *s = f->s;
    s->fails = 0;
    s->error[0] = '\0';
    give_up(f); /* nothing is left, but to free it */
    s->cfg.ops->idle(s->cfg.arg, s);
}

/* n bytes of the stream at f->at; bytes NULL: zeros (padding).  What lies between two blocks is
 * padding too, and passed over.  false: the fetch is gone, by what a block led to. */
static bool feed(struct fetch *f, const uint8_t *bytes, size_t n)
{
    static const uint8_t zeros[BLOCK_LEN];
    struct web_seed *s = f->s;
    struct cur c = cur_of(bytes, bytes ? n : 0);
    while (n > 0 && f->next < f->count) {
        struct picker_block b = f->blocks[f->next];
        uint64_t start = block_at(s, &b);
        size_t len = block_len(s, &b);
        size_t most = f->at < start ? (size_t)(start - f->at) : len - buf_len(&f->part);
        size_t take = n < most ? n : most;
        if (take > sizeof zeros && !bytes)
            take = sizeof zeros;
        struct cur part = bytes ? cur_take(&c, take) : cur_of(zeros, take);
        if (f->at >= start)
            buf_put(&f->part, part.p, part.n);
        f->at += take;
        n -= take;
        if (buf_len(&f->part) < len)
            continue;
        struct buf whole = f->part;
        f->part = (struct buf){0};
        f->next++;
        s->cfg.ops->block(s->cfg.arg, s, b.piece, b.block, buf_cur(&whole));
        buf_done(&whole);
        /* The owner may have stopped all of it in there. */
        bool there = false;
        LIST_EACH(&s->fetches, struct fetch, other, link) {
            there = there || other == f;
        }
        if (!there)
            return false;
    }
    f->at += n;
    return true;
}

/* Holding. */

static void on_let_go(void *arg)
{
    struct fetch *f = arg;
    f->timer = NULL;
    f->held = false;
    f->heard_us = now_us(f->s);
    if (f->http)
        http_hold(f->http, false);
}

/* The limit is asked after the fact: what a read brought is there already. */
static void hold_if_needed(struct fetch *f)
{
    struct web_seed *s = f->s;
    if (f->held || !f->http)
        return;
    if (s->cfg.ops->busy(s->cfg.arg)) {
        f->held = true;
        http_hold(f->http, true);
    } else if (limit_may(s->cfg.down, s->cfg.policy, POLICY_DOWN, BLOCK_LEN, now_us(s)) == 0) {
        f->held = true;
        http_hold(f->http, true);
        f->timer = timer_start(
            s->cfg.loop,
            limit_wait_us(s->cfg.down, s->cfg.policy, POLICY_DOWN, BLOCK_LEN, now_us(s)), on_let_go,
            f);
    }
}

void web_seed_resume(struct web_seed *s)
{
    LIST_EACH(&s->fetches, struct fetch, f, link) {
        if (f->held && !f->timer)
            on_let_go(f);
    }
}

/* Answers. */

static bool is_near(const struct addr *a)
{
    return addr_is_loopback(a) || addr_is_private(a) || addr_is_any(a);
}

static bool may_reach(void *arg, const struct addr *at, const char *url, unsigned redirects)
{
    struct fetch *f = arg;
    const struct web_seed_cfg *cfg = &f->s->cfg;
    if (cfg->refuses && cfg->refuses(cfg->arg, at))
        return false;
    if (redirects == 0)
        f->near = is_near(at);
    return !is_near(at) || (f->near && !web_url_has_query(url));
}

/* What a status that brings no file means. */
static void judge(struct fetch *f, unsigned status, const char *retry_after)
{
    why_set(&f->why, ERR_CLOSED, "the server answered with status %u", status);
    switch (status) {
    case 404:
    case 410:
        f->lacks = !f->s->by_piece;
        f->retry_s = DENIED_REST_S; /* a script that is not there */
        break;
    case 401:
    case 403:
        f->retry_s = DENIED_REST_S;
        break;
    default:
        f->retry_s = web_retry_read(retry_after, 0, RETRY_MAX_S);
        break;
    }
}

/* Of the bytes asked for, from the first on?  A server that ignores ranges sends the file from its
 * beginning: that is good enough where that is what we want. */
static bool on_head(void *arg, const struct http_answer *a)
{
    struct fetch *f = arg;
    uint64_t first, last;
    if (f->s->by_piece && (a->status == OK_ALL || a->status == COME_LATER)) {
        f->refused = a->status == COME_LATER;
        return true;
    }
    if (a->status == OK_ALL && f->span.at == 0)
        return true;
    if (a->status == OK_PART && web_range_read(a->header(a, "Content-Range"), &first, &last) &&
        first == f->span.at)
        return true;
    if (a->status != OK_ALL && a->status != OK_PART) {
        judge(f, a->status, a->header(a, "Retry-After"));
        return false;
    }
    f->retry_s = DENIED_REST_S;
    why_set(&f->why, ERR_INVALID, "the server sends another part of a file than was asked for");
    return false;
}

static bool on_body(void *arg, const uint8_t *bytes, size_t n)
{
    struct fetch *f = arg;
    struct web_seed *s = f->s;
    uint64_t left = f->span_end - f->at;
    size_t take = n < left ? n : (size_t)left;
    f->heard_us = now_us(s);
    if (f->refused) {
        buf_put(&f->later, bytes, n < LATER_MAX ? n : LATER_MAX);
        return buf_len(&f->later) < LATER_MAX;
    }
    rate_add(&s->rate, take);
    limit_spend(s->cfg.down, s->cfg.policy, POLICY_DOWN, n, now_us(s));
    if (!feed(f, bytes, take))
        return false;
    hold_if_needed(f);
    return n == take; /* else it is all there, whatever more the server would send */
}

static void go_on(struct fetch *f);

/* It does not have this file: no trouble, but nothing more of it is wanted. */
static void lack(struct fetch *f)
{
    struct web_seed *s = f->s;
    size_t file = f->span.file;
    snprintf(s->error, sizeof s->error, "%s", f->why.text);
    give_up(f);
    s->cfg.ops->lacks(s->cfg.arg, s, file);
    s->cfg.ops->idle(s->cfg.arg, s);
}

static void on_done(void *arg, const struct http_answer *a, const struct why *why)
{
    struct fetch *f = arg;
    f->http = NULL;
    timer_cancel(f->timer);
    f->timer = NULL;
    f->held = false;
    if (f->at == f->span_end) {
        go_on(f);
        return;
    }
    if (f->refused) {
        char *later = buf_take_str(&f->later);
        why_set(&f->why, ERR_CLOSED, "the server wants to be asked later");
        f->retry_s = web_retry_read(later, 0, RETRY_MAX_S);
        free(later);
    } else if (a && a->status != OK_ALL && a->status != OK_PART)
        judge(f, a->status, a->header(a, "Retry-After"));
    if (f->lacks)
        lack(f);
    else if (f->why.code != OK)
        fail(f, f->why.text);
    else
        fail(f, a ? "the file ends too soon" : why->text);
}

static void put_url(struct buf *out, const struct fetch *f)
{
    const struct web_seed *s = f->s;
    uint32_t piece = (uint32_t)(f->at / s->cfg.mi->piece_len);
    if (s->by_piece)
        web_url_put_piece(out, s->url, s->cfg.mi, piece, f->span.at, f->span.len);
    else
        web_url_put(out, s->url, s->cfg.mi, f->span.file);
}

static void ask(struct fetch *f)
{
    struct web_seed *s = f->s;
    struct buf url = {0};
    char range[80];
    put_url(&url, f);
    char *text = buf_take_str(&url);
    snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-%" PRIu64, f->span.at,
             f->span.at + f->span.len - 1);
    const char *const headers[] = {s->by_piece ? NULL : range, NULL};
    const struct http_request rq = {.url = text,
                                    .headers = headers,
                                    .max_body = SIZE_MAX,
                                    .from_ip = s->cfg.from_ip,
                                    .may_reach = may_reach,
                                    .on_head = on_head,
                                    .on_body = on_body};
    f->heard_us = now_us(s);
    f->http = http_start(s->cfg.loop, &rq, on_done, f);
    free(text);
}

/* Of a file, or for a script of a piece. */
static bool next_span(struct fetch *f)
{
    uint64_t piece_len = f->s->cfg.mi->piece_len, in = f->at % piece_len, left = f->end - f->at;
    if (!f->s->by_piece)
        return layout_next(&f->walk, &f->span);
    f->span = (struct layout_span){.at = in, .len = left < piece_len - in ? left : piece_len - in};
    return left > 0;
}

/* The next span that is asked for; padding is made here. */
static void go_on(struct fetch *f)
{
    while (f->next < f->count && next_span(f)) {
        f->span_end = f->at + f->span.len;
        if (!f->span.pad) {
            ask(f);
            return;
        }
        if (!feed(f, NULL, (size_t)f->span.len))
            return;
    }
    finish(f);
}

static void on_begin(void *arg)
{
    struct fetch *f = arg;
    f->timer = NULL;
    go_on(f);
}

void web_seed_fetch(struct web_seed *s, const struct picker_block *blocks, size_t n)
{
    struct fetch *f = MEM_NEW(struct fetch);
    const struct picker_block *last = &blocks[n - 1];
    f->s = s;
    f->blocks = mem_dup(blocks, n * sizeof *blocks);
    f->count = n;
    f->at = block_at(s, blocks);
    f->end = block_at(s, last) + block_len(s, last);
    f->walk = layout_walk(&s->layout, f->at, f->end - f->at);
    f->heard_us = now_us(s);
    list_push(&s->fetches, &f->link);
    s->active++;
    f->timer = timer_start(s->cfg.loop, 0, on_begin, f);
}

/* Life. */

struct web_seed *web_seed_new(const struct web_seed_cfg *cfg, const char *url, bool by_piece)
{
    struct web_seed *s = MEM_NEW(struct web_seed);
    s->cfg = *cfg;
    s->layout = layout_of(cfg->mi);
    s->url = mem_strdup(url);
    s->by_piece = by_piece;
    list_init(&s->fetches);
    return s;
}

void web_seed_free(struct web_seed *s)
{
    if (!s)
        return;
    LIST_EACH(&s->fetches, struct fetch, f, link)
        fetch_free(f);
    free(s->url);
    free(s);
}

void web_seed_stop(struct web_seed *s)
{
    struct fetch *f;
    while ((f = LIST_FIRST(&s->fetches, struct fetch, link)))
        give_up(f);
}

void web_seed_yield(struct web_seed *s)
{
    rest(s, WEB_REST_US);
    web_seed_stop(s);
}

uint64_t web_seed_left_us(const struct web_seed *s)
{
    uint64_t blocks = 0;
    LIST_EACH(&s->fetches, struct fetch, f, link) {
        blocks += f->count - f->next;
    }
    if (blocks == 0)
        return 0;
    return s->rate.per_s ? blocks * BLOCK_LEN * SEC / s->rate.per_s : WEB_STALL_US / 2;
}

size_t web_seed_room(const struct web_seed *s)
{
    if (s->banned || s->rest_us > now_us(s))
        return 0;
    size_t most = s->fails ? 1 : WEB_FETCHES; /* after trouble one is enough to try */
    return s->active < most ? most - s->active : 0;
}

void web_seed_tick(struct web_seed *s)
{
    rate_tick(&s->rate, now_us(s));
    LIST_EACH(&s->fetches, struct fetch, f, link) {
        if (f->held || !f->http || now_us(s) - f->heard_us < WEB_STALL_US)
            continue;
        if (f->at == f->span_end) {
            http_cancel(f->http);
            f->http = NULL;
            go_on(f);
        } else {
            fail(f, "the server has stopped sending");
        }
        return; /* others may be gone with it; they come with the next tick */
    }
}

void web_seed_ban(struct web_seed *s, const char *why)
{
    s->banned = true;
    snprintf(s->error, sizeof s->error, "%s", why);
    log_info(s->cfg.log, "a web seed %s: not asked again", why);
    web_seed_stop(s);
}

const char *web_seed_error(const struct web_seed *s)
{
    return s->error;
}

bool web_seed_is_banned(const struct web_seed *s)
{
    return s->banned;
}

size_t web_seed_active(const struct web_seed *s)
{
    return s->active;
}

json_t *web_seed_status(const struct web_seed *s)
{
    uint64_t now = now_us(s);
    bool rests = s->rest_us > now;
    const char *state = s->banned ? "banned" : s->active ? "fetching" : rests ? "resting" : "idle";
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "url", s->url, "state", state, "error",
                     s->error, "down_rate", (json_int_t)s->rate.per_s, "downloaded",
                     (json_int_t)s->rate.total, "rest_s",
                     (json_int_t)(rests ? (s->rest_us - now) / SEC : 0));
}
