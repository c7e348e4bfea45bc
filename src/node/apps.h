/* node/apps.h - the apps that this node is made of: one line each. */
#ifndef SHOAL_NODE_APPS_H
#define SHOAL_NODE_APPS_H

#include "core/app.h"

/* In starting order, NULL at the end; stopped in reverse. */
extern const struct app_ops *const node_apps[];

#endif
