/* What a person asks: file.send, file.receive, file.transfer ... */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "base/text.h"
#include "host/trust.h"

#include <stdlib.h>
#include <string.h>

/* --- how it is shown ----------------------------------------------------------------------------
 */

static json_t *code_json(const struct hand_code *c)
{
    char text[HAND_CODE_TEXT];
    return c->nameplate ? json_string(hand_code_format(c, text)) : json_null();
}

static void add_peer(json_t *row, const struct hands *h, const struct peer_id *peer)
{
    char id[PEER_ID_FORMAT];
    if (peer->len > 0)
        json_object_set_new(row, "peer", json_string(peer_id_format(peer, id)));
    else
        json_object_set_new(row, "peer", json_null());
    json_object_set_new(row, "peer_name", json_string(trust_name(host_trust(h->host), peer)));
}

/* done: bytes; left: that are still to go, at this rate. */
static void add_pace(json_t *row, uint64_t done, uint64_t left, uint64_t rate)
{
    json_object_set_new(row, "done", json_integer((json_int_t)done));
    json_object_set_new(row, "rate", json_integer((json_int_t)rate));
    json_object_set_new(row, "eta_s",
                        rate && left ? json_integer((json_int_t)(left / rate)) : json_null());
}

static json_t *name_json(const char *bytes)
{
    struct buf b = {0};
    json_t *plain = json_string(bytes);
    if (plain)
        return plain;
    for (; *bytes; bytes++) /* a name of our own disk need not be UTF-8 */
        buf_u8(&b, (unsigned char)*bytes < 0x80 ? (uint8_t)*bytes : '?');
    char *text = buf_take_str(&b);
    json_t *j = json_string(text);
    free(text);
    return j;
}

json_t *give_json(struct give *g)
{
    uint64_t rate = g->serve ? hand_pace_rate(&g->pace, loop_now_us(g->h->loop)) : 0;
    bool waits = g->phase == HAND_RUNNING && !g->serve;
    const char *reason = g->phase == HAND_ENDED ? g->why.text
                         : waits ? "the other side is away; it goes on when it is back"
                                 : "";
    json_t *row = json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:i, s:s}", "id",
                            g->id, "direction", "send", "code", code_json(&g->code), "state",
                            hand_phase_word(g->phase), "reason", reason, "name", name_json(g->name),
                            "path", name_json(g->path), "size", (json_int_t)g->size, "files",
                            (json_int_t)g->files, "left_out", (json_int_t)g->left_out, "guesses",
                            (int)g->state.guesses, "until", text_rfc3339(g->state.until_us).s);
    json_object_set_new(row, "error",
                        g->phase == HAND_ENDED ? json_string(err_name(g->why.code)) : json_null());
    add_peer(row, g->h, &g->state.peer);
    add_pace(row, g->sent, g->size - g->sent, rate);
    return row;
}

json_t *get_json(struct get *g)
{
    uint64_t rate = g->fetch && g->phase == HAND_RUNNING
                        ? hand_pace_rate(&g->pace, loop_now_us(g->h->loop))
                        : 0;
    json_t *row =
        json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id", g->id, "direction",
                  "receive", "code", code_json(&g->code), "state", hand_phase_word(g->phase),
                  "reason", g->why.code ? g->why.text : "", "name", g->name ? g->name : "", "dir",
                  g->dir, "path", g->phase == HAND_DONE ? g->path : "", "size", (json_int_t)g->size,
                  "files", (json_int_t)g->files);
    json_object_set_new(row, "error",
                        g->phase == HAND_ENDED ? json_string(err_name(g->why.code)) : json_null());
    json_object_set_new(row, "asked", json_integer(g->seek ? (json_int_t)seek_asked(g->seek) : 0));
    add_peer(row, g->h, &g->peer);
    add_pace(row, g->have, g->size - g->have, rate);
    return row;
}

/* --- giving -------------------------------------------------------------------------------------
 */

/* A call of file.send whose files are being looked at. */
struct sending {
    struct link link; /* in hands.walks */
    struct hands *h;
    struct call *call;
    struct hand_walk *walk;
    char *path;
};

static struct call *sending_done(struct sending *s)
{
    struct call *c = s->call;
    list_drop(&s->link);
    free(s->path);
    free(s);
    return c;
}

void hands_walks_done(struct hands *h)
{
    LIST_EACH(&h->walks, struct sending, s, link) {
        hand_walk_cancel(s->walk);
        call_failf(sending_done(s), "file.stopped", ERR_STATE, NULL, "the node stops");
    }
}

static bool is_on(const struct hands *h, struct call *c)
{
    if (!h)
        call_failf(c, "file.no_overlay", ERR_STATE, "shoal config set host.enabled on",
                   "files go from hand to hand over the overlay, which is off");
    return h != NULL;
}

static bool may_send(const struct hands *h, struct call *c)
{
    if (gives_open(h) < HANDS_CODES_MAX)
        return true;
    call_failf(c, "file.too_many_codes", ERR_LIMIT,
               "shoal file transfer ls; shoal file transfer "
               "cancel CODE",
               "%d offers stand already", HANDS_CODES_MAX);
    return false;
}

static void on_walked(void *arg, struct hand_source *source, size_t left_out, const struct why *why)
{
    struct sending *s = arg;
    struct hands *h = s->h;
    struct why mine;
    char *path = mem_strdup(s->path);
    struct call *c = sending_done(s);
    if (!source) {
        call_fail(c, "file.not_offered", why,
                  why->code == ERR_LIMIT ? "shoal share PATH has no such limit" : NULL);
    } else if (!may_send(h, c)) {
        hand_source_free(source);
    } else {
        struct give *g = give_new(h, source, path, left_out, &mine);
        if (g)
            call_ok(c, give_json(g));
        else
            call_fail(c, "file.not_kept", &mine, "see shoal doctor for the data folder");
    }
    free(path);
}

void hands_send(struct hands *h, struct call *c)
{
    if (!is_on(h, c) || !may_send(h, c))
        return;
    struct sending *s = MEM_NEW(struct sending);
    size_t n = strlen(call_text(c, "path"));
    s->h = h;
    s->call = c;
    s->path = mem_strdup(call_text(c, "path"));
    while (n > 1 && s->path[n - 1] == '/')
        s->path[--n] = 0;
    list_push(&h->walks, &s->link);
    s->walk = hand_walk_start(h->loop, h->cfg.env->vfs, s->path, on_walked, s);
}

/* --- getting ------------------------------------------------------------------------------------
 */

void hands_receive(struct hands *h, struct call *c)
{
    struct hand_code code;
    struct peer_id only = {0};
    struct why why;
    if (!is_on(h, c))
        return;
    if (hand_code_parse(&code, call_text(c, "code"), &why) != OK) {
        call_fail(c, "file.bad_code", &why, "ask for the code again");
        return;
    }
    if (call_text(c, "from") && host_find_peer(h->host, call_text(c, "from"), &only, &why) != OK) {
        call_fail(c, "peer.not_found", &why, "shoal peer ls");
        return;
    }
    if (gets_open(h) >= HANDS_GETS_MAX) {
        call_failf(c, "file.too_many_transfers", ERR_LIMIT, "shoal file transfer ls",
                   "%d are under way already", HANDS_GETS_MAX);
        return;
    }
    const char *dir = call_text(c, "to") ? call_text(c, "to") : h->cfg.dir(h->cfg.arg);
    call_ok(c, get_json(get_new(h, &code, &only, dir, call_bool(c, "accept"))));
}

/* --- both ---------------------------------------------------------------------------------------
 */

static struct give *give_named(const struct hands *h, const char *text)
{
    struct hand_code code;
    if (hand_code_parse(&code, text, NULL) == OK)
        LIST_EACH(&h->gives, struct give, g, link)
            if (g->code.nameplate == code.nameplate && g->code.first == code.first &&
                g->code.second == code.second)
                return g;
    return give_find(h, text);
}

static void none(struct call *c)
{
    call_failf(c, "file.no_transfer", ERR_NOT_FOUND, "shoal file transfer ls",
               "nothing goes from hand to hand as %s", call_text(c, "id"));
}

void hands_ls(struct hands *h, struct call *c)
{
    json_t *rows = json_array();
    if (h) {
        LIST_EACH(&h->gives, struct give, g, link)
            json_array_append_new(rows, give_json(g));
        LIST_EACH(&h->gets, struct get, g, link)
            json_array_append_new(rows, get_json(g));
    }
    call_ok(c, rows);
}

void hands_show(struct hands *h, struct call *c)
{
    struct give *give = h ? give_named(h, call_text(c, "id")) : NULL;
    struct get *get = h ? get_find(h, call_text(c, "id")) : NULL;
    if (give)
        call_ok(c, give_json(give));
    else if (get)
        call_ok(c, get_json(get));
    else
        none(c);
}

void hands_accept(struct hands *h, struct call *c)
{
    struct get *g = h ? get_find(h, call_text(c, "id")) : NULL;
    struct why why;
    if (!g)
        none(c);
    else if (g->phase != HAND_OFFERED)
        call_failf(c, "file.not_offered", ERR_STATE, "shoal file transfer ls", "%s is %s", g->id,
                   hand_phase_word(g->phase));
    else if (get_accept(g, &why) != OK)
        call_fail(c, "file.not_accepted", &why, NULL);
    else
        call_ok(c, get_json(g));
}

void hands_cancel(struct hands *h, struct call *c)
{
    struct give *give = h ? give_named(h, call_text(c, "id")) : NULL;
    struct get *get = h ? get_find(h, call_text(c, "id")) : NULL;
    struct why why;
    if (give && give->source) {
        why_set(&why, ERR_DENIED, "ended by who offered it");
        give_over(give, &why);
    } else if (get && get->phase != HAND_DONE && get->phase != HAND_ENDED) {
        get_cancel(get);
    } else if (!give && !get) {
        none(c);
        return;
    }
    call_ok(c, give ? give_json(give) : get_json(get));
}
