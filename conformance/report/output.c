/* output: a regular file is written beside its name, and renamed in the end. */
#include "output.h"

#include "scenario/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Those that have a file beside, for the end of the program. */
static struct output *unfinished;

static void remove_unfinished(void)
{
    for (; unfinished; unfinished = unfinished->next)
        unlink(unfinished->beside);
}

/* It has no file beside any more. */
static void forget(const struct output *output)
{
    struct output **at = &unfinished;

    while (*at && *at != output)
        at = &(*at)->next;
    if (*at)
        *at = output->next;
}

static bool begins(const char *path, const char *directory)
{
    return !strncmp(path, directory, strlen(directory));
}

/* Whether a path is, or will be, a file of its own: /dev/stdout may lead to a regular file, which
 * others write to as well. */
static bool is_replaced(const char *path, const struct stat *status, bool exists)
{
    return !begins(path, "/dev/") && !begins(path, "/proc/") &&
           (!exists || S_ISREG(status->st_mode));
}

/* Whether a file is what standard output goes to already, perhaps behind what others wrote. */
static bool is_standard_output(const struct stat *status)
{
    struct stat own;

    return fstat(STDOUT_FILENO, &own) == 0 && own.st_dev == status->st_dev &&
           own.st_ino == status->st_ino;
}

/* The permissions of a new file. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

static char *open_beside(struct output *output, const char *path, mode_t mode)
{
    char *target = realpath(path, NULL); /* a link stays one */
    int descriptor;

    output->path = target ? target : copy_of(path);
    output->beside = text_of("%s.XXXXXX", output->path);
    descriptor = mkstemp(output->beside);
    if (descriptor < 0)
        return text_of("%s: %s", path, strerror(errno));
    if (!unfinished)
        atexit(remove_unfinished);
    output->next = unfinished;
    unfinished = output;
    fchmod(descriptor, mode);
    output->stream = must(fdopen(descriptor, "w"));
    return NULL;
}

char *output_open(struct output *output, const char *path, bool grows)
{
    struct stat status;
    bool exists;

    *output = (struct output){.stream = stdout};
    if (!path)
        return NULL;
    exists = stat(path, &status) == 0;
    if (exists && is_standard_output(&status))
        return NULL;
    if (!grows && is_replaced(path, &status, exists))
        return open_beside(output, path, exists ? status.st_mode & 07777 : usual_mode());
    output->stream = fopen(path, "w");
    return output->stream ? NULL : text_of("%s: %s", path, strerror(errno));
}

char *output_close(struct output *output)
{
    bool failed = ferror(output->stream) || fflush(output->stream) != 0;
    int error = errno;

    if (output->stream != stdout && fclose(output->stream) != 0 && !failed) {
        failed = true;
        error = errno;
    }
    if (!failed && output->path && rename(output->beside, output->path) != 0) {
        failed = true;
        error = errno;
    }
    if (failed && output->path)
        unlink(output->beside);
    forget(output);
    free(output->path);
    free(output->beside);
    return failed ? text_of("cannot write the report: %s", strerror(error)) : NULL;
}
