/* Any bytes are messages and frames or are refused with a reason; what is read writes and reads
 * back the same, and what a person is shown drives no terminal. */
#include "files/hand/hand_msg.h"

#include "base/utf8.h"
#include "files/hand/hand_code.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void same(struct cur a, struct cur b)
{
    if (a.n != b.n || (a.n > 0 && memcmp(a.p, b.p, a.n) != 0))
        abort();
}

static void msg(struct cur in)
{
    struct hand_msg m, again;
    struct why why = {0};
    struct buf b = {0};
    if (hand_msg_read(&m, in, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    hand_msg_put(&b, &m);
    if (m.number > HAND_NAMEPLATE_MAX || hand_msg_read(&again, buf_cur(&b), NULL) != OK ||
        again.number != m.number || again.said != m.said)
        abort();
    same(m.session, again.session);
    same(m.share, again.share);
    same(m.tag, again.tag);
    same(m.offer, again.offer);
    buf_done(&b);
}

static void want(struct cur in)
{
    struct hand_want w, again;
    struct buf b = {0};
    if (hand_want_read(&w, in, NULL) != OK)
        return;
    hand_want_put(&b, &w);
    if (hand_want_read(&again, buf_cur(&b), NULL) != OK || again.chunk != w.chunk ||
        again.end != w.end || memcmp(again.token, w.token, sizeof w.token) != 0)
        abort();
    buf_done(&b);
}

static void frames(struct cur in)
{
    struct hand_frame f;
    struct why why = {0};
    enum err err;
    size_t before = in.n;
    uint32_t code;
    while (hand_frame_read(&f, &in, &err, &why)) {
        if (err != OK || in.n >= before)
            abort();
        before = in.n;
        for (const char *c = f.words; *c; c += utf8_char((const uint8_t *)c, strlen(c), &code))
            if (utf8_char((const uint8_t *)c, strlen(c), &code) == 0 || !utf8_harmless(code))
                abort();
    }
    if (in.n != before || (err != OK && !why.text[0]))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    msg(cur_of(bytes, n));
    want(cur_of(bytes, n));
    frames(cur_of(bytes, n));
    return 0;
}
