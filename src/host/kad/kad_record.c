#include "host/kad/kad_record.h"

#include "host/kad/ipns.h"
#include "host/name/peer_id.h"

#include <string.h>

static bool begins(struct cur key, const char *with)
{
    return key.n >= strlen(with) && memcmp(key.p, with, strlen(with)) == 0;
}

static enum err check_pk(struct cur key, struct cur value, struct why *why)
{
    struct pubkey pk;
    struct peer_id named, of_key;
    (void)cur_take(&key, 4);
    if (peer_id_decode(&named, key, why) != OK || pubkey_decode(&pk, value, why) != OK)
        return why_in(why, ERR_INVALID, "/pk/");
    peer_id_of_key(&pk, &of_key);
    if (!peer_id_equal(&named, &of_key))
        return why_set(why, ERR_INVALID, "/pk/: the key of somebody else");
    return OK;
}

static enum err check_ipns(struct cur key, struct cur value, int64_t wall_us, struct why *why)
{
    struct peer_id name;
    (void)cur_take(&key, 6);
    if (peer_id_decode(&name, key, why) != OK)
        return why_in(why, ERR_INVALID, "/ipns/");
    return ipns_check(&name, value, wall_us, why);
}

enum err kad_record_check(struct cur key, struct cur value, int64_t wall_us, bool lab,
                          struct why *why)
{
    if (begins(key, "/pk/"))
        return check_pk(key, value, why);
    if (begins(key, "/ipns/"))
        return check_ipns(key, value, wall_us, why);
    if (lab)
        return OK;
    return why_set(why, ERR_UNSUPPORTED, "a value that nobody here can check");
}

bool kad_record_is_final(struct cur key)
{
    return begins(key, "/pk/");
}

bool kad_record_better(struct cur key, struct cur a, struct cur b)
{
    if (a.p == NULL || b.p == NULL)
        return b.p != NULL;
    return begins(key, "/ipns/") && ipns_later(a, b); /* of equals the first */
}
