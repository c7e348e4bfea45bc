/* Any bytes as a packet: what is read can be refused, the refusal can be read and is about it; and
 * a wall lets in nothing of it that nobody granted, but echoes. */
#include "tunnel/tun/ip_msg.h"
#include "tunnel/tun/wall.h"

#include <stdlib.h>
#include <string.h>

static void must(bool is)
{
    if (!is)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ip_packet p, back;
    struct buf refusal = {0};
    if (ip_read(&p, cur_of(data, size), NULL) != OK)
        return 0;
    must(size >= IP_HEADER && size <= IP_PACKET_MAX);
    if (p.ends.kind != IP_ERROR) {
        ip_put_refusal(&refusal, IP_PROHIBITED, cur_of(data, size), p.ends.dst);
        must(buf_len(&refusal) <= IP_PACKET_MAX);
        must(ip_read(&back, buf_cur(&refusal), NULL) == OK && back.ends.kind == IP_ERROR);
        must(back.about.kind == p.ends.kind && back.about.dst_port == p.ends.dst_port);
        must(memcmp(back.ends.dst, p.ends.src, IP_LEN) == 0);
        buf_done(&refusal);
    }
    struct wall *w = wall_new(p.ends.dst, 1);
    enum wall_verdict v = wall_in(w, &p, p.ends.src, 1);
    bool echo = p.ends.kind == IP_ECHO || p.ends.kind == IP_ECHO_REPLY;
    bool about_echo =
        p.ends.kind == IP_ERROR && (p.about.kind == IP_ECHO || p.about.kind == IP_ECHO_REPLY);
    must(v == WALL_CLOSED || echo || about_echo);
    wall_free(w);
    return 0;
}
