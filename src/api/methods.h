/* api/methods.h - the API's own methods: jobs, and the tables themselves. */
#ifndef SHOAL_API_METHODS_H
#define SHOAL_API_METHODS_H

#include "api/routes.h"
#include "core/jobs.h"

struct api_own {
    struct jobs *jobs;
    const struct routes *routes;
};

/* Ends with a NULL name; their app is a struct api_own. */
extern const struct method api_methods[];

#endif
