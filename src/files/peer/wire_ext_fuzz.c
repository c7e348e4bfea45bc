/* The payloads of extended messages: within their limits, or an error with a reason. */
#include "files/meta/metainfo.h"
#include "files/peer/wire_msg.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void handshake(struct cur payload)
{
    struct wire_ext e;
    struct why why = {0};
    if (wire_read_ext(payload, &e, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return;
    }
    if (e.metadata_size < 0 || e.metadata_size > MI_INFO_MAX ||
        !utf8_valid(e.client, strlen(e.client)))
        abort();
}

static void metadata(struct cur payload)
{
    struct wire_metadata m;
    struct why why = {0};
    if (wire_read_metadata(payload, &m, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return;
    }
    if (m.type == WIRE_MD_DATA &&
        (int64_t)m.piece * WIRE_METADATA_PIECE + (int64_t)m.data.n > m.total_size)
        abort();
    if (m.type == WIRE_MD_UNKNOWN)
        return;
    struct buf b = {0};
    struct wire_msg f;
    struct wire_metadata again;
    wire_put_metadata(&b, 1, m.type, m.piece, m.total_size, m.data.p, m.data.n);
    if (wire_read(buf_cur(&b), &f, NULL) != OK || wire_read_metadata(f.body, &again, NULL) != OK ||
        again.type != m.type || again.piece != m.piece || again.data.n != m.data.n)
        abort();
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    handshake(cur_of(bytes, n));
    metadata(cur_of(bytes, n));
    return 0;
}
