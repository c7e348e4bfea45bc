/* The texts of a name: the C library's resolver on libuv's pool, as names to addresses. */
#include "base/mem.h"
#include "net/dns_msg.h"
#include "net/uv/turn.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>

enum { ANSWER_MAX = 16 << 10, NAME_MAX_BYTES = 254 };
enum { TRY_S = 3, TRIES = 2 }; /* of each name server */

struct resolve_text {
    struct loop *loop;
    uv_work_t req;
    struct timer *soon;  /* instead of req */
    resolve_text_cb *cb; /* NULL: cancelled; the pool still holds req */
    void *arg;
    char name[NAME_MAX_BYTES];
    struct dns_texts found; /* by the pool */
    struct why why;
};

static void explain(struct resolve_text *r, int trouble)
{
    bool none = trouble == HOST_NOT_FOUND || trouble == NO_DATA;
    why_set(&r->why, none ? ERR_NOT_FOUND : ERR_TIMEOUT, "%.120s: %s", r->name,
            none ? "no text" : "the name servers do not answer");
}

/* On a thread of the pool. */
static void look_up(uv_work_t *req)
{
    struct resolve_text *r = req->data;
    struct __res_state state = {0};
    uint8_t answer[ANSWER_MAX];
    if (res_ninit(&state) != 0) {
        explain(r, NO_RECOVERY);
        return;
    }
    state.retrans = TRY_S;
    state.retry = TRIES;
    int n = res_nquery(&state, r->name, ns_c_in, ns_t_txt, answer, sizeof answer);
    if (n < 0)
        explain(r, state.res_h_errno);
    else if (n > (int)sizeof answer)
        why_set(&r->why, ERR_LIMIT, "%.120s: an answer of %d bytes", r->name, n);
    else if (dns_texts_decode(&r->found, cur_of(answer, (size_t)n), &r->why) == OK &&
             r->found.count == 0)
        explain(r, NO_DATA);
    res_nclose(&state);
}

static void tell(struct resolve_text *r)
{
    size_t n = r->found.count;
    turn_note(r->loop, "resolve", r->cb);
    r->cb(r->arg, (const char *const *)r->found.text, n, n > 0 ? NULL : &r->why);
}

static void on_answer(uv_work_t *req, int status)
{
    struct resolve_text *r = req->data;
    if (r->cb) {
        if (status != 0)
            explain(r, NO_RECOVERY);
        turn_enter(r->loop);
        tell(r);
        turn_leave(r->loop);
    }
    dns_texts_done(&r->found);
    free(r);
}

static void on_soon(void *arg)
{
    struct resolve_text *r = arg;
    tell(r);
    free(r);
}

struct resolve_text *resolve_text_start(struct loop *l, const char *name, resolve_text_cb *cb,
                                        void *arg)
{
    struct resolve_text *r = MEM_NEW(struct resolve_text);
    r->loop = l;
    r->cb = cb;
    r->arg = arg;
    r->req.data = r;
    int n = snprintf(r->name, sizeof r->name, "%s", name);
    if (l->proxy)
        why_set(&r->why, ERR_DENIED, "\"%.120s\" is not looked up here: there is a proxy", name);
    else if (n < 1 || (size_t)n >= sizeof r->name)
        why_set(&r->why, ERR_INVALID, "\"%.120s\" is no name", name);
    else if (uv_queue_work(&l->uv, &r->req, look_up, on_answer) == 0)
        return r;
    r->soon = timer_start(l, 0, on_soon, r);
    return r;
}

void resolve_text_cancel(struct resolve_text *r)
{
    if (!r)
        return;
    if (r->soon) {
        timer_cancel(r->soon);
        free(r);
        return;
    }
    r->cb = NULL;
    uv_cancel((uv_req_t *)&r->req); /* or it runs to its end, and on_answer frees it */
}
