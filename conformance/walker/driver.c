/* model-driver: the model as a runtime. It executes each scenario once, as a driver, and takes the
 * freedoms that the rules leave open in any combination: what accuses it accuses a runtime that
 * keeps the rules. The same seed and program make the same walk.
 *
 *     model-driver [--seed N] [--never FREEDOM] [--always FREEDOM] [--starve DOMAIN]
 *
 * Exit status: 0 its input has ended, 2 it cannot go on. */
#include "telling.h"

#include "model/turns.h"
#include "scenario/memory.h"
#include "scenario/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTHING_TO_DO = 2 };

/* What the options make of each mood: 0: nothing. */
struct wishes {
    double freedoms[FREEDOM_KINDS];
    double domains[MODEL_DOMAINS_MAX];
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "model-driver: %s\n", what);
    exit(NOTHING_TO_DO);
}

/* A walk does not know who has attached an action, which is to be told. */
static void greet(void)
{
    printf("driver 2 model\nlacks choose outside");
    for (int kind = 0; kind < OPERATION_KINDS; kind++)
        if (!knows(kind) || kind == OP_ON_SIGNAL)
            printf(" %s", operation_word(kind));
    printf("\nready\n");
}

/* ---- Reading ---- */

static char *next_line(void)
{
    static char *line;
    static size_t room;

    return getline(&line, &room, stdin) > 0 ? line : NULL;
}

static bool begins_with(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

/* Keep the first mistake. */
static void complain(void *to, int line, const char *what)
{
    char **mistake = to;

    if (!*mistake)
        *mistake = text_of("line %d: %s", line, what);
}

/* Read a program up to `go`. NULL: there is none, and *mistake, to be freed, says why. Its text
 * changes *random. */
static struct program *read_program(uint64_t *random, char **mistake)
{
    struct program *program = NULL;
    char *text, *line;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    while ((line = next_line()) && strcmp(line, "go\n") != 0)
        fputs(line, stream);
    fclose(stream);
    if (!line)
        die("the input ends before `go`");
    for (size_t i = 0; i < size; i++)
        *random = next_random(random) ^ (unsigned char)text[i];
    if (begins_with(text, "schedule"))
        *mistake = copy_of("choices cannot be made from outside");
    else
        program = program_parse(text, size, PROGRAM_STRIPPED, complain, mistake);
    free(text);
    return program;
}

/* ---- Executing ---- */

static void apply(const struct wishes *wishes, struct mood *mood)
{
    for (int f = 0; f < FREEDOM_KINDS; f++)
        if (wishes->freedoms[f] > 0)
            mood->freedoms[f] = wishes->freedoms[f];
    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        if (wishes->domains[d] > 0)
            mood->domains[d] = wishes->domains[d];
}

/* A run that does not end stays silent, until the suite gives up. */
static void execute(const struct program *program, const struct wishes *wishes, uint64_t random)
{
    const char *lacks = model_lacks(program);
    struct mood mood = mood_random(&random);
    struct walk *walk;

    if (lacks) {
        printf("absent %s\n", lacks);
        return;
    }
    apply(wishes, &mood);
    walk = walk_create(program, mood, random);
    while (!tell_walk(walk, stdout))
        pause();
    walk_free(walk);
}

static void serve(uint64_t seed, const struct wishes *wishes)
{
    char *line;

    greet();
    while ((line = next_line())) {
        uint64_t random = seed;
        char *mistake = NULL;
        struct program *program;

        if (!begins_with(line, "scenario "))
            die("this is not `scenario` and a number");
        printf("%s", line);
        program = read_program(&random, &mistake);
        if (program)
            execute(program, wishes, random);
        else
            printf("refused %s\n", mistake);
        program_free(program);
        free(mistake);
        printf("ready\n");
    }
}

/* ---- The command ---- */

static uint64_t number_of(const char *text, uint64_t most)
{
    char *end;
    uint64_t number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number > most)
        die("that is not a number, or too large");
    return number;
}

static double *freedom_of(struct wishes *wishes, const char *name)
{
    for (int f = 0; f < FREEDOM_KINDS; f++)
        if (f != FREEDOM_INTERLEAVING && strcmp(name, freedom_name(f)) == 0)
            return &wishes->freedoms[f];
    die("there is no such freedom");
}

int main(int argc, char **argv)
{
    struct wishes wishes = {{0}, {0}};
    uint64_t seed = 1;

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            die("an option without a value");
        if (strcmp(argv[i], "--seed") == 0)
            seed = number_of(argv[i + 1], UINT64_MAX);
        else if (strcmp(argv[i], "--never") == 0)
            *freedom_of(&wishes, argv[i + 1]) = UNLIKELY;
        else if (strcmp(argv[i], "--always") == 0)
            *freedom_of(&wishes, argv[i + 1]) = LIKELY;
        else if (strcmp(argv[i], "--starve") == 0)
            wishes.domains[number_of(argv[i + 1], MODEL_DOMAINS_MAX - 1)] = 1 / LIKELY;
        else
            die("usage: model-driver [--seed N] [--never FREEDOM] [--always FREEDOM] "
                "[--starve DOMAIN]");
    }
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    serve(seed, &wishes);
    return 0;
}
