#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *or_end(void *p, size_t n)
{
    if (!p) {
        fprintf(stderr, "shoal: out of memory (%zu bytes asked for)\n", n);
        abort();
    }
    return p;
}

void *mem_zalloc(size_t n)
{
    return or_end(calloc(1, n ? n : 1), n);
}

void *mem_realloc(void *p, size_t n)
{
    return or_end(realloc(p, n ? n : 1), n);
}

void *mem_array(size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        return or_end(NULL, SIZE_MAX);
    return mem_zalloc(n);
}

void *mem_dup(const void *p, size_t n)
{
    void *copy = or_end(malloc(n ? n : 1), n);
    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}

char *mem_strdup(const char *s)
{
    return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
    char *copy = or_end(malloc(n + 1), n + 1);
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_printf(const char *fmt, ...)
{
    char *out = NULL;
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(&out, fmt, args);
    va_end(args);
    return or_end(n < 0 ? NULL : out, n < 0 ? 0 : (size_t)n);
}
