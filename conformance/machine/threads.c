/* threads: counts the entries of /proc/self/task. */
#include "threads.h"

#include <dirent.h>
#include <stddef.h>

int threads_running(void)
{
    DIR *directory = opendir("/proc/self/task");
    const struct dirent *entry;
    int count = 0;

    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}
