/* The settings of a session are lines of shoal.conf. */
#include "api/transmission_int.h"
#include "base/conf.h"
#include "base/mem.h"
#include "core/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 64 };

/* ---- shoal.conf ---- */

/* "" for a key that this node does not have. */
static const char *setting(const struct rpc *r, const char *key)
{
    const char *v = json_string_value(json_object_get(r->settings, key));
    return v ? v : "";
}

static void got_settings(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    size_t i;
    const json_t *row;
    if (!result) {
        rpc_fail(r, RPC_SYSTEM_ERROR, "%s", message);
        return;
    }
    r->settings = json_object();
    json_array_foreach(result, i, row) {
        const char *key = json_string_value(json_object_get(row, "key"));
        if (key)
            json_object_set(r->settings, key, json_object_get(row, "value"));
    }
}

void rpc_settings_read(struct rpc *r, rpc_step *then)
{
    r->then = then;
    rpc_call(r, "config.ls", json_object(), got_settings, 0);
}

static void change(struct rpc *r, const char *key, const char *value)
{
    if (json_object_get(r->settings, key) && strcmp(setting(r, key), value) != 0)
        rpc_call(r, "config.set", json_pack("{s:s, s:s}", "key", key, "value", value), rpc_must, 0);
}

/* ---- switches ---- */

static const struct {
    const char *name, *key, *on, *off;
} switches[] = {
    {"dht_enabled", "files.dht", "on", "off"},
    {"lpd_enabled", "files.lsd", "on", "off"},
    {"pex_enabled", "files.pex", "on", "off"},
    {"port_forwarding_enabled", "files.port-mapping", "on", "off"},
    {"start_added_torrents", "files.start", "on", "off"},
    {"alt_speed_enabled", "limits.alt", "on", "off"},
};
enum { SWITCHES = sizeof switches / sizeof switches[0] };

static bool is_on(const char *value)
{
    return strcmp(value, "on") == 0 || strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
}

/* ---- numbers, and the switch of each ---- */

enum number_kind { PLAIN, MINUTES, RATIO, RATE };

/* Off is one value of the setting; the number then waits on the shelf. */
static const struct number {
    const char *enabled, *name, *key, *off;
    enum number_kind kind;
    double fallback;
} numbers[] = {
    {"download_queue_enabled", "download_queue_size", "files.download-queue", "0", PLAIN, 5},
    {"seed_queue_enabled", "seed_queue_size", "files.seed-queue", "0", PLAIN, 10},
    {"queue_stalled_enabled", "queue_stalled_minutes", "files.queue-stalled", "0", MINUTES, 30},
    {"idle_seeding_limit_enabled", "idle_seeding_limit", "files.idle-limit", "0", MINUTES, 30},
    {"seed_ratio_limited", "seed_ratio_limit", "files.ratio-limit", "off", RATIO, 2},
    {"speed_limit_up_enabled", "speed_limit_up", "limits.up", "off", RATE, 100},
    {"speed_limit_down_enabled", "speed_limit_down", "limits.down", "off", RATE, 100},
    {NULL, "alt_speed_up", "limits.alt-up", "off", RATE, 50},
    {NULL, "alt_speed_down", "limits.alt-down", "off", RATE, 50},
    {NULL, "peer_limit_global", "files.connections", NULL, PLAIN, 100},
    {NULL, "peer_limit_per_torrent", "files.torrent-connections", NULL, PLAIN, 50},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

/* As the RPC counts it; 0 for off and for what cannot be read. */
static double value_of(const struct number *n, const char *text)
{
    int64_t v = 0;
    switch (n->kind) {
    case PLAIN:
        return strtod(text, NULL);
    case MINUTES:
        return conf_parse_number(CONF_TIME, text, &v, NULL) == OK ? (double)(v / 60) : 0;
    case RATIO:
        return strcmp(text, "off") == 0 ? -1 : strtod(text, NULL);
    case RATE:
        return conf_parse_number(CONF_RATE, text, &v, NULL) == OK ? (double)(v / RATE_UNIT) : 0;
    }
    return 0;
}

/* As shoal.conf has it. */
static void text_of(const struct number *n, double v, char out[VALUE_MAX])
{
    switch (n->kind) {
    case PLAIN:
        snprintf(out, VALUE_MAX, "%.0f", v);
        return;
    case MINUTES:
        snprintf(out, VALUE_MAX, "%.0fs", v * 60);
        return;
    case RATIO:
        snprintf(out, VALUE_MAX, "%.4f", v);
        return;
    case RATE:
        snprintf(out, VALUE_MAX, "%.0f", v * RATE_UNIT);
        return;
    }
}

static bool is_off(const struct number *n, const char *text)
{
    double v = value_of(n, text);
    return n->off && (n->kind == RATIO ? v < 0 : v <= 0);
}

static json_t *number_json(const struct number *n, double v)
{
    return n->kind == RATIO ? json_real(v) : json_integer((json_int_t)v);
}

static void tell_number(struct rpc *r, const struct number *n)
{
    const char *text = setting(r, n->key);
    bool off = is_off(n, text);
    const json_t *shelved = json_object_get(r->t->shelf, n->name);
    double idle = json_is_number(shelved) ? json_number_value(shelved) : n->fallback;
    if (!json_object_get(r->settings, n->key))
        return;
    json_object_set_new(r->out, n->name, number_json(n, off ? idle : value_of(n, text)));
    if (n->enabled)
        json_object_set_new(r->out, n->enabled, json_boolean(!off));
}

static void set_number(struct rpc *r, const struct number *n)
{
    double v, most = 1e12;
    char text[VALUE_MAX];
    const char *now = setting(r, n->key);
    bool given = rpc_number(r, n->name, &v) && v >= 0 && v < most;
    bool said = n->enabled && json_object_get(r->args, n->enabled);
    bool on = !n->enabled || (said ? rpc_flag(r, n->enabled) : !is_off(n, now));
    if (!given && !said)
        return;
    if (given)
        json_object_set_new(r->t->shelf, n->name, json_real(v));
    else if (!is_off(n, now))
        json_object_set_new(r->t->shelf, n->name, json_real(value_of(n, now)));
    const json_t *shelved = json_object_get(r->t->shelf, n->name);
    text_of(n, json_is_number(shelved) ? json_number_value(shelved) : n->fallback, text);
    if (on || n->off)
        change(r, n->key, on ? text : n->off);
}

/* ---- encryption, transports, folder, port ---- */

static const struct {
    const char *theirs, *ours;
} encryptions[] = {
    {"preferred", "prefer"}, {"required", "require"}, {"allowed", "off"}, {"tolerated", "off"}};

static void tell_encryption(struct rpc *r)
{
    const char *mode = setting(r, "files.encryption");
    for (size_t i = 0; i < 3; i++)
        if (strcmp(encryptions[i].ours, mode) == 0)
            json_object_set_new(
                r->out, "encryption",
                json_string(!r->legacy || i != 2 ? encryptions[i].theirs : "tolerated"));
}

static void set_encryption(struct rpc *r)
{
    const char *mode = rpc_text(r, "encryption");
    for (size_t i = 0; mode && i < sizeof encryptions / sizeof *encryptions; i++)
        if (strcmp(encryptions[i].theirs, mode) == 0)
            change(r, "files.encryption", encryptions[i].ours);
}

static void tell_transports(struct rpc *r)
{
    const char *t = setting(r, "files.transports");
    bool tcp = strcmp(t, "utp") != 0, utp = strcmp(t, "tcp") != 0;
    json_t *list = json_array();
    if (utp)
        json_array_append_new(list, json_string("utp"));
    if (tcp)
        json_array_append_new(list, json_string("tcp"));
    json_object_set_new(r->out, "preferred_transports", list);
    json_object_set_new(r->out, "tcp_enabled", json_boolean(tcp));
    json_object_set_new(r->out, "utp_enabled", json_boolean(utp));
}

static void set_transports(struct rpc *r)
{
    const json_t *list = rpc_list(r, "preferred_transports");
    const char *now = setting(r, "files.transports");
    bool tcp = strcmp(now, "utp") != 0, utp = strcmp(now, "tcp") != 0;
    if (json_object_get(r->args, "utp_enabled"))
        utp = rpc_flag(r, "utp_enabled");
    if (list) {
        size_t i;
        const json_t *v;
        tcp = utp = false;
        json_array_foreach(list, i, v) {
            tcp |= json_is_string(v) && strcmp(json_string_value(v), "tcp") == 0;
            utp |= json_is_string(v) && strcmp(json_string_value(v), "utp") == 0;
        }
    }
    if (tcp || utp)
        change(r, "files.transports", tcp && utp ? "both" : tcp ? "tcp" : "utp");
}

static const char *download_dir(const struct rpc *r)
{
    const char *dir = setting(r, "files.dir");
    return *dir ? dir : r->t->cfg.download_dir;
}

static void set_dir(struct rpc *r)
{
    const char *dir = rpc_text(r, "download_dir");
    if (dir && dir[0] != '/')
        rpc_fail(r, RPC_PATH_NOT_ABSOLUTE, "download directory path is not absolute");
    else if (dir && strcmp(dir, download_dir(r)) != 0)
        change(r, "files.dir", dir);
}

/* The port of "0.0.0.0:6881"; the address stays. */
static void set_port(struct rpc *r)
{
    double port;
    const char *listen = setting(r, "files.listen"), *colon = strrchr(listen, ':');
    bool random = json_object_get(r->args, "peer_port_random_on_start") &&
                  rpc_flag(r, "peer_port_random_on_start");
    bool given = rpc_number(r, "peer_port", &port) && port >= 1 && port <= 65535;
    if (!colon || (!given && !random))
        return;
    char *value = mem_printf("%.*s:%.0f", (int)(colon - listen), listen, random ? 0.0 : port);
    change(r, "files.listen", value);
    free(value);
}

/* ---- the slow hours ---- */

/* tr_sched_day: bit 0 is Sunday; core/schedule.h's is Monday. */
static unsigned days_theirs(uint8_t ours)
{
    return (((unsigned)ours << 1) | ((unsigned)ours >> 6)) & 0x7f;
}

static uint8_t days_ours(unsigned theirs)
{
    return (uint8_t)(((theirs >> 1) | (theirs << 6)) & 0x7f);
}

/* What the setting says, or what waits on the shelf while it is off. */
static struct schedule slow_hours(const struct rpc *r, bool *on)
{
    struct schedule s;
    const json_t *shelved = json_object_get(r->t->shelf, "alt_speed_time");
    const char *when = setting(r, "limits.alt-when");
    *on = *when && schedule_parse(when, &s, NULL) == OK;
    if (!*on && (!shelved || schedule_parse(json_string_value(shelved), &s, NULL)))
        s = (struct schedule){0x7f, 9 * 60, 17 * 60}; /* Transmission's own */
    return s;
}

static void tell_slow_hours(struct rpc *r)
{
    bool on;
    struct schedule s = slow_hours(r, &on);
    if (!json_object_get(r->settings, "limits.alt-when"))
        return;
    json_object_set_new(r->out, "alt_speed_time_enabled", json_boolean(on));
    json_object_set_new(r->out, "alt_speed_time_begin", json_integer(s.from));
    json_object_set_new(r->out, "alt_speed_time_end", json_integer(s.to % DAY_MINUTES));
    json_object_set_new(r->out, "alt_speed_time_day", json_integer(days_theirs(s.days)));
}

static void set_slow_hours(struct rpc *r)
{
    bool on;
    double v;
    struct schedule s = slow_hours(r, &on);
    char text[SCHEDULE_TEXT];
    if (rpc_number(r, "alt_speed_time_begin", &v) && v >= 0 && v < DAY_MINUTES)
        s.from = (uint16_t)v;
    if (rpc_number(r, "alt_speed_time_end", &v) && v >= 0 && v < DAY_MINUTES)
        s.to = v > 0 ? (uint16_t)v : DAY_MINUTES;
    if (rpc_number(r, "alt_speed_time_day", &v) && v >= 1 && v <= 127)
        s.days = days_ours((unsigned)v);
    if (json_object_get(r->args, "alt_speed_time_enabled"))
        on = rpc_flag(r, "alt_speed_time_enabled");
    schedule_text(&s, text);
    json_object_set_new(r->t->shelf, "alt_speed_time", json_string(text));
    change(r, "limits.alt-when", on ? text : "");
}

static void tell_dirs(struct rpc *r)
{
    uint64_t bytes = 0;
    const char *dir = download_dir(r), *listen = setting(r, "files.listen");
    const char *colon = strrchr(listen, ':');
    json_object_set_new(r->out, "download_dir", json_string(dir));
    json_object_set_new(r->out, "incomplete_dir", json_string(dir));
    if (vfs_free_bytes(r->t->cfg.vfs, dir, &bytes, NULL) == OK)
        json_object_set_new(r->out, "download_dir_free_space", json_integer((json_int_t)bytes));
    json_object_set_new(r->out, "peer_port_random_on_start",
                        json_boolean(colon && strcmp(colon, ":0") == 0));
}

/* ---- the block list ---- */

static void tell_blocklist(struct rpc *r)
{
    const char *sources = setting(r, "files.ip-filter");
    const char *shelved = json_string_value(json_object_get(r->t->shelf, "blocklist_url"));
    json_object_set_new(r->out, "blocklist_enabled", json_boolean(*sources != '\0'));
    json_object_set_new(r->out, "blocklist_url",
                        json_string(*sources  ? sources
                                    : shelved ? shelved
                                              : ""));
}

static void set_blocklist(struct rpc *r)
{
    const char *url = rpc_text(r, "blocklist_url"), *now = setting(r, "files.ip-filter");
    const char *shelved = json_string_value(json_object_get(r->t->shelf, "blocklist_url"));
    bool said = json_object_get(r->args, "blocklist_enabled");
    bool on = said ? rpc_flag(r, "blocklist_enabled") : *now != '\0';
    if (!url)
        url = *now ? now : shelved ? shelved : "";
    if (!said && !rpc_text(r, "blocklist_url"))
        return;
    char *kept = mem_strdup(url);
    json_object_set_new(r->t->shelf, "blocklist_url", json_string(kept));
    change(r, "files.ip-filter", on ? kept : "");
    free(kept);
}

/* ---- all of them ---- */

void rpc_settings_tell(struct rpc *r)
{
    tell_dirs(r);
    for (size_t i = 0; i < SWITCHES; i++)
        if (json_object_get(r->settings, switches[i].key))
            json_object_set_new(r->out, switches[i].name,
                                json_boolean(is_on(setting(r, switches[i].key))));
    for (size_t i = 0; i < NUMBERS; i++)
        tell_number(r, &numbers[i]);
    tell_encryption(r);
    tell_transports(r);
    tell_slow_hours(r);
    tell_blocklist(r);
}

void rpc_settings_set(struct rpc *r)
{
    for (size_t i = 0; i < SWITCHES; i++)
        if (json_object_get(r->args, switches[i].name))
            change(r, switches[i].key,
                   rpc_flag(r, switches[i].name) ? switches[i].on : switches[i].off);
    for (size_t i = 0; i < NUMBERS; i++)
        set_number(r, &numbers[i]);
    set_encryption(r);
    set_transports(r);
    set_slow_hours(r);
    set_blocklist(r);
    set_dir(r);
    set_port(r);
}
