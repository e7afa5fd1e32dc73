/* test_place: a directory for the files of one test, or of all tests of a program. */
#ifndef TEST_PLACE_H
#define TEST_PLACE_H

#include "test_support.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

static char place[1024]; /* its path */

/* Fixtures of cmocka: make the directory in TMPDIR, or else in /tmp; remove it with everything in
 * it, even if tests have failed. */
static inline int place_set_up(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    parent = parent && *parent ? parent : "/tmp";
    if (snprintf(place, sizeof place, "%s/miou-test-XXXXXX", parent) < (int)sizeof place &&
        mkdtemp(place))
        return 0;
    print_error("no directory can be made in %s\n", parent);
    return -1;
}

/* The same with an empty directory spec in it. */
static inline int place_set_up_spec(void **state)
{
    char path[PATH_MAX];

    if (place_set_up(state) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/spec", place);
    return mkdir(path, 0700);
}

static inline int remove_entry(const char *path, const struct stat *status, int kind,
                               struct FTW *level)
{
    (void)status, (void)kind, (void)level;
    return remove(path);
}

static inline int place_tear_down(void **state)
{
    (void)state;
    return nftw(place, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ? 0 : -1;
}

static inline void write_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", place, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void remove_file(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", place, name);
    assert_int_equal(unlink(path), 0);
}

#endif
