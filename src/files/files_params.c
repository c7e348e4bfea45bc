#include "files/files_params.h"

#include "files/meta/magnet.h"

enum { LINK_MAX = MAGNET_MAX, TORRENT_TEXT_MAX = MI_TORRENT_MAX / 3 * 4 + 4 /* base64 */ };

#define ID_PARAM                                                                                   \
    {                                                                                              \
        .name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED | PARAM_POSITIONAL,              \
        .help = "The infohash (of v1 or v2), 4 or more of its first digits, or the exact name"     \
    }

#define PATTERN(what, words)                                                                       \
    {                                                                                              \
        .name = what, .type = PARAM_TEXT, .flags = PARAM_MANY, .unit = "PATTERN", .help = words    \
    }

const struct param files_id_only[] = {ID_PARAM, {0}};

const struct param files_dht_get_params[] = {
    {.name = "target",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 64,
     .help = "Where it lies, 40 digits; or the key that signed it, 64"},
    {.name = "salt", .type = PARAM_TEXT, .max = 64, .help = "With a key: which of its items"},
    {0},
};

const struct param files_dht_put_params[] = {
    {.name = "text",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 990,
     .help = "The text"},
    {0},
};

const struct param files_show_params[] = {
    ID_PARAM,
    {.name = "peers", .type = PARAM_BOOL, .help = "Of the long parts only this: connected peers"},
    {.name = "trackers", .type = PARAM_BOOL, .help = "Only this: the trackers, what they said"},
    {.name = "files", .type = PARAM_BOOL, .help = "Only this: the files, and what is here of each"},
    {.name = "pieces", .type = PARAM_BOOL, .help = "Only this: the pieces that are here"},
    {0},
};

const struct param files_add_params[] = {
    {.name = "path",
     .type = PARAM_PATH,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .help = "The file or folder to share, where it lies"},
    {.name = "tracker",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "URL",
     .help = "A tracker's URL; each is a tier of its own"},
    {.name = "web_seed",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "URL",
     .help = "A web seed's URL"},
    {.name = "v1",
     .type = PARAM_BOOL,
     .help = "A torrent of v1, which every client reads (default)"},
    {.name = "hybrid", .type = PARAM_BOOL, .help = "Of v1 and v2 in one, for clients of either"},
    {.name = "v2", .type = PARAM_BOOL, .help = "Of v2 alone (BEP 52), for clients that speak it"},
    {.name = "private", .type = PARAM_BOOL, .help = "Peers only from the trackers (BEP 27)"},
    {.name = "piece_size",
     .type = PARAM_BYTES,
     .unit = "bytes",
     .min = BLOCK_LEN,
     .max = MI_PIECE_MAX,
     .help = "Bytes of a piece, a power of two; picked by size unless given"},
    {.name = "comment", .type = PARAM_TEXT, .max = 1024, .help = "Words for the .torrent"},
    {.name = "sign",
     .type = PARAM_BOOL,
     .help = "Sign it with this node's key: everybody sees that it comes from you"},
    {0}};

const struct param files_get_params[] = {
    {.name = "link",
     .type = PARAM_TEXT,
     .flags = PARAM_POSITIONAL,
     .max = LINK_MAX,
     .help = "A magnet link or an infohash (the command line reads a .torrent file too)"},
    {.name = "torrent",
     .type = PARAM_BASE64,
     .flags = PARAM_HIDDEN,
     .max = TORRENT_TEXT_MAX,
     .help = "A .torrent's bytes, in place of a link"},
    {.name = "dir", .type = PARAM_PATH, .help = "The folder it goes to"},
    {.name = "peer",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "HOST:PORT",
     .help = "HOST:PORT of a peer that has it"},
    {.name = "paused", .type = PARAM_BOOL, .help = "Add it, but do not begin"},
    PATTERN("only", "Of its files only these: '*.mkv', a folder, or numbers as '#0,2-4'"),
    PATTERN("skip", "But not these"),
    {.name = "sequential", .type = PARAM_BOOL, .help = "From the first piece to the last"},
    {.name = "ends_first",
     .type = PARAM_BOOL,
     .help = "The first and last piece of each file before the others"},
    {0}};

const struct param files_move_params[] = {
    ID_PARAM,
    {.name = "dir",
     .type = PARAM_PATH,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .help = "The folder they go to"},
    {.name = "moved", .type = PARAM_BOOL, .help = "They are there already: only look for them"},
    {0}};

const struct param files_rename_params[] = {
    ID_PARAM,
    {.name = "path",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = MI_PATH_MAX,
     .help = "A file or folder of it, as file show --files says; its name for the whole"},
    {.name = "name",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = MI_PATH_MAX,
     .help = "What it is called from now on: one part of a path"},
    {0}};

const struct param files_stream_params[] = {
    ID_PARAM,
    {.name = "file",
     .type = PARAM_TEXT,
     .flags = PARAM_POSITIONAL,
     .help = "Its path or a pattern; of several, and without it, the largest"},
    {0}};

const struct param files_set_params[] = {
    ID_PARAM,
    PATTERN("only", "Only these files: '*.mkv', a folder, or numbers as '#0,2-4'"),
    PATTERN("skip", "Not these; applied after --only"),
    PATTERN("low", "These after the others"),
    PATTERN("normal", "These as usual, also if they were skipped"),
    PATTERN("high", "These before the others"),
    {.name = "sequential",
     .type = PARAM_CHOICE,
     .choices = "on|off",
     .help = "From the first piece to the last"},
    {.name = "ends_first",
     .type = PARAM_CHOICE,
     .choices = "on|off",
     .help = "The first and last piece of each file before the others"},
    {.name = "super_seed",
     .type = PARAM_CHOICE,
     .choices = "on|off",
     .help = "As the first seed: show each peer one piece at a time (BEP 16)"},
    {0}};

const struct param files_ls_params[] = {
    {.name = "state",
     .type = PARAM_CHOICE,
     .choices = "metadata|checking|downloading|seeding|queued|paused|error",
     .help = "Only those that are in this state"},
    {0}};

const struct param files_rm_params[] = {
    ID_PARAM,
    {.name = "with_data", .type = PARAM_BOOL, .help = "Delete the files themselves too"},
    {0}};

const struct param files_peer_params[] = {ID_PARAM,
                                          {.name = "addr",
                                           .type = PARAM_TEXT,
                                           .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
                                           .max = 300,
                                           .help = "HOST:PORT"},
                                          {0}};

const struct param files_limit_params[] = {
    ID_PARAM,
    {.name = "up",
     .type = PARAM_RATE,
     .unit = "bytes/s",
     .max = INT64_C(1) << 40,
     .help = "Upload limit; 0: none; unchanged unless given"},
    {.name = "down",
     .type = PARAM_RATE,
     .unit = "bytes/s",
     .max = INT64_C(1) << 40,
     .help = "Download limit; 0: none; unchanged unless given"},
    {.name = "ratio",
     .type = PARAM_TEXT,
     .max = 32,
     .help = "Seeding ends at this ratio: 2, off (never), node (what files.ratio-limit says)"},
    {.name = "idle",
     .type = PARAM_TEXT,
     .max = 32,
     .help = "Seeding ends when nobody took a byte for so long: 30m, off, node"},
    {.name = "peers",
     .type = PARAM_INT,
     .max = CARE_CONNS_MAX,
     .help = "Connections at most; 0: what files.torrent-connections says"},
    {.name = "weight",
     .type = PARAM_CHOICE,
     .choices = "low|normal|high",
     .help = "Who comes first when the node's rate is short"},
    {.name = "group",
     .type = PARAM_TEXT,
     .max = CARE_GROUP_MAX,
     .help = "The group whose rate it shares; empty: none"},
    {.name = "free_of_node",
     .type = PARAM_BOOL,
     .help = "The node's own rate limits do not count for it"},
    {0}};

const struct param files_resume_params[] = {
    ID_PARAM, {.name = "now", .type = PARAM_BOOL, .help = "At once, whatever the queue says"}, {0}};

const struct param files_tracker_params[] = {
    ID_PARAM,
    {.name = "add",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "URL",
     .max = FILES_TRACKER_MAX,
     .help = "A tracker's URL; each is a tier of its own, behind the others"},
    {.name = "rm",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "URL",
     .max = FILES_TRACKER_MAX,
     .help = "A URL that it has"},
    {.name = "list",
     .type = PARAM_TEXT,
     .flags = PARAM_HIDDEN,
     .max = FILES_TRACKER_LIST_MAX,
     .help = "All of them: a URL a line, an empty line between tiers"},
    {0}};

const struct param files_label_params[] = {ID_PARAM,
                                           {.name = "label",
                                            .type = PARAM_TEXT,
                                            .flags = PARAM_MANY | PARAM_POSITIONAL,
                                            .max = CARE_LABEL_MAX,
                                            .help = "All labels that it has from now on"},
                                           {0}};

const struct param files_queue_params[] = {
    ID_PARAM,
    {.name = "to", .type = PARAM_CHOICE, .choices = "top|up|down|bottom", .help = "Where it goes"},
    {.name = "at", .type = PARAM_INT, .max = INT32_MAX, .help = "Its place, from 0"},
    {0}};

const struct param files_group_params[] = {
    {.name = "name",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = CARE_GROUP_MAX,
     .help = "The group; made when new"},
    {.name = "up",
     .type = PARAM_RATE,
     .unit = "bytes/s",
     .max = INT64_C(1) << 40,
     .help = "Upload limit of all its torrents together; 0: none"},
    {.name = "down",
     .type = PARAM_RATE,
     .unit = "bytes/s",
     .max = INT64_C(1) << 40,
     .help = "Download limit of all its torrents together; 0: none"},
    {.name = "free_of_node",
     .type = PARAM_BOOL,
     .help = "The node's own rate limits do not count for them"},
    {0}};

const struct param files_poll_params[] = {
    {.name = "fields", .type = PARAM_TEXT, .flags = PARAM_MANY, .help = "Members of a row"},
    {.name = "ids", .type = PARAM_TEXT, .flags = PARAM_MANY, .help = "Infohashes; none: all"},
    {.name = "numbers", .type = PARAM_INT, .flags = PARAM_MANY, .help = "In place of infohashes"},
    {.name = "lately", .type = PARAM_BOOL, .help = "Those that changed within a minute"},
    {.name = "limit", .type = PARAM_INT, .min = 1, .max = INT32_MAX, .help = "Of all, so many"},
    {.name = "cursor",
     .type = PARAM_INT,
     .max = INT64_MAX,
     .help = "Of all, those after the `cursor` of an earlier answer"},
    {0}};

const struct param files_block_params[] = {
    {.name = "what",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 300,
     .help = "A torrent that is here, an infohash, or signer:KEY (in hex, or as a peer id)"},
    {.name = "note", .type = PARAM_TEXT, .max = 300, .help = "Words to remember why"},
    {0}};

const struct param files_unblock_params[] = {
    {.name = "what",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 300,
     .help = "A torrent that is here, an infohash, or signer:KEY"},
    {0}};
