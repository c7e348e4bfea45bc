/* Who edits it with us. */
#include "base/mem.h"
#include "ydoc/app/docs_in.h"

#include <stdlib.h>

/* A call that waits to be let in. */
struct joining {
    struct link link; /* in docs.joins */
    struct docs *d;
    struct call *call;
    struct share_join *join;
};

static bool find_peer(struct docs *d, struct call *c, const char *text, struct peer_id *out)
{
    struct why why;
    enum err err;
    if (d->env.host)
        err = host_find_peer(d->env.host, text, out, &why);
    else
        err = peer_id_parse(out, text, &why);
    if (err == OK)
        return true;
    call_fail(c, "doc.no_peer", &why, "shoal peer ls shows the peers; a full id always works");
    return false;
}

/* --- sharing ---------------------------------------------------------------------------------- */

void docs_on_share(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct peer_id peer;
    struct why why;
    struct buf link = {0};
    char id[DOC_ID_TEXT];
    const char *with = call_text(c, "with");
    enum doc_role role = call_bool(c, "read_only") ? DOC_READER : DOC_WRITER;
    if (!docs_named(d, c, &doc, NULL) || (with && !find_peer(d, c, with, &peer)))
        return;
    if (share_invite(d->share, &doc.id, with ? &peer : NULL, role, &link, &why) != OK) {
        docs_fail(c, &why);
        buf_done(&link);
        return;
    }
    docs_tell_members(d, &doc.id);
    char *text = buf_take_str(&link);
    call_ok(c, json_pack("{s:s, s:s, s:s, s:s}", "id", doc_id_text(&doc.id, id), "title", doc.title,
                         "role", docs_role_name(role), "link", text));
    free(text);
}

void docs_on_members(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    if (docs_named(d, c, &doc, NULL))
        call_ok(c, docs_members(d, &doc.id));
}

void docs_on_unshare(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct peer_id peer;
    struct why why;
    enum err err = OK;
    const char *who = call_text(c, "peer");
    bool links = call_bool(c, "links");
    if (!docs_named(d, c, &doc, NULL) || (who && !find_peer(d, c, who, &peer)))
        return;
    if (!who && !links) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal doc unshare ID PEER",
                   "name the peer, or say --links for all links that were given away");
        return;
    }
    if (who)
        err = share_remove(d->share, &doc.id, &peer, &why);
    if (err == OK && links)
        err = share_close_door(d->share, &doc.id, &why);
    if (err == ERR_NOT_FOUND) {
        call_fail(c, "doc.no_member", &why, "shoal doc members ID shows them");
        return;
    }
    if (err != OK) {
        docs_fail(c, &why);
        return;
    }
    docs_tell_members(d, &doc.id);
    call_ok(c, docs_members(d, &doc.id));
}

/* --- joining ---------------------------------------------------------------------------------- */

static void on_joined(void *arg, const struct doc_id *id, const struct why *why)
{
    struct joining *j = arg;
    struct docs *d = j->d;
    struct call *call = j->call;
    struct shelf_doc doc;
    list_drop(&j->link);
    free(j);
    if (!id) {
        call_fail(call, why->code == ERR_TIMEOUT ? "doc.pending" : "doc.not_joined", why,
                  why->code == ERR_TIMEOUT
                      ? "its owner is away; it comes by itself when both are there"
                      : "ask its owner for a new link");
    } else if (shelf_get(d->shelf, id, &doc)) {
        docs_take_title(d, &doc);
        docs_tell_members(d, id);
        call_ok(call, docs_row(d, &doc));
    } else {
        call_failf(call, "doc.not_found", ERR_NOT_FOUND, NULL, "it was removed meanwhile");
    }
}

void docs_on_join(void *app, struct call *c)
{
    struct docs *d = app;
    struct why why;
    struct joining *j = MEM_NEW(struct joining);
    j->d = d;
    j->call = c;
    j->join = share_join(d->share, call_text(c, "link"), on_joined, j, &why);
    if (j->join) {
        list_push(&d->joins, &j->link);
        return;
    }
    free(j);
    call_fail(c, why.code == ERR_INVALID ? CALL_USAGE : "doc.not_joined", &why,
              "a link of shoal doc share, in quotes");
}

void docs_joins_done(struct docs *d)
{
    LIST_EACH(&d->joins, struct joining, j, link) {
        share_join_cancel(j->join);
        call_failf(j->call, "doc.pending", ERR_CLOSED, "say it again when the node is back",
                   "the node ends before we were let in");
        list_drop(&j->link);
        free(j);
    }
}
