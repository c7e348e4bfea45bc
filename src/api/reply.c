#include "api/reply.h"

#include "api/guard.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 16 };

const char *reply_title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{400, "Bad Request"},
                  {401, "Unauthorized"},
                  {403, "Forbidden"},
                  {404, "Not Found"},
                  {405, "Method Not Allowed"},
                  {406, "Not Acceptable"},
                  {409, "Conflict"},
                  {413, "Content Too Large"},
                  {415, "Unsupported Media Type"},
                  {421, "Misdirected Request"},
                  {422, "Unprocessable Content"},
                  {429, "Too Many Requests"},
                  {500, "Internal Server Error"},
                  {501, "Not Implemented"},
                  {502, "Bad Gateway"},
                  {503, "Service Unavailable"},
                  {504, "Gateway Timeout"},
                  {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Failed";
}

static void send(struct httpd_call *c, unsigned status, const char *type, const char *extra,
                 const void *body, size_t n)
{
    const char *headers[HEADERS_MAX];
    size_t count = 0;
    for (const char *const *h = guard_headers(true); *h; h++)
        headers[count++] = *h;
    headers[count++] = type;
    char *lines = mem_strdup(extra ? extra : ""), *next = NULL;
    for (char *line = strtok_r(lines, "\n", &next); line && count + 1 < HEADERS_MAX;
         line = strtok_r(NULL, "\n", &next))
        headers[count++] = line;
    headers[count] = NULL;
    httpd_reply(c, status, headers, body, n);
    free(lines);
}

static void send_json(struct httpd_call *c, unsigned status, const char *type, const json_t *body,
                      const char *extra)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        send(c, status, type, extra, text, strlen(text));
    else /* our own mistake: something that is not UTF-8 */
        reply_problem(c, 500, "api.result", "the answer could not be written as JSON", NULL, NULL);
    free(text);
}

void reply_json(struct httpd_call *c, unsigned status, const json_t *body, const char *extra)
{
    send_json(c, status, "Content-Type: application/json", body, extra);
}

void reply_text(struct httpd_call *c, unsigned status, const char *content_type, const void *text,
                size_t n, const char *extra)
{
    char type[80] = "Content-Type: ";
    strncat(type, content_type, sizeof type - strlen(type) - 1);
    send(c, status, type, extra, text, n);
}

json_t *reply_problem_of(unsigned status, const char *code, const char *message, const char *next)
{
    return json_pack("{s:s, s:s, s:i, s:s, s:{s:s, s:s, s:s?}}", "type", "about:blank", "title",
                     reply_title(status), "status", (int)status, "detail", message, "error", "code",
                     code, "message", message, "next", next);
}

void reply_problem(struct httpd_call *c, unsigned status, const char *code, const char *message,
                   const char *next, const char *extra)
{
    json_t *body = reply_problem_of(status, code, message, next);
    if (!body) /* the message is not UTF-8 */
        body = reply_problem_of(status, code, reply_title(status), NULL);
    send_json(c, status, "Content-Type: application/problem+json", body, extra);
    json_decref(body);
}
