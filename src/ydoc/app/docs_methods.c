/* Documents are made, listed, looked at, renamed and removed; and the steps that others share. */
#include "base/mem.h"
#include "base/utf8.h"
#include "core/bus.h"
#include "ydoc/any.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/app/follow.h"

#include <stdlib.h>
#include <string.h>

static const char see_ls[] = "shoal doc ls shows what there is";

/* --- the steps -------------------------------------------------------------------------------- */

void docs_fail(struct call *c, const struct why *why)
{
    switch (why->code) {
    case ERR_NOT_FOUND:
        call_fail(c, "doc.not_found", why, see_ls);
        return;
    case ERR_DENIED:
        call_fail(c, "doc.denied", why, "shoal doc members ID shows who may what");
        return;
    case ERR_LIMIT:
        call_fail(c, "doc.too_large", why, NULL);
        return;
    case ERR_STATE:
        call_fail(c, "doc.state", why, NULL);
        return;
    case ERR_TIMEOUT:
        call_fail(c, "doc.pending", why, NULL);
        return;
    case OK:
    case ERR_INVALID:
    case ERR_CLOSED:
    case ERR_UNSUPPORTED:
        break;
    case ERR_IO:
    case ERR_FULL:
        call_fail(c, "doc.not_kept", why, "look at the disk; shoal log says more");
        return;
    }
    call_fail(c, "doc.failed", why, NULL);
}

/* "ID@3" to its parts; false: there is no such ending, and it all is a name. */
static bool split_revision(char *name, int64_t *revision)
{
    char *at = strrchr(name, '@'), *end;
    if (!at || at[1] < '1' || at[1] > '9')
        return false;
    long long n = strtoll(at + 1, &end, 10);
    if (*end || n <= 0)
        return false;
    *at = '\0';
    *revision = n;
    return true;
}

bool docs_named(struct docs *d, struct call *c, struct shelf_doc *out, int64_t *revision)
{
    struct why why;
    char name[DOCS_NAME_MAX + 1];
    strncpy(name, call_text(c, "id"), DOCS_NAME_MAX); /* the table bounds it */
    name[DOCS_NAME_MAX] = '\0';
    if (revision)
        *revision = call_int(c, "revision", 0);
    enum err err = shelf_find(d->shelf, name, out, &why); /* a title may end so too */
    if (err == ERR_NOT_FOUND && revision && split_revision(name, revision))
        err = shelf_find(d->shelf, name, out, &why);
    if (err == OK)
        return true;
    if (err == ERR_INVALID)
        call_fail(c, "doc.ambiguous", &why, "give more of the id");
    else
        docs_fail(c, &why);
    return false;
}

struct room *docs_room(struct docs *d, struct call *c, const struct doc_id *id)
{
    struct why why;
    struct room *room = rooms_open(d->rooms, id, &why);
    if (!room)
        docs_fail(c, &why);
    return room;
}

bool docs_may_write(struct docs *d, struct call *c, const struct doc_id *id)
{
    if (share_role(d->share, id) != DOC_READER)
        return true;
    struct share_member *all;
    size_t n = share_members(d->share, id, &all);
    char owner[PEER_ID_FORMAT] = "its owner", name[80] = "";
    for (size_t i = 0; i < n; i++)
        if (all[i].role == DOC_OWNER) {
            peer_id_format(&all[i].peer, owner);
            if (all[i].name[0])
                snprintf(name, sizeof name, " (%s)", all[i].name);
        }
    free(all);
    call_failf(c, "doc.read_only", ERR_DENIED, "ask for a link without --read-only",
               "this document may be read here, not written: %s%s says who may write", owner, name);
    return false;
}

json_t *docs_text(struct ydoc *doc)
{
    struct buf text = {0};
    ydoc_text(doc, DOCS_ROOT, &text);
    json_t *out = json_stringn((const char *)buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    return out ? out : json_string("");
}

struct ydoc *docs_revision(struct docs *d, struct call *c, const struct doc_id *id, int64_t number)
{
    struct why why;
    struct ydoc *doc = ydoc_new(1, true, loop_random_u64(d->env.loop)); /* nobody writes in it */
    if (shelf_revision(d->shelf, id, number, doc, &why) == OK)
        return doc;
    if (why.code == ERR_NOT_FOUND)
        call_fail(c, "doc.no_revision", &why, "shoal doc history ID shows them");
    else
        docs_fail(c, &why);
    ydoc_free(doc);
    return NULL;
}

bool docs_title(struct ydoc *doc, char out[SHELF_TITLE_MAX + 1])
{
    struct buf meta = {0};
    ydoc_map(doc, DOCS_META, &meta);
    json_t *map = json_loadb((const char *)buf_bytes(&meta), buf_len(&meta), 0, NULL);
    const json_t *title = json_object_get(map, "title");
    size_t n = json_string_length(title);
    bool good = json_is_string(title) && n > 0 && n <= SHELF_TITLE_MAX;
    const uint8_t *p = (const uint8_t *)json_string_value(title);
    for (size_t at = 0, k; good && at < n; at += k) {
        uint32_t code;
        k = utf8_char(p + at, n - at, &code);
        good = k > 0 && utf8_harmless(code);
    }
    if (good)
        memcpy(out, p, n + 1);
    json_decref(map);
    buf_done(&meta);
    return good;
}

/* --- titles ----------------------------------------------------------------------------------- */

static bool check_title(struct call *c, const char *title)
{
    size_t n = strlen(title);
    bool good = n > 0 && n <= SHELF_TITLE_MAX;
    for (size_t at = 0, k; good && at < n; at += k) {
        uint32_t code;
        k = utf8_char((const uint8_t *)title + at, n - at, &code);
        good = k > 0 && utf8_harmless(code);
    }
    if (!good)
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal doc new 'Shopping list'",
                   "a title has 1 to %d bytes on one line, without control characters",
                   SHELF_TITLE_MAX);
    return good;
}

/* Takes the room. */
static void set_title(struct docs *d, struct call *c, struct room *room, const char *title)
{
    struct buf value = {0};
    struct writing *w = writing_new(d, c, room, NULL);
    any_put_text(&value, title, strlen(title));
    room_begin(room);
    ymap_set(room_doc(room), DOCS_META, "title", 5, buf_cur(&value));
    room_commit(room, d->me, writing_done, w);
    buf_done(&value);
}

void docs_on_new(void *app, struct call *c)
{
    struct docs *d = app;
    struct doc_id id;
    struct why why;
    const char *title = call_text(c, "title");
    if (!check_title(c, title))
        return;
    if (share_create(d->share, title, &id, &why) != OK) {
        docs_fail(c, &why);
        return;
    }
    struct room *room = docs_room(d, c, &id);
    if (room)
        set_title(d, c, room, title);
}

void docs_on_rename(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct why why;
    const char *title = call_text(c, "title");
    if (!check_title(c, title) || !docs_named(d, c, &doc, NULL) || !docs_may_write(d, c, &doc.id))
        return;
    struct room *room = docs_room(d, c, &doc.id);
    if (!room)
        return;
    if (shelf_rename(d->shelf, &doc.id, title, &why) == OK) {
        set_title(d, c, room, title);
        return;
    }
    room_done(room);
    docs_fail(c, &why);
}

/* --- looking, removing ------------------------------------------------------------------------ */

void docs_on_ls(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc *all;
    size_t n = shelf_list(d->shelf, &all);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, docs_row(d, &all[i]));
    free(all);
    call_ok(c, out);
}

void docs_on_show(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct shelf_revision *past;
    if (!docs_named(d, c, &doc, NULL))
        return;
    struct room *room = docs_room(d, c, &doc.id);
    if (!room)
        return;
    json_t *row = docs_row(d, &doc), *here = docs_here(d, &doc.id);
    json_object_set_new(row, "present", json_integer((json_int_t)json_array_size(here)));
    json_object_set_new(row, "units",
                        json_integer((json_int_t)ydoc_length(room_doc(room), DOCS_ROOT)));
    json_object_set_new(row, "writable", json_boolean(room_writable(room)));
    size_t n = shelf_history(d->shelf, &doc.id, &past);
    free(past);
    json_object_set_new(row, "revisions", json_integer((json_int_t)n));
    json_object_set_new(row, "follow", follows_json(d->follows, &doc.id));
    json_object_set_new(row, "members", docs_members(d, &doc.id));
    json_object_set_new(row, "here", here);
    room_done(room);
    call_ok(c, row);
}

void docs_on_rm(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct why why;
    char id[DOC_ID_TEXT];
    if (!docs_named(d, c, &doc, NULL))
        return;
    json_t *was = docs_row(d, &doc);
    if (follows_stop(d->follows, &doc.id, &why) == OK &&
        share_forget(d->share, &doc.id, &why) == OK) {
        rooms_forget(d->rooms, &doc.id);
        bus_post(d->env.bus, BUS_ONCE, "doc.removed", doc_id_text(&doc.id, id), json_object());
        call_ok(c, was);
        return;
    }
    json_decref(was);
    docs_fail(c, &why);
}
