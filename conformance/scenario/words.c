/* words.c: the words of a line. */
#include "parser.h"

#include <stdint.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool is_text(struct word word, const char *text)
{
    return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

bool starts_with(struct word word, const char *start)
{
    size_t size = strlen(start);
    return word.size >= size && memcmp(word.text, start, size) == 0;
}

struct word word_after(struct word word, size_t bytes)
{
    return bytes > 0 ? (struct word){word.text + bytes, word.size - bytes} : word;
}

struct word word_trim(struct word word)
{
    while (word.size > 0 && is_blank(word.text[0]))
        word = word_after(word, 1);
    while (word.size > 0 && is_blank(word.text[word.size - 1]))
        word.size--;
    return word;
}

bool take_until(struct word *rest, char separator, struct word *piece)
{
    const char *end = rest->size > 0 ? memchr(rest->text, separator, rest->size) : NULL;

    *piece = *rest;
    if (end != NULL)
        piece->size = (size_t)(end - rest->text);
    *rest = word_after(*rest, end != NULL ? piece->size + 1 : piece->size);
    return end != NULL;
}

struct word take_word(struct word *rest)
{
    const char *start = rest->text, *limit, *end;

    if (rest->size == 0) /* its text may be NULL */
        return *rest;
    limit = start + rest->size;
    while (start < limit && is_blank(*start))
        start++;
    end = start;
    while (end < limit && !is_blank(*end))
        end++;
    *rest = (struct word){end, (size_t)(limit - end)};
    return (struct word){start, (size_t)(end - start)};
}

struct word without_comment(struct word line)
{
    struct word before;

    take_until(&line, '#', &before);
    return word_trim(before);
}

struct word before_answer(struct word line, struct word *answer)
{
    struct word rest = line, word;

    *answer = (struct word){NULL, 0};
    while ((word = take_word(&rest)).size > 0)
        if (word_is(word, "=>")) {
            *answer = word_trim(rest);
            return word_trim((struct word){line.text, (size_t)(word.text - line.text)});
        }
    return line;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_name(struct word word)
{
    if (word.size == 0 || word.size > PROGRAM_NAME_MAX || !is_letter(word.text[0]))
        return false;
    for (size_t i = 1; i < word.size; i++) {
        char c = word.text[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

bool parse_number(struct word word, int max, int *number)
{
    int64_t value = 0;

    if (word.size == 0)
        return false;
    for (size_t i = 0; i < word.size; i++) {
        if (!is_digit(word.text[i]))
            return false;
        value = value * 10 + (word.text[i] - '0');
        if (value > max)
            return false;
    }
    *number = (int)value;
    return true;
}
