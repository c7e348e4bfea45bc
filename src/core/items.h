/* core/items.h - small values in a table that a crowd keeps, each under the key of who signed it.
 *
 * A port: the files app has such a table (the Mainline DHT, BEP 44), the overlay wants one, and the
 * node joins the two.  Operations end by their callback, once, from the loop; then the handle is
 * dead.  The salt tells one value of a key from another. */
#ifndef SHOAL_CORE_ITEMS_H
#define SHOAL_CORE_ITEMS_H

#include "base/cur.h"
#include "base/err.h"
#include "core/keys.h"

enum { ITEMS_VALUE_MAX = 996 }; /* bytes: 1000 with the length that BEP 44 has before them */

struct items_op;
/* value: the newest that was found, rightly signed by the key; of no p: none, and why. */
typedef void items_got_cb(void *arg, struct cur value, int64_t seq, const struct why *why);
/* stored: by so many nodes; 0: by none, and why. */
typedef void items_put_cb(void *arg, size_t stored, const struct why *why);

struct items_port {
    void *app; /* NULL: there is no such table */
    /* NULL and a reason: it is switched off. */
    struct items_op *(*get)(void *app, const uint8_t key[KEYS_PUB_LEN], const char *salt,
                            items_got_cb *cb, void *arg, struct why *why);
    /* Under our own key; forgotten after two hours.  seq: greater than of those before. */
    struct items_op *(*put)(void *app, const char *salt, struct cur value, int64_t seq,
                            items_put_cb *cb, void *arg, struct why *why);
    void (*cancel)(struct items_op *op); /* NULL: nothing */
};

#endif
