/* tunnel/exit_policy.h - where an exit may connect to for somebody else.
 *
 * The exit's owner answers for what comes from his address, so: what is not allowed is refused, and
 * the order is fixed (first match):
 *     1. an address of our own                                    refused
 *     2. ports 23, 25, 135-139, 445, 465, 587, 6881-6999          refused
 *     3. a rule of the owner's, CIDR:PORTS                        allowed
 *     4. loopback, private, link-local, CGNAT, multicast, ULA, reserved, and the IPv6 forms that
 *        carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo, ISATAP)     refused
 *     5. ports 22, 80, 443, 853, 993, 8080                         allowed
 *     6. the rest                                                 refused
 * A rule opens something of 4 only where its whole CIDR lies inside of it: 127.0.0.0/8:8000 does,
 * 0.0.0.0/0:8000 adds a port for the rest of the world.  Own addresses that are loopback are not
 * "our own" in 1, so that a rule can name them.
 *
 * Pure.  The caller checks every address that a name gives, and connects to one that was checked.
 */
#ifndef SHOAL_TUNNEL_EXIT_POLICY_H
#define SHOAL_TUNNEL_EXIT_POLICY_H

#include "base/err.h"
#include "net/addr.h"

#include <stdbool.h>

enum {
    EXIT_RULES_MAX = 32,
    EXIT_PORTS_MAX = 8, /* ranges of one rule */
    EXIT_OWN_MAX = 32,
    EXIT_RULE_TEXT = 160,
};

struct exit_ports {
    uint16_t first, last;
};

struct exit_rule {
    struct addr net; /* the port is 0 */
    uint8_t bits;    /* of 32, or of 128 */
    uint8_t port_count;
    struct exit_ports ports[EXIT_PORTS_MAX];
};

struct exit_policy {
    struct exit_rule rules[EXIT_RULES_MAX];
    size_t rule_count;
    struct addr own[EXIT_OWN_MAX]; /* by exit_policy_own(); of an IPv6 address its /64 is ours */
    size_t own_count;
};

/* "192.0.2.0/24:80,443,8000-8010", "[2001:db8::]/32:22", an address alone is a CIDR of one; bits
 * below the mask must be zero. */
MUST_CHECK enum err exit_rule_parse(struct exit_rule *out, const char *text, struct why *why);
const char *exit_rule_format(const struct exit_rule *r, char text[EXIT_RULE_TEXT]);

/* OK, or ERR_DENIED with the reason. */
MUST_CHECK enum err exit_policy_check(const struct exit_policy *p, const struct addr *to,
                                      struct why *why);
/* All of them, of which there is one at least: one that is refused refuses all. */
MUST_CHECK enum err exit_policy_check_all(const struct exit_policy *p, const struct addr *to,
                                          size_t n, struct why *why);

/* An address of ours; of more than EXIT_OWN_MAX the oldest is forgotten. */
void exit_policy_own(struct exit_policy *p, const struct addr *own);

/* What kind of address it is that nobody elsewhere should reach ("loopback", "private"); NULL: an
 * ordinary one. */
const char *exit_forbidden(const struct addr *a);

#endif
