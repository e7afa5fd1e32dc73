/* Reads /proc/net/tcp and /proc/net/unix, which list sockets by inode, and /proc/PID/fd, which
 * links to inodes. A socket whose connection is gone is in no list. */
#include "sockets.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENING = 0x0a, SOCKETS = 256 /* that listen, on the whole machine, at most */ };

struct socket {
    unsigned long inode;
    int port;
};

struct sockets {
    struct socket of[SOCKETS];
    int count;
};

static void read_table(struct sockets *sockets, const char *path)
{
    FILE *file = fopen(path, "r");
    struct socket socket;
    char line[512];
    unsigned port, state;

    while (file && sockets->count < SOCKETS && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state,
                   &socket.inode) != 3 ||
            state != LISTENING)
            continue;
        socket.port = (int)port;
        sockets->of[sockets->count++] = socket;
    }
    if (file)
        fclose(file);
}

static void read_sockets(struct sockets *sockets)
{
    sockets->count = 0;
    read_table(sockets, "/proc/net/tcp");
    read_table(sockets, "/proc/net/tcp6");
}

static bool has_inode(int pid, unsigned long inode)
{
    char path[64], wanted[64], link[64];
    struct dirent *entry;
    bool found = false;
    DIR *directory;
    ssize_t size;

    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    directory = opendir(path);
    while (directory && !found && (entry = readdir(directory))) {
        size = readlinkat(dirfd(directory), entry->d_name, link, sizeof link - 1);
        link[size > 0 ? size : 0] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    if (directory)
        closedir(directory);
    return found;
}

int sockets_listener(const int *pids, int count, int port)
{
    struct sockets sockets;
    int i, j;

    read_sockets(&sockets);
    for (i = 0; i < count; i++)
        for (j = 0; j < sockets.count; j++)
            if (sockets.of[j].port == port && has_inode(pids[i], sockets.of[j].inode))
                return pids[i];
    return 0;
}

static bool any_has_inode(const int *pids, int count, unsigned long inode)
{
    while (count > 0 && !has_inode(pids[count - 1], inode))
        count--;
    return count > 0;
}

void sockets_ports(const int *pids, int count, char *text, size_t size)
{
    struct sockets sockets;
    size_t length = 0;
    int i;

    text[0] = '\0';
    read_sockets(&sockets);
    for (i = 0; i < sockets.count && length + 16 < size; i++)
        if (any_has_inode(pids, count, sockets.of[i].inode))
            length += (size_t)snprintf(&text[length], size - length, "%s%d", length ? ", " : "",
                                       sockets.of[i].port);
}

/* ---- Those of the clients ---- */

struct inodes {
    unsigned long *of;
    size_t count, room;
};

static int compare(const void *a, const void *b)
{
    const unsigned long *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

/* Those of the Unix domain, in order. */
static struct inodes read_local(void)
{
    FILE *file = fopen("/proc/net/unix", "r");
    struct inodes all = {0};
    unsigned long inode;
    char line[512];

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &inode) != 1)
            continue;
        if (all.count == all.room) {
            all.room = 2 * all.room + 64;
            all.of = realloc(all.of, all.room * sizeof *all.of);
            if (!all.of)
                abort();
        }
        all.of[all.count++] = inode;
    }
    if (file)
        fclose(file);
    if (all.count > 0)
        qsort(all.of, all.count, sizeof *all.of, compare);
    return all;
}

static int count_sockets(int pid, const struct inodes *local)
{
    char path[64], link[64];
    struct dirent *entry;
    unsigned long inode;
    DIR *directory;
    ssize_t size;
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        size = readlinkat(dirfd(directory), entry->d_name, link, sizeof link - 1);
        link[size > 0 ? size : 0] = '\0';
        count += sscanf(link, "socket:[%lu]", &inode) == 1 &&
                 !(local->count > 0 &&
                   bsearch(&inode, local->of, local->count, sizeof *local->of, compare));
    }
    if (directory)
        closedir(directory);
    return count;
}

int sockets_count(const int *pids, int count)
{
    struct inodes local = read_local();
    int i, sockets = 0;

    for (i = 0; i < count; i++)
        sockets += count_sockets(pids[i], &local);
    free(local.of);
    return sockets;
}
