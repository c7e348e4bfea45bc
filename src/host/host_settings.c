/* What shoal.conf and --set may say of the overlay. */
#include "host/host_app_in.h"

/* clang-format off */
const struct conf_key host_settings[] = {
    {"host.enabled", CONF_BOOL, "on", 0, 0, NULL, false, "Meet other nodes by libp2p"},
    {"host.listen", CONF_LIST, "/ip4/0.0.0.0/tcp/4001,/ip6/::/tcp/4001", 0, 0, NULL, false,
     "Where other nodes reach us, multiaddrs: /ip4/ADDRESS/tcp/PORT; port 0 is any free one"},
    {"host.bootstrap", CONF_LIST, "", 0, 0, NULL, false,
     "Nodes that are dialled when we know nobody, multiaddrs that end in /p2p/ID"},
    {"host.lab", CONF_BOOL, "off", 0, 0, NULL, false,
     "For laboratories: loopback and private addresses are advertised and dialled, /echo/1.0.0 and "
     "/perf/1.0.0 are served, and many peers on one address are not suspicious"},
    {0},
};
