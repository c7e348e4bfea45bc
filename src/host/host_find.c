/* Whom a person means. */
#include "host/host.h"

#include "base/mem.h"
#include "host/trust.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECTED_MAX = 1024, ENDING_MIN = 4 };

struct search {
    const char *text;
    size_t len;
    struct peer_id found;
    size_t count; /* of different peers */
};

static void consider(struct search *s, const struct peer_id *id)
{
    char text[PEER_ID_FORMAT];
    size_t have = strlen(peer_id_format(id, text));
    if (have < s->len || strcmp(text + have - s->len, s->text) != 0 ||
        (s->count > 0 && peer_id_equal(id, &s->found)))
        return;
    s->found = *id;
    s->count++;
}

enum err host_find_peer(const struct host *h, const char *text, struct peer_id *out,
                        struct why *why)
{
    struct search s = {.text = text, .len = strlen(text)};
    const struct trust_book *book = host_trust(h);
    if (trust_find(book, text, out) || peer_id_parse(out, text, NULL) == OK)
        return OK;
    if (s.len >= ENDING_MIN) {
        struct peer_id *ids = mem_array(CONNECTED_MAX, sizeof *ids);
        size_t n = host_peers(h, ids, CONNECTED_MAX);
        const struct trust_row *row;
        for (size_t i = 0; i < n; i++)
            consider(&s, &ids[i]);
        for (size_t i = 0; (row = trust_at(book, i)); i++)
            if (!host_connected(h, &row->peer))
                consider(&s, &row->peer);
        free(ids);
    }
    *out = s.found;
    if (s.count == 1)
        return OK;
    return why_set(why, s.count ? ERR_INVALID : ERR_NOT_FOUND,
                   s.count ? "%s is the end of several peers' ids" : "%s is no peer that we know",
                   text);
}
