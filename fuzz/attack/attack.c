/* attack: tells whether an echo server, written in whatever language, keeps its promises to each
 * client while other clients do all that clients do. */
#include "checks.h"
#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum exit_status { PASSED, FAILED_SOME, COULD_NOT_TELL };

static const char help[] =
    "usage: attack [OPTION ...] --port PORT\n"
    "       attack [OPTION ...] -- COMMAND ...\n"
    "       attack --list | --help\n"
    "\n"
    "Attack an echo server with clients of all kinds. Check that each gets back what it sent and\n"
    "that well-behaved clients are always served. The second form starts the server, with the "
    "word\n"
    "PORT in COMMAND replaced by a free port. It also checks that the server's descriptors, "
    "threads\n"
    "and memory do not grow. The server must stay in the foreground; attack ends it with SIGTERM.\n"
    "\n"
    "  --port PORT        the port on which the server listens\n"
    "  --address ADDRESS  its address, which must be a loopback address (127.0.0.1)\n"
    "  --connections N    the most connections at the same time (1000)\n"
    "  --seconds N        how long random traffic lasts (5)\n"
    "  --patience N       how many seconds a client waits for anything (10): seconds of processor\n"
    "                     time that the server uses, or in which it could not run, whatever else\n"
    "                     the machine has to do. For a server that attack did not start these are\n"
    "                     plain seconds, and what does not come in time is unknown\n"
    "  --seed N           the same seed sends the same bytes in the same pieces (random)\n"
    "  --only CHECK       run only this check; may be given several times\n"
    "  --list             list the checks\n"
    "  --help             print this text\n"
    "\n"
    "Exit status: 0 all checks passed, 1 a check failed, 2 could not tell.\n";

enum {
    FEWEST = 16, /* connections that an attack needs */
    OTHERS = 40  /* descriptors that are needed for other things */
};

struct options {
    struct target target;
    char **command; /* that starts the server; NULL: it runs already */
    int port, connections;
    double seconds;
    const char *address;
    const char *only[64];
    int only_count;
    char **words; /* our own command line */
};

struct counts {
    int passed, failed, skipped, unknown;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("attack: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(COULD_NOT_TELL);
}

/* ---- Options ---- */

static double parse_number(const char *option, const char *text, double lowest, double highest)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= lowest && value <= highest))
        die("--%s %s: not a number from %.9g to %.9g", option, text, lowest, highest);
    return value;
}

static int parse_whole(const char *option, const char *text, int lowest, int highest)
{
    double value = parse_number(option, text, lowest, highest);

    if (value != (int)value)
        die("--%s %s: not a whole number", option, text);
    return (int)value;
}

static uint64_t parse_seed(const char *text)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (end == text || *end || errno || *text == '-')
        die("--seed %s: not a whole number", text);
    return value;
}

static uint64_t any_seed(void)
{
    uint32_t value; /* short enough to be copied by hand */

    return getrandom(&value, sizeof value, 0) == sizeof value ? value : (uint64_t)time(NULL);
}

/* No other machine is attacked. */
static void set_address(struct options *options)
{
    struct address *address = &options->target.address;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port)};
    bool loopback;

    if (inet_pton(AF_INET, options->address, &v4.sin_addr) == 1) {
        loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
        memcpy(&address->any, &v4, address->length = sizeof v4);
    } else if (inet_pton(AF_INET6, options->address, &v6.sin6_addr) == 1) {
        loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
        memcpy(&address->any, &v6, address->length = sizeof v6);
    } else {
        die("--address %s: not an IPv4 or IPv6 address", options->address);
    }
    if (!loopback)
        die("--address %s: not a loopback address, such as 127.0.0.1 or ::1", options->address);
}

static const struct check *find_check(const char *name)
{
    int i;

    for (i = 0; i < check_count; i++)
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    die("--only %s: no such check; --list lists them", name);
}

static _Noreturn void list_checks(void)
{
    int i;

    for (i = 0; i < check_count; i++)
        printf("%-12s %s%s\n", checks[i].name, checks[i].about,
               checks[i].watches ? " (only if attack starts the server)" : "");
    exit(PASSED);
}

static void parse_option(struct options *options, int option)
{
    switch (option) {
    case 'p':
        options->port = parse_whole("port", optarg, 1, 65535);
        break;
    case 'a':
        options->address = optarg;
        break;
    case 'c':
        options->connections = parse_whole("connections", optarg, FEWEST, 1000000);
        break;
    case 's':
        options->seconds = parse_number("seconds", optarg, 0.1, 1e6);
        break;
    case 'w':
        options->target.patience = parse_number("patience", optarg, 0.1, 1e4);
        break;
    case 'r':
        options->target.seed = parse_seed(optarg);
        break;
    case 'o':
        if (options->only_count == 64)
            die("--only %s: given too often", optarg);
        options->only[options->only_count++] = find_check(optarg)->name;
        break;
    case 'l':
        list_checks();
    case 'h':
        fputs(help, stdout);
        exit(PASSED);
    case ':':
        die("an option lacks its value: %s", optarg ? optarg : "");
    default:
        die("unknown option (see attack --help)");
    }
}

static void parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},    {"address", required_argument, NULL, 'a'},
        {"seed", required_argument, NULL, 'r'},    {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'}, {"patience", required_argument, NULL, 'w'},
        {"only", required_argument, NULL, 'o'},    {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;

    options->words = argv;
    while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
        if (option == '?')
            exit(COULD_NOT_TELL); /* getopt has said why */
        parse_option(options, option);
    }
    if (optind < argc)
        options->command = &argv[optind];
    if ((options->port > 0) == (options->command != NULL))
        die("which server? Give either --port or a command (see attack --help)");
    if (options->command && !server_takes_port(options->command))
        die("the command lacks the word PORT, which stands for the server's port");
    set_address(options);
}

/* ---- How many clients there can be ---- */

/* Allow ourselves as many descriptors as we may have; the server inherits the limit. */
static long raise_limit(void)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < FEWEST + OTHERS)
        die("the limit on descriptors is too low: %ju", (uintmax_t)limit.rlim_cur);
    return limit.rlim_cur > 1000000 ? 1000000 : (long)limit.rlim_cur;
}

/* The server needs a descriptor for each client, and some for itself. */
static int possible_connections(int wanted, const struct server *server)
{
    long possible = raise_limit() - OTHERS;
    struct rlimit limit;

    if (server && prlimit(server->pid, RLIMIT_NOFILE, NULL, &limit) == 0 &&
        limit.rlim_cur < (rlim_t)possible)
        possible = (long)limit.rlim_cur - OTHERS - server->first.descriptors;
    if (possible < FEWEST)
        possible = FEWEST;
    if (possible < wanted)
        printf("%ld connections at the same time: the limit on descriptors allows no more\n",
               possible);
    return possible < wanted ? (int)possible : wanted;
}

/* ---- The table ---- */

static void print_bytes(uint64_t bytes)
{
    if (bytes < 10000)
        printf("%7u B ", (unsigned)bytes);
    else if (bytes < 10000000)
        printf("%7.1f kB", (double)bytes / 1e3);
    else
        printf("%7.1f MB", (double)bytes / 1e6);
}

static void print_line(const struct check *check, const struct tally *tally, double seconds)
{
    const char *verdict = tally->failed ? "FAIL" : tally->unknown ? "unknown" : "pass";

    printf("  %-12s %7llu  ", check->name, (unsigned long long)tally->connections);
    print_bytes(tally->bytes);
    printf("  %6.2f s  %s%s%s\n", seconds, verdict, tally->reason[0] ? "   " : "", tally->reason);
}

static void print_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+"
                                ",./:@%";

    if (*word && word[strspn(word, plain)] == '\0') {
        printf(" %s", word);
        return;
    }
    printf(" '");
    for (; *word; word++)
        printf(*word == '\'' ? "'\\''" : "%c", *word);
    printf("'");
}

/* The command that runs this check again: ours, with more options. */
static void print_again(const struct options *options, const struct check *check)
{
    char **word = options->words;

    printf("      again: %s --seed %llu --only %s", *word++,
           (unsigned long long)options->target.seed, check->name);
    for (; *word; word++)
        if (strcmp(*word, "--only") == 0 && word[1])
            word++;
        else
            print_word(*word);
    printf("\n");
}

static void print_said(struct server *server)
{
    char said[1500], *line;

    server_said(server, said, sizeof said);
    for (line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
        printf("      the server: %s\n", line);
}

/* ---- The checks, one after another ---- */

static bool start_server(struct options *options, struct server *server)
{
    char why[WHY];
    struct attack attack = {.target = &options->target, .connections = FEWEST};

    options->target.watched = true;
    if (!server_start(server, &options->target.address, options->target.patience, why)) {
        printf("attack: %s\n", why);
        print_said(server);
        server_end(server, 1);
        return false;
    }
    warm_up(&attack);
    server->first = server_settled(server);
    return true;
}

static void end_server(const struct options *options, struct server *server)
{
    double patience = options->target.patience < 5 ? options->target.patience : 5;

    if (!server_end(server, patience))
        printf("  (the server did not end on SIGTERM within %g s and was killed)\n", patience);
}

/* Judge the server's processes. If the server has died, that is why anything else failed. */
static void judge_server(const struct options *options, struct server *server, struct tally *tally)
{
    double grace = tally->failed ? 0.3 : 0; /* a client may notice the end before we do */
    char why[WHY];

    if (!server_alive(server, grace, why) ||
        (!tally->failed && !server_has_recovered(server, options->target.patience, why))) {
        tally->failed = true;
        snprintf(tally->reason, sizeof tally->reason, "%s", why);
    }
}

static bool run_check(struct options *options, struct server *server, const struct check *check,
                      struct counts *counts)
{
    struct attack attack = {.target = &options->target,
                            .server = server,
                            .connections = options->connections,
                            .seconds = options->seconds,
                            .name = check->name};
    double begun = clock_now(), seconds;

    check->attack(&attack);
    seconds = clock_now() - begun;
    if (server)
        judge_server(options, server, &attack.tally);
    print_line(check, &attack.tally, seconds);
    if (attack.tally.failed)
        print_again(options, check);
    if (server && attack.tally.failed)
        print_said(server);
    counts->failed += attack.tally.failed;
    counts->unknown += attack.tally.unknown;
    counts->passed += !attack.tally.failed && !attack.tally.unknown;
    return !attack.tally.failed;
}

static bool is_chosen(const struct options *options, const struct check *check)
{
    int i;

    for (i = 0; i < options->only_count; i++)
        if (options->only[i] == check->name)
            return true;
    return options->only_count == 0;
}

/* A server that failed is started afresh for the next check. */
static void run_checks(struct options *options, struct server *server, struct counts *counts)
{
    bool there = true;
    int i;

    for (i = 0; i < check_count; i++) {
        const struct check *check = &checks[i];

        if (!is_chosen(options, check))
            continue;
        if (!there || (check->watches && !server)) {
            printf("  %-12s  skipped: %s\n", check->name,
                   there ? "attack did not start this server" : "the server is gone");
            counts->skipped++;
            continue;
        }
        if (server && check->afresh)
            end_server(options, server), start_server(options, server);
        if (run_check(options, server, check, counts))
            continue;
        if (server)
            end_server(options, server), there = start_server(options, server);
        else
            there = server_listens(&options->target.address);
    }
}

static int report(const struct counts *counts)
{
    printf("%d passed, %d failed", counts->passed, counts->failed);
    if (counts->skipped > 0)
        printf(", %d skipped", counts->skipped);
    if (counts->unknown > 0)
        printf(", %d unknown", counts->unknown);
    printf("\n");
    if (counts->failed > 0)
        return FAILED_SOME;
    return counts->unknown > 0 || counts->passed == 0 ? COULD_NOT_TELL : PASSED;
}

int main(int argc, char **argv)
{
    struct options options = {.target = {.seed = any_seed(), .patience = 10},
                              .address = "127.0.0.1",
                              .connections = 1000,
                              .seconds = 5};
    struct server server = {.said = -1};
    struct counts counts = {0};

    parse(&options, argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    raise_limit();
    printf("attack: seed %llu\n", (unsigned long long)options.target.seed);
    server.command = options.command;
    if (options.command && !start_server(&options, &server))
        return COULD_NOT_TELL;
    if (!options.command && !server_listens(&options.target.address))
        die("nothing listens at %s, port %d", options.address, options.port);
    options.connections =
        possible_connections(options.connections, options.command ? &server : NULL);
    printf("  check        clients       bytes      time\n");
    run_checks(&options, options.command ? &server : NULL, &counts);
    if (options.command)
        end_server(&options, &server);
    return report(&counts);
}
