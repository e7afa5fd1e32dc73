/* strays: a child that is killed leaves its own children to us, so that all are found in the end.
 */
#include "strays.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void strays_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void strays_kill(void)
{
    char path[64];
    FILE *children;
    int child;

    while (waitpid(-1, NULL, WNOHANG) >= 0) {
        snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
        children = fopen(path, "re");
        if (!children)
            return;
        while (fscanf(children, "%d", &child) == 1)
            kill(child, SIGKILL);
        fclose(children);
        while (waitpid(-1, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}
