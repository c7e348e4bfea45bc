/* What trackers say, over HTTP and over UDP (v4 and v6): within the limits, with peers that can be
 * dialled, or an error with a reason.  The same bytes are a URL of a UDP tracker, too. */
#include "files/find/tracker_msg.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct tracker_answer *a)
{
    demand(a->interval_s >= TRACKER_INTERVAL_MIN_S && a->interval_s <= TRACKER_INTERVAL_MAX_S);
    demand(a->peer_count <= TRACKER_PEERS_MAX);
    for (size_t i = 0; i < a->peer_count; i++)
        demand(addr_is_dialable(&a->peers[i]));
    demand(utf8_valid(a->failure, strlen(a->failure)));
}

static void udp(struct cur packet, bool v6)
{
    struct tracker_udp_answer out;
    struct why why = {0};
    struct cur look = packet;
    cur_be32(&look);
    if (tracker_read_udp(packet, cur_be32(&look), v6, &out, &why) == OK)
        check(&out.announce);
    else
        demand(why.text[0] != '\0');
}

static void url(const uint8_t *bytes, size_t n)
{
    char host[256];
    uint16_t port;
    const char *data;
    struct why why = {0};
    struct buf b = {0};
    static const struct tracker_announce a;
    char *text = mem_strndup((const char *)bytes, n);
    if (tracker_split_udp(text, host, sizeof host, &port, &data, &why) == OK)
        tracker_put_udp_announce(&b, 0, 0, &a, data);
    else
        demand(why.text[0] != '\0');
    tracker_put_http(&b, text, &a, "");
    if (tracker_put_http_scrape(&b, text, a.infohash, &why) != OK)
        demand(why.text[0] != '\0');
    buf_done(&b);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct tracker_answer a;
    struct why why = {0};
    if (tracker_read_http(cur_of(bytes, n), &a, &why) == OK)
        check(&a);
    else
        demand(why.text[0] != '\0'); /* a refusal without a reason is a bug too */
    static const uint8_t infohash[SHA1_LEN];
    why.text[0] = '\0';
    if (tracker_read_http_scrape(cur_of(bytes, n), infohash, &a, &why) == OK)
        check(&a);
    else
        demand(why.text[0] != '\0');
    udp(cur_of(bytes, n), false);
    udp(cur_of(bytes, n), true);
    url(bytes, n);
    return 0;
}
