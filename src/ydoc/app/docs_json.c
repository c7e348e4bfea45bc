/* What is told of a document. */
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "host/host.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/app/follow.h"
#include "ydoc/awareness.h"

#include <stdlib.h>
#include <string.h>

enum { HERE_MAX = 64 /* of those who are here, so many are named */ };

const char *docs_role_name(enum doc_role role)
{
    switch (role) {
    case DOC_READER:
        return "reader";
    case DOC_WRITER:
        return "writer";
    case DOC_OWNER:
        return "owner";
    }
    return "";
}

static json_t *time_json(int64_t wall_us)
{
    return wall_us > 0 ? json_string(text_rfc3339(wall_us).s) : json_null();
}

/* A name and a colour of "user", as editors tell them (y-protocols' awareness). */
static json_t *person(struct cur state)
{
    json_t *all = json_loadb((const char *)state.p, state.n, JSON_ALLOW_NUL, NULL);
    const json_t *user = json_object_get(all, "user");
    const json_t *name = json_object_get(user, "name"), *color = json_object_get(user, "color");
    json_t *out = json_object();
    json_object_set(out, "name", json_is_string(name) ? (json_t *)name : json_null());
    json_object_set(out, "color", json_is_string(color) ? (json_t *)color : json_null());
    json_decref(all);
    return out;
}

json_t *docs_here(struct docs *d, const struct doc_id *id)
{
    json_t *out = json_array();
    uint64_t client;
    struct cur state;
    struct room *room = rooms_open(d->rooms, id, NULL);
    if (!room)
        return out;
    for (size_t at = 0; json_array_size(out) < HERE_MAX &&
                        awareness_next(room_awareness(room), &at, &client, &state);)
        json_array_append_new(out, person(state));
    room_done(room);
    return out;
}

json_t *docs_row(struct docs *d, const struct shelf_doc *doc)
{
    char id[DOC_ID_TEXT];
    const char *file = follows_file(d->follows, &doc->id);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "id",
                     doc_id_text(&doc->id, id), "title", doc->title, "role",
                     docs_role_name(share_role(d->share, &doc->id)), "created",
                     time_json(doc->created_us), "changed", time_json(doc->changed_us), "author",
                     doc->author[0] ? json_string(doc->author) : json_null(), "bytes",
                     (json_int_t)doc->bytes, "present", (json_int_t)docs_present(d, &doc->id),
                     "file", file ? json_string(file) : json_null());
}

json_t *docs_members(struct docs *d, const struct doc_id *id)
{
    struct share_member *all;
    size_t n = share_members(d->share, id, &all);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        char peer[PEER_ID_FORMAT];
        const char *name = utf8_valid(all[i].name, strlen(all[i].name)) ? all[i].name : "";
        peer_id_format(&all[i].peer, peer);
        json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:b, s:b, s:o}", "peer", peer, "name",
                                             name, "role", docs_role_name(all[i].role), "self",
                                             strcmp(peer, d->me) == 0, "connected",
                                             all[i].connected, "seen", time_json(all[i].seen_us)));
    }
    free(all);
    return out;
}

json_t *docs_revisions(struct docs *d, const struct doc_id *id)
{
    struct shelf_revision *all;
    size_t n = shelf_history(d->shelf, id, &all);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, json_pack("{s:I, s:o, s:s, s:I}", "revision",
                                             (json_int_t)all[i].number, "at",
                                             time_json(all[i].at_us), "author", all[i].author,
                                             "bytes", (json_int_t)all[i].bytes));
    free(all);
    return out;
}
