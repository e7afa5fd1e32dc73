/* miou-echo: sends back what it is sent. It is an example, too, of a server on miou_unix.h: one
 * server a domain, all at the same address. Each owns its listener, gives every client to a task of
 * its own, which an orphanage keeps, and cleans up after those that have ended. */
#include "miou_unix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    /* A client that sends little dirties two pages of its stack whatever the size, that of the
     * calls below the buffer and that above it; one that sends much gains little beyond this. */
    BUFFER = 8 << 10
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct server {
    miou_fd *listener;
    miou_promise *promise;
};

struct service {
    union address address;
    int domains;       /* beside dom0 */
    const char *doing; /* what an error keeps us from */
};

static int server_count;

/* ---- the service */

static int echo(void *arg)
{
    miou_fd *client = arg;
    char buffer[BUFFER];
    ssize_t n;

    while ((n = miou_read(client, buffer, sizeof buffer)) > 0)
        if ((n = miou_write(client, buffer, (size_t)n)) < 0)
            break;
    return n < 0 ? (int)n : miou_close(client); /* on an error the finaliser closes it */
}

/* How a client ended is its own affair. */
static void clean_up(miou_orphans *clients)
{
    miou_promise *client;

    while (miou_care(&client, clients) == MIOU_CARE_ENDED) {
        miou_await(client, NULL);
        miou_promise_free(client);
    }
}

/* A new descriptor has the lowest number that is free. So while every server turns away clients
 * with the last numbers, as many as there are servers, there is always one for each of them to
 * accept the next client with, if only to turn it away as well, instead of failing to accept it for
 * ever. */
static bool room_for(miou_fd *client)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
           (rlim_t)miou_fd_number(client) + (rlim_t)server_count < limit.rlim_cur;
}

static void welcome(miou_fd *client, miou_orphans *clients)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    const miou_spawn with_client = {.orphans = clients, MIOU_GIVE(miou_fd_resource(client))};

    if (room_for(client) && miou_async(NULL, &with_client, echo, client) >= 0)
        return;
    if (!atomic_flag_test_and_set(&told))
        fprintf(stderr, "miou-echo: there are too many clients, some are turned away\n");
    miou_close(client);
}

/* The system is out of something, and no client can be accepted until it is not. The others are
 * looked after, then everybody rests for a moment. */
static void rest(void)
{
    int i;

    for (i = 0; i < 256; i++)
        miou_yield();
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Whether the server goes on after an error of accept. */
static bool get_over(int error)
{
    switch (-error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        rest();
        return true;
    case ECONNABORTED: /* from here on, what concerns one client alone: see accept(2) */
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static int serve(void *arg)
{
    miou_fd *listener = arg, *client;
    miou_orphans *clients;
    int error = miou_orphans_create(&clients);

    if (error < 0)
        return error;
    do {
        clean_up(clients);
        error = miou_accept(&client, listener, NULL);
        if (error >= 0)
            welcome(client, clients);
    } while (error >= 0 || get_over(error));
    if (error != MIOU_CANCELLED)
        fprintf(stderr, "miou-echo: domain %d accepts no more: %s\n", miou_domain_self(),
                miou_strerror(error));
    return error;
}

/* ---- one server a domain */

/* Listen at the address; port 0 becomes one that was free. */
static int open_listener(miou_fd **listener, union address *address, const miou_listen *options)
{
    bool v6 = address->any.sa_family == AF_INET6;
    socklen_t length = v6 ? sizeof address->v6 : sizeof address->v4;
    int error = v6 ? miou_tcpv6(listener, MIOU_OWNED) : miou_tcpv4(listener, MIOU_OWNED);

    if (error >= 0)
        error = miou_bind_and_listen(*listener, &address->any, length, options);
    if (error >= 0 && getsockname(miou_fd_number(*listener), &address->any, &length) < 0)
        error = -errno;
    return error;
}

static const char *address_text(const union address *address)
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

static void announce(const struct service *service)
{
    printf("miou-echo: listening on %s, %d domain%s\n", address_text(&service->address),
           service->domains + 1, service->domains > 0 ? "s" : "");
    fflush(stdout);
}

/* Dom0, which takes no task from another domain, has its server from main, on it. */
static int start_server(miou_promise **promise, miou_fd *listener, const int *domain)
{
    miou_resource *resource = miou_fd_resource(listener);

    if (domain == NULL)
        return miou_async(promise, &(miou_spawn){MIOU_GIVE(resource)}, serve, listener);
    return miou_call(promise, &(miou_spawn){MIOU_GIVE(resource), .pin = domain}, serve, listener);
}

/* All listeners are there before the first server starts, so that a client finds all or none. */
static int serve_everywhere(struct service *service, struct server *servers, int *domains)
{
    miou_fd *probe;
    int i, outcome = 0, error;

    /* The servers share the address with each other, but not with another program. */
    error = open_listener(&probe, &service->address, &(miou_listen){.no_reuse_port = 1});
    if (error >= 0)
        error = miou_close(probe);
    for (i = 0; i < server_count && error >= 0; i++)
        error = open_listener(&servers[i].listener, &service->address, NULL);
    if (error >= 0 && !room_for(servers[server_count - 1].listener))
        error = -EMFILE; /* the next descriptor would have been the first client's */
    if (error < 0)
        return error;
    announce(service);
    service->doing = "serve";
    miou_domain_all(domains, (size_t)service->domains);
    for (i = 0; i < server_count && error >= 0; i++)
        error =
            start_server(&servers[i].promise, servers[i].listener, i > 0 ? &domains[i - 1] : NULL);
    for (i = 0; i < server_count && error >= 0 && outcome >= 0; i++)
        error = miou_await(servers[i].promise, &outcome);
    return error < 0 ? error : outcome;
}

static int main_task(void *arg)
{
    struct service *service = arg;
    struct server *servers = calloc((size_t)server_count, sizeof *servers);
    int *domains = calloc((size_t)server_count, sizeof *domains);
    int error = servers && domains ? serve_everywhere(service, servers, domains) : -ENOMEM;

    free(servers);
    free(domains);
    return error;
}

/* ---- the command line */

static const char usage[] = "usage: miou-echo [--address ADDRESS] [--port PORT] [--domains COUNT]\n"
                            "\n"
                            "Sends back what it is sent.\n"
                            "\n"
                            "  --address ADDRESS  IPv4 or IPv6 address to listen on (127.0.0.1)\n"
                            "  --port PORT        port to listen on, 0 for any (3000)\n"
                            "  --domains COUNT    domains that serve beside the first, each a\n"
                            "                     thread (the machine's cores less one: %d)\n"
                            "  --help             this text\n";

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

static void parse_address(union address *address, const char *word)
{
    if (inet_pton(AF_INET, word, &address->v4.sin_addr) == 1)
        address->any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, word, &address->v6.sin6_addr) == 1)
        address->any.sa_family = AF_INET6;
    else
        refuse("not an IPv4 or IPv6 address", word);
}

static int default_domains(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores > 1 ? (int)cores - 1 : 0;
}

static void parse_options(struct service *service, int argc, char **argv)
{
    static const struct option options[] = {{"address", required_argument, NULL, 'a'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"domains", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
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
            service->domains = number(optarg, 1000, "not a number of domains");
            break;
        case 'h':
            printf(usage, default_domains());
            exit(0);
        case ':':
            refuse("a value is missing", argv[optind - 1]);
        default:
            refuse("unknown option", argv[optind - 1]);
        }
    if (optind < argc)
        refuse("unknown argument", argv[optind]);
    parse_address(&service->address, address);
    if (service->address.any.sa_family == AF_INET6)
        service->address.v6.sin6_port = htons((uint16_t)port);
    else
        service->address.v4.sin_port = htons((uint16_t)port);
}

/* As many clients as the system allows us. */
static rlim_t raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

int main(int argc, char **argv)
{
    struct service service = {.domains = default_domains(), .doing = "listen"};
    rlim_t descriptors;
    int error;

    parse_options(&service, argc, argv);
    server_count = service.domains + 1;
    descriptors = raise_limit();
    error = miou_unix_run(&(miou_options){.domains = service.domains}, main_task, &service);
    if (error == -EMFILE)
        fprintf(stderr, "miou-echo: too few descriptors: the limit is %ju\n",
                (uintmax_t)descriptors);
    else if (error < 0)
        fprintf(stderr, "miou-echo: cannot %s on %s: %s\n", service.doing,
                address_text(&service.address), miou_strerror(error));
    return error < 0;
}
