/* programs.h: turns bytes into a scenario in the language of spec/scenario.md. Whatever the bytes,
 * it parses, its program ends, and it starts at most MOST_INSTANCES tasks. */
#ifndef FUZZ_PROGRAMS_H
#define FUZZ_PROGRAMS_H

#include "input.h"

enum {
    MOST_INSTANCES = 100,
    PROGRAM_TEXT = 32 << 10, /* bytes: enough for any scenario */
};

/* What the bytes mean; fuzz/targets/seeds reads these numbers. The first byte says how main ends.
 * Then come operations, two bytes each: first the kind, an enum operation_kind or else a number
 * that stands for a popular kind; then the operands. If the kind is TASK_NEXT or more, the next
 * task begins, and the second byte says how it ends. */
enum {
    TASK_NEXT = 224,
};

/* How a task ends. Bits 0 and 1: what it does with its children, which it awaits unless these bits
 * say otherwise; from bit 5 on: its result. */
enum {
    TASK_CHILDREN = 3, /* a mask */
    TASK_CANCELS = 2,
    TASK_FORGETS = 3,
    TASK_KEEPS = 4,  /* what it owns */
    TASK_FAILS = 24, /* if both bits are set */
};

/* The operands. Bits 0 and 1: a name or a child; bits 2 and 3: another name; from bit 4 on: how a
 * task is spawned. From REPEATED on, the operation is also repeated, 2 to 4 times. */
enum {
    OPTION_ORPHANS = 3, /* if both bits are set; the two bits above name the orphanage */
    OPTION_GIVE_MASK = 5,
    OPTION_GIVE = 4,
    OPTION_GIVE_TWO = 6,
    OPTION_PIN = 9, /* if these are all bits, as with the next */
    OPTION_PIN_SELF = 10,
    OPTION_NONE = 1, /* a parallel of no task, if these are all bits, as with the next */
    OPTION_ONE = 2,
    REPEATED = 248,
};

/* Write the scenario of an input, whose head says how many domains there are; returns its length.
 * It expects only what every runtime guarantees. */
size_t program_write(char text[PROGRAM_TEXT], const struct input *input);

#endif
