/* judge.h: compares what a driver said about an execution with what its scenario expects, and with
 * the rules that hold for every program (the invariants, in invariants*.c). */
#ifndef JUDGE_H
#define JUDGE_H

#include "scenario/program.h"
#include "trace.h"

enum verdict_kind {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_GARBAGE, /* the driver broke the protocol, or stopped before the run had ended */
    VERDICT_ABSENT   /* not implemented: the runtime lacks a function */
};

/* The rules of the invariants, in the order of the chapters, and a NULL behind the last. */
extern const char *const invariant_rules[];

enum { INVARIANTS = 95 };

/* A set of invariants: for each of invariant_rules whether it is in the set. */
struct invariants {
    bool of[INVARIANTS];
};

/* The place of a rule's invariant in invariant_rules; -1: it has none. */
int invariant_of(const char *rule);

/* Something that an execution did wrong. */
struct finding {
    const char *rule; /* the invariant's rule, "R2.9", or the oracle's, of what happened; NULL: an
                         expectation of the scenario itself */
    int line;         /* of the program; 0: none in particular */
    char *expected;
    char *observed;
    char *deviation; /* both in short, without what differs from task to task, so that it is the
                        same where the same goes wrong in another scenario; NULL: an invariant's */
};

enum {
    FINDINGS_MAX = 16 /* that are kept; the others are only counted */
};

/* How the model judges, in place of the invariants. */
struct oracle {
    bool alone;                   /* what the scenario expects is not judged */
    bool spares_all;              /* no trace is held against the runtime, since it differs, */
    bool spares[OPERATION_KINDS]; /* or none of a program with such an operation */
    uint64_t steps;               /* that it tries; 0: as many as usual */
    char
        *differs; /* the rules from which it differs, each with a blank on both sides; NULL: none */
};

/* What the model has said of a trace. */
enum opinion {
    OPINION_NONE, /* it was not asked */
    OPINION_ALLOWED,
    OPINION_WRONG,
    OPINION_OPEN /* it could not decide */
};

struct verdict {
    enum verdict_kind kind;
    enum opinion opinion;
    char *open;       /* open: why, as a few words; else NULL */
    bool spared;      /* the run does not end, and what it should do is declared to differ */
    uint32_t offered; /* allowed: freedoms of the model that the run could take, bits, */
    uint32_t taken;   /* and those that it has taken */
    struct finding findings[FINDINGS_MAX]; /* fail, garbage; in the order of their reports */
    int finding_count;
    int more;                 /* findings that are not kept */
    struct invariants broken; /* all of them, excused ones included */
    char *absent;             /* absent: what was, as judge_absent or the driver says; else NULL */
};

/* Judge a trace of the program. What breaks an excused invariant is no finding; NULL: none is. */
struct verdict *judge(const struct program *program, const struct trace *trace,
                      const struct invariants *excused);

/* The same by the oracle, which follows the states that the run may have been in. */
struct verdict *judge_by_oracle(const struct program *program, const struct trace *trace,
                                const struct oracle *oracle);

/* What is wrong already with a run that was broken off: answers of its operations. */
struct verdict *judge_begun(const struct program *program, const struct trace *trace);

/* Add a finding that is no invariant's, and which is taken over. A pass becomes a fail. */
void verdict_add(struct verdict *verdict, struct finding finding);

/* What a whole trace has that spec/scenario.md does not allow a driver to say, whatever the runtime
 * does, as one line, to be freed; NULL: nothing. */
char *judge_protocol(const struct program *program, const struct trace *trace);

/* What the runtime does not have, and without which nothing can be said of the trace, whole or not:
 * an operation's word, "outside", or "miou_domain_self", which no operation calls; NULL: nothing.
 */
const char *judge_absent(const struct program *program, const struct trace *trace);

/* Findings name events by their lines in the trace. Returns the next such line that is named from
 * *text on, which moves behind it; 0: none. */
int finding_next_line(const char **text);

/* The oracle's findings name rules in brackets, "[R2.4]". Returns the next one that is named from
 * *at on, and not before in the text; *at moves behind it. NULL: none. */
const char *finding_next_rule(const char **at, const char *text, size_t *size);

void verdict_free(struct verdict *verdict);

#endif
