/* schedule: the answers to a runtime's choices, as a driver reads them and as an option of conform.
 */
#include "schedule.h"

#include "scenario/memory.h"

#include <inttypes.h>
#include <string.h>

struct answers answers_create(size_t count)
{
    return (struct answers){zeroed(count, sizeof(int)), count};
}

struct answers answers_taken(const struct trace *trace)
{
    struct answers answers = answers_create((size_t)trace->choice_count);
    size_t i;

    for (i = 0; i < answers.count; i++)
        answers.of[i] = trace->choices[i].answer;
    return answers;
}

struct answers answers_without(const struct answers *answers, size_t from, size_t size)
{
    struct answers copy = answers_create(answers->count);
    size_t i;

    for (i = 0; i < answers->count; i++)
        copy.of[i] = i >= from && i - from < size ? 0 : answers->of[i];
    return copy;
}

void answers_trim(struct answers *answers)
{
    while (answers->count > 0 && answers->of[answers->count - 1] == 0)
        answers->count--;
}

/* Write the answers behind a text, separated by blanks. */
static void write_answers(FILE *stream, const char *before, const struct answers *answers)
{
    size_t i;

    for (i = 0; i < answers->count; i++, before = " ")
        fprintf(stream, "%s%d", before, answers->of[i]);
}

void schedule_write(FILE *stream, const struct answers *answers, const int *takers, size_t count)
{
    size_t i;

    fputs("schedule", stream);
    write_answers(stream, " ", answers);
    if (count > 0)
        fputs(" turns", stream);
    for (i = 0; i < count; i++)
        fprintf(stream, takers[i] == TURN_TIME ? " -" : " %d", takers[i]);
    fputc('\n', stream);
}

void schedule_write_seed(FILE *stream, uint64_t seed)
{
    fprintf(stream, "schedule seed %" PRIu64 "\n", seed);
}

char *schedule_option(const struct answers *answers)
{
    char *text;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    write_answers(stream, "--schedule \"", answers);
    fputs(answers->count ? "\"" : "--schedule 0", stream);
    fclose(stream);
    return must(text);
}
