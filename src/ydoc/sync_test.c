#include "ydoc/sync.h"

#include "base/test.h"
#include "ydoc/awareness.h"
#include "ydoc/doc.h"
#include "ydoc/hex_test.h"
#include "ydoc/lib0.h"

struct side {
    struct ydoc *d;
    struct awareness *a;
    struct buf reply, scratch;
    enum sync_kind kind;
    struct cur payload;
};

static struct side side(uint64_t client)
{
    return (struct side){.d = ydoc_new(client, true, 1), .a = awareness_new(1)};
}

static void done(struct side *s)
{
    ydoc_free(s->d);
    awareness_free(s->a);
    buf_done(&s->reply);
    buf_done(&s->scratch);
}

static enum err take(struct side *s, const struct buf *message, bool writable)
{
    buf_clear(&s->reply);
    return sync_take(s->d, s->a, buf_cur(message), writable, 0, &s->kind, &s->payload, &s->reply,
                     &s->scratch, NULL);
}

static void type(struct side *s, const char *text, struct buf *update)
{
    ydoc_begin(s->d);
    assert_int_equal(ytext_insert(s->d, "t", 0, text, strlen(text), NULL, NULL), OK);
    ydoc_commit(s->d, UPDATE_V1, update);
}

static void who_asks_is_told_what_he_lacks(void **state)
{
    (void)state;
    struct side a = side(1), b = side(2);
    struct buf ask = {0}, text = {0};
    type(&a, "hello", NULL);
    sync_step1(b.d, &ask);
    assert_int_equal(take(&a, &ask, true), OK);
    assert_int_equal(a.kind, SYNC_ASKED);
    assert_int_equal(take(&b, &a.reply, true), OK);
    assert_int_equal(b.kind, SYNC_UPDATE);
    ydoc_text(b.d, "t", &text);
    assert_int_equal(buf_len(&text), 5);
    /* and who lacks nothing hears that */
    buf_clear(&ask);
    sync_step1(b.d, &ask);
    assert_int_equal(take(&a, &ask, true), OK);
    assert_true(buf_is(&a.reply, "00 01 02 00 00"));
    done(&a);
    done(&b);
    buf_done(&ask);
    buf_done(&text);
}

static void of_an_update_only_what_is_news_is_passed_on(void **state)
{
    (void)state;
    struct side a = side(1), b = side(2);
    struct buf first = {0}, second = {0}, message = {0}, all = {0};
    type(&b, "x", &first);
    type(&b, "y", &second);
    ydoc_encode(b.d, UPDATE_V1, NULL, &all);
    sync_update(buf_cur(&second), &message); /* waits for the first, and goes on as it came */
    assert_int_equal(take(&a, &message, true), OK);
    assert_int_equal(a.payload.n, buf_len(&second));
    buf_clear(&message);
    sync_update(buf_cur(&first), &message);
    assert_int_equal(take(&a, &message, true), OK);
    assert_true(a.payload.n > 0);
    buf_clear(&message);
    sync_update(buf_cur(&all), &message);
    assert_int_equal(take(&a, &message, true), OK);
    assert_int_equal(a.kind, SYNC_UPDATE);
    assert_int_equal(a.payload.n, 0);
    type(&b, "z", NULL);
    buf_clear(&all);
    buf_clear(&message);
    ydoc_encode(b.d, UPDATE_V1, NULL, &all);
    sync_update(buf_cur(&all), &message);
    assert_int_equal(take(&a, &message, true), OK);
    assert_in_range(a.payload.n, 1, buf_len(&all) - 1);
    done(&a);
    done(&b);
    buf_done(&first);
    buf_done(&second);
    buf_done(&message);
    buf_done(&all);
}

static void who_may_only_read_changes_nothing(void **state)
{
    (void)state;
    struct side a = side(1), b = side(2);
    struct buf update = {0}, message = {0};
    type(&b, "x", &update);
    sync_update(buf_cur(&update), &message);
    assert_int_equal(take(&a, &message, false), OK);
    assert_int_equal(a.kind, SYNC_REFUSED);
    assert_int_equal(ydoc_length(a.d, "t"), 0);
    buf_clear(&update); /* an answer without news is no attempt */
    buf_hex(&update, "00 01 02 00 00");
    assert_int_equal(take(&a, &update, false), OK);
    assert_int_equal(a.kind, SYNC_NOTHING);
    assert_int_equal(take(&a, &message, true), OK);
    assert_int_equal(ydoc_length(a.d, "t"), 1);
    done(&a);
    done(&b);
    buf_done(&update);
    buf_done(&message);
}

static void broken_messages_are_refused_and_unknown_ones_passed_over(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err e;
    } known[] = {
        {"", ERR_INVALID},         {"00", ERR_INVALID},       {"00 00", ERR_INVALID},
        {"00 00 01", ERR_INVALID}, {"00 03 00", ERR_INVALID}, {"00 02 02 00 00 00", ERR_INVALID},
        {"01 00", ERR_INVALID},    {"63 01 02", OK},          {"00 02 02 00 00", OK}};
    struct side a = side(1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf m = {0};
        buf_hex(&m, known[i].hex);
        assert_int_equal(take(&a, &m, true), known[i].e);
        buf_done(&m);
    }
    done(&a);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
    (void)state;
    struct side a = side(1);
    struct buf m = {0};
    sync_denied("read only", &m);
    assert_true(buf_is(&m, "02 00 09 72 65 61 64 20 6f 6e 6c 79"));
    assert_int_equal(take(&a, &m, true), OK);
    assert_int_equal(a.kind, SYNC_DENIED);
    assert_int_equal(a.payload.n, 9);
    done(&a);
    buf_done(&m);
}

/* One entry: client, clock, state. */
static void entry(struct buf *out, uint64_t client, uint64_t clock, const char *json)
{
    lib0_put_uint(out, 1);
    lib0_put_uint(out, client);
    lib0_put_uint(out, clock);
    lib0_put_bytes(out, json, strlen(json));
}

static bool news(struct awareness *a, uint64_t clock, const char *json, uint64_t now_us)
{
    struct buf update = {0}, changed = {0};
    entry(&update, 9, clock, json);
    assert_int_equal(awareness_apply(a, buf_cur(&update), now_us, &changed, NULL), OK);
    bool any = buf_len(&changed) > 0;
    buf_done(&update);
    buf_done(&changed);
    return any;
}

static void presence_is_what_was_told_last(void **state)
{
    (void)state;
    struct awareness *a = awareness_new(1);
    uint64_t client;
    struct cur json;
    size_t at = 0;
    assert_false(news(a, 0, "{}", 0)); /* the empty beginning of every provider is not seen */
    assert_true(news(a, 1, "{\"x\":1}", 0));
    assert_false(news(a, 1, "{\"x\":2}", 0)); /* not newer */
    assert_true(news(a, 2, "{\"x\":2}", 0));
    assert_true(awareness_next(a, &at, &client, &json));
    assert_int_equal(client, 9);
    assert_memory_equal(json.p, "{\"x\":2}", json.n);
    assert_true(news(a, 2, "null", 0)); /* gone, by its own clock */
    at = 0;
    assert_false(awareness_next(a, &at, &client, &json));
    assert_false(news(a, 2, "{\"x\":3}", 0));
    assert_true(news(a, 3, "{\"x\":3}", 5));
    struct buf changed = {0};
    awareness_expire(a, 5 + AWARENESS_LIFE_US - 1, &changed);
    assert_int_equal(buf_len(&changed), 0);
    awareness_expire(a, 5 + AWARENESS_LIFE_US, &changed);
    assert_true(buf_len(&changed) > 0);
    at = 0;
    assert_false(awareness_next(a, &at, &client, &json));
    assert_false(news(a, 3, "{}", 6));
    awareness_expire(a, 6 + 2 * AWARENESS_LIFE_US, NULL); /* forgotten, not only gone */
    assert_true(news(a, 1, "{}", 7));
    awareness_gone(a, 9);
    at = 0;
    assert_false(awareness_next(a, &at, &client, &json));
    awareness_free(a);
    buf_done(&changed);
}

static void presence_has_limits(void **state)
{
    (void)state;
    struct awareness *a = awareness_new(1);
    struct buf big = {0}, text = {0};
    buf_u8(&text, '"');
    for (int i = 0; i < AWARENESS_STATE_MAX; i++)
        buf_u8(&text, 'x');
    buf_str(&text, "\"");
    buf_u8(&text, 0);
    entry(&big, 1, 1, (const char *)buf_bytes(&text));
    assert_int_equal(awareness_apply(a, buf_cur(&big), 0, NULL, NULL), ERR_LIMIT);
    for (uint64_t c = 0; c < AWARENESS_CLIENTS_MAX + 10; c++) {
        struct buf one = {0};
        entry(&one, c, 1, "1");
        assert_int_equal(awareness_apply(a, buf_cur(&one), 0, NULL, NULL), OK);
        buf_done(&one);
    }
    uint64_t n = 0, client;
    struct cur json;
    for (size_t at = 0; awareness_next(a, &at, &client, &json);)
        n++;
    assert_int_equal(n, AWARENESS_CLIENTS_MAX);
    awareness_free(a);
    buf_done(&big);
    buf_done(&text);
}

static void what_is_cut_anywhere_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct side a = side(1), b = side(2);
    struct buf messages[2] = {{0}, {0}}, update = {0}, before = {0}, after = {0};
    type(&a, "hello \xf0\x9f\x98\x80", &update);
    sync_update(buf_cur(&update), &messages[0]);
    buf_clear(&update);
    buf_put(&update, "\x02\x05\x01\x02{}\x09\x01\x04null", 13);
    sync_awareness(buf_cur(&update), &messages[1]);
    ydoc_encode(b.d, UPDATE_V1, NULL, &before);
    for (int i = 0; i < 2; i++)
        for (size_t n = 1; n < buf_len(&messages[i]); n++) {
            struct buf cut = {0};
            buf_put(&cut, buf_bytes(&messages[i]), n);
            assert_int_equal(take(&b, &cut, true), ERR_INVALID);
            buf_done(&cut);
        }
    for (size_t n = 0; n < buf_len(&update); n++) { /* with the right length in front */
        struct cur cut = cur_of(buf_bytes(&update), n);
        assert_int_equal(awareness_apply(b.a, cut, 0, NULL, NULL), ERR_INVALID);
    }
    ydoc_encode(b.d, UPDATE_V1, NULL, &after);
    assert_int_equal(buf_len(&before), buf_len(&after));
    uint64_t client;
    struct cur json;
    size_t at = 0;
    assert_false(awareness_next(b.a, &at, &client, &json));
    assert_int_equal(take(&b, &messages[1], true), OK);
    at = 0;
    assert_true(awareness_next(b.a, &at, &client, &json));
    done(&a);
    done(&b);
    buf_done(&messages[0]);
    buf_done(&messages[1]);
    buf_done(&update);
    buf_done(&before);
    buf_done(&after);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_is_told_what_he_lacks),
        cmocka_unit_test(of_an_update_only_what_is_news_is_passed_on),
        cmocka_unit_test(who_may_only_read_changes_nothing),
        cmocka_unit_test(broken_messages_are_refused_and_unknown_ones_passed_over),
        cmocka_unit_test(a_refusal_is_told_with_its_reason),
        cmocka_unit_test(presence_is_what_was_told_last),
        cmocka_unit_test(presence_has_limits),
        cmocka_unit_test(what_is_cut_anywhere_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
