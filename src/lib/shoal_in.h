/* lib/shoal_in.h - the inside of the public library; for src/lib's own files alone. */
#ifndef SHOAL_LIB_SHOAL_IN_H
#define SHOAL_LIB_SHOAL_IN_H

#include "base/list.h"
#include "base/log.h"
#include "core/keys.h"
#include "host/host.h"
#include "net/uv/guest.h"

#include <shoal/shoal.h>

struct shoal_loop {
    struct loop *loop;
    struct log *log;
    shoal_log_cb *on_line; /* NULL: nobody reads */
    void *line_arg;
    struct guest_loop *guest; /* NULL: not on another loop */
    struct link streams;      /* struct shoal_stream */
};

struct shoal_key {
    struct keys *keys;
};

/* `why` as the caller sees it; out may be NULL.  Returns its code. */
int lib_tell(struct shoal_err *out, const struct why *why);
/* The same of our own finding. */
int lib_fail(struct shoal_err *out, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Takes the conn. */
struct shoal_stream *lib_stream(struct shoal_loop *loop, const struct host_stream *s);
/* All of the loop fail and need it no more: their owners may close them after it is gone. */
void lib_streams_end(struct shoal_loop *loop);

#endif
