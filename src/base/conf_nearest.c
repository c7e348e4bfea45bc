#include "base/conf.h"

#include <string.h>

enum { WORD_MAX = 64 }; /* longer words are near nothing */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to put in, take out, change, or swap with a neighbour until a is b: the optimal string
 * alignment distance, a row at a time. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= bn; j++)
        last[j] = j;
    for (size_t i = 1; i <= an; i++) {
        row[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[bn];
}

/* Near: at most a third of the letters are wrong.  Of equally near names the first. */
const char *conf_nearest(const char *word, const char *(*name_at)(const void *arg, size_t i),
                         const void *arg)
{
    size_t n = strlen(word);
    if (n == 0 || n > WORD_MAX)
        return NULL;
    const char *best = NULL;
    size_t best_distance = (n < 3 ? 1 : n / 3) + 1;
    const char *name;
    for (size_t i = 0; (name = name_at(arg, i)); i++) {
        size_t len = strlen(name);
        if (len > WORD_MAX)
            continue;
        size_t d = distance(word, n, name, len);
        if (d < best_distance) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}
