#include "base/conf.h"

#include "base/conf_value.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

/* Who said it: the later in this list wins. */
enum layer { FROM_FILE, FROM_ENV, FROM_SET, LAYERS };

struct conf {
    const struct conf_key *keys;
    size_t n;
    char **value[LAYERS]; /* n each; NULL: this layer says nothing */
};

/* Debian's libinih keeps its options in variables of the whole process.  200 bytes of line, its
 * default, is less than a list of addresses; so it is told once, before main and before any thread,
 * and never changed. */
__attribute__((constructor)) static void let_lines_be_long(void)
{
    ini_max_line = CONF_LINE_MAX + 3;
    ini_use_stack = false;
    ini_initial_alloc = CONF_LINE_MAX + 3;
}

__attribute__((noreturn)) static void bug(const char *what, const char *key)
{
    fprintf(stderr, "shoal: %s: %s\n", what, key);
    abort();
}

static void free_layer(char **values, size_t n)
{
    for (size_t i = 0; values && i < n; i++)
        free(values[i]);
    free(values);
}

struct conf *conf_new(const struct conf_key *keys, size_t n)
{
    struct conf *c = MEM_NEW(struct conf);
    c->keys = keys;
    c->n = n;
    for (int l = 0; l < LAYERS; l++)
        c->value[l] = mem_array(n, sizeof(char *));
    for (size_t i = 0; i < n; i++) {
        struct why why = {0};
        if (conf_value_check(&keys[i], keys[i].fallback, &why) != OK)
            bug("a setting's own default is wrong", why.text);
    }
    return c;
}

void conf_free(struct conf *c)
{
    if (!c)
        return;
    for (int l = 0; l < LAYERS; l++)
        free_layer(c->value[l], c->n);
    free(c);
}

const struct conf_key *conf_key_at(const struct conf *c, size_t i)
{
    return i < c->n ? &c->keys[i] : NULL;
}

const struct conf_key *conf_key_find(const struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->keys[i].name, name))
            return &c->keys[i];
    return NULL;
}

static const char *name_at(const void *conf, size_t i)
{
    const struct conf_key *key = conf_key_at(conf, i);
    return key ? key->name : NULL;
}

/* The place for the value of `key` in `values`, when the key exists and may have the value. */
static enum err place_for(const struct conf *c, char **values, const char *key, const char *value,
                          char ***out, struct why *why)
{
    const struct conf_key *k = conf_key_find(c, key);
    if (!k) {
        const char *near = conf_nearest(key, name_at, c);
        return why_set(why, ERR_INVALID, "%.80s is no setting%s%s%s", key,
                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    *out = &values[k - c->keys];
    return conf_value_check(k, value, why);
}

/* A text on its way through libinih. */
struct reading {
    const struct conf *c;
    const char *text;
    size_t left;
    int line; /* the one given last */
    char **values;
    enum err code; /* the first error */
    struct why *why;
};

static void refuse(struct reading *r, enum err code, const char *text)
{
    r->code = why_set(r->why, code, "%s", text);
}

/* As fgets(), but a line is whole, and its leading white space is gone: to libinih an indented line
 * continues the one before, to people it is a line. */
static char *next_line(char *to, int cap, void *arg)
{
    struct reading *r = arg;
    if (r->left == 0 || r->code != OK)
        return NULL;
    r->line++;
    const char *end = memchr(r->text, '\n', r->left);
    size_t n = end ? (size_t)(end - r->text) : r->left;
    const char *from = r->text;
    r->text += n + (end != NULL);
    r->left -= n + (end != NULL);
    if (n > CONF_LINE_MAX || n + 2 > (size_t)cap) {
        refuse(r, ERR_LIMIT, "longer than a line may be");
        return NULL;
    }
    if (memchr(from, '\0', n)) {
        refuse(r, ERR_INVALID, "a NUL byte");
        return NULL;
    }
    while (n > 0 && strchr(" \t\r\v\f", *from))
        from++, n--;
    memcpy(to, from, n);
    to[n] = '\n';
    to[n + 1] = '\0';
    return to;
}

static int take_pair(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;
    if (r->code != OK)
        return 0;
    char *key = *section ? mem_printf("%s.%s", section, name) : mem_strdup(name);
    char **place = NULL;
    r->code = place_for(r->c, r->values, key, value, &place, r->why);
    if (r->code == OK && *place)
        r->code = why_set(r->why, ERR_INVALID, "%s is set for the second time", key);
    if (r->code == OK)
        *place = mem_strdup(value);
    free(key);
    return r->code == OK;
}

enum err conf_read(struct conf *c, const char *text, size_t n, const char *name, struct why *why)
{
    if (n > CONF_FILE_MAX)
        return why_set(why, ERR_LIMIT, "%s: %zu bytes, at most %d", name, n, CONF_FILE_MAX);
    if (!utf8_valid(text, n))
        return why_set(why, ERR_INVALID, "%s: not UTF-8", name);
    struct reading r = {.c = c, .text = text, .left = n, .why = why};
    r.values = mem_array(c->n, sizeof(char *));
    int first_wrong = ini_parse_stream(next_line, &r, take_pair, &r);
    if (r.code == OK && first_wrong == 0) {
        free_layer(c->value[FROM_FILE], c->n);
        c->value[FROM_FILE] = r.values;
        return OK;
    }
    free_layer(r.values, c->n);
    if (first_wrong < 0) /* it has no other negative code for a stream */
        bug("out of memory", name);
    /* libinih goes on after a line that it cannot read, and tells the first such line at the end.
     */
    if (first_wrong > 0 && (r.code == OK || first_wrong < r.line))
        return why_set(why, ERR_INVALID,
                       "%s line %d: neither [section], nor key = value, nor a comment", name,
                       first_wrong);
    return why_in(why, r.code, "%s line %d", name, r.line);
}

enum err conf_set(struct conf *c, const char *key, const char *value, struct why *why)
{
    char **place = NULL;
    enum err code = place_for(c, c->value[FROM_SET], key, value, &place, why);
    if (code != OK)
        return code;
    free(*place);
    *place = mem_strdup(value);
    return OK;
}

/* "files.dht-bootstrap" in the environment is SHOAL_FILES_DHT_BOOTSTRAP. */
static char *env_name(const char *key)
{
    char *name = mem_printf("SHOAL_%s", key);
    for (char *p = name; *p; p++) {
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
        else if (*p == '.' || *p == '-')
            *p = '_';
    }
    return name;
}

/* What stands behind "name=", or NULL. */
static const char *env_find(char *const *env, const char *name)
{
    size_t n = strlen(name);
    for (; *env; env++)
        if (!strncmp(*env, name, n) && (*env)[n] == '=')
            return *env + n + 1;
    return NULL;
}

enum err conf_read_env(struct conf *c, char *const *environ_, struct why *why)
{
    char **values = mem_array(c->n, sizeof(char *));
    enum err code = OK;
    for (size_t i = 0; i < c->n && code == OK; i++) {
        char *name = env_name(c->keys[i].name);
        const char *value = env_find(environ_, name);
        if (value)
            code = conf_value_check(&c->keys[i], value, why);
        if (value && code == OK)
            values[i] = mem_strdup(value);
        if (code != OK)
            why_in(why, code, "environment %s", name);
        free(name);
    }
    free_layer(code == OK ? c->value[FROM_ENV] : values, c->n);
    if (code == OK)
        c->value[FROM_ENV] = values;
    return code;
}

/* The value that counts, and its key; by_default: nobody said it. */
static const char *effective(const struct conf *c, const char *name, const struct conf_key **key,
                             bool *by_default)
{
    *key = conf_key_find(c, name);
    if (!*key)
        bug("no such setting", name);
    *by_default = false;
    for (int l = LAYERS; l-- > 0;)
        if (c->value[l][*key - c->keys])
            return c->value[l][*key - c->keys];
    *by_default = true;
    return (*key)->fallback;
}

const char *conf_text(const struct conf *c, const char *key)
{
    const struct conf_key *k;
    bool by_default;
    return effective(c, key, &k, &by_default);
}

bool conf_bool(const struct conf *c, const char *key)
{
    const struct conf_key *k;
    bool by_default;
    const char *value = effective(c, key, &k, &by_default);
    if (k->type != CONF_BOOL)
        bug("not a setting of on and off", key);
    return conf_value_bool(value) == 1;
}

int64_t conf_int(const struct conf *c, const char *key)
{
    const struct conf_key *k;
    bool by_default;
    int64_t v = 0;
    const char *value = effective(c, key, &k, &by_default);
    if (conf_parse_number(k->type, value, &v, NULL) != OK)
        bug("not a setting with a number", key);
    return v;
}

bool conf_is_set(const struct conf *c, const char *key)
{
    const struct conf_key *k;
    bool by_default;
    effective(c, key, &k, &by_default);
    return !by_default;
}

bool conf_item(const struct conf *c, const char *key, size_t i, char *out, size_t cap)
{
    const char *at = conf_text(c, key);
    for (;;) {
        at += strspn(at, " ,");
        if (!*at)
            return false;
        size_t n = strcspn(at, ",");
        if (i-- == 0) {
            while (at[n - 1] == ' ')
                n--;
            snprintf(out, cap, "%.*s", (int)n, at);
            return true;
        }
        at += n;
    }
}
