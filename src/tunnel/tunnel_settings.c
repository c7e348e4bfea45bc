/* What shoal.conf and --set may say of connect. */
#include "tunnel/tunnel_in.h"

/* clang-format off */
const struct conf_key tunnel_settings[] = {
    {"connect.enabled", CONF_BOOL, "on", 0, 0, NULL, false,
     "Offer services to trusted peers, and reach theirs"},
    {"connect.socks-login", CONF_TEXT, "", 0, 0, NULL, true,
     "USER:PASSWORD that local proxies ask for, since other users of this machine reach them; empty: none"},
    {"connect.exit-daily", CONF_BYTES, "1G", 0, INT64_C(1) << 50, NULL, true,
     "How much one peer may move through our exit in a day, both ways together; off: no limit"},
    {"connect.exit-daily-all", CONF_BYTES, "10G", 0, INT64_C(1) << 50, NULL, true,
     "How much all peers together may move through our exit in a day, both ways together; off: no limit"},
    {0},
};
