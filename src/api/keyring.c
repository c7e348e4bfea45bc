#include "api/keyring.h"

#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/hex.h"
#include "crypto/wipe.h"

#include <string.h>

enum { KEY_BYTES = 32, FILE_MAX = 64 * 1024, WAIT_FIRST_US = 1000000 };

struct secret {
    char text[KEYRING_KEY]; /* "" : a free place */
    enum guard_scope scope; /* of a token */
    uint64_t at_us;         /* when the code was made */
};

struct stranger {
    struct addr from; /* ADDR_NONE: a free place */
    unsigned strikes;
    uint64_t last_us;
};

struct keyring {
    keyring_random *random;
    void *random_arg;
    struct secret tokens[KEYRING_TOKENS_MAX];
    size_t token_count;
    struct secret codes[KEYRING_CODES_MAX];
    struct stranger strangers[KEYRING_STRANGERS_MAX];
};

static void random_key(struct keyring *k, char out[KEYRING_KEY])
{
    uint8_t bytes[KEY_BYTES];
    k->random(k->random_arg, bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, out);
    wipe(bytes, sizeof bytes);
}

/* ---- the token file ---- */

static const char *const scope_names[] = {NULL, "read", "write", "money"};

static enum guard_scope scope_of(const char *word, size_t n)
{
    for (size_t i = GUARD_READ; i <= GUARD_MONEY; i++)
        if (strlen(scope_names[i]) == n && memcmp(word, scope_names[i], n) == 0)
            return (enum guard_scope)i;
    return GUARD_NONE;
}

static enum err read_line(struct keyring *k, const char *line, size_t n, unsigned number,
                          const char *path, struct why *why)
{
    uint8_t bytes[KEY_BYTES];
    size_t word = 0;
    while (word < n && line[word] != ' ')
        word++;
    enum guard_scope scope = scope_of(line, word);
    if (scope == GUARD_NONE || word == n ||
        !hex_decode(line + word + 1, n - word - 1, bytes, sizeof bytes))
        return why_set(why, ERR_INVALID,
                       "%s line %u is not \"read|write|money TOKEN\" with 64 hex digits", path,
                       number);
    if (k->token_count == KEYRING_TOKENS_MAX)
        return why_set(why, ERR_LIMIT, "%s has more than %d tokens", path, KEYRING_TOKENS_MAX);
    struct secret *token = &k->tokens[k->token_count++];
    token->scope = scope;
    hex_encode(bytes, sizeof bytes, token->text);
    wipe(bytes, sizeof bytes);
    return OK;
}

static enum err read_file(struct keyring *k, const char *text, const char *path, struct why *why)
{
    unsigned number = 1;
    for (const char *line = text; *line; number++) {
        size_t n = strcspn(line, "\n");
        enum err e = OK;
        if (n > 0 && line[0] != '#')
            e = read_line(k, line, n, number, path, why);
        if (e != OK)
            return e;
        line += n + (line[n] == '\n');
    }
    return OK;
}

/* A file of fresh tokens, one for each scope. */
static enum err make_file(struct keyring *k, const struct vfs *v, const char *path, struct why *why)
{
    struct buf text = {0};
    buf_str(&text,
            "# Keys of this node's API, by what they may do.  Keep this file to yourself.\n");
    for (size_t i = GUARD_READ; i <= GUARD_MONEY; i++) {
        char key[KEYRING_KEY];
        random_key(k, key);
        buf_printf(&text, "%s %s\n", scope_names[i], key);
        wipe(key, sizeof key);
    }
    enum err e = vfs_replace(v, path, buf_bytes(&text), buf_len(&text), VFS_PRIVATE, why);
    wipe(buf_bytes(&text), buf_len(&text));
    buf_done(&text);
    return e;
}

static enum err load(struct keyring *k, const struct vfs *v, const char *path, struct why *why)
{
    struct buf text = {0};
    enum err e = vfs_read_all(v, path, FILE_MAX, &text, why);
    if (e == ERR_NOT_FOUND) {
        e = make_file(k, v, path, why);
        if (e == OK)
            e = vfs_read_all(v, path, FILE_MAX, &text, why);
    }
    if (e == OK) {
        char *whole = buf_take_str(&text);
        e = read_file(k, whole, path, why);
        wipe(whole, strlen(whole));
        free(whole);
    }
    buf_done(&text);
    return e;
}

struct keyring *keyring_open(const struct vfs *v, const char *path, keyring_random *random,
                             void *random_arg, struct why *why)
{
    struct keyring *k = MEM_NEW(struct keyring);
    k->random = random;
    k->random_arg = random_arg;
    if (path && load(k, v, path, why) != OK) {
        keyring_free(k);
        return NULL;
    }
    return k;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    wipe(k, sizeof *k);
    free(k);
}

/* ---- keys ---- */

/* The entry whose text is `key`, or NULL.  All are compared, in the same time. */
static struct secret *find(struct secret *table, size_t n, const char *key)
{
    struct secret *found = NULL;
    char padded[KEYRING_KEY] = "";
    bool fits = strlen(key) == KEYRING_KEY - 1;
    if (fits)
        memcpy(padded, key, KEYRING_KEY);
    for (size_t i = 0; i < n; i++) {
        bool same = equal_secret(table[i].text, padded, KEYRING_KEY);
        if (same && fits)
            found = &table[i];
    }
    return found;
}

/* A free place, or that of the oldest. */
static struct secret *place(struct secret *table, size_t n)
{
    struct secret *oldest = &table[0];
    for (size_t i = 0; i < n; i++) {
        if (table[i].text[0] == '\0')
            return &table[i];
        if (table[i].at_us < oldest->at_us)
            oldest = &table[i];
    }
    return oldest;
}

enum guard_scope keyring_token(const struct keyring *k, const char *token)
{
    struct secret *tokens = (struct secret *)k->tokens;
    const struct secret *s = find(tokens, k->token_count, token);
    return s ? s->scope : GUARD_NONE;
}

void keyring_code(struct keyring *k, uint64_t now_us, char code[KEYRING_KEY])
{
    struct secret *s = place(k->codes, KEYRING_CODES_MAX);
    random_key(k, s->text);
    s->at_us = now_us;
    memcpy(code, s->text, KEYRING_KEY);
}

bool keyring_login(struct keyring *k, const char *code, uint64_t now_us, char session[KEYRING_KEY])
{
    struct secret *c = find(k->codes, KEYRING_CODES_MAX, code);
    bool good = c && now_us - c->at_us <= KEYRING_CODE_US;
    if (c)
        wipe(c, sizeof *c); /* once */
    if (!good)
        return false;
    random_key(k, session);
    return true;
}

/* ---- wrong keys ---- */

static struct stranger *stranger_of(const struct keyring *k, const struct addr *from)
{
    struct stranger *all = (struct stranger *)k->strangers;
    for (size_t i = 0; i < KEYRING_STRANGERS_MAX; i++)
        if (all[i].from.family != ADDR_NONE && addr_same_ip(&all[i].from, from))
            return &all[i];
    return NULL;
}

static struct stranger *new_stranger(struct keyring *k, const struct addr *from)
{
    struct stranger *oldest = &k->strangers[0];
    for (size_t i = 0; i < KEYRING_STRANGERS_MAX; i++) {
        struct stranger *s = &k->strangers[i];
        if (s->from.family == ADDR_NONE || s->last_us < oldest->last_us)
            oldest = s;
        if (s->from.family == ADDR_NONE)
            break;
    }
    *oldest = (struct stranger){.from = *from};
    return oldest;
}

void keyring_strike(struct keyring *k, const struct addr *from, uint64_t now_us)
{
    struct stranger *s = stranger_of(k, from);
    if (!s)
        s = new_stranger(k, from);
    if (now_us - s->last_us > KEYRING_FORGET_US)
        s->strikes = 0;
    s->strikes++;
    s->last_us = now_us;
}

uint64_t keyring_wait_us(const struct keyring *k, const struct addr *from, uint64_t now_us)
{
    const struct stranger *s = stranger_of(k, from);
    if (!s || s->strikes < KEYRING_STRIKES)
        return 0;
    unsigned doublings = s->strikes - KEYRING_STRIKES;
    uint64_t wait = doublings < 10 ? (uint64_t)WAIT_FIRST_US << doublings : KEYRING_WAIT_MAX_US;
    if (wait > KEYRING_WAIT_MAX_US)
        wait = KEYRING_WAIT_MAX_US;
    uint64_t gone = now_us - s->last_us;
    return gone < wait ? wait - gone : 0;
}

void keyring_forgive(struct keyring *k, const struct addr *from)
{
    struct stranger *s = stranger_of(k, from);
    if (s)
        *s = (struct stranger){0};
}
