#include "base/mem.h"

#include "base/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing_is_still_a_pointer(void **state)
{
    (void)state;
    free(mem_zalloc(0));
    free(mem_array(0, 8));
    free(mem_dup(NULL, 0));
    free(mem_realloc(NULL, 0));
    assert_null(mem_strdup(NULL));
}

static void what_it_gives_is_zero(void **state)
{
    (void)state;
    uint64_t *a = mem_array(1000, sizeof *a);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(a[i], 0);
    a = mem_realloc(a, 2000 * sizeof *a);
    a[1999] = 1;
    free(a);
}

static void copies_are_whole(void **state)
{
    (void)state;
    char *s = mem_strdup("abc"), *n = mem_strndup("a\0bc", 3), *p = mem_printf("%s %d", "x", 7);
    assert_string_equal(s, "abc");
    assert_memory_equal(n, "a\0b", 4);
    assert_string_equal(p, "x 7");
    free(s);
    free(n);
    free(p);
}

/* In a child, whose words end up in `said`; returns the signal that ended it. */
static int last_words_of(void (*act)(void), char *said, size_t cap)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka's handler would go on with the tests */
        dup2(ends[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], said + n, cap - 1 - n)) > 0;)
        n += (size_t)got;
    said[n] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void ask_for_an_array_that_overflows(void)
{
    volatile size_t half = SIZE_MAX / 2;
    free(mem_array(half, 3));
}

static void an_array_that_overflows_ends_the_process_with_words(void **state)
{
    (void)state;
    char said[500];
    assert_int_equal(last_words_of(ask_for_an_array_that_overflows, said, sizeof said), SIGABRT);
    assert_non_null(strstr(said, "shoal: out of memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_still_a_pointer),
        cmocka_unit_test(what_it_gives_is_zero),
        cmocka_unit_test(copies_are_whole),
        cmocka_unit_test(an_array_that_overflows_ends_the_process_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
