#include "net/ws.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "net/filter.h"
#include "net/ws_msg.h"

#include <string.h>

struct ws {
    struct filter f;
    bool client;
    char key[WS_KEY_LEN + 1];
    struct buf raw;        /* of the wire, not looked at yet */
    struct ws_frame frame; /* whose payload comes; of the owner's bytes */
    uint64_t left;         /* of it */
    bool in_message;       /* its last frame has not come */
    bool ended;            /* they said goodbye */
    bool said_bye;         /* we did: nothing may follow (section 5.5.1) */
};

/* --- frames out ----------------------------------------------------------------------------- */

static void put_frame(struct ws *w, enum ws_opcode opcode, const void *bytes, size_t n)
{
    uint8_t mask[4];
    if (w->said_bye)
        return;
    if (w->client) /* section 5.3: "unpredictable" */
        loop_random(w->f.conn.loop, mask, sizeof mask);
    ws_put_frame(&w->f.out, opcode, w->client ? mask : NULL, bytes, n);
}

static size_t write_message(struct filter *f, const uint8_t *bytes, size_t n)
{
    put_frame((struct ws *)f, WS_BINARY, bytes, n);
    return n;
}

static void put_close(struct ws *w, enum ws_code code)
{
    uint8_t bytes[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    put_frame(w, WS_CLOSE, bytes, sizeof bytes);
    w->said_bye = true;
}

static void say_bye(struct filter *f)
{
    put_close((struct ws *)f, WS_NORMAL);
}

/* Section 7.1.7, "Fail the WebSocket Connection". */
static ssize_t refuse(struct ws *w, enum ws_code code, const struct why *why)
{
    put_close(w, code);
    filter_fail(&w->f, why);
    return CONN_FAILED;
}

static ssize_t refuse_with(struct ws *w, enum ws_code code, const char *words)
{
    struct why why;
    why_set(&why, ERR_INVALID, "%s", words);
    return refuse(w, code, &why);
}

/* --- frames in ------------------------------------------------------------------------------ */

static ssize_t hear_close(struct ws *w, struct cur payload)
{
    unsigned code;
    struct why why;
    if (ws_read_close(payload, &code, &why) != OK)
        return refuse(w, WS_PROTOCOL, &why);
    if (code == WS_NORMAL || code == WS_AWAY || code == WS_NO_CODE) {
        w->ended = true;
        return CONN_END;
    }
    filter_fail_with(&w->f, ERR_CLOSED, "it ended with code %u", code);
    return CONN_FAILED;
}

/* The whole frame is here. */
static ssize_t hear_control(struct ws *w, const struct ws_frame *frame, struct cur payload)
{
    uint8_t bytes[WS_CONTROL_MAX];
    memcpy(bytes, payload.n > 0 ? payload.p : bytes, payload.n);
    if (frame->masked)
        ws_mask(bytes, payload.n, frame->mask, 0);
    if (frame->opcode == WS_CLOSE)
        return hear_close(w, cur_of(bytes, payload.n));
    /* who does not take our answers gets none; an answer to nothing is allowed (section 5.5.3) */
    if (frame->opcode == WS_PING && buf_len(&w->f.out) < WS_OUT_MAX)
        put_frame(w, WS_PONG, bytes, payload.n);
    return 1;
}

static ssize_t hear_data(struct ws *w, const struct ws_frame *frame)
{
    if (frame->opcode == WS_TEXT)
        return refuse_with(w, WS_KIND, "text, where bytes were to come");
    if ((frame->opcode == WS_CONTINUATION) != w->in_message)
        return refuse_with(w, WS_PROTOCOL,
                           w->in_message ? "a message inside another" : "the rest of no message");
    w->in_message = !frame->last;
    w->frame = *frame;
    w->left = frame->len;
    return 1;
}

/* The next frame in `raw`: 1 when it was heard, CONN_AGAIN when more bytes are needed. */
static ssize_t hear(struct ws *w)
{
    struct ws_frame frame;
    struct why why;
    int n = ws_read_frame(buf_cur(&w->raw), &frame, &why);
    if (n < 0)
        return refuse(w, WS_PROTOCOL, &why);
    if (n == WS_MORE)
        return CONN_AGAIN;
    /* section 5.1: clients mask, servers do not */
    if (frame.masked == w->client)
        return refuse_with(w, WS_PROTOCOL,
                           w->client ? "a masked frame of a server's"
                                     : "a frame of a client's without a mask");
    if (frame.opcode < WS_CLOSE) {
        buf_eat(&w->raw, (size_t)n);
        return hear_data(w, &frame);
    }
    struct cur all = buf_cur(&w->raw);
    cur_take(&all, (size_t)n);
    struct cur payload = cur_take(&all, (size_t)frame.len);
    if (payload.bad)
        return CONN_AGAIN;
    ssize_t got = hear_control(w, &frame, payload);
    buf_eat(&w->raw, (size_t)n + (size_t)frame.len);
    return got;
}

/* Up to where the owner's next byte is: in `raw`, or, unless it must be here, still below. */
static ssize_t seek(struct ws *w, bool here)
{
    for (int empty = 0; empty < WS_EMPTY_MAX;) {
        ssize_t got = CONN_AGAIN;
        if (w->ended)
            return CONN_END;
        if (w->left > 0 && (!here || buf_len(&w->raw) > 0))
            return 1;
        if (w->left == 0)
            got = hear(w);
        empty += got > 0;
        if (got == CONN_AGAIN) {
            got = filter_fill(&w->f, &w->raw, FILTER_CHUNK);
            if (got == CONN_END)
                return refuse_with(w, WS_AWAY, "cut off without a goodbye");
        }
        if (got == CONN_AGAIN && buf_len(&w->raw) == 0)
            buf_done(&w->raw); /* an idle conn holds nothing */
        if (got < 0)
            return got;
    }
    return refuse_with(w, WS_PROTOCOL, "too many frames without a byte in them");
}

static ssize_t look(struct filter *f)
{
    return seek((struct ws *)f, true);
}

static ssize_t read_payload(struct filter *f, void *to, size_t n)
{
    struct ws *w = (struct ws *)f;
    ssize_t got = seek(w, false);
    if (got < 0)
        return got;
    n = n < w->left ? n : (size_t)w->left;
    size_t held = buf_len(&w->raw);
    if (held > 0) {
        n = n < held ? n : held;
        memcpy(to, buf_bytes(&w->raw), n);
        buf_eat(&w->raw, n);
        got = (ssize_t)n;
    } else { /* straight to where the owner wants it */
        got = filter_pull(f, to, n);
        if (got == CONN_END)
            return refuse_with(w, WS_AWAY, "cut off without a goodbye");
    }
    if (got <= 0)
        return got;
    if (w->frame.masked)
        ws_mask(to, (size_t)got, w->frame.mask, w->frame.len - w->left);
    w->left -= (uint64_t)got;
    return got;
}

/* --- the upgrade ---------------------------------------------------------------------------- */

/* What is here; as ws_read_request(). */
static int read_upgrade(struct ws *w, struct why *why)
{
    if (w->client)
        return ws_read_response(buf_cur(&w->raw), w->key, why);
    int n = ws_read_request(buf_cur(&w->raw), w->key, why);
    if (n > 0)
        ws_put_response(&w->f.out, w->key);
    if (n < 0)
        ws_put_refusal(&w->f.out, why->code);
    return n;
}

static void shake(struct filter *f)
{
    struct ws *w = (struct ws *)f;
    struct why why;
    ssize_t got;
    do {
        int n = read_upgrade(w, &why);
        if (n < 0) {
            filter_fail(f, &why);
            return;
        }
        if (n > 0) { /* what follows are frames */
            buf_eat(&w->raw, (size_t)n);
            filter_open(f);
            return;
        }
        got = filter_fill(f, &w->raw, WS_HTTP_MAX);
    } while (got > 0);
    if (got == CONN_END)
        filter_fail_with(f, ERR_CLOSED, "it hung up");
}

static void done(struct filter *f)
{
    buf_done(&((struct ws *)f)->raw);
}

static void blame(const struct filter *f, struct why *why)
{
    (void)f;
    why_in(why, why->code, "WebSocket");
}

static const struct filter_ops ops = {
    .conn = FILTER_CONN("ws"),
    .shake = shake,
    .read = read_payload,
    .unwrap = look,
    .write = write_message,
    .bye = say_bye,
    .done = done,
    .blame = blame,
};

static struct ws *over(struct conn *below, conn_cb *cb, void *arg)
{
    struct ws *w = MEM_NEW(struct ws);
    filter_init(&w->f, &ops, below, cb, arg);
    filter_deadline(&w->f, CONN_HANDSHAKE_US, "no upgrade in 10 s");
    return w;
}

struct conn *ws_dial(struct conn *below, const char *host, const char *path, conn_cb *cb, void *arg)
{
    struct ws *w = over(below, cb, arg);
    struct buf key = {0};
    uint8_t nonce[16];
    w->client = true;
    loop_random(below->loop, nonce, sizeof nonce);
    base64_encode(&key, nonce, sizeof nonce);
    memcpy(w->key, buf_bytes(&key), WS_KEY_LEN);
    buf_done(&key);
    ws_put_request(&w->f.out, host, path, w->key);
    return &w->f.conn;
}

struct conn *ws_accept(struct conn *below, conn_cb *cb, void *arg)
{
    return &over(below, cb, arg)->f.conn;
}
