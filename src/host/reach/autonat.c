/* Asking: one peer after the other, whoever has said nothing for longest first. */
#include "host/reach/autonat.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/autonat2_msg.h"
#include "host/reach/autonat_in.h"
#include "host/reach/autonat_msg.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS_LOOKED_AT = 256 };

struct autonat {
    struct host *host;
    const struct log *log;
    bool lab;
    struct autonat_votes votes;
    struct autonat_votes refused; /* who would not say; kept the same way */
    enum verdict verdict;
    struct autonat_server *server;
    struct peer_id asked;
    struct host_open *open;
    struct messages *stream;
    struct timer *timer;
    struct host_watch watch;
    autonat_addrs *addrs;
    autonat_cb *cb;
    void *arg;
};

static void ask_one(void *arg);

static void later(struct autonat *a, uint64_t after_us)
{
    timer_cancel(a->timer);
    a->timer = timer_start(a->host->loop, after_us, ask_one, a);
}

/* The question is over, with an answer or without. */
static void finish(struct autonat *a)
{
    enum verdict was = a->verdict;
    messages_free(a->stream);
    a->stream = NULL;
    a->verdict = autonat_count(&a->votes, a->lab ? 1 : AUTONAT_AGREE, loop_now_us(a->host->loop));
    later(a, a->verdict == VERDICT_UNKNOWN ? AUTONAT_PAUSE_US : AUTONAT_AGAIN_US);
    if (a->verdict == was)
        return;
    log_debug(a->log, "those who answer for the whole node say: %s", verdict_word(a->verdict));
    a->cb(a->arg, a->verdict);
}

static void no_answer(struct autonat *a)
{
    autonat_vote(&a->refused, &a->asked, false, loop_now_us(a->host->loop));
    finish(a);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct autonat *a = arg;
    struct autonat_msg m;
    (void)why;
    if (ev != MESSAGES_ONE || autonat_decode(&m, msg, NULL) != OK || !m.response ||
        (m.status != AUTONAT_OK && m.status != AUTONAT_DIAL_ERROR)) {
        no_answer(a);
        return;
    }
    autonat_vote(&a->votes, &a->asked, m.status == AUTONAT_OK, loop_now_us(a->host->loop));
    finish(a);
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct autonat *a = arg;
    struct autonat_msg m = {.peer = *host_id(a->host)};
    struct multiaddr addrs[HOST_ADDRS_MAX];
    struct buf out = {0};
    (void)why;
    a->open = NULL;
    if (!s) {
        no_answer(a);
        return;
    }
    size_t n = a->addrs(a->arg, addrs, HOST_ADDRS_MAX);
    for (; m.addr_count < n; m.addr_count++)
        m.addrs[m.addr_count] = cur_of(addrs[m.addr_count].bytes, addrs[m.addr_count].len);
    autonat_encode(&m, &out);
    a->stream = messages_new(s->conn, AUTONAT_MESSAGE_MAX, on_message, a);
    messages_expect(a->stream, AUTONAT_ASK_US);
    if (messages_send(a->stream, buf_bytes(&out), buf_len(&out), NULL) != OK)
        no_answer(a);
    buf_done(&out);
}

/* js-libp2p (3.3, measured) takes the very connection that it is asked over for its dial back, and
 * closes it: asking it tells nothing and costs us the peer. */
static bool is_worth_asking(const struct autonat *a, const struct peer_id *id)
{
    static const char js[] = "js-libp2p/";
    struct host_peer p;
    return host_peer_speaks(a->host, id, AUTONAT_PROTOCOL) &&
           !host_peer_speaks(a->host, id, AUTONAT2_REQUEST_PROTOCOL) && /* it knows better */
           host_peer(a->host, id, &p) && strncmp(p.agent, js, sizeof js - 1) != 0 &&
           peer_is_direct(peer_find(a->host, id));
}

/* Who answers such questions, is connected directly, and was asked longest ago. */
static bool whom_to_ask(const struct autonat *a, struct peer_id *out)
{
    struct peer_id *ids = mem_array(PEERS_LOOKED_AT, sizeof *ids);
    size_t n = host_peers(a->host, ids, PEERS_LOOKED_AT);
    uint64_t now = loop_now_us(a->host->loop), oldest = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        uint64_t voted = autonat_voted_us(&a->votes, &ids[i]);
        uint64_t refused = autonat_voted_us(&a->refused, &ids[i]);
        if ((refused && now - refused < AUTONAT_AGAIN_US) || voted >= oldest ||
            !is_worth_asking(a, &ids[i]))
            continue;
        oldest = voted;
        *out = ids[i];
    }
    free(ids);
    return oldest != UINT64_MAX;
}

static void ask_one(void *arg)
{
    static const char *const names[] = {AUTONAT_PROTOCOL};
    struct autonat *a = arg;
    a->timer = NULL;
    if (a->open || a->stream || loop_proxy(a->host->loop))
        return; /* behind a proxy nobody reaches us, and nobody is to know where we are */
    if (whom_to_ask(a, &a->asked))
        a->open = host_open(a->host, &a->asked, names, 1, on_open, a);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct autonat *a = arg;
    bool known = a->verdict != VERDICT_UNKNOWN;
    if (ev == HOST_IDENTIFIED && !a->timer && !known &&
        host_peer_speaks(a->host, peer, AUTONAT_PROTOCOL))
        later(a, 2 * SEC); /* it may be busy with hearing of us */
    if (ev == HOST_ADDRESSES && known && !a->open && !a->stream)
        later(a, AUTONAT_PAUSE_US);
}

struct autonat *autonat_new(struct host *h, const struct log *log, bool lab, autonat_addrs *addrs,
                            autonat_cb *cb, void *arg)
{
    struct autonat *a = MEM_NEW(struct autonat);
    a->host = h;
    a->log = log;
    a->lab = lab;
    a->addrs = addrs;
    a->cb = cb;
    a->arg = arg;
    a->server = autonat_serve(h, lab);
    a->watch = (struct host_watch){.cb = on_host, .arg = a};
    host_watch(h, &a->watch);
    later(a, AUTONAT_PAUSE_US);
    return a;
}

void autonat_free(struct autonat *a)
{
    if (!a)
        return;
    host_unwatch(&a->watch);
    autonat_serve_end(a->server);
    host_open_cancel(a->open);
    messages_free(a->stream);
    timer_cancel(a->timer);
    free(a);
}

enum verdict autonat_verdict(const struct autonat *a)
{
    return a->verdict;
}
