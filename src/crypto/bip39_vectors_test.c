/* All published English vectors.  They are too many to keep here: a program of its own, which Meson
 * counts as skipped where they are not. */
#include "crypto/bip39_test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void all_published_english_vectors_hold(void **state)
{
    const json_t *all = *state;
    size_t i;
    json_t *v;
    json_array_foreach(all, i, v) {
        assert_string_equal(json_string_value(json_array_get(v, 2)), "TREZOR");
        bip39_holds(json_string_value(json_array_get(v, 0)),
                    json_string_value(json_array_get(v, 1)),
                    json_string_value(json_array_get(v, 3)));
    }
    assert_true(i > 0);
}

int main(void)
{
    const char *dir = getenv("SHOAL_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/bitcoin/bip39_english.json", dir ? dir : VECTORS_DIR);
    json_t *all = json_load_file(path, 0, NULL);
    if (!all) { /* TAP's plan of nothing; cmocka's own skip() prints "not ok", which is a failure */
        printf("1..0 # SKIP %s is not there\n", path);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(all_published_english_vectors_hold, all),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(all);
    return failed;
}
