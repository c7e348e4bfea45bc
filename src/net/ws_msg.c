#include "net/ws_msg.h"

#include "base/lines.h"
#include "crypto/base64.h"
#include "crypto/sha1.h"

#include <string.h>

/* --- HTTP ----------------------------------------------------------------------------------- */

struct head {
    struct cur start; /* its first line */
    struct cur upgrade, connection, key, version, accept, extensions, protocol;
    bool host;
};

static bool is_text(struct cur c, const char *text)
{
    return c.n == strlen(text) && memcmp(c.p, text, c.n) == 0;
}

/* Among words between commas. */
static bool has_word(struct cur list, const char *word)
{
    while (list.n > 0) {
        const uint8_t *comma = memchr(list.p, ',', list.n);
        struct cur one = cur_take(&list, comma ? (size_t)(comma - list.p) : list.n);
        if (line_is(line_trim(one), word))
            return true;
        if (list.n > 0)
            cur_u8(&list);
    }
    return false;
}

static void take_header(struct cur line, struct head *h)
{
    static const char *const names[] = {"Upgrade",
                                        "Connection",
                                        "Sec-WebSocket-Key",
                                        "Sec-WebSocket-Version",
                                        "Sec-WebSocket-Accept",
                                        "Sec-WebSocket-Extensions",
                                        "Sec-WebSocket-Protocol"};
    struct cur *const values[] = {&h->upgrade, &h->connection, &h->key,     &h->version,
                                  &h->accept,  &h->extensions, &h->protocol};
    struct cur value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (line_header(line, names[i], &value) && values[i]->n == 0)
            *values[i] = value;
    h->host |= line_header(line, "Host", &value);
}

static int read_head(struct cur in, struct head *h, struct why *why)
{
    size_t most = in.n < WS_HTTP_MAX ? in.n : WS_HTTP_MAX;
    struct cur c = cur_of(in.p, most), line;
    unsigned lines = 0;
    *h = (struct head){0};
    for (; lines <= WS_LINES_MAX && line_next(&c, &line); lines++) {
        if (lines == 0)
            h->start = line;
        else if (line.n == 0)
            return (int)(most - c.n);
        else
            take_header(line, h);
    }
    if (lines <= WS_LINES_MAX && in.n < WS_HTTP_MAX)
        return WS_MORE;
    why_set(why, ERR_LIMIT, "an HTTP message of more than %d bytes or %d lines", WS_HTTP_MAX,
            WS_LINES_MAX);
    return WS_BAD;
}

/* RFC 6455 section 1.3: the GUID that no one else's server would answer with. */
void ws_accept_of(const char *key, struct buf *out)
{
    uint8_t digest[SHA1_LEN];
    struct buf b = {0};
    buf_str(&b, key);
    buf_str(&b, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    sha1(buf_bytes(&b), buf_len(&b), digest);
    buf_done(&b);
    base64_encode(out, digest, sizeof digest);
}

void ws_put_request(struct buf *out, const char *host, const char *path, const char *key)
{
    buf_printf(out,
               "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
               path, host, key);
}

void ws_put_response(struct buf *out, const char *key)
{
    buf_str(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    ws_accept_of(key, out);
    buf_str(out, "\r\n\r\n");
}

void ws_put_refusal(struct buf *out, enum err code)
{
    buf_printf(out, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
               code == ERR_UNSUPPORTED ? "426 Upgrade Required\r\nSec-WebSocket-Version: 13"
                                       : "400 Bad Request");
}

static int bad(struct why *why, enum err code, const char *words)
{
    why_set(why, code, "%s", words);
    return WS_BAD;
}

/* "GET /path HTTP/1.1" */
static bool is_get(struct cur line)
{
    static const char get[] = "GET /", version[] = " HTTP/1.1";
    struct cur head = cur_take(&line, sizeof get - 1);
    if (head.bad || line.n < sizeof version - 1 || !is_text(head, get))
        return false;
    cur_take(&line, line.n - (sizeof version - 1));
    return is_text(line, version);
}

static enum err check_request(const struct head *h, struct why *why)
{
    struct buf raw = {0};
    if (!has_word(h->upgrade, "websocket") || !has_word(h->connection, "upgrade"))
        return why_set(why, ERR_INVALID, "it does not ask for a WebSocket");
    if (!is_text(h->version, "13"))
        return why_set(why, ERR_UNSUPPORTED, "it wants another version than 13");
    bool whole = h->key.n == WS_KEY_LEN && base64_decode(&raw, (const char *)h->key.p, h->key.n) &&
                 buf_len(&raw) == 16;
    buf_done(&raw);
    return whole ? OK : why_set(why, ERR_INVALID, "its key is not of 16 bytes");
}

static struct cur of_header(const char *value)
{
    return cur_of(value, value ? strlen(value) : 0);
}

enum err ws_check_request(const char *upgrade, const char *connection, const char *version,
                          const char *key, struct why *why)
{
    struct head h = {.upgrade = of_header(upgrade),
                     .connection = of_header(connection),
                     .version = of_header(version),
                     .key = of_header(key)};
    return check_request(&h, why);
}

/* RFC 6455 section 4.2.1.  Which path is asked for is nobody's concern here, nor which page asks:
 * who is there, the layers above find out. */
int ws_read_request(struct cur in, char key[WS_KEY_LEN + 1], struct why *why)
{
    struct head h;
    int n = read_head(in, &h, why);
    if (n <= 0)
        return n;
    if (!is_get(h.start))
        return bad(why, ERR_INVALID, "it does not say GET");
    if (!h.host)
        return bad(why, ERR_INVALID, "it does not ask for a WebSocket");
    if (check_request(&h, why) != OK)
        return WS_BAD;
    memcpy(key, h.key.p, WS_KEY_LEN);
    key[WS_KEY_LEN] = '\0';
    return n;
}

/* "HTTP/1.1 101 Switching Protocols"; 0: something else. */
static unsigned read_status(struct cur line)
{
    static const char version[] = "HTTP/1.1 ";
    unsigned status = 0;
    if (!is_text(cur_take(&line, sizeof version - 1), version))
        return 0;
    for (int i = 0; i < 3; i++) {
        uint8_t digit = cur_u8(&line);
        if (digit < '0' || digit > '9')
            return 0;
        status = status * 10 + (unsigned)(digit - '0');
    }
    return status;
}

/* RFC 6455 section 4.1, "the client MUST validate the server's response as follows". */
int ws_read_response(struct cur in, const char *key, struct why *why)
{
    struct head h;
    struct buf accept = {0};
    int n = read_head(in, &h, why);
    if (n <= 0)
        return n;
    unsigned status = read_status(h.start);
    if (status == 0)
        return bad(why, ERR_INVALID, "it does not answer by HTTP");
    if (status != 101) {
        why_set(why, ERR_DENIED, "it says no: HTTP status %u", status);
        return WS_BAD;
    }
    ws_accept_of(key, &accept);
    bool right =
        h.accept.n == buf_len(&accept) && memcmp(h.accept.p, buf_bytes(&accept), h.accept.n) == 0;
    buf_done(&accept);
    if (!right || !line_is(h.upgrade, "websocket") || !has_word(h.connection, "upgrade"))
        return bad(why, ERR_INVALID, "it does not answer as a WebSocket does");
    if (h.extensions.n > 0 || h.protocol.n > 0)
        return bad(why, ERR_INVALID, "it uses what was not offered");
    return n;
}

/* --- frames --------------------------------------------------------------------------------- */

static bool is_opcode(unsigned code)
{
    return code <= WS_BINARY || (code >= WS_CLOSE && code <= WS_PONG);
}

int ws_read_frame(struct cur in, struct ws_frame *out, struct why *why)
{
    struct cur c = in;
    uint8_t first = cur_u8(&c), second = cur_u8(&c);
    unsigned code = first & 0x0f, width = 0;
    if (c.bad)
        return WS_MORE;
    if (first & 0x70 || !is_opcode(code)) {
        why_set(why, ERR_INVALID, "a frame that begins with %02x", (unsigned)first);
        return WS_BAD;
    }
    *out = (struct ws_frame){
        .opcode = code, .last = first >> 7, .masked = second >> 7, .len = second & 0x7f};
    if (code >= WS_CLOSE && (!out->last || out->len > WS_CONTROL_MAX))
        return bad(why, ERR_INVALID, "a control frame in parts or of more than 125 bytes");
    if (out->len > WS_CONTROL_MAX) {
        width = out->len == 126 ? 2 : 8;
        out->len = cur_be(&c, width);
    }
    struct cur mask = cur_take(&c, out->masked ? 4 : 0);
    if (c.bad)
        return WS_MORE;
    /* "the minimal number of bytes MUST be used"; "the most significant bit MUST be 0" */
    if ((width == 2 && out->len <= WS_CONTROL_MAX) || (width == 8 && out->len <= UINT16_MAX) ||
        out->len >> 63)
        return bad(why, ERR_INVALID, "a frame whose length is written with too many bytes");
    if (out->masked)
        memcpy(out->mask, mask.p, 4);
    return (int)(in.n - c.n);
}

void ws_mask(uint8_t *bytes, size_t n, const uint8_t mask[4], uint64_t at)
{
    uint8_t turned[8];
    uint64_t key, word;
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = mask[(at + i) % 4];
    memcpy(&key, turned, sizeof key);
    size_t i = 0;
    for (; i + sizeof word <= n; i += sizeof word) { /* eight at a time: all bytes pass here */
        memcpy(&word, bytes + i, sizeof word);
        word ^= key;
        memcpy(bytes + i, &word, sizeof word);
    }
    for (; i < n; i++)
        bytes[i] ^= turned[i % 4];
}

void ws_put_frame(struct buf *out, enum ws_opcode opcode, const uint8_t *mask, const void *bytes,
                  size_t n)
{
    unsigned masked = mask ? 0x80 : 0;
    buf_u8(out, (uint8_t)(0x80 | opcode));
    if (n <= WS_CONTROL_MAX) {
        buf_u8(out, (uint8_t)(masked | n));
    } else if (n <= UINT16_MAX) {
        buf_u8(out, (uint8_t)(masked | 126));
        buf_be16(out, (uint16_t)n);
    } else {
        buf_u8(out, (uint8_t)(masked | 127));
        buf_be64(out, n);
    }
    if (mask)
        buf_put(out, mask, 4);
    if (n == 0)
        return;
    uint8_t *room = buf_room(out, n);
    memcpy(room, bytes, n);
    if (mask)
        ws_mask(room, n, mask, 0);
    buf_grew(out, n);
}

enum err ws_read_close(struct cur payload, unsigned *code, struct why *why)
{
    *code = WS_NO_CODE;
    if (payload.n == 0)
        return OK;
    *code = cur_be16(&payload);
    /* section 7.4: 1004 to 1006 and 1015 are not for the wire, 0 to 999 are not used, and from 3000
     * on they are anybody's */
    bool known = (*code >= 1000 && *code <= 1014 && (*code < 1004 || *code > 1006)) ||
                 (*code >= 3000 && *code <= 4999);
    if (payload.bad || !known)
        return why_set(why, ERR_INVALID, "a goodbye with code %u", *code);
    return OK;
}
