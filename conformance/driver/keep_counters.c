/* keep_counters: gcov writes a library's counters in a function that the system calls at the end of
 * a process, such as a destructor. A process that ends otherwise calls it here. */
#include "keep_counters.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A_WHILE = 5 /* seconds that writing may take */ };

static char library[PATH_MAX]; /* "": nothing is kept */
static atomic_flag written = ATOMIC_FLAG_INIT;

/* Call what the library has for its end. */
static void end_library(void)
{
    void *opened = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    void (**functions)(void) = NULL;
    const struct link_map *map;
    const ElfW(Dyn) * entry;
    size_t count = 0;

    if (!opened || dlinfo(opened, RTLD_DI_LINKMAP, &map) != 0)
        return;
    for (entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_FINI_ARRAY)
            functions = (void (**)(void))(map->l_addr + entry->d_un.d_ptr);
        else if (entry->d_tag == DT_FINI_ARRAYSZ)
            count = entry->d_un.d_val / sizeof *functions;
    while (functions && count-- > 0)
        functions[count]();
}

/* In a copy of this process: the library may be in the middle of anything, and its end must not
 * become another one. */
static void write_counters(void)
{
    pid_t writer;

    if (!library[0] || atomic_flag_test_and_set(&written))
        return;
    writer = _Fork();
    if (writer == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(A_WHILE);
        end_library();
        syscall(SYS_exit_group, 0);
    }
    while (writer > 0 && waitpid(writer, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The action of the signal is again the one by default. */
static void crash(int number)
{
    write_counters();
    raise(number);
}

/* The system's, or that of a sanitizer. It is looked up before anything can hold dlsym's lock. */
static void (*next_exit)(int status);

__attribute__((constructor)) static void find_exit(void)
{
    void *symbol = dlsym(RTLD_NEXT, "_exit");

    memcpy(&next_exit, &symbol, sizeof next_exit);
}

/* For the library, too, so it is visible to it. */
__attribute__((visibility("default"))) void _exit(int status)
{
    write_counters();
    if (next_exit)
        next_exit(status);
    for (;;)
        syscall(SYS_exit_group, status);
}

__attribute__((visibility("default"))) void _Exit(int status)
{
    _exit(status);
}

/* A crash whose stack has overflowed needs another one, which this thread alone has. The suite
 * sends SIGQUIT to what hangs. */
void keep_counters(const char *path)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGQUIT};
    static char stack[1 << 16];
    size_t i;

    if (!getenv("GCOV_PREFIX") || !realpath(path, library))
        return;
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i],
                  &(struct sigaction){.sa_handler = crash,
                                      .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER},
                  NULL);
}

void outlive_keeping(void)
{
    if (getenv("GCOV_PREFIX"))
        signal(SIGQUIT, SIG_IGN);
}
