/* peers.c: other runtimes. Each peer is a program: `PEER TASK COUNT` prints what a unit costs in
 * nanoseconds, and `PEER echo` serves on the listening socket that is its descriptor 3. A peer ends
 * with status 2 if it does not have a task. */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    char *name, *path;
} peers[MOST_PEERS];
static size_t count;

void peers_find(const char *directory)
{
    char path[4096];
    struct dirent **found;
    int all;

    snprintf(path, sizeof path, "%s/bench-peers", directory);
    if ((all = scandir(path, &found, NULL, alphasort)) < 0)
        return;
    for (int i = 0; i < all && count < MOST_PEERS; i++) {
        if (found[i]->d_name[0] == '.')
            continue;
        peers[count].name = found[i]->d_name;
        if (asprintf(&peers[count].path, "%s/%s", path, found[i]->d_name) >= 0)
            count++;
    }
}

size_t peers_count(void)
{
    return count;
}

const char *peer_name(size_t number)
{
    return peers[number].name;
}

double peer_cost(size_t number, const char *task, size_t units)
{
    char command[8192];
    double cost = -1;
    FILE *output;

    snprintf(command, sizeof command, "'%s' %s %zu 2>/dev/null", peers[number].path, task, units);
    if ((output = popen(command, "r")) == NULL)
        give_up(command, -errno);
    if (fscanf(output, "%lf", &cost) != 1)
        cost = -1;
    pclose(output);
    return cost;
}

void peer_serve(size_t number, int listener)
{
    enum { LISTENER = 3 };

    if (listener != LISTENER)
        dup2(listener, LISTENER);
    else
        fcntl(LISTENER, F_SETFD, 0);
    execl(peers[number].path, peers[number].path, "echo", NULL);
}
