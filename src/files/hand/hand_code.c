#include "files/hand/hand_code.h"

#include "base/conf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PARTS = 3, PART_MAX = 16 };

struct hand_code hand_code_of(uint64_t random)
{
    return (struct hand_code){.first = (uint8_t)random,
                              .second = (uint8_t)(random >> 8),
                              .nameplate = (unsigned)((random >> 16) % HAND_NAMEPLATE_MAX) + 1};
}

const char *hand_code_format(const struct hand_code *c, char text[HAND_CODE_TEXT])
{
    snprintf(text, HAND_CODE_TEXT, "%u-%s-%s", c->nameplate, hand_first_words[c->first],
             hand_second_words[c->second]);
    return text;
}

static const char *word_at(const void *list, size_t i)
{
    const char *const *words = list;
    return i < HAND_WORDS ? words[i] : NULL;
}

/* The place of the word that is meant, or -1: none, or several begin so. */
static int find(const char *const *words, const char *word)
{
    size_t n = strlen(word);
    int found = -1, count = 0;
    for (int i = 0; i < HAND_WORDS; i++) {
        if (strncmp(words[i], word, n) != 0)
            continue;
        if (!words[i][n])
            return i;
        found = i;
        count++;
    }
    return count == 1 ? found : -1;
}

static enum err take_word(uint8_t *out, const char *const *words, const char *word, struct why *why)
{
    int at = find(words, word);
    if (at < 0) {
        const char *near = conf_nearest(word, word_at, words);
        return why_set(why, ERR_INVALID,
                       near ? "%s is no word of a code here; did you mean %s?"
                            : "%s is no word of a code here",
                       word, near);
    }
    *out = (uint8_t)at;
    return OK;
}

static bool is_gap(char c)
{
    return c == '-' || c == ' ' || c == '.' || c == '_' || c == '\t';
}

/* Into three parts, in small letters. */
static bool split(const char *text, char parts[PARTS][PART_MAX])
{
    size_t part = 0, n = 0;
    bool open = false;
    memset(parts, 0, PARTS * PART_MAX);
    for (; *text; text++) {
        bool big = *text >= 'A' && *text <= 'Z';
        char c = (char)(big ? *text - 'A' + 'a' : *text);
        if (is_gap(c)) {
            part += open;
            open = false;
            n = 0;
            continue;
        }
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (part == PARTS || n == PART_MAX - 1 || !plain)
            return false;
        parts[part][n++] = c;
        open = true;
    }
    return parts[PARTS - 1][0] != 0;
}

static bool take_nameplate(unsigned *out, const char *digits)
{
    size_t n = strlen(digits);
    *out = 0;
    if (n != strspn(digits, "0123456789") || n > 3 || digits[0] == '0')
        return false;
    for (size_t i = 0; i < n; i++)
        *out = *out * 10 + (unsigned)(digits[i] - '0');
    return true;
}

enum err hand_code_parse(struct hand_code *out, const char *text, struct why *why)
{
    char parts[PARTS][PART_MAX];
    *out = (struct hand_code){0};
    if (strlen(text) > HAND_CODE_INPUT_MAX || !split(text, parts) ||
        !take_nameplate(&out->nameplate, parts[0]))
        return why_set(why, ERR_INVALID,
                       "a code is a number from 1 to %d and two words, as 4-tulip-anchor",
                       HAND_NAMEPLATE_MAX);
    if (find(hand_first_words, parts[2]) >= 0 && find(hand_second_words, parts[1]) >= 0 &&
        (find(hand_first_words, parts[1]) < 0 || find(hand_second_words, parts[2]) < 0))
        return why_set(why, ERR_INVALID, "the words are in the other order: %s-%s-%s", parts[0],
                       parts[2], parts[1]);
    if (take_word(&out->first, hand_first_words, parts[1], why) != OK ||
        take_word(&out->second, hand_second_words, parts[2], why) != OK)
        return ERR_INVALID;
    return OK;
}
