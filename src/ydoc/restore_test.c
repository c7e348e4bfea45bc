#include "ydoc/restore.h"

#include "base/mem.h"
#include "base/test.h"
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"

#include <stdlib.h>

/* ---- all that a document holds, in one form ---- */

static void dump(struct ydoc *d, uint32_t type, struct buf *out);

static void dump_value(struct ydoc *d, const struct item *it, struct buf *out)
{
    struct cur bytes = it->kind == CONTENT_TYPE ? (struct cur){0} : item_bytes(d, it);
    buf_printf(out, "<%u ", it->kind);
    if (it->kind == CONTENT_TYPE)
        dump(d, it->at, out);
    while (bytes.n > 0)
        buf_printf(out, "%02x", cur_u8(&bytes));
    buf_str(out, ">");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_sorted(char **all, size_t n, struct buf *out)
{
    if (n > 0)
        qsort(all, n, sizeof *all, by_text);
    for (size_t i = 0; i < n; i++) {
        buf_str(out, all[i]);
        free(all[i]);
    }
}

static void dump_look(const struct marks *m, struct buf *out)
{
    char *all[64];
    for (size_t i = 0; i < m->n; i++) {
        struct buf b = {0};
        buf_printf(&b, "{%.*s ", (int)marks_key(m, i).n, (const char *)marks_key(m, i).p);
        for (struct cur v = marks_value(m, i); v.n > 0;)
            buf_printf(&b, "%02x", cur_u8(&v));
        buf_str(&b, "}");
        all[i] = buf_take_str(&b);
    }
    put_sorted(all, m->n, out);
}

static void dump_keys(struct ydoc *d, uint32_t type, struct buf *out)
{
    char *all[64];
    size_t n = 0;
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next) {
        const struct item *it = item_of(d, d->entries[e].item);
        struct buf b = {0};
        if (item_visible(it) == 0)
            continue;
        struct cur key = name_of(d, d->entries[e].name);
        buf_printf(&b, "%.*s=", (int)key.n, (const char *)key.p);
        dump_value(d, it, &b);
        all[n++] = buf_take_str(&b);
    }
    put_sorted(all, n, out);
}

static void dump(struct ydoc *d, uint32_t type, struct buf *out)
{
    struct marks now = {0};
    struct buf look = {0}, last = {0};
    struct cur says = piece_of(&d->text, d->types[type].at, d->types[type].n);
    buf_str(out, "(");
    while (says.n > 0)
        buf_printf(out, "%02x", cur_u8(&says));
    dump_keys(d, type, out);
    buf_str(out, ":");
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (it->kind == CONTENT_FORMAT && !item_deleted(it)) {
            struct cur value = item_bytes(d, it), key = lib0_bytes(&value);
            marks_apply(&now, key, value);
        }
        if (item_visible(it) == 0)
            continue;
        buf_clear(&look);
        dump_look(&now, &look);
        if (buf_len(&look) != buf_len(&last) ||
            (buf_len(&last) > 0 &&
             memcmp(buf_bytes(&look), buf_bytes(&last), buf_len(&last)) != 0)) {
            buf_printf(out, "[%.*s]", (int)buf_len(&look), (const char *)buf_bytes(&look));
            buf_clear(&last);
            buf_put(&last, buf_bytes(&look), buf_len(&look));
        }
        struct cur bytes = it->kind == CONTENT_TYPE ? (struct cur){0} : item_bytes(d, it);
        if (it->kind == CONTENT_STRING)
            buf_put(out, bytes.p, bytes.n);
        else if (it->kind == CONTENT_ANY) /* however they are parted into items */
            while (bytes.n > 0) {
                struct cur one = any_take(&bytes);
                any_json(&one, ANY_TAGGED, out);
                buf_str(out, ",");
            }
        else
            dump_value(d, it, out);
    }
    buf_str(out, ")");
    marks_done(&now);
    buf_done(&look);
    buf_done(&last);
}

static const char *const roots[] = {"text", "list", "map", "xml"};
enum { ROOTS = sizeof roots / sizeof *roots };

static char *all_of(struct ydoc *d)
{
    struct buf out = {0};
    for (int i = 0; i < ROOTS; i++)
        dump(d, doc_root_named(d, roots[i]), &out);
    return buf_take_str(&out);
}

static void reads_as(struct ydoc *d, const char *want)
{
    char *is = all_of(d);
    assert_string_equal(is, want);
    free(is);
}

/* ---- edits at random ---- */

static uint32_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static enum type_kind kind_of(const struct ydoc *d, uint32_t type)
{
    static const enum type_kind of_root[] = {TYPE_TEXT, TYPE_ARRAY, TYPE_MAP, TYPE_XML_FRAGMENT};
    for (uint32_t i = 0; i < ROOTS && d->types[type].item == NONE; i++)
        if (strncmp((const char *)name_of(d, d->types[type].name).p, roots[i],
                    name_of(d, d->types[type].name).n) == 0)
            return of_root[i];
    return (enum type_kind)d->types[type].kind;
}

static uint32_t some_type(struct ydoc *d)
{
    for (int i = 0; i < ROOTS; i++)
        doc_root_named(d, roots[i]);
    for (;;) {
        uint32_t type = below(d->n_types), by = d->types[type].item;
        const struct item *it = by == NONE ? NULL : item_of(d, by); /* or another's by now */
        if (!it || (it->kind == CONTENT_TYPE && it->at == type && !item_deleted(it)))
            return type;
    }
}

static void some_value(enum content *kind, struct buf *out)
{
    struct buf json = {0};
    *kind = CONTENT_ANY;
    switch (below(4)) {
    case 0:
        any_put_number(out, below(3));
        break;
    case 1:
        any_put_text(out, "\xc3\xa4", 2);
        break;
    case 2:
        buf_printf(&json, "{\"k\":[%u,null]}", below(3));
        assert_int_equal(any_from_json(buf_bytes(&json), buf_len(&json), out, NULL), OK);
        break;
    case 3:
        *kind = CONTENT_BINARY;
        buf_u8(out, (uint8_t)below(3));
        break;
    }
    buf_done(&json);
}

static void says(enum type_kind kind, struct buf *out)
{
    buf_u8(out, (uint8_t)kind);
    if (kind == TYPE_XML_ELEMENT || kind == TYPE_XML_HOOK)
        lib0_put_bytes(out, below(2) ? "p" : "q", 1);
}

static void some_look(struct marks *m)
{
    static const uint8_t yes[] = {ANY_TRUE}, null[] = {ANY_NULL};
    if (below(2))
        marks_set(m, cur_of("b", 1), cur_of(below(3) ? yes : null, 1));
    if (below(3) == 0)
        marks_set(m, cur_of("i", 1), cur_of(below(3) ? yes : null, 1));
}

static void some_content(struct ydoc *d, uint32_t type, enum content *kind, uint32_t *len,
                         struct buf *out)
{
    static const char *const words[] = {"a", "bc\n", "\U0001F600", "hello\nworld\n", "\n"};
    static const enum type_kind in_list[] = {TYPE_ARRAY, TYPE_MAP, TYPE_TEXT, TYPE_XML_ELEMENT};
    static const enum type_kind in_xml[] = {TYPE_XML_ELEMENT, TYPE_XML_TEXT, TYPE_XML_ELEMENT,
                                            TYPE_XML_HOOK};
    enum type_kind holder = kind_of(d, type);
    bool text = holder == TYPE_TEXT || holder == TYPE_XML_TEXT;
    bool xml = holder == TYPE_XML_FRAGMENT || holder == TYPE_XML_ELEMENT;
    *len = 1;
    if (text && below(4)) {
        const char *word = words[below(5)];
        *kind = CONTENT_STRING;
        buf_str(out, word);
        *len = (uint32_t)lib0_units((const uint8_t *)word, strlen(word));
    } else if (xml || below(3) == 0) {
        *kind = CONTENT_TYPE;
        says(xml ? in_xml[below(4)] : in_list[below(4)], out);
    } else if (text) {
        *kind = CONTENT_EMBED;
        any_put_number(out, below(3));
    } else if (below(8) == 0) {
        *kind = CONTENT_DOC;
        lib0_put_bytes(out, "guid", 4);
        any_put_head(out, ANY_OBJECT, 0);
    } else {
        some_value(kind, out);
    }
}

static void edit(struct ydoc *d)
{
    uint32_t type = some_type(d), len;
    enum type_kind holder = kind_of(d, type);
    uint64_t n = d->types[type].len, at = n > 0 ? below((uint32_t)n + 1) : 0;
    bool text = holder == TYPE_TEXT || holder == TYPE_XML_TEXT;
    enum content kind;
    struct marks look = {0};
    struct buf content = {0};
    struct spot s = spot_begin(d, type);
    spot_pass(d, &s, at);
    if (holder == TYPE_MAP || holder == TYPE_XML_HOOK ||
        (holder != TYPE_ARRAY && holder != TYPE_TEXT && below(3) == 0)) {
        uint32_t name = doc_name(d, "xyz" + below(3), 1), item = key_get(d, type, name);
        if (item != NONE && below(3) == 0) {
            item_delete(d, item);
        } else {
            kind = CONTENT_TYPE;
            if (below(2))
                some_value(&kind, &content);
            else
                says(below(2) ? TYPE_MAP : TYPE_TEXT, &content);
            doc_write(d, type, item, NONE, name, kind, 1, buf_cur(&content));
        }
    } else if (n > 0 && below(3) == 0) {
        spot_cut(d, &s, below(8), false);
    } else if (text && n > 0 && below(3) == 0) {
        some_look(&look);
        spot_format(d, &s, at < n ? 1 + below((uint32_t)(n - at)) : 0, &look);
    } else {
        if (text)
            some_look(&look);
        some_content(d, type, &kind, &len, &content);
        spot_insert(d, &s, &look, kind, len, buf_cur(&content));
    }
    marks_done(&look);
    marks_done(&s.now);
    buf_done(&content);
}

static void edits(struct ydoc *d, uint32_t n, struct buf *update)
{
    ydoc_begin(d);
    while (n-- > 0)
        edit(d);
    ydoc_commit(d, UPDATE_V1, update);
}

static void take(struct ydoc *to, const struct buf *update)
{
    struct why why = {0};
    if (buf_len(update) > 0 && ydoc_apply(to, UPDATE_V1, buf_cur(update), &why) != OK)
        fail_msg("%s", why.text);
}

/* Two who write apart and tell each other; `together` then has it all. */
static void session(struct ydoc *a, struct ydoc *b, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        struct buf of_a = {0}, of_b = {0};
        edits(a, 1 + below(8), &of_a);
        edits(b, 1 + below(8), &of_b);
        take(b, &of_a);
        take(a, &of_b);
        buf_done(&of_a);
        buf_done(&of_b);
    }
}

static struct ydoc *copy_of(struct ydoc *d, uint64_t client)
{
    struct ydoc *copy = ydoc_new(client, true, client);
    struct buf all = {0};
    ydoc_encode(d, UPDATE_V1, NULL, &all);
    take(copy, &all);
    buf_done(&all);
    return copy;
}

static void restore(struct ydoc *d, struct ydoc *old, struct buf *out)
{
    struct buf update = {0};
    ydoc_begin(d);
    bool changed = ydoc_restore(d, old);
    ydoc_commit(d, UPDATE_V1, &update);
    assert_int_equal(changed, buf_len(&update) > 0);
    if (out)
        buf_put(out, buf_bytes(&update), buf_len(&update));
    buf_done(&update);
}

static void have_the_same_bytes(struct ydoc *a, struct ydoc *b)
{
    struct buf x = {0}, y = {0};
    ydoc_encode(a, UPDATE_V1, NULL, &x);
    ydoc_encode(b, UPDATE_V1, NULL, &y);
    assert_int_equal(buf_len(&x), buf_len(&y));
    assert_memory_equal(buf_bytes(&x), buf_bytes(&y), buf_len(&x));
    buf_done(&x);
    buf_done(&y);
}

/* ---- the sentences ---- */

static void whatever_was_written_since_all_of_it_reads_as_it_did(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 600; round++) {
        seed = round;
        struct ydoc *a = ydoc_new(1, true, 1), *b = ydoc_new(2, true, 2);
        struct buf update = {0}, again = {0};
        session(a, b, 1 + below(6));
        struct ydoc *old = copy_of(a, 3);
        char *was = all_of(old);
        session(a, b, below(6));
        have_the_same_bytes(a, b);
        restore(a, old, &update);
        reads_as(a, was);
        reads_as(old, was);
        take(b, &update);
        reads_as(b, was);
        have_the_same_bytes(a, b);
        restore(b, old, &again); /* there is nothing left to do */
        assert_int_equal(buf_len(&again), 0);
        buf_done(&update);
        free(was);
        ydoc_free(a);
        ydoc_free(b);
        ydoc_free(old);
    }
}

static void what_was_undone_is_brought_back_and_undone_again(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 300; round++) {
        seed = round + 5000;
        struct ydoc *a = ydoc_new(1, true, 1), *b = ydoc_new(2, true, 2);
        session(a, b, 3);
        struct ydoc *first = copy_of(a, 3);
        char *was = all_of(first);
        session(a, b, 3);
        struct ydoc *second = copy_of(a, 4);
        char *is = all_of(second);
        restore(a, first, NULL);
        restore(a, second, NULL);
        reads_as(a, is);
        edits(a, 4, NULL);
        restore(a, first, NULL);
        reads_as(a, was);
        free(was);
        free(is);
        ydoc_free(a);
        ydoc_free(b);
        ydoc_free(first);
        ydoc_free(second);
    }
}

/* Any two: also such as have nothing in common. */
static void a_document_reads_as_a_stranger_to_it(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 300; round++) {
        seed = round + 9000;
        struct ydoc *a = ydoc_new(1, true, 1), *b = ydoc_new(2, true, 2);
        edits(a, below(30), NULL);
        edits(b, below(30), NULL);
        char *was = all_of(b);
        restore(a, b, NULL);
        reads_as(a, was);
        free(was);
        ydoc_free(a);
        ydoc_free(b);
    }
}

static void who_writes_at_the_same_time_and_the_restorer_agree(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 300; round++) {
        seed = round + 12000;
        struct ydoc *a = ydoc_new(1, true, 1), *b = ydoc_new(2, true, 2);
        struct buf restored = {0}, typed = {0};
        session(a, b, 3);
        struct ydoc *old = copy_of(a, 3);
        session(a, b, 3);
        restore(a, old, &restored);
        edits(b, 6, &typed);
        take(a, &typed);
        take(b, &restored);
        have_the_same_bytes(a, b);
        buf_done(&restored);
        buf_done(&typed);
        ydoc_free(a);
        ydoc_free(b);
        ydoc_free(old);
    }
}

/* <p>one</p> and so on in "xml"; returns the text's type. */
static uint32_t paragraph(struct ydoc *d, uint64_t at, const char *text)
{
    static const uint8_t p[] = {TYPE_XML_ELEMENT, 1, 'p'}, xml_text[] = {TYPE_XML_TEXT};
    struct spot s = spot_begin(d, doc_root_named(d, "xml"));
    struct marks none = {0};
    spot_pass(d, &s, at);
    spot_insert(d, &s, &none, CONTENT_TYPE, 1, cur_of(p, sizeof p));
    s = spot_begin(d, d->n_types - 1);
    spot_insert(d, &s, &none, CONTENT_TYPE, 1, cur_of(xml_text, 1));
    uint32_t type = d->n_types - 1;
    s = spot_begin(d, type);
    spot_insert(d, &s, &none, CONTENT_STRING, (uint32_t)strlen(text), cur_of(text, strlen(text)));
    return type;
}

static void type_in(struct ydoc *d, uint32_t type, uint64_t at, const char *text)
{
    struct spot s = spot_begin(d, type);
    struct marks none = {0};
    spot_pass(d, &s, at);
    spot_insert(d, &s, &none, CONTENT_STRING, (uint32_t)strlen(text), cur_of(text, strlen(text)));
}

static void xml_is(struct ydoc *d, const char *want)
{
    struct buf xml = {0};
    ydoc_xml(d, "xml", &xml);
    char *is = buf_take_str(&xml);
    assert_string_equal(is, want);
    free(is);
}

/* An editor's paragraphs: what is typed into one that is changed back stays, as does another. */
static void who_types_meanwhile_is_not_overwritten(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(1, true, 1);
    struct buf restored = {0}, typed = {0};
    ydoc_begin(a);
    uint32_t one = paragraph(a, 0, "milk");
    paragraph(a, 1, "bread");
    ydoc_commit(a, UPDATE_V1, NULL);
    struct ydoc *old = copy_of(a, 3);
    ydoc_begin(a);
    type_in(a, one, 4, " and honey");
    paragraph(a, 0, "new");
    ydoc_commit(a, UPDATE_V1, NULL);
    struct ydoc *b = copy_of(a, 2);
    ydoc_begin(b); /* types have other numbers there: new, then milk, then bread */
    for (uint32_t t = 0; t < b->n_types; t++)
        if (b->types[t].len == 14)
            type_in(b, t, 0, "2 ");
        else if (b->types[t].len == 5 && b->types[t].kind == TYPE_XML_TEXT)
            type_in(b, t, 5, "s");
    ydoc_commit(b, UPDATE_V1, &typed);
    restore(a, old, &restored);
    xml_is(a, "<p>milk</p><p>bread</p>");
    take(a, &typed);
    take(b, &restored);
    xml_is(a, "<p>2 milk</p><p>breads</p>");
    have_the_same_bytes(a, b);
    assert_true(buf_len(&restored) < 40); /* two deletions, and nothing is written */
    buf_done(&restored);
    buf_done(&typed);
    ydoc_free(a);
    ydoc_free(b);
    ydoc_free(old);
}

/* What was brought back once is another's copy by its ids, and the same by its place. */
static void a_copy_is_changed_back_and_not_replaced(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(1, true, 1);
    struct buf again = {0};
    ydoc_begin(a);
    paragraph(a, 0, "milk");
    ydoc_commit(a, UPDATE_V1, NULL);
    struct ydoc *old = copy_of(a, 3);
    ydoc_begin(a);
    struct spot s = spot_begin(a, doc_root_named(a, "xml"));
    spot_cut(a, &s, 1, false);
    ydoc_commit(a, UPDATE_V1, NULL);
    restore(a, old, NULL);
    ydoc_begin(a);
    type_in(a, a->n_types - 1, 4, " and honey");
    ydoc_commit(a, UPDATE_V1, NULL);
    xml_is(a, "<p>milk and honey</p>");
    restore(a, old, &again);
    xml_is(a, "<p>milk</p>");
    assert_true(buf_len(&again) < 12); /* a deletion */
    buf_done(&again);
    ydoc_free(a);
    ydoc_free(old);
}

static void however_deep_it_is_nested_nothing_overflows(void **state)
{
    (void)state;
    static const uint8_t array[] = {TYPE_ARRAY};
    struct ydoc *a = ydoc_new(1, true, 1), *empty = ydoc_new(2, true, 2);
    struct marks none = {0};
    uint32_t type = doc_root_named(a, "list");
    ydoc_begin(a);
    for (int i = 0; i < 100000; i++) {
        struct spot s = spot_begin(a, type);
        spot_insert(a, &s, &none, CONTENT_TYPE, 1, cur_of(array, 1));
        type = a->n_types - 1;
    }
    ydoc_commit(a, UPDATE_V1, NULL);
    struct ydoc *old = copy_of(a, 3);
    restore(a, empty, NULL);
    assert_int_equal(ydoc_length(a, "list"), 0);
    restore(a, old, NULL);
    assert_int_equal(ydoc_length(a, "list"), 1);
    struct buf left = {0};
    restore(a, old, &left);
    assert_int_equal(buf_len(&left), 0);
    buf_done(&left);
    ydoc_free(a);
    ydoc_free(empty);
    ydoc_free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_written_since_all_of_it_reads_as_it_did),
        cmocka_unit_test(what_was_undone_is_brought_back_and_undone_again),
        cmocka_unit_test(a_document_reads_as_a_stranger_to_it),
        cmocka_unit_test(who_writes_at_the_same_time_and_the_restorer_agree),
        cmocka_unit_test(who_types_meanwhile_is_not_overwritten),
        cmocka_unit_test(a_copy_is_changed_back_and_not_replaced),
        cmocka_unit_test(however_deep_it_is_nested_nothing_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
