/* What shoal.conf and --set may say of files. */
#include "files/files_in.h"

/* clang-format off */
const struct conf_key files_settings[] = {
    {"files.enabled", CONF_BOOL, "on", 0, 0, NULL, false, "Share and get files by BitTorrent"},
    {"files.listen", CONF_TEXT, "0.0.0.0:6881", 0, 0, NULL, false,
     "Where peers reach us, IP:PORT, by TCP and UDP; port 0 is any free one. 0.0.0.0 is every address "
     "of the machine, IPv6 included; any other IP is also where our own connections come from"},
    {"files.dir", CONF_TEXT, "", 0, 0, NULL, true,
     "Where downloads go unless told otherwise; empty: the user's download folder"},
    {"files.watch", CONF_TEXT, "", 0, 0, NULL, true,
     "A folder; .torrent files that appear in it are added, and renamed to .added or .invalid"},
    {"files.connections", CONF_INT, "100", 8, 10000, NULL, true,
     "Connections to peers at the most, over all torrents; home routers die of many"},
    {"files.torrent-connections", CONF_INT, "50", 1, TORRENT_CONNS_CAP, NULL, true,
     "Connections to peers of one torrent at the most, unless it says otherwise"},
    {"files.start", CONF_BOOL, "on", 0, 0, NULL, true, "What is added begins at once"},
    {"files.download-queue", CONF_INT, "off", 0, 10000, NULL, true,
     "So many torrents download at once, the others wait for their turn; off: all"},
    {"files.seed-queue", CONF_INT, "off", 0, 10000, NULL, true,
     "So many torrents are seeded at once, the others wait for their turn; off: all"},
    {"files.queue-stalled", CONF_TIME, "30min", 0, 30 * 86400, NULL, true,
     "A torrent without a byte for so long takes no place in the queues; off: it does"},
    {"files.ratio-limit", CONF_TEXT, "off", 0, 0, NULL, true,
     "Seeding ends at this ratio of uploaded to downloaded bytes: 2, 1.5, off"},
    {"files.idle-limit", CONF_TIME, "off", 0, 10 * 365 * 86400, NULL, true,
     "Seeding ends when nobody took a byte for so long; off: never"},
    {"files.encryption", CONF_CHOICE, "prefer", 0, 0, "off|prefer|require", false,
     "Of connections to peers; off: never; prefer: tried first; require: RC4 or none, both ways"},
    {"files.transports", CONF_CHOICE, "both", 0, 0, "tcp|utp|both", false,
     "How peers are reached and let in; both: uTP, which steps back for other traffic, then TCP; with "
     "neighbours TCP first"},
    {"files.dht", CONF_BOOL, "on", 0, 0, NULL, false,
     "Find peers by the Mainline DHT, and be found; never for a private torrent"},
    {"files.dht-bootstrap", CONF_LIST, "", 0, 0, NULL, false,
     "Nodes of the DHT to begin with, IP:PORT,... (or names). Not set: the public routers "
     "dht.libtorrent.org, router.bittorrent.com and dht.transmissionbt.com, which are not asked when "
     "files.listen is a loopback address; set and empty: nobody"},
    {"files.lsd", CONF_BOOL, "on", 0, 0, NULL, false,
     "Nodes of one network find each other by multicast; never for a private torrent"},
    {"files.pex", CONF_BOOL, "on", 0, 0, NULL, false,
     "Peers tell each other who else is in the swarm; never of a private torrent"},
    {"files.port-mapping", CONF_BOOL, "on", 0, 0, NULL, false,
     "Ask the router to forward the port to us (PCP, NAT-PMP, UPnP); never asked when files.listen is "
     "an address of this machine alone, or node.interface is set"},
    {"files.deny", CONF_TEXT, "", 0, 0, NULL, true,
     "Names of files that are never made, as patterns apart by spaces: *.lnk *.scr *.exe *.zipx"},
    {"files.deny-action", CONF_CHOICE, "skip", 0, 0, "skip|refuse", true,
     "What becomes of a torrent with such a file: the file is left out, or all of it is refused"},
    {"files.ip-filter", CONF_LIST, "", 0, 0, NULL, true,
     "Lists of addresses we have nothing to do with, absolute paths or URLs: PeerGuardian's text, "
     "eMule's ipfilter.dat, or address/bits a line; read again when they change"},
    {"files.blocklist", CONF_LIST, "", 0, 0, NULL, true,
     "Lists of infohashes and signers that are refused, absolute paths or URLs (asked once a day)"},
    {"files.sign", CONF_BOOL, "off", 0, 0, NULL, true,
     "What is shared is signed with this node's key, so that others see whose it is"},
    {"files.scan", CONF_TEXT, "off", 0, 0, NULL, true,
     "The socket of clamd (/run/clamav/clamd.ctl), or off. Downloads stay in a folder "
     ".shoal-quarantine until it has looked at every file"},
    {"files.code-time", CONF_TIME, "1h", 60, 7 * 86400, NULL, true,
     "A code of `file send` stands for so long; who has begun to fetch is not hurried"},
    {.name = NULL},
};
/* clang-format on */
