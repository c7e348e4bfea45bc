/* A typed phrase is refused with a reason, or is 16 to 32 bytes whose own phrase gives them back.
 */
#include "crypto/bip39.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *typed = mem_strndup((const char *)bytes, n);
    uint8_t entropy[BIP39_ENTROPY_MAX], back[BIP39_ENTROPY_MAX];
    char phrase[BIP39_PHRASE_MAX];
    size_t len = 0, again = 0;
    struct why why = {0};
    if (bip39_entropy(typed, entropy, &len, &why) == OK) {
        bip39_phrase(entropy, len, phrase);
        if (bip39_entropy(phrase, back, &again, &why) != OK || again != len ||
            memcmp(entropy, back, len))
            abort();
    } else if (why.text[0] == '\0') { /* a refusal without a reason is a bug too */
        abort();
    }
    free(typed);
    return 0;
}
