/* Any bytes are a conversation: read whole or byte by byte it comes to the same end, it ends where
 * its messages are longer than they may be, and who has no login gets nowhere. */
#include "tunnel/socksd_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct end {
    enum socksd_step step;
    struct socksd_talk talk;
    struct buf out, rest;
};

static enum socksd_step run(struct end *e, struct buf *in)
{
    enum socksd_step step = SOCKSD_AGAIN;
    for (unsigned i = 0; step == SOCKSD_AGAIN; i++) {
        if (i > 4)
            abort(); /* there are three messages at most */
        step = socksd_step(&e->talk, in, &e->out);
    }
    if (step == SOCKSD_MORE && buf_len(in) >= SOCKSD_IN_MAX)
        abort();
    return step;
}

static void hold(struct end *e, struct cur all, size_t part)
{
    struct buf in = {0};
    e->step = SOCKSD_MORE;
    while (e->step == SOCKSD_MORE && all.n > 0) {
        size_t room = SOCKSD_IN_MAX - buf_len(&in);
        size_t most = part < room ? part : room;
        struct cur some = cur_take(&all, all.n < most ? all.n : most);
        buf_put(&in, some.p, some.n);
        e->step = run(e, &in);
    }
    buf_put(&e->rest, buf_bytes(&in), buf_len(&in));
    buf_put(&e->rest, all.p, all.n);
    buf_done(&in);
}

static bool same(const struct buf *a, const struct buf *b)
{
    return buf_len(a) == buf_len(b) &&
           (buf_len(a) == 0 || memcmp(buf_bytes(a), buf_bytes(b), buf_len(a)) == 0);
}

/* The first byte says whether a login is wanted. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur all = cur_of(bytes, n);
    uint8_t how = cur_u8(&all);
    struct end whole = {0}, parts = {0};
    if (all.bad)
        return 0;
    if (how & 1) {
        whole.talk.user = parts.talk.user = "ann";
        whole.talk.password = parts.talk.password = "secret";
    }
    hold(&whole, all, SOCKSD_IN_MAX);
    hold(&parts, all, 1);
    if (whole.step != parts.step || !same(&whole.out, &parts.out) ||
        !same(&whole.rest, &parts.rest))
        abort();
    if (whole.step == SOCKSD_READY &&
        (!head_is_host(whole.talk.target.host) || whole.talk.target.port == 0 ||
         strcmp(whole.talk.target.host, parts.talk.target.host) != 0))
        abort();
    if (whole.step == SOCKSD_REFUSED && !whole.talk.words[0])
        abort();
    buf_done(&whole.out);
    buf_done(&whole.rest);
    buf_done(&parts.out);
    buf_done(&parts.rest);
    return 0;
}
