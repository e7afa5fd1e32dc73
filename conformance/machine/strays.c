/* strays: a child that is killed leaves its own children to us, so that all are found in the end.
 */
#include "strays.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void strays_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Kill the children that the system lists here; each number has a blank behind it, so that one
 * which is cut off can be told. Returns whether there was such a list. */
static bool kill_children(void)
{
    char list[4096];
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t i, size = file < 0 ? -1 : read(file, list, sizeof list);
    pid_t child = 0;

    for (i = 0; i < size; i++) {
        if (list[i] != ' ') {
            child = child * 10 + (list[i] - '0');
            continue;
        }
        kill(child, SIGKILL);
        child = 0;
    }
    close(file);
    return size >= 0;
}

void strays_kill(void)
{
    while (waitpid(-1, NULL, WNOHANG) >= 0 && kill_children())
        while (waitpid(-1, NULL, 0) < 0 && errno == EINTR)
            ;
}
