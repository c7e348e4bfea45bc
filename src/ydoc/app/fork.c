#include "ydoc/app/fork.h"

#include "base/utf8.h"
#include "crypto/sha256.h"
#include "ydoc/doc.h"

/* 48 bits, as a client's id may have 53: two forks of all that a document ever sees do not meet. */
static uint64_t client_of(struct cur base, struct cur text)
{
    uint8_t sum[SHA256_LEN];
    struct sha256 *h = sha256_new();
    sha256_update(h, "shoal/doc/fork/1", 16);
    sha256_update(h, base.p, base.n);
    sha256_update(h, text.p, text.n);
    sha256_finish(h, sum);
    struct cur c = cur_of(sum, sizeof sum);
    return cur_be(&c, 6);
}

enum err fork_edit(struct cur base, const char *root, struct cur text, struct buf *update,
                   struct buf *after, struct why *why)
{
    if (!utf8_valid(text.p, text.n))
        return why_set(why, ERR_INVALID, "the text is not UTF-8");
    uint64_t client = client_of(base, text);
    struct ydoc *d = ydoc_new(client, true, client);
    enum err err = ydoc_apply(d, UPDATE_V2, base, why);
    if (err == OK) {
        ydoc_begin(d);
        err = ytext_become(d, root, text, why);
        ydoc_commit(d, UPDATE_V1, err == OK ? update : NULL);
        if (err == OK && after)
            ydoc_encode(d, UPDATE_V2, NULL, after);
    }
    ydoc_free(d);
    return err;
}

enum err fork_text(struct cur base, const char *root, struct buf *text, struct why *why)
{
    struct ydoc *d = ydoc_new(1, true, 1);
    enum err err = ydoc_apply(d, UPDATE_V2, base, why);
    if (err == OK)
        ydoc_text(d, root, text);
    ydoc_free(d);
    return err;
}
