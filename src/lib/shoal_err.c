#include "lib/shoal_in.h"

#include <stdarg.h>
#include <stdio.h>

/* One to one, and for ever: a new enum err gets a new number at the end of both. */
_Static_assert((int)SHOAL_OK == OK && (int)SHOAL_ERR_INVALID == ERR_INVALID &&
                   (int)SHOAL_ERR_LIMIT == ERR_LIMIT && (int)SHOAL_ERR_NOT_FOUND == ERR_NOT_FOUND &&
                   (int)SHOAL_ERR_DENIED == ERR_DENIED && (int)SHOAL_ERR_TIMEOUT == ERR_TIMEOUT &&
                   (int)SHOAL_ERR_CLOSED == ERR_CLOSED && (int)SHOAL_ERR_IO == ERR_IO &&
                   (int)SHOAL_ERR_STATE == ERR_STATE && (int)SHOAL_ERR_FULL == ERR_FULL &&
                   (int)SHOAL_ERR_UNSUPPORTED == ERR_UNSUPPORTED,
               "shoal/err.h says what base/err.h says");
_Static_assert(sizeof(struct shoal_err) == 256 &&
                   sizeof(((struct why *)0)->text) <= sizeof(((struct shoal_err *)0)->text),
               "part of the ABI, and no text is cut");

int lib_tell(struct shoal_err *out, const struct why *why)
{
    if (out) {
        out->code = (int)why->code;
        snprintf(out->text, sizeof out->text, "%s", why->text);
    }
    return (int)why->code;
}

int lib_fail(struct shoal_err *out, enum err code, const char *fmt, ...)
{
    struct why why = {.code = code};
    va_list args;
    va_start(args, fmt);
    vsnprintf(why.text, sizeof why.text, fmt, args);
    va_end(args);
    return lib_tell(out, &why);
}

const char *shoal_version(void)
{
    return SHOAL_VERSION;
}
