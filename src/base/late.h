/* base/late.h - a shared library that is loaded when it is needed first.
 *
 * A node that asks no web server should not carry libcurl and what comes with it: each library
 * that a program is linked to costs memory from its start on.  A library that only some nodes need
 * is therefore not linked to; its functions are members of a struct, filled in at the first use:
 *
 *     #define ARCHIVE_USED(X) X(write_new) X(write_free)
 *     struct archive_lib {
 *     #define X(name) __typeof__(archive_##name) *name;
 *         ARCHIVE_USED(X)
 *     #undef X
 *     };
 *     static const char *const used[] = {
 *     #define X(name) "archive_" #name,
 *         ARCHIVE_USED(X)
 *     #undef X
 *     };
 *     struct archive_lib lib;
 *     if (LATE_LOAD("libarchive.so.13", used, &lib, why) == OK)
 *         to = lib.write_new();
 *
 * A library stays once it is there: those that make threads or register what is done at the end
 * cannot be taken away again.  The package must name it (packaging/debian/control), since nothing
 * sees that we need it. */
#ifndef SHOAL_BASE_LATE_H
#define SHOAL_BASE_LATE_H

#include "base/err.h"

#include <stddef.h>

/* Finds the n functions named, in the library of this name and of those that it needs, and puts
 * them into `table`, an array of n pointers.  ERR_UNSUPPORTED: the library, or one of them, is not
 * on this machine; why says which.  From any thread; asked again it costs some look-ups. */
enum err late_load(const char *library, const char *const names[], size_t n, void *table,
                   struct why *why);

/* The same for a struct that holds nothing but the pointers. */
#define LATE_LOAD(library, names, lib, why)                                                        \
    (__extension__({                                                                               \
        _Static_assert(sizeof *(lib) / sizeof(void *) == sizeof(names) / sizeof *(names),          \
                       "a name for each member");                                                  \
        late_load(library, names, sizeof(names) / sizeof *(names), lib, why);                      \
    }))

#endif
