#include "api/transmission_fields.h"

#include <stdio.h>
#include <string.h>

/* rpc-spec 3.3, "status" */
enum {
    TR_STOPPED = 0,
    TR_CHECK = 2,
    TR_DOWNLOAD_WAIT = 3,
    TR_DOWNLOAD = 4,
    TR_SEED_WAIT = 5,
    TR_SEED = 6
};
enum { TR_ERROR_LOCAL = 3 };
enum { TR_ETA_NOT_AVAILABLE = -1 };
enum { RATE_UNIT = 1000 }; /* "kilobytes" are 1000 bytes, as session-get's units say */
enum { TR_TRACKER_INACTIVE = 0, TR_TRACKER_WAITING = 1, TR_TRACKER_ACTIVE = 3 };
enum { MINUTE_S = 60 };

typedef json_t *make_fn(json_t *const *from, const struct tfield_world *w);

struct tfield {
    const char *name;
    make_fn *make; /* NULL: the first of `from` as it is */
    const char *from[TFIELD_FROM_MAX];
    bool deep;
};

static const char *text_in(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

static json_int_t int_in(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static const char *text(const json_t *v)
{
    const char *s = json_string_value(v);
    return s ? s : "";
}

/* ---- constants ---- */

static json_t *make_zero(json_t *const *from, const struct tfield_world *w)
{
    (void)from;
    (void)w;
    return json_integer(0);
}

/* ---- state ---- */

/* from: state, left, size */
static json_t *make_status(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    static const struct {
        const char *state;
        int status;
    } table[] = {{"metadata", TR_DOWNLOAD}, {"checking", TR_CHECK}, {"downloading", TR_DOWNLOAD},
                 {"seeding", TR_SEED},      {"paused", TR_STOPPED}, {"error", TR_STOPPED}};
    const char *state = text(from[0]);
    bool whole = json_integer_value(from[1]) == 0 && json_integer_value(from[2]) > 0;
    if (strcmp(state, "queued") == 0)
        return json_integer(whole ? TR_SEED_WAIT : TR_DOWNLOAD_WAIT);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(state, table[i].state) == 0)
            return json_integer(table[i].status);
    return json_integer(TR_STOPPED);
}

static json_t *make_error(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_integer(*text(from[0]) ? TR_ERROR_LOCAL : 0);
}

static json_t *make_text(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_string(text(from[0]));
}

static json_t *make_has_metadata(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_real(json_integer_value(from[0]) > 0 ? 1 : 0);
}

static json_t *make_share(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    json_int_t all = json_integer_value(from[1]);
    return json_real(all > 0 ? (double)json_integer_value(from[0]) / (double)all : 0);
}

static json_t *make_eta(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_integer(json_is_integer(from[0]) ? json_integer_value(from[0])
                                                 : TR_ETA_NOT_AVAILABLE);
}

/* from: idle_limit_s, idle_for_s, state */
static json_t *make_eta_idle(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    bool known = json_is_integer(from[0]) && json_is_integer(from[1]) &&
                 strcmp(text(from[2]), "seeding") == 0;
    json_int_t left = json_integer_value(from[0]) - json_integer_value(from[1]);
    return json_integer(!known ? TR_ETA_NOT_AVAILABLE : left > 0 ? left : 0);
}

/* ---- limits ---- */

static json_t *make_kb(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_integer(json_integer_value(from[0]) / RATE_UNIT);
}

static json_t *make_limited(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_boolean(json_integer_value(from[0]) > 0);
}

static json_t *make_not(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_boolean(!json_is_true(from[0]));
}

/* tr_ratiolimit, tr_idlelimit: of the session, of its own, none. */
static json_t *make_mode(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    const char *mode = text(from[0]);
    return json_integer(strcmp(mode, "own") == 0 ? 1 : strcmp(mode, "off") == 0 ? 2 : 0);
}

static json_t *make_minutes(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_integer(json_integer_value(from[0]) / MINUTE_S);
}

/* tr_priority_t, of a weight or a file's priority. */
static json_int_t priority(const char *name)
{
    return strcmp(name, "low") == 0 ? -1 : strcmp(name, "high") == 0 ? 1 : 0;
}

static json_t *make_priority(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_integer(priority(text(from[0])));
}

/* ---- files ---- */

/* One entry of the answer for each entry of a list. */
static json_t *each(const json_t *list, const struct tfield_world *w,
                    json_t *(*make)(const json_t *one, size_t i, const struct tfield_world *w))
{
    json_t *out = json_array();
    size_t i;
    const json_t *one;
    if (json_is_array(list))
        json_array_foreach(list, i, one) {
            json_array_append_new(out, make(one, i, w));
        }
    return out;
}

static bool is_wanted(const json_t *file)
{
    return strcmp(text_in(file, "priority"), "skip") != 0 &&
           !json_is_false(json_object_get(file, "wanted"));
}

static json_t *file_entry(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    json_t *o = json_pack("{s:s, s:I, s:I}", "name", text_in(file, "path"), "length",
                          int_in(file, "size"), "bytes_completed", int_in(file, "done"));
    if (json_object_get(file, "first_piece")) {
        json_object_set(o, "begin_piece", json_object_get(file, "first_piece"));
        json_object_set(o, "end_piece", json_object_get(file, "end_piece"));
    }
    return o;
}

static json_t *file_stat(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    return json_pack("{s:I, s:b, s:I}", "bytes_completed", int_in(file, "done"), "wanted",
                     (int)is_wanted(file), "priority", priority(text_in(file, "priority")));
}

static json_t *file_priority(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    return json_integer(priority(text_in(file, "priority")));
}

static json_t *file_done(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    return json_integer(int_in(file, "done"));
}

/* rpc-spec 3.3: "in the old bespoke API, `wanted` is serialized as an array of 0 or 1". */
static json_t *file_wanted(const json_t *file, size_t i, const struct tfield_world *w)
{
    (void)i;
    return w->legacy ? json_integer(is_wanted(file)) : json_boolean(is_wanted(file));
}

static json_t *make_files(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, file_entry);
}

static json_t *make_file_stats(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, file_stat);
}

static json_t *make_priorities(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, file_priority);
}

static json_t *make_files_done(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, file_done);
}

static json_t *make_wanted(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, file_wanted);
}

/* The type of what most of it is; by the ending of the name, as for one file it is right. */
static json_t *make_mime(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    static const struct {
        const char *ending, *type;
    } table[] = {{".mkv", "video/x-matroska"},
                 {".mp4", "video/mp4"},
                 {".avi", "video/x-msvideo"},
                 {".webm", "video/webm"},
                 {".mp3", "audio/mpeg"},
                 {".flac", "audio/flac"},
                 {".ogg", "audio/ogg"},
                 {".pdf", "application/pdf"},
                 {".epub", "application/epub+zip"},
                 {".zip", "application/zip"},
                 {".iso", "application/x-iso9660-image"},
                 {".txt", "text/plain"}};
    const char *name = text(from[0]);
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof table / sizeof *table; i++)
        if (strcmp(dot, table[i].ending) == 0)
            return json_string(table[i].type);
    return json_string("application/octet-stream");
}

/* ---- pieces ---- */

static json_t *make_bitfield(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_string(text_in(from[0], "bitfield"));
}

/* ---- peers ---- */

static bool is_true(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

/* rpc-spec 3.3 has no list of these; Transmission's docs/Peer-Status-Text.md does. */
static void peer_flags(const json_t *peer, char out[12])
{
    const char *encrypted = text_in(peer, "encrypted"), *from = text_in(peer, "from");
    size_t n = 0;
    if (strcmp(text_in(peer, "transport"), "utp") == 0)
        out[n++] = 'T';
    if (is_true(peer, "we_want"))
        out[n++] = is_true(peer, "we_may") ? 'D' : 'd';
    else if (is_true(peer, "we_may"))
        out[n++] = 'K';
    if (is_true(peer, "it_wants"))
        out[n++] = is_true(peer, "it_may") ? 'U' : 'u';
    else if (is_true(peer, "it_may"))
        out[n++] = '?';
    if (strcmp(encrypted, "rc4") == 0)
        out[n++] = 'E';
    if (strcmp(from, "dht") == 0)
        out[n++] = 'H';
    if (strcmp(from, "pex") == 0)
        out[n++] = 'X';
    if (strcmp(from, "lsd") == 0)
        out[n++] = 'L';
    if (is_true(peer, "incoming"))
        out[n++] = 'I';
    out[n] = '\0';
}

/* "1.2.3.4:80" or "[::1]:80" taken apart; a port of 0 when there is none. */
static void split(const char *at, const char **host, size_t *n, json_int_t *port)
{
    const char *colon = strrchr(at, ':');
    *host = at;
    *n = colon ? (size_t)(colon - at) : strlen(at);
    *port = 0;
    for (const char *p = colon ? colon + 1 : ""; *p >= '0' && *p <= '9' && *port < 65536; p++)
        *port = *port * 10 + (*p - '0');
    if (*n > 2 && at[0] == '[' && at[*n - 1] == ']') {
        (*host)++;
        *n -= 2;
    }
}

static json_t *peer_entry(const json_t *peer, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    const char *host;
    size_t n;
    json_int_t port;
    char flags[12];
    split(text_in(peer, "addr"), &host, &n, &port);
    peer_flags(peer, flags);
    json_t *o = json_pack("{s:s%, s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "address", host, n, "port",
                          port, "flag_str", flags, "client_name", text_in(peer, "client"),
                          "rate_to_client", int_in(peer, "down_rate"), "rate_to_peer",
                          int_in(peer, "up_rate"), "bytes_to_client", int_in(peer, "downloaded"),
                          "bytes_to_peer", int_in(peer, "uploaded"));
    json_object_set_new(o, "progress",
                        json_real(json_number_value(json_object_get(peer, "progress"))));
    const struct {
        const char *name;
        bool on;
    } flag[] = {
        {"client_is_choked", !is_true(peer, "we_may")},
        {"client_is_interested", is_true(peer, "we_want")},
        {"peer_is_choked", !is_true(peer, "it_may")},
        {"peer_is_interested", is_true(peer, "it_wants")},
        {"is_downloading_from", is_true(peer, "we_want") && is_true(peer, "we_may")},
        {"is_uploading_to", is_true(peer, "it_wants") && is_true(peer, "it_may")},
        {"is_encrypted", strcmp(text_in(peer, "encrypted"), "rc4") == 0},
        {"is_incoming", is_true(peer, "incoming")},
        {"is_utp", strcmp(text_in(peer, "transport"), "utp") == 0},
    };
    for (size_t k = 0; k < sizeof flag / sizeof *flag; k++)
        json_object_set_new(o, flag[k].name, json_boolean(flag[k].on));
    return o;
}

static json_t *make_peers(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, peer_entry);
}

/* from: {by_hand, tracker, ..}: how many are connected from where. */
static json_t *make_peers_from(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    const json_t *o = from[0];
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "from_cache", int_in(o, "by_hand"),
                     "from_dht", int_in(o, "dht"), "from_incoming", int_in(o, "incoming"),
                     "from_lpd", int_in(o, "lsd"), "from_ltep", int_in(o, "itself"), "from_pex",
                     int_in(o, "pex"), "from_tracker", int_in(o, "tracker"));
}

/* ---- trackers ---- */

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

static json_t *make_trackers(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, tracker_entry);
}

static json_t *make_tracker_stats(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, tracker_stat);
}

/* One URL a line, an empty line between tiers (BEP 12). */
static json_t *make_tracker_list(json_t *const *from, const struct tfield_world *w)
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

/* ---- web seeds ---- */

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

static json_t *make_webseeds(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, webseed_entry);
}

static json_t *make_webseeds_ex(json_t *const *from, const struct tfield_world *w)
{
    return each(from[0], w, webseed_stat);
}

static json_t *make_webseeds_sending(json_t *const *from, const struct tfield_world *w)
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

/* ---- the table ---- */

static const struct tfield table[] = {
    {"activity_date", NULL, {"active_s"}, false},
    {"added_date", NULL, {"added_s"}, false},
    {"availability", NULL, {"availability"}, false},
    {"bandwidth_priority", make_priority, {"weight"}, false},
    {"bytes_completed", make_files_done, {"files"}, false},
    {"comment", NULL, {"comment"}, false},
    {"corrupt_ever", NULL, {"wasted"}, false},
    {"creator", NULL, {"created_by"}, false},
    {"date_created", NULL, {"created_s"}, false},
    {"desired_available", NULL, {"available"}, false},
    {"done_date", NULL, {"done_s"}, false},
    {"download_dir", NULL, {"dir"}, false},
    {"download_limit", make_kb, {"down_limit"}, false},
    {"download_limited", make_limited, {"down_limit"}, false},
    {"downloaded_ever", NULL, {"downloaded"}, false},
    {"edit_date", NULL, {"edited_s"}, false},
    {"error", make_error, {"error"}, false},
    {"error_string", make_text, {"error"}, false},
    {"eta", make_eta, {"eta_s"}, false},
    {"eta_idle", make_eta_idle, {"idle_limit_s", "idle_for_s", "state"}, false},
    {"file_count", NULL, {"file_count"}, false},
    {"file_stats", make_file_stats, {"files"}, true},
    {"files", make_files, {"files"}, true},
    {"group", make_text, {"group"}, false},
    {"hash_string", NULL, {"id"}, false},
    {"have_unchecked", make_zero, {NULL}, false},
    {"have_valid", NULL, {"done"}, false},
    {"honors_session_limits", make_not, {"free_of_node"}, false},
    {"id", NULL, {"number"}, false},
    {"is_finished", NULL, {"finished"}, false},
    {"is_private", NULL, {"private"}, false},
    {"is_stalled", NULL, {"stalled"}, false},
    {"labels", NULL, {"labels"}, false},
    {"left_until_done", NULL, {"left"}, false},
    {"magnet_link", NULL, {"magnet"}, false},
    {"manual_announce_time", make_zero, {NULL}, false},
    {"max_connected_peers", NULL, {"peer_limit"}, false},
    {"metadata_percent_complete", make_has_metadata, {"size"}, false},
    {"name", NULL, {"name"}, false},
    {"peer_limit", NULL, {"peer_limit"}, false},
    {"peers", make_peers, {"peer_list"}, true},
    {"peers_connected", NULL, {"peers"}, false},
    {"peers_from", make_peers_from, {"peers_from"}, true},
    {"peers_getting_from_us", NULL, {"takers"}, false},
    {"peers_sending_to_us", NULL, {"givers"}, false},
    {"percent_complete", make_share, {"done", "size"}, false},
    {"percent_done", NULL, {"progress"}, false},
    {"piece_count", NULL, {"piece_count"}, false},
    {"piece_size", NULL, {"piece_size"}, false},
    {"pieces", make_bitfield, {"pieces"}, false},
    {"primary_mime_type", make_mime, {"name"}, false},
    {"priorities", make_priorities, {"files"}, false},
    {"queue_position", NULL, {"queue"}, false},
    {"rate_download", NULL, {"down_rate"}, false},
    {"rate_upload", NULL, {"up_rate"}, false},
    {"recheck_progress", NULL, {"check_progress"}, false},
    {"seconds_downloading", NULL, {"downloading_s"}, false},
    {"seconds_seeding", NULL, {"seeding_s"}, false},
    {"seed_idle_limit", make_minutes, {"own_idle_limit_s"}, false},
    {"seed_idle_mode", make_mode, {"idle_limit_from"}, false},
    {"seed_ratio_limit", NULL, {"own_ratio_limit"}, false},
    {"seed_ratio_mode", make_mode, {"ratio_limit_from"}, false},
    {"sequential_download", NULL, {"sequential"}, false},
    {"size_when_done", NULL, {"wanted"}, false},
    {"start_date", NULL, {"started_s"}, false},
    {"status", make_status, {"state", "left", "size"}, false},
    {"torrent_file", make_text, {"torrent_file"}, false},
    {"total_size", NULL, {"size"}, false},
    {"tracker_list", make_tracker_list, {"trackers"}, false},
    {"tracker_stats", make_tracker_stats, {"trackers"}, true},
    {"trackers", make_trackers, {"trackers"}, true},
    {"upload_limit", make_kb, {"up_limit"}, false},
    {"upload_limited", make_limited, {"up_limit"}, false},
    {"upload_ratio", NULL, {"ratio"}, false},
    {"uploaded_ever", NULL, {"uploaded"}, false},
    {"wanted", make_wanted, {"files"}, false},
    {"webseeds", make_webseeds, {"web_seeds"}, false},
    {"webseeds_ex", make_webseeds_ex, {"web_seeds"}, true},
    {"webseeds_sending_to_us", make_webseeds_sending, {"web_seeds"}, false},
};

const struct tfield *tfield_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const char *tfield_from(const struct tfield *f, size_t i)
{
    return i < TFIELD_FROM_MAX ? f->from[i] : NULL;
}

bool tfield_is_deep(const struct tfield *f)
{
    return f->deep;
}

json_t *tfield_value(const struct tfield *f, json_t *const *from, const struct tfield_world *w)
{
    json_t *value = f->make ? f->make(from, w) : json_incref(from[0]);
    return value ? value : json_null();
}
