#include "tunnel/socksd_msg.h"

#include "base/lines.h"
#include "crypto/base64.h"
#include "crypto/equal.h"
#include "net/addr.h"

#include <stdio.h>
#include <string.h>

enum {
    SOCKS5 = 5,
    LOGIN_VERSION = 1, /* RFC 1929 section 2 */
    METHOD_OPEN = 0,
    METHOD_LOGIN = 2,
    METHOD_NONE = 0xff,
    COMMAND_CONNECT = 1,
    TYPE_V4 = 1,
    TYPE_NAME = 3,
    TYPE_V6 = 4,
};

/* RFC 1928 section 6. */
enum socks_code {
    SOCKS_OK = 0,
    SOCKS_FAILED = 1,
    SOCKS_DENIED = 2,
    SOCKS_NET_UNREACHABLE = 3,
    SOCKS_HOST_UNREACHABLE = 4,
    SOCKS_REFUSED = 5,
    SOCKS_NO_COMMAND = 7,
    SOCKS_NO_TYPE = 8,
};

static enum socksd_step refuse(struct socksd_talk *p, const char *words)
{
    p->state = SOCKSD_OVER;
    snprintf(p->words, sizeof p->words, "%s", words);
    return SOCKSD_REFUSED;
}

static bool same(const char *want, struct cur have)
{
    return strlen(want) == have.n && (have.n == 0 || equal_secret(want, have.p, have.n));
}

/* --- SOCKS5 --------------------------------------------------------------------------------- */

static void put_reply(struct buf *out, enum socks_code code)
{
    static const uint8_t from[] = {0, TYPE_V4, 0, 0, 0, 0, 0, 0}; /* bound to: we do not say */
    buf_u8(out, SOCKS5);
    buf_u8(out, (uint8_t)code);
    buf_put(out, from, sizeof from);
}

/* Eaten as far as the cursor was read; or more is needed. */
static bool whole(struct buf *in, const struct cur *at)
{
    if (at->bad)
        return false;
    buf_eat(in, buf_len(in) - at->n);
    return true;
}

static enum socksd_step step_hello(struct socksd_talk *p, struct buf *in, struct buf *out)
{
    struct cur at = buf_cur(in);
    cur_u8(&at); /* the version, seen already */
    struct cur methods = cur_take(&at, cur_u8(&at));
    uint8_t want = p->user ? METHOD_LOGIN : METHOD_OPEN;
    bool have = methods.n > 0 && memchr(methods.p, want, methods.n);
    if (!whole(in, &at))
        return SOCKSD_MORE;
    buf_u8(out, SOCKS5);
    buf_u8(out, have ? want : METHOD_NONE);
    if (!have)
        return refuse(p, p->user ? "a login is wanted" : "no way to begin that we have");
    p->state = p->user ? SOCKSD_LOGIN : SOCKSD_REQUEST;
    return SOCKSD_AGAIN;
}

static enum socksd_step step_login(struct socksd_talk *p, struct buf *in, struct buf *out)
{
    struct cur at = buf_cur(in);
    uint8_t version = cur_u8(&at);
    struct cur user = cur_take(&at, cur_u8(&at));
    struct cur password = cur_take(&at, cur_u8(&at));
    bool good = !at.bad && version == LOGIN_VERSION &&
                (int)same(p->user, user) & (int)same(p->password, password);
    if (!whole(in, &at))
        return SOCKSD_MORE;
    buf_u8(out, LOGIN_VERSION);
    buf_u8(out, good ? 0 : 1);
    if (!good)
        return refuse(p, "the login is wrong");
    p->state = SOCKSD_REQUEST;
    return SOCKSD_AGAIN;
}

/* The address of a request as text; false: of no kind that we know. */
static bool read_host(struct cur *at, uint8_t type, struct cur *name, struct addr *ip)
{
    *ip = (struct addr){0};
    if (type == TYPE_NAME)
        *name = cur_take(at, cur_u8(at));
    else if (type == TYPE_V4 || type == TYPE_V6)
        *name = cur_take(at, type == TYPE_V4 ? 4 : 16);
    else
        return false;
    if (type != TYPE_NAME && !at->bad)
        *ip = addr_of_bytes(name->p, name->n, 0);
    return true;
}

static bool set_host(struct head_ask *target, struct cur name, const struct addr *ip)
{
    char text[ADDR_TEXT];
    if (ip->family != ADDR_NONE) {
        snprintf(target->host, sizeof target->host, "%s", addr_format_ip(ip, text));
        return true;
    }
    if (name.n == 0 || name.n > HEAD_HOST_MAX || memchr(name.p, 0, name.n))
        return false;
    memcpy(target->host, name.p, name.n);
    target->host[name.n] = 0;
    return head_is_host(target->host);
}

static enum socksd_step step_request(struct socksd_talk *p, struct buf *in, struct buf *out)
{
    struct cur at = buf_cur(in), name;
    struct addr ip;
    uint8_t version = cur_u8(&at);
    uint8_t command = cur_u8(&at);
    cur_u8(&at); /* reserved */
    uint8_t type = cur_u8(&at);
    if (at.bad)
        return SOCKSD_MORE;
    if (version != SOCKS5)
        return refuse(p, "a request of no version that we know");
    if (!read_host(&at, type, &name, &ip)) {
        put_reply(out, SOCKS_NO_TYPE);
        return refuse(p, "an address of no kind that we know");
    }
    p->target.port = cur_be16(&at);
    bool good = !at.bad && set_host(&p->target, name, &ip) && p->target.port != 0;
    if (!whole(in, &at))
        return SOCKSD_MORE;
    if (command != COMMAND_CONNECT || !good) {
        put_reply(out, good ? SOCKS_NO_COMMAND : SOCKS_FAILED);
        return refuse(p, good ? "only CONNECT is done" : "no host to connect to");
    }
    p->state = SOCKSD_OVER;
    return SOCKSD_READY;
}

/* --- HTTP ----------------------------------------------------------------------------------- */

static void put_status(struct buf *out, const char *status, const char *more, const char *words)
{
    buf_printf(out,
               "HTTP/1.1 %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n\r\n%s\n",
               status, more, strlen(words) + 1, words);
}

static enum socksd_step refuse_http(struct socksd_talk *p, struct buf *out, const char *status,
                                    const char *more, const char *words)
{
    put_status(out, status, more, words);
    return refuse(p, words);
}

/* "Basic BASE64" of user:password. */
static bool is_login(const struct socksd_talk *p, struct cur value)
{
    enum { LOGIN_MAX = 780 }; /* of two texts of 255 bytes, and a colon */
    struct buf have = {0}, want = {0};
    if (!line_begins(value, "basic "))
        return false;
    cur_take(&value, 6);
    buf_printf(&want, "%s:%s", p->user, p->password);
    bool good = value.n <= LOGIN_MAX && base64_decode(&have, (const char *)value.p, value.n) &&
                buf_len(&have) == buf_len(&want) &&
                equal_secret(buf_bytes(&have), buf_bytes(&want), buf_len(&want));
    buf_done(&have);
    buf_done(&want);
    return good;
}

/* "CONNECT host:port HTTP/1.1". */
static bool read_request_line(struct socksd_talk *p, struct cur line)
{
    char text[HEAD_HOST_MAX + 16];
    cur_take(&line, 8);
    const uint8_t *end = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;
    size_t n = end ? (size_t)(end - line.p) : 0;
    if (n == 0 || n >= sizeof text || memchr(line.p, 0, n))
        return false;
    memcpy(text, line.p, n);
    text[n] = 0;
    cur_take(&line, n + 1);
    return line_begins(line, "HTTP/1.") &&
           addr_split(text, p->target.host, sizeof p->target.host, &p->target.port, NULL) == OK &&
           p->target.port != 0 && head_is_host(p->target.host);
}

/* Where the head ends, its empty line included; 0: not yet. */
static size_t head_len(struct cur all)
{
    struct cur at = all, line;
    while (line_next(&at, &line))
        if (line.n == 0)
            return all.n - at.n;
    return 0;
}

static enum socksd_step step_http(struct socksd_talk *p, struct buf *in, struct buf *out)
{
    size_t n = head_len(buf_cur(in));
    p->http = true;
    if (n == 0 && buf_len(in) < SOCKSD_IN_MAX)
        return SOCKSD_MORE;
    if (n == 0)
        return refuse_http(p, out, "431 Request Header Fields Too Large", "",
                           "the head is too long");
    struct cur all = buf_cur(in), at = cur_take(&all, n), line, login;
    line_next(&at, &line);
    bool connect = line_begins(line, "CONNECT ");
    bool good = connect && read_request_line(p, line), known = !p->user;
    while (line_next(&at, &line))
        if (p->user && line_header(line, "Proxy-Authorization", &login))
            known = is_login(p, login);
    buf_eat(in, n);
    if (!connect)
        return refuse_http(p, out, "405 Method Not Allowed", "Allow: CONNECT\r\n",
                           "this is a proxy that does CONNECT and SOCKS5");
    if (!known)
        return refuse_http(p, out, "407 Proxy Authentication Required",
                           "Proxy-Authenticate: Basic realm=\"shoal\"\r\n", "a login is wanted");
    if (!good)
        return refuse_http(p, out, "400 Bad Request", "", "no host to connect to");
    p->state = SOCKSD_OVER;
    return SOCKSD_READY;
}

/* --- both ----------------------------------------------------------------------------------- */

static enum socksd_step step_first(struct socksd_talk *p, struct buf *in, struct buf *out)
{
    uint8_t first = *buf_bytes(in);
    if (first == SOCKS5)
        return step_hello(p, in, out);
    if ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'))
        return step_http(p, in, out);
    return refuse(p, "neither SOCKS5 nor HTTP");
}

enum socksd_step socksd_step(struct socksd_talk *p, struct buf *in, struct buf *out)
{
    if (buf_len(in) == 0 && p->state != SOCKSD_OVER)
        return SOCKSD_MORE;
    switch (p->state) {
    case SOCKSD_FIRST:
        return step_first(p, in, out);
    case SOCKSD_LOGIN:
        return step_login(p, in, out);
    case SOCKSD_REQUEST:
        return step_request(p, in, out);
    case SOCKSD_OVER:
        break;
    }
    return SOCKSD_REFUSED;
}

static enum socks_code code_of(enum err code)
{
    switch (code) {
    case OK:
        return SOCKS_OK;
    case ERR_DENIED:
        return SOCKS_DENIED;
    case ERR_NOT_FOUND:
    case ERR_TIMEOUT:
        return SOCKS_HOST_UNREACHABLE;
    case ERR_CLOSED:
        return SOCKS_REFUSED;
    case ERR_IO:
        return SOCKS_NET_UNREACHABLE;
    case ERR_INVALID:
    case ERR_LIMIT:
    case ERR_STATE:
    case ERR_FULL:
    case ERR_UNSUPPORTED:
        return SOCKS_FAILED;
    }
    return SOCKS_FAILED;
}

void socksd_put_result(const struct socksd_talk *p, const struct why *why, struct buf *out)
{
    if (!p->http)
        put_reply(out, code_of(why->code));
    else if (why->code == OK)
        buf_str(out, "HTTP/1.1 200 Connection established\r\n\r\n");
    else
        put_status(out, why->code == ERR_DENIED ? "403 Forbidden" : "502 Bad Gateway", "",
                   why->text);
}
