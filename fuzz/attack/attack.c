/* attack: tells whether an echo server, written in whatever language, keeps its promises to each
 * client while other clients do all that clients do. */
#include "checks.h"
#include "machine/chance.h"
#include "machine/clock.h"
#include "table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum exit_status { PASSED, FAILED_SOME, COULD_NOT_TELL };

static const char help[] =
    "usage: attack [OPTION ...] --port PORT\n"
    "       attack [OPTION ...] -- COMMAND ...\n"
    "       attack --list | --rules | --help\n"
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
    "  --rule ID          run only checks of this rule of the specification, and judge by it "
    "alone:\n"
    "                     if something else is wrong, the check cannot tell\n"
    "  --format FORMAT    print a table (the default); or plain, a line per check: its name, "
    "pass,\n"
    "                     fail, unknown or skipped, and why; or json, one document, which\n"
    "                     conformance/report/README.md describes. Beside the last two all else "
    "goes\n"
    "                     to standard error\n"
    "  --plain            the same as --format plain\n"
    "  --list             list the checks, with the rules that they are about\n"
    "  --rules            print a line for each rule of each check: RULE CHECK\n"
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
    const char *rule; /* to judge by; NULL: all */
    struct table table;
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
    return (uint32_t)chance_number(); /* short enough to be copied by hand */
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

/* Whether a rule is one of these, which are separated by blanks. */
static bool is_among(const char *rule, const char *rules)
{
    size_t size = strlen(rule);
    const char *found = strstr(rules, rule);

    return found && (found == rules || found[-1] == ' ') && strchr(" ", found[size]);
}

static bool is_about(const struct check *check, const char *rule)
{
    return is_among(rule, check->rules) || is_among(rule, check->left);
}

static const char *find_rule(const char *rule)
{
    int i;

    for (i = 0; i < check_count; i++)
        if (is_about(&checks[i], rule))
            return rule;
    die("--rule %s: no check is about it; --list lists them", rule);
}

static enum form parse_form(const char *text)
{
    static const char *const names[] = {
        [FORM_TABLE] = "table", [FORM_PLAIN] = "plain", [FORM_JSON] = "json"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], text) == 0)
            return (enum form)i;
    die("--format %s: table, plain or json", text);
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
    case 'R':
        options->rule = find_rule(optarg);
        break;
    case 'P':
        options->table.form = FORM_PLAIN;
        break;
    case 'f':
        options->table.form = parse_form(optarg);
        break;
    case 'l':
        table_list();
        exit(PASSED);
    case 'L':
        table_rules();
        exit(PASSED);
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
        {"only", required_argument, NULL, 'o'},    {"rule", required_argument, NULL, 'R'},
        {"format", required_argument, NULL, 'f'},  {"plain", no_argument, NULL, 'P'},
        {"list", no_argument, NULL, 'l'},          {"rules", no_argument, NULL, 'L'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;

    options->table.words = argv;
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
    options->table.seed = options->target.seed;
    options->table.notes = options->table.form == FORM_TABLE ? stdout : stderr;
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
static int possible_connections(const struct options *options, const struct server *server)
{
    long possible = raise_limit() - OTHERS;
    int wanted = options->connections;
    struct rlimit limit;

    if (server && prlimit(server->listener, RLIMIT_NOFILE, NULL, &limit) == 0 &&
        limit.rlim_cur < (rlim_t)possible)
        possible = (long)limit.rlim_cur - OTHERS - server->first.descriptors;
    if (possible < FEWEST)
        possible = FEWEST;
    if (possible < wanted)
        fprintf(options->table.notes,
                "%ld connections at the same time: the limit on descriptors allows no more\n",
                possible);
    return possible < wanted ? (int)possible : wanted;
}

/* ---- The checks, one after another ---- */

static bool start_server(struct options *options, struct server *server)
{
    char why[WHY];
    struct attack attack = {.target = &options->target, .connections = FEWEST};

    options->target.watched = true;
    if (!server_start(server, &options->target.address, options->target.patience, why)) {
        fprintf(options->table.notes, "attack: %s\n", why);
        table_said(&options->table, server);
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
        fprintf(options->table.notes,
                "  (the server did not end on SIGTERM within %g s and was killed)\n", patience);
}

/* Judge the server's processes. If the server has died, that is why anything else failed. */
static void judge_server(const struct options *options, struct server *server,
                         const struct check *check, struct tally *tally)
{
    double grace = tally->failed ? 0.3 : 0; /* a client may notice the end before we do */
    bool recovers = !options->rule || is_among(options->rule, check->left);
    char why[WHY];

    if (server_alive(server, grace, why)) {
        if (tally->failed || !recovers ||
            server_has_recovered(server, options->target.patience, why, check->needs & IN_LINE))
            return;
        tally->left = true;
    }
    tally->failed = true;
    snprintf(tally->reason, sizeof tally->reason, "%s", why);
}

/* What is wrong may have to do with another rule. */
static void judge_by_rule(const char *rule, const struct check *check, struct tally *tally)
{
    char reason[sizeof tally->reason];

    if (!tally->failed || is_among(rule, tally->left ? check->left : check->rules))
        return;
    tally->failed = false;
    tally->unknown = true;
    memcpy(reason, tally->reason, sizeof reason);
    snprintf(tally->reason, sizeof reason, "something else is wrong: %.900s", reason);
}

/* A crowd that is smaller than it was to be shows only what is wrong. */
static void judge_crowd(const struct options *options, int connections, struct tally *tally)
{
    if (tally->failed || connections == options->connections)
        return;
    tally->unknown = true;
    snprintf(tally->reason, sizeof tally->reason,
             "only %d connections at the same time: the limit on descriptors allows no more",
             connections);
}

static bool run_check(struct options *options, int connections, struct server *server,
                      const struct check *check, struct counts *counts)
{
    struct attack attack = {.target = &options->target,
                            .server = server,
                            .connections = connections,
                            .seconds = options->seconds,
                            .name = check->name};
    struct tally *tally = &attack.tally;
    double begun = clock_now(), seconds;
    bool failed;

    if (server && check->needs & IN_LINE)
        server->before = server_settled(server);
    check->attack(&attack);
    seconds = clock_now() - begun;
    if (server && !(check->needs & STOPS))
        judge_server(options, server, check, tally);
    failed = tally->failed;
    if (options->rule && check->needs & CROWDED)
        judge_crowd(options, connections, tally);
    if (options->rule)
        judge_by_rule(options->rule, check, tally);
    table_line(&options->table, check, tally, seconds);
    if (failed)
        table_again(&options->table, check);
    if (server && failed)
        table_said(&options->table, server);
    counts->failed += tally->failed;
    counts->unknown += tally->unknown;
    counts->passed += !tally->failed && !tally->unknown;
    return !failed;
}

static bool is_chosen(const struct options *options, const struct check *check)
{
    int i;

    if (options->rule && !is_about(check, options->rule))
        return false;
    for (i = 0; i < options->only_count; i++)
        if (options->only[i] == check->name)
            return true;
    return options->only_count == 0 && (options->rule || !(check->needs & STOPS));
}

/* Run a check on a server that is started again where the check needs it, or where it has been
 * ended after the last one. Returns whether it is there. */
static bool run_on_server(struct options *options, int connections, struct server *server,
                          const struct check *check, struct counts *counts)
{
    if (check->needs & AFRESH && server->pid > 0)
        end_server(options, server);
    if (server->pid == 0 && !start_server(options, server))
        return false;
    if (!run_check(options, connections, server, check, counts) || check->needs & STOPS)
        end_server(options, server);
    return true;
}

static void skip(struct options *options, const struct check *check, const char *why,
                 struct counts *counts)
{
    table_skipped(&options->table, check, why);
    counts->skipped++;
}

static void run_checks(struct options *options, int connections, struct server *server,
                       struct counts *counts)
{
    bool there = true;
    int i;

    for (i = 0; i < check_count; i++) {
        const struct check *check = &checks[i];

        if (!is_chosen(options, check))
            continue;
        if (there && !server && check->needs & WATCHES) {
            skip(options, check, "attack did not start this server", counts);
            continue;
        }
        if (there && server)
            there = run_on_server(options, connections, server, check, counts);
        else if (there && !run_check(options, connections, NULL, check, counts))
            there = server_listens(&options->target.address);
        else if (!there)
            skip(options, check, "the server is gone", counts);
    }
}

static int conclude(const struct counts *counts)
{
    if (counts->failed > 0)
        return FAILED_SOME;
    return counts->unknown > 0 || counts->passed == 0 ? COULD_NOT_TELL : PASSED;
}

/* The server, for a signal that ends us. */
static struct server server = {.said = -1};

static void interrupted(int number)
{
    server_kill(&server);
    signal(number, SIG_DFL);
    raise(number);
}

static void handle_signals(void)
{
    const struct sigaction action = {.sa_handler = interrupted};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

int main(int argc, char **argv)
{
    struct options options = {.target = {.seed = any_seed(), .patience = 10},
                              .address = "127.0.0.1",
                              .connections = 1000,
                              .seconds = 5};
    struct counts counts = {0};
    int connections;

    parse(&options, argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    raise_limit();
    handle_signals();
    table_begin(&options.table, options.command, options.address, options.port);
    server.command = options.command;
    if (options.command && !start_server(&options, &server))
        return COULD_NOT_TELL;
    if (!options.command && !server_listens(&options.target.address))
        die("nothing listens at %s, port %d", options.address, options.port);
    connections = possible_connections(&options, options.command ? &server : NULL);
    table_head(&options.table);
    run_checks(&options, connections, options.command ? &server : NULL, &counts);
    if (options.command)
        end_server(&options, &server);
    if (!table_end(&options.table, &counts, conclude(&counts)))
        die("cannot write the report");
    return conclude(&counts);
}
