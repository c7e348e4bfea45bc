/* A file is refused with a reason, or can be edited: afterwards the one setting is as it was asked
 * for and all others are as they were. */
#include "base/conf.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct conf_key keys[] = {
    {.name = "a.text", .type = CONF_TEXT, .fallback = "none"},
    {.name = "a.list", .type = CONF_LIST, .fallback = ""},
    {.name = "b.size", .type = CONF_BYTES, .fallback = "64M"},
    {.name = "b.on", .type = CONF_BOOL, .fallback = "on"},
};
enum { KEYS = sizeof keys / sizeof *keys };

static void must(bool so)
{
    if (!so)
        abort();
}

/* What the file says after keys[which] was set to value (NULL: taken out). */
static void edit_and_compare(const struct conf *was, const char *text, size_t n, size_t which,
                             const char *value)
{
    struct buf edited = {0};
    struct conf *now = conf_new(keys, KEYS);
    conf_edit(&edited, text, n, keys[which].name, value);
    if (buf_len(&edited) <= CONF_FILE_MAX)
        must(conf_read(now, (const char *)buf_bytes(&edited), buf_len(&edited), "f", NULL) == OK);
    for (size_t i = 0; i < KEYS; i++) {
        const char *want = i != which ? conf_text(was, keys[i].name)
                           : value    ? value
                                      : keys[i].fallback;
        must(!strcmp(conf_text(now, keys[i].name), want));
        must(i != which || conf_is_set(now, keys[i].name) == (value != NULL));
    }
    conf_free(now);
    buf_done(&edited);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct conf *c = conf_new(keys, KEYS);
    struct why why = {0};
    const char *text = (const char *)bytes;
    if (n <= 4096 && conf_read(c, text, n, "f", &why) == OK) {
        char item[8];
        for (size_t i = 0; conf_item(c, "a.list", i, item, sizeof item); i++)
            must(item[0] && item[0] != ',');
        edit_and_compare(c, text, n, 0, "x;y #z = [w]");
        edit_and_compare(c, text, n, 0, "");
        edit_and_compare(c, text, n, 0, NULL);
        edit_and_compare(c, text, n, 2, "1G");
        edit_and_compare(c, text, n, 2, NULL);
    } else {
        must(n > 4096 || why.text[0]); /* a refusal without a reason is a bug too */
    }
    struct buf out = {0};
    conf_edit(&out, text, n, "a.text", "anything at all"); /* also of a file that is refused */
    buf_done(&out);
    conf_free(c);
    return 0;
}
