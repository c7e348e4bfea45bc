#include "api/web.h"

#include "api/guard.h"
#include "api/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct web_file *)file)->path);
}

const struct web_file *web_find(const char *path)
{
    if (strcmp(path, "/ui") == 0 || strncmp(path, "/ui/", 4) == 0)
        path = "/";
    return bsearch(path, web_files, web_file_count, sizeof *web_files, by_path);
}

/* Is the weight "q=0", "q=0.000"?  Anything else that may stand there is more than nothing. */
static bool weighs_nothing(const char *parameters, size_t n)
{
    size_t i = 0;
    while (i < n && strchr("; \t", parameters[i]))
        i++;
    if (n - i < 3 || strncasecmp(parameters + i, "q=0", 3) != 0)
        return false;
    for (i += 3; i < n; i++)
        if (!strchr(".0 \t", parameters[i]))
            return false;
    return true;
}

bool web_takes_gzip(const char *accept_encoding)
{
    if (!accept_encoding)
        return true;
    bool any = false;
    for (const char *at = accept_encoding; *at;) {
        at += strspn(at, ", \t");
        size_t item = strcspn(at, ","), name = strcspn(at, ",; \t");
        bool wanted = !weighs_nothing(at + name, item - name);
        if (name == 4 && strncasecmp(at, "gzip", 4) == 0)
            return wanted;
        if (name == 1 && *at == '*')
            any = wanted;
        at += item;
    }
    return any;
}

bool web_is_known(const char *if_none_match, const char *tag)
{
    /* A tag is quoted, so it is not found inside another; W/"..." counts too: the comparison is the
     * weak one. */
    return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, tag));
}

void web_serve(const struct web_file *file, unsigned status, struct httpd_call *c)
{
    if (file->gzipped && !web_takes_gzip(httpd_header(c, "Accept-Encoding"))) {
        reply_problem(c, 406, "web.encoding", "this file is sent gzipped or not at all",
                      "send Accept-Encoding: gzip", NULL);
        return;
    }
    const char *headers[16];
    char type[80], tag[80];
    size_t n = 0;
    for (const char *const *h = guard_headers(false); *h; h++)
        headers[n++] = *h;
    snprintf(type, sizeof type, "Content-Type: %s", file->type);
    snprintf(tag, sizeof tag, "ETag: %s", file->tag);
    headers[n++] = type;
    if (status == 200)
        headers[n++] = tag;
    if (file->gzipped) {
        headers[n++] = "Cache-Control: public, max-age=31536000, immutable";
        headers[n++] = "Content-Encoding: gzip";
        headers[n++] = "Vary: Accept-Encoding";
    } else {
        headers[n++] = "Cache-Control: no-cache";
    }
    headers[n] = NULL;
    if (status == 200 && web_is_known(httpd_header(c, "If-None-Match"), file->tag))
        httpd_reply(c, 304, headers, NULL, 0);
    else
        httpd_reply(c, status, headers, file->bytes, file->n);
}
