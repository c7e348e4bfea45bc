/* host/host_app.h - the host as a part of the node: its settings, its methods, its place in the
 * status.
 *
 * Started before all apps, which get what host_app_host() gives. */
#ifndef SHOAL_HOST_HOST_APP_H
#define SHOAL_HOST_HOST_APP_H

#include "core/app.h"
#include "host/host.h"

extern const struct app_ops host_app;

/* Of what start() returned. */
struct host *host_app_host(void *app);
/* A table where others find us, and we them (host/find/beacon.h); NULL: it goes. */
struct items_port;
void host_app_set_items(void *app, const struct items_port *items);

#endif
