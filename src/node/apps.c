#include "node/apps.h"

#include "files/files.h"
#include "host/host_app.h"
#include "tunnel/tunnel.h"
#include "ydoc/app/docs.h"

const struct app_ops *const node_apps[] = {
    &host_app, /* first: the others are given its host */
    &files_app, &tunnel_app, &docs_app, NULL,
};
