/* chance.h: random numbers, the same for the same seed; and numbers from the command line. */
#ifndef FUZZ_CHANCE_H
#define FUZZ_CHANCE_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t chance_state;

static inline void chance_begin(uint64_t seed)
{
    chance_state = seed;
}

static inline uint32_t chance_next(void)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(chance_state >> 33);
}

/* Whether the text is a number without a sign; then `number` receives it. */
static inline bool number_read(const char *text, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && *end == '\0' && errno == 0;
}

#endif
