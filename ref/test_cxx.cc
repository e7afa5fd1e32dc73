// test_cxx.cc: the library as C++ programs use it: resources listed one by one are given, and each
// task handles exceptions of its own, whatever the others do meanwhile.
#include <miou.h>
#include <miou_sync.h>
#include <miou_unix.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

static int passed, failed;

static void expect(const char *what, bool holds)
{
    if (holds) {
        passed++;
    } else {
        failed++;
        std::printf("failed: %s\n", what);
    }
}

// ---- MIOU_GIVE

static void count(void *arg)
{
    ++*static_cast<int *>(arg);
}

static int disown_both(void *arg)
{
    miou_resource **given = static_cast<miou_resource **>(arg);

    return miou_disown(given[0]) + miou_disown(given[1]);
}

// Returns how many finalisers were called.
static int give_two(void *)
{
    int finalised = 0, value = -1;
    miou_resource *given[2];
    miou_promise *promise;

    for (miou_resource *&resource : given)
        if (miou_resource_create(&resource, count, &finalised) < 0 || miou_own(resource) < 0)
            return -1;
    const miou_spawn both = {.orphans = nullptr, MIOU_GIVE(given[0], given[1]), .pin = 0};
    if (miou_async(&promise, &both, disown_both, given) < 0 || miou_await(promise, &value) < 0)
        return -1;
    return value == 0 ? finalised : -1;
}

// ---- exceptions

static bool is_own(const std::exception &exception, const char *name)
{
    return std::string(exception.what()) == name && std::uncaught_exceptions() == 0;
}

// Wait while an exception is being handled, and throw it again.
static int handle(void *arg)
{
    const char *name = static_cast<const char *>(arg);

    try {
        try {
            throw std::runtime_error(name);
        } catch (const std::exception &) {
            miou_yield();
            throw;
        }
    } catch (const std::exception &exception) {
        return is_own(exception, name);
    }
}

// A destructor that waits while an exception is in flight.
struct waits {
    ~waits()
    {
        miou_yield();
    }
};

static int unwind(void *arg)
{
    const char *name = static_cast<const char *>(arg);

    try {
        waits here;
        throw std::runtime_error(name);
    } catch (const std::exception &exception) {
        return is_own(exception, name);
    }
}

static int see_none(void *)
{
    int none = 1;

    for (int i = 0; i < 10; i++) {
        none &= !std::current_exception() && std::uncaught_exceptions() == 0;
        miou_yield();
    }
    return none;
}

// Returns how many of five tasks saw their own exceptions only.
static int handle_beside_others(void *)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    miou_promise *promises[5];
    int own = 0, value;

    for (int i = 0; i < 5; i++)
        if (miou_async(&promises[i], nullptr, i == 4 ? see_none : i < 2 ? handle : unwind,
                       i == 4 ? nullptr : const_cast<char *>(names[i])) < 0)
            return -1;
    for (miou_promise *promise : promises)
        own += miou_await(promise, &value) == 0 && value == 1;
    return own;
}

// The caller of a run handles one, and the run's main another.
static bool keeps_the_callers()
{
    static char name[] = "main's";

    try {
        throw std::runtime_error("the caller's");
    } catch (const std::exception &exception) {
        bool good = miou_run(nullptr, handle, name) == 1 && miou_run(nullptr, see_none, nullptr) == 1;

        try {
            throw;
        } catch (const std::exception &again) {
            return good && &again == &exception;
        }
    }
}

int main()
{
    expect("resources listed one by one are given", miou_run(nullptr, give_two, nullptr) == 0);
    expect("each task handles its own exception",
           miou_run(nullptr, handle_beside_others, nullptr) == 5);
    expect("the caller of a run keeps the one that it handles", keeps_the_callers());
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
