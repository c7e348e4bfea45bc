/* Any bytes are a head or are refused with a reason; what is read writes and reads back the same,
 * and what a person is shown drives no terminal. */
#include "tunnel/head_msg.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void ask(struct cur msg)
{
    struct head_ask a, again;
    struct why why = {0};
    struct buf b = {0};
    if (head_read_ask(&a, msg, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    if ((a.service[0] != 0) + (a.host[0] != 0) + a.resumes != 1)
        abort();
    head_put_ask(&b, &a);
    if (head_read_ask(&again, buf_cur(&b), NULL) != OK || strcmp(a.service, again.service) != 0 ||
        strcmp(a.host, again.host) != 0 || a.port != again.port ||
        memcmp(a.session, again.session, sizeof a.session) != 0 || a.resumes != again.resumes ||
        (a.resumes && a.got != again.got))
        abort();
    buf_done(&b);
}

static void answer(struct cur msg)
{
    struct head_answer a;
    struct why why = {0};
    if (head_read_answer(&a, msg, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    if (!utf8_valid(a.words, strlen(a.words)))
        abort();
    uint32_t code;
    for (const char *c = a.words; *c; c += utf8_char((const uint8_t *)c, strlen(c), &code))
        if (utf8_char((const uint8_t *)c, strlen(c), &code) == 0 || !utf8_harmless(code))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    ask(cur_of(bytes, n));
    answer(cur_of(bytes, n));
    return 0;
}
