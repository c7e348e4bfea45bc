/* uTP on the ports of the node, and files.transports. */
#include "files/files_in.h"

#include <string.h>

static bool put_out(void *arg, const struct addr *to, const struct iovec *iov, int count,
                    size_t segment, bool whole)
{
    struct files *f = arg;
    struct udp *u = f->ports ? ports_udp(f->ports, to->family) : NULL;
    return !u || udp_sendv(u, to, iov, count, segment, whole); /* none: lost on its way */
}

void utp_begin(struct files *f, accept_cb *accept)
{
    const char *way = conf_text(f->env.conf, "files.transports");
    struct utp_env env = {.loop = f->env.loop, .send = put_out, .arg = f};
    f->swarm.carriers = CARRIERS_BOTH;
    if (strcmp(way, "tcp") == 0)
        f->swarm.carriers = CARRIER_TCP;
    if (strcmp(way, "utp") == 0)
        f->swarm.carriers = CARRIER_UTP;
    if (!(f->swarm.carriers & CARRIER_UTP))
        return;
    f->swarm.utp = utp_new(&env);
    utp_listen(f->swarm.utp, accept, f);
    f->swarm.wire.punch = true;
}

void utp_end(struct files *f)
{
    utp_free(f->swarm.utp);
    f->swarm.utp = NULL;
}

void utp_on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct files *f = arg;
    if (f->swarm.utp)
        utp_packet(f->swarm.utp, from, bytes, n);
}

void utp_on_pause(void *arg)
{
    struct files *f = arg;
    if (f->swarm.utp)
        utp_pause(f->swarm.utp);
}
