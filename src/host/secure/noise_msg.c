#include "host/secure/noise_msg.h"

#include "base/pb.h"

#include <string.h>

enum { FIELD_KEY = 1, FIELD_SIG = 2, FIELD_EXTENSIONS = 4, EXTENSION_MUXERS = 2 };

static const char signed_prefix[] = "noise-libp2p-static-key:";
_Static_assert(sizeof signed_prefix - 1 + 32 == NOISE_SIGNED_LEN, "prefix and key");

/* Appends: protobuf merges a submessage that comes twice. */
static enum err read_extensions(struct cur bytes, struct noise_payload *out, struct why *why)
{
    struct pb_field f;
    while (pb_next(&bytes, &f)) {
        if (f.number != EXTENSION_MUXERS || f.wire != PB_BYTES)
            continue;
        if (out->muxer_count == NOISE_MUXERS_MAX)
            return why_set(why, ERR_LIMIT, "noise: more than %d muxers", NOISE_MUXERS_MAX);
        out->muxers[out->muxer_count++] = f.bytes;
    }
    if (!cur_done(&bytes))
        return why_set(why, ERR_INVALID, "noise: the extensions are no protobuf");
    return OK;
}

enum err noise_payload_read(struct cur bytes, struct noise_payload *out, struct why *why)
{
    struct pb_field f;
    *out = (struct noise_payload){0};
    while (pb_next(&bytes, &f)) {
        enum err e = OK;
        if (f.wire != PB_BYTES)
            continue;
        if (f.number == FIELD_KEY)
            out->key = f.bytes;
        else if (f.number == FIELD_SIG)
            out->sig = f.bytes;
        else if (f.number == FIELD_EXTENSIONS)
            e = read_extensions(f.bytes, out, why);
        if (e != OK)
            return e;
    }
    if (!cur_done(&bytes))
        return why_set(why, ERR_INVALID, "noise: the payload is no protobuf");
    if (out->key.n == 0 || out->sig.n == 0)
        return why_set(why, ERR_INVALID, "noise: the payload has no %s",
                       out->key.n == 0 ? "identity key" : "signature");
    return OK;
}

void noise_payload_write(struct buf *out, struct cur key, struct cur sig, const char *const *muxers)
{
    struct buf extensions = {0};
    for (; muxers && *muxers; muxers++)
        pb_put_str(&extensions, EXTENSION_MUXERS, *muxers);
    pb_put_bytes(out, FIELD_KEY, key.p, key.n);
    pb_put_bytes(out, FIELD_SIG, sig.p, sig.n);
    if (buf_len(&extensions) > 0)
        pb_put_buf(out, FIELD_EXTENSIONS, &extensions);
    buf_done(&extensions);
}

void noise_signed_text(uint8_t out[NOISE_SIGNED_LEN], const uint8_t static_key[32])
{
    memcpy(out, signed_prefix, sizeof signed_prefix - 1);
    memcpy(out + sizeof signed_prefix - 1, static_key, 32);
}

static bool is_named(struct cur name, const char *s)
{
    return name.n == strlen(s) && memcmp(name.p, s, name.n) == 0;
}

enum err noise_pick_muxer(const char *const *ours, const struct noise_payload *theirs,
                          bool we_began, const char **picked, struct why *why)
{
    size_t best = SIZE_MAX;
    *picked = NULL;
    if (!ours || !*ours || theirs->muxer_count == 0)
        return OK;
    for (size_t i = 0; ours[i]; i++)
        for (size_t k = 0; k < theirs->muxer_count; k++) {
            size_t rank = we_began ? i : k;
            if (rank < best && is_named(theirs->muxers[k], ours[i])) {
                best = rank;
                *picked = ours[i];
            }
        }
    if (!*picked)
        return why_set(why, ERR_INVALID, "noise: it speaks none of our muxers, but %.*s",
                       (int)(theirs->muxers[0].n < 80 ? theirs->muxers[0].n : 80),
                       (const char *)theirs->muxers[0].p);
    return OK;
}
