#include "api/content.h"

#include "api/content_type.h"
#include "api/range.h"
#include "api/reply.h"
#include "base/buf.h"
#include "base/mem.h"
#include "core/call.h"
#include "net/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { AHEAD = 256 * 1024 /* bytes that wait for the client; below it more is read */ };

/* Nothing of it runs, loads or is framed, whatever a browser takes it for. */
#define POLICY                                                                                     \
    "sandbox; default-src 'none'; style-src 'none'; media-src 'self'; img-src 'self'; "            \
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
static const char *const safe[] = {
    "Content-Security-Policy: " POLICY,
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Cross-Origin-Resource-Policy: same-origin",
    "Cross-Origin-Opener-Policy: same-origin",
    "Referrer-Policy: no-referrer", /* the link has a key in it */
    "Cache-Control: private, no-cache",
    "Accept-Ranges: bytes",
};
enum { SAFE = sizeof safe / sizeof safe[0], OWN = 4 };

const char *content_path(const struct content_app *a, const char *path)
{
    size_t n = a->name ? strlen(a->name) : 0;
    if (n == 0 || path[0] != '/' || strncmp(path + 1, a->name, n) != 0 || path[n + 1] != '/')
        return NULL;
    return path + n + 2;
}

/* RFC 6266 with RFC 8187's form alone: every byte that is no letter or digit is escaped, so a name
 * cannot end the field. */
static char *disposition(const struct content_info *info, bool in_place)
{
    char *name = http_escape(info->name, strlen(info->name));
    char *field = mem_printf("Content-Disposition: %s; filename*=UTF-8''%s",
                             in_place ? "inline" : "attachment", name);
    free(name);
    return field;
}

/* --- one answer ----------------------------------------------------------------------------- */

struct serving {
    struct httpd_call *c;
    const struct content_ops *ops;
    struct content_reader *r; /* NULL: it has ended */
    uint64_t left;
    bool asked;
};

static void finish(struct serving *s)
{
    if (s->r)
        s->ops->close(s->r);
    free(s);
}

static void read_more(struct serving *s)
{
    if (s->asked || httpd_stream_unsent(s->c) >= AHEAD)
        return;
    s->asked = true;
    s->ops->more(s->r);
}

static void on_room(void *arg)
{
    read_more(arg);
}

static void on_gone(void *arg)
{
    finish(arg);
}

static void on_part(void *arg, const uint8_t *bytes, size_t n)
{
    struct serving *s = arg;
    s->asked = false;
    s->left -= n;
    bool sent = httpd_stream_send(s->c, bytes, n);
    if (sent && s->left > 0) {
        read_more(s);
        return;
    }
    if (sent)
        httpd_stream_end(s->c);
    finish(s);
}

/* Before all was sent: what was promised does not come, and the client is to see that. */
static void on_ended(void *arg, const struct why *why)
{
    struct serving *s = arg;
    (void)why;
    httpd_stream_abort(s->c);
    s->r = NULL;
    finish(s);
}

static const struct content_sink sink = {on_part, on_ended};

static void begin(const struct content_app *a, const char *path, struct httpd_call *c,
                  const struct content_info *info, const struct range *range)
{
    struct why why;
    struct serving *s = MEM_NEW(struct serving);
    bool head = strcmp(httpd_method(c), "HEAD") == 0 || range->len == 0;
    *s = (struct serving){.c = c, .ops = a->ops, .left = range->len};
    if (!head && !(s->r = a->ops->open(a->app, path, range->from, range->len, &sink, s, &why))) {
        reply_problem(c, err_http_status(why.code), "content.not_ready", why.text, NULL, NULL);
        free(s);
        return;
    }
    struct content_type type = content_type_of(info->name);
    char *own[OWN + 1] = {mem_printf("Content-Type: %s", type.type),
                          disposition(info, type.in_place),
                          mem_printf("ETag: \"%s\"", info->version)};
    if (range->kind == RANGE_PART)
        own[3] = mem_printf("Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->from,
                            range->from + range->len - 1, info->size);
    const char *headers[OWN + SAFE + 1] = {0};
    size_t n = 0;
    for (size_t i = 0; own[i]; i++)
        headers[n++] = own[i];
    for (size_t i = 0; i < SAFE; i++)
        headers[n++] = safe[i];
    httpd_stream_start_sized(c, range->kind == RANGE_PART ? 206 : 200, headers, range->len);
    for (size_t i = 0; own[i]; i++)
        free(own[i]);
    if (head) {
        httpd_stream_end(c);
        free(s);
        return;
    }
    httpd_on_gone(c, on_gone, s);
    httpd_on_room(c, on_room, s);
    read_more(s);
}

void content_serve(const struct content_app *a, const char *path, struct httpd_call *c)
{
    struct content_info info;
    struct why why;
    if (a->ops->find(a->app, path, &info, &why)) {
        reply_problem(c, err_http_status(why.code),
                      why.code == ERR_NOT_FOUND ? "content.not_found" : "content.not_ready",
                      why.text, "shoal file stream gives links", NULL);
        return;
    }
    struct range range =
        range_of(httpd_header(c, "Range"), httpd_header(c, "If-Range"), info.version, info.size);
    if (range.kind == RANGE_UNSATISFIABLE) {
        char size[64];
        snprintf(size, sizeof size, "Content-Range: bytes */%" PRIu64, info.size);
        reply_problem(c, 416, "content.range", "the file does not have these bytes", NULL, size);
        return;
    }
    begin(a, path, c, &info, &range);
}
