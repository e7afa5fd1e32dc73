/* The server's time is what we saw of it each time that we looked. */
#include "clock.h"

#include "machine/activity.h"
#include "machine/clock.h"

#include <poll.h>
#include <unistd.h>

/* Seconds. */
static const double often = 0.005; /* from one look to the next, at least */
static const double most = 0.05;   /* that a look can account for */
enum { TIMES = 5 };                /* what a look costs us passes so often before the next one */

static struct {
    double ran, rested; /* while it could not have run */
} server;

/* Note what the server has done since the last look. Of several threads that shared the time that
 * the server got, each had its share: one of them may be all that a client waits for. */
static void look(double passed, double longest)
{
    static struct activity before;
    struct activity activity = activity_below(getpid());
    int sharing = activity.runnable > before.runnable ? activity.runnable : before.runnable;
    double ran = (activity.used - before.used) / (sharing > 1 ? sharing : 1);

    /* Less than before has been used if a process has ended that nobody waited for. */
    if (ran > 0)
        server.ran += ran < passed ? ran : passed;
    if (activity.runnable == 0)
        server.rested += passed < longest ? passed : longest;
    before = activity;
}

double clock_of_server(void)
{
    static double last, pause;
    double passed = clock_now() - last, begun = clock_used();

    if (passed >= pause) {
        look(passed, pause > most ? pause : most);
        last += passed;
        pause = TIMES * (clock_used() - begun);
        pause = pause > often ? pause : often;
    }
    return server.ran + server.rested;
}

double clock_share(double seconds)
{
    double begun = clock_of_server(), ran = server.ran;

    do
        clock_wait();
    while (clock_of_server() < begun + seconds);
    return (server.ran - ran) / (server.ran + server.rested - begun);
}

void clock_wait(void)
{
    poll(NULL, 0, 5);
}
