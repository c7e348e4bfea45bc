/* No answer of a proxy is read past its end, and what is said to be used was there. */
#include "net/socks_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(int used, size_t n)
{
    if (used < SOCKS_BAD || (used > 0 && ((size_t)used > n || used > SOCKS_REPLY_MAX)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    enum socks_method method;
    struct addr a;
    struct why why;
    struct cur in = cur_of(bytes, n);
    check(socks_read_choice(in, &method, &why), n);
    check(socks_read_login(in, &why), n);
    check(socks_read_reply(in, &a, &why), n);
    if (socks_read_udp(&in, &a) && (in.n > n || a.family == ADDR_NONE))
        abort();
    return 0;
}
