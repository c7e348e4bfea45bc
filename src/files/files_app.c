#include "files/files.h"

#include "files/files_in.h"

static const struct migration migrations[] = {
    {"torrents and their state",
     "CREATE TABLE torrent ("
     " infohash BLOB PRIMARY KEY,"
     " magnet TEXT NOT NULL,"                   /* name and trackers, while there is no .torrent */
     " has_torrent INTEGER NOT NULL DEFAULT 0," /* 1: data_dir/torrents/HEX.torrent; 2: metainfo */
     " dir TEXT NOT NULL,"
     " paused INTEGER NOT NULL,"
     " up_limit INTEGER NOT NULL," /* bytes a second, 0: none */
     " down_limit INTEGER NOT NULL,"
     " added_us INTEGER NOT NULL," /* since 1970 */
     " uploaded INTEGER NOT NULL," /* bytes, of all runs */
     " downloaded INTEGER NOT NULL"
     ") WITHOUT ROWID"},
    {"what is wanted of torrents, groups of them, totals",
     "CREATE TABLE care (infohash BLOB PRIMARY KEY, wishes TEXT NOT NULL) WITHOUT ROWID;" /* care.h
                                                                                           */
     "CREATE TABLE rate_group ("
     " name TEXT PRIMARY KEY,"
     " up INTEGER NOT NULL," /* bytes a second, 0: none */
     " down INTEGER NOT NULL,"
     " free_of_node INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "CREATE TABLE total (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID"},
    {"what is blocked",
     "CREATE TABLE blocked ("
     " what TEXT PRIMARY KEY," /* an infohash, or signer:KEY, in small hex */
     " note TEXT NOT NULL,"
     " added_us INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "ALTER TABLE torrent ADD COLUMN blocked TEXT NOT NULL DEFAULT ''"}, /* why; '': it is not */
    {"which files are wanted, and in which order",
     "CREATE TABLE choice ("
     " infohash BLOB PRIMARY KEY,"
     " rules TEXT,"      /* files/meta/select.h, until the metadata is known */
     " priorities BLOB," /* enum file_priority, one a file; NULL or empty: all normal */
     " flags INTEGER NOT NULL"
     ") WITHOUT ROWID"},
    {"whether a torrent's names are those of our own disk",
     "ALTER TABLE torrent ADD COLUMN own INTEGER NOT NULL DEFAULT 0"},
    {"who sent false pieces",
     "CREATE TABLE ban (ip BLOB PRIMARY KEY, until_us INTEGER NOT NULL) WITHOUT ROWID"},
    {"secrets of links", "CREATE TABLE secret (name TEXT PRIMARY KEY, bytes BLOB NOT NULL)"},
    {"torrents on their way to another folder",
     "CREATE TABLE moving (infohash BLOB PRIMARY KEY, dir TEXT NOT NULL) WITHOUT ROWID"},
    {"downloads in quarantine",
     "ALTER TABLE torrent ADD COLUMN release_dir TEXT NOT NULL DEFAULT ''"}, /* '': it is not */
    {"names that the owner gave to files and folders",
     "CREATE TABLE renamed ("
     " infohash BLOB NOT NULL,"
     " path TEXT NOT NULL," /* in the torrent */
     " name TEXT NOT NULL," /* of its last part */
     " PRIMARY KEY (infohash, path)"
     ") WITHOUT ROWID;"
     "CREATE TABLE renaming (" /* on the way, or not begun */
     " infohash BLOB PRIMARY KEY,"
     " path TEXT NOT NULL," /* as it was then */
     " name TEXT NOT NULL"
     ") WITHOUT ROWID"},
    HANDS_MIGRATION,
    {"small .torrents beside their rows",
     "CREATE TABLE metainfo (infohash BLOB PRIMARY KEY, bytes BLOB NOT NULL)"},
};

static void *start(const struct app_env *env, struct why *why)
{
    return files_start(env, why);
}

static void stop(void *app, void (*done)(void *arg), void *arg)
{
    files_stop(app, done, arg);
}

static void app_free(void *app)
{
    files_free(app);
}

static void reload(void *app, const struct conf *conf)
{
    files_reload(app, conf);
}

static json_t *status(void *app)
{
    struct files *f = app;
    uint64_t up = 0, down = 0;
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        uint64_t u, d;
        torrent_rates(h->t, &u, &d);
        files_count(h);
        up += u;
        down += d;
    }
    json_t *traffic =
        json_pack("{s:I, s:I, s:I, s:I}", "up_rate", (json_int_t)up, "down_rate", (json_int_t)down,
                  "uploaded", (json_int_t)f->now.up, "downloaded", (json_int_t)f->now.down);
    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "port", (int)files_port(f),
                     "torrents", (json_int_t)map_count(f->torrents), "peers",
                     (json_int_t)f->swarm.conns, "up_rate", (json_int_t)up, "down_rate",
                     (json_int_t)down, "dht", files_dht_status(f), "port_mapping", reach_status(f),
                     "traffic", traffic);
}

const struct app_ops files_app = {
    .name = "files",
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .settings = files_settings,
    .methods = files_methods,
    .content = &files_content,
    .start = start,
    .stop = stop,
    .free = app_free,
    .status = status,
    .reload = reload,
};
