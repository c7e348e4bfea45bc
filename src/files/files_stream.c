/* Files of torrents as core/content.h has them, and the links that open them. */
#include "files/files_in.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/content.h"
#include "crypto/equal.h"
#include "crypto/hex.h"
#include "crypto/hmac.h"
#include "files/meta/text.h"

#include <stdio.h>
#include <string.h>

enum { SECRET_LEN = 32, KEY_LEN = 16 };

/* --- keys ----------------------------------------------------------------------------------- */

/* One secret for the node, made at the first link; a link holds until the secret goes. */
static void secret(struct files *f, uint8_t out[SECRET_LEN])
{
    size_t n = 0;
    struct db_stmt *q = db_prepare(f->env.db, "SELECT bytes FROM secret WHERE name = 'stream'");
    const void *kept = db_step(q, NULL) == DB_ROW ? db_blob(q, 0, &n) : NULL;
    if (n == SECRET_LEN)
        memcpy(out, kept, SECRET_LEN);
    db_finish(q);
    if (n == SECRET_LEN)
        return;
    struct why why;
    loop_random(f->env.loop, out, SECRET_LEN);
    q = db_prepare(f->env.db, "INSERT OR REPLACE INTO secret (name, bytes) VALUES ('stream', ?1)");
    db_bind_blob(q, 1, out, SECRET_LEN);
    if (db_run(q, &why))
        log_warn(f->env.log, "keeping the secret of links: %s", why.text);
}

static void key_of(struct files *f, const char *path, char out[2 * KEY_LEN + 1])
{
    uint8_t mac[SHA512_LEN];
    if (!f->has_stream_secret)
        secret(f, f->stream_secret);
    f->has_stream_secret = true;
    hmac_sha512(f->stream_secret, SECRET_LEN, path, strlen(path), mac);
    hex_encode(mac, KEY_LEN, out);
}

static bool content_opens(void *app, const char *path, const char *key)
{
    char right[2 * KEY_LEN + 1];
    key_of(app, path, right);
    return strlen(key) == 2 * KEY_LEN && equal_secret(key, right, 2 * KEY_LEN);
}

/* --- files ---------------------------------------------------------------------------------- */

/* "HEX/path": the torrent, and the number of the file. */
static struct holding *locate(struct files *f, const char *path, size_t *file, struct why *why)
{
    uint8_t id[SHA1_LEN];
    const char *slash = strchr(path, '/');
    struct holding *h = NULL;
    if (slash && hex_decode(path, (size_t)(slash - path), id, SHA1_LEN))
        h = files_find(f, id);
    const struct metainfo *mi = h ? torrent_metainfo(h->t) : NULL;
    if (h && !mi) {
        why_set(why, ERR_STATE, "it is not known yet which files there are");
        return NULL;
    }
    for (size_t i = 0; mi && i < mi->file_count; i++) {
        if (mi->files[i].pad || strcmp(mi->files[i].path, slash + 1) != 0)
            continue;
        *file = i;
        return h;
    }
    why_set(why, ERR_NOT_FOUND, "no torrent has such a file");
    return NULL;
}

/* Reading would wait for what does not come. */
static enum err check(const struct torrent *t, size_t file, struct why *why)
{
    enum torrent_state state = torrent_state(t);
    if (torrent_release_dir(t))
        return why_set(why, ERR_STATE, "the file is in quarantine until it has been scanned");
    if (torrent_file_done(t, file) == torrent_metainfo(t)->files[file].len)
        return state == TORRENT_ERROR ? why_set(why, ERR_STATE, "the torrent is in error") : OK;
    if (torrent_priority(t, file) == FILE_SKIP)
        return why_set(why, ERR_STATE, "the file is not fetched: it was not chosen");
    if (state == TORRENT_PAUSED || state == TORRENT_QUEUED || state == TORRENT_ERROR)
        return why_set(why, ERR_STATE, "the file is not here, and its torrent is in state %s",
                       torrent_state_name(state));
    return OK;
}

static enum err content_find(void *app, const char *path, struct content_info *out, struct why *why)
{
    size_t file;
    *out = (struct content_info){0};
    struct holding *h = locate(app, path, &file, why);
    if (!h || check(h->t, file, why))
        return why->code;
    const struct mi_file *f = &torrent_metainfo(h->t)->files[file];
    const char *slash = strrchr(f->path, '/');
    snprintf(out->name, sizeof out->name, "%s", slash ? slash + 1 : f->path);
    snprintf(out->version, sizeof out->version, "%s-%zu", torrent_hex(h->t), file);
    out->size = f->len;
    return OK;
}

static struct content_reader *content_open(void *app, const char *path, uint64_t from, uint64_t len,
                                           const struct content_sink *sink, void *arg,
                                           struct why *why)
{
    size_t file;
    struct holding *h = locate(app, path, &file, why);
    if (!h || check(h->t, file, why))
        return NULL;
    return torrent_read(h->t, file, from, len, sink, arg);
}

const struct content_ops files_content = {
    .find = content_find,
    .opens = content_opens,
    .open = content_open,
    .more = torrent_read_more,
    .close = torrent_read_close,
};

/* --- file.stream ---------------------------------------------------------------------------- */

/* The file that is meant: by its path, by a pattern that means one, or the largest. */
static bool choose(const struct metainfo *mi, const char *what, size_t *out)
{
    size_t found = 0;
    bool any = false;
    for (size_t i = 0; i < mi->file_count; i++) {
        if (mi->files[i].pad)
            continue;
        if (what && !select_matches(what, mi, i))
            continue;
        if (what && strcmp(what, mi->files[i].path) == 0) {
            *out = i;
            return true;
        }
        if (!any || mi->files[i].len > mi->files[found].len)
            found = i;
        any = true;
    }
    *out = found;
    return any;
}

/* Each part escaped, the slashes between them not. */
static char *escaped(const char *path)
{
    struct buf b = {0};
    for (size_t n; *path; path += n) {
        n = strcspn(path, "/");
        text_put_escaped(&b, path, n);
        if (path[n] == '/') {
            buf_u8(&b, '/');
            n++;
        }
    }
    return buf_take_str(&b);
}

void file_stream(void *app, struct call *c)
{
    struct files *f = app;
    struct holding *h = holding_of(f, c);
    struct why why;
    size_t file;
    if (!h)
        return;
    const struct metainfo *mi = torrent_metainfo(h->t);
    if (!mi) {
        call_failf(c, "file.no_metadata", ERR_STATE, "wait until a peer has given it",
                   "the metadata is not here yet");
        return;
    }
    if (!choose(mi, call_text(c, "file"), &file)) {
        call_failf(c, "file.no_match", ERR_NOT_FOUND, "shoal file show --files tells the names",
                   "no file is meant by %s", call_text(c, "file"));
        return;
    }
    if (check(h->t, file, &why)) {
        call_fail(c, "file.not_ready", &why, "shoal file resume, or shoal file set --normal");
        return;
    }
    char key[2 * KEY_LEN + 1];
    char *plain = mem_printf("%s/%s", torrent_hex(h->t), mi->files[file].path);
    char *path = escaped(plain);
    key_of(f, plain, key);
    char *link = mem_printf("/files/%s?key=%s", path, key);
    call_ok(c,
            json_pack("{s:s, s:s, s:I, s:s}", "id", torrent_hex(h->t), "file", mi->files[file].path,
                      "size", (json_int_t)mi->files[file].len, "path", link));
    free(link);
    free(path);
    free(plain);
}
