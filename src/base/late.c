#include "base/late.h"

#include <dlfcn.h>
#include <string.h>

enum err late_load(const char *library, const char *const names[], size_t n, void *table,
                   struct why *why)
{
    char *to = table;
    void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return why_set(why, ERR_UNSUPPORTED, "a library is missing: %s", dlerror());
    for (size_t i = 0; i < n; i++) {
        void *at = dlsym(handle, names[i]);
        if (!at) {
            dlclose(handle);
            return why_set(why, ERR_UNSUPPORTED, "%s has no %s", library, names[i]);
        }
        memcpy(to + i * sizeof at, &at,
               sizeof at); /* ISO C has no cast from data to code; POSIX has */
    }
    dlclose(handle); /* a count: RTLD_NODELETE keeps it */
    return OK;
}
