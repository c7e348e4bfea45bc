#include "api/transmission_names.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Those that no rule makes: rpc-spec 4.0.6, sections 3 and 4, as Transmission 4.0 writes them. */
static const struct {
    const char *snake, *camel, *kebab;
} odd[] = {
    {"is_utp", "isUTP", "isUTP"},
    {"cache_size_mib", "cache-size-mb", "cache-size-mb"},
    {"seed_ratio_limit", "seedRatioLimit", "seedRatioLimit"},
    {"seed_ratio_limited", "seedRatioLimited", "seedRatioLimited"},
    {"cumulative_stats", "cumulative-stats", "cumulative-stats"},
    {"current_stats", "current-stats", "current-stats"},
    {"size_bytes", "size-bytes", "size-bytes"},
    {"total_size", "totalSize", "total_size"},
    {"ip_protocol", "ip_protocol", "ip_protocol"},
    {"torrent_added", "torrent-added", "torrent-added"},
    {"torrent_duplicate", "torrent-duplicate", "torrent-duplicate"},
    {"port_is_open", "port-is-open", "port-is-open"},
    {"blocklist_size", "blocklist-size", "blocklist-size"},
    {"honors_session_limits", "honorsSessionLimits", "honorsSessionLimits"},
    {"tcp_enabled", "tcp-enabled", "tcp-enabled"},
};
enum { ODD = sizeof odd / sizeof odd[0] };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

void tname_snake(const char *name, char out[TNAME_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < ODD; i++)
        if (strcmp(name, odd[i].camel) == 0 || strcmp(name, odd[i].kebab) == 0)
            name = odd[i].snake;
    for (size_t i = 0; name[i] && n + 2 < TNAME_MAX; i++) {
        if (is_upper(name[i]) && i > 0 && !is_upper(name[i - 1]) && out[n - 1] != '_')
            out[n++] = '_';
        out[n++] = name[i] == '-' ? '_' : is_upper(name[i]) ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    out[n] = '\0';
}

void tname_write(const char *snake, enum tname_style style, char out[TNAME_MAX])
{
    size_t n = 0;
    for (size_t i = 0; style != TNAME_SNAKE && i < ODD; i++)
        if (strcmp(snake, odd[i].snake) == 0) {
            const char *as = style == TNAME_CAMEL ? odd[i].camel : odd[i].kebab;
            memcpy(out, as, strlen(as) + 1);
            return;
        }
    for (size_t i = 0; snake[i] && n + 1 < TNAME_MAX; i++) {
        char c = snake[i];
        if (c == '_' && style == TNAME_CAMEL && snake[i + 1] >= 'a' && snake[i + 1] <= 'z')
            c = (char)(snake[++i] - 'a' + 'A');
        else if (c == '_' && style == TNAME_KEBAB)
            c = '-';
        out[n++] = c;
    }
    out[n] = '\0';
}

json_t *tname_arguments(const json_t *j)
{
    json_t *out = json_object();
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)j, key, v) /* reads only */
    {
        char snake[TNAME_MAX];
        tname_snake(key, snake);
        json_object_set(out, snake, v);
    }
    return out;
}

static json_t *object_in(json_t *j, enum tname_style style)
{
    json_t *out = json_object();
    const char *key;
    json_t *v;
    json_object_foreach(j, key, v) {
        char name[TNAME_MAX];
        tname_write(key, style, name);
        json_object_set_new(out, name, tname_reply(v, style));
    }
    return out;
}

json_t *tname_reply(json_t *j, enum tname_style style)
{
    if (style != TNAME_SNAKE && json_is_object(j))
        return object_in(j, style);
    if (style == TNAME_SNAKE || !json_is_array(j) ||
        !(json_is_object(json_array_get(j, 0)) || json_is_array(json_array_get(j, 0))))
        return json_incref(j);
    json_t *out = json_array();
    size_t i;
    json_t *v;
    json_array_foreach(j, i, v) {
        json_array_append_new(out, tname_reply(v, style));
    }
    return out;
}
