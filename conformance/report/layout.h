/* layout: where everything of a timeline stands. Rows are numbered from 0, from top to bottom. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "deviations.h"
#include "suite/suite.h"

enum row_kind {
    ROW_EVENT,
    ROW_EXPECTED, /* of a finding */
    ROW_OBSERVED,
    ROW_GAP, /* events that are left out */
    ROW_END  /* how the process ended, if the run did not end */
};

struct row {
    enum row_kind kind;
    int event;   /* event; gap: the first that is left out */
    int count;   /* gap: of events */
    int finding; /* that the row is about; -1: none */
};

/* A domain of a run. */
struct lane {
    int run;     /* the instance that begins the run; -1: the run that the driver began */
    int domain;  /* LANE_UNKNOWN: its tasks began where the runtime could not say, or never */
    int columns; /* for bars side by side */
};

enum {
    LANE_UNKNOWN = -1,
    LANES_MAX = 80,
    COLUMNS_MAX = 20, /* of a lane; further tasks have no bars */
    COLUMNS_LEAST = 3 /* of a lane, if there are many */
};

/* An instance. */
struct bar {
    int lane;
    int column;  /* of its lane; -1: it has no bar */
    int spawned; /* rows; -1: it was not */
    int begun;   /* -1: never */
    int stopped; /* the first that shows that it was cancelled; -1: none */
    int ended;   /* -1: never */
    int last;    /* of all that stands in its column */
};

/* A parent's operation that settled a child. */
struct settlement {
    int row;
    int event;
    int child;
};

struct layout {
    const struct program *program;
    const struct trace *trace;
    struct deviations deviations;
    struct row *rows;
    int row_count;
    int *row_of; /* by event */
    struct lane lanes[LANES_MAX];
    int lane_count;
    struct bar *bars; /* by instance */
    int without;      /* instances that begin in rows that are shown, and have no bar */
    struct settlement *settlements;
    int settlement_count;
};

void layout_create(struct layout *layout, const struct program *program, const struct trace *trace,
                   const struct result *result);
void layout_free(struct layout *layout);

#endif
