/* input.h: how the bytes of an input are divided: a head, what happens, and choices. A choice
 * answers one of the scheduler's questions; all others are answered with 0. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One byte each: the answer in bits 0 and 1; then how many questions come before the next choice.
 */
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

/* The first byte is the head; the second says how many of the last bytes are choices. */
static inline struct input input_split(const uint8_t *bytes, size_t size)
{
    static const uint8_t nothing[2];
    size_t rest = size > 2 ? size - 2 : 0;
    const uint8_t *head = size >= 2 ? bytes : nothing;
    size_t choices = head[1] < rest ? head[1] : rest;
    const uint8_t *middle = head + 2, *end = middle + rest;

    return (struct input){head[0], middle, rest - choices, {end - choices, end, 0}};
}

/* A fuzz_make for targets: random bytes, less than half of them choices. */
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

/* Whether the next choice is due at this question; then `choice` receives it, from 0 to 3. */
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

/* The answer to a question with `count` possible answers. */
static inline size_t choices_answer(struct choices *choices, size_t count)
{
    unsigned choice;

    return count > 1 && choices_due(choices, &choice) ? 1 + choice % (count - 1) : 0;
}

#endif
