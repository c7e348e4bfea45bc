/* A stream that a peer opened to us: what it asks for is looked up, dialled, and joined to it. */
#include "tunnel/visit.h"

#include "base/mem.h"
#include "host/mux/messages.h"
#include "tunnel/dgram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_dialled(void *arg, enum conn_event ev, const struct why *why);

void visit_free(struct visit *v)
{
    if (v->service)
        v->service->connections--;
    exit_left(v);
    list_drop(&v->link);
    timer_cancel(v->wait);
    resolve_cancel(v->resolve);
    conn_close(v->dialled);
    messages_free(v->m);
    pipe_free(v->pipe);
    dgram_free(v->dgram);
    udp_close(v->socket);
    free(v);
}

void visit_refuse(struct visit *v, enum head_code code, const char *words)
{
    struct head_answer no = {.code = code};
    struct buf answer = {0};
    log_debug(v->t->env.log, "a visitor is refused: %s", words);
    snprintf(no.words, sizeof no.words, "%s", words);
    head_put_answer(&answer, &no);
    if (messages_send(v->m, buf_bytes(&answer), buf_len(&answer), NULL) == OK)
        messages_shut(v->m);
    buf_done(&answer);
    visit_free(v);
}

/* --- joined --------------------------------------------------------------------------------- */

static void on_done(void *arg, const struct why *why)
{
    struct visit *v = arg;
    if (why)
        log_debug(v->t->env.log, "a connection for a peer ended: %s", why->text);
    exit_over(v, why);
    visit_free(v);
}

static void join(struct visit *v)
{
    struct lasting_cfg session = {.stream = messages_take(v->m),
                                  .peer = &v->peer,
                                  .protocol = v->protocol,
                                  .session = v->ask.session};
    head_put_answer_first(&session.first, &(struct head_answer){.code = HEAD_OK});
    struct pipe_cfg cfg = {.a = v->dialled,
                           .b = lasting_new(&v->t->lastings, &session),
                           .policy = v->t->env.policy,
                           .idle_us = TUNNEL_IDLE_US,
                           .done = on_done,
                           .arg = v};
    exit_limits(v, &cfg);
    v->dialled = NULL;
    v->m = NULL;
    v->pipe = pipe_new(&cfg);
}

/* --- dialled -------------------------------------------------------------------------------- */

void visit_dial(struct visit *v)
{
    v->dialled = tcp_dial(v->t->env.loop, &v->targets[v->target_next++], NULL, on_dialled, v);
}

static void on_dialled(void *arg, enum conn_event ev, const struct why *why)
{
    struct visit *v = arg;
    if (ev == CONN_OPEN) {
        struct why own;
        if (exit_reached(v, &own) == OK)
            join(v);
        else
            visit_refuse(v, HEAD_DENIED, own.text);
        return;
    }
    if (ev != CONN_CLOSED)
        return;
    struct why said = *why; /* it may be inside what is closed */
    conn_close(v->dialled);
    v->dialled = NULL;
    if (v->target_next < v->target_count) {
        visit_dial(v);
        return;
    }
    log_debug(v->t->env.log, "nobody answers for a visitor: %s", said.text);
    exit_over(v, &said);
    visit_refuse(v, HEAD_UNREACHABLE,
                 v->service ? "the service does not answer at its place" : "it does not answer");
}

/* --- asked ---------------------------------------------------------------------------------- */

/* A stranger learns nothing of what there is. */
static void ask_service(struct visit *v, const char *name)
{
    struct tunnel *t = v->t;
    struct service *s = service_find(t, name);
    bool named = s && peers_have(&s->to, &v->peer);
    if (!named && !tunnel_trusts(t, &v->peer)) {
        request_note(t, &v->peer, name);
        visit_refuse(v, HEAD_DENIED, "you are not trusted here yet; the owner has been told");
        return;
    }
    if (!s || (s->to.count > 0 && !named)) {
        visit_refuse(v, HEAD_NOT_FOUND, "no such service is offered to you");
        return;
    }
    if (s->udp != v->datagrams) {
        visit_refuse(v, HEAD_NOT_FOUND,
                     s->udp ? "that service speaks UDP: forward it to PORT/udp"
                            : "that service speaks TCP: forward it to PORT, without /udp");
        return;
    }
    v->service = s;
    s->connections++;
    s->served++;
    v->targets[0] = s->at;
    v->target_count = 1;
    if (v->datagrams)
        visit_relay(v);
    else
        visit_dial(v);
}

/* What was broken off by a lost connection is taken up again; this visit was only for that. */
static void go_on(struct visit *v)
{
    if (!lasting_again(&v->t->lastings, &v->peer, v->protocol, &v->ask, v->m)) {
        visit_refuse(v, HEAD_NOT_FOUND, "there is no such session any more");
        return;
    }
    v->m = NULL;
    visit_free(v);
}

/* Sessions, and those that would become some. */
static bool has_enough(const struct visit *v)
{
    size_t n = lasting_count(&v->t->lastings, &v->peer);
    LIST_EACH(&v->t->visits, struct visit, other, link)
        n += other != v && other->m && peer_id_equal(&other->peer, &v->peer);
    return n >= LASTING_OF_PEER_MAX;
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct visit *v = arg;
    struct why bad;
    if (ev != MESSAGES_ONE) { /* it went away, or asked for nothing */
        exit_over(v, why);
        visit_free(v);
        return;
    }
    messages_pause(v->m, true);
    messages_expect(v->m, 0);
    if (head_read_ask(&v->ask, msg, &bad) != OK ||
        (!v->ask.resumes && (v->ask.service[0] == 0) != v->exit))
        visit_refuse(v, HEAD_OTHER, "the question is not understood");
    else if (v->ask.resumes && v->datagrams)
        visit_refuse(v, HEAD_OTHER, "datagrams are not resumed");
    else if (v->ask.resumes)
        go_on(v);
    else if (has_enough(v))
        visit_refuse(v, HEAD_BUSY, "you have too many connections here");
    else if (v->exit)
        exit_ask(v);
    else
        ask_service(v, v->ask.service);
}

static void on_stream(void *arg, const struct host_stream *s)
{
    struct tunnel *t = arg;
    struct visit *v = MEM_NEW(struct visit);
    v->t = t;
    v->protocol = s->protocol;
    v->exit = strcmp(s->protocol, EXIT_PROTOCOL) == 0;
    v->datagrams = strcmp(s->protocol, DATAGRAM_PROTOCOL) == 0;
    v->peer = *s->peer;
    list_push(&t->visits, &v->link);
    v->m = messages_new(s->conn, HEAD_MAX, on_message, v);
    messages_expect(v->m, VISIT_ASK_US);
}

void visits_begin(struct tunnel *t)
{
    struct host_protocol forward = {.name = FORWARD_PROTOCOL, .cb = on_stream, .arg = t};
    struct host_protocol datagrams = {.name = DATAGRAM_PROTOCOL, .cb = on_stream, .arg = t};
    host_handle(t->host, &forward);
    host_handle(t->host, &datagrams);
    visits_exit(t, false);
}

void visits_exit(struct tunnel *t, bool on)
{
    struct host_protocol exit = {.name = EXIT_PROTOCOL, .cb = on_stream, .arg = t};
    if (on)
        host_handle(t->host, &exit);
    else
        host_ignore(t->host, EXIT_PROTOCOL);
}

void visits_done(struct tunnel *t)
{
    if (t->host) {
        host_ignore(t->host, FORWARD_PROTOCOL);
        host_ignore(t->host, DATAGRAM_PROTOCOL);
        host_ignore(t->host, EXIT_PROTOCOL);
    }
    LIST_EACH(&t->visits, struct visit, v, link)
        visit_free(v);
}

void visits_cut(struct tunnel *t, const struct peer_id *peer)
{
    LIST_EACH(&t->visits, struct visit, v, link)
        if (peer_id_equal(&v->peer, peer))
            visit_free(v);
    lastings_cut(&t->lastings, peer, NULL);
}

void visits_cut_service(struct tunnel *t, const struct service *s)
{
    LIST_EACH(&t->visits, struct visit, v, link)
        if (v->service == s)
            visit_free(v);
}
