#include "tunnel/ask.h"

#include "base/mem.h"
#include "host/mux/messages.h"

#include <stdlib.h>

#define TAG "asked"

struct ask {
    struct host *host;
    struct host_open *open;
    struct messages *m;
    struct peer_id peer;
    const char *protocol;
    struct head_ask what;
    ask_cb *cb;
    void *arg;
};

void ask_cancel(struct ask *a)
{
    if (!a)
        return;
    host_open_cancel(a->open);
    messages_free(a->m);
    host_tag(a->host, &a->peer, TAG, 0);
    free(a);
}

/* heard: what it said; NULL: nothing. */
static void tell(struct ask *a, struct conn *stream, const struct head_answer *heard,
                 const struct why *why)
{
    struct ask was = *a;
    struct ask_answer answer = {.stream = stream,
                                .peer = &was.peer,
                                .protocol = was.protocol,
                                .session = was.what.session,
                                .got = heard ? heard->got : 0,
                                .said = heard != NULL};
    struct why said = {.code = OK};
    if (why)
        said = *why; /* it may be inside what is freed */
    ask_cancel(a);
    was.cb(was.arg, &answer, stream ? NULL : &said);
}

static enum err err_of(enum head_code code)
{
    switch (code) {
    case HEAD_OK:
        return OK;
    case HEAD_DENIED:
        return ERR_DENIED;
    case HEAD_NOT_FOUND:
        return ERR_NOT_FOUND;
    case HEAD_UNREACHABLE:
        return ERR_CLOSED;
    case HEAD_BUSY:
        return ERR_LIMIT;
    case HEAD_OTHER:
        return ERR_STATE;
    }
    return ERR_STATE;
}

/* An answer that comes before the question has gone out answers nothing. */
static void on_answer(struct ask *a, struct cur msg)
{
    struct head_answer answer;
    struct why why;
    if (head_read_answer(&answer, msg, &why) == OK) {
        if (answer.code == HEAD_OK && messages_queued(a->m) == 0) {
            struct conn *stream = messages_take(a->m);
            a->m = NULL;
            tell(a, stream, &answer, NULL);
            return;
        }
        why_set(&why, answer.code ? err_of(answer.code) : ERR_INVALID, "it says: %s",
                answer.words[0] ? answer.words : "no");
        tell(a, NULL, &answer, &why);
        return;
    }
    tell(a, NULL, NULL, &why);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct ask *a = arg;
    struct why none;
    switch (ev) {
    case MESSAGES_ONE:
        on_answer(a, msg);
        break;
    case MESSAGES_END:
        why_set(&none, ERR_CLOSED, "it hung up without an answer");
        tell(a, NULL, NULL, &none);
        break;
    case MESSAGES_GONE:
        tell(a, NULL, NULL, why);
        break;
    }
}

static void on_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct ask *a = arg;
    struct buf head = {0};
    struct why failed;
    a->open = NULL;
    if (!s) {
        tell(a, NULL, NULL, why);
        return;
    }
    a->m = messages_new(s->conn, HEAD_MAX, on_message, a);
    head_put_ask(&head, &a->what);
    enum err code = messages_send(a->m, buf_bytes(&head), buf_len(&head), &failed);
    buf_done(&head);
    if (code == OK)
        messages_expect(a->m, ASK_ANSWER_US);
    else
        tell(a, NULL, NULL, &failed);
}

struct ask *ask_start(struct host *h, const struct peer_id *peer, const char *protocol,
                      const struct head_ask *what, ask_cb *cb, void *arg)
{
    struct ask *a = MEM_NEW(struct ask);
    a->peer = *peer;
    a->protocol = protocol;
    a->what = *what;
    if (!what->resumes)
        loop_random(host_loop(h), a->what.session, sizeof a->what.session);
    a->cb = cb;
    a->arg = arg;
    a->host = h;
    host_tag(h, peer, TAG, HOST_TEND); /* whether it is there at all is to be known soon */
    a->open = host_open(h, peer, &protocol, 1, on_stream, a);
    return a;
}
