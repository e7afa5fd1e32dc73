/* State Threads as a peer of the benchmark: its tasks, and its echo server. */
#include <st.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TURNS = 200000 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *nothing(void *arg)
{
    return arg;
}

static void spawn_and_join(size_t count)
{
    st_thread_t *threads = calloc(count, sizeof *threads);

    for (size_t done = 0; done < TURNS; done += count) {
        for (size_t i = 0; i < count; i++)
            threads[i] = st_thread_create(nothing, NULL, 1, 0);
        for (size_t i = 0; i < count; i++)
            st_thread_join(threads[i], NULL);
    }
    free(threads);
}

static void *serve(void *arg)
{
    st_netfd_t client = arg;
    char buffer[4096];
    ssize_t n;

    while ((n = st_read(client, buffer, sizeof buffer, ST_UTIME_NO_TIMEOUT)) > 0)
        st_write(client, buffer, (size_t)n, ST_UTIME_NO_TIMEOUT);
    st_netfd_close(client);
    return NULL;
}

static void echo(void)
{
    st_netfd_t listener, client;

    st_set_eventsys(ST_EVENTSYS_ALT); /* epoll */
    st_init();
    listener = st_netfd_open_socket(3);
    for (;;)
        if ((client = st_accept(listener, NULL, NULL, ST_UTIME_NO_TIMEOUT)) != NULL)
            st_thread_create(serve, client, 0, 16384);
}

int main(int argc, char **argv)
{
    enum { MOST = 10000 };
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    double start;

    if (argc > 1 && !strcmp(argv[1], "echo"))
        echo();
    if (argc < 2 || !strcmp(argv[1], "yield") || count > MOST)
        return 2;
    st_init();
    start = now();
    spawn_and_join(count > 0 ? count : 1);
    printf("%.1f\n", (now() - start) / TURNS);
    return 0;
}
