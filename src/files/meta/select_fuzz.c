/* Rules about which files are wanted: as a person gives them, and as a database may hold them.
 *
 * Input: lines, "VERB WHAT".  What select_add() refuses is passed over; the raw input is then
 * applied too. */
#include "files/meta/select.h"

#include "base/mem.h"
#include "files/meta/layout.h"
#include "files/peer/picker.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct mi_file files[] = {
    {"t/film.mkv", 250, 0, false, false},
    {"t/Season 1/a.MKV", 50, 250, false, false},
    {"t/Season 1/a.srt", 0, 300, false, false},
    {"t/pad", 100, 300, true, false},
    {"t/Season 2/extras/b.txt", 10, 400, false, false},
    {"t/x[1].exe", 90, 410, false, false},
    {"t/last", 1, 500, false, false},
};
enum { COUNT = sizeof files / sizeof files[0], PIECES = 6 };
static const struct metainfo mi = {.name = "t",
                                   .multi = true,
                                   .total = 501,
                                   .piece_len = 100,
                                   .piece_count = PIECES,
                                   .files = files,
                                   .file_count = COUNT};

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A piece is asked for exactly when a file in it is wanted. */
static void check_pieces(const uint8_t *priorities)
{
    uint8_t pieces[PIECES], want[PIECES] = {0};
    struct layout l = layout_of(&mi);
    select_pieces(&mi, priorities, false, pieces);
    for (size_t i = 0; i < COUNT; i++) {
        uint32_t first, end;
        layout_file_pieces(&l, i, &first, &end);
        for (uint32_t p = first; p < end; p++)
            want[p] |= !files[i].pad && priorities[i] != FILE_SKIP;
    }
    for (uint32_t p = 0; p < PIECES; p++)
        check((pieces[p] != PICKER_SKIP) == want[p]);
}

static void apply(const char *rules)
{
    uint8_t once[COUNT], twice[COUNT];
    struct why why = {0};
    memset(once, FILE_NORMAL, sizeof once);
    enum err err = select_apply(rules, &mi, once, &why);
    check(err == OK || (err == ERR_NOT_FOUND && why.text[0]));
    for (size_t i = 0; i < COUNT; i++)
        check(once[i] <= FILE_HIGH);
    check_pieces(once);
    /* The same wish again changes nothing. */
    memcpy(twice, once, sizeof twice);
    check(select_apply(rules, &mi, twice, &why) == err && memcmp(once, twice, sizeof once) == 0);
}

static void add_line(struct buf *rules, char *line)
{
    static const char *const verbs[] = {"only", "so", "skip", "low", "normal", "high"};
    struct why why = {0};
    char *space = strchr(line, ' ');
    if (!space)
        return;
    *space = '\0';
    for (size_t v = 0; v < sizeof verbs / sizeof verbs[0]; v++) {
        size_t before = buf_len(rules);
        if (strcmp(line, verbs[v]) != 0)
            continue;
        if (select_add(rules, verbs[v], space + 1, &why))
            check(why.text[0] && buf_len(rules) == before);
        else
            check(buf_len(rules) <= SELECT_RULES_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = mem_strndup((const char *)bytes, n), *raw = mem_strdup(text), *save = NULL;
    struct buf rules = {0};
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        add_line(&rules, l);
    char *good = buf_take_str(&rules);
    apply(good);
    apply(raw);
    free(good);
    free(raw);
    free(text);
    return 0;
}
