#include "api/transmission_fields_int.h"

#include <string.h>

enum { TR_TRACKER_INACTIVE = 0, TR_TRACKER_WAITING = 1, TR_TRACKER_ACTIVE = 3 };

/* "http://tracker.example.org:80/announce": host with port, and the name people know it by. */
static void host_of(const char *url, const char **host, size_t *n)
{
    const char *at = strstr(url, "://");
    *host = at ? at + 3 : url;
    *n = strcspn(*host, "/?#");
}

/* The last but one label of a name ("example"), an address as it is. */
static json_t *sitename(const char *url)
{
    const char *host;
    size_t n, begin = 0, end;
    host_of(url, &host, &n);
    for (size_t i = n; i > 0; i--)
        if (host[i - 1] == ':') {
            n = i - 1;
            break;
        }
    end = n;
    if (n > 0 && (host[0] == '[' || (host[n - 1] >= '0' && host[n - 1] <= '9')))
        return json_stringn(host, n);
    while (end > 0 && host[end - 1] != '.')
        end--;
    if (end == 0)
        return json_stringn(host, n);
    for (size_t i = 0; i + 1 < end; i++)
        if (host[i] == '.')
            begin = i + 1;
    return json_stringn(host + begin, end - 1 - begin);
}

/* FNV-1a, 31 bits. */
json_int_t tfield_tracker_number(const char *url)
{
    uint32_t h = 2166136261U;
    for (; *url; url++)
        h = (h ^ (uint8_t)*url) * 16777619U;
    return h & 0x7fffffff;
}

static json_t *tracker_entry(const json_t *tracker, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    const char *url = text_in(tracker, "url");
    return json_pack("{s:I, s:s, s:s, s:I, s:o?}", "id", tfield_tracker_number(url), "announce",
                     url, "scrape", "", "tier", int_in(tracker, "tier"), "sitename", sitename(url));
}

static int announce_state(const json_t *tracker)
{
    const char *state = text_in(tracker, "state");
    if (strcmp(state, "asking") == 0)
        return TR_TRACKER_ACTIVE;
    return json_is_integer(json_object_get(tracker, "next_s")) ? TR_TRACKER_WAITING
                                                               : TR_TRACKER_INACTIVE;
}

/* A count, or -1 for one that nobody told. */
static json_int_t told(const json_t *tracker, const char *name)
{
    const json_t *v = json_object_get(tracker, name);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static json_t *tracker_stat(const json_t *tracker, size_t i, const struct tfield_world *w)
{
    const char *url = text_in(tracker, "url"), *state = text_in(tracker, "state"), *host;
    const char *error = text_in(tracker, "error");
    size_t n;
    host_of(url, &host, &n);
    bool works = strcmp(state, "working") == 0, failed = strcmp(state, "failed") == 0;
    const json_t *next = json_object_get(tracker, "next_s");
    json_t *o = tracker_entry(tracker, i, w);
    const struct {
        const char *name;
        json_int_t n;
    } number[] = {
        {"announce_state", announce_state(tracker)},
        {"download_count", told(tracker, "downloads")},
        {"downloader_count", -1},
        {"last_announce_peer_count", int_in(tracker, "peers")},
        {"last_announce_start_time", int_in(tracker, "asked_s")},
        {"last_announce_time", int_in(tracker, "asked_s")},
        {"last_scrape_start_time", 0},
        {"last_scrape_time", 0},
        {"leecher_count", told(tracker, "leechers")},
        {"next_announce_time", json_is_integer(next) ? w->now_s + json_integer_value(next) : 0},
        {"next_scrape_time", 0},
        {"scrape_state", 0},
        {"seeder_count", told(tracker, "seeders")},
    };
    const struct {
        const char *name;
        bool on;
    } flag[] = {
        {"has_announced", works || failed},
        {"has_scraped", false},
        {"is_backup", !json_is_integer(next) && !works},
        {"last_announce_succeeded", works},
        {"last_announce_timed_out", strstr(error, "time") != NULL},
        {"last_scrape_succeeded", false},
        {"last_scrape_timed_out", false},
    };
    for (size_t k = 0; k < sizeof number / sizeof *number; k++)
        json_object_set_new(o, number[k].name, json_integer(number[k].n));
    for (size_t k = 0; k < sizeof flag / sizeof *flag; k++)
        json_object_set_new(o, flag[k].name, json_boolean(flag[k].on));
    json_object_set_new(o, "host", json_stringn(host, n));
    json_object_set_new(o, "last_announce_result", json_string(works ? "Success" : error));
    json_object_set_new(o, "last_scrape_result", json_string(""));
    return o;
}

json_t *tfield_trackers(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, tracker_entry);
}

json_t *tfield_tracker_stats(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, tracker_stat);
}

/* One URL a line, an empty line between tiers (BEP 12). */
json_t *tfield_tracker_list(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    json_t *list = json_string("");
    json_int_t tier = 0;
    size_t i;
    const json_t *tracker;
    json_array_foreach(from[0], i, tracker) {
        json_int_t its = int_in(tracker, "tier");
        json_t *longer = json_sprintf("%s%s%s\n", json_string_value(list),
                                      i > 0 && its != tier ? "\n" : "", text_in(tracker, "url"));
        tier = its;
        json_decref(list);
        list = longer ? longer : json_string("");
    }
    return list;
}

/* Web seeds. */

static json_t *webseed_entry(const json_t *url, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    if (json_is_object(url))
        return json_string(text_in(url, "url"));
    return json_string(text(url));
}

static json_t *webseed_stat(const json_t *url, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    json_int_t rate = int_in(url, "down_rate");
    return json_pack("{s:s, s:b, s:I}", "url",
                     json_is_object(url) ? text_in(url, "url") : text(url), "is_downloading",
                     rate > 0, "download_bytes_per_second", rate);
}

json_t *tfield_webseeds(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, webseed_entry);
}

json_t *tfield_webseeds_ex(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, webseed_stat);
}

json_t *tfield_webseeds_sending(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    json_int_t n = 0;
    size_t i;
    const json_t *seed;
    json_array_foreach(from[0], i, seed) {
        n += int_in(seed, "down_rate") > 0;
    }
    return json_integer(n);
}
