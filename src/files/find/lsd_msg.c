#include "files/find/lsd_msg.h"

#include "base/lines.h"
#include "crypto/hex.h"

#include <string.h>

static const char first_line[] = "BT-SEARCH * HTTP/1.";

static uint16_t port_of(struct cur digits)
{
    unsigned v = 0;
    if (digits.n == 0 || digits.n > 5)
        return 0;
    while (digits.n > 0) {
        uint8_t d = cur_u8(&digits);
        if (d < '0' || d > '9')
            return 0;
        v = v * 10 + (unsigned)(d - '0');
    }
    return v <= UINT16_MAX ? (uint16_t)v : 0;
}

static void read_header(struct cur line, struct lsd_msg *out)
{
    struct cur value;
    if (line_header(line, "Port", &value)) {
        out->port = port_of(value);
    } else if (line_header(line, "Infohash", &value)) {
        if (out->hash_count < LSD_HASHES_MAX &&
            hex_decode((const char *)value.p, value.n, out->hashes[out->hash_count], SHA1_LEN))
            out->hash_count++;
    } else if (line_header(line, "cookie", &value) && value.n <= LSD_COOKIE_MAX) {
        memcpy(out->cookie, value.n ? (const char *)value.p : "", value.n);
        out->cookie[value.n] = '\0';
    }
}

enum err lsd_read(struct cur packet, struct lsd_msg *out, struct why *why)
{
    struct cur line;
    *out = (struct lsd_msg){.port = 0};
    if (packet.n > LSD_MSG_MAX)
        return why_set(why, ERR_LIMIT, "an LSD message of %zu bytes, at most %d", packet.n,
                       LSD_MSG_MAX);
    if (!line_next(&packet, &line) || line.n < sizeof first_line - 1 ||
        memcmp(line.p, first_line, sizeof first_line - 1) != 0)
        return why_set(why, ERR_INVALID, "no LSD announce");
    while (line_next(&packet, &line) && line.n > 0)
        read_header(line, out);
    if (line.n > 0)
        return why_set(why, ERR_INVALID, "an LSD announce cut short");
    if (out->port == 0 || out->hash_count == 0)
        return why_set(why, ERR_INVALID, "an LSD announce without %s",
                       out->port == 0 ? "a port" : "an infohash");
    return OK;
}

/* Two empty lines at the end, as in BEP 14: Transmission wants both. */
void lsd_put(struct buf *out, const char *host, uint16_t port, const uint8_t infohash[SHA1_LEN],
             const char *cookie)
{
    char hex[2 * SHA1_LEN + 1];
    hex_encode(infohash, SHA1_LEN, hex);
    buf_printf(out,
               "%s1\r\nHost: %s\r\nPort: %u\r\nInfohash: %s\r\ncookie: %s\r\n"
               "\r\n\r\n",
               first_line, host, (unsigned)port, hex, cookie);
}
