#include "files/owner/scan_msg.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

void scan_put_begin(struct buf *out)
{
    static const char begin[] = "zINSTREAM";
    buf_put(out, begin, sizeof begin); /* and its NUL */
}

void scan_put_chunk(struct buf *out, const void *bytes, size_t n)
{
    buf_be32(out, (uint32_t)n);
    buf_put(out, bytes, n);
}

static bool cut_end(struct cur *c, const char *end)
{
    size_t n = strlen(end);
    if (c->n < n || memcmp(c->p + (c->n - n), end, n) != 0)
        return false;
    *c = cur_take(c, c->n - n);
    return true;
}

static void cut_front(struct cur *c, const char *front)
{
    size_t n = strlen(front);
    if (c->n >= n && memcmp(c->p, front, n) == 0)
        cur_take(c, n);
}

static void copy_words(char words[SCAN_WORDS], struct cur text)
{
    struct buf safe = {0};
    utf8_escape(&safe, text.p, text.n);
    snprintf(words, SCAN_WORDS, "%.*s", (int)buf_len(&safe), (const char *)buf_bytes(&safe));
    buf_done(&safe);
}

bool scan_read_answer(struct cur got, bool ended, enum scan_verdict *verdict,
                      char words[SCAN_WORDS])
{
    const uint8_t *nul = got.n > 0 ? memchr(got.p, 0, got.n) : NULL;
    if (!nul && !ended && got.n < SCAN_ANSWER_MAX)
        return false;
    struct cur line = cur_take(&got, nul ? (size_t)(nul - got.p) : 0);
    struct cur name = line;
    words[0] = '\0';
    *verdict = SCAN_ERROR;
    cut_front(&name, "stream: ");
    if (line.n == 10 && memcmp(line.p, "stream: OK", 10) == 0)
        *verdict = SCAN_CLEAN;
    else if (name.n < line.n && cut_end(&name, " FOUND") && name.n > 0)
        *verdict = SCAN_INFECTED;
    if (*verdict == SCAN_CLEAN)
        return true;
    if (*verdict == SCAN_ERROR) {
        name = line;
        cut_end(&name, " ERROR");
    }
    copy_words(words, name.n > 0 ? name : cur_of("no answer", 9));
    return true;
}
