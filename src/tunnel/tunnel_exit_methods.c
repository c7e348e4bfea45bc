/* What a person asks of exits: be one, use one, see what was done. */
#include "tunnel/tunnel_in.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { RATE = 625000, DAYS = 30, DAYS_MAX = 366, LOG_LINES = 100, LOG_LINES_MAX = 10000 };

/* --- be one --------------------------------------------------------------------------------- */

static bool read_rules(struct call *c, struct exit_grant *g)
{
    size_t i;
    const json_t *one;
    struct why why;
    json_array_foreach(call_array(c, "allow"), i, one) {
        if (g->rule_count == EXIT_RULES_MAX) {
            call_failf(c, CALL_USAGE, ERR_LIMIT, "put several ports into one: 192.0.2.0/24:80,443",
                       "--allow %.60s is one too many: %d rules, and that is the limit",
                       json_string_value(one), EXIT_RULES_MAX);
            return false;
        }
        if (exit_rule_parse(&g->rules[g->rule_count++], json_string_value(one), &why) != OK) {
            call_fail(c, CALL_USAGE, &why, NULL);
            return false;
        }
    }
    return true;
}

/* What it means, for the owner to read. */
static void say(const struct tunnel *t, const struct exit_grant *g, char *out, size_t cap)
{
    char name[PEER_ID_FORMAT] = "whoever you trust";
    if (g->to.count > 0)
        tunnel_name(t, &g->to.ids[0], name);
    snprintf(
        out, cap,
        "What %s%s does through this exit carries your address, and complaints about it come to "
        "you. It ends at %s; `shoal connect exit off` ends it at once, and `shoal connect log` "
        "shows what was reached.",
        name, g->to.count > 1 ? " (and others)" : "", text_rfc3339(g->until_us).s);
}

static void switch_on(struct tunnel *t, struct call *c)
{
    struct exit_grant g = {.rate = (uint64_t)call_int(c, "rate", RATE)};
    char said[512];
    struct why why;
    int64_t days = call_int(c, "days", DAYS);
    g.until_us = loop_wall_us(t->env.loop) + days * 86400 * (int64_t)SEC;
    if (!tunnel_peers(t, c, &g.to) || !read_rules(c, &g))
        return;
    say(t, &g, said, sizeof said);
    if (keep_exit(t, &g, said, &why) != OK) {
        call_fail(c, "connect.not_kept", &why, NULL);
        return;
    }
    exits_begin(t, &g);
    log_info(t->env.log, "the exit is on until %s", text_rfc3339(g.until_us).s);
    json_t *j = exit_json(t);
    json_object_set_new(j, "said", json_string(said));
    call_ok(c, j);
}

void tunnel_on_exit(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct why why;
    if (!tunnel_is_on(t, c))
        return;
    if (strcmp(call_text(c, "state"), "on") == 0) {
        switch_on(t, c);
        return;
    }
    exits_end(t); /* first of all */
    if (keep_exit_gone(t, &why) != OK)
        call_fail(c, "connect.not_kept", &why, "it is off now, and would be on after a restart");
    else
        call_ok(c, exit_json(t));
}

void tunnel_on_log(void *app, struct call *c)
{
    call_ok(c, keep_log_json(app, (size_t)call_int(c, "limit", LOG_LINES)));
}

/* --- use one -------------------------------------------------------------------------------- */

void tunnel_on_socks(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct peer_id via = {0};
    struct addr at = addr_v4(127, 0, 0, 1, 1080);
    struct why why;
    const char *listen = call_text(c, "listen");
    if (!tunnel_is_on(t, c) ||
        (call_has(c, "via") && !tunnel_peer(t, c, call_text(c, "via"), &via)))
        return;
    if (listen && (addr_parse(&at, listen, &why) != OK || !addr_is_loopback(&at))) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal connect socks --listen 127.0.0.1:1080",
                   "%.60s: a proxy listens on an address of loopback, such as 127.0.0.1:1080",
                   listen);
        return;
    }
    struct socksd *p = at.port ? socksd_find(t, &at) : NULL;
    if (p && p->listener && peer_id_equal(&p->via, &via) && p->via.len == via.len) {
        call_ok(c, socksd_json(t, p)); /* it is there already */
        return;
    }
    size_t count = 0;
    LIST_EACH(&t->socksds, struct socksd, other, link)
        count += other != NULL;
    if (p || count >= SOCKSDS_MAX) {
        char text[ADDR_TEXT];
        addr_format(&at, text);
        if (p)
            call_failf(c, "connect.port_taken", ERR_STATE,
                       "choose another with --listen 127.0.0.1:PORT, or shoal connect rm IP:PORT",
                       "%s is a proxy already, by another way", text);
        else
            call_failf(c, "connect.too_many", ERR_STATE, "shoal connect rm IP:PORT takes one away",
                       "there is no proxy at %s: %d stand, and that is the limit", text,
                       SOCKSDS_MAX);
        return;
    }
    p = socksd_new(t, &at, &via, true, &why);
    if (!p) {
        call_fail(c, "connect.port_taken", &why,
                  "choose another port with --listen 127.0.0.1:PORT");
        return;
    }
    if (keep_socksd(t, p, &why) != OK) {
        socksd_free(p);
        call_fail(c, "connect.not_kept", &why, NULL);
        return;
    }
    if (via.len > 0)
        keep_places(t, &via);
    call_ok(c, socksd_json(t, p));
}

/* --- parameters ----------------------------------------------------------------------------- */

const struct param tunnel_exit_params[] = {
    {.name = "state",
     .type = PARAM_CHOICE,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .choices = "on|off",
     .help = "on: as said by the options, in place of what was; off: at once"},
    {.name = "to",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "PEER",
     .max = 128,
     .help = "For this peer; again for more; without it, for all that are trusted"},
    {.name = "allow",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "CIDR:PORTS",
     .max = EXIT_RULE_TEXT,
     .help =
         "Also these, 192.0.2.0/24:80,8000-8010; a private range only where it is named itself"},
    {.name = "rate",
     .type = PARAM_RATE,
     .unit = "bytes/s",
     .help = "For each peer, both ways together; 625000 unless told"},
    {.name = "days",
     .type = PARAM_INT,
     .unit = "days",
     .min = 1,
     .max = DAYS_MAX,
     .help = "It ends by itself after so many; 30 unless told"},
    {0},
};

const struct param tunnel_socks_params[] = {
    {.name = "via",
     .type = PARAM_TEXT,
     .unit = "PEER",
     .max = 128,
     .help = "The peer whose exit is used; without it, the nearest trusted one that has one"},
    {.name = "listen",
     .type = PARAM_TEXT,
     .unit = "IP:PORT",
     .max = ADDR_TEXT,
     .help = "Where programs reach it, on loopback; 127.0.0.1:1080 unless told"},
    {0},
};

const struct param tunnel_log_params[] = {
    {.name = "limit",
     .type = PARAM_INT,
     .min = 1,
     .max = LOG_LINES_MAX,
     .help = "So many lines at the most; 100 unless told"},
    {0},
};

const struct column tunnel_log_columns[] = {
    {"at", "TIME", "text"},         {"name", "PEER", "text"},
    {"host", "HOST", "text"},       {"port", "PORT", "int"},
    {"up", "UP", "bytes"},          {"down", "DOWN", "bytes"},
    {"verdict", "VERDICT", "text"}, {0},
};
