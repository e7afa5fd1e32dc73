/* input.h: what the bytes of an input are: a head, what happens, and answers to the scheduler's
 * questions, most of which are answered as a matter of course. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One byte each: which, and how many questions come before the next. */
struct choices {
    const uint8_t *next, *end;
    unsigned delay;
};

struct input {
    uint8_t head;
    const uint8_t *bytes; /* what happens */
    size_t size;
    struct choices choices;
};

/* The first byte is the head, the second says how many of the last ones are choices. */
static inline struct input input_split(const uint8_t *bytes, size_t size)
{
    static const uint8_t nothing[2];
    size_t rest = size > 2 ? size - 2 : 0;
    const uint8_t *head = size >= 2 ? bytes : nothing;
    size_t choices = head[1] < rest ? head[1] : rest;
    const uint8_t *middle = head + 2, *end = middle + rest;

    return (struct input){head[0], middle, rest - choices, {end - choices, end, 0}};
}

/* fuzz_make of a target: bytes made by chance, of which the choices are less than half. */
static inline size_t input_make(uint8_t *bytes, size_t room, uint32_t (*chance)(void))
{
    size_t size = chance() % (chance() % 2 == 0 ? 64 : 400);

    if (size > room)
        size = room;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)chance();
    if (size > 2)
        bytes[1] = (uint8_t)(chance() % (size / 2));
    return size;
}

/* Whether a choice counts now, one of four. */
static inline bool choices_due(struct choices *choices, unsigned *choice)
{
    if (choices->delay > 0) {
        choices->delay--;
        return false;
    }
    if (choices->next == choices->end)
        return false;
    *choice = *choices->next & 3;
    choices->delay = *choices->next++ >> 2;
    return true;
}

/* The answer to a question with so many; to one that leaves no choice, 0. */
static inline size_t choices_answer(struct choices *choices, size_t count)
{
    unsigned choice;

    return count > 1 && choices_due(choices, &choice) ? 1 + choice % (count - 1) : 0;
}

#endif
