#include "tunnel/peers.h"

#include <stdio.h>
#include <string.h>

bool peers_have(const struct peers *p, const struct peer_id *id)
{
    for (size_t i = 0; i < p->count; i++)
        if (peer_id_equal(&p->ids[i], id))
            return true;
    return false;
}

bool peers_add(struct peers *p, const struct peer_id *id)
{
    if (peers_have(p, id))
        return true;
    if (p->count == PEERS_MAX)
        return false;
    p->ids[p->count++] = *id;
    return true;
}

void peers_put(const struct peers *p, struct buf *out)
{
    char text[PEER_ID_FORMAT];
    for (size_t i = 0; i < p->count; i++)
        buf_printf(out, "%s%s", i ? "," : "", peer_id_format(&p->ids[i], text));
}

void peers_read(struct peers *p, const char *text)
{
    *p = (struct peers){0};
    while (*text) {
        char one[PEER_ID_FORMAT];
        struct peer_id id;
        size_t n = strcspn(text, ",");
        snprintf(one, sizeof one, "%.*s", (int)n, text);
        if (peer_id_parse(&id, one, NULL) == OK)
            peers_add(p, &id);
        text += n;
        text += *text == ',';
    }
}
