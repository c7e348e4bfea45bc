#include "node/apps.h"

#include "files/files.h"

const struct app_ops *const node_apps[] = {
    &files_app,
    NULL,
};
