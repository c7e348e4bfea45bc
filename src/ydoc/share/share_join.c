/* Asking to be let in: whoever made the link is dialled again and again, until it says yes or that
 * the link is no good. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"
#include "crypto/wipe.h"

#include <string.h>

#define AGAIN_US (2 * SEC)       /* after the first failure, doubled each time, */
#define AGAIN_MAX_US (300 * SEC) /* up to this */

struct share_join {
    struct link link; /* in share.joins */
    struct share *s;
    struct doc_link to;
    int64_t until_us; /* wall clock */
    uint64_t next_us, pause_us;
    struct session *session; /* NULL: none now */
    struct timer *timer;     /* SHARE_JOIN_US; or what was known at once is told */
    struct why why;          /* of the last failure */
    share_join_cb *cb;       /* NULL: nobody waits */
    void *arg;
};

static const char tag[] = "docs-join";

static void join_free(struct share_join *j)
{
    if (j->session) {
        j->session->join = NULL;
        if (!j->session->doc)
            share_session_free(j->session);
    }
    timer_cancel(j->timer);
    host_tag(j->s->host, &j->to.inviter, tag, 0);
    list_drop(&j->link);
    j->s->join_count--;
    wipe(&j->to, sizeof j->to);
    free(j);
}

/* Told, and over. */
static void end(struct share_join *j, const struct why *why)
{
    share_join_cb *cb = j->cb;
    void *arg = j->arg;
    struct doc_id id = j->to.doc;
    join_free(j);
    if (cb)
        cb(arg, why ? NULL : &id, why);
}

void share_join_cancel(struct share_join *j)
{
    if (j)
        j->cb = NULL;
}

/* --- what becomes of it --------------------------------------------------------------------- */

void join_greet(const struct share_join *j, struct greet *g)
{
    g->joins = true;
    memcpy(g->token, j->to.token, sizeof g->token);
}

enum err join_welcome(struct share_join *j, const struct greet *g, struct why *why)
{
    struct share *s = j->s;
    struct roster r;
    struct shelf_doc there;
    enum err err = OK;
    if (shared_find(s, &j->to.doc))
        return OK; /* its roster is looked at as any other */
    err = roster_read(&r, &j->to.doc, g->roster, why);
    if (err != OK)
        return err;
    if (!roster_find(&r, &s->self))
        err = why_set(why, ERR_DENIED, "we are let in, and not on the list of members");
    roster_done(&r);
    if (err == OK && !shelf_get(s->cfg.shelf, &j->to.doc, &there))
        err = shelf_add(s->cfg.shelf, &j->to.doc, "", why);
    if (err == OK)
        err = share_keep_roster(s, &j->to.doc, NULL, g->roster, why);
    return err == OK ? roster_load(shared_new(s, &j->to.doc), g->roster, why) : err;
}

void join_synced(struct share_join *j)
{
    share_keep_no_join(j->s, &j->to.doc);
    j->session->join = NULL;
    j->session = NULL;
    end(j, NULL);
}

void join_left(struct share_join *j)
{
    j->session = NULL;
}

void join_failed(struct share_join *j, enum greet_code code, const struct why *why)
{
    log_debug(j->s->log, "we are not let in to a document yet: %s", why ? why->text : "it ended");
    j->session->join = NULL;
    j->session = NULL;
    j->why = why ? *why : (struct why){.code = ERR_CLOSED, .text = "it ended"};
    j->next_us = loop_now_us(j->s->loop) + j->pause_us;
    j->pause_us = j->pause_us < AGAIN_MAX_US / 2 ? j->pause_us * 2 : AGAIN_MAX_US;
    if (code == GREET_TOKEN || code == GREET_DENIED) {
        struct why no = j->why;
        share_keep_no_join(j->s, &j->to.doc);
        end(j, &no);
    }
}

/* --- asked ---------------------------------------------------------------------------------- */

static void attempt(struct share_join *j)
{
    host_learn(j->s->host, &j->to.inviter, j->to.addrs, j->to.addr_count);
    j->session = session_open(j->s, &j->to.doc, &j->to.inviter, j);
}

void joins_see(struct share *s)
{
    LIST_EACH(&s->joins, struct share_join, j, link) {
        if (loop_wall_us(s->loop) > j->until_us) {
            struct why why;
            why_set(&why, ERR_TIMEOUT, "the link is too old by now");
            share_keep_no_join(s, &j->to.doc);
            end(j, &why);
        } else if (!j->session && loop_now_us(s->loop) >= j->next_us) {
            attempt(j);
        }
    }
}

static void on_late(void *arg)
{
    struct share_join *j = arg;
    share_join_cb *cb = j->cb;
    struct why why;
    j->timer = NULL;
    j->cb = NULL;
    why_set(&why, ERR_TIMEOUT, "whoever made the link is not reached yet (%s); it is tried again",
            j->why.code != OK ? j->why.text : "it does not answer");
    if (cb)
        cb(j->arg, NULL, &why);
}

static struct share_join *join_new(struct share *s, const struct doc_link *to, int64_t until_us)
{
    struct share_join *j = MEM_NEW(struct share_join);
    j->s = s;
    j->to = *to;
    j->until_us = until_us;
    j->pause_us = AGAIN_US;
    list_push(&s->joins, &j->link);
    s->join_count++;
    host_tag(s->host, &to->inviter, tag, 1);
    return j;
}

static void on_known(void *arg)
{
    struct share_join *j = arg;
    j->timer = NULL;
    end(j, NULL);
}

static struct share_join *join_find(struct share *s, const struct doc_id *id)
{
    LIST_EACH(&s->joins, struct share_join, j, link)
        if (memcmp(&j->to.doc, id, sizeof *id) == 0)
            return j;
    return NULL;
}

struct share_join *share_join(struct share *s, const char *link, share_join_cb *cb, void *arg,
                              struct why *why)
{
    struct doc_link to;
    if (doc_link_parse(&to, link, why) != OK)
        return NULL;
    struct shared *d = shared_find(s, &to.doc);
    struct share_join *before = join_find(s, &to.doc);
    if (!s->host)
        why_set(why, ERR_STATE, "the overlay is off: nobody can be reached");
    else if (before && before->cb)
        why_set(why, ERR_STATE, "that document is being joined already");
    else if (!before && s->join_count >= SHARE_JOINS_MAX)
        why_set(why, ERR_LIMIT, "%zu documents are being joined already", s->join_count);
    else {
        if (before)
            join_free(before); /* nobody waited for it; this link may be a better one */
        int64_t until_us = loop_wall_us(s->loop) + (int64_t)SHARE_INVITE_US;
        struct share_join *j = join_new(s, &to, until_us);
        bool known = d && roster_role(d) >= to.role && roster_has_us(d);
        j->cb = cb;
        j->arg = arg;
        j->timer = known ? timer_start(s->loop, 0, on_known, j)
                         : timer_start(s->loop, SHARE_JOIN_US, on_late, j);
        j->next_us = known ? UINT64_MAX : 0;
        if (!known) {
            share_keep_join(s, &to.doc, link, until_us);
            attempt(j);
        }
        return j;
    }
    return NULL;
}

void join_resume(struct share *s, const char *link, int64_t until_us)
{
    struct doc_link to;
    if (s->join_count < SHARE_JOINS_MAX && doc_link_parse(&to, link, NULL) == OK)
        join_new(s, &to, until_us);
}

void joins_done(struct share *s)
{
    LIST_EACH(&s->joins, struct share_join, j, link)
        join_free(j);
}
