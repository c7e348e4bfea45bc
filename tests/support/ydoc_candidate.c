/* Our engine behind the line protocol of the Yjs compatibility cases: one command a line on stdin,
 * one answer a line.  For tests; PROTOCOL.md beside the cases says what each command means. */
#include "base/buf.h"
#include "base/mem.h"
#include "ydoc/awareness.h"
#include "ydoc/doc.h"
#include "ydoc/lib0.h"
#include "ydoc/sync.h"
#include "ydoc/update.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 4 /* of a command that is not `merge` */

struct session {
    struct ydoc *doc;
    struct awareness *aware;
    bool batch, quiet;
    char *word[WORDS]; /* the command and its arguments ... */
    char *rest[WORDS]; /* ... and the line from each on */
    struct buf out;
    struct why why;
};

static void fresh(struct session *s, uint64_t client, bool gc)
{
    ydoc_free(s->doc);
    awareness_free(s->aware);
    s->doc = ydoc_new(client, gc, 1);
    s->aware = awareness_new(1);
    s->batch = false;
}

static void put_hex(struct buf *out, struct cur bytes)
{
    if (bytes.n == 0)
        buf_u8(out, '-');
    while (bytes.n > 0)
        buf_printf(out, "%02x", cur_u8(&bytes));
}

static void unhex(const char *hex, struct buf *out)
{
    unsigned byte;
    int used;
    for (; sscanf(hex, "%2x%n", &byte, &used) == 1 && used == 2; hex += 2)
        buf_u8(out, (uint8_t)byte);
}

/* ---- values ---- */

/* The tags for what JSON lacks. */
static bool put_tagged(json_t *v, struct buf *out)
{
    json_t *x;
    if ((x = json_object_get(v, "$undef"))) {
        buf_u8(out, ANY_UNDEFINED);
    } else if ((x = json_object_get(v, "$big"))) {
        buf_u8(out, ANY_BIGINT);
        buf_be64(out, (uint64_t)strtoll(json_string_value(x), NULL, 10));
    } else if ((x = json_object_get(v, "$num"))) {
        any_put_number(out, strtod(json_string_value(x), NULL));
    } else if ((x = json_object_get(v, "$bin"))) {
        struct buf bytes = {0};
        unhex(json_string_value(x), &bytes);
        buf_u8(out, ANY_BYTES);
        lib0_put_bytes(out, buf_bytes(&bytes), buf_len(&bytes));
        buf_done(&bytes);
    } else {
        return false;
    }
    return true;
}

static void put_value(json_t *v, struct buf *out)
{
    const char *key;
    json_t *x;
    size_t i;
    if (json_is_object(v) && put_tagged(v, out))
        return;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        any_put_head(out, ANY_OBJECT, json_object_size(v));
        json_object_foreach(v, key, x) {
            lib0_put_bytes(out, key, strlen(key));
            put_value(x, out);
        }
        break;
    case JSON_ARRAY:
        any_put_head(out, ANY_ARRAY, json_array_size(v));
        json_array_foreach(v, i, x)
            put_value(x, out);
        break;
    case JSON_STRING:
        any_put_text(out, json_string_value(v), json_string_length(v));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        any_put_number(out, json_number_value(v));
        break;
    case JSON_TRUE:
        buf_u8(out, ANY_TRUE);
        break;
    case JSON_FALSE:
        buf_u8(out, ANY_FALSE);
        break;
    case JSON_NULL:
        buf_u8(out, ANY_NULL);
        break;
    }
}

/* The JSON argument; lone halves of pairs become U+FFFD, as everywhere (ydoc/any.h). */
static json_t *load(const char *text)
{
    struct buf any = {0}, again = {0};
    json_t *v = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!v && any_from_json(text, strlen(text), &any, NULL) == OK) {
        struct cur c = buf_cur(&any);
        any_json(&c, ANY_STRINGIFY, &again);
        v = json_loadb((const char *)buf_bytes(&again), buf_len(&again),
                       JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    }
    buf_done(&any);
    buf_done(&again);
    return v;
}

/* ---- commands ---- */

static enum err edit_text(struct session *s, const char *root, uint64_t pos, json_t *v)
{
    struct buf value = {0}, attrs = {0};
    json_t *what = json_is_array(v) ? json_array_get(v, 0) : v;
    struct cur at = {0};
    if (json_is_array(v)) {
        if (json_array_get(v, 1) && json_is_object(json_array_get(v, 1)))
            put_value(json_array_get(v, 1), &attrs);
        else
            any_put_head(&attrs, ANY_OBJECT, 0);
        at = buf_cur(&attrs);
    }
    enum err e;
    if (json_is_string(what) && strcmp(s->word[0], "embed") != 0) {
        e = ytext_insert(s->doc, root, pos, json_string_value(what), json_string_length(what),
                         json_is_array(v) ? &at : NULL, &s->why);
    } else {
        put_value(what, &value);
        e = ytext_embed(s->doc, root, pos, buf_cur(&value), &at, &s->why);
    }
    buf_done(&value);
    buf_done(&attrs);
    return e;
}

static enum err edit(struct session *s)
{
    const char *c = s->word[0], *root = s->word[1];
    uint64_t pos = s->word[2] ? strtoull(s->word[2], NULL, 10) : 0;
    bool counted = strcmp(c, "delete") == 0 || strcmp(c, "adel") == 0;
    int at = strcmp(c, "format") == 0 ? 4 : strncmp(c, "m", 1) == 0 ? 2 : 3;
    char *text = at == 4 ? strchr(s->rest[3], ' ') + 1 : s->rest[at];
    uint64_t n = s->word[3] ? strtoull(s->word[3], NULL, 10) : 0;
    json_t *v = counted ? NULL : load(text);
    struct buf value = {0};
    enum err e = OK;
    if (strcmp(c, "delete") == 0) {
        ytext_delete(s->doc, root, pos, n);
    } else if (strcmp(c, "adel") == 0) {
        yarray_delete(s->doc, root, pos, n);
    } else if (!v) {
        e = why_set(&s->why, ERR_INVALID, "no JSON: %s", text);
    } else if (strcmp(c, "format") == 0) {
        put_value(v, &value);
        e = ytext_format(s->doc, root, pos, n, buf_cur(&value), &s->why);
    } else if (strcmp(c, "ains") == 0) {
        put_value(v, &value);
        e = yarray_insert(s->doc, root, pos, buf_cur(&value), &s->why);
    } else if (strcmp(c, "mset") == 0) {
        json_t *key = json_array_get(v, 0);
        put_value(json_array_get(v, 1), &value);
        ymap_set(s->doc, root, json_string_value(key), json_string_length(key), buf_cur(&value));
    } else if (strcmp(c, "mdel") == 0) {
        ymap_delete(s->doc, root, json_string_value(v), json_string_length(v));
    } else {
        e = edit_text(s, root, pos, v);
    }
    json_decref(v);
    buf_done(&value);
    return e;
}

static enum err edited(struct session *s)
{
    if (s->batch)
        return edit(s);
    ydoc_begin(s->doc);
    enum err e = edit(s);
    ydoc_commit(s->doc, UPDATE_V1, NULL);
    return e;
}

static enum err merge(struct session *s, enum update_format format)
{
    struct buf *part = NULL;
    struct cur *view = NULL;
    size_t n = 0;
    for (char *w = strtok(s->rest[1], " "); w; w = strtok(NULL, " ")) {
        part = mem_realloc(part, (n + 1) * sizeof *part);
        part[n] = (struct buf){0};
        unhex(w, &part[n++]);
    }
    view = mem_array(n, sizeof *view);
    for (size_t i = 0; i < n; i++)
        view[i] = buf_cur(&part[i]);
    struct buf out = {0};
    enum err e = update_merge(format, view, n, &out, &s->why);
    put_hex(&s->out, buf_cur(&out));
    for (size_t i = 0; i < n; i++)
        buf_done(&part[i]);
    free(part);
    free(view);
    buf_done(&out);
    return e;
}

static void put_states(struct session *s)
{
    uint64_t client;
    struct cur json;
    buf_u8(&s->out, '{');
    for (size_t at = 0; awareness_next(s->aware, &at, &client, &json);) {
        struct buf v = {0};
        if (buf_len(&s->out) > 1)
            buf_u8(&s->out, ',');
        buf_printf(&s->out, "\"%llu\":", (unsigned long long)client);
        if (any_from_json(json.p, json.n, &v, NULL) == OK) {
            struct cur c = buf_cur(&v);
            any_json(&c, ANY_STRINGIFY, &s->out);
        }
        buf_done(&v);
    }
    buf_u8(&s->out, '}');
}

static enum err bytes_command(struct session *s, const char *c, struct buf *out)
{
    struct buf a = {0}, b = {0}, scratch = {0};
    struct states have = {0};
    struct cur payload;
    enum sync_kind kind;
    enum err e = OK;
    bool v2 = c[strlen(c) - 1] == '2' && strcmp(c, "conv12") != 0;
    enum update_format format = v2 ? UPDATE_V2 : UPDATE_V1;
    if (s->word[1])
        unhex(s->word[1], &a);
    if (s->word[2])
        unhex(s->word[2], &b);
    if (strncmp(c, "encode", 6) == 0) {
        if (s->word[1])
            e = states_read(&have, buf_cur(&a), &s->why);
        if (e == OK)
            ydoc_encode(s->doc, format, s->word[1] ? &have : NULL, out);
    } else if (strncmp(c, "diff", 4) == 0) {
        e = states_read(&have, buf_cur(&b), &s->why);
        if (e == OK)
            e = update_diff(format, buf_cur(&a), &have, out, &s->why);
    } else if (strcmp(c, "sv") == 0) {
        ydoc_state(s->doc, out);
    } else if (strcmp(c, "snap") == 0) {
        ydoc_snapshot(s->doc, out);
    } else if (strcmp(c, "svof") == 0) {
        e = update_state(UPDATE_V1, buf_cur(&a), out, &s->why);
    } else if (strcmp(c, "conv12") == 0) {
        e = update_convert(buf_cur(&a), UPDATE_V1, UPDATE_V2, out, &s->why);
    } else if (strcmp(c, "conv21") == 0) {
        e = update_convert(buf_cur(&a), UPDATE_V2, UPDATE_V1, out, &s->why);
    } else if (strcmp(c, "relpos") == 0) {
        ydoc_relative(s->doc, s->word[1], strtoull(s->word[2], NULL, 10),
                      s->word[3] ? atoi(s->word[3]) : 0, out);
    } else if (strcmp(c, "awenc") == 0) {
        awareness_encode(s->aware, out);
    } else if (strcmp(c, "msg") == 0) {
        e = sync_take(s->doc, s->aware, buf_cur(&a), true, 0, &kind, &payload, out, &scratch,
                      &s->why);
    }
    buf_done(&a);
    buf_done(&b);
    buf_done(&scratch);
    states_done(&have);
    return e;
}

static enum err take_in(struct session *s, const char *c)
{
    struct buf a = {0};
    enum err e;
    unhex(s->word[1], &a);
    if (c[0] == 'a' && c[1] == 'w')
        e = awareness_apply(s->aware, buf_cur(&a), 0, NULL, &s->why);
    else
        e = ydoc_apply(s->doc, c[5] == '2' ? UPDATE_V2 : UPDATE_V1, buf_cur(&a), &s->why);
    buf_done(&a);
    return e;
}

static enum err read_out(struct session *s, const char *c)
{
    struct buf text = {0};
    const char *kind = strcmp(c, "json") == 0 ? s->word[2] : c;
    if (strcmp(kind, "delta") == 0) {
        ydoc_delta(s->doc, s->word[1], &s->out);
    } else if (strcmp(kind, "array") == 0) {
        ydoc_array(s->doc, s->word[1], &s->out);
    } else if (strcmp(kind, "map") == 0) {
        ydoc_map(s->doc, s->word[1], &s->out);
    } else {
        if (strcmp(kind, "xml") == 0)
            ydoc_xml(s->doc, s->word[1], &text);
        else
            ydoc_text(s->doc, s->word[1], &text);
        any_json_text(&s->out, buf_bytes(&text), buf_len(&text));
    }
    buf_done(&text);
    return OK;
}

static bool among(const char *word, const char *list)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p++)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* False: not a command that we know.  What is appended to `out` is the answer; nothing: ok. */
static bool command(struct session *s, enum err *e)
{
    const char *c = s->word[0];
    struct buf bytes = {0};
    uint64_t index;
    *e = OK;
    if (strcmp(c, "new") == 0) {
        fresh(s, s->word[1] ? strtoull(s->word[1], NULL, 10) : 1, !s->word[2]);
    } else if (among(c, "apply apply2 aw")) {
        *e = take_in(s, c);
    } else if (among(c, "text delta json")) {
        *e = read_out(s, c);
    } else if (among(c, "merge merge2")) {
        *e = merge(s, c[5] == '2' ? UPDATE_V2 : UPDATE_V1);
    } else if (among(c, "sv encode encode2 snap diff diff2 svof conv12 conv21 relpos awenc msg")) {
        *e = bytes_command(s, c, &bytes);
        if (*e == OK)
            put_hex(&s->out, buf_cur(&bytes));
    } else if (strcmp(c, "pending") == 0) {
        buf_str(&s->out, ydoc_pending(s->doc) ? "1" : "0");
    } else if (strcmp(c, "begin") == 0) {
        ydoc_begin(s->doc);
        s->batch = true;
    } else if (strcmp(c, "commit") == 0) {
        ydoc_commit(s->doc, UPDATE_V1, &bytes);
        s->batch = false;
        put_hex(&s->out, buf_cur(&bytes));
    } else if (among(c, "insert insertattr embed delete format ains adel mset mdel")) {
        *e = edited(s);
    } else if (strcmp(c, "abspos") == 0) {
        unhex(s->word[1], &bytes);
        *e = ydoc_absolute(s->doc, buf_cur(&bytes), &index, &s->why);
        if (*e == ERR_NOT_FOUND) {
            *e = OK;
            buf_str(&s->out, "null");
        } else if (*e == OK) {
            buf_printf(&s->out, "%llu", (unsigned long long)index);
        }
    } else if (strcmp(c, "awstates") == 0) {
        put_states(s);
    } else if (strcmp(c, "quiet") == 0) {
        s->quiet = strcmp(s->word[1], "on") == 0;
        buf_str(&s->out, "ok");
    } else {
        return false;
    }
    buf_done(&bytes);
    return true;
}

static void answer(struct session *s, char *line)
{
    enum err e;
    char *copy = mem_strdup(line), *at = copy;
    for (int i = 0; i < WORDS; i++) {
        s->word[i] = s->rest[i] = NULL;
        if (!at || *at == '\0')
            continue;
        s->word[i] = at;
        s->rest[i] = line + (at - copy);
        at = strchr(at, ' ');
        if (at)
            *at++ = '\0';
    }
    buf_clear(&s->out);
    if (!command(s, &e))
        puts("unsupported");
    else if (e != OK)
        printf("err %s\n", s->why.text);
    else if (buf_len(&s->out) > 0)
        printf("%.*s\n", (int)buf_len(&s->out), (const char *)buf_bytes(&s->out));
    else if (!s->quiet)
        puts("ok");
    free(copy);
}

int main(void)
{
    struct session s = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    fresh(&s, 1, true);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    while ((n = getline(&line, &room, stdin)) > 0) {
        if (line[n - 1] == '\n')
            line[--n] = '\0';
        if (n == 0)
            continue;
        if (strcmp(line, "quit") == 0)
            break;
        answer(&s, line);
        if (!s.quiet)
            fflush(stdout);
    }
    free(line);
    buf_done(&s.out);
    ydoc_free(s.doc);
    awareness_free(s.aware);
    return 0;
}
