#include "files/meta/select.h"

#include "base/mem.h"
#include "base/text.h"
#include "files/meta/layout.h"
#include "files/peer/picker.h"

#include <string.h>

static const char *const names[] = {"skip", "low", "normal", "high"};

const char *file_priority_name(enum file_priority p)
{
    return names[p];
}

/* --- globs ---------------------------------------------------------------------------------- */

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Of the first n bytes of s.  On a mismatch the last star takes one byte more: as stars take
 * anything, earlier ones need not be tried again, so this costs at most glob times text. */
static bool glob_is(const char *glob, const char *s, size_t n)
{
    const char *star = NULL;
    size_t at = 0, from = 0;
    while (at < n) {
        if (*glob == '*') {
            star = glob++;
            from = at;
        } else if (*glob && (*glob == '?' || fold(*glob) == fold(s[at]))) {
            glob++;
            at++;
        } else if (star) {
            glob = star + 1;
            at = ++from;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

bool select_matches(const char *glob, const struct metainfo *mi, size_t file)
{
    const char *path = mi->files[file].path;
    if (mi->multi && strchr(path, '/'))
        path = strchr(path, '/') + 1; /* below the torrent's folder */
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++)
        if (glob_is(glob, path, (size_t)(slash - path)))
            return true;
    const char *last = strrchr(path, '/');
    return glob_is(glob, path, strlen(path)) || (last && glob_is(glob, last + 1, strlen(last + 1)));
}

/* --- numbers -------------------------------------------------------------------------------- */

struct range {
    uint64_t first, last;
};

/* The next of "0,2,4-6"; false at the end and where it is none (then *at is not at the end). */
static bool next_range(const char **at, struct range *out)
{
    const char *s = *at;
    size_t n = strspn(s, "0123456789");
    if (n == 0 || n > 9)
        return false;
    out->first = out->last = strtoull(s, NULL, 10);
    s += n;
    if (*s == '-') {
        n = strspn(++s, "0123456789");
        if (n == 0 || n > 9)
            return false;
        out->last = strtoull(s, NULL, 10);
        s += n;
    }
    if (*s == ',' && s[1])
        s++;
    else if (*s)
        return false;
    if (out->first > out->last)
        return false;
    *at = s;
    return true;
}

static bool numbers_are_good(const char *so)
{
    struct range r;
    if (strlen(so) > SELECT_SO_MAX)
        return false;
    bool any = false;
    while (next_range(&so, &r))
        any = true;
    return any && *so == '\0';
}

/* What they say of n files, at the cost of both together, not of one times the other: links come
 * from strangers.  out: one a file. */
static void mark_numbers(const char *so, size_t n, bool *out)
{
    struct range r;
    int32_t *step =
        mem_array(n + 1, sizeof *step); /* ranges that begin here, less those that end */
    while (next_range(&so, &r)) {
        if (r.first >= n)
            continue;
        step[r.first]++;
        step[r.last < n ? r.last + 1 : n]--;
    }
    int32_t deep = 0;
    for (size_t i = 0; i < n; i++) {
        deep += step[i];
        out[i] = deep > 0;
    }
    free(step);
}

/* --- rules ---------------------------------------------------------------------------------- */

enum err select_add(struct buf *rules, const char *verb, const char *what, struct why *why)
{
    for (const char *c = what; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return why_set(why, ERR_INVALID, "no file's name has control characters");
    if (what[0] == '\0')
        return why_set(why, ERR_INVALID, "an empty pattern means no file");
    const char *so = strcmp(verb, "so") == 0 ? what : what[0] == '#' ? what + 1 : NULL;
    if (so && !numbers_are_good(so))
        return why_set(why, ERR_INVALID, "\"%.100s\" is no list of file numbers as 0,2,4-6", what);
    if (buf_len(rules) + strlen(verb) + strlen(what) + 2 > SELECT_RULES_MAX)
        return why_set(why, ERR_LIMIT, "the patterns have more than %d bytes", SELECT_RULES_MAX);
    buf_printf(rules, "%s %s\n", verb, what);
    return OK;
}

struct rule {
    char *verb, *what; /* in the text */
};

/* The next line, cut in two; false at the end. */
static bool next_rule(char **at, struct rule *out)
{
    char *line = *at, *end = strchr(line, '\n'), *space = strchr(line, ' ');
    if (!end || !space || space > end)
        return false;
    *space = *end = '\0';
    *out = (struct rule){line, space + 1};
    *at = end + 1;
    return true;
}

/* Which files the rule means. */
static void means(const struct rule *r, const struct metainfo *mi, bool *out)
{
    if (strcmp(r->verb, "so") == 0)
        mark_numbers(r->what, mi->file_count, out);
    else if (r->what[0] == '#')
        mark_numbers(r->what + 1, mi->file_count, out);
    else
        for (size_t i = 0; i < mi->file_count; i++)
            out[i] = select_matches(r->what, mi, i);
}

static bool limits(const struct rule *r)
{
    return strcmp(r->verb, "only") == 0 || strcmp(r->verb, "so") == 0;
}

/* Sets what the rule means to `value`; whether it means any file. */
static bool mark(const struct rule *r, const struct metainfo *mi, uint8_t value, uint8_t *out)
{
    bool any = false;
    bool *meant = mem_array(mi->file_count, sizeof *meant);
    means(r, mi, meant);
    for (size_t i = 0; i < mi->file_count; i++) {
        if (mi->files[i].pad || !meant[i])
            continue;
        out[i] = value;
        any = true;
    }
    free(meant);
    return any;
}

static void limit_to(const uint8_t *kept, const struct metainfo *mi, uint8_t *priorities)
{
    for (size_t i = 0; i < mi->file_count; i++)
        if (!kept[i])
            priorities[i] = FILE_SKIP;
        else if (priorities[i] == FILE_SKIP)
            priorities[i] = FILE_NORMAL;
}

enum err select_apply(const char *rules, const struct metainfo *mi, uint8_t *priorities,
                      struct why *why)
{
    char *text = mem_strdup(rules ? rules : ""), *at = text;
    uint8_t *kept = mem_zalloc(mi->file_count);
    bool limited = false;
    enum err err = OK;
    struct rule r;
    while (next_rule(&at, &r)) {
        if (!limits(&r))
            continue;
        limited = true;
        if (!mark(&r, mi, true, kept))
            err = why_set(why, ERR_NOT_FOUND, "no file is meant by %.150s", r.what);
    }
    if (limited)
        limit_to(kept, mi, priorities);
    free(text);
    free(kept);
    at = text = mem_strdup(rules ? rules : "");
    while (next_rule(&at, &r))
        for (uint8_t p = FILE_SKIP; p <= FILE_HIGH; p++)
            if (strcmp(r.verb, names[p]) == 0)
                mark(&r, mi, p, priorities);
    free(text);
    return err;
}

/* --- pieces --------------------------------------------------------------------------------- */

void select_pieces(const struct metainfo *mi, const uint8_t *priorities, bool ends, uint8_t *out)
{
    static const uint8_t of[] = {PICKER_SKIP, PICKER_LOW, PICKER_NORMAL, PICKER_HIGH};
    struct layout l = layout_of(mi);
    memset(out, PICKER_SKIP, mi->piece_count);
    for (size_t i = 0; i < mi->file_count; i++) {
        uint8_t want = of[priorities ? priorities[i] : FILE_NORMAL];
        uint32_t first, end;
        if (mi->files[i].pad || want == PICKER_SKIP)
            continue;
        layout_file_pieces(&l, i, &first, &end);
        for (uint32_t p = first; p < end; p++)
            out[p] = want > out[p] ? want : out[p];
        if (ends && first < end)
            out[first] = out[end - 1] = PICKER_FIRST;
    }
}
