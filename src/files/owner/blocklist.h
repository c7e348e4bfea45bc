/* files/owner/blocklist.h - what the owner will not hold: torrents by infohash, and by who signed
 * them.
 *
 * A text, one entry a line: an infohash in hex (40 digits: v1; 64: v2), or "signer:" and an
 * Ed25519 public key (64 digits, or as a peer id, "12D3KooW...").  What follows behind a blank is a
 * remark; '#' begins a comment. Lines that are none of these are counted and passed over; a text of
 * such lines only is refused.
 *
 * Immutable; a question is a binary search. */
#ifndef SHOAL_FILES_OWNER_BLOCKLIST_H
#define SHOAL_FILES_OWNER_BLOCKLIST_H

#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BLOCKLIST_TEXT_MAX = 64 * 1024 * 1024, /* bytes of a list */
    BLOCKLIST_ENTRIES_MAX = 1000 * 1000,
};

enum block_kind { BLOCK_V1, BLOCK_V2, BLOCK_SIGNER };

/* One thing that is blocked. */
struct block {
    enum block_kind kind;
    uint8_t key[32]; /* BLOCK_V1: the first 20, the rest zero */
};
enum { BLOCK_TEXT = 80 };

/* What a person or a line names; false: neither an infohash nor a signer. */
bool block_parse(struct cur text, struct block *out);
const char *block_format(const struct block *b, char text[BLOCK_TEXT]);
/* Of 20 or 32 bytes. */
struct block block_of(enum block_kind kind, const uint8_t *key);

struct blocklist;
/* NULL: ERR_LIMIT, or ERR_INVALID where nothing of it is an entry. */
struct blocklist *blocklist_parse(struct cur text, struct why *why);
void blocklist_free(struct blocklist *l); /* NULL: nothing */

/* The line (from 1) that says so; 0: none.  NULL list: none. */
size_t blocklist_line(const struct blocklist *l, const struct block *b);
size_t blocklist_count(const struct blocklist *l);
size_t blocklist_skipped(const struct blocklist *l);

#endif
