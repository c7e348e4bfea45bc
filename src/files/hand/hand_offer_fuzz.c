/* Any bytes are an offer or are refused with a reason; its names are safe and no two are one, its
 * chunks make up its bytes, and it writes and reads back the same. */
#include "files/hand/hand_offer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { LOOKED_AT = 64 }; /* chunks, pairs of names: an offer of HAND_SIZE_MAX bytes has many */

static void check_name(const char *path)
{
    if (path[0] == '/' || strstr(path, "//") || strchr(path, '\\') || strlen(path) > MI_PATH_MAX)
        abort();
    for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (strcmp(p, "..") == 0 || strncmp(p, "../", 3) == 0 || strcmp(p, ".") == 0)
            abort();
}

static void check_chunks(const struct hand_offer *o)
{
    uint64_t sum = 0, at;
    size_t len;
    for (uint64_t c = 0; c < o->chunks && c < LOOKED_AT; c++) {
        size_t i = hand_offer_at(o, c, &at, &len);
        if (i >= o->count || len == 0 || len > HAND_CHUNK || at + len > o->entries[i].size ||
            hand_offer_before(o, c) != sum)
            abort();
        sum += len;
    }
    if (o->chunks <= LOOKED_AT && sum != o->size)
        abort();
}

static void check_again(const struct hand_offer *o)
{
    struct buf b = {0};
    struct hand_offer *again =
        hand_offer_put(&b, o, NULL) == OK ? hand_offer_read(buf_cur(&b), MI_FOREIGN, NULL) : NULL;
    if (again &&
        (again->count != o->count || again->size != o->size || strcmp(again->name, o->name) != 0))
        abort();
    hand_offer_free(again);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct why why = {0};
    struct hand_offer *o = hand_offer_read(cur_of(bytes, n), MI_FOREIGN, &why);
    if (!o) {
        if (!why.text[0])
            abort();
        return 0;
    }
    check_name(o->name);
    if (!o->name[0] || strchr(o->name, '/'))
        abort();
    for (size_t i = 0; i < o->count; i++) {
        check_name(o->entries[i].path);
        for (size_t k = i + 1; o->folder && k < o->count && k < i + LOOKED_AT; k++)
            if (strcmp(o->entries[i].path, o->entries[k].path) == 0)
                abort();
    }
    check_chunks(o);
    check_again(o);
    hand_offer_free(o);
    return 0;
}
