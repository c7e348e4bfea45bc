/* sim_trace.c - what was delivered: a running hash, and lines for diff. */
#include "sim/sim_world.h"

#include <inttypes.h>
#include <string.h>

enum { FIRST_BYTES = 64 };

void sim_trace(struct sim_node *node, const char *kind, const struct addr *peer, const void *bytes,
               size_t n)
{
    struct sim *sim = node->sim;
    sim->running = node;
    struct {
        uint64_t at_us, node, size, first;
        char kind[8];
        struct addr peer;
        uint8_t zero[8 - sizeof(struct addr) % 8];
    } rec;
    memset(&rec, 0, sizeof rec); /* the padding is hashed too */
    rec.at_us = sim->now_us;
    rec.node = node->index;
    rec.size = n;
    if (bytes)
        rec.first = map_hash(0, bytes, n < FIRST_BYTES ? n : FIRST_BYTES);
    for (size_t i = 0; i < sizeof rec.kind && kind[i]; i++)
        rec.kind[i] = kind[i];
    if (peer)
        rec.peer = *peer;
    sim->trace_hash = map_hash(sim->trace_hash, &rec, sizeof rec);
    sim->trace_count++;
    if (!sim->trace_file)
        return;
    char text[ADDR_TEXT] = "-";
    if (peer && peer->family != ADDR_NONE)
        addr_format(peer, text);
    fprintf(sim->trace_file, "%" PRIu64 ".%06" PRIu64 " %s %s %s %zu %016" PRIx64 "\n",
            sim->now_us / SEC, sim->now_us % SEC, node->name, kind, text, n, rec.first);
}

uint64_t sim_trace_hash(const struct sim *sim)
{
    return sim->trace_hash;
}

uint64_t sim_trace_count(const struct sim *sim)
{
    return sim->trace_count;
}

void sim_trace_to(struct sim *sim, FILE *file)
{
    sim->trace_file = file;
}
