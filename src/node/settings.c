#include "node/settings.h"

/* clang-format off */
static const struct conf_key table[] = {
    {"node.name", CONF_TEXT, "", 0, 64, NULL, true,
     "What other people see this node as; empty: the machine's name"},

    {"limits.up", CONF_RATE, "off", 0, INT64_C(1) << 40, NULL, true,
     "Upload limit of the whole node, bytes a second"},
    {"limits.down", CONF_RATE, "off", 0, INT64_C(1) << 40, NULL, true,
     "Download limit of the whole node, bytes a second"},
    {"limits.storage", CONF_BYTES, "0", 0, INT64_C(1) << 50, NULL, true,
     "How much disk the node may fill with what it downloads; 0: no limit"},

    {"api.http", CONF_TEXT, "127.0.0.1:7700", 0, 0, NULL, false,
     "Address of the API, the dashboard and the Transmission RPC; \"off\": the Unix socket only"},
    {"api.auth", CONF_CHOICE, "on", 0, 0, "on|off", false,
     "off: whoever reaches the loopback address may do everything; only with --home"},

    {"files.enabled", CONF_BOOL, "on", 0, 0, NULL, false, "Share files over BitTorrent"},
    {"files.listen", CONF_TEXT, "0.0.0.0:6881", 0, 0, NULL, false,
     "Where peers connect to, and the address that outgoing connections come from"},
    {"files.dir", CONF_TEXT, "", 0, 0, NULL, true,
     "Where downloads go; empty: the download folder"},
    {"files.connections", CONF_INT, "100", 1, 10000, NULL, true,
     "Connections to peers at the most, over all torrents"},
    {"files.encryption", CONF_CHOICE, "off", 0, 0, "off|prefer|require", false,
     "Of connections to peers; prefer: tried first; require: RC4 or none, both ways"},
    {"files.transports", CONF_CHOICE, "tcp", 0, 0, "tcp", false,
     "How peers are reached; only tcp today"},
    {"files.dht", CONF_CHOICE, "off", 0, 0, "off", false, "The Mainline DHT; only off today"},
    {"files.dht-bootstrap", CONF_LIST, "", 0, 0, NULL, false, "For the DHT; not used today"},
    {"files.lsd", CONF_CHOICE, "off", 0, 0, "off", false, "Local discovery; only off today"},
    {"files.pex", CONF_BOOL, "on", 0, 0, NULL, false,
     "Peers tell each other of peers; never for a private torrent"},
    {"files.port-mapping", CONF_CHOICE, "off", 0, 0, "off", false,
     "Ask the router to forward the port; only off today"},

    {"log.level", CONF_CHOICE, "info", 0, 0, "debug|info|warn|error", true,
     "The least important lines that are written"},
};
/* clang-format on */

const struct conf_key *settings_table(size_t *n)
{
    *n = sizeof table / sizeof table[0];
    return table;
}
