/* Any bytes have a text that decodes to them; and any text is either refused, or decodes to bytes
 * whose own text decodes to the same bytes. */
#include "crypto/base32.h"
#include "crypto/base58.h"
#include "crypto/base64.h"
#include "crypto/hex.h"

#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void bytes_survive_hex(const uint8_t *bytes, size_t n)
{
    char text[2 * INPUT_MAX + 1];
    uint8_t back[INPUT_MAX];
    must(hex_decode(hex_encode(bytes, n, text), 2 * n, back, n) && !memcmp(bytes, back, n));
}

static void bytes_survive_base32(const uint8_t *bytes, size_t n)
{
    char text[2 * INPUT_MAX + 1];
    uint8_t back[INPUT_MAX];
    base32_encode(bytes, n, text);
    must(base32_decode(text, strlen(text), back, n) && !memcmp(bytes, back, n));
}

static void bytes_survive_base58(const uint8_t *bytes, size_t n)
{
    char text[BASE58_TEXT_MAX];
    uint8_t back[BASE58_BYTES_MAX];
    size_t got;
    must(base58_encode(bytes, n, text, sizeof text) == (n <= BASE58_BYTES_MAX));
    if (n <= BASE58_BYTES_MAX)
        must(base58_decode(text, strlen(text), back, sizeof back, &got) && got == n &&
             !memcmp(bytes, back, n));
}

static void bytes_survive_base64(const uint8_t *bytes, size_t n)
{
    struct buf text = {0}, back = {0};
    base64_encode(&text, bytes, n);
    must(base64_decode(&back, (const char *)buf_bytes(&text), buf_len(&text)));
    must(buf_len(&back) == n && (n == 0 || !memcmp(buf_bytes(&back), bytes, n)));
    buf_done(&text);
    buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0 || n > INPUT_MAX)
        return 0;
    bytes_survive_hex(bytes, n);
    bytes_survive_base32(bytes, n);
    bytes_survive_base58(bytes, n);
    bytes_survive_base64(bytes, n);

    const char *text = (const char *)bytes;
    uint8_t out[INPUT_MAX];
    size_t got;
    struct buf b = {0};
    if (hex_decode(text, n, out, n / 2))
        bytes_survive_hex(out, n / 2);
    if (base32_decode(text, n, out, n * 5 / 8))
        bytes_survive_base32(out, n * 5 / 8);
    if (base58_decode(text, n, out, BASE58_BYTES_MAX, &got))
        bytes_survive_base58(out, got);
    if (base64_decode(&b, text, n) && buf_len(&b) > 0)
        bytes_survive_base64(buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    return 0;
}
