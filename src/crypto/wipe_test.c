#include "crypto/wipe.h"

#include "base/test.h"

static void leaves_zeros_there_and_nothing_elsewhere(void **state)
{
    (void)state;
    char bytes[] = "<secret>";
    wipe(bytes + 1, 6);
    assert_memory_equal(bytes, "<\0\0\0\0\0\0>", 8);
    wipe(bytes, 0);
    assert_int_equal(bytes[0], '<');
    wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_zeros_there_and_nothing_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
