/* uTP packets: read within bounds or refused with a reason; what is written reads back the same. */
#include "net/utp_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void write_again(const struct utp_packet *p)
{
    static uint8_t out[UTP_HEADER + 2 + UTP_SACK_MAX + 65536];
    struct utp_packet again;
    size_t len = UTP_HEADER;
    bool has_sack = p->sack.n > 0;
    if (p->sack.n % 4 != 0 || p->sack.n > UTP_SACK_MAX) /* we write others than we read */
        return;
    utp_write(out, p, has_sack);
    if (has_sack) {
        utp_write_sack(out + len, p->sack.p, p->sack.n);
        len += 2 + p->sack.n;
    }
    if (p->body.n > 65536)
        return;
    if (p->body.n > 0)
        memcpy(out + len, p->body.p, p->body.n);
    len += p->body.n;
    if (utp_read(cur_of(out, len), &again, NULL) != OK || again.type != p->type ||
        again.id != p->id || again.sent_us != p->sent_us || again.delay_us != p->delay_us ||
        again.window != p->window || again.seq != p->seq || again.ack != p->ack ||
        again.sack.n != p->sack.n || again.body.n != p->body.n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct utp_packet p;
    struct why why = {0};
    bool may_be = utp_is_packet(cur_of(bytes, n));
    if (utp_read(cur_of(bytes, n), &p, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return 0;
    }
    if (!may_be)
        abort();
    size_t set = 0;
    for (size_t i = 0; i < 8 * UTP_SACK_MAX + 64; i++)
        set += utp_sacked(&p, i);
    if (set > 8 * p.sack.n)
        abort();
    write_again(&p);
    return 0;
}
