#include "crypto/radix.h"

#include "crypto/wipe.h"

#include <stdint.h>
#include <string.h>

/* A number in digits of some base, the lowest first. */
struct number {
    uint8_t digit[RADIX_TEXT_MAX];
    size_t len; /* without leading zeros */
};

/* num = num * times + plus, in base `base`.  False where it outgrows its room. */
static bool push(struct number *num, unsigned base, unsigned times, unsigned plus)
{
    unsigned carry = plus;
    for (size_t i = 0; i < num->len; i++) {
        carry += num->digit[i] * times;
        num->digit[i] = (uint8_t)(carry % base);
        carry /= base;
    }
    for (; carry > 0; carry /= base) {
        if (num->len == sizeof num->digit)
            return false;
        num->digit[num->len++] = (uint8_t)(carry % base);
    }
    return true;
}

bool radix_encode(const char *alphabet, const void *bytes, size_t n, char *out, size_t cap)
{
    const uint8_t *p = bytes;
    const unsigned base = (unsigned)strlen(alphabet);
    if (n > RADIX_BYTES_MAX)
        return false;
    size_t zeros = 0;
    while (zeros < n && p[zeros] == 0)
        zeros++;
    struct number num = {.len = 0};
    for (size_t i = zeros; i < n; i++)
        push(&num, base, 256, p[i]); /* has room for RADIX_BYTES_MAX */
    bool fits = zeros + num.len < cap;
    if (fits) {
        memset(out, alphabet[0], zeros);
        for (size_t i = 0; i < num.len; i++)
            out[zeros + i] = alphabet[num.digit[num.len - 1 - i]];
        out[zeros + num.len] = '\0';
    }
    wipe(&num, sizeof num); /* it may be a private key */
    return fits;
}

/* The number that the text is; false for a strange letter. */
static bool read_number(const char *alphabet, const char *text, size_t len, struct number *num)
{
    const unsigned base = (unsigned)strlen(alphabet);
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!at || !push(num, 256, base, (unsigned)(at - alphabet)))
            return false;
    }
    return true;
}

bool radix_decode(const char *alphabet, const char *text, size_t len, void *out, size_t cap,
                  size_t *n)
{
    uint8_t *to = out;
    if (len >= RADIX_TEXT_MAX)
        return false;
    size_t zeros = 0;
    while (zeros < len && text[zeros] == alphabet[0])
        zeros++;
    struct number num = {.len = 0};
    bool good = read_number(alphabet, text + zeros, len - zeros, &num);
    size_t total = zeros + num.len;
    good = good && total <= cap && total <= RADIX_BYTES_MAX;
    if (good) {
        for (size_t i = 0; i < total; i++)
            to[i] = i < zeros ? 0 : num.digit[total - 1 - i];
        *n = total;
    }
    wipe(&num, sizeof num);
    return good;
}
