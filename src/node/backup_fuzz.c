/* Any bytes as a backup: whole, or refused with a reason; and nothing is unpacked elsewhere. */
#include "node/backup.h"

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
    char **names;
    size_t count;
    check(vfs_mkdirs(v, "/home", 0700, NULL) == OK && vfs_mkdirs(v, "/in", 0700, NULL) == OK);
    check(vfs_replace(v, "/in/backup.tar", n ? (const void *)bytes : "", n, 0, NULL) == OK);
    if (backup_restore(v, "/home/ann", "/in/backup.tar", &why))
        check(why.text[0] != '\0');
    check(vfs_list(v, "/", &names, &count, NULL) == OK && count == 2);
    vfs_list_free(names, count);
    check(vfs_list(v, "/home", &names, &count, NULL) == OK && count <= 1);
    vfs_list_free(names, count);
    vfs_free(v);
    return 0;
}
