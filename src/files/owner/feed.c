#include "files/owner/feed.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hex.h"
#include "crypto/sha1.h"
#include "net/http.h"

#include <stdio.h>
#include <string.h>

enum { TAG_MAX = 512 }; /* bytes of an ETag or a date; a longer one is as if not said */

/* What a server said of the list that we have. */
struct version {
    char tag[TAG_MAX], date[TAG_MAX];
};

struct feed {
    struct feed_cfg cfg;
    char *source, *keep_dir, *from_ip;
    char *kept; /* a URL's list; the version beside it ends in ".version" */
    bool url, told_ready;
    struct timer *timer;
    struct http_fetch *fetch;
    struct reading *reading; /* on the lane; NULL: none */
    bool again;              /* look once more when that has ended */
    struct version version;
    uint64_t size; /* of the file as it was read */
    int64_t mtime_ns;
    bool seen;
    int64_t loaded_us; /* wall clock; 0: nothing in force */
    char *error;
};

/* One visit to the lane: reads a file, or takes what was fetched, and parses it. */
struct reading {
    struct feed *f; /* NULL: it is gone */
    struct feed_cfg cfg;
    char *path;
    bool fetched;   /* `text` came from the net: it is kept when it is a list */
    bool only_kept; /* of a URL, at start: that there is none is no trouble */
    bool seen, unchanged;
    uint64_t size;
    int64_t mtime_ns;
    struct version version;
    struct buf text;
    void *parsed;
    struct why why;
};

bool feed_is_url(const char *source)
{
    return strncasecmp(source, "http://", 7) == 0 || strncasecmp(source, "https://", 8) == 0;
}

static void look(void *arg);

static void look_after(struct feed *f, uint64_t us)
{
    timer_cancel(f->timer);
    f->timer = timer_start(f->cfg.loop, us, look, f);
}

/* On the lane */

static char *version_path(const char *path)
{
    return mem_printf("%s.version", path);
}

/* Two lines: the tag and the date. */
static void read_version(struct reading *r)
{
    struct buf b = {0};
    char *path = version_path(r->path);
    if (vfs_read_all(r->cfg.vfs, path, sizeof r->version, &b, NULL) == OK) {
        char *text = buf_take_str(&b), *date = strchr(text, '\n');
        if (date) {
            *date++ = '\0';
            date[strcspn(date, "\n")] = '\0';
            snprintf(r->version.tag, sizeof r->version.tag, "%s", text);
            snprintf(r->version.date, sizeof r->version.date, "%s", date);
        }
        free(text);
    }
    buf_done(&b);
    free(path);
}

static void read_file(struct reading *r)
{
    struct vfs_stat st = {0};
    enum err e = vfs_stat(r->cfg.vfs, r->path, &st, &r->why);
    if (e == OK && r->seen && st.size == r->size && st.mtime_ns == r->mtime_ns) {
        r->unchanged = true;
        return;
    }
    if (e == OK)
        e = vfs_read_all(r->cfg.vfs, r->path, r->cfg.max_bytes, &r->text, &r->why);
    r->seen = e == OK; /* what could not be read is read at the next look */
    r->size = st.size;
    r->mtime_ns = st.mtime_ns;
    if (e == OK)
        r->parsed = r->cfg.parse(buf_cur(&r->text), &r->why);
    if (r->parsed && r->only_kept)
        read_version(r);
}

/* The version goes last: an older one beside a newer list costs a fetch, no more. */
static void keep(struct reading *r)
{
    char *path = version_path(r->path);
    char *text = mem_printf("%s\n%s\n", r->version.tag, r->version.date);
    const struct vfs *v = r->cfg.vfs;
    if (vfs_mkdirs(v, r->cfg.keep_dir, 0700, &r->why) == OK &&
        vfs_replace(v, r->path, buf_bytes(&r->text), buf_len(&r->text), VFS_PRIVATE, &r->why) == OK)
        r->why.code = vfs_replace(v, path, text, strlen(text), VFS_PRIVATE, &r->why);
    free(text);
    free(path);
}

static void on_lane(void *arg)
{
    struct reading *r = arg;
    if (!r->fetched) {
        read_file(r);
        return;
    }
    r->parsed = r->cfg.parse(buf_cur(&r->text), &r->why);
    if (r->parsed)
        keep(r); /* failing leaves it in force for this run */
}

/* On the loop */

static void reading_free(struct reading *r)
{
    if (r->parsed)
        r->cfg.drop(r->parsed);
    buf_done(&r->text);
    free((char *)(uintptr_t)r->cfg.keep_dir);
    free(r->path);
    free(r);
}

static void set_error(struct feed *f, const struct why *why)
{
    if (why && (!f->error || strcmp(f->error, why->text) != 0))
        log_warn(f->cfg.log, "the list %s: %s%s", f->source, why->text,
                 f->loaded_us ? "; the one before stays in force" : "");
    free(f->error);
    f->error = why ? mem_strdup(why->text) : NULL;
}

static void take(struct feed *f, struct reading *r)
{
    void *parsed = r->parsed;
    r->parsed = NULL;
    if (r->fetched || r->only_kept)
        f->version = r->version;
    if (r->fetched && r->why.code) /* not kept: to be fetched again, not to be called unchanged */
        f->version = (struct version){0};
    f->loaded_us = loop_wall_us(f->cfg.loop);
    f->cfg.loaded(f->cfg.arg, parsed);
}

static void on_read(void *arg)
{
    struct reading *r = arg;
    struct feed *f = r->f;
    if (!f) {
        reading_free(r);
        return;
    }
    f->reading = NULL;
    if (!r->fetched) {
        f->seen = r->seen;
        f->size = r->size;
        f->mtime_ns = r->mtime_ns;
    }
    bool trouble = r->why.code != OK;
    bool none_kept = r->only_kept && r->why.code == ERR_NOT_FOUND;
    if (r->parsed)
        take(f, r);
    if (!r->unchanged && !none_kept)
        set_error(f, trouble ? &r->why : NULL);
    bool first = !f->told_ready;
    f->told_ready = true;
    if (f->again)
        look_after(f, 0);
    else if (!f->url)
        look_after(f, FEED_LOOK_US);
    else if (!r->fetched)
        look_after(f, 0); /* now ask whether there is a newer one */
    else
        look_after(f, trouble ? FEED_RETRY_US : FEED_DAY_US);
    f->again = false;
    reading_free(r);
    if (first && f->cfg.ready)
        f->cfg.ready(f->cfg.arg); /* may free f */
}

/* Takes what `text` holds; NULL: the file is read. */
static void begin_reading(struct feed *f, struct buf *text)
{
    struct reading *r = MEM_NEW(struct reading);
    r->f = f;
    r->cfg = f->cfg;
    r->cfg.keep_dir = mem_strdup(f->keep_dir);
    r->path = mem_strdup(f->url ? f->kept : f->source);
    r->only_kept = f->url && !text;
    r->fetched = text != NULL;
    r->version = f->version;
    r->seen = f->seen && !f->url;
    r->size = f->size;
    r->mtime_ns = f->mtime_ns;
    if (text) {
        r->text = *text;
        *text = (struct buf){0};
    }
    f->reading = r;
    lane_run(f->cfg.loop, LANE_DISK, on_lane, on_read, r);
}

/* A header's value that may be sent back: one line, not too long. */
static void copy_value(char out[TAG_MAX], const char *value)
{
    bool fits = strlen(value) < TAG_MAX && !strpbrk(value, "\r\n");
    snprintf(out, TAG_MAX, "%s", fits ? value : "");
}

static void on_fetched(void *arg, const struct http_answer *a, const struct why *why)
{
    struct feed *f = arg;
    struct why said;
    f->fetch = NULL;
    if (a && a->status == 304 && f->loaded_us) {
        set_error(f, NULL);
        look_after(f, FEED_DAY_US);
        return;
    }
    if (a && a->status == 200) {
        struct buf text = {0};
        buf_put(&text, a->body.p, a->body.n);
        copy_value(f->version.tag, a->header(a, "ETag"));
        copy_value(f->version.date, a->header(a, "Last-Modified"));
        begin_reading(f, &text);
        buf_done(&text);
        return;
    }
    if (a)
        why_set(&said, ERR_CLOSED, "its server answered %u", a->status);
    set_error(f, a ? &said : why);
    look_after(f, FEED_RETRY_US);
}

static void ask(struct feed *f)
{
    char *tag = mem_printf("If-None-Match: %s", f->version.tag);
    char *date = mem_printf("If-Modified-Since: %s", f->version.date);
    const char *headers[3] = {NULL};
    size_t n = 0;
    if (f->loaded_us && f->version.tag[0])
        headers[n++] = tag;
    if (f->loaded_us && f->version.date[0])
        headers[n++] = date;
    struct http_request rq = {.url = f->source,
                              .headers = headers,
                              .max_body = f->cfg.max_bytes,
                              .timeout_us = FEED_FETCH_US,
                              .from_ip = f->from_ip};
    f->fetch = http_start(f->cfg.loop, &rq, on_fetched, f);
    free(tag);
    free(date);
}

static void look(void *arg)
{
    struct feed *f = arg;
    f->timer = NULL;
    if (f->url && f->told_ready)
        ask(f);
    else
        begin_reading(f, NULL);
}

/* Two URLs never share a name in the folder. */
static char *kept_path(const char *dir, const char *source)
{
    uint8_t hash[SHA1_LEN];
    char hex[2 * SHA1_LEN + 1];
    sha1(source, strlen(source), hash);
    return mem_printf("%s/%s.list", dir, hex_encode(hash, SHA1_LEN, hex));
}

struct feed *feed_new(const struct feed_cfg *cfg)
{
    struct feed *f = MEM_NEW(struct feed);
    f->cfg = *cfg;
    f->source = mem_strdup(cfg->source);
    f->keep_dir = mem_strdup(cfg->keep_dir);
    f->from_ip = mem_strdup(cfg->from_ip);
    f->url = feed_is_url(cfg->source);
    f->kept = kept_path(cfg->keep_dir, cfg->source);
    begin_reading(f, NULL);
    return f;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    timer_cancel(f->timer);
    http_cancel(f->fetch);
    if (f->reading)
        f->reading->f = NULL;
    free(f->source);
    free(f->keep_dir);
    free(f->from_ip);
    free(f->kept);
    free(f->error);
    free(f);
}

void feed_look(struct feed *f)
{
    if (f->reading)
        f->again = true;
    else if (!f->fetch)
        look_after(f, 0);
}

const char *feed_source(const struct feed *f)
{
    return f->source;
}

json_t *feed_status(const struct feed *f)
{
    json_t *j = json_object();
    json_object_set_new(j, "source", json_string(f->source));
    json_object_set_new(j, "loaded",
                        f->loaded_us ? json_string(text_rfc3339(f->loaded_us).s) : json_null());
    json_object_set_new(j, "error", f->error ? json_string(f->error) : json_null());
    return j;
}
