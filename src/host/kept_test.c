#include "host/kept.h"

#include "base/test.h"

#include <string.h>

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static struct db *open_db(void)
{
    static const struct migration m[] = {KEPT_MIGRATION};
    struct db *db = db_open(":memory:", m, 1, NULL);
    assert_non_null(db);
    return db;
}

static void note(void *arg, const struct kept *k)
{
    struct buf *b = arg;
    buf_put(b, k->key.p, k->key.n);
    buf_printf(b, k->is_value ? "=" : "!");
    buf_put(b, k->value.p, k->value.n);
    buf_printf(b, "/%u ", k->tables);
}

static void expect(struct db *db, const char *want)
{
    struct buf b = {0};
    struct why why;
    assert_int_equal(kept_list(db, 0, KEPT_MAX, note, &b, &why), OK);
    buf_u8(&b, 0);
    assert_string_equal((char *)buf_bytes(&b), want);
    buf_done(&b);
}

static void what_is_kept_is_listed_and_the_later_takes_the_earliers_place(void **state)
{
    (void)state;
    struct db *db = open_db();
    struct kept value = {true, text("key"), text("one"), 3},
                thing = {false, text("a"), text(""), 2};
    assert_int_equal(kept_put(db, &value, NULL), OK);
    assert_int_equal(kept_put(db, &thing, NULL), OK);
    value.value = text("two");
    assert_int_equal(kept_put(db, &value, NULL), OK);
    expect(db, "a!/2 key=two/3 ");
    assert_int_equal(kept_drop(db, text("key"), NULL), OK);
    expect(db, "a!/2 ");
    assert_int_equal(kept_drop(db, text("key"), NULL), ERR_NOT_FOUND);
    db_close(db);
}

static void beyond_so_many_nothing_new_is_kept(void **state)
{
    (void)state;
    struct db *db = open_db();
    for (uint32_t i = 0; i < KEPT_MAX; i++) {
        struct kept k = {false, cur_of(&i, sizeof i), cur_of(NULL, 0), 1};
        assert_int_equal(kept_put(db, &k, NULL), OK);
    }
    uint32_t old = 7, new = KEPT_MAX;
    struct kept again = {false, cur_of(&old, sizeof old), cur_of(NULL, 0), 3};
    struct kept more = {false, cur_of(&new, sizeof new), cur_of(NULL, 0), 1};
    assert_int_equal(kept_put(db, &again, NULL), OK);
    assert_int_equal(kept_put(db, &more, NULL), ERR_LIMIT);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_listed_and_the_later_takes_the_earliers_place),
        cmocka_unit_test(beyond_so_many_nothing_new_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
