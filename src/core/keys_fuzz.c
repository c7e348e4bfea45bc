/* Any bytes as an identity file: a good one, or a reason; and a good one saved again is the same
 * file, byte for byte. */
#include "core/keys.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct why why = {0};
    struct vfs *v = vfs_mem_new();
    check(vfs_mkdirs(v, "/a", 0700, NULL) == OK && vfs_mkdirs(v, "/b", 0700, NULL) == OK);
    check(vfs_replace(v, "/a/identity", n ? (const void *)bytes : "", n, 0, NULL) == OK);
    struct keys *k = keys_load(v, "/a", &why);
    if (k) {
        struct buf out = {0};
        check(keys_save(k, v, "/b", &why) == OK);
        check(vfs_read_all(v, "/b/identity", 4096, &out, &why) == OK);
        check(buf_len(&out) == n && memcmp(buf_bytes(&out), bytes, n) == 0);
        buf_done(&out);
    } else {
        check(why.code == ERR_INVALID && why.text[0]);
    }
    keys_free(k);
    vfs_free(v);
    return 0;
}
