/* host/talk/echo.h - what comes is sent back: the answering side of ping (libp2p/specs
 * ping/ping.md), and of /echo/1.0.0 in laboratories.
 *
 * One buffer a stream, of which not more is read than was sent back.  At most ECHO_STREAMS_MAX of
 * one peer; more are reset. */
#ifndef SHOAL_HOST_TALK_ECHO_H
#define SHOAL_HOST_TALK_ECHO_H

#include "host/host.h"

#define PING_PROTOCOL "/ipfs/ping/1.0.0"
#define ECHO_PROTOCOL "/echo/1.0.0" /* host_cfg.lab */

enum { ECHO_STREAMS_MAX = 2, ECHO_LAB_STREAMS_MAX = 256 };

/* Answers from now on; lab: ECHO_PROTOCOL too. */
struct echo;
struct echo *echo_new(struct host *h, bool lab);
void echo_free(struct echo *e); /* before the host; NULL: nothing */

#endif
