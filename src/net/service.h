/* net/service.h - tell who started this service how far it is. */
#ifndef SHOAL_NET_SERVICE_H
#define SHOAL_NET_SERVICE_H

/* "READY=1", "STOPPING=1": one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)).
 * Nobody asked, or nobody hears: nothing happens. */
void service_tell(const char *state);

#endif
