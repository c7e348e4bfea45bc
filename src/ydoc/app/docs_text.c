/* The text: read, added to, edited. */
#include "base/mem.h"
#include "crypto/base64.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/app/fork.h"

#include <stdlib.h>
#include <string.h>

/* {"id","title","text"}, and with `base` what doc.edit wants to know it by. */
static json_t *text_json(const struct shelf_doc *doc, struct ydoc *at, bool with_base)
{
    char id[DOC_ID_TEXT];
    json_t *out = json_pack("{s:s, s:s, s:o}", "id", doc_id_text(&doc->id, id), "title", doc->title,
                            "text", docs_text(at));
    if (with_base) {
        struct buf state = {0}, text = {0};
        ydoc_encode(at, UPDATE_V2, NULL, &state);
        base64_encode(&text, buf_bytes(&state), buf_len(&state));
        json_object_set_new(out, "base",
                            json_stringn((const char *)buf_bytes(&text), buf_len(&text)));
        buf_done(&state);
        buf_done(&text);
    }
    return out;
}

void docs_on_cat(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    int64_t revision;
    if (!docs_named(d, c, &doc, &revision))
        return;
    if (revision > 0) {
        struct ydoc *past = docs_revision(d, c, &doc.id, revision);
        if (past)
            call_ok(c, text_json(&doc, past, false));
        ydoc_free(past);
        return;
    }
    struct room *room = docs_room(d, c, &doc.id);
    if (!room)
        return;
    call_ok(c, text_json(&doc, room_doc(room), call_bool(c, "base")));
    room_done(room);
}

/* --- appending -------------------------------------------------------------------------------- */

void docs_on_append(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct why why;
    const json_t *given = json_object_get(call_params(c), "text");
    const char *text = json_string_value(given);
    size_t n = json_string_length(given);
    if (!docs_named(d, c, &doc, NULL) || !docs_may_write(d, c, &doc.id))
        return;
    struct room *room = docs_room(d, c, &doc.id);
    if (!room)
        return;
    bool line = !call_bool(c, "no_newline") && (n == 0 || text[n - 1] != '\n');
    struct buf all = {0};
    buf_put(&all, text, n);
    if (line)
        buf_u8(&all, '\n');
    struct writing *w = writing_new(d, c, room, NULL);
    shelf_close(d->shelf, &doc.id);
    room_begin(room);
    struct ydoc *y = room_doc(room);
    enum err err = ytext_insert(y, DOCS_ROOT, ydoc_length(y, DOCS_ROOT), buf_bytes(&all),
                                buf_len(&all), NULL, &why);
    if (err == OK) {
        room_commit(room, d->me, writing_done, w);
    } else {
        room_commit(room, d->me, NULL, NULL); /* nothing */
        writing_fail(w, &why);
    }
    buf_done(&all);
}

/* --- editing ---------------------------------------------------------------------------------- */

static json_t *edited(struct docs *d, const struct shelf_doc *doc)
{
    json_t *out = docs_row(d, doc);
    struct room *room = rooms_open(d->rooms, &doc->id, NULL);
    if (room) {
        json_object_set_new(out, "text", docs_text(room_doc(room)));
        room_done(room);
    }
    return out;
}

/* Without a base: it is to read so, whatever was typed since. */
static void write_over(struct docs *d, struct room *room, struct cur text, struct writing *w)
{
    room_set_text(room, DOCS_ROOT, text, d->me, writing_done, w);
}

static void merge(struct docs *d, struct room *room, struct cur base, struct cur text,
                  struct writing *w)
{
    struct why why;
    struct buf update = {0};
    if (fork_edit(base, DOCS_ROOT, text, &update, NULL, &why) != OK)
        writing_fail(w, &why);
    else
        room_take(room, buf_cur(&update), d->me, writing_done, w);
    buf_done(&update);
}

void docs_on_edit(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    const json_t *given = json_object_get(call_params(c), "text");
    const char *base64 = call_text(c, "base");
    struct cur text = cur_of(json_string_value(given), json_string_length(given));
    struct buf base = {0};
    if (!docs_named(d, c, &doc, NULL) || !docs_may_write(d, c, &doc.id))
        return;
    if (base64 && !base64_decode(&base, base64, strlen(base64))) {
        call_failf(c, CALL_USAGE, ERR_INVALID, NULL, "base is not base64");
        return;
    }
    struct room *room = docs_room(d, c, &doc.id);
    if (room) {
        struct writing *w = writing_new(d, c, room, edited);
        shelf_close(d->shelf, &doc.id);
        if (base64)
            merge(d, room, buf_cur(&base), text, w);
        else
            write_over(d, room, text, w);
    }
    buf_done(&base);
}
