#include "host/web_cert.h"

#include "base/mem.h"
#include "crypto/sha256.h"
#include "crypto/wipe.h"
#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

struct web_cert {
    struct loop *loop;
    const struct log *log;
    const struct vfs *vfs;
    char *paths[2];           /* certificate, key */
    uint8_t seen[SHA256_LEN]; /* of both, as they were read last */
    struct tls *tls;
    struct timer *look;
};

static enum err read_both(const struct web_cert *w, struct buf texts[2], struct why *why)
{
    for (size_t i = 0; i < 2; i++) {
        enum err code = vfs_read_all(w->vfs, w->paths[i], WEB_CERT_FILE_MAX, &texts[i], why);
        if (code != OK)
            return code;
        buf_u8(&texts[i], '\0');
    }
    return OK;
}

static void forget(struct buf texts[2])
{
    for (size_t i = 0; i < 2; i++) {
        if (buf_len(&texts[i]) > 0)
            wipe(buf_bytes(&texts[i]), buf_len(&texts[i]));
        buf_done(&texts[i]);
    }
}

static void digest(const struct buf texts[2], uint8_t out[SHA256_LEN])
{
    struct buf all = {0};
    for (size_t i = 0; i < 2; i++)
        buf_put(&all, buf_bytes(&texts[i]), buf_len(&texts[i]));
    sha256(buf_bytes(&all), buf_len(&all), out);
    wipe(buf_bytes(&all), buf_len(&all));
    buf_done(&all);
}

static struct tls *make(const struct web_cert *w, const struct buf texts[2], struct why *why)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct tls *t = tls_new_server((const char *)buf_bytes(&texts[0]),
                                   (const char *)buf_bytes(&texts[1]), alpn, why);
    if (!t)
        why_in(why, ERR_INVALID, "%s with %s", w->paths[0], w->paths[1]);
    return t;
}

/* OK: `tls` is of the files as they are, or is NULL since they are as they were. */
static enum err read_again(struct web_cert *w, struct tls **tls, struct why *why)
{
    struct buf texts[2] = {{0}, {0}};
    uint8_t now[SHA256_LEN];
    enum err code = read_both(w, texts, why);
    *tls = NULL;
    if (code == OK) {
        digest(texts, now);
        bool other = memcmp(now, w->seen, sizeof now) != 0;
        memcpy(w->seen, now, sizeof now); /* what is wrong is said once */
        if (other && !(*tls = make(w, texts, why)))
            code = why->code;
    }
    forget(texts);
    return code;
}

static void on_look(void *arg)
{
    struct web_cert *w = arg;
    struct tls *now;
    struct why why;
    w->look = timer_start(w->loop, WEB_CERT_LOOK_US, on_look, w);
    if (read_again(w, &now, &why) != OK)
        log_warn(w->log, "the certificate stays the old one: %s", why.text);
    if (!now)
        return;
    tls_free(w->tls);
    w->tls = now;
    log_info(w->log, "%s was read again", w->paths[0]);
}

struct web_cert *web_cert_open(struct loop *loop, const struct log *log, const struct vfs *vfs,
                               const char *cert, const char *key, struct why *why)
{
    struct web_cert *w = MEM_NEW(struct web_cert);
    w->loop = loop;
    w->log = log;
    w->vfs = vfs;
    w->paths[0] = mem_strdup(cert);
    w->paths[1] = mem_strdup(key);
    if (read_again(w, &w->tls, why) != OK) {
        web_cert_close(w);
        return NULL;
    }
    w->look = timer_start(loop, WEB_CERT_LOOK_US, on_look, w);
    return w;
}

void web_cert_close(struct web_cert *w)
{
    if (!w)
        return;
    timer_cancel(w->look);
    tls_free(w->tls);
    for (size_t i = 0; i < 2; i++)
        free(w->paths[i]);
    free(w);
}

struct tls *web_cert_tls(const struct web_cert *w)
{
    return w->tls;
}
