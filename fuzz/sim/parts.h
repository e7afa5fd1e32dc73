/* sim_parts.h: what the parts of the simulated system know of each other. */
#ifndef FUZZ_SIM_PARTS_H
#define FUZZ_SIM_PARTS_H

#include "sim.h"

#include <errno.h>

/* ---- sim_memory.c */

void memory_begin(void);
int memory_left(void); /* mappings */

/* The runtime has passed memory that is to be read or written: let the address sanitizer look at
 * its ends, wherever it does not look at what the system does. */
void memory_check(const void *memory, size_t size);

/* ---- sim_stream.c: two ends, of which each belongs to the world or to a descriptor */

struct end;

void streams_begin(void);

/* The end at which a connection begins; NULL: there are too many. end_other: the one that is
 * accepted, or the other way round. */
struct end *stream_new(size_t room);
struct end *end_other(struct end *end);
int stream_number(const struct end *end);
const char *stream_name(const struct end *end);

/* As the system's calls; their results are -errno. */
ssize_t end_send(struct end *end, const void *bytes, size_t size);
ssize_t end_receive(struct end *end, void *bytes, size_t size);
void end_shut(struct end *end);
void end_close(struct end *end);
void end_reset(struct end *end);
bool end_is_readable(const struct end *end);
bool end_is_writable(const struct end *end);

/* The descriptor that this end has. */
void end_attach(struct end *end, int number);

#endif
