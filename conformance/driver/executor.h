/* executor.h: executes a program on the runtime that it is linked with and says what happens, in
 * the words of spec/scenario.md. The driver is one program around it, but not the only one. */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include "scenario/program.h"

#include "miou.h"

/* The program that is executed. */
extern struct program *program;

/* Where a peer of the program listens, on 127.0.0.1. */
void set_peer_port(int peer, uint16_t port);

/* Takes whole lines of what is said. Set it before anything is said. */
extern void (*deliver)(const char *text, size_t size);

/* Say a line. Lines from several domains do not mix. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Execute the program once, with these options but its own number of domains, and say what happens,
 * from its first event to how the run ended. */
void execute_program(miou_options options);

/* To be called before the program is executed again: names stand for nothing, and no instance is
 * left. */
void forget_execution(void);

#endif
