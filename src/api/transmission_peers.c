#include "api/transmission_fields_int.h"

#include <string.h>

static bool is_true(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

/* rpc-spec 3.3 has no list of these; Transmission's docs/Peer-Status-Text.md does. */
static void peer_flags(const json_t *peer, char out[12])
{
    const char *encrypted = text_in(peer, "encrypted"), *from = text_in(peer, "from");
    size_t n = 0;
    if (strcmp(text_in(peer, "transport"), "utp") == 0)
        out[n++] = 'T';
    if (is_true(peer, "we_want"))
        out[n++] = is_true(peer, "we_may") ? 'D' : 'd';
    else if (is_true(peer, "we_may"))
        out[n++] = 'K';
    if (is_true(peer, "it_wants"))
        out[n++] = is_true(peer, "it_may") ? 'U' : 'u';
    else if (is_true(peer, "it_may"))
        out[n++] = '?';
    if (strcmp(encrypted, "rc4") == 0)
        out[n++] = 'E';
    if (strcmp(from, "dht") == 0)
        out[n++] = 'H';
    if (strcmp(from, "pex") == 0)
        out[n++] = 'X';
    if (strcmp(from, "lsd") == 0)
        out[n++] = 'L';
    if (is_true(peer, "incoming"))
        out[n++] = 'I';
    out[n] = '\0';
}

/* "1.2.3.4:80" or "[::1]:80" taken apart; a port of 0 when there is none. */
static void split(const char *at, const char **host, size_t *n, json_int_t *port)
{
    const char *colon = strrchr(at, ':');
    *host = at;
    *n = colon ? (size_t)(colon - at) : strlen(at);
    *port = 0;
    for (const char *p = colon ? colon + 1 : ""; *p >= '0' && *p <= '9' && *port < 65536; p++)
        *port = *port * 10 + (*p - '0');
    if (*n > 2 && at[0] == '[' && at[*n - 1] == ']') {
        (*host)++;
        *n -= 2;
    }
}

static json_t *peer_entry(const json_t *peer, size_t i, const struct tfield_world *w)
{
    (void)i;
    (void)w;
    const char *host;
    size_t n;
    json_int_t port;
    char flags[12];
    split(text_in(peer, "addr"), &host, &n, &port);
    peer_flags(peer, flags);
    json_t *o = json_pack("{s:s%, s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "address", host, n, "port",
                          port, "flag_str", flags, "client_name", text_in(peer, "client"),
                          "rate_to_client", int_in(peer, "down_rate"), "rate_to_peer",
                          int_in(peer, "up_rate"), "bytes_to_client", int_in(peer, "downloaded"),
                          "bytes_to_peer", int_in(peer, "uploaded"));
    json_object_set_new(o, "progress",
                        json_real(json_number_value(json_object_get(peer, "progress"))));
    const struct {
        const char *name;
        bool on;
    } flag[] = {
        {"client_is_choked", !is_true(peer, "we_may")},
        {"client_is_interested", is_true(peer, "we_want")},
        {"peer_is_choked", !is_true(peer, "it_may")},
        {"peer_is_interested", is_true(peer, "it_wants")},
        {"is_downloading_from", is_true(peer, "we_want") && is_true(peer, "we_may")},
        {"is_uploading_to", is_true(peer, "it_wants") && is_true(peer, "it_may")},
        {"is_encrypted", strcmp(text_in(peer, "encrypted"), "rc4") == 0},
        {"is_incoming", is_true(peer, "incoming")},
        {"is_utp", strcmp(text_in(peer, "transport"), "utp") == 0},
    };
    for (size_t k = 0; k < sizeof flag / sizeof *flag; k++)
        json_object_set_new(o, flag[k].name, json_boolean(flag[k].on));
    return o;
}

json_t *tfield_peers(json_t *const *from, const struct tfield_world *w)
{
    return tfield_each(from[0], w, peer_entry);
}

/* from: {by_hand, tracker, ..}: how many are connected from where. */
json_t *tfield_peers_from(json_t *const *from, const struct tfield_world *w)
{
    (void)w;
    const json_t *o = from[0];
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "from_cache", int_in(o, "by_hand"),
                     "from_dht", int_in(o, "dht"), "from_incoming", int_in(o, "incoming"),
                     "from_lpd", int_in(o, "lsd"), "from_ltep", int_in(o, "itself"), "from_pex",
                     int_in(o, "pex"), "from_tracker", int_in(o, "tracker"));
}
