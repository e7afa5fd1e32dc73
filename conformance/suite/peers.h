/* peers: plays the peers of a scenario while a driver executes its program: a thread each, which
 * follows the lines of the driver as they come. */
#ifndef PEERS_H
#define PEERS_H

#include "judge/judge.h"

#include <sys/types.h>

struct peers;

/* Start the peers of a program whose scenario has that number. NULL: it has none. */
struct peers *peers_start(const struct program *program, unsigned id);

/* The lines for the driver that tell where they listen; to be freed. NULL stands for no peers, here
 * and below. */
char *peers_lines(const struct peers *peers);

/* Take note of the driver that is asked, and take a line of it; peers is a struct peers. */
void peers_begin(void *peers, pid_t process);
void peers_hear(void *peers, const char *line, size_t size);

/* The driver hangs, and is about to be killed. */
void peers_hang(void *peers);

/* The driver says no more: what does not happen now never does. */
void peers_end(struct peers *peers);

/* Write what they saw and should not have to a verdict, which becomes a fail if it was a pass. */
void peers_tell(const struct peers *peers, struct verdict *verdict);

/* Where each of them stood when the driver hung, or else what the first that was kept from going on
 * has waited for; NULL: none was. */
const char *peers_wait(const struct peers *peers);

void peers_free(struct peers *peers);

#endif
