/* random_programs COUNT [SEED]: a chapter with so many scenarios made by chance, for `conform
 * --spec` and so for any runtime: what each must do the monitors know. The same SEED (1) makes the
 * same ones. */
#include "input.h"
#include "programs.h"

#include <stdio.h>
#include <stdlib.h>

enum { DOMAINS = 4 };

static uint64_t state;

static uint32_t chance(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

int main(int argc, char **argv)
{
    static char text[PROGRAM_TEXT];
    static uint8_t bytes[512];
    long count = argc > 1 ? atol(argv[1]) : 0;

    if (count < 1 || argc > 3) {
        fprintf(stderr, "usage: %s COUNT [SEED]\n", argv[0]);
        return 2;
    }
    state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    printf("# Random programs\n\n### R99.1 What holds for every program  {MUST}\n\n"
           "Whatever a program does, no rule is broken.\n\nSource: chance.\n");
    for (long i = 1; i <= count; i++) {
        struct input input = input_split(bytes, input_make(bytes, sizeof bytes, chance));

        program_write(text, input.head % DOMAINS, input.bytes, input.size);
        printf("\n```scenario p%ld\n%s```\n", i, text);
    }
    return 0;
}
