#include "lib/shoal_in.h"

#include "base/mem.h"
#include "crypto/wipe.h"
#include "store/vfs.h"

_Static_assert((int)SHOAL_PHRASE_TEXT == KEYS_PHRASE_MAX &&
                   (int)SHOAL_PEER_ID_TEXT == PEER_ID_TEXT &&
                   (int)SHOAL_PEER_ID_TEXT == PEER_ID_FORMAT,
               "shoal/key.h says what core/keys.h says");

enum { ENTROPY_LEN = 16 }; /* 12 words */

static struct shoal_key *wrap(struct keys *keys)
{
    struct shoal_key *k = MEM_NEW(struct shoal_key);
    k->keys = keys;
    return k;
}

static struct keys *new_keys(struct shoal_loop *loop)
{
    uint8_t entropy[ENTROPY_LEN];
    loop_random(loop->loop, entropy, sizeof entropy);
    struct keys *keys = keys_of_entropy(entropy, sizeof entropy);
    wipe(entropy, sizeof entropy);
    return keys;
}

struct shoal_key *shoal_key_new(struct shoal_loop *loop)
{
    return wrap(new_keys(loop));
}

struct shoal_key *shoal_key_of_phrase(const char *phrase, struct shoal_err *err)
{
    struct why why;
    struct keys *keys = keys_of_phrase(phrase, &why);
    if (keys)
        return wrap(keys);
    lib_tell(err, &why);
    return NULL;
}

/* Under the folder's lock, as keys_save() wants; another process may have made it meanwhile. */
static struct keys *load_or_make(struct shoal_loop *loop, const char *folder, struct why *why)
{
    struct keys *keys = keys_load(vfs_os(), folder, why);
    if (keys || why->code != ERR_NOT_FOUND)
        return keys;
    keys = new_keys(loop);
    if (keys_save(keys, vfs_os(), folder, why) == OK)
        return keys;
    keys_free(keys);
    return NULL;
}

static struct keys *make_locked(struct shoal_loop *loop, const char *folder, struct why *why)
{
    struct vfile *lock = NULL;
    struct keys *keys = NULL;
    char *path = mem_printf("%s/identity.lock", folder);
    if (vfs_mkdirs(vfs_os(), folder, 0700, why) == OK && vfs_lock(vfs_os(), path, &lock, why) == OK)
        keys = load_or_make(loop, folder, why);
    vfile_close(lock);
    free(path);
    return keys;
}

struct shoal_key *shoal_key_open(struct shoal_loop *loop, const char *folder, struct shoal_err *err)
{
    struct why why;
    struct keys *keys = keys_load(vfs_os(), folder, &why);
    if (!keys && why.code == ERR_NOT_FOUND)
        keys = make_locked(loop, folder, &why);
    if (keys)
        return wrap(keys);
    lib_tell(err, &why);
    return NULL;
}

void shoal_key_free(struct shoal_key *k)
{
    if (!k)
        return;
    keys_free(k->keys);
    free(k);
}

const char *shoal_key_id(const struct shoal_key *k)
{
    return keys_peer_id(k->keys);
}

void shoal_key_phrase(const struct shoal_key *k, char out[SHOAL_PHRASE_TEXT])
{
    keys_phrase(k->keys, out);
}
