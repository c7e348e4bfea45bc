#include "files/owner/blocklist.h"

#include "base/mem.h"
#include "crypto/base58.h"
#include "crypto/hex.h"

#include <string.h>

enum { FIRST_ROOM = 256, V1_LEN = 20, KEY_LEN = 32 };

static const char signer[] = "signer:";

struct entry {
    struct block block;
    uint32_t line;
};

struct blocklist {
    struct entry *entries; /* sorted, each block once */
    size_t n, room, skipped;
};

struct block block_of(enum block_kind kind, const uint8_t *key)
{
    struct block b = {.kind = kind};
    memcpy(b.key, key, kind == BLOCK_V1 ? V1_LEN : KEY_LEN);
    return b;
}

/* A peer id is the libp2p multihash of its key: identity, 36 bytes, protobuf {Ed25519, 32 bytes}.
 */
static bool read_peer_id(struct cur text, uint8_t key[KEY_LEN])
{
    static const uint8_t head[] = {0x00, 4 + KEY_LEN, 0x08, 0x01, 0x12, KEY_LEN};
    uint8_t id[sizeof head + KEY_LEN];
    size_t n;
    if (text.n > BLOCK_TEXT || !base58_decode((const char *)text.p, text.n, id, sizeof id, &n) ||
        n != sizeof id || memcmp(id, head, sizeof head) != 0)
        return false;
    memcpy(key, id + sizeof head, KEY_LEN);
    return true;
}

bool block_parse(struct cur text, struct block *out)
{
    size_t prefix = sizeof signer - 1;
    *out = (struct block){.kind = BLOCK_V1};
    if (text.n > prefix && strncasecmp((const char *)text.p, signer, prefix) == 0) {
        cur_take(&text, prefix);
        out->kind = BLOCK_SIGNER;
        if (read_peer_id(text, out->key))
            return true;
    } else if (text.n == 2 * KEY_LEN) {
        out->kind = BLOCK_V2;
    }
    size_t len = out->kind == BLOCK_V1 ? V1_LEN : KEY_LEN;
    return text.n == 2 * len && hex_decode((const char *)text.p, text.n, out->key, len);
}

const char *block_format(const struct block *b, char text[BLOCK_TEXT])
{
    size_t at = b->kind == BLOCK_SIGNER ? sizeof signer - 1 : 0;
    memcpy(text, signer, at);
    hex_encode(b->key, b->kind == BLOCK_V1 ? V1_LEN : KEY_LEN, text + at);
    return text;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == ',';
}

/* The first word of a line; empty for a comment. */
static struct cur first_word(struct cur line)
{
    size_t n = 0;
    while (line.n > 0 && is_blank(line.p[0]))
        cur_take(&line, 1);
    while (n < line.n && !is_blank(line.p[n]) && line.p[n] != '#')
        n++;
    return cur_take(&line, n);
}

static struct cur take_line(struct cur *text)
{
    const uint8_t *end = memchr(text->p, '\n', text->n);
    struct cur line = cur_take(text, end ? (size_t)(end - text->p) : text->n);
    cur_take(text, end ? 1 : 0);
    return line;
}

static int compare(const struct block *a, const struct block *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return memcmp(a->key, b->key, KEY_LEN);
}

static int by_block(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int order = compare(&a->block, &b->block);
    if (order != 0)
        return order;
    return a->line < b->line ? -1 : a->line > b->line;
}

static void put(struct blocklist *l, const struct block *b, size_t line)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : FIRST_ROOM;
        l->entries = mem_realloc(l->entries, l->room * sizeof *l->entries);
    }
    l->entries[l->n++] = (struct entry){*b, (uint32_t)line};
}

/* Of equal ones the first line stays. */
static void sort(struct blocklist *l)
{
    size_t kept = 0;
    if (l->n > 0)
        qsort(l->entries, l->n, sizeof *l->entries, by_block);
    for (size_t i = 0; i < l->n; i++)
        if (kept == 0 || compare(&l->entries[kept - 1].block, &l->entries[i].block) != 0)
            l->entries[kept++] = l->entries[i];
    l->n = kept;
}

struct blocklist *blocklist_parse(struct cur text, struct why *why)
{
    struct blocklist *l = MEM_NEW(struct blocklist);
    enum err err = OK;
    if (text.n > BLOCKLIST_TEXT_MAX)
        err = why_set(why, ERR_LIMIT, "a list of %zu bytes, at most %d are read", text.n,
                      BLOCKLIST_TEXT_MAX);
    if (err == OK && text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        cur_take(&text, 3); /* a byte order mark */
    for (size_t line = 1; err == OK && text.n > 0; line++) {
        struct block b;
        struct cur word = first_word(take_line(&text));
        if (word.n > 0 && block_parse(word, &b))
            put(l, &b, line);
        else
            l->skipped += word.n > 0;
        if (l->n > BLOCKLIST_ENTRIES_MAX)
            err = why_set(why, ERR_LIMIT, "more than %d entries", BLOCKLIST_ENTRIES_MAX);
    }
    if (err == OK && l->n == 0 && l->skipped > 0)
        err = why_set(why, ERR_INVALID, "no line of it is an infohash or a signer");
    if (err != OK) {
        blocklist_free(l);
        return NULL;
    }
    sort(l);
    return l;
}

void blocklist_free(struct blocklist *l)
{
    if (!l)
        return;
    free(l->entries);
    free(l);
}

size_t blocklist_line(const struct blocklist *l, const struct block *b)
{
    size_t low = 0;
    for (size_t high = l ? l->n : 0; low < high;) { /* the first that is not before b */
        size_t middle = low + (high - low) / 2;
        if (compare(&l->entries[middle].block, b) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return l && low < l->n && compare(&l->entries[low].block, b) == 0 ? l->entries[low].line : 0;
}

size_t blocklist_count(const struct blocklist *l)
{
    return l ? l->n : 0;
}

size_t blocklist_skipped(const struct blocklist *l)
{
    return l->skipped;
}
