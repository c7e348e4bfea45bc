#include "host/words.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct word {
    size_t uses;
    char text[];
};

struct words {
    struct map *by_text;
};

struct words *words_new(uint64_t seed)
{
    struct words *w = MEM_NEW(struct words);
    w->by_text = map_new(seed);
    return w;
}

void words_free(struct words *w)
{
    struct word *one;
    if (!w)
        return;
    for (size_t at = 0; (one = map_next(w->by_text, &at, NULL, NULL));)
        free(one);
    map_free(w->by_text);
    free(w);
}

const char *words_take(struct words *w, struct cur text)
{
    struct word *one = map_get(w->by_text, text.p, text.n);
    if (!one) {
        one = mem_zalloc(sizeof *one + text.n + 1);
        if (text.n > 0)
            memcpy(one->text, text.p, text.n);
        map_put(w->by_text, text.p, text.n, one);
    }
    one->uses++;
    return one->text;
}

void words_drop(struct words *w, const char *kept)
{
    if (!kept)
        return;
    size_t n = strlen(kept);
    struct word *one = map_get(w->by_text, kept, n);
    if (--one->uses > 0)
        return;
    map_drop(w->by_text, kept, n);
    free(one);
}

const char *words_find(const struct words *w, const char *text)
{
    const struct word *one = map_get(w->by_text, text, strlen(text));
    return one ? one->text : NULL;
}
