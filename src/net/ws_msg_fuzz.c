/* WebSocket: what is said to be used was there, what is refused has a reason, and a frame's payload
 * is as long as its head says. */
#include "net/ws_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static bool check(int used, size_t n, size_t most, struct why *why)
{
    must(used >= WS_BAD && (used <= 0 || ((size_t)used <= n && (size_t)used <= most)));
    must((used == WS_BAD) == (why->text[0] != '\0'));
    why->text[0] = '\0';
    return used > 0;
}

/* Written in the same words, it reads the same. */
static void again(const struct ws_frame *f)
{
    struct ws_frame back;
    struct buf b = {0};
    static const uint8_t payload[WS_HTTP_MAX];
    if (!f->last || f->len > sizeof payload)
        return;
    ws_put_frame(&b, f->opcode, f->masked ? f->mask : NULL, payload, (size_t)f->len);
    int n = ws_read_frame(buf_cur(&b), &back, NULL);
    must(n > 0 && buf_len(&b) == (size_t)n + f->len && back.opcode == f->opcode);
    must(back.len == f->len && back.masked == f->masked);
    must(memcmp(back.mask, f->mask, sizeof back.mask) == 0);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char key[WS_KEY_LEN + 1];
    struct ws_frame frame;
    struct why why = {0};
    unsigned code;
    struct cur in = cur_of(bytes, n);
    if (check(ws_read_request(in, key, &why), n, WS_HTTP_MAX, &why))
        must(strlen(key) == WS_KEY_LEN);
    check(ws_read_response(in, "dGhlIHNhbXBsZSBub25jZQ==", &why), n, WS_HTTP_MAX, &why);
    if (check(ws_read_frame(in, &frame, &why), n, WS_HEAD_MAX, &why))
        again(&frame);
    if (ws_read_close(in, &code, &why) == OK)
        must(n == 0 ? code == WS_NO_CODE : code >= 1000 && code < 5000);
    return 0;
}
