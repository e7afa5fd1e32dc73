/* random_programs COUNT [SEED]: prints a chapter of COUNT random scenarios, for `conform --spec`
 * and so for any runtime; the invariants judge what happens. The first scenario is made from SEED
 * (1) and named after it, the next from the next number, so that each can be made again alone. */
#include "chance.h"
#include "input.h"
#include "programs.h"

#include <stdio.h>

/* SplitMix64, so that programs from neighbouring seeds have nothing in common. */
static uint64_t mixed(uint64_t seed)
{
    seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9;
    seed = (seed ^ seed >> 27) * 0x94d049bb133111eb;
    return seed ^ seed >> 31;
}

int main(int argc, char **argv)
{
    static char text[PROGRAM_TEXT];
    static uint8_t bytes[512];
    uint64_t count, seed = 1;

    if (argc < 2 || argc > 3 || !number_read(argv[1], &count) || count == 0 ||
        (argc == 3 && !number_read(argv[2], &seed))) {
        fprintf(stderr, "usage: %s COUNT [SEED]\n", argv[0]);
        return 2;
    }
    printf("# Random programs\n\n### R99.1 What holds for every program  {MUST}\n\n"
           "Whatever a program does, no rule is broken.\n\nWhy: rules have "
           "no exceptions.\n\nSource: chance.\n");
    for (; count > 0; count--, seed++) {
        struct input input;

        chance_begin(mixed(seed));
        input = input_split(bytes, input_make(bytes, sizeof bytes, chance_next));
        program_write(text, &input);
        printf("\nA random program:\n\n```scenario p%ju\n%s```\n", (uintmax_t)seed, text);
    }
    return 0;
}
