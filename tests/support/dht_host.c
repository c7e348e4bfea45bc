#include "support/dht_host.h"

#include "base/mem.h"

static void send_out(void *arg, const struct addr *to, const void *bytes, size_t n)
{
    struct dht_host *h = arg;
    udp_send(h->udp, to, bytes, n);
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct dht_host *h = arg;
    dht_packet(h->d, from, bytes, n);
}

static void stop(struct dht_host *h)
{
    dht_free(h->d);
    udp_close(h->udp);
    h->d = NULL;
    h->udp = NULL;
}

static void on_crash(void *arg)
{
    stop(arg);
}

struct dht_host *dht_host_new(struct sim *sim, const char *name, struct addr at,
                              struct sim_link link)
{
    struct dht_host *h = MEM_NEW(struct dht_host);
    h->at = at;
    h->machine = sim_node_add(sim, name, at, link);
    h->loop = sim_node_loop(h->machine);
    sim_node_on_crash(h->machine, on_crash, h);
    return h;
}

void dht_host_start(struct dht_host *h, struct cur saved)
{
    struct dht_env env = {.loop = h->loop,
                          .arg = h,
                          .send = send_out,
                          .v4 = h->at.family == ADDR_V4,
                          .v6 = h->at.family == ADDR_V6};
    struct why why;
    h->udp = udp_open(h->loop, &h->at, on_packet, h, &why);
    h->d = dht_new(&env, saved);
}

void dht_host_crash(struct dht_host *h)
{
    sim_node_crash(h->machine);
    sim_node_restart(h->machine);
}

void dht_host_free(struct dht_host *h)
{
    if (!h)
        return;
    stop(h);
    free(h);
}
