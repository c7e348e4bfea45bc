#include "node/settings.h"

#include "base/mem.h"
#include "node/apps.h"

#include <string.h>

/* clang-format off */
static const struct conf_key own[] = {
    {"node.name", CONF_TEXT, "", 0, 64, NULL, true,
     "What other people see this node as; empty: the machine's name"},

    {"node.interface", CONF_TEXT, "", 0, 0, NULL, false,
     "Reach other machines through this network interface (a VPN's, \"tun0\") or not at all; names are "
     "still looked up by the system; empty: any"},

    {"node.proxy", CONF_TEXT, "", 0, 0, NULL, false,
     "Reach other machines through this SOCKS5 proxy, socks5://[USER:PASSWORD@]IP:PORT, or not at all; it looks "
     "names up too; nobody can dial us then; empty: none"},

    {"limits.up", CONF_RATE, "off", 0, INT64_C(1) << 40, NULL, true,
     "Upload limit of the whole node, bytes a second"},
    {"limits.down", CONF_RATE, "off", 0, INT64_C(1) << 40, NULL, true,
     "Download limit of the whole node, bytes a second"},
    {"limits.alt", CONF_BOOL, "off", 0, 0, NULL, true,
     "The second pair of limits is in force, in place of limits.up, limits.down and schedules"},
    {"limits.alt-up", CONF_RATE, "50kB", 0, INT64_C(1) << 40, NULL, true,
     "The second upload limit, bytes a second"},
    {"limits.alt-down", CONF_RATE, "50kB", 0, INT64_C(1) << 40, NULL, true,
     "The second download limit, bytes a second"},
    {"limits.alt-when", CONF_TEXT, "", 0, 0, NULL, true,
     "Hours of the week in which it is in force anyway: \"Mon-Fri 08:00-18:00\""},
    {"limits.storage", CONF_BYTES, "off", 0, INT64_C(1) << 50, NULL, true,
     "How much disk the node may fill with what it downloads; off: no limit"},

    {"api.http", CONF_TEXT, "127.0.0.1:7700", 0, 0, NULL, false,
     "Address of the API, the dashboard and the Transmission RPC; \"off\": the Unix socket only"},
    {"api.auth", CONF_CHOICE, "on", 0, 0, "on|off", false,
     "off: whoever reaches the loopback address may do everything; only with --home"},

    {"log.level", CONF_CHOICE, "info", 0, 0, "debug|info|warn|error", true,
     "The least important lines that are written"},
};
/* clang-format on */

struct conf_key *settings_new(size_t *n)
{
    size_t count = sizeof own / sizeof own[0];
    for (const struct app_ops *const *a = node_apps; *a; a++)
        for (const struct conf_key *k = (*a)->settings; k && k->name; k++)
            count++;
    struct conf_key *all = mem_array(count, sizeof *all);
    memcpy(all, own, sizeof own);
    *n = sizeof own / sizeof own[0];
    for (const struct app_ops *const *a = node_apps; *a; a++)
        for (const struct conf_key *k = (*a)->settings; k && k->name; k++)
            all[(*n)++] = *k;
    return all;
}
