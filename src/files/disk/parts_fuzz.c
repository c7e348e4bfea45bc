/* Any bytes as a parts file: a head that makes sense is kept, any other means that nothing is here;
 * and whatever was there, what is added then is found again.
 *
 * Input: pieces, 2 bytes; an offset and a length to read, 2 bytes each; then the file. */
#include "files/disk/parts.h"

#include "base/cur.h"
#include "base/mem.h"
#include "files/meta/bits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { PIECES_MAX = 40000 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void make(const struct vfs *v, struct cur c)
{
    check(vfs_mkdirs(v, "/d", 0777, NULL) == OK);
    struct vfile *f = vfs_open(v, "/d/parts", VFS_WRITE | VFS_CREATE, NULL);
    check(f && (c.n == 0 || vfile_pwrite(f, c.p, c.n, 0, NULL) == OK));
    vfile_close(f);
}

static void check_same(const struct vfs *v, const struct parts *p, uint32_t pieces)
{
    struct parts *again = parts_new(v, "/d/parts", pieces);
    parts_load(again);
    check(memcmp(parts_bits(again), parts_bits(p), bits_bytes(pieces)) == 0);
    parts_free(again);
}

/* Bytes for piece `at` come, and go again. */
static void use(const struct vfs *v, struct parts *p, uint32_t pieces, uint32_t at)
{
    struct why why;
    uint8_t in[] = "sixteen bytes..", out[sizeof in];
    const struct iovec iov = {in, sizeof in};
    check(parts_write(p, at * 16, &iov, 1, &why) == OK && parts_add(p, at, &why) == OK);
    check(parts_has(p, at));
    check(parts_read(v, "/d/parts", pieces, at * 16, out, sizeof out, &why) == OK);
    check(memcmp(in, out, sizeof in) == 0);
    check_same(v, p, pieces);
    check(parts_drop(p, at, &why) == OK && !parts_has(p, at));
    struct vfs_stat st;
    bool any = bits_count(parts_bits(p), pieces) > 0;
    check((vfs_stat(v, "/d/parts", &st, NULL) == OK) == any);
    check_same(v, p, pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    uint32_t pieces = 1 + cur_be16(&c) % PIECES_MAX;
    uint64_t offset = cur_be16(&c);
    size_t len = cur_be16(&c);
    struct vfs *v = vfs_mem_new();
    make(v, c);
    struct parts *p = parts_new(v, "/d/parts", pieces);
    parts_load(p);
    check(bits_spare_clear(parts_bits(p), pieces));
    check(bits_count(parts_bits(p), pieces) <= pieces);
    uint8_t *to = mem_zalloc(len + 1);
    struct why why = {0};
    if (parts_read(v, "/d/parts", pieces, offset, to, len, &why))
        check(why.text[0] != '\0');
    use(v, p, pieces, (uint32_t)(offset % pieces));
    parts_free(p);
    free(to);
    vfs_free(v);
    return 0;
}
