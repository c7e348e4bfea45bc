/* Any text is a rule or is not, one that is reads back the same; and with any rules in force no
 * place of our own, no worms' port, and nothing that is not public is reached unless a rule names
 * it. */
#include "tunnel/exit_policy.h"

#include "base/cur.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void take_rule(struct exit_policy *p, struct cur text)
{
    char line[EXIT_RULE_TEXT + 8], again[EXIT_RULE_TEXT];
    struct exit_rule same;
    struct why why = {0};
    size_t n = text.n < sizeof line - 1 ? text.n : sizeof line - 1;
    if (n > 0)
        memcpy(line, text.p, n);
    line[n] = 0;
    if (p->rule_count == EXIT_RULES_MAX)
        return;
    if (exit_rule_parse(&p->rules[p->rule_count], line, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    exit_rule_format(&p->rules[p->rule_count], again);
    if (exit_rule_parse(&same, again, NULL) != OK ||
        memcmp(&same, &p->rules[p->rule_count], sizeof same) != 0)
        abort();
    p->rule_count++;
}

static void check(const struct exit_policy *p, const struct addr *to)
{
    struct why why = {0};
    if (exit_policy_check(p, to, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    if (to->port == 25 || to->port == 445 || to->port == 0 || addr_is_any(to))
        abort();
    bool special = addr_is_loopback(to) || addr_is_private(to) || exit_forbidden(to);
    if (special && p->rule_count == 0)
        abort();
}

/* A rule, a line each; behind a NUL an address of 4 or 16 bytes and its port. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct exit_policy p = {.own_count = 1, .own = {addr_v4(9, 1, 2, 3, 0)}};
    struct cur all = cur_of(bytes, n);
    const uint8_t *nul = n > 0 ? memchr(bytes, 0, n) : NULL;
    struct cur text = cur_take(&all, nul ? (size_t)(nul - bytes) : n);
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        take_rule(&p, cur_take(&text, end ? (size_t)(end - text.p) : text.n));
        cur_u8(&text);
        if (text.bad)
            break;
    }
    cur_u8(&all);
    struct cur ip = cur_take(&all, all.n >= 18 ? 16 : 4);
    uint16_t port = cur_be16(&all);
    struct addr to = addr_of_bytes(ip.p, ip.n, port);
    if (!all.bad && to.family != ADDR_NONE)
        check(&p, &to);
    return 0;
}
