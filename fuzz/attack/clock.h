/* The clocks of the attack. Verdicts depend on the server's time alone. */
#ifndef ATTACK_CLOCK_H
#define ATTACK_CLOCK_H

/* Seconds that the server has had since some moment: the processor time that its processes have
 * used, divided by the threads that wanted to run, and the time in which none could run. So a
 * server that is kept from running has all the time that it needs, and what it does while we are
 * kept from looking counts little. If there are no processes below our own, because another process
 * started the server, all time in which we could look is its own. */
double clock_of_server(void);

/* The share of the next seconds of the server's time in which it ran. It is 1 if the server spins,
 * however little it runs on a busy machine, since it never waits for anything but a processor. */
double clock_share(double seconds);

/* Wait for a few milliseconds. */
void clock_wait(void);

#endif
