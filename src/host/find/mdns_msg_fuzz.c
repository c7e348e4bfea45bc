/* mDNS: within its limits, or an error with a reason; what was found is written and found again. */
#include "host/find/mdns_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct mdns_msg m, again;
    struct why why = {0};
    if (mdns_read(cur_of(bytes, n), &m, &why) != OK) {
        must(why.text[0] != '\0');
        return 0;
    }
    must(m.count <= MDNS_FOUND_MAX && (m.response || m.count == 0));
    must(!m.response || !(m.who || m.services || m.about[0]));
    for (size_t i = 0; i < m.count; i++) {
        struct buf b = {0};
        const struct mdns_found *f = &m.found[i];
        size_t put = mdns_put_answer(&b, "x", &f->peer, &f->addr, 1);
        must(buf_len(&b) <= MDNS_ANSWER_MAX);
        must(mdns_read(buf_cur(&b), &again, NULL) == OK && again.count == put);
        if (put == 1)
            must(multiaddr_equal(&again.found[0].addr, &f->addr) &&
                 peer_id_equal(&again.found[0].peer, &f->peer));
        buf_done(&b);
    }
    return 0;
}
