#include "files/peer/carrier.h"

#include "net/conn.h"

enum carrier carrier_pick(const struct carrier_memory *m, unsigned allowed, const struct addr *to,
                          uint64_t *within_us)
{
    unsigned left = allowed & ~(unsigned)m->failed;
    bool near = addr_is_loopback(to) || addr_is_private(to);
    enum carrier first = near ? CARRIER_TCP : CARRIER_UTP;
    if (m->works & left)
        first = m->works & CARRIER_TCP ? CARRIER_TCP : CARRIER_UTP;
    if (left == 0)
        left = allowed;
    enum carrier pick = left & first ? first : left & CARRIER_TCP ? CARRIER_TCP : CARRIER_UTP;
    bool short_ = left == CARRIERS_BOTH || (pick == CARRIER_UTP && allowed == CARRIERS_BOTH);
    *within_us = short_ ? CARRIER_FIRST_US : CONN_HANDSHAKE_US;
    return pick;
}

bool carrier_failed(struct carrier_memory *m, unsigned allowed, enum carrier c)
{
    m->works &= (uint8_t)~c;
    m->failed |= (uint8_t)c;
    if ((m->failed & allowed) != allowed)
        return true;
    m->failed = 0;
    return false;
}

void carrier_reached(struct carrier_memory *m, enum carrier c)
{
    *m = (struct carrier_memory){.works = (uint8_t)c};
}
