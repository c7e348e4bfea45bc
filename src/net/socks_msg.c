#include "net/socks_msg.h"

#include <string.h>

enum { VERSION = 5, LOGIN_VERSION = 1 };
enum { TYPE_V4 = 1, TYPE_NAME = 3, TYPE_V6 = 4 }; /* section 5 */

void socks_put_hello(struct buf *out, bool login)
{
    buf_u8(out, VERSION);
    buf_u8(out, login ? 2 : 1);
    buf_u8(out, SOCKS_OPEN);
    if (login)
        buf_u8(out, SOCKS_LOGIN);
}

static int no_proxy(struct why *why, unsigned version)
{
    why_set(why, ERR_INVALID, "the proxy does not speak SOCKS5: its answer begins with %u",
            version);
    return SOCKS_BAD;
}

int socks_read_choice(struct cur in, enum socks_method *method, struct why *why)
{
    unsigned version = cur_u8(&in), choice = cur_u8(&in);
    if (in.bad)
        return 0;
    if (version != VERSION)
        return no_proxy(why, version);
    if (choice != SOCKS_OPEN && choice != SOCKS_LOGIN) {
        why_set(why, ERR_DENIED, "the proxy wants another way to log in than we have");
        return SOCKS_BAD;
    }
    *method = choice == SOCKS_OPEN ? SOCKS_OPEN : SOCKS_LOGIN;
    return 2;
}

static void put_short(struct buf *out, const char *text)
{
    size_t n = strnlen(text, SOCKS_NAME_MAX);
    buf_u8(out, (uint8_t)n);
    buf_put(out, text, n);
}

void socks_put_login(struct buf *out, const char *user, const char *password)
{
    buf_u8(out, LOGIN_VERSION);
    put_short(out, user);
    put_short(out, password);
}

int socks_read_login(struct cur in, struct why *why)
{
    cur_u8(&in); /* its version: some proxies say 5 here */
    unsigned status = cur_u8(&in);
    if (in.bad)
        return 0;
    if (status == 0)
        return 2;
    why_set(why, ERR_DENIED, "the proxy refuses the user's name or password");
    return SOCKS_BAD;
}

static void put_target(struct buf *out, const char *host, const struct addr *to)
{
    if (host) {
        buf_u8(out, TYPE_NAME);
        put_short(out, host);
    } else {
        buf_u8(out, to->family == ADDR_V6 ? TYPE_V6 : TYPE_V4);
        buf_put(out, to->ip, to->family == ADDR_V6 ? 16 : 4);
    }
    buf_be(out, to->port, 2);
}

void socks_put_request(struct buf *out, enum socks_command command, const char *host,
                       const struct addr *to)
{
    buf_u8(out, VERSION);
    buf_u8(out, (uint8_t)command);
    buf_u8(out, 0);
    put_target(out, host, to);
}

/* ATYP, address, port; false: no such type.  A name is passed over. */
static bool take_addr(struct cur *in, struct addr *out)
{
    unsigned type = cur_u8(in);
    struct cur ip = {0};
    *out = (struct addr){.family = ADDR_NONE};
    if (type == TYPE_NAME)
        cur_take(in, cur_u8(in));
    else if (type == TYPE_V4 || type == TYPE_V6)
        ip = cur_take(in, type == TYPE_V4 ? 4 : 16);
    else
        return false;
    uint16_t port = cur_be16(in);
    if (!in->bad && ip.n > 0)
        *out = addr_of_bytes(ip.p, ip.n, port);
    return true;
}

/* Section 6, "Reply field". */
static const char *reply_words(unsigned reply)
{
    static const char *const words[] = {"granted",
                                        "general failure",
                                        "not allowed by its rules",
                                        "the network is unreachable",
                                        "the host is unreachable",
                                        "the connection was refused",
                                        "it took too long",
                                        "it does not know the command",
                                        "it does not know the address type"};
    return reply < sizeof words / sizeof words[0] ? words[reply] : "an unknown reason";
}

int socks_read_reply(struct cur in, struct addr *bound, struct why *why)
{
    size_t all = in.n;
    unsigned version = cur_u8(&in), reply = cur_u8(&in);
    cur_u8(&in);
    if (all > 0 && version != VERSION)
        return no_proxy(why, version);
    if (!in.bad && reply != 0) { /* what follows may be cut: it hangs up */
        why_set(why, ERR_CLOSED, "the proxy says: %s", reply_words(reply));
        return SOCKS_BAD;
    }
    if (in.bad || in.n == 0)
        return 0;
    if (!take_addr(&in, bound)) {
        why_set(why, ERR_INVALID, "the proxy answers with an unknown type of address");
        return SOCKS_BAD;
    }
    return in.bad ? 0 : (int)(all - in.n);
}

void socks_put_udp(struct buf *out, const char *host, const struct addr *to)
{
    buf_be(out, 0, 3); /* reserved, and no fragment */
    put_target(out, host, to);
}

bool socks_read_udp(struct cur *in, struct addr *from)
{
    cur_be16(in);
    unsigned fragment = cur_u8(in);
    return fragment == 0 && take_addr(in, from) && !in->bad && from->family != ADDR_NONE;
}
