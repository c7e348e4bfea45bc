/* What shoal.conf and --set may say of the overlay. */
#include "host/host_app_in.h"

/* clang-format off */
const struct conf_key host_settings[] = {
    {"host.enabled", CONF_BOOL, "on", 0, 0, NULL, false, "Meet other nodes by libp2p"},
    {"host.listen", CONF_LIST, "/ip4/0.0.0.0/udp/4001/quic-v1,/ip6/::/udp/4001/quic-v1,/ip4/0.0.0.0/tcp/4001,/ip6/::/tcp/4001", 0, 0, NULL, false,
     "Where other nodes reach us, multiaddrs: /ip4/ADDRESS/tcp/PORT, the same with /ws "
     "behind it, or with /tls/ws (for browsers; see host.tls-cert), or "
     "/ip4/ADDRESS/udp/PORT/quic-v1; port 0 is any free one"},
    {"host.announce", CONF_LIST, "", 0, 0, NULL, false,
     "Addresses that others are told besides, multiaddrs: /dns4/NAME/tcp/443/tls/ws, or where a "
     "router lets them in"},
    {"host.tls-cert", CONF_TEXT, "", 0, 0, NULL, false,
     "A PEM file with the certificate for /tls/ws, and those that vouch for it; read again when it "
     "changes"},
    {"host.tls-key", CONF_TEXT, "", 0, 0, NULL, false, "A PEM file with its private key"},
    {"host.bootstrap", CONF_LIST, "", 0, 0, NULL, false,
     "Nodes that are dialled when we know nobody, multiaddrs that end in /p2p/ID"},
    {"host.relay", CONF_CHOICE, "off", 0, 0, "off|trusted|on", false,
     "Lend traffic to nodes that nobody can dial: others reach them through this one. trusted: to "
     "and from those whom you trust, without limits but host.relay-rate; on: to strangers too, 2 "
     "minutes and 128 KiB at a time"},
    {"host.relay-rate", CONF_RATE, "8M", 0, INT64_C(1) << 40, NULL, false,
     "Bytes a second that are relayed for those whom you trust, all together"},
    {"host.relays", CONF_LIST, "", 0, 0, NULL, false,
     "Relays through which others can reach this node, multiaddrs that end in /p2p/ID"},
    {"host.mdns", CONF_BOOL, "on", 0, 0, NULL, false,
     "Find nodes in the networks around us, and be found there"},
    {"host.beacon", CONF_BOOL, "on", 0, 0, NULL, false,
     "Keep where this node is reached in the Mainline DHT, under its key, so that whoever knows its "
     "id finds it; with files.dht on, and only addresses that strangers can use"},
    {"host.lab", CONF_BOOL, "off", 0, 0, NULL, false,
     "For laboratories: loopback and private addresses are advertised and dialled, /echo/1.0.0 and "
     "/perf/1.0.0 are served, and many peers on one address are not suspicious"},
    {0},
};
