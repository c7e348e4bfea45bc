/* host/web_cert.h - our certificate for /wss: two files, read again when they change.
 *
 * For who listens there: browsers believe whom an authority vouches for and nobody else, so the
 * owner names the files of a certificate that he has (by ACME, or of an authority of his own).
 * Renewed, it is in force within WEB_CERT_LOOK_US for whoever comes then; while the files do not
 * fit each other the old one stays. */
#ifndef SHOAL_HOST_WEB_CERT_H
#define SHOAL_HOST_WEB_CERT_H

#include "base/log.h"
#include "net/loop.h"
#include "store/vfs.h"

enum { WEB_CERT_FILE_MAX = 64 << 10 };
#define WEB_CERT_LOOK_US (30 * SEC)

struct tls;
struct web_cert;
/* cert: the certificate and those that vouch for it; key: its private key; PEM, paths copied.  NULL
 * and a reason that names the file. */
struct web_cert *web_cert_open(struct loop *loop, const struct log *log, const struct vfs *vfs,
                               const char *cert, const char *key, struct why *why);
void web_cert_close(struct web_cert *w); /* NULL: nothing */

/* As it is now; valid during the turn. */
struct tls *web_cert_tls(const struct web_cert *w);

#endif
