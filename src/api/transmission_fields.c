#include "api/transmission_fields.h"

#include <string.h>

/* rpc-spec 3.3, "status" */
enum { TR_STOPPED = 0, TR_CHECK = 2, TR_DOWNLOAD = 4, TR_SEED = 6 };
enum { TR_ERROR_LOCAL = 3 };
enum { TR_ETA_NOT_AVAILABLE = -1 };
enum { RATE_UNIT = 1000 }; /* "kilobytes" are 1000 bytes, as session-get's units say */

struct tfield {
    const char *name;
    json_t *(*make)(const json_t *row, int id); /* NULL: `from` is copied */
    const char *from;
    bool show;
};

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

static json_int_t int_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static json_t *list_of(const json_t *row, const char *name)
{
    json_t *list = json_object_get(row, name);
    return json_is_array(list) ? list : NULL;
}

/* ---- time ---- */

/* n digits at *at as a number; -1 where they are not. */
static int64_t digits(const char **at, unsigned n)
{
    int64_t v = 0;
    for (unsigned i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        v = v * 10 + (**at - '0');
    }
    return v;
}

static bool skip(const char **at, const char *any)
{
    if (**at == '\0' || !strchr(any, **at))
        return false;
    (*at)++;
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar (H. Hinnant, "days_from_civil"). */
static int64_t days(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "Z" or "+01:30", in seconds; false where it is neither. */
static bool offset(const char *at, int64_t *out)
{
    *out = 0;
    if ((*at == 'Z' || *at == 'z') && at[1] == '\0')
        return true;
    int64_t sign = *at == '-' ? -1 : 1;
    if (!skip(&at, "+-"))
        return false;
    int64_t hours = digits(&at, 2);
    bool colon = hours >= 0 && skip(&at, ":");
    int64_t minutes = colon ? digits(&at, 2) : -1;
    *out = sign * (hours * 3600 + minutes * 60);
    return minutes >= 0 && *at == '\0';
}

int64_t tfield_unix_time(const char *text)
{
    static const char *const after[] = {"-", "-", "Tt ", ":", ":", NULL};
    static const unsigned width[] = {4, 2, 2, 2, 2, 2};
    int64_t part[6], shift;
    for (size_t i = 0; i < 6; i++) {
        part[i] = digits(&text, width[i]);
        if (part[i] < 0 || (after[i] && !skip(&text, after[i])))
            return 0;
    }
    if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 || part[3] > 23 || part[4] > 59)
        return 0;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    if (!offset(text, &shift))
        return 0;
    return days(part[0], part[1], part[2]) * 86400 + part[3] * 3600 + part[4] * 60 + part[5] -
           shift;
}

/* ---- values ---- */

static json_t *make_id(const json_t *row, int id)
{
    (void)row;
    return json_integer(id);
}

static json_t *make_queue(const json_t *row, int id)
{
    (void)row;
    return json_integer(id - 1); /* there is no queue: all run at once */
}

static json_t *make_zero(const json_t *row, int id)
{
    (void)row;
    (void)id;
    return json_integer(0);
}

static json_t *make_no(const json_t *row, int id)
{
    (void)row;
    (void)id;
    return json_false();
}

static json_t *make_yes(const json_t *row, int id)
{
    (void)row;
    (void)id;
    return json_true();
}

static json_t *make_none(const json_t *row, int id)
{
    (void)row;
    (void)id;
    return json_array();
}

static json_t *make_status(const json_t *row, int id)
{
    (void)id;
    static const struct {
        const char *state;
        int status;
    } table[] = {{"metadata", TR_DOWNLOAD}, {"checking", TR_CHECK}, {"downloading", TR_DOWNLOAD},
                 {"seeding", TR_SEED},      {"paused", TR_STOPPED}, {"error", TR_STOPPED}};
    const char *state = text_of(row, "state");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(state, table[i].state) == 0)
            return json_integer(table[i].status);
    return json_integer(TR_STOPPED);
}

static json_t *make_error(const json_t *row, int id)
{
    (void)id;
    return json_integer(*text_of(row, "error") ? TR_ERROR_LOCAL : 0);
}

static json_t *make_error_text(const json_t *row, int id)
{
    (void)id;
    return json_string(text_of(row, "error"));
}

static json_t *make_percent(const json_t *row, int id)
{
    (void)id;
    json_int_t size = int_of(row, "size");
    return json_real(size > 0 ? (double)int_of(row, "done") / (double)size : 0);
}

static json_t *make_metadata(const json_t *row, int id)
{
    (void)id;
    return json_real(strcmp(text_of(row, "state"), "metadata") == 0 ? 0 : 1);
}

static json_t *make_eta(const json_t *row, int id)
{
    (void)id;
    const json_t *eta = json_object_get(row, "eta_s");
    return json_integer(json_is_integer(eta) ? json_integer_value(eta) : TR_ETA_NOT_AVAILABLE);
}

static json_t *make_added(const json_t *row, int id)
{
    (void)id;
    return json_integer(tfield_unix_time(text_of(row, "added")));
}

static json_t *make_created(const json_t *row, int id)
{
    (void)id;
    return json_integer(tfield_unix_time(text_of(row, "created")));
}

static json_t *make_stalled(const json_t *row, int id)
{
    (void)id;
    return json_boolean(strcmp(text_of(row, "state"), "downloading") == 0 &&
                        int_of(row, "down_rate") == 0);
}

/* ---- limits ---- */

static json_t *make_up_limit(const json_t *row, int id)
{
    (void)id;
    return json_integer(int_of(row, "up_limit") / RATE_UNIT);
}

static json_t *make_up_limited(const json_t *row, int id)
{
    (void)id;
    return json_boolean(int_of(row, "up_limit") > 0);
}

static json_t *make_down_limit(const json_t *row, int id)
{
    (void)id;
    return json_integer(int_of(row, "down_limit") / RATE_UNIT);
}

static json_t *make_down_limited(const json_t *row, int id)
{
    (void)id;
    return json_boolean(int_of(row, "down_limit") > 0);
}

/* ---- files ---- */

/* One entry of the answer for each file. */
static json_t *each_file(const json_t *row, json_t *(*make)(const json_t *file))
{
    json_t *out = json_array();
    size_t i;
    const json_t *file;
    json_array_foreach(list_of(row, "files"), i, file) {
        json_array_append_new(out, make(file));
    }
    return out;
}

static json_t *file_entry(const json_t *file)
{
    return json_pack("{s:s, s:I, s:I}", "name", text_of(file, "path"), "length",
                     int_of(file, "size"), "bytesCompleted", int_of(file, "done"));
}

static json_t *file_stat(const json_t *file)
{
    return json_pack("{s:I, s:b, s:i}", "bytesCompleted", int_of(file, "done"), "wanted", 1,
                     "priority", 0);
}

static json_t *file_zero(const json_t *file)
{
    (void)file;
    return json_integer(0);
}

static json_t *file_one(const json_t *file)
{
    (void)file;
    return json_integer(1);
}

static json_t *make_files(const json_t *row, int id)
{
    (void)id;
    return each_file(row, file_entry);
}

static json_t *make_file_stats(const json_t *row, int id)
{
    (void)id;
    return each_file(row, file_stat);
}

static json_t *make_priorities(const json_t *row, int id)
{
    (void)id;
    return each_file(row, file_zero);
}

static json_t *make_wanted(const json_t *row, int id)
{
    (void)id;
    return each_file(row, file_one);
}

static json_t *make_file_count(const json_t *row, int id)
{
    (void)id;
    return json_integer((json_int_t)json_array_size(list_of(row, "files")));
}

/* ---- pieces, peers, trackers ---- */

static json_t *of_pieces(const json_t *row, const char *name)
{
    return json_integer(int_of(json_object_get(row, "pieces"), name));
}

static json_t *make_piece_count(const json_t *row, int id)
{
    (void)id;
    return of_pieces(row, "count");
}

static json_t *make_piece_size(const json_t *row, int id)
{
    (void)id;
    return of_pieces(row, "size");
}

static json_t *make_bitfield(const json_t *row, int id)
{
    (void)id;
    return json_string(text_of(json_object_get(row, "pieces"), "bitfield"));
}

/* How many peers are sending to us, or getting from us. */
static json_t *count_peers(const json_t *row, const char *rate)
{
    json_int_t n = 0;
    size_t i;
    const json_t *peer;
    json_array_foreach(list_of(row, "peer_list"), i, peer) {
        n += int_of(peer, rate) > 0;
    }
    return json_integer(n);
}

static json_t *make_sending(const json_t *row, int id)
{
    (void)id;
    return count_peers(row, "down_rate");
}

static json_t *make_getting(const json_t *row, int id)
{
    (void)id;
    return count_peers(row, "up_rate");
}

/* rpc-spec 3.3 has no list of these; transmission-remote's manual page does: downloading from (d:
 * would, if it let us), uploading to (u: would, if we let it), incoming. */
static void peer_flags(const json_t *peer, char out[4])
{
    const char *from = json_is_true(json_object_get(peer, "we_may")) ? "D" : "d";
    const char *to = json_is_true(json_object_get(peer, "it_may")) ? "U" : "u";
    size_t n = 0;
    if (json_is_true(json_object_get(peer, "we_want")))
        out[n++] = *from;
    if (json_is_true(json_object_get(peer, "it_wants")))
        out[n++] = *to;
    if (json_is_true(json_object_get(peer, "incoming")))
        out[n++] = 'I';
    out[n] = '\0';
}

/* "1.2.3.4:80" or "[::1]:80" taken apart; a port of 0 when there is none. */
static json_t *peer_entry(const json_t *peer)
{
    const char *at = text_of(peer, "addr");
    const char *colon = strrchr(at, ':');
    size_t n = colon ? (size_t)(colon - at) : strlen(at);
    int64_t port = 0;
    for (const char *p = colon ? colon + 1 : ""; *p >= '0' && *p <= '9' && port < 65536; p++)
        port = port * 10 + (*p - '0');
    if (n > 2 && at[0] == '[' && at[n - 1] == ']') {
        at++;
        n -= 2;
    }
    char flags[4];
    peer_flags(peer, flags);
    return json_pack("{s:s%, s:I, s:s, s:s, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?}", "address",
                     at, n, "port", (json_int_t)port, "flagStr", flags, "clientName",
                     text_of(peer, "client"), "progress", json_object_get(peer, "progress"),
                     "rateToClient", json_object_get(peer, "down_rate"), "rateToPeer",
                     json_object_get(peer, "up_rate"), "isIncoming",
                     json_object_get(peer, "incoming"), "clientIsInterested",
                     json_object_get(peer, "we_want"), "peerIsInterested",
                     json_object_get(peer, "it_wants"), "isUTP", json_object_get(peer, "utp"));
}

static json_t *make_peers(const json_t *row, int id)
{
    (void)id;
    json_t *out = json_array();
    size_t i;
    const json_t *peer;
    json_array_foreach(list_of(row, "peer_list"), i, peer) {
        json_array_append_new(out, peer_entry(peer));
    }
    return out;
}

static json_t *make_trackers(const json_t *row, int id)
{
    (void)id;
    json_t *out = json_array();
    size_t i;
    const json_t *tracker;
    json_array_foreach(list_of(row, "trackers"), i, tracker) {
        json_array_append_new(out, json_pack("{s:I, s:s, s:s, s:I}", "id", (json_int_t)i,
                                             "announce", text_of(tracker, "url"), "scrape", "",
                                             "tier", int_of(tracker, "tier")));
    }
    return out;
}

/* ---- the table ---- */

static const struct tfield table[] = {
    {"id", make_id, NULL, false},
    {"hashString", NULL, "infohash_v1", false},
    {"name", NULL, "name", false},
    {"downloadDir", NULL, "dir", false},
    {"totalSize", NULL, "size", false},
    {"sizeWhenDone", NULL, "size", false},
    {"leftUntilDone", NULL, "left", false},
    {"haveValid", NULL, "done", false},
    {"haveUnchecked", make_zero, NULL, false},
    {"percentDone", make_percent, NULL, false},
    {"percentComplete", make_percent, NULL, false},
    {"metadataPercentComplete", make_metadata, NULL, false},
    {"rateDownload", NULL, "down_rate", false},
    {"rateUpload", NULL, "up_rate", false},
    {"downloadedEver", NULL, "downloaded", false},
    {"uploadedEver", NULL, "uploaded", false},
    {"uploadRatio", NULL, "ratio", false},
    {"eta", make_eta, NULL, false},
    {"status", make_status, NULL, false},
    {"error", make_error, NULL, false},
    {"errorString", make_error_text, NULL, false},
    {"isFinished", make_no, NULL, false}, /* stopped because its ratio was reached: never here */
    {"isPrivate", NULL, "private", false},
    {"isStalled", make_stalled, NULL, false},
    {"addedDate", make_added, NULL, false},
    {"magnetLink", NULL, "magnet", false},
    {"peersConnected", NULL, "peers", false},
    {"queuePosition", make_queue, NULL, false},
    {"labels", make_none, NULL, false},
    {"bandwidthPriority", make_zero, NULL, false},
    {"honorsSessionLimits", make_yes, NULL, false},
    {"seedRatioMode", make_zero, NULL, false}, /* 0: the session's limit, and it has none */
    {"seedRatioLimit", make_zero, NULL, false},
    {"seedIdleMode", make_zero, NULL, false},
    {"seedIdleLimit", make_zero, NULL, false},
    {"webseeds", make_none, NULL, false},
    {"webseedsSendingToUs", make_zero, NULL, false},
    {"uploadLimit", make_up_limit, NULL, true},
    {"uploadLimited", make_up_limited, NULL, true},
    {"downloadLimit", make_down_limit, NULL, true},
    {"downloadLimited", make_down_limited, NULL, true},
    {"files", make_files, NULL, true},
    {"fileStats", make_file_stats, NULL, true},
    {"file-count", make_file_count, NULL, true},
    {"priorities", make_priorities, NULL, true},
    {"wanted", make_wanted, NULL, true},
    {"pieceCount", make_piece_count, NULL, true},
    {"pieceSize", make_piece_size, NULL, true},
    {"pieces", make_bitfield, NULL, true},
    {"comment", NULL, "comment", true},
    {"creator", NULL, "created_by", true},
    {"dateCreated", make_created, NULL, true},
    {"corruptEver", NULL, "wasted", true},
    {"peers", make_peers, NULL, true},
    {"peersSendingToUs", make_sending, NULL, true},
    {"peersGettingFromUs", make_getting, NULL, true},
    {"trackers", make_trackers, NULL, true},
};

const struct tfield *tfield_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const char *tfield_name(const struct tfield *f)
{
    return f->name;
}

bool tfield_needs_show(const struct tfield *f)
{
    return f->show;
}

json_t *tfield_get(const struct tfield *f, const json_t *row, int id)
{
    json_t *value = f->make ? f->make(row, id) : json_incref(json_object_get(row, f->from));
    return value ? value : json_null();
}
