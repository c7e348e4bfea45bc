/* api/keyring.h - the keys of the API: tokens for programs, one-time codes for browsers.
 *
 * Tokens lie in a file (0600, made when absent), one a line: "write 64-hex-digits".  A scope holds
 * the smaller ones: read < write < money.  Lines that begin with # are comments.
 *
 * A browser cannot be given a token safely (it would lie in its history), so `shoal open` asks for
 * a one-time code over the Unix socket and opens /login?code=...; the code is worth one session
 * (api/logins.h), whose cookie is then the key.
 *
 * Wrong keys are counted by IP address; from the KEYRING_STRIKES-th on the address waits, twice as
 * long each time.  Comparisons take the same time whatever is compared.  Pure but for the file:
 * time and randomness are arguments.  One loop's. */
#ifndef SHOAL_API_KEYRING_H
#define SHOAL_API_KEYRING_H

#include "api/guard.h"
#include "net/addr.h"
#include "store/vfs.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    KEYRING_KEY = 65, /* 256 bits in hex and a NUL */
    KEYRING_TOKENS_MAX = 64,
    KEYRING_CODES_MAX = 8, /* unused codes; the oldest goes */
    KEYRING_STRIKES = 5,
    KEYRING_STRANGERS_MAX = 256, /* addresses with strikes; the oldest goes */
};
#define KEYRING_CODE_US (UINT64_C(300) * 1000000) /* a code is good for 5 minutes */
#define KEYRING_WAIT_MAX_US (UINT64_C(900) * 1000000)
#define KEYRING_FORGET_US (UINT64_C(3600) * 1000000) /* strikes, after the last */

struct keyring;

/* Fills with unpredictable bytes. */
typedef void keyring_random(void *arg, void *out, size_t n);

/* path NULL: no tokens.  ERR_INVALID names the line of the file that is wrong. */
struct keyring *keyring_open(const struct vfs *v, const char *path, keyring_random *random,
                             void *random_arg, struct why *why);
void keyring_free(struct keyring *k); /* keys are wiped; NULL: nothing */

/* What it is worth; GUARD_NONE for a wrong one. */
enum guard_scope keyring_token(const struct keyring *k, const char *token);

/* A new one-time code; a code used up, for the secret of a new session: false when it is not (or no
 * longer) one. */
void keyring_code(struct keyring *k, uint64_t now_us, char code[KEYRING_KEY]);
bool keyring_login(struct keyring *k, const char *code, uint64_t now_us, char session[KEYRING_KEY]);

/* A wrong key came from there; how long it must wait before its next is looked at; a right one did.
 * The port does not matter. */
void keyring_strike(struct keyring *k, const struct addr *from, uint64_t now_us);
uint64_t keyring_wait_us(const struct keyring *k, const struct addr *from, uint64_t now_us);
void keyring_forgive(struct keyring *k, const struct addr *from);

#endif
