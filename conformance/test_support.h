/* test_support: what the tests share: cmocka, and where the programs are. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "suite/process.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path of a program or library that was built with this one, by its name below the build
 * directory; this one lies below conformance there. A few may be in use at once. */
static inline const char *built(const char *name)
{
    static char paths[8][2 * PATH_MAX];
    static int next;
    char *path = paths[next++ % 8];
    ssize_t size = readlink("/proc/self/exe", path, PATH_MAX);
    char *at, *room = NULL;

    assert_true(size > 0);
    path[size] = '\0';
    for (at = path; (at = strstr(at, "/conformance/")) != NULL; at++)
        room = at;
    assert_non_null(room);
    strcpy(room + 1, name);
    return path;
}

enum { HANG = 600 /* seconds of processor time after which a test of a part gives up */ };

/* Run a command of the shell, with text as its input. */
static inline void shell(struct process *process, const char *input, size_t size, const char *text)
{
    char *const arguments[] = {"/bin/sh", "-c", (char *)(uintptr_t)text, NULL};

    process_run(&(struct command){.arguments = arguments,
                                  .input = input,
                                  .input_size = size,
                                  .seconds = HANG,
                                  .output_limit = 1 << 26},
                process);
}

static inline bool contains(const char *text, const char *part)
{
    if (strstr(text, part))
        return true;
    print_error("no \"%s\" in:\n%s\n", part, text);
    return false;
}

#endif
