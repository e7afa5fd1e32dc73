/* echo_main.c: miou-echo, the command line of the echo service. */
#include "echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- output */

static const char *address_text(const union echo_address *address)
{
    static char text[INET6_ADDRSTRLEN + sizeof "[]:65535"];
    char host[INET6_ADDRSTRLEN];
    bool v6 = address->any.sa_family == AF_INET6;

    inet_ntop(address->any.sa_family,
              v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr, host,
              sizeof host);
    snprintf(text, sizeof text, v6 ? "[%s]:%d" : "%s:%d", host,
             ntohs(v6 ? address->v6.sin6_port : address->v4.sin_port));
    return text;
}

static void announce(const struct echo *echo)
{
    printf("miou-echo: listening on %s, %d domain%s\n", address_text(&echo->address),
           echo->options.domains + 1, echo->options.domains > 0 ? "s" : "");
    fflush(stdout);
}

/* ---- options */

static const char usage[] =
    "usage: miou-echo [--address ADDRESS] [--port PORT] [--domains COUNT]\n"
    "                 [--monitor NAME]\n"
    "\n"
    "Sends back what it is sent.\n"
    "\n"
    "  --address ADDRESS  IPv4 or IPv6 address to listen on (127.0.0.1)\n"
    "  --port PORT        port to listen on, 0 for any (3000)\n"
    "  --domains COUNT    domains that serve beside the first, each a\n"
    "                     thread (the cores it may use, less one)\n"
    "  --monitor NAME     how it waits for clients: select or epoll (select)\n"
    "  --help             this text\n"
    "\n"
    "After SIGINT or SIGTERM it accepts no more clients, serves those it has\n"
    "until they go, and exits with status 0. A second one ends it at once,\n"
    "by that signal: to a shell, status 130 or 143. Otherwise the status is\n"
    "1 for an error and 2 for a bad option.\n";

static _Noreturn void refuse(const char *what, const char *word)
{
    fprintf(stderr, "miou-echo: %s: %s (see miou-echo --help)\n", what, word);
    exit(2);
}

static int number(const char *word, int highest, const char *what)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(word, &end, 10);
    if (end == word || *end || errno || value < 0 || value > highest)
        refuse(what, word);
    return (int)value;
}

static void parse_address(union echo_address *address, const char *word)
{
    if (inet_pton(AF_INET, word, &address->v4.sin_addr) == 1)
        address->any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, word, &address->v6.sin6_addr) == 1)
        address->any.sa_family = AF_INET6;
    else
        refuse("not an IPv4 or IPv6 address", word);
}

/* The cores that a control group allows in a time, written as `QUOTA PERIOD`; 0: any. */
static long quota(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    long allowed = 0, period = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &allowed, &period) != 2 || period <= 0)
        allowed = 0;
    fclose(file);
    return allowed > 0 ? (allowed + period - 1) / period : 0;
}

static int default_domains(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), allowed = quota();
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cores = CPU_COUNT(&set);
    if (allowed > 0 && allowed < cores)
        cores = allowed;
    return cores > 1 ? (int)cores - 1 : 0;
}

static int parse_monitor(const char *word)
{
    if (strcmp(word, "epoll") == 0)
        return MIOU_POLLER_EPOLL;
    if (strcmp(word, "select") != 0)
        refuse("not a monitor", word);
    return MIOU_POLLER_SELECT;
}

static void parse_options(struct echo *echo, int argc, char **argv)
{
    static const struct option options[] = {
        {"address", required_argument, NULL, 'a'}, {"port", required_argument, NULL, 'p'},
        {"domains", required_argument, NULL, 'd'}, {"monitor", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    const char *address = "127.0.0.1";
    int option, port = 3000;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) >= 0)
        switch (option) {
        case 'a':
            address = optarg;
            break;
        case 'p':
            port = number(optarg, 65535, "not a port");
            break;
        case 'd':
            echo->options.domains = number(optarg, 1000, "not a number of domains");
            break;
        case 'm':
            echo->options.poller = parse_monitor(optarg);
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case ':':
            refuse("a value is missing", argv[optind - 1]);
        default:
            refuse("unknown option", argv[optind - 1]);
        }
    if (optind < argc)
        refuse("unknown argument", argv[optind]);
    parse_address(&echo->address, address);
    if (echo->address.any.sa_family == AF_INET6)
        echo->address.v6.sin6_port = htons((uint16_t)port);
    else
        echo->address.v4.sin_port = htons((uint16_t)port);
}

/* Allow as many descriptors as the system grants, and return how many those are. */
static rlim_t raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/* Whatever the process was started with: the numbers of the standard descriptors go to no client, a
 * log that nobody reads does not end the service, and the signals that end it arrive. */
static void settle_in(void)
{
    sigset_t ending;
    int number;

    do
        number = open("/dev/null", O_RDWR);
    while (number >= 0 && number <= STDERR_FILENO);
    if (number >= 0)
        close(number);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &ending, NULL);
}

int main(int argc, char **argv)
{
    struct echo echo = {.options.domains = default_domains(), .announce = announce};
    rlim_t descriptors;
    int error;

    settle_in();
    parse_options(&echo, argc, argv);
    descriptors = raise_limit();
    error = echo_run(&echo);
    if (error == -EMFILE)
        fprintf(stderr, "miou-echo: too few descriptors: the limit is %ju\n",
                (uintmax_t)descriptors);
    else if (error < 0)
        fprintf(stderr, "miou-echo: cannot %s on %s: %s\n", echo.listens ? "serve" : "listen",
                address_text(&echo.address), miou_strerror(error));
    if (error > 0) {
        raise(error);       /* its action is restored, so that the parent sees how we ended */
        return 128 + error; /* reached if the signal is ignored */
    }
    return error < 0;
}
