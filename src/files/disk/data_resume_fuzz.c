/* Any bytes are a resume file or are refused; what was read, written again, reads the same. */
#include "files/disk/data_resume.h"

#include "files/meta/bits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool same(const struct resume *a, const struct resume *b)
{
    size_t bits = bits_bytes(a->piece_count);
    for (uint32_t i = 0; i < a->file_count; i++)
        if (a->files[i].state != b->files[i].state || a->files[i].size != b->files[i].size ||
            a->files[i].mtime_ns != b->files[i].mtime_ns)
            return false;
    /* A piece that is synced and was lost again cannot be; marks are not kept across a snapshot. */
    return memcmp(a->synced, b->synced, bits) == 0 && memcmp(a->proven, b->proven, bits) == 0 &&
           a->hash_rest == b->hash_rest && strcmp(a->boot_id, b->boot_id) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    /* The torrent that the corpus is about: 20 pieces, 3 files, infohash of twenty 'h'. */
    static const uint8_t hash[] = "hhhhhhhhhhhhhhhhhhhh";
    struct resume *r = resume_new(hash, 20, 3, "boot");
    struct why why = {0};
    if (resume_read(r, cur_of(bytes, n), &why) == OK) {
        struct buf out = {0};
        resume_write(r, &out);
        struct resume *again = resume_new(hash, 20, 3, "other");
        if (resume_read(again, buf_cur(&out), &why) != OK || again->torn || !same(r, again))
            abort();
        resume_free(again);
        buf_done(&out);
    } else if (why.text[0] == '\0') {
        abort();
    }
    resume_free(r);
    return 0;
}
