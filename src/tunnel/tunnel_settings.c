/* What shoal.conf and --set may say of connect. */
#include "tunnel/tunnel_in.h"

/* clang-format off */
const struct conf_key tunnel_settings[] = {
    {"connect.enabled", CONF_BOOL, "on", 0, 0, NULL, false,
     "Offer services to trusted peers, and reach theirs"},
    {0},
};
