/* What is read lies inside the bytes, and what is written of it is read as the same. */
#include "host/secure/noise_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void inside(struct cur view, const uint8_t *bytes, size_t n)
{
    must(!view.bad && view.p >= bytes && view.n <= n && (size_t)(view.p - bytes) <= n - view.n);
}

static bool same(struct cur a, struct cur b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const muxers[] = {"/yamux/1.0.0", "/mplex/6.7.0", NULL};
    struct noise_payload a, b;
    struct why why = {0};
    const char *ours, *theirs;
    if (noise_payload_read(cur_of(bytes, n), &a, &why) != OK) {
        must(why.text[0] != '\0');
        return 0;
    }
    inside(a.key, bytes, n);
    inside(a.sig, bytes, n);
    for (size_t i = 0; i < a.muxer_count; i++)
        if (a.muxers[i].n > 0)
            inside(a.muxers[i], bytes, n);
    must((noise_pick_muxer(muxers, &a, true, &ours, &why) == OK) ==
         (noise_pick_muxer(muxers, &a, false, &theirs, &why) == OK));
    must(!ours == !theirs);

    struct buf again = {0};
    noise_payload_write(&again, a.key, a.sig, muxers);
    must(noise_payload_read(buf_cur(&again), &b, &why) == OK);
    must(same(a.key, b.key) && same(a.sig, b.sig) && b.muxer_count == 2);
    buf_done(&again);
    return 0;
}
