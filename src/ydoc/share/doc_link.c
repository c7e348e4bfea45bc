#include "ydoc/share/doc_link.h"

#include "base/pb.h"
#include "crypto/base32.h"
#include "crypto/sha256.h"

#include <string.h>
#include <strings.h>

enum { F_DOC = 1, F_INVITER = 2, F_TOKEN = 3, F_ROLE = 4, F_ADDR = 5 };
enum {
    SCHEME_LEN = sizeof LINK_SCHEME - 1,
    BYTES_MAX = (SHARE_LINK_MAX - SCHEME_LEN) * 5 / 8,
    TEXT_MAX = (BYTES_MAX * 8 + 4) / 5 + 1,
};

static void check_of(struct cur msg, uint8_t out[LINK_CHECK_LEN])
{
    uint8_t hash[SHA256_LEN];
    sha256(msg.p, msg.n, hash);
    memcpy(out, hash, LINK_CHECK_LEN);
}

void doc_link_format(const struct doc_link *l, struct buf *out)
{
    struct buf msg = {0};
    uint8_t check[LINK_CHECK_LEN];
    char text[TEXT_MAX];
    pb_put_bytes(&msg, F_DOC, l->doc.key, sizeof l->doc.key);
    pb_put_bytes(&msg, F_INVITER, l->inviter.bytes, l->inviter.len);
    pb_put_bytes(&msg, F_TOKEN, l->token, sizeof l->token);
    pb_put_uint(&msg, F_ROLE, l->role);
    for (size_t i = 0; i < l->addr_count; i++)
        if (buf_len(&msg) + 4 + l->addrs[i].len + LINK_CHECK_LEN <= BYTES_MAX)
            pb_put_bytes(&msg, F_ADDR, l->addrs[i].bytes, l->addrs[i].len);
    check_of(buf_cur(&msg), check);
    buf_put(&msg, check, sizeof check);
    buf_str(out, LINK_SCHEME);
    buf_str(out, base32_encode(buf_bytes(&msg), buf_len(&msg), text));
    buf_done(&msg);
}

static void take_addr(struct doc_link *l, struct cur bytes)
{
    if (l->addr_count < LINK_ADDRS_MAX &&
        multiaddr_decode(&l->addrs[l->addr_count], bytes, NULL) == OK)
        l->addr_count++;
}

static enum err parse(struct doc_link *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    bool doc = false, inviter = false, token = false;
    uint64_t role = UINT64_MAX;
    *out = (struct doc_link){0};
    while (pb_next(&msg, &f)) {
        if (f.number == F_DOC && f.wire == PB_BYTES)
            doc = pb_fixed(&f, out->doc.key, sizeof out->doc.key);
        else if (f.number == F_INVITER && f.wire == PB_BYTES)
            inviter = peer_id_decode(&out->inviter, f.bytes, NULL) == OK;
        else if (f.number == F_TOKEN && f.wire == PB_BYTES)
            token = pb_fixed(&f, out->token, sizeof out->token);
        else if (f.number == F_ROLE && f.wire == PB_VARINT)
            role = f.value;
        else if (f.number == F_ADDR && f.wire == PB_BYTES)
            take_addr(out, f.bytes);
    }
    if (!cur_done(&msg) || !doc || !inviter || !token || role > DOC_WRITER)
        return why_set(why, ERR_INVALID, "the link is not whole, or is of a newer Shoal");
    out->role = (enum doc_role)role;
    return OK;
}

/* How many bytes base32 of so many letters is; whether it is any number of bytes is seen when it is
 * decoded. */
static size_t bytes_of(size_t letters)
{
    return letters * 5 / 8;
}

enum err doc_link_parse(struct doc_link *out, const char *text, struct why *why)
{
    uint8_t bytes[BYTES_MAX], check[LINK_CHECK_LEN];
    static const char blank[] = " \t\r\n";
    text += strspn(text, blank);
    if (strlen(text) > SHARE_LINK_MAX)
        return why_set(why, ERR_LIMIT, "a link has at most %d letters", SHARE_LINK_MAX);
    if (strncasecmp(text, LINK_SCHEME, SCHEME_LEN) != 0)
        return why_set(why, ERR_INVALID, "a link to a document begins with %s", LINK_SCHEME);
    text += SCHEME_LEN;
    size_t letters = strcspn(text, blank), n = bytes_of(letters);
    if (text[letters + strspn(text + letters, blank)])
        return why_set(why, ERR_INVALID, "the link has blanks in it");
    if (n <= LINK_CHECK_LEN || n > BYTES_MAX || !base32_decode(text, letters, bytes, n))
        return why_set(why, ERR_INVALID, "the link is cut short, or has strange letters");
    struct cur msg = cur_of(bytes, n), body = cur_take(&msg, n - LINK_CHECK_LEN);
    check_of(body, check);
    if (memcmp(check, msg.p, LINK_CHECK_LEN) != 0)
        return why_set(why, ERR_INVALID, "the link is cut short, or was copied wrongly");
    return parse(out, body, why);
}
