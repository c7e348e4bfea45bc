#include "ydoc/share/greet_msg.h"

#include "base/pb.h"

#include <string.h>

enum {
    F_VERSION = 1,
    F_DOC = 2,
    F_ROSTER = 3,
    F_TOKEN = 4,
    F_NAME = 5,
    F_CODE = 6,
    F_WORDS = 7,
};

void greet_put(const struct greet *g, struct buf *out)
{
    pb_put_uint(out, F_VERSION, GREET_VERSION);
    pb_put_bytes(out, F_DOC, g->doc.key, sizeof g->doc.key);
    if (g->roster.n > 0)
        pb_put_bytes(out, F_ROSTER, g->roster.p, g->roster.n);
    if (g->joins)
        pb_put_bytes(out, F_TOKEN, g->token, sizeof g->token);
    if (g->name[0])
        pb_put_str(out, F_NAME, g->name);
    if (g->code != GREET_OK)
        pb_put_uint(out, F_CODE, g->code);
    if (g->words[0])
        pb_put_str(out, F_WORDS, g->words);
}

enum err greet_read(struct greet *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    bool doc = false, good = true;
    uint64_t version = 0, code = 0;
    *out = (struct greet){0};
    if (msg.n > GREET_MAX)
        return why_set(why, ERR_LIMIT, "a greeting of %zu bytes, at most %d", msg.n, GREET_MAX);
    while (good && pb_next(&msg, &f)) {
        if (f.number == F_VERSION && f.wire == PB_VARINT)
            version = f.value;
        else if (f.number == F_DOC && f.wire == PB_BYTES)
            good = doc = pb_fixed(&f, out->doc.key, sizeof out->doc.key);
        else if (f.number == F_ROSTER && f.wire == PB_BYTES)
            out->roster = f.bytes;
        else if (f.number == F_TOKEN && f.wire == PB_BYTES)
            good = out->joins = pb_fixed(&f, out->token, sizeof out->token);
        else if (f.number == F_NAME && f.wire == PB_BYTES)
            roster_name(out->name, f.bytes);
        else if (f.number == F_CODE && f.wire == PB_VARINT)
            code = f.value;
        else if (f.number == F_WORDS && f.wire == PB_BYTES)
            roster_name(out->words, f.bytes);
    }
    if (!good || !cur_done(&msg) || !doc || !version)
        return why_set(why, ERR_INVALID, "a greeting that is damaged");
    if (version != GREET_VERSION)
        return why_set(why, ERR_UNSUPPORTED, "a greeting of version %llu, ours is %d",
                       (unsigned long long)version, GREET_VERSION);
    out->code = code < GREET_OTHER ? (enum greet_code)code : GREET_OTHER;
    return OK;
}
