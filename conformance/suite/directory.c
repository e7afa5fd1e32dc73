/* directory: makes a directory, and looks whether anything is in it. */
#include "directory.h"

#include "scenario/memory.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool directory_is_empty(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    bool found = false;

    while (directory && !found && (entry = readdir(directory)))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (directory)
        closedir(directory);
    return !found;
}

char *directory_need_empty(const char *path)
{
    DIR *directory;

    if (mkdir(path, 0777) == 0)
        return NULL;
    if (errno != EEXIST || !(directory = opendir(path)))
        return text_of("%s: %s", path, strerror(errno));
    closedir(directory);
    if (!directory_is_empty(path))
        return text_of("%s is not empty; nothing is written into it", path);
    return NULL;
}
