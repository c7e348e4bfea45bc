/* A link is read or refused with a reason, and what was read is written and read again the same. */
#include "files/meta/magnet.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check_again(const struct magnet *m)
{
    if (!infohash_id(&m->hash)) /* a key alone */
        return;
    struct buf b = {0};
    magnet_write(&b, &m->hash, m->name, (const char *const *)m->trackers, m->tracker_count);
    char *link = buf_take_str(&b);
    struct magnet *again = magnet_parse(link, NULL);
    if (strlen(link) <= MAGNET_MAX) { /* escaping may have made it longer */
        demand(again && infohash_same(&again->hash, &m->hash));
        demand(again->tracker_count == m->tracker_count);
        for (size_t i = 0; i < m->tracker_count; i++)
            demand(strcmp(again->trackers[i], m->trackers[i]) == 0);
        demand(!m->name == !again->name && (!m->name || strcmp(m->name, again->name) == 0));
    }
    magnet_free(again);
    free(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct why why = {0};
    char *link = mem_strndup((const char *)bytes, n);
    struct magnet *m = magnet_parse(link, &why);
    for (size_t i = 0; m && i < m->only_count; i++)
        demand(m->only[i].first <= m->only[i].last &&
               (i == 0 || m->only[i].first > m->only[i - 1].last));
    if (m)
        check_again(m);
    else
        demand(why.text[0] != '\0'); /* a refusal without a reason is a bug too */
    magnet_free(m);
    free(link);
    return 0;
}
