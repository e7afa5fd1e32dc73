/* peers.c: the blocks that begin with `peer`: what is at the other end of a connection, and is
 * executed by the suite. */
#include "parser.h"

#include "memory.h"

#include <string.h>

/* What stands behind a step's word, and when it can stand where it does. */
enum operand { NOTHING, DESCRIPTOR, FLAG, BYTES, PIECES, MAY_FULL };
enum place { FIRST, LISTENING, UNCONNECTED, CONNECTED, ANYWHERE };

static const struct {
    const char *word;
    enum operand operand;
    enum place place;
} forms[] = {
    [PEER_LISTEN] = {"listen", MAY_FULL, FIRST},
    [PEER_ACCEPT] = {"accept", NOTHING, LISTENING},
    [PEER_CONNECT] = {"connect", DESCRIPTOR, UNCONNECTED},
    [PEER_SEND] = {"send", PIECES, CONNECTED},
    [PEER_RECEIVE] = {"receive", BYTES, CONNECTED},
    [PEER_END] = {"end", NOTHING, CONNECTED},
    [PEER_GONE] = {"gone", NOTHING, CONNECTED},
    [PEER_SHUTDOWN] = {"shutdown", NOTHING, CONNECTED},
    [PEER_CLOSE] = {"close", NOTHING, CONNECTED},
    [PEER_RESET] = {"reset", NOTHING, CONNECTED},
    [PEER_UNTIL] = {"until", FLAG, ANYWHERE},
    [PEER_IDLE] = {"idle", NOTHING, ANYWHERE},
};
_Static_assert(sizeof forms / sizeof *forms == PEER_STEP_KINDS, "a form for every step");

const char *peer_step_word(enum peer_step_kind kind)
{
    return forms[kind].word;
}

void parse_peer(struct parser *parser, struct word rest)
{
    struct program *program = parser->program;
    int peer = take_name(parser, &rest, "peer", NAME_PEER);

    expect_end(parser, rest, "peer");
    if (parser->form == PROGRAM_STRIPPED)
        complain(parser, parser->line, "a peer in a stripped program");
    parser->peer = peer < 0 ? 0 : peer;
    if (peer < 0)
        return;
    if (program->peers[peer].line > 0)
        complain(parser, parser->line, "a second peer '%s'; the first is on line %d",
                 program_name(program, NAME_PEER, peer), program->peers[peer].line);
    else
        program->peers[peer].line = parser->line;
}

/* What a peer has done before a step. */
struct before {
    bool any;
    bool listens;
    bool full; /* and so it can accept nothing */
    bool connected;
};

static struct before before_now(const struct program *program, int peer)
{
    struct before before = {0};

    for (int i = 0; i < program->peer_step_count; i++) {
        const struct peer_step *step = &program->peer_steps[i];

        if (step->peer != peer)
            continue;
        before.any = true;
        before.listens = before.listens || step->kind == PEER_LISTEN;
        before.full = before.full || step->full;
        before.connected = step->kind == PEER_ACCEPT || step->kind == PEER_CONNECT ||
                           (before.connected && step->kind != PEER_CLOSE &&
                            step->kind != PEER_RESET && step->kind != PEER_GONE);
    }
    return before;
}

static void check_place(struct parser *parser, enum peer_step_kind kind)
{
    struct before before = before_now(parser->program, parser->peer);
    const char *word = forms[kind].word;

    switch (forms[kind].place) {
    case FIRST:
        if (before.any)
            complain(parser, parser->line, "'%s' must be the first step of its peer", word);
        return;
    case LISTENING:
        if (!before.listens || before.full || before.connected)
            complain(parser, parser->line, "a peer that %s cannot '%s'",
                     before.full      ? "is full"
                     : before.listens ? "is connected"
                                      : "does not listen",
                     word);
        return;
    case UNCONNECTED:
        if (before.connected)
            complain(parser, parser->line, "a peer that is connected cannot '%s'", word);
        return;
    case CONNECTED:
        if (!before.connected)
            complain(parser, parser->line, "a peer that is not connected cannot '%s'", word);
        return;
    case ANYWHERE:
        return;
    }
}

/* No task uses the name, so it need not be shared. */
static int take_listener(struct parser *parser, struct word *rest, const char *what)
{
    struct word word = take_word(rest);

    if (word.size > 0)
        return number_of_name(parser, NAME_DESCRIPTOR, word);
    complain(parser, parser->line, "'%s' lacks its descriptor", what);
    return -1;
}

static void parse_operand(struct parser *parser, struct word *rest, struct peer_step *step)
{
    const char *word = forms[step->kind].word;
    struct word more;

    switch (forms[step->kind].operand) {
    case NOTHING:
        return;
    case DESCRIPTOR:
        step->name = take_listener(parser, rest, word);
        return;
    case FLAG:
        step->name = take_name(parser, rest, word, NAME_FLAG);
        step->count = 1;
        more = take_word(rest);
        if (more.size > 0)
            step->count = take_number(parser, more, word, 1, PROGRAM_NUMBER_MAX);
        return;
    case MAY_FULL:
        more = *rest;
        step->full = word_is(take_word(&more), "full");
        *rest = step->full ? more : *rest;
        return;
    case BYTES:
    case PIECES:
        step->count = take_number(parser, take_word(rest), word, 1, PROGRAM_PEER_BYTES_MAX);
        step->piece = step->count < PROGRAM_NUMBER_MAX ? step->count : PROGRAM_NUMBER_MAX;
        more = forms[step->kind].operand == PIECES ? take_word(rest) : (struct word){NULL, 0};
        if (more.size > 0)
            step->piece = take_number(parser, more, word, 1, PROGRAM_NUMBER_MAX);
        return;
    }
}

void parse_peer_step(struct parser *parser, struct word line)
{
    struct program *program = parser->program;
    struct peer_step step = {.line = parser->line, .peer = parser->peer, .name = -1};
    struct word rest = line, word = take_word(&rest);
    int kind = 0;

    while (kind < PEER_STEP_KINDS && !word_is(word, forms[kind].word))
        kind++;
    if (kind == PEER_STEP_KINDS) {
        complain(parser, parser->line, "'%.*s' is not what a peer can do", QUOTED(word));
        return;
    }
    step.kind = (enum peer_step_kind)kind;
    check_place(parser, step.kind);
    parse_operand(parser, &rest, &step);
    expect_end(parser, rest, forms[kind].word);
    program->peer_steps = grown(program->peer_steps, (size_t)program->peer_step_count, sizeof step);
    program->peer_steps[program->peer_step_count++] = step;
}

/* Whether a task listens under a name. */
static bool is_listened(const struct program *program, int descriptor)
{
    for (int i = 0; i < program->operation_count; i++)
        if (program->operations[i].kind == OP_LISTEN && program->operations[i].name == descriptor)
            return true;
    return false;
}

static bool peer_listens(const struct program *program, int peer)
{
    for (int i = 0; i < program->peer_step_count; i++)
        if (program->peer_steps[i].peer == peer && program->peer_steps[i].kind == PEER_LISTEN)
            return true;
    return false;
}

void check_peers(struct parser *parser)
{
    const struct program *program = parser->program;

    for (int i = 0; i < program->peer_step_count; i++) {
        const struct peer_step *step = &program->peer_steps[i];

        if (step->kind == PEER_CONNECT && step->name >= 0 && !is_listened(program, step->name))
            complain(parser, step->line, "no task listens with '%s'",
                     program_name(program, NAME_DESCRIPTOR, step->name));
    }
    for (int i = 0; i < program->operation_count && parser->form == PROGRAM_WITH_ANSWERS; i++) {
        const struct operation *operation = &program->operations[i];

        if (operation->peer >= 0 && !peer_listens(program, operation->peer))
            complain(parser, operation->line, "no peer '%s' listens",
                     program_name(program, NAME_PEER, operation->peer));
    }
}
