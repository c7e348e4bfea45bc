#include "node/identity.h"

#include "base/mem.h"
#include "core/keys.h"
#include "node/paths.h"

#include <string.h>

enum err identity_show(const char *home, FILE *to, struct why *why)
{
    struct paths p;
    paths_init(&p, home);
    struct keys *keys = keys_load(vfs_os(), p.data, why);
    paths_done(&p);
    if (!keys)
        return why->code;
    char phrase[KEYS_PHRASE_MAX];
    keys_phrase(keys, phrase);
    fprintf(to, "%s\n", phrase);
    fflush(to);
    explicit_bzero(phrase, sizeof phrase);
    keys_free(keys);
    return OK;
}

enum err identity_restore(const char *home, FILE *from, struct why *why)
{
    char phrase[KEYS_PHRASE_MAX];
    if (!fgets(phrase, sizeof phrase, from))
        return why_set(why, ERR_INVALID, "no phrase on standard input");
    phrase[strcspn(phrase, "\r\n")] = '\0';
    struct keys *keys = keys_of_phrase(phrase, why);
    explicit_bzero(phrase, sizeof phrase);
    if (!keys)
        return why->code;
    struct paths p;
    paths_init(&p, home);
    enum err code = vfs_mkdirs(vfs_os(), p.data, 0700, why);
    if (code == OK)
        code = keys_save(keys, vfs_os(), p.data, why);
    if (code == OK)
        printf("%s\n", keys_peer_id(keys));
    keys_free(keys);
    paths_done(&p);
    return code;
}

char *identity_log_path(const char *home)
{
    struct paths p;
    paths_init(&p, home);
    struct why why;
    char *path = mem_printf("%s/shoal.log", p.data);
    if (vfs_mkdirs(vfs_os(), p.data, 0700, &why) != OK)
        fprintf(stderr, "error: %s\n", why.text);
    paths_done(&p);
    return path;
}
