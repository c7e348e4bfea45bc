/* Any text is a code, which writes and reads back the same, or is refused with a sentence. */
#include "files/hand/hand_code.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct hand_code c, again;
    struct why why = {0};
    char *text = mem_strndup((const char *)bytes, n), written[HAND_CODE_TEXT];
    if (hand_code_parse(&c, text, &why) != OK) {
        if (!why.text[0])
            abort();
    } else if (hand_code_parse(&again, hand_code_format(&c, written), &why) != OK ||
               c.nameplate != again.nameplate || c.first != again.first ||
               c.second != again.second || c.nameplate < 1 || c.nameplate > HAND_NAMEPLATE_MAX) {
        abort();
    }
    free(text);
    return 0;
}
