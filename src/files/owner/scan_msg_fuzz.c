/* An answer is clean only if it is exactly clamd's words for it. */
#include "files/owner/scan_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char ok[] = "stream: OK";
    for (int ended = 0; ended < 2; ended++) {
        enum scan_verdict verdict;
        char words[SCAN_WORDS];
        if (!scan_read_answer(cur_of(data, n), ended, &verdict, words))
            continue;
        if ((verdict == SCAN_CLEAN) != (n >= sizeof ok && memcmp(data, ok, sizeof ok) == 0))
            abort();
        if ((verdict == SCAN_CLEAN) != (words[0] == '\0') || strlen(words) >= SCAN_WORDS)
            abort();
    }
    return 0;
}
