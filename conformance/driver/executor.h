/* executor.h: executes a program on the runtime that it is linked with and says what happens, as
 * spec/scenario.md has it. The driver is one program around it; it may stand in others. */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include "scenario/program.h"

#include "miou.h"

/* The program that is executed; whoever executes it gives it. */
extern struct program *program;

/* Take whole lines of what is said; by whoever executes. */
void deliver(const char *text, size_t size);

/* Say something: a line. Lines from several domains do not mix. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Execute the program once, with these options but its own number of domains, and say what happens,
 * from its first event to how the run ended. */
void execute_program(miou_options options);

/* Before it is executed once more: no name stands for anything, and no instance is left. */
void forget_execution(void);

#endif
