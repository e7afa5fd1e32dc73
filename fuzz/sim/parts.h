/* parts.h: the interfaces between the parts of the simulated system. */
#ifndef FUZZ_SIM_PARTS_H
#define FUZZ_SIM_PARTS_H

#include "sim.h"

#include <errno.h>
#include <limits.h>

/* ---- memory.c */

void memory_begin(void);
int memory_left(void); /* mappings */

/* The runtime has passed memory to a call that reads or writes it. Touch its ends, so that the
 * address sanitizer looks at them; it does not see what an operating system does. */
void memory_check(const void *memory, size_t size);

/* ---- stream.c: a stream has two ends; each belongs to the world or to a descriptor */

enum {
    WORD = sizeof(unsigned long) * CHAR_BIT,
    WORDS = (SIM_DESCRIPTORS + WORD - 1) / WORD, /* for a bit a descriptor */
};

/* A bit for each descriptor that an earlier select has looked at and that has not changed since:
 * what it is ready for is known. */
extern unsigned long sim_known[WORDS];

/* Something has happened to a descriptor, or to the end of a stream that has this number: the next
 * select finds out again what it is ready for. -1: it has none. */
static inline void descriptor_changed(int number)
{
    if (number >= 0)
        sim_known[number / WORD] &= ~(1UL << number % WORD);
}

struct end;

void streams_begin(void);

/* A new stream: the end of the side that connects; NULL if there are too many streams. The other
 * end is the one that is accepted. */
struct end *stream_new(size_t room);
struct end *end_other(struct end *end);
int stream_number(const struct end *end);
const char *stream_name(const struct end *end);

/* These behave as the system's calls do. Errors are -errno. */
ssize_t end_send(struct end *end, const void *bytes, size_t size);
ssize_t end_receive(struct end *end, void *bytes, size_t size);
void end_shut(struct end *end);
void end_close(struct end *end);
void end_reset(struct end *end);
bool end_is_readable(const struct end *end);
bool end_is_writable(const struct end *end);

/* The end now belongs to this descriptor. */
void end_attach(struct end *end, int number);

#endif
