/* ydoc/app/docs.h - the app "docs": documents that many edit at once, and the noun `doc`.
 *
 * It joins the shelf (what is kept), the rooms (who edits) and sharing (who may), and gives them to
 * the command line, the API and the files that follow a document. */
#ifndef SHOAL_YDOC_APP_DOCS_H
#define SHOAL_YDOC_APP_DOCS_H

#include "core/app.h"

extern const struct app_ops docs_app;

/* For the y-websocket endpoint, of what start() returned. */
struct rooms *docs_rooms(void *app);
struct shelf *docs_shelf(void *app);

#endif
