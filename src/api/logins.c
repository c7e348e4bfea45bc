#include "api/logins.h"

#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"

#include <jansson.h>
#include <string.h>

struct login {
    uint8_t hash[SHA256_LEN];
    int64_t used_s; /* 0: a free place */
};

struct logins {
    const struct vfs *vfs;
    char *path; /* NULL: in memory alone */
    const struct log *log;
    struct login all[LOGINS_MAX];
    int64_t kept_s; /* when the file was written */
};

static bool lasts(const struct login *s, int64_t now_s)
{
    return s->used_s > 0 && now_s - s->used_s <= LOGINS_LAST_S &&
           s->used_s - now_s <= LOGINS_LAST_S;
}

/* ---- the file: [["hash", used], ...] ---- */

static bool read_all(struct logins *s, const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > LOGINS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hash;
        json_int_t used_s;
        if (json_unpack(json_array_get(list, i), "[s,I!]", &hash, &used_s) != 0 || used_s <= 0 ||
            used_s > UINT32_MAX ||
            !hex_decode(hash, strlen(hash), s->all[i].hash, sizeof s->all[i].hash))
            return false;
        s->all[i].used_s = used_s;
    }
    return true;
}

static void load(struct logins *s)
{
    struct buf text = {0};
    struct why why;
    enum err e = vfs_read_all(s->vfs, s->path, LOGINS_FILE_MAX, &text, &why);
    if (e == OK) {
        json_t *list = json_loadb((const char *)buf_bytes(&text), buf_len(&text), 0, NULL);
        if (!read_all(s, list)) {
            memset(s->all, 0, sizeof s->all);
            e = why_set(&why, ERR_INVALID, "%s is damaged", s->path);
        }
        json_decref(list);
    }
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn(s->log, "%s: browsers have to sign in again", why.text);
    buf_done(&text);
}

static void keep(struct logins *s, int64_t now_s)
{
    s->kept_s = now_s;
    if (!s->path)
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < LOGINS_MAX; i++) {
        char hash[2 * SHA256_LEN + 1];
        hex_encode(s->all[i].hash, SHA256_LEN, hash);
        if (lasts(&s->all[i], now_s))
            json_array_append_new(list, json_pack("[s,I]", hash, (json_int_t)s->all[i].used_s));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    struct why why;
    if (vfs_replace(s->vfs, s->path, text, strlen(text), VFS_PRIVATE, &why) != OK)
        log_warn(s->log, "who is signed in is forgotten when the node ends: %s", why.text);
    free(text);
    json_decref(list);
}

struct logins *logins_open(const struct vfs *v, const char *path, const struct log *log)
{
    struct logins *s = MEM_NEW(struct logins);
    s->vfs = v;
    s->log = log;
    s->path = path ? mem_strdup(path) : NULL;
    if (path)
        load(s);
    return s;
}

void logins_close(struct logins *s, int64_t now_s)
{
    if (!s)
        return;
    for (size_t i = 0; i < LOGINS_MAX; i++)
        if (s->all[i].used_s > s->kept_s) {
            keep(s, now_s);
            break;
        }
    free(s->path);
    free(s);
}

/* ---- who is signed in ---- */

/* NULL: it is none, or is none any more.  All are compared, in the same time. */
static struct login *find(struct logins *s, const char *secret, int64_t now_s)
{
    uint8_t hash[SHA256_LEN];
    struct login *found = NULL;
    sha256(secret, strlen(secret), hash);
    for (size_t i = 0; i < LOGINS_MAX; i++)
        if (equal_secret(s->all[i].hash, hash, sizeof hash) && lasts(&s->all[i], now_s))
            found = &s->all[i];
    return found;
}

void logins_begin(struct logins *s, const char secret[LOGINS_SECRET], int64_t now_s)
{
    struct login *oldest = &s->all[0];
    for (size_t i = 1; i < LOGINS_MAX; i++)
        if (s->all[i].used_s < oldest->used_s)
            oldest = &s->all[i];
    sha256(secret, strlen(secret), oldest->hash);
    oldest->used_s = now_s;
    keep(s, now_s);
}

bool logins_use(struct logins *s, const char *secret, int64_t now_s)
{
    struct login *one = find(s, secret, now_s);
    if (!one)
        return false;
    bool old = now_s - one->used_s > LOGINS_KEEP_S;
    one->used_s = now_s;
    if (old || now_s - s->kept_s > LOGINS_KEEP_S)
        keep(s, now_s);
    return true;
}

void logins_end(struct logins *s, const char *secret, int64_t now_s)
{
    struct login *one = find(s, secret, now_s);
    if (!one)
        return;
    *one = (struct login){0};
    keep(s, now_s);
}
