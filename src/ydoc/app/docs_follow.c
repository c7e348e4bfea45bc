/* A file on disk in step with a document. */
#include "ydoc/app/docs_in.h"
#include "ydoc/app/follow.h"

void docs_on_follow(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    struct why why;
    enum err err;
    const char *file = call_text(c, "file");
    bool stop = call_bool(c, "stop");
    if (!docs_named(d, c, &doc, NULL))
        return;
    if (!file == !stop) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal doc follow ID notes.md",
                   "name the file, or say --stop");
        return;
    }
    if (stop)
        err = follows_stop(d->follows, &doc.id, &why);
    else
        err = follows_start(d->follows, &doc.id, file, &why);
    if (err == OK)
        call_ok(c, docs_row(d, &doc));
    else
        call_fail(c, err == ERR_STATE ? "doc.followed" : "doc.not_followed", &why,
                  err == ERR_STATE ? "shoal doc follow ID --stop ends it" : NULL);
}
