/* What addr_parse accepts it writes and reads again as the same address; what it refuses has a
 * reason.  addr_split accepts at least as much. */
#include "net/addr.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = mem_strndup((const char *)bytes, n);
    char host[256], form[ADDR_TEXT];
    uint16_t port;
    struct addr a, again;
    struct why why = {0};
    enum err split = addr_split(text, host, sizeof host, &port, &why);
    if (split != OK && why.text[0] == '\0')
        abort();
    if (addr_parse(&a, text, &why) == OK) {
        if (split != OK || a.port != port)
            abort();
        if (addr_parse(&again, addr_format(&a, form), &why) != OK || !addr_equal(&a, &again))
            abort();
        addr_is_dialable(&a);
        addr_is_private(&a);
    }
    free(text);
    return 0;
}
