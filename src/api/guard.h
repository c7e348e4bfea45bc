/* api/guard.h - may this request be answered at all?
 *
 * One pure decision over the facts of a request: which door it came through, what it says it is and
 * which key it showed.  Everything that a web page in the owner's browser can do to a server on his
 * own machine is refused here, before a route is looked at:
 *
 *   DNS rebinding       Host must be localhost, 127.0.0.1, [::1] or the very loopback address
 *                       that we listen on, with our port: 421
 *   cross-site requests Origin must be absent or our own, on every method, and so on upgrades: 403
 *   cross-site forms    what changes something must be application/json, which no form sends: 415
 *   no key, wrong key   a bearer token, a session cookie, or (Transmission RPC) a password: 401
 *   guessing            GUARD_STRIKES wrong keys slow the address down: 429 (api/keyring.h)
 *   too small a key     read, write and money are separate scopes: 403
 *
 * The Unix socket is trusted by its peer's uid, which only the kernel can say.  Nothing is ever
 * answered with a CORS header.  RELIABILITY "Local interfaces". */
#ifndef SHOAL_API_GUARD_H
#define SHOAL_API_GUARD_H

#include <stdbool.h>
#include <stdint.h>

enum guard_scope { GUARD_NONE, GUARD_READ, GUARD_WRITE, GUARD_MONEY };

/* What kind of thing is asked for. */
enum guard_face {
    GUARD_OPEN,         /* /healthz, /login, /: without a key */
    GUARD_API,          /* /api/v1/, /metrics */
    GUARD_TRANSMISSION, /* its clients send no content type, but a session id that no form can */
};

struct guard_facts {
    enum guard_face face;
    const char *method;
    const char *host, *origin, *content_type; /* NULL: absent */
    bool has_body;

    bool is_unix;
    unsigned peer_uid, our_uid;
    uint16_t port;        /* ours, on TCP */
    const char *own_host; /* the address we listen on, "127.0.0.5"; NULL: none but the usual */

    bool auth_off;          /* api.auth=off: only where we listen on loopback */
    enum guard_scope shown; /* what the key is worth; GUARD_NONE: none shown, or a wrong one */
    bool shown_wrong;
    uint64_t wait_us; /* > 0: this address must wait so long before it may show a key */

    enum guard_scope needed; /* by the route */
};

struct guard_verdict {
    unsigned status;    /* 0: allowed */
    const char *code;   /* stable: "api.host" */
    const char *reason; /* a sentence */
    const char *next;
};

/* Source first, then key, then content type: the first that fails answers. */
struct guard_verdict guard_decide(const struct guard_facts *f);

/* GET, HEAD and OPTIONS change nothing (RFC 9110 section 9.2.1). */
bool guard_is_safe(const char *method);

/* The headers that go with every reply, NULL-terminated.  api: no-store as well. */
const char *const *guard_headers(bool api);

#endif
