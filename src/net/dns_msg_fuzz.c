#include "net/dns_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct dns_texts t;
    struct why why = {0};
    if (dns_texts_decode(&t, cur_of(bytes, n), &why) != OK) {
        if (!why.text[0] || t.count > 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < t.count; i++)
        if (strlen(t.text[i]) == 0 || strlen(t.text[i]) > RESOLVE_TEXT_MAX)
            abort();
    dns_texts_done(&t);
    return 0;
}
