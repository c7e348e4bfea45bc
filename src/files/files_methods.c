/* What a person can ask of the files app, a handler for each line of files_table.c. */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hex.h"

#include <string.h>

enum { PREFIX_MIN = 4 };

static const char see_ls[] = "shoal file ls shows what is there";

/* Which torrent is meant: its infohash, a unique beginning of it, or its exact name. */

static bool matches(const struct holding *h, const char *id, size_t len)
{
    char v1[2 * SHA1_LEN + 1] = "", v2[2 * SHA256_LEN + 1] = "";
    const struct infohash *hash = torrent_hash(h->t);
    if (hash->has_v1)
        hex_encode(hash->v1, SHA1_LEN, v1);
    if (hash->has_v2)
        hex_encode(hash->v2, SHA256_LEN, v2);
    return (len >= PREFIX_MIN &&
            (strncasecmp(torrent_hex(h->t), id, len) == 0 || strncasecmp(v1, id, len) == 0 ||
             strncasecmp(v2, id, len) == 0)) ||
           strcmp(torrent_name(h->t), id) == 0;
}

struct holding *files_named(struct files *f, struct call *c, const char *id)
{
    size_t len = strlen(id), found = 0;
    struct holding *h, *one = NULL;
    if (late_wait(f, c))
        return NULL;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        if (matches(h, id, len)) {
            one = h;
            found++;
        }
    if (found == 1)
        return one;
    if (found == 0)
        call_failf(c, "file.not_found", ERR_NOT_FOUND, see_ls, "no torrent is called %s", id);
    else
        call_failf(c, "file.ambiguous", ERR_INVALID, "give more of the id", "%zu torrents match %s",
                   found, id);
    return NULL;
}

struct holding *holding_of(struct files *f, struct call *c)
{
    return files_named(f, c, call_text(c, "id"));
}

void answer_kept(struct holding *h, struct call *c)
{
    struct why why;
    if (keep_row(h, &why) || (h->tend.unkept && tend_keep(h, &why)))
        call_fail(c, "file.not_kept", &why, "it holds for this run; see shoal log");
    else
        call_ok(c, files_row(h));
}

/* What seeding limits ended goes on without the one that is reached. */
void files_resume(struct holding *h, bool now)
{
    struct care *care = &h->tend.care;
    double ratio = care_ratio_limit(care, h->f->rules.ratio);
    if (care->finished && ratio >= 0 && torrent_ratio(h->t) >= ratio)
        care->ratio_mode = CARE_NONE;
    if (care->finished && care_idle_limit_s(care, h->f->rules.idle_s) == 0)
        care->idle_mode = CARE_NONE;
    care->finished = false;
    care->forced = care->forced || now;
    h->tend.unkept = true;
    if (torrent_is_paused(h->t) && !care->forced)
        torrent_hold(h->t, queue_first(h->f));
    torrent_resume(h->t);
    queue_look(h);
}

void file_ls(void *app, struct call *c)
{
    struct files *f = app;
    const char *state = call_text(c, "state");
    if (late_wait(f, c))
        return;
    json_t *list = json_array();
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        if (!state || strcmp(state, torrent_state_name(torrent_state(h->t))) == 0)
            json_array_append_new(list, files_row(h));
    call_ok(c, list);
}

void file_show(void *app, struct call *c)
{
    static const struct {
        const char *name;
        unsigned part;
    } parts[] = {{"peers", TORRENT_PEERS},
                 {"trackers", TORRENT_TRACKERS},
                 {"files", TORRENT_FILES},
                 {"pieces", TORRENT_PIECES}};
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    unsigned wanted = 0;
    bool chosen = false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        chosen = chosen || call_has(c, parts[i].name);
        wanted |= call_bool(c, parts[i].name) ? parts[i].part : 0;
    }
    if (wanted & TORRENT_TRACKERS)
        torrent_scrape(h->t);
    call_ok(c, files_row_more(torrent_show(h->t, chosen ? wanted : TORRENT_ALL), h));
}

void file_pause(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    torrent_pause(h->t);
    h->tend.care.forced = h->tend.care.finished = false;
    h->tend.unkept = true;
    queue_touch(h);
    answer_kept(h, c);
}

void file_resume(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (torrent_blocked(h->t)) {
        call_failf(c, "file.blocked", ERR_DENIED, "shoal file blocklist shows what is blocked",
                   "%s", torrent_blocked(h->t));
        return;
    }
    files_resume(h, call_bool(c, "now"));
    answer_kept(h, c);
}

void file_verify(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (torrent_verify(h->t))
        call_ok(c, files_row(h));
    else
        call_failf(c, "file.not_ready", ERR_STATE, "try again when its state is another",
                   "there is nothing to verify yet");
}

void file_reannounce(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    torrent_reannounce(h->t);
    call_ok(c, files_row(h));
}

void file_rm(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (h)
        files_remove(h, call_bool(c, "with_data"), c);
}

void file_peer(void *app, struct call *c)
{
    struct why why;
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (files_add_peer(h, call_text(c, "addr"), &why))
        call_fail(c, CALL_USAGE, &why, "give HOST:PORT");
    else
        answer_kept(h, c);
}

void file_limit(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    uint64_t up, down;
    torrent_limits(h->t, &up, &down);
    up = (uint64_t)call_int(c, "up", (int64_t)up);
    down = (uint64_t)call_int(c, "down", (int64_t)down);
    if (!wish_limits(h, c))
        return;
    torrent_set_limits(h->t, up, down);
    answer_kept(h, c);
}

void file_export(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    if (!torrent_metainfo(h->t)) {
        call_failf(c, "file.no_metadata", ERR_STATE, "wait until a peer has given it",
                   "the metadata is not here yet");
        return;
    }
    struct buf bytes = {0}, text = {0};
    torrent_write(h->t, &bytes);
    base64_encode(&text, buf_bytes(&bytes), buf_len(&bytes));
    char *name = mem_printf("%s.torrent", torrent_name(h->t)), *body = buf_take_str(&text);
    call_ok(c, json_pack("{s:s, s:s}", "name", name, "torrent", body));
    free(name);
    free(body);
    buf_done(&bytes);
}
