#include "base/late.h"

#include "base/test.h"

#include <math.h>
#include <string.h>

struct math_lib {
    double (*floor)(double x);
    double (*ceil)(double x);
};

static void a_library_is_loaded_and_its_functions_can_be_called(void **state)
{
    (void)state;
    static const char *const used[] = {"floor", "ceil"};
    struct math_lib lib;
    struct why why;
    for (int again = 0; again < 2; again++) {
        assert_int_equal(LATE_LOAD("libm.so.6", used, &lib, &why), OK);
        assert_true(lib.floor(1.5) < 1.25 && lib.ceil(1.5) > 1.75);
        memset(&lib, 0, sizeof lib);
    }
}

static void a_library_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const char *const used[] = {"floor", "ceil"};
    struct math_lib lib;
    struct why why;
    assert_int_equal(LATE_LOAD("libnobody.so.7", used, &lib, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "libnobody.so.7"));
}

static void a_function_that_it_has_not_is_named(void **state)
{
    (void)state;
    static const char *const used[] = {"floor", "flood"};
    struct math_lib lib;
    struct why why;
    assert_int_equal(LATE_LOAD("libm.so.6", used, &lib, &why), ERR_UNSUPPORTED);
    assert_string_equal(why.text, "libm.so.6 has no flood");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_is_loaded_and_its_functions_can_be_called),
        cmocka_unit_test(a_library_that_is_not_there_is_named),
        cmocka_unit_test(a_function_that_it_has_not_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
