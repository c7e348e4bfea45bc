#include "tunnel/exit_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- ranges --------------------------------------------------------------------------------- */

struct range {
    uint8_t family, bits;
    uint8_t ip[16];
    const char *what;
};

/* IANA's registries of special-purpose addresses (RFC 6890 and its updates).  The first that fits
 * gives the word. */
static const struct range forbidden[] = {
    {ADDR_V4, 8, {0}, "this network"},
    {ADDR_V4, 8, {10}, "private"},
    {ADDR_V4, 10, {100, 64}, "carrier NAT"},
    {ADDR_V4, 8, {127}, "loopback"},
    {ADDR_V4, 16, {169, 254}, "link-local"},
    {ADDR_V4, 12, {172, 16}, "private"},
    {ADDR_V4, 24, {192, 0, 0}, "reserved"},
    {ADDR_V4, 24, {192, 0, 2}, "documentation"},
    {ADDR_V4, 24, {192, 88, 99}, "6to4 relay"},
    {ADDR_V4, 16, {192, 168}, "private"},
    {ADDR_V4, 15, {198, 18}, "benchmarking"},
    {ADDR_V4, 24, {198, 51, 100}, "documentation"},
    {ADDR_V4, 24, {203, 0, 113}, "documentation"},
    {ADDR_V4, 4, {224}, "multicast"},
    {ADDR_V4, 4, {240}, "reserved"},
    {ADDR_V6, 128, {[15] = 1}, "loopback"},
    {ADDR_V6, 96, {[10] = 0xff, 0xff}, "IPv4-mapped"},
    {ADDR_V6, 96, {0}, "IPv4-compatible"},
    {ADDR_V6, 96, {[8] = 0xff, 0xff}, "IPv4-translated"}, /* RFC 2765 */
    {ADDR_V6, 96, {0, 0x64, 0xff, 0x9b}, "NAT64"},
    {ADDR_V6, 48, {0, 0x64, 0xff, 0x9b, 0, 1}, "NAT64"},
    {ADDR_V6, 64, {1}, "discard"},
    {ADDR_V6, 7, {0xfc}, "unique local"},
    {ADDR_V6, 10, {0xfe, 0x80}, "link-local"},
    {ADDR_V6, 10, {0xfe, 0xc0}, "site-local"},
    {ADDR_V6, 8, {0xff}, "multicast"},
    {ADDR_V6, 32, {0x20, 0x01}, "Teredo"},
    {ADDR_V6, 23, {0x20, 0x01}, "reserved"}, /* RFC 2928 */
    {ADDR_V6, 32, {0x20, 0x01, 0x0d, 0xb8}, "documentation"},
    {ADDR_V6, 16, {0x20, 0x02}, "6to4"},
    {ADDR_V6, 20, {0x3f, 0xff}, "documentation"}, /* RFC 9637 */
};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    uint8_t mask = (uint8_t)(0xff00 >> bits % 8);
    return memcmp(a, b, bits / 8) == 0 &&
           (bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

/* A net of so many bits lies inside of the range. */
static bool lies_in(const struct addr *net, unsigned bits, const struct range *r)
{
    return net->family == r->family && bits >= r->bits && same_bits(net->ip, r->ip, r->bits);
}

/* RFC 5214 section 6.1: an interface id of 0000:5efe or 0200:5efe before an IPv4 address. */
static bool is_isatap(const struct addr *a)
{
    return a->family == ADDR_V6 && (a->ip[8] & 0xfd) == 0 && a->ip[9] == 0 && a->ip[10] == 0x5e &&
           a->ip[11] == 0xfe;
}

/* Only 2000::/3 is given out (IANA "IPv6 Global Unicast Address Assignments"). */
static bool is_global_v6(const struct addr *a)
{
    return (a->ip[0] & 0xe0) == 0x20;
}

const char *exit_forbidden(const struct addr *a)
{
    unsigned all = a->family == ADDR_V6 ? 128 : 32;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (lies_in(a, all, &forbidden[i]))
            return forbidden[i].what;
    if (a->family == ADDR_V6 && (is_isatap(a) || !is_global_v6(a)))
        return is_isatap(a) ? "ISATAP" : "reserved";
    return a->family == ADDR_NONE ? "no address" : NULL;
}

/* --- ports ---------------------------------------------------------------------------------- */

static bool holds(const struct exit_ports *ports, size_t n, uint16_t port)
{
    for (size_t i = 0; i < n; i++)
        if (port >= ports[i].first && port <= ports[i].last)
            return true;
    return false;
}

/* Mail that would be spam, Windows' and telnet's worms, and BitTorrent. */
static const struct exit_ports never[] = {{0, 0},     {23, 23},   {25, 25},   {135, 139},
                                          {445, 445}, {465, 465}, {587, 587}, {6881, 6999}};
static const struct exit_ports usual[] = {{22, 22},   {80, 80},   {443, 443},
                                          {853, 853}, {993, 993}, {8080, 8080}};

#define HOLDS(list, port) holds((list), sizeof(list) / sizeof(list)[0], (port))

/* --- deciding ------------------------------------------------------------------------------- */

static bool is_own(const struct exit_policy *p, const struct addr *to)
{
    for (size_t i = 0; i < p->own_count; i++) {
        const struct addr *own = &p->own[i];
        if (own->family == to->family &&
            same_bits(own->ip, to->ip, own->family == ADDR_V6 ? 64 : 32))
            return true;
    }
    return false;
}

void exit_policy_own(struct exit_policy *p, const struct addr *own)
{
    if (own->family == ADDR_NONE || addr_is_any(own) || addr_is_loopback(own) || is_own(p, own))
        return;
    if (p->own_count == EXIT_OWN_MAX)
        memmove(&p->own[0], &p->own[1], --p->own_count * sizeof p->own[0]);
    p->own[p->own_count++] = *own;
}

/* The whole net is of a kind that is forbidden, so that it was meant. */
static bool names_forbidden(const struct exit_rule *r)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (lies_in(&r->net, r->bits, &forbidden[i]))
            return true;
    return false;
}

static bool rule_allows(const struct exit_rule *r, const struct addr *to, bool special)
{
    return r->net.family == to->family && same_bits(r->net.ip, to->ip, r->bits) &&
           holds(r->ports, r->port_count, to->port) && (!special || names_forbidden(r));
}

enum err exit_policy_check(const struct exit_policy *p, const struct addr *to, struct why *why)
{
    char text[ADDR_TEXT];
    const char *special = exit_forbidden(to);
    addr_format_ip(to, text);
    if (is_own(p, to) ||
        addr_is_any(to)) /* the system takes 0.0.0.0 for itself: no rule names it */
        return why_set(why, ERR_DENIED, "%s is the exit's own", text);
    if (HOLDS(never, to->port))
        return why_set(why, ERR_DENIED, "port %u is never connected to", to->port);
    for (size_t i = 0; i < p->rule_count; i++)
        if (rule_allows(&p->rules[i], to, special != NULL))
            return OK;
    if (special)
        return why_set(why, ERR_DENIED, "%s is not public: %s", text, special);
    if (HOLDS(usual, to->port))
        return OK;
    return why_set(why, ERR_DENIED, "port %u is not allowed here", to->port);
}

enum err exit_policy_check_all(const struct exit_policy *p, const struct addr *to, size_t n,
                               struct why *why)
{
    if (n == 0)
        return why_set(why, ERR_NOT_FOUND, "it has no address");
    for (size_t i = 0; i < n; i++) {
        enum err code = exit_policy_check(p, &to[i], why);
        if (code != OK)
            return code;
    }
    return OK;
}

/* --- rules as text -------------------------------------------------------------------------- */

static bool read_number(const char **at, unsigned long max, unsigned long *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    *out = strtoul(*at, &end, 10);
    bool good = end - *at <= 5 && *out <= max;
    *at = end;
    return good;
}

static bool read_ports(struct exit_rule *r, const char *at)
{
    for (;;) {
        unsigned long first, last;
        if (r->port_count == EXIT_PORTS_MAX || !read_number(&at, UINT16_MAX, &first))
            return false;
        last = first;
        if (*at == '-') {
            at++;
            if (!read_number(&at, UINT16_MAX, &last))
                return false;
        }
        if (first == 0 || last < first)
            return false;
        r->ports[r->port_count++] = (struct exit_ports){(uint16_t)first, (uint16_t)last};
        if (*at == 0)
            return true;
        if (*at++ != ',')
            return false;
    }
}

/* "1.2.3.4" or "[::1]"; *at is behind it. */
static bool read_ip(struct exit_rule *r, const char **at)
{
    char text[ADDR_TEXT];
    size_t n = **at == '[' ? strcspn(*at, "]") + 1 : strcspn(*at, "/:");
    if (n > sizeof text - 4)
        return false;
    snprintf(text, sizeof text, "%.*s:0", (int)n, *at);
    if (addr_parse(&r->net, text, NULL) != OK)
        return false;
    *at += n;
    return true;
}

static bool is_masked(const struct exit_rule *r)
{
    for (unsigned bit = r->bits; bit < (r->net.family == ADDR_V6 ? 128u : 32u); bit++)
        if (r->net.ip[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    return true;
}

enum err exit_rule_parse(struct exit_rule *out, const char *text, struct why *why)
{
    const char *at = text;
    *out = (struct exit_rule){0};
    bool good = strlen(text) < EXIT_RULE_TEXT && read_ip(out, &at);
    unsigned long bits = out->net.family == ADDR_V6 ? 128 : 32;
    if (good && *at == '/') {
        at++;
        good = read_number(&at, bits, &bits);
    }
    out->bits = (uint8_t)bits;
    if (!good || *at != ':' || !read_ports(out, at + 1))
        return why_set(why, ERR_INVALID,
                       "\"%.60s\" is not CIDR:PORTS, such as 192.0.2.0/24:80,8000-8010", text);
    if (!is_masked(out))
        return why_set(why, ERR_INVALID, "%.60s: bits behind the first %u are not zero", text,
                       out->bits);
    return OK;
}

const char *exit_rule_format(const struct exit_rule *r, char text[EXIT_RULE_TEXT])
{
    char ip[ADDR_TEXT];
    const bool v6 = r->net.family == ADDR_V6;
    addr_format_ip(&r->net, ip);
    int n = snprintf(text, EXIT_RULE_TEXT, "%s%s%s/%u", v6 ? "[" : "", ip, v6 ? "]" : "", r->bits);
    for (size_t i = 0; i < r->port_count; i++) {
        const struct exit_ports *p = &r->ports[i];
        size_t at = n > 0 && n < EXIT_RULE_TEXT ? (size_t)n : EXIT_RULE_TEXT - 1;
        n += snprintf(text + at, EXIT_RULE_TEXT - at, "%c%u", i ? ',' : ':', p->first);
        at = n > 0 && n < EXIT_RULE_TEXT ? (size_t)n : EXIT_RULE_TEXT - 1;
        if (p->last != p->first)
            n += snprintf(text + at, EXIT_RULE_TEXT - at, "-%u", p->last);
    }
    return text;
}
