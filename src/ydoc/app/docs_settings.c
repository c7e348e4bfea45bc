/* What shoal.conf and --set may say of docs. */
#include "ydoc/app/docs_in.h"

/* clang-format off */
const struct conf_key docs_settings[] = {
    {"docs.enabled", CONF_BOOL, "on", 0, 0, NULL, false,
     "Keep documents, edit them with others, and serve editors that speak y-websocket"},
    {0},
};
