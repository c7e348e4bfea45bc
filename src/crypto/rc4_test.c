#include "crypto/rc4.h"

#include "base/test.h"
#include "crypto/hex.h"

#include <stdlib.h>

static int open_lib(void **state)
{
    *state = rc4_lib_new(NULL);
    return *state ? 0 : -1;
}

static int close_lib(void **state)
{
    rc4_lib_free(*state);
    return 0;
}

static void stream_is(void *lib, size_t key_len, size_t drop, const char *want)
{
    uint8_t key[32], out[16] = {0};
    char text[33];
    for (size_t i = 0; i < key_len; i++)
        key[i] = (uint8_t)(i + 1);
    struct rc4 *r = rc4_new(lib, key, key_len, drop);
    rc4_run(r, out, out, 5); /* in parts, and in place */
    rc4_run(r, out + 5, out + 5, 11);
    assert_string_equal(hex_encode(out, sizeof out, text), want);
    rc4_free(r);
}

/* RFC 6229 section 2, keys 0102.., offsets 0 and 1024. */
static void gives_the_streams_of_rfc_6229(void **state)
{
    stream_is(*state, 5, 0, "b2396305f03dc027ccc3524a0a1118a8");
    stream_is(*state, 5, 1024, "30abbcc7c20b01609f23ee2d5f6bb7df");
    stream_is(*state, 16, 0, "9ac7cc9a609d1ef7b2932899cde41b97");
    stream_is(*state, 16, 1024, "bdf0324e6083dcc6d3cedd3ca8c53c16");
    stream_is(*state, 24, 0, "0595e57fe5f0bb3c706edac8a4b2db11");
    stream_is(*state, 24, 1024, "93610d523d1d3f0062b3c2a3bbc7c7f0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_the_streams_of_rfc_6229, open_lib, close_lib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
