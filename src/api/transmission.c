#include "api/transmission.h"

#include "api/guard.h"
#include "api/reply.h"
#include "api/transmission_int.h"
#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/hex.h"

#include <stdio.h>
#include <string.h>

static void on_reply(void *arg, const char *reply, size_t n)
{
    if (reply)
        reply_text(arg, 200, "application/json", reply, n, NULL);
    else /* rpc-spec 2.2: "For JSON-RPC 2.0 notifications, HTTP 204 will be returned." */
        reply_text(arg, 204, "application/json", "", 0, NULL);
}

static void on_gone(void *arg)
{
    transmission_drop(arg);
}

/* The session id is no secret from the client, but a form of another site cannot send it: a second
 * lock, beside Origin (rpc-spec 2.2.1, "CSRF protection"). */
static bool has_session(const struct transmission *t, struct httpd_call *c)
{
    const char *id = httpd_header(c, "X-Transmission-Session-Id");
    return id && strlen(id) == sizeof t->session - 1 &&
           equal_secret(id, t->session, sizeof t->session - 1);
}

/* Both headers of one answer; the version tells clients which dialects there are (rpc-spec 5). */
static void refuse_session(const struct transmission *t, struct httpd_call *c)
{
    char header[120 + TRANSMISSION_SESSION_ID];
    snprintf(header, sizeof header,
             "X-Transmission-Session-Id: %s\nX-Transmission-Rpc-Version: 6.0.0", t->session);
    reply_problem(c, 409, "transmission.session", "the request does not carry the session id",
                  "send it again with the X-Transmission-Session-Id of this answer", header);
}

void transmission_serve(struct transmission *t, struct httpd_call *c)
{
    if (!has_session(t, c)) {
        refuse_session(t, c);
        return;
    }
    if (strcmp(httpd_method(c), "POST") != 0) {
        reply_problem(c, 405, "api.method_not_allowed", "requests are sent by POST", NULL,
                      "Allow: POST");
        return;
    }
    struct ask *a = transmission_ask(t, httpd_body(c), on_reply, c);
    if (a)
        httpd_on_gone(c, on_gone, a);
}
