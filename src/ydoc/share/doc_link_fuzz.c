/* Any text is a link or is refused with a reason; what is read writes and reads back the same. */
#include "ydoc/share/doc_link.h"

#include "base/mem.h"
#include "crypto/base32.h"
#include "crypto/sha256.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void one(const char *text)
{
    struct doc_link l, again;
    struct why why = {0};
    struct buf b = {0};
    if (doc_link_parse(&l, text, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    if (l.role == DOC_OWNER || l.addr_count > LINK_ADDRS_MAX)
        abort();
    doc_link_format(&l, &b);
    char *said = buf_take_str(&b);
    if (doc_link_parse(&again, said, NULL) != OK || strlen(said) > SHARE_LINK_MAX ||
        memcmp(&l.doc, &again.doc, sizeof l.doc) != 0 ||
        !peer_id_equal(&l.inviter, &again.inviter) || l.role != again.role ||
        memcmp(l.token, again.token, sizeof l.token) != 0 || l.addr_count != again.addr_count)
        abort();
    free(said);
}

/* As it is; and as the message of a link whose check is right. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = mem_strndup((const char *)bytes, n);
    one(text);
    free(text);
    if (n > SHARE_LINK_MAX)
        return 0;
    struct buf msg = {0}, out = {0};
    uint8_t hash[SHA256_LEN];
    sha256(bytes, n, hash);
    buf_put(&msg, bytes, n);
    buf_put(&msg, hash, LINK_CHECK_LEN);
    char *letters = mem_zalloc(buf_len(&msg) * 8 / 5 + 2);
    base32_encode(buf_bytes(&msg), buf_len(&msg), letters);
    buf_str(&out, LINK_SCHEME);
    buf_str(&out, letters);
    text = buf_take_str(&out);
    one(text);
    free(text);
    free(letters);
    buf_done(&msg);
    return 0;
}
