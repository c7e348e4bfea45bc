/* base/conf_value.h - what a value of each type may look like.  Between conf.c and conf_value.c. */
#ifndef SHOAL_BASE_CONF_VALUE_H
#define SHOAL_BASE_CONF_VALUE_H

#include "base/conf.h"

/* Whether key may have this value; the reason begins with the key's name. */
MUST_CHECK enum err conf_value_check(const struct conf_key *key, const char *value,
                                     struct why *why);

/* 1: on, yes, true; 0: off, no, false; -1: neither. */
int conf_value_bool(const char *value);

#endif
