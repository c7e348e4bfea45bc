/* Two things that are done with any bytes.  As what a peer sends: it is taken or refused with a
 * reason, and no more is held than may be.  As a script of two ends that talk while the wire is
 * cut: nothing is lost or doubled. */
#include "tunnel/lasting_state.h"

#include "tunnel/lasting_pair_test.h"

enum { STEPS_MAX = 300 }; /* more show nothing new, and cost */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void from_a_stranger(const uint8_t *bytes, size_t n)
{
    struct lasting_pair p;
    struct why why = {0};
    pair_open(&p, LASTING_WINDOW_MAX);
    pair_say(&p, 0, 1000);
    pair_write(&p.e[0]);
    buf_put(&p.e[1].wire, bytes, n);
    enum err code = OK;
    while (code == OK && buf_len(&p.e[1].wire) > 0) {
        code = pair_read(&p, 0, 1 + bytes[0] % 200, &why);
        pair_write(&p.e[0]);
        buf_clear(&p.e[0].wire);
        if (buf_len(&p.e[0].state.held) > p.e[0].state.window ||
            buf_len(&p.e[0].state.kept) > LASTING_KEPT_MAX)
            abort();
        if (bytes[n - 1] & 1) {
            uint8_t some[64];
            lasting_state_take(&p.e[0].state, some, sizeof some);
        }
    }
    if (code != OK && !why.text[0])
        abort();
    pair_close(&p);
    if (p.spare != LASTING_WINDOW_MAX)
        abort();
}

/* One byte, one step. */
static bool step(struct lasting_pair *p, uint8_t what)
{
    struct why why;
    unsigned i = what & 1;
    size_t n = (size_t)(what >> 3) * 97;
    switch (what >> 1 & 3) {
    case 0:
        pair_say(p, i, n == 31 * 97 ? n * 20 : n); /* bytes cost, here */
        if (n == 0)
            lasting_state_end(&p->e[i].state);
        return true;
    case 1:
        pair_write(&p->e[i]);
        return true;
    case 2:
        if (pair_read(p, i, n * 7 + 1, &why) != OK)
            abort();
        p->e[i].deaf = n == 0;
        return pair_take(p, i);
    default:
        return n % 3 != 0 || pair_cut(p, &why) == OK;
    }
}

static void of_two_that_talk(const uint8_t *bytes, size_t n)
{
    struct lasting_pair p;
    pair_open(&p, LASTING_WINDOW_MAX);
    for (size_t i = 0; i < n; i++)
        if (!step(&p, bytes[i]))
            abort();
    for (unsigned i = 0; i < 2; i++) {
        lasting_state_end(&p.e[i].state);
        p.e[i].deaf = false;
    }
    for (unsigned rounds = 0; rounds < 1000; rounds++)
        for (unsigned i = 0; i < 2; i++) {
            p.e[i].state.ack_due = true;
            pair_write(&p.e[i]);
            struct why why;
            if (pair_read(&p, 1 - i, SIZE_MAX, &why) != OK || !pair_take(&p, 1 - i))
                abort();
            if (rounds > 2 && lasting_state_over(&p.e[0].state) &&
                lasting_state_over(&p.e[1].state))
                rounds = 1000;
        }
    for (unsigned i = 0; i < 2; i++)
        if (!lasting_state_over(&p.e[i].state) || p.e[i].heard != p.e[1 - i].said)
            abort();
    pair_close(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    from_a_stranger(bytes, n);
    of_two_that_talk(bytes, n < STEPS_MAX ? n : STEPS_MAX);
    return 0;
}
