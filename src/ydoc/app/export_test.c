#include "ydoc/app/export.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdlib.h>

static char *html(const char *title, const char *delta)
{
    struct buf out = {0};
    json_t *d = json_loads(delta, JSON_ALLOW_NUL, NULL);
    assert_non_null(d);
    export_html(title, d, &out);
    json_decref(d);
    return buf_take_str(&out);
}

static void is_html(const char *delta, const char *want)
{
    char *all = html("T", delta);
    char *body = strstr(all, "<h1>T</h1>\n") + 11;
    *strstr(body, "</body>") = '\0';
    assert_string_equal(body, want);
    free(all);
}

static void is_md(const char *delta, const char *want)
{
    struct buf out = {0};
    json_t *d = json_loads(delta, 0, NULL);
    assert_non_null(d);
    export_md(d, &out);
    json_decref(d);
    char *is = buf_take_str(&out);
    assert_string_equal(is, want);
    free(is);
}

static void what_editors_write_becomes_elements(void **state)
{
    (void)state;
    is_html("[]", "");
    is_html("[{\"insert\":\"one\\ntwo\"}]", "<p>one</p>\n<p>two</p>\n");
    is_html("[{\"insert\":\"a \"},{\"insert\":\"b\",\"attributes\":{\"bold\":true,\"em\":{}}}]",
            "<p>a <strong><em>b</em></strong></p>\n");
    is_html("[{\"insert\":\"head\"},{\"insert\":\"\\n\",\"attributes\":{\"header\":2}},"
            "{\"insert\":\"x\"},{\"insert\":\"\\n\",\"attributes\":{\"list\":\"ordered\"}},"
            "{\"insert\":\"y\"},{\"insert\":\"\\n\",\"attributes\":{\"list\":\"ordered\"}},"
            "{\"insert\":\"z\"},{\"insert\":\"\\n\",\"attributes\":{\"code-block\":true}},"
            "{\"insert\":{\"image\":\"javascript:alert(1)\"}}]",
            "<h2>head</h2>\n<ol>\n<li>x</li>\n<li>y</li>\n</ol>\n<pre>\nz\n</pre>\n");
    is_html("[{\"insert\":\"here\",\"attributes\":{\"link\":\"https://a.example/?x=1&y=\\\"\"}}]",
            "<p><a href=\"https://a.example/?x=1&amp;y=&quot;\" rel=\"noopener "
            "noreferrer\">here</a></p>\n");
}

static void nothing_that_others_wrote_can_run(void **state)
{
    (void)state;
    is_html("[{\"insert\":\"<script>alert('1')</script>\\u0000\\u0007&\"}]",
            "<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;</p>\n");
    static const char *const bad[] = {"javascript:alert(1)", "data:text/html,x", "//evil",
                                      "java\\nscript:x",     " https://a",       "https://a b",
                                      "vbscript:x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *delta = mem_printf("[{\"insert\":\"x\",\"attributes\":{\"link\":\"%s\"}}]", bad[i]);
        is_html(delta, "<p>x</p>\n");
        free(delta);
    }
    is_html("[{\"insert\":\"x\",\"attributes\":{\"link\":[1],\"bold\":null,\"x\\\" y\":\"<b>\"}},"
            "{\"insert\":\"\\n\",\"attributes\":{\"header\":\"<b>\",\"list\":7,\"indent\":-1e99}}]",
            "<ul>\n<li>x</li>\n</ul>\n");
    char *all = html("</title><script>", "[]");
    assert_null(strstr(all, "<script>"));
    free(all);
}

static void plain_text_is_markdown_as_it_is(void **state)
{
    (void)state;
    is_md("[{\"insert\":\"# a *b*\\n- c\\n\"}]", "# a *b*\n- c\n");
}

static void formatted_text_becomes_markdown(void **state)
{
    (void)state;
    is_md("[{\"insert\":\"2*3 is \"},{\"insert\":\"six\",\"attributes\":{\"bold\":true}},"
          "{\"insert\":\" and \"},{\"insert\":\"a`b\",\"attributes\":{\"code\":true}},"
          "{\"insert\":\"\\n\",\"attributes\":{\"header\":1}},"
          "{\"insert\":\"one\"},{\"insert\":\"\\n\",\"attributes\":{\"list\":\"ordered\"}},"
          "{\"insert\":\"two\"},{\"insert\":\"\\n\",\"attributes\":{\"list\":\"checked\","
          "\"indent\":1}},"
          "{\"insert\":\"x *\"},{\"insert\":\"\\n\",\"attributes\":{\"code-block\":true}}]",
          "# 2\\*3 is **six** and `` a`b ``\n1. one\n   - [x] two\n```\nx *\n```\n");
    is_md("[{\"insert\":\"a\",\"attributes\":{\"link\":{\"href\":\"http://x/<y>\"}}}]",
          "[a](<http://x/y>)\n");
}

static void is_flat(const char *tree, const char *want)
{
    struct buf out = {0};
    json_t *t = json_loads(tree, 0, NULL);
    assert_non_null(t);
    json_t *delta = export_delta(t);
    export_md(delta, &out);
    json_decref(delta);
    json_decref(t);
    char *text = buf_take_str(&out);
    assert_string_equal(text, want);
    free(text);
}

static void a_tree_of_elements_becomes_lines(void **state)
{
    (void)state;
    is_flat("[]", "");
    is_flat(
        "[{\"tag\":\"heading\",\"attributes\":{\"level\":2},\"children\":[{\"text\":[{\"insert\":"
        "\"T\"}]}]},{\"tag\":\"paragraph\",\"children\":[]},{\"tag\":\"paragraph\",\"children\":[{"
        "\"text\":[{\"insert\":\"a "
        "\"},{\"insert\":\"b\",\"attributes\":{\"bold\":{}}}]}]},{\"tag\":"
        "\"bulletList\",\"children\":[{\"tag\":\"listItem\",\"children\":[{\"tag\":\"paragraph\","
        "\"children\":[{\"text\":[{\"insert\":\"one\"}]}]},{\"tag\":\"orderedList\",\"children\":[{"
        "\"tag\":\"listItem\",\"children\":[{\"tag\":\"paragraph\",\"children\":[{\"text\":[{"
        "\"insert\":\"two\"}]}]}]}]}]}]},{\"tag\":\"codeBlock\",\"children\":[{\"text\":[{"
        "\"insert\":"
        "\"x\\ny\"}]}]},{\"tag\":\"<script>\",\"children\":[{\"text\":[{\"insert\":\"end\"}]}]}]",
        "## T\n\na **b**\n- one\n   1. two\n```\nx\ny\n```\nend\n");
    is_flat("[{\"text\":[{\"insert\":\"x\"}]},{\"tag\":7},{\"tag\":\"hardBreak\"},7,{\"text\":7}]",
            "x\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_editors_write_becomes_elements),
        cmocka_unit_test(nothing_that_others_wrote_can_run),
        cmocka_unit_test(plain_text_is_markdown_as_it_is),
        cmocka_unit_test(formatted_text_becomes_markdown),
        cmocka_unit_test(a_tree_of_elements_becomes_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
