#include "tunnel/head_msg.h"

#include "base/pb.h"
#include "base/utf8.h"

#include <string.h>

enum { F_SERVICE = 1, F_HOST = 2, F_PORT = 3, F_SESSION = 4, F_GOT = 5 };
enum { F_CODE = 1, F_WORDS = 2, F_HAS = 3 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_plain(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool head_is_service(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > HEAD_SERVICE_MAX || !is_letter(name[0]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_plain(name[i]))
            return false;
    return true;
}

bool head_is_host(const char *host)
{
    size_t n = strlen(host);
    if (n == 0 || n > HEAD_HOST_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_plain(host[i]) && host[i] != ':')
            return false;
    return true;
}

/* A field into a string; false where it is too long or holds a NUL. */
static bool take(char *out, size_t max, struct cur in)
{
    if (in.n > max || (in.n > 0 && memchr(in.p, 0, in.n)))
        return false;
    if (in.n > 0)
        memcpy(out, in.p, in.n);
    out[in.n] = 0;
    return true;
}

static bool take_session(struct head_ask *out, struct cur in)
{
    if (in.n != sizeof out->session)
        return false;
    memcpy(out->session, in.p, in.n);
    return true;
}

void head_put_ask(struct buf *out, const struct head_ask *ask)
{
    if (ask->service[0]) {
        pb_put_str(out, F_SERVICE, ask->service);
    } else if (!ask->resumes) {
        pb_put_str(out, F_HOST, ask->host);
        pb_put_uint(out, F_PORT, ask->port);
    }
    pb_put_bytes(out, F_SESSION, ask->session, sizeof ask->session);
    if (ask->resumes)
        pb_put_uint(out, F_GOT, ask->got);
}

enum err head_read_ask(struct head_ask *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    bool good = true, session = false;
    uint64_t port = 0;
    *out = (struct head_ask){0};
    if (msg.n > HEAD_MAX)
        return why_set(why, ERR_LIMIT, "a head of %zu bytes, the limit is %d", msg.n, HEAD_MAX);
    while (good && pb_next(&msg, &f)) {
        if (f.number == F_SERVICE && f.wire == PB_BYTES)
            good = take(out->service, HEAD_SERVICE_MAX, f.bytes);
        else if (f.number == F_HOST && f.wire == PB_BYTES)
            good = take(out->host, HEAD_HOST_MAX, f.bytes);
        else if (f.number == F_PORT && f.wire == PB_VARINT)
            port = f.value;
        else if (f.number == F_SESSION && f.wire == PB_BYTES)
            session = good = take_session(out, f.bytes);
        else if (f.number == F_GOT && f.wire == PB_VARINT)
            out->got = f.value;
    }
    if (!good || !session || !cur_done(&msg) || port > UINT16_MAX)
        return why_set(why, ERR_INVALID, "the head of a stream is not what it should be");
    out->port = (uint16_t)port;
    bool service = head_is_service(out->service) && !out->host[0] && !port;
    bool exit = head_is_host(out->host) && !out->service[0] && port;
    out->resumes = !out->service[0] && !out->host[0] && !port;
    if (!service && !exit && !out->resumes)
        return why_set(why, ERR_INVALID, "neither a service nor a host and a port is asked for");
    return OK;
}

void head_put_answer(struct buf *out, const struct head_answer *answer)
{
    pb_put_uint(out, F_CODE, answer->code);
    if (answer->words[0])
        pb_put_str(out, F_WORDS, answer->words);
    if (answer->got > 0)
        pb_put_uint(out, F_HAS, answer->got);
}

void head_put_answer_first(struct buf *out, const struct head_answer *answer)
{
    struct buf msg = {0};
    head_put_answer(&msg, answer);
    buf_uvarint(out, buf_len(&msg));
    buf_put(out, buf_bytes(&msg), buf_len(&msg));
    buf_done(&msg);
}

enum err head_read_answer(struct head_answer *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t code = HEAD_OTHER;
    *out = (struct head_answer){0};
    if (msg.n > HEAD_MAX)
        return why_set(why, ERR_LIMIT, "a head of %zu bytes, the limit is %d", msg.n, HEAD_MAX);
    while (pb_next(&msg, &f)) {
        if (f.number == F_CODE && f.wire == PB_VARINT)
            code = f.value;
        else if (f.number == F_WORDS && f.wire == PB_BYTES)
            utf8_words(out->words, HEAD_WORDS_MAX, f.bytes);
        else if (f.number == F_HAS && f.wire == PB_VARINT)
            out->got = f.value;
    }
    if (!cur_done(&msg))
        return why_set(why, ERR_INVALID, "the answer at the head of a stream is damaged");
    out->code = code < HEAD_OTHER ? (enum head_code)code : HEAD_OTHER;
    return OK;
}
