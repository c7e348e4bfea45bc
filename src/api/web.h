/* api/web.h - the dashboard: its page and the files that the page is made of.
 *
 * What `./dev web` built lies in web/packaged/ and is compiled into the program (tools/web_assets
 * makes the table), so a node needs no file and no Node.js to show it.  The page is the same for
 * every address under /ui/: its script looks at the address.  Nothing here is secret, so all of it
 * is served without a key; the guard's rules about Host and Origin hold.
 *
 * Files carry a hash of what is in them in their names and may be kept for ever; the page names
 * them, and is asked for anew each time (If-None-Match).  Files are held and sent gzipped.  Every
 * browser takes that; who says that he does not is told 406, as there is no inflating here. */
#ifndef SHOAL_API_WEB_H
#define SHOAL_API_WEB_H

#include "net/httpd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct web_file {
    const char *path; /* "/", "/assets/index-4f2a.js" */
    const char *type;
    const char *tag; /* "\"9f86d081884c7d65\"", of what is in it */
    const uint8_t *bytes;
    size_t n;
    bool gzipped;
};

/* By path, in the order of their bytes. */
extern const struct web_file web_files[];
extern const size_t web_file_count;

/* The file at a path; the page for "/" and all under "/ui/"; NULL: there is none. */
const struct web_file *web_find(const char *path);

/* May it be sent gzipped?  accept_encoding: the field, NULL: absent (RFC 9110 section 12.5.3). */
bool web_takes_gzip(const char *accept_encoding);

/* Does the client have it already?  if_none_match: the field, NULL: absent (section 13.1.2). */
bool web_is_known(const char *if_none_match, const char *tag);

/* Answer with a file; status: 200, or that of a page which says what went wrong. */
void web_serve(const struct web_file *file, unsigned status, struct httpd_call *c);

#endif
