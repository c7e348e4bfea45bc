#include "files/owner/queue.h"

static bool takes_place(const struct queue_item *i)
{
    return i->running && !i->stalled && !i->forced;
}

void queue_decide(struct queue_item *items, size_t n, const size_t places[QUEUE_KINDS])
{
    size_t taken[QUEUE_KINDS] = {0}, waiting[QUEUE_KINDS] = {0};
    for (size_t i = 0; i < n; i++)
        taken[items[i].kind] += takes_place(&items[i]);
    for (size_t i = 0; i < n; i++) {
        struct queue_item *it = &items[i];
        size_t limit = places[it->kind];
        it->place = 0;
        if (it->kind == QUEUE_NONE || it->running)
            continue;
        if (it->forced) {
            it->running = true;
        } else if (limit == 0 || taken[it->kind] < limit) {
            it->running = true;
            taken[it->kind]++;
        } else {
            it->place = ++waiting[it->kind];
        }
    }
}
