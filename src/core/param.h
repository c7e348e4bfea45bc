/* core/param.h - do the parameters of a call keep the rules of its method's table?
 *
 * For core/call.c.  The API has parsed JSON; here its values meet types, units and limits, so that
 * no handler asks again whether a number is a number. */
#ifndef SHOAL_CORE_PARAM_H
#define SHOAL_CORE_PARAM_H

#include "core/call.h"

/* params: an object.  ERR_INVALID names the parameter, what came and what may come. */
MUST_CHECK enum err params_check(const struct method *m, const json_t *params, struct why *why);

#endif
