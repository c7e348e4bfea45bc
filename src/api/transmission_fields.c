#include "api/transmission_fields.h"
#include "api/transmission_fields_int.h"

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
enum { MINUTE_S = 60 };

struct tfield {
    const char *name;
    make_fn *make; /* NULL: the first of `from` as it is */
    const char *from[TFIELD_FROM_MAX];
    bool deep;
};

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

static json_t *make_priority(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_integer(tfield_priority(text(from[0])));
}

/* ---- pieces ---- */

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

static json_t *make_bitfield(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    return json_string(text_in(from[0], "bitfield"));
}

/* ---- the table ---- */

static const struct tfield table[] = {
    {"activity_date", NULL, {"active_s"}, false},
    {"added_date", NULL, {"added_s"}, false},
    {"availability", NULL, {"availability"}, false},
    {"bandwidth_priority", make_priority, {"weight"}, false},
    {"bytes_completed", tfield_files_done, {"files"}, false},
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
    {"file_stats", tfield_file_stats, {"files"}, true},
    {"files", tfield_files, {"files"}, true},
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
    {"peers", tfield_peers, {"peer_list"}, true},
    {"peers_connected", NULL, {"peers"}, false},
    {"peers_from", tfield_peers_from, {"peers_from"}, true},
    {"peers_getting_from_us", NULL, {"takers"}, false},
    {"peers_sending_to_us", NULL, {"givers"}, false},
    {"percent_complete", make_share, {"done", "size"}, false},
    {"percent_done", NULL, {"progress"}, false},
    {"piece_count", NULL, {"piece_count"}, false},
    {"piece_size", NULL, {"piece_size"}, false},
    {"pieces", make_bitfield, {"pieces"}, false},
    {"primary_mime_type", make_mime, {"name"}, false},
    {"priorities", tfield_priorities, {"files"}, false},
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
    {"tracker_list", tfield_tracker_list, {"trackers"}, false},
    {"tracker_stats", tfield_tracker_stats, {"trackers"}, true},
    {"trackers", tfield_trackers, {"trackers"}, true},
    {"upload_limit", make_kb, {"up_limit"}, false},
    {"upload_limited", make_limited, {"up_limit"}, false},
    {"upload_ratio", NULL, {"ratio"}, false},
    {"uploaded_ever", NULL, {"uploaded"}, false},
    {"wanted", tfield_wanted, {"files"}, false},
    {"webseeds", tfield_webseeds, {"web_seeds"}, false},
    {"webseeds_ex", tfield_webseeds_ex, {"web_seeds"}, true},
    {"webseeds_sending_to_us", tfield_webseeds_sending, {"web_seeds"}, false},
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
