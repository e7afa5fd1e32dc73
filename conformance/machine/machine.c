/* machine: tries what tests need, or reads what the system says about it. */
#include "machine.h"

#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether an address of this machine can be bound, and has a route. A datagram socket finds out
 * without sending anything. */
static bool can_reach(struct sockaddr *address, socklen_t size)
{
    int receiver = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int sender = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool can = receiver >= 0 && sender >= 0 && bind(receiver, address, size) == 0 &&
               getsockname(receiver, address, &size) == 0 && connect(sender, address, size) == 0;

    if (receiver >= 0)
        close(receiver);
    if (sender >= 0)
        close(sender);
    return can;
}

bool machine_has_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return can_reach((struct sockaddr *)&address, sizeof address);
}

bool machine_has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};

    return can_reach((struct sockaddr *)&address, sizeof address);
}

unsigned long machine_descriptors(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : ULONG_MAX;
}

/* ---- Threads ---- */

static void *wait_for_the_end(void *lock)
{
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

static int try_threads(int wanted)
{
    pthread_t *threads = calloc((size_t)wanted + 1, sizeof *threads);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int count = 0, i;

    pthread_mutex_lock(&lock);
    while (threads && count < wanted &&
           pthread_create(&threads[count], NULL, wait_for_the_end, &lock) == 0)
        count++;
    pthread_mutex_unlock(&lock);
    for (i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return count;
}

/* The number in a one-line file; ULLONG_MAX if it cannot be read, or is no number but `max`. */
static unsigned long long number_in(const char *path)
{
    FILE *file = fopen(path, "r");
    unsigned long long number;

    if (!file)
        return ULLONG_MAX;
    if (fscanf(file, "%llu", &number) != 1)
        number = ULLONG_MAX;
    fclose(file);
    return number;
}

/* All threads of this machine that there are. */
static unsigned long long threads_running(void)
{
    FILE *file = fopen("/proc/loadavg", "r");
    unsigned long long running = 0;

    if (file && fscanf(file, "%*f %*f %*f %*u/%llu", &running) != 1)
        running = 0;
    if (file)
        fclose(file);
    return running;
}

/* How many threads the limits of the system leave, as far as they can be read. */
static unsigned long long threads_left(void)
{
    unsigned long long most = number_in("/proc/sys/kernel/threads-max");
    unsigned long long numbers = number_in("/proc/sys/kernel/pid_max"), running = threads_running();
    struct rlimit limit;

    most = numbers < most ? numbers : most;
    if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur < most)
        most = limit.rlim_cur;
    return running < most ? most - running : 0;
}

int machine_threads(int wanted)
{
    int count = try_threads(wanted < MACHINE_THREADS ? wanted : MACHINE_THREADS);
    unsigned long long left;

    if (count < MACHINE_THREADS || count == wanted)
        return count;
    left = threads_left();
    if (left >= (unsigned long long)wanted)
        return wanted;
    return left > (unsigned long long)count ? (int)left : count;
}

/* ---- Memory ---- */

enum { STACK = 64 << 10 /* bytes that a task has by default, at least */ };

bool machine_has_room(int tasks)
{
    size_t size = 2 * (size_t)(tasks > 0 ? tasks : 1) * STACK;
    void *room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return room != MAP_FAILED && munmap(room, size) == 0;
}

unsigned long machine_addresses(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return 0;
    return limit.rlim_cur < 1 << 20 ? 1 : limit.rlim_cur >> 20;
}

static unsigned long long memory_available(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    unsigned long long kib = 0;
    char line[256];

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib << 10;
}

/* What a control group still allows. */
static unsigned long long memory_allowed(const char *directory, const char *limit,
                                         const char *usage)
{
    char path[PATH_MAX + 64];
    unsigned long long most, used;

    snprintf(path, sizeof path, "%s/%s", directory, limit);
    most = number_in(path);
    snprintf(path, sizeof path, "%s/%s", directory, usage);
    used = most == ULLONG_MAX ? 0 : number_in(path);
    return used == ULLONG_MAX ? most : used < most ? most - used : 0;
}

static void take_less(unsigned long long *least, unsigned long long other)
{
    if (other < *least)
        *least = other;
}

/* The group of this process, and all groups around it. */
static unsigned long long memory_of_groups(void)
{
    static const char root[] = "/sys/fs/cgroup";
    unsigned long long least = ULLONG_MAX;
    FILE *file = fopen("/proc/self/cgroup", "r");
    char line[PATH_MAX], path[PATH_MAX + sizeof root];

    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, sizeof path, "%s%s", root, line + 3);
        for (; strlen(path) >= sizeof root; *strrchr(path, '/') = '\0')
            take_less(&least, memory_allowed(path, "memory.max", "memory.current"));
    }
    if (file)
        fclose(file);
    take_less(&least, memory_allowed(root, "memory.max", "memory.current"));
    take_less(&least, memory_allowed("/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                     "memory.usage_in_bytes"));
    return least;
}

unsigned long long machine_memory(void)
{
    unsigned long long least = memory_available();
    unsigned long addresses = machine_addresses();

    take_less(&least, memory_of_groups());
    if (addresses)
        take_less(&least, (unsigned long long)addresses << 20);
    return least;
}

/* ---- Connections ---- */

static unsigned long most_of(const char *file)
{
    unsigned long most = 8 << 20; /* if the system does not say */
    FILE *stream = fopen(file, "r");

    if (stream) {
        if (fscanf(stream, "%*u %*u %lu", &most) != 1)
            most = 8 << 20;
        fclose(stream);
    }
    return most;
}

unsigned long machine_buffers(void)
{
    return most_of("/proc/sys/net/ipv4/tcp_rmem") + most_of("/proc/sys/net/ipv4/tcp_wmem");
}

/* ---- Files ---- */

const char *machine_directory(void)
{
    const char *directory = getenv("TMPDIR");

    return directory && *directory ? directory : "/tmp";
}

bool machine_can_write(void)
{
    return access(machine_directory(), W_OK | X_OK) == 0;
}

/* ---- For people ---- */

char *machine_lacks(void)
{
    unsigned long descriptors = machine_descriptors(), addresses = machine_addresses();
    int threads = machine_threads(MACHINE_THREADS);
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    if (!machine_has_loopback())
        fputs(", the loopback interface (127.0.0.1)", stream);
    if (!machine_has_ipv6())
        fputs(", IPv6 (::1)", stream);
    if (descriptors < MACHINE_DESCRIPTORS)
        fprintf(stream, ", descriptors (a hard limit of %lu)", descriptors);
    if (threads < MACHINE_THREADS)
        fprintf(stream, ", threads (only %d more can be made)", threads);
    if (addresses && addresses < MACHINE_ADDRESSES)
        fprintf(stream, ", addresses (a limit of %lu MiB)", addresses);
    if (!machine_can_write())
        fprintf(stream, ", a directory to write to (%s)", machine_directory());
    if (fclose(stream) != 0)
        return NULL;
    if (size == 0) {
        free(text);
        return NULL;
    }
    memmove(text, text + 2, size - 1);
    return text;
}
