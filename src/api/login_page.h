/* api/login_page.h - the link that signs a browser in, as a page on disk.
 *
 * What a program is started with can be read by every user of the machine, so `shoal open` gives
 * the browser no link but a file that its owner alone can read (0600, in the folder of the socket,
 * 0700), and that leads to the link.  It is there until a link was used, or for as long as one is
 * good. One loop's. */
#ifndef SHOAL_API_LOGIN_PAGE_H
#define SHOAL_API_LOGIN_PAGE_H

#include "net/loop.h"
#include "store/vfs.h"

struct login_page;

/* One that was left by a run that was killed is removed.  vfs and loop outlive it. */
struct login_page *login_page_new(struct loop *loop, const struct vfs *v, const char *path);
void login_page_free(struct login_page *p); /* and the file; NULL: nothing */

/* In place of the one before, for so long.  url: of ours, without anything that HTML would read. */
enum err login_page_write(struct login_page *p, const char *url, uint64_t for_us, struct why *why);
const char *login_page_path(const struct login_page *p);

/* It was used, or is too old. */
void login_page_remove(struct login_page *p);

#endif
