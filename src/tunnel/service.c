/* What we offer: a name for a local address. */
#include "tunnel/tunnel_in.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct service *service_find(const struct tunnel *t, const char *name)
{
    LIST_EACH(&t->services, struct service, s, link)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static void insert(struct tunnel *t, struct service *s)
{
    struct link *before = &t->services;
    LIST_EACH(&t->services, struct service, other, link)
        if (before == &t->services && strcmp(other->name, s->name) > 0)
            before = &other->link;
    list_push(before, &s->link);
}

struct service *service_put(struct tunnel *t, const struct service *s)
{
    struct service *mine = service_find(t, s->name);
    if (mine) {
        visits_cut_service(t, mine); /* who was let in before may not be now */
        mine->at = s->at;
        mine->udp = s->udp;
        mine->to = s->to;
        return mine;
    }
    mine = MEM_NEW(struct service);
    memcpy(mine->name, s->name, sizeof mine->name);
    mine->at = s->at;
    mine->udp = s->udp;
    mine->to = s->to;
    insert(t, mine);
    return mine;
}

void service_drop(struct tunnel *t, struct service *s)
{
    visits_cut_service(t, s);
    list_drop(&s->link);
    free(s);
}
