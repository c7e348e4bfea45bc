#include "files/disk/data_judge.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

static bool as_we_left_it(const struct resume_file *was, const struct judge_file *now,
                          int64_t resume_mtime_ns)
{
    if (!now->there)
        return false;
    switch (was->state) {
    case RESUME_FILE_UNKNOWN:
        return false;
    case RESUME_FILE_QUIET:
        return now->size == was->size && now->mtime_ns == was->mtime_ns;
    case RESUME_FILE_WRITING:
        return now->mtime_ns <= resume_mtime_ns ||
               now->mtime_ns - resume_mtime_ns <= JUDGE_SLACK_NS;
    }
    return false;
}

enum verdict { HAVE, CHECK, MISSING };

static enum verdict verdict(const struct resume *r, const struct judge_case *c, const bool *ours,
                            bool hash_rest, uint32_t piece)
{
    bool all_ours = true;
    struct layout_span s;
    for (struct layout_walk w = layout_walk(c->layout, layout_piece_at(c->layout, piece),
                                            layout_piece_len(c->layout, piece));
         layout_next(&w, &s);) {
        if (s.pad || (!c->now[s.file].there && c->parted && bits_get(c->parted, piece)))
            continue;
        if (!c->now[s.file].there || s.at + s.len > c->now[s.file].size)
            return MISSING;
        all_ours = all_ours && ours[s.file];
    }
    const uint8_t *believed = c->same_boot ? r->proven : r->synced;
    if (c->hash_all || !all_ours)
        return CHECK;
    if (bits_get(believed, piece))
        return HAVE;
    return hash_rest || bits_get(r->proven, piece) ? CHECK : MISSING;
}

uint32_t judge(struct resume *r, const struct judge_case *c, uint8_t *check)
{
    bool *ours = mem_array(r->file_count, sizeof *ours);
    for (uint32_t i = 0; i < r->file_count; i++)
        ours[i] = as_we_left_it(&r->files[i], &c->now[i], c->resume_mtime_ns);
    bool hash_rest = r->hash_rest || r->torn;
    uint32_t to_check = 0;
    for (uint32_t p = 0; p < r->piece_count; p++) {
        switch (verdict(r, c, ours, hash_rest, p)) {
        case HAVE: /* and synced, if it was */
            bits_set(r->proven, p);
            continue;
        case CHECK:
            bits_set(check, p);
            to_check++;
            break;
        case MISSING:
            break;
        }
        bits_clear(r->proven, p);
        bits_clear(r->synced, p);
    }
    memcpy(r->marked, r->synced, bits_bytes(r->piece_count));
    for (uint32_t i = 0; i < r->file_count; i++)
        r->files[i] = c->now[i].there ? (struct resume_file){RESUME_FILE_QUIET, c->now[i].size,
                                                             c->now[i].mtime_ns}
                                      : (struct resume_file){0};
    r->hash_rest = to_check > 0;
    r->torn = false;
    free(ours);
    return to_check;
}
