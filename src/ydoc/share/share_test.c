#include "ydoc/share/share.h"

#include "ydoc/share/share_kit_test.h"

static void two_who_share_a_document_read_what_either_types(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    type(&k->n[ANN], "before ");
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    assert_true(has(&k->n[BOB], "before "));
    type(&k->n[ANN], "by ann ");
    reads(&k->n[BOB], "by ann ", SEC);
    type(&k->n[BOB], "by bob ");
    reads(&k->n[ANN], "by bob ", SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_who_share_a_document_read_what_either_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
