/* tests/support/line_host.h - what the host of line_host.c can do besides host/host.h's. */
#ifndef SHOAL_TESTS_LINE_HOST_H
#define SHOAL_TESTS_LINE_HOST_H

#include "host/host.h"

/* From now on so many of a million messages that it writes on streams are lost whole, as datagrams
 * would be: but for the first of each stream, in which peers say what they want at all. */
void line_host_lose(struct host *h, uint32_t ppm);

#endif
