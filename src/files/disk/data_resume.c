#include "files/disk/data_resume.h"

#include "base/mem.h"
#include "crypto/sha256.h"
#include "files/meta/bits.h"

#include <string.h>

enum { CHECK_LEN = 4, FLAG_HASH_REST = 1 };

enum record {
    REC_PROVEN = 1, /* first:4 count:4 */
    REC_LOST,       /* piece:4 */
    REC_WRITING,    /* file:4 */
    REC_QUIET,      /* file:4 size:8 mtime_ns:8 */
    REC_MARK,
    REC_SYNCED,
    REC_UNSYNCED,
    REC_CHECKED,
};

struct resume *resume_new(const uint8_t infohash[SHA1_LEN], uint32_t piece_count,
                          uint32_t file_count, const char *boot_id)
{
    struct resume *r = MEM_NEW(struct resume);
    memcpy(r->infohash, infohash, SHA1_LEN);
    r->piece_count = piece_count;
    r->file_count = file_count;
    strncpy(r->boot_id, boot_id, RESUME_BOOT_MAX);
    r->proven = mem_zalloc(bits_bytes(piece_count));
    r->marked = mem_zalloc(bits_bytes(piece_count));
    r->synced = mem_zalloc(bits_bytes(piece_count));
    r->files = mem_array(file_count, sizeof *r->files);
    return r;
}

void resume_free(struct resume *r)
{
    if (!r)
        return;
    free(r->proven);
    free(r->marked);
    free(r->synced);
    free(r->files);
    free(r);
}

size_t resume_max(uint32_t piece_count, uint32_t file_count)
{
    /* A snapshot, and a few records for each piece and file. */
    return 1024 * 1024 + (size_t)piece_count * 64 + (size_t)file_count * 128;
}

/* --- what each record does ------------------------------------------------------------------ */

static void apply_proven(struct resume *r, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bits_set(r->proven, first + i);
}

static void apply_lost(struct resume *r, uint32_t piece)
{
    bits_clear(r->proven, piece);
    bits_clear(r->marked, piece);
    bits_clear(r->synced, piece);
}

static void apply_unsynced(struct resume *r)
{
    memcpy(r->proven, r->synced, bits_bytes(r->piece_count));
    memcpy(r->marked, r->synced, bits_bytes(r->piece_count));
    r->hash_rest = true;
}

static void copy_bits(struct resume *r, uint8_t *to, const uint8_t *from)
{
    memcpy(to, from, bits_bytes(r->piece_count));
}

/* --- writing -------------------------------------------------------------------------------- */

/* The check of everything from `from` (a place counted from the head) to the tail. */
static void put_check(struct buf *out, size_t from)
{
    uint8_t digest[SHA256_LEN];
    sha256(buf_bytes(out) + from, buf_len(out) - from, digest);
    buf_put(out, digest, CHECK_LEN);
}

static void put_record(struct buf *out, enum record type, struct cur body)
{
    size_t from = buf_len(out);
    buf_u8(out, (uint8_t)type);
    buf_put(out, body.p, body.n);
    put_check(out, from);
}

static void put_numbers(struct buf *out, enum record type, const uint32_t *v, size_t n)
{
    struct buf body = {0};
    for (size_t i = 0; i < n; i++)
        buf_be32(&body, v[i]);
    put_record(out, type, buf_cur(&body));
    buf_done(&body);
}

void resume_proven(struct resume *r, struct buf *out, uint32_t first, uint32_t count)
{
    apply_proven(r, first, count);
    put_numbers(out, REC_PROVEN, (uint32_t[]){first, count}, 2);
}

void resume_lost(struct resume *r, struct buf *out, uint32_t piece)
{
    apply_lost(r, piece);
    put_numbers(out, REC_LOST, &piece, 1);
}

void resume_writing(struct resume *r, struct buf *out, uint32_t file)
{
    r->files[file].state = RESUME_FILE_WRITING;
    put_numbers(out, REC_WRITING, &file, 1);
}

void resume_quiet(struct resume *r, struct buf *out, uint32_t file, uint64_t size, int64_t mtime_ns)
{
    r->files[file] = (struct resume_file){RESUME_FILE_QUIET, size, mtime_ns};
    struct buf body = {0};
    buf_be32(&body, file);
    buf_be64(&body, size);
    buf_be64(&body, (uint64_t)mtime_ns);
    put_record(out, REC_QUIET, buf_cur(&body));
    buf_done(&body);
}

void resume_mark(struct resume *r, struct buf *out)
{
    copy_bits(r, r->marked, r->proven);
    put_numbers(out, REC_MARK, NULL, 0);
}

void resume_synced(struct resume *r, struct buf *out)
{
    copy_bits(r, r->synced, r->marked);
    put_numbers(out, REC_SYNCED, NULL, 0);
}

void resume_unsynced(struct resume *r, struct buf *out)
{
    apply_unsynced(r);
    put_numbers(out, REC_UNSYNCED, NULL, 0);
}

void resume_checked(struct resume *r, struct buf *out)
{
    r->hash_rest = false;
    put_numbers(out, REC_CHECKED, NULL, 0);
}

/* Rows of pieces that are in `has` and not in `but`, as records. */
static void put_rows(const struct resume *r, const uint8_t *has, const uint8_t *but,
                     struct buf *out)
{
    uint32_t i = 0;
    while (i < r->piece_count) {
        uint32_t first = i;
        while (i < r->piece_count && bits_get(has, i) && !bits_get(but, i))
            i++;
        if (i > first)
            put_numbers(out, REC_PROVEN, (uint32_t[]){first, i - first}, 2);
        else
            i++;
    }
}

void resume_write(const struct resume *r, struct buf *out)
{
    size_t from = buf_len(out);
    size_t boot_len = strlen(r->boot_id);
    buf_str(out, "SHRS");
    buf_u8(out, RESUME_VERSION);
    buf_put(out, r->infohash, SHA1_LEN);
    buf_be32(out, r->piece_count);
    buf_be32(out, r->file_count);
    buf_u8(out, r->hash_rest ? FLAG_HASH_REST : 0);
    buf_u8(out, (uint8_t)boot_len);
    buf_put(out, r->boot_id, boot_len);
    buf_put(out, r->synced, bits_bytes(r->piece_count));
    for (uint32_t i = 0; i < r->file_count; i++) {
        buf_u8(out, (uint8_t)r->files[i].state);
        buf_be64(out, r->files[i].size);
        buf_be64(out, (uint64_t)r->files[i].mtime_ns);
    }
    put_check(out, from);
    /* What the mark covers, the mark, and the rest: a sync may be under way, and its record comes
     * behind this. */
    put_rows(r, r->marked, r->synced, out);
    if (memcmp(r->marked, r->synced, bits_bytes(r->piece_count)) != 0)
        put_numbers(out, REC_MARK, NULL, 0);
    put_rows(r, r->proven, r->marked, out);
}

/* --- reading -------------------------------------------------------------------------------- */

/* Whether the check at the front of *c is that of the bytes before it, which begin at *from. */
static bool check_is_right(struct cur *from, struct cur *c)
{
    struct cur covered = cur_take(from, from->n - c->n);
    struct cur check = cur_take(c, CHECK_LEN);
    if (covered.bad || check.bad)
        return false;
    uint8_t digest[SHA256_LEN];
    sha256(covered.p, covered.n, digest);
    return memcmp(digest, check.p, CHECK_LEN) == 0;
}

/* Counts and hashes must be ours before anything else is believed. */
static enum err read_identity(const struct resume *r, struct cur *c, struct why *why)
{
    struct cur magic = cur_take(c, 4);
    uint8_t version = cur_u8(c);
    struct cur hash = cur_take(c, SHA1_LEN);
    uint32_t pieces = cur_be32(c);
    uint32_t files = cur_be32(c);
    if (c->bad || memcmp(magic.p, "SHRS", 4) != 0)
        return why_set(why, ERR_INVALID, "resume file: not one");
    if (version != RESUME_VERSION)
        return why_set(why, ERR_INVALID, "resume file: version %u, only %u is known", version,
                       RESUME_VERSION);
    if (memcmp(hash.p, r->infohash, SHA1_LEN) != 0 || pieces != r->piece_count ||
        files != r->file_count)
        return why_set(why, ERR_INVALID, "resume file: of another torrent");
    return OK;
}

static void take_files(struct resume *r, struct cur table)
{
    for (uint32_t i = 0; i < r->file_count; i++) {
        uint8_t state = cur_u8(&table);
        r->files[i].state =
            state <= RESUME_FILE_WRITING ? (enum resume_file_state)state : RESUME_FILE_UNKNOWN;
        r->files[i].size = cur_be(&table, 8);
        r->files[i].mtime_ns = (int64_t)cur_be(&table, 8);
    }
}

static enum err read_snapshot(struct resume *r, struct cur *c, struct why *why)
{
    struct cur from = *c;
    enum err err = read_identity(r, c, why);
    if (err != OK)
        return err;
    uint8_t flags = cur_u8(c);
    uint8_t boot_len = cur_u8(c);
    struct cur boot = cur_take(c, boot_len);
    struct cur bits = cur_take(c, bits_bytes(r->piece_count));
    struct cur table = cur_take(c, (size_t)r->file_count * 17);
    if (c->bad || !check_is_right(&from, c) || boot_len > RESUME_BOOT_MAX ||
        !bits_spare_clear(bits.p, r->piece_count))
        return why_set(why, ERR_INVALID, "resume file: damaged");
    r->hash_rest = flags & FLAG_HASH_REST;
    memset(r->boot_id, 0, sizeof r->boot_id);
    if (boot_len > 0)
        memcpy(r->boot_id, boot.p, boot_len);
    if (bits.n > 0) {
        copy_bits(r, r->synced, bits.p);
        copy_bits(r, r->marked, bits.p);
        copy_bits(r, r->proven, bits.p);
    }
    take_files(r, table);
    return OK;
}

static const size_t body_len[] = {
    [REC_PROVEN] = 8, [REC_LOST] = 4,   [REC_WRITING] = 4,  [REC_QUIET] = 20,
    [REC_MARK] = 0,   [REC_SYNCED] = 0, [REC_UNSYNCED] = 0, [REC_CHECKED] = 0,
};

/* False when a number is out of range. */
static bool apply(struct resume *r, enum record type, struct cur body)
{
    uint32_t i = body.n > 0 ? cur_be32(&body) : 0;
    switch (type) {
    case REC_PROVEN: {
        uint32_t count = cur_be32(&body);
        if (i > r->piece_count || count > r->piece_count - i)
            return false;
        apply_proven(r, i, count);
        return true;
    }
    case REC_LOST:
        if (i >= r->piece_count)
            return false;
        apply_lost(r, i);
        return true;
    case REC_WRITING:
        if (i >= r->file_count)
            return false;
        r->files[i].state = RESUME_FILE_WRITING;
        return true;
    case REC_QUIET: {
        uint64_t size = cur_be(&body, 8);
        uint64_t mtime_ns = cur_be(&body, 8);
        if (i >= r->file_count)
            return false;
        r->files[i] = (struct resume_file){RESUME_FILE_QUIET, size, (int64_t)mtime_ns};
        return true;
    }
    case REC_MARK:
        copy_bits(r, r->marked, r->proven);
        return true;
    case REC_SYNCED:
        copy_bits(r, r->synced, r->marked);
        return true;
    case REC_UNSYNCED:
        apply_unsynced(r);
        return true;
    case REC_CHECKED:
        r->hash_rest = false;
        return true;
    }
    return false;
}

/* One record from the front of *c; false when it is not whole and right. */
static bool read_record(struct resume *r, struct cur *c)
{
    struct cur from = *c;
    uint8_t type = cur_u8(c);
    if (type < REC_PROVEN || type > REC_CHECKED)
        return false;
    struct cur body = cur_take(c, body_len[type]);
    return check_is_right(&from, c) && apply(r, (enum record)type, body);
}

enum err resume_read(struct resume *r, struct cur file, struct why *why)
{
    enum err err = read_snapshot(r, &file, why);
    if (err != OK)
        return err;
    while (file.n > 0 && !r->torn)
        r->torn = !read_record(r, &file);
    return OK;
}
