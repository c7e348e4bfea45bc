#include "base/conf.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdlib.h>

static const struct conf_key keys[] = {
    {.name = "files.listen", .type = CONF_TEXT, .fallback = "0.0.0.0:0"},
    {.name = "files.dht", .type = CONF_BOOL, .fallback = "on"},
    {.name = "files.peers", .type = CONF_INT, .fallback = "50", .min = 1, .max = 500},
    {.name = "files.cache", .type = CONF_BYTES, .fallback = "64M", .min = 1 << 20, .max = 1 << 30},
    {.name = "files.upload", .type = CONF_RATE, .fallback = "off", .min = 1000, .max = 1 << 30},
    {.name = "files.keep", .type = CONF_TIME, .fallback = "90d"},
    {.name = "files.encryption",
     .type = CONF_CHOICE,
     .fallback = "prefer",
     .choices = "off|prefer|require"},
    {.name = "files.dht-bootstrap", .type = CONF_LIST, .fallback = "a:1, b:2"},
    {.name = "api.http", .type = CONF_TEXT, .fallback = ""},
};

static struct conf *fresh(void)
{
    return conf_new(keys, sizeof keys / sizeof *keys);
}

static void reads(struct conf *c, const char *text)
{
    struct why why = {0};
    if (conf_read(c, text, strlen(text), "shoal.conf", &why) != OK)
        fail_msg("%s", why.text);
}

static void refuses(const char *text, const char *because)
{
    struct conf *c = fresh();
    struct why why = {0};
    reads(c, "[api]\nhttp = as it was\n");
    assert_int_not_equal(conf_read(c, text, strlen(text), "shoal.conf", &why), OK);
    assert_string_equal(why.text, because);
    assert_string_equal(conf_text(c, "api.http"), "as it was");
    conf_free(c);
}

static void defaults_are_what_the_table_says(void **state)
{
    (void)state;
    struct conf *c = fresh();
    assert_string_equal(conf_text(c, "files.listen"), "0.0.0.0:0");
    assert_true(conf_bool(c, "files.dht"));
    assert_int_equal(conf_int(c, "files.cache"), 64 << 20);
    assert_int_equal(conf_int(c, "files.upload"), 0);
    assert_int_equal(conf_int(c, "files.keep"), 90 * 86400);
    assert_false(conf_is_set(c, "files.dht"));
    assert_ptr_equal(conf_key_at(c, 8), &keys[8]);
    assert_null(conf_key_at(c, 9));
    assert_ptr_equal(conf_key_find(c, "files.keep"), &keys[5]);
    assert_null(conf_key_find(c, "files.kee"));
    conf_free(c);
    conf_free(NULL);
}

static void a_file_is_read_as_people_write_it(void **state)
{
    (void)state;
    struct conf *c = fresh();
    reads(c, "\xef\xbb\xbf# mine\r\n[files]\r\n  listen = 127.0.0.1:7 ; loopback\r\n"
             "\tdht:no\n\n; more\npeers=7\n[api]\nhttp =\n[files]\nencryption = require");
    assert_string_equal(conf_text(c, "files.listen"), "127.0.0.1:7");
    assert_false(conf_bool(c, "files.dht"));
    assert_int_equal(conf_int(c, "files.peers"), 7);
    assert_string_equal(conf_text(c, "files.encryption"), "require");
    assert_true(conf_is_set(c, "api.http"));
    assert_false(conf_is_set(c, "files.cache"));
    reads(c, ""); /* an emptied file, read again */
    assert_true(conf_bool(c, "files.dht"));
    assert_int_equal(conf_read(c, NULL, 0, "none", NULL), OK);
    conf_free(c);
}

static void a_wrong_file_is_refused_by_line_and_changes_nothing(void **state)
{
    (void)state;
    refuses("[files]\n\nlisen = x\n",
            "shoal.conf line 3: files.lisen is no setting; did you mean files.listen?");
    refuses("[nonsense]\nentirely = x\n", "shoal.conf line 2: nonsense.entirely is no setting");
    refuses("[api]\nhttp = x\n[files]\npeers = many\n",
            "shoal.conf line 4: files.peers: \"many\" is not a whole number");
    refuses("[files]\npeers = 501\n", "shoal.conf line 2: files.peers: 501 is more than 500");
    refuses("[files]\npeers = 0\n", "shoal.conf line 2: files.peers: 0 is less than 1");
    refuses("[files]\ndht = maybe\n",
            "shoal.conf line 2: files.dht: \"maybe\" is neither on nor off");
    refuses(
        "[files]\nencryption = prefer|require\n",
        "shoal.conf line 2: files.encryption: \"prefer|require\" is none of off|prefer|require");
    refuses("[files]\ndht = on\ndht = off\n",
            "shoal.conf line 3: files.dht is set for the second time");
    refuses("[files]\njust words\npeers = 0\n",
            "shoal.conf line 2: neither [section], nor key = value, nor a comment");
    refuses("[files]\npeers = 0\njust words\n", "shoal.conf line 2: files.peers: 0 is less than 1");
    refuses("[files\n", "shoal.conf line 1: neither [section], nor key = value, nor a comment");
    refuses("[api]\nhttp = \xff\n", "shoal.conf: not UTF-8");
}

static void off_is_nothing_where_nothing_may_be(void **state)
{
    (void)state;
    struct conf *c = fresh();
    reads(c, "[files]\nkeep = off\nupload = OFF\n");
    assert_int_equal(conf_int(c, "files.keep"), 0);
    assert_int_equal(conf_int(c, "files.upload"), 0);
    conf_free(c);
    static const enum conf_type types[] = {CONF_INT, CONF_BYTES, CONF_RATE, CONF_TIME};
    for (size_t i = 0; i < 4; i++) {
        int64_t n = 9;
        assert_int_equal(conf_parse_number(types[i], "off", &n, NULL), OK);
        assert_int_equal(n, 0);
    }
    refuses("[files]\npeers = off\n", "shoal.conf line 2: files.peers: off is less than 1");
    refuses("[files]\ncache = off\n", "shoal.conf line 2: files.cache: off is less than 1048576");
}

static enum err read_buf(struct conf *c, const struct buf *text, struct why *why)
{
    return conf_read(c, (const char *)buf_bytes(text), buf_len(text), "f", why);
}

static void lengths_have_limits(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct why why = {0};
    struct buf text = {0};
    buf_printf(&text, "[api]\nhttp = %0*d", CONF_VALUE_MAX, 7);
    assert_int_equal(read_buf(c, &text, &why), OK);
    assert_int_equal(strlen(conf_text(c, "api.http")), CONF_VALUE_MAX);
    buf_str(&text, "v\n");
    assert_int_equal(read_buf(c, &text, &why), ERR_LIMIT);
    assert_string_equal(why.text, "f line 2: api.http: 8001 bytes, at most 8000");
    buf_clear(&text);
    buf_printf(&text, "#%0*d", CONF_LINE_MAX - 1, 0);
    assert_int_equal(read_buf(c, &text, &why), OK);
    buf_str(&text, "0");
    assert_int_equal(read_buf(c, &text, &why), ERR_LIMIT);
    assert_string_equal(why.text, "f line 1: longer than a line may be");
    buf_done(&text);
    assert_int_equal(conf_read(c, "[api]\n\0", 7, "f", &why), ERR_INVALID);
    assert_string_equal(why.text, "f line 2: a NUL byte");
    char *file = mem_zalloc(CONF_FILE_MAX + 1);
    memset(file, '\n', CONF_FILE_MAX + 1);
    assert_int_equal(conf_read(c, file, CONF_FILE_MAX, "f", &why), OK);
    assert_int_equal(conf_read(c, file, CONF_FILE_MAX + 1, "f", &why), ERR_LIMIT);
    free(file);
    conf_free(c);
}

static void set_beats_environment_beats_file(void **state)
{
    (void)state;
    struct conf *c = fresh();
    char *const env[] = {"SHOAL_FILES_PEERS=20",
                         "SHOAL_FILES_DHT_BOOTSTRAP=c:3",
                         "SHOAL_FILES_PEERSX=30",
                         "SHOAL_HOME=/x",
                         "XSHOAL_FILES_DHT=off",
                         "SHOAL_FILES_KEEP",
                         NULL};
    assert_int_equal(conf_set(c, "files.peers", "30", NULL), OK);
    assert_int_equal(conf_read_env(c, env, NULL), OK);
    reads(c, "[files]\npeers = 10\ndht-bootstrap = d:4\ndht = off\n");
    assert_int_equal(conf_int(c, "files.peers"), 30);
    assert_string_equal(conf_text(c, "files.dht-bootstrap"), "c:3");
    assert_false(conf_bool(c, "files.dht"));
    assert_int_equal(conf_int(c, "files.keep"), 90 * 86400);
    assert_int_equal(conf_set(c, "files.peers", "31", NULL), OK);
    assert_int_equal(conf_int(c, "files.peers"), 31);
    conf_free(c);
}

static void a_wrong_environment_changes_nothing(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct why why = {0};
    char *const env[] = {"SHOAL_FILES_DHT=off", "SHOAL_FILES_PEERS=x", NULL};
    assert_int_equal(conf_read_env(c, env, &why), ERR_INVALID);
    assert_string_equal(why.text,
                        "environment SHOAL_FILES_PEERS: files.peers: \"x\" is not a whole "
                        "number");
    assert_true(conf_bool(c, "files.dht"));
    conf_free(c);
}

static void set_refuses_what_a_file_could_not_hold(void **state)
{
    (void)state;
    struct conf *c = fresh();
    static const char *const bad[] = {"a\nb", "a\tb", " a", "a ", "a ;b", ";a", "\x7f", "\xc0\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct why why = {0};
        assert_int_equal(conf_set(c, "api.http", bad[i], &why), ERR_INVALID);
        assert_memory_equal(why.text, "api.http: ", 10);
    }
    assert_int_equal(conf_set(c, "api.http", "a;b #c = [d]", NULL), OK);
    assert_int_equal(conf_set(c, "api.htp", "x", NULL), ERR_INVALID);
    conf_free(c);
}

static void is_number(enum conf_type type, const char *text, int64_t want)
{
    int64_t v = -77;
    struct why why = {0};
    if (conf_parse_number(type, text, &v, &why) != OK)
        fail_msg("%s: %s", text, why.text);
    assert_int_equal(v, want);
}

static void no_number(enum conf_type type, const char *text, enum err code)
{
    int64_t v = -77;
    struct why why = {0};
    assert_int_equal(conf_parse_number(type, text, &v, &why), code);
    assert_true(v == -77 && why.text[0]);
}

static void numbers_have_the_units_that_people_write(void **state)
{
    (void)state;
    is_number(CONF_INT, "-12", -12);
    is_number(CONF_INT, "9223372036854775807", INT64_MAX);
    no_number(CONF_INT, "9223372036854775808", ERR_LIMIT);
    is_number(CONF_BYTES, "0", 0);
    is_number(CONF_BYTES, "5M", 5 << 20);
    is_number(CONF_BYTES, "5m", 5 << 20);
    is_number(CONF_BYTES, "5 MiB", 5 << 20);
    is_number(CONF_BYTES, "5kB", 5000);
    is_number(CONF_BYTES, "5K", 5120);
    is_number(CONF_BYTES, "200GiB", INT64_C(200) << 30);
    is_number(CONF_BYTES, "2TB", INT64_C(2000000000000));
    is_number(CONF_BYTES, "8388607T", INT64_C(8388607) << 40);
    no_number(CONF_BYTES, "8388608T", ERR_LIMIT);
    is_number(CONF_RATE, "5M/s", 5 << 20);
    is_number(CONF_RATE, "OFF", 0);
    no_number(CONF_RATE, "/s", ERR_INVALID);
    no_number(CONF_BYTES, "5M/s", ERR_INVALID);
    is_number(CONF_TIME, "90d", 90 * 86400);
    is_number(CONF_TIME, "12h", 12 * 3600);
    is_number(CONF_TIME, "5min", 300);
    is_number(CONF_TIME, "30s", 30);
    is_number(CONF_TIME, "2w", 14 * 86400);
    static const char *const bad[] = {"",     "M",   "-5M", "5X",   "5MM",
                                      "1.5G", " 5M", "5M ", "0x10", "+5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        no_number(CONF_BYTES, bad[i], ERR_INVALID);
    no_number(CONF_INT, "5M", ERR_INVALID);
    no_number(CONF_INT, "-", ERR_INVALID);
    no_number(CONF_TIME, "5m", ERR_INVALID); /* months? minutes? */
    no_number(CONF_TEXT, "5", ERR_INVALID);
}

static void a_rate_of_zero_is_no_limit_whatever_the_least_is(void **state)
{
    (void)state;
    struct conf *c = fresh();
    assert_int_equal(conf_set(c, "files.upload", "0", NULL), OK);
    assert_int_equal(conf_set(c, "files.upload", "999", NULL), ERR_INVALID);
    assert_int_equal(conf_set(c, "files.upload", "1000", NULL), OK);
    assert_int_equal(conf_int(c, "files.upload"), 1000);
    conf_free(c);
}

static void a_list_gives_its_members_trimmed(void **state)
{
    (void)state;
    struct conf *c = fresh();
    char out[CONF_ITEM_MAX], small[3];
    assert_true(conf_item(c, "files.dht-bootstrap", 1, out, sizeof out));
    assert_string_equal(out, "b:2");
    assert_false(conf_item(c, "files.dht-bootstrap", 2, out, sizeof out));
    assert_int_equal(conf_set(c, "files.dht-bootstrap", ",x y , ,zz z,", NULL), OK);
    assert_true(conf_item(c, "files.dht-bootstrap", 0, out, sizeof out));
    assert_string_equal(out, "x y");
    assert_true(conf_item(c, "files.dht-bootstrap", 1, small, sizeof small));
    assert_string_equal(small, "zz");
    assert_false(conf_item(c, "files.dht-bootstrap", 2, out, sizeof out));
    char longest[CONF_ITEM_MAX + 1];
    memset(longest, 'x', sizeof longest);
    longest[CONF_ITEM_MAX - 1] = '\0';
    assert_int_equal(conf_set(c, "files.dht-bootstrap", longest, NULL), OK);
    longest[CONF_ITEM_MAX - 1] = 'x';
    longest[CONF_ITEM_MAX] = '\0';
    assert_int_equal(conf_set(c, "files.dht-bootstrap", longest, NULL), ERR_LIMIT);
    conf_free(c);
}

static void edits(const char *text, const char *key, const char *value, const char *want)
{
    struct buf out = {0};
    conf_edit(&out, text, strlen(text), key, value);
    char *got = buf_take_str(&out);
    assert_string_equal(got, want);
    free(got);
}

static void an_edit_changes_one_value_and_no_other_byte(void **state)
{
    (void)state;
    edits("# a\n[files]\n  dht\t=  on  ; why\n", "files.dht", "off",
          "# a\n[files]\n  dht\t=  off  ; why\n");
    edits("[files]\r\ndht:on\r\n# end", "files.dht", "off", "[files]\r\ndht:off\r\n# end");
    edits("[files]\ndht =\n", "files.dht", "on", "[files]\ndht = on\n");
    edits("[files]\ndht = ; none\n", "files.dht", "on", "[files]\ndht = on ; none\n");
    edits("files.dht = on\n[files]\n", "files.dht", "off", "files.dht = off\n[files]\n");
    edits("[api]\ndht = on\n[files]\n#dht = x\n", "files.dht", "off",
          "[api]\ndht = on\n[files]\ndht = off\n#dht = x\n");
}

static void an_edit_adds_what_is_not_there(void **state)
{
    (void)state;
    edits("", "files.dht", "on", "[files]\ndht = on\n");
    edits("[api]\nhttp = x", "files.dht", "on", "[api]\nhttp = x\n\n[files]\ndht = on\n");
    edits("[files]\r\npeers = 1\r\n\r\n# web\r\n[api]\r\n", "files.dht", "on",
          "[files]\r\npeers = 1\r\ndht = on\r\n\r\n# web\r\n[api]\r\n");
    edits("[files]", "files.dht", "on", "[files]\ndht = on\n");
    struct buf out = {0};
    conf_edit(&out, NULL, 0, "api.http", "");
    assert_memory_equal(buf_bytes(&out), "[api]\nhttp = \n", buf_len(&out));
    buf_done(&out);
}

static void an_edit_takes_out(void **state)
{
    (void)state;
    edits("[files]\n# a\ndht = on ; b\npeers = 1\n", "files.dht", NULL,
          "[files]\n# a\npeers = 1\n");
    edits("[files]\npeers = 1\n", "files.dht", NULL, "[files]\npeers = 1\n");
}

static const char *word_at(const void *words, size_t i)
{
    return ((const char *const *)words)[i];
}

static void the_nearest_name_is_near(void **state)
{
    (void)state;
    static const char *const words[] = {"share", "shard", "status", "get", NULL};
    assert_string_equal(conf_nearest("shrae", word_at, words), "share"); /* two letters swapped */
    assert_string_equal(conf_nearest("shar", word_at, words), "share");  /* the first of two */
    assert_string_equal(conf_nearest("stats", word_at, words), "status");
    assert_string_equal(conf_nearest("gt", word_at, words), "get");
    assert_string_equal(conf_nearest("get", word_at, words), "get");
    assert_null(conf_nearest("xyz", word_at, words));
    assert_null(conf_nearest("", word_at, words));
    char word[66];
    memset(word, 's', 65);
    word[65] = '\0';
    assert_null(conf_nearest(word, word_at, words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_what_the_table_says),
        cmocka_unit_test(a_file_is_read_as_people_write_it),
        cmocka_unit_test(a_wrong_file_is_refused_by_line_and_changes_nothing),
        cmocka_unit_test(off_is_nothing_where_nothing_may_be),
        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(set_beats_environment_beats_file),
        cmocka_unit_test(a_wrong_environment_changes_nothing),
        cmocka_unit_test(set_refuses_what_a_file_could_not_hold),
        cmocka_unit_test(numbers_have_the_units_that_people_write),
        cmocka_unit_test(a_rate_of_zero_is_no_limit_whatever_the_least_is),
        cmocka_unit_test(a_list_gives_its_members_trimmed),
        cmocka_unit_test(an_edit_changes_one_value_and_no_other_byte),
        cmocka_unit_test(an_edit_adds_what_is_not_there),
        cmocka_unit_test(an_edit_takes_out),
        cmocka_unit_test(the_nearest_name_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
