/* A certificate is refused with a reason or is somebody's; an extension's parts lie inside it. */
#include "host/secure/tls_cert.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void inside(struct cur view, const uint8_t *bytes, size_t n)
{
    must(!view.bad && view.n <= n);
    must(view.n == 0 || (view.p >= bytes && (size_t)(view.p - bytes) <= n - view.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct pubkey who = {0};
    struct cur key, sig;
    struct why why = {0};
    if (tls_cert_read(cur_of(bytes, n), 1700000000, &who, &why) != OK)
        must(why.text[0] != '\0');
    else
        must(who.len > 0 && n <= TLS_CERT_MAX);
    why = (struct why){0};
    if (tls_cert_read_signed_key(cur_of(bytes, n), &key, &sig, &why) == OK) {
        inside(key, bytes, n);
        inside(sig, bytes, n);
    } else {
        must(why.text[0] != '\0');
    }
    return 0;
}
