/* Any text is either hours, which are written and read back as the same hours of the same week, or
 * an error with a reason. */
#include "core/schedule.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = mem_strndup((const char *)bytes, n);
    struct schedule s, again;
    struct why why = {OK, ""};
    enum err err = schedule_parse(text, &s, &why);
    free(text);
    if (err != OK) {
        if (why.text[0] == '\0')
            abort();
        return 0;
    }
    char written[SCHEDULE_TEXT];
    schedule_text(&s, written);
    if (schedule_parse(written, &again, NULL) != OK)
        abort();
    for (unsigned minute = 0; minute < WEEK_MINUTES; minute++)
        if (schedule_holds(&s, minute) != schedule_holds(&again, minute))
            abort();
    return 0;
}
