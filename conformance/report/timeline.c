/* timeline: the drawing is SVG, and the events beside it are a list of HTML, whose rows are as high
 * as those of the drawing. All lengths are in units of which TEXT are the height of the text, so
 * that both grow with it. */
#include "timeline.h"

#include "events.h"
#include "layout.h"
#include "markup.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT = 12,
    ROW = 22,
    WIDE = 320, /* a drawing that would be wider is drawn more narrowly */
    MARGIN = 8,
    HEAD = 24,
    HUES = 6, /* of tasks, in the style sheet */
    EVENT_MAX = 256
};

/* Widths. */
struct scale {
    int column;
    int lane_least;
    int bar;
    const char *domain; /* the word before its number */
};

static const struct scale usual = {20, 62, 10, "domain "}, narrow = {12, 34, 6, "dom"};

struct drawing {
    FILE *stream;
    const struct test *test;
    struct layout layout;
    const struct scale *scale;
    int x[LANES_MAX + 1]; /* of the lanes, and where the last one ends */
    bool several_runs;
    bool uses[EVENT_RUN + 1]; /* kinds of events that are drawn, for the legend */
    bool waits, awaits, cancels, stops, rings;
};

static const struct trace *trace_of(const struct drawing *drawing)
{
    return drawing->layout.trace;
}

/* ---- Places ---- */

static int lane_width(const struct drawing *drawing, const struct lane *lane)
{
    int width = lane->columns * drawing->scale->column + 2 * MARGIN;

    return width > drawing->scale->lane_least ? width : drawing->scale->lane_least;
}

static void place_lanes(struct drawing *drawing, const struct scale *scale)
{
    const struct layout *layout = &drawing->layout;

    drawing->scale = scale;
    for (int i = 0; i < layout->lane_count; i++) {
        drawing->x[i + 1] = drawing->x[i] + lane_width(drawing, &layout->lanes[i]);
        drawing->several_runs |= layout->lanes[i].run != layout->lanes[0].run;
    }
}

/* The middle of a bar's column. */
static int x_of(const struct drawing *drawing, const struct bar *bar)
{
    const struct lane *lane = &drawing->layout.lanes[bar->lane];
    int column = drawing->scale->column;
    int left = (lane_width(drawing, lane) - lane->columns * column) / 2;

    return drawing->x[bar->lane] + left + bar->column * column + column / 2;
}

static int head(const struct drawing *drawing)
{
    return drawing->several_runs ? HEAD + 14 : HEAD;
}

static int y_of(const struct drawing *drawing, int row)
{
    return head(drawing) + row * ROW + ROW / 2;
}

static const struct bar *bar_of(const struct drawing *drawing, int instance)
{
    const struct bar *bar = instance >= 0 ? &drawing->layout.bars[instance] : NULL;

    return bar && bar->column >= 0 ? bar : NULL;
}

static int hue(int instance)
{
    return instance % HUES;
}

/* ---- Words ---- */

static void write_instance(const struct drawing *drawing, int instance)
{
    char name[INSTANCE_MAX];

    instance_write(name, sizeof name, drawing->layout.program, trace_of(drawing), instance);
    markup_text(drawing->stream, name);
}

/* The event as the driver said it, as a tooltip. */
static void write_title(const struct drawing *drawing, int event)
{
    char text[EVENT_MAX];

    event_write(text, sizeof text, drawing->layout.program, trace_of(drawing), event);
    fputs("<title>", drawing->stream);
    markup_text(drawing->stream, text);
    fprintf(drawing->stream, " (line %d of the trace)</title>",
            trace_of(drawing)->events[event].line);
}

/* The operation on a line of the program, without what is expected of it. */
static void write_operation(const struct drawing *drawing, int line)
{
    const char *text = drawing->test->scenario->text, *end;
    size_t size;

    while (--line > 0 && strchr(text, '\n'))
        text = strchr(text, '\n') + 1;
    text += strspn(text, " \t");
    size = strcspn(text, "#\n");
    end = memmem(text, size, "=>", 2);
    size = end ? (size_t)(end - text) : size;
    while (size > 0 && strchr(" \t\r", text[size - 1]))
        size--;
    markup_bytes(drawing->stream, text, size);
}

static void write_outcomes(const struct drawing *drawing, struct outcomes list)
{
    char text[EVENT_MAX];

    outcomes_write(text, sizeof text, drawing->layout.program, list);
    fputs(" <b>\xe2\x86\x92 ", drawing->stream);
    markup_text(drawing->stream, text);
    fputs("</b>", drawing->stream);
}

static void write_domain(const struct drawing *drawing, int domain)
{
    if (!is_unknown_domain(domain))
        fprintf(drawing->stream, " on domain %d", domain);
}

static void write_child(const struct drawing *drawing, const char *verb, int child)
{
    fprintf(drawing->stream, " <i>%s <span class=\"task t%d\">", verb, hue(child));
    write_instance(drawing, child);
    fputs("</span></i>", drawing->stream);
}

/* What an event is, behind the name of its task. */
static void write_what(const struct drawing *drawing, const struct event *event)
{
    const struct program *program = drawing->layout.program;
    FILE *stream = drawing->stream;

    if (event->operation >= 0)
        write_operation(drawing, program->operations[event->operation].line);
    switch (event->kind) {
    case EVENT_SPAWN:
        write_child(drawing, "spawns", event->child);
        return;
    case EVENT_FORCE:
    case EVENT_CALLBACK:
        write_child(drawing, "calls", event->child);
        return;
    case EVENT_OUTSIDE:
        fputs("outside the run", stream);
        return;
    case EVENT_BEGIN:
        fputs("<i>begins</i>", stream);
        write_domain(drawing, event->domain);
        return;
    case EVENT_DID:
    case EVENT_ASIDE:
        write_outcomes(drawing, event->outcomes);
        return;
    case EVENT_PRINT:
        fputs("<i>prints</i> ", stream);
        markup_text(stream, program_name(program, NAME_WORD, event->word));
        return;
    case EVENT_FINALISE:
        fputs("<i>finaliser of</i> ", stream);
        markup_text(stream, program_name(program, NAME_RESOURCE, event->resource));
        write_domain(drawing, event->domain);
        return;
    case EVENT_PORT:
        fprintf(stream, " <b>\xe2\x86\x92 port %d</b>", event->port);
        return;
    case EVENT_END:
        fputs("<i>returns</i>", stream);
        return;
    case EVENT_RUN:
        fputs("the run ends", stream);
        write_outcomes(drawing, event->outcomes);
        return;
    }
}

/* Whose column an event stands in; -1: the whole run's. */
static int task_of(const struct event *event)
{
    return event->instance >= 0  ? event->instance
           : event->creator >= 0 ? event->creator
                                 : event->child;
}

static void write_event(const struct drawing *drawing, const struct row *row)
{
    const struct event *event = &trace_of(drawing)->events[row->event];
    int line =
        event->operation >= 0 ? drawing->layout.program->operations[event->operation].line : 0;
    int task = task_of(event);
    FILE *stream = drawing->stream;

    fprintf(stream, "<li%s><span class=\"n\">%d</span> ", row->finding >= 0 ? " class=\"bad\"" : "",
            event->line);
    if (task >= 0) {
        fprintf(stream, "<span class=\"task t%d\">", hue(task));
        write_instance(drawing, task);
        fputs("</span> ", stream);
    }
    if (line > 0) {
        fputs("<a href=\"#", stream);
        timeline_line_id(stream, drawing->test, line);
        fprintf(stream, "\" title=\"line %d of the program\">L%d</a> ", line, line);
    }
    write_what(drawing, event);
    fputs("</li>\n", stream);
}

static void write_finding(const struct drawing *drawing, const struct row *row)
{
    const struct finding *finding = &drawing->test->result.verdict->findings[row->finding];
    bool expected = row->kind == ROW_EXPECTED;
    const char *text = expected ? finding->expected : finding->observed;
    FILE *stream = drawing->stream;

    fputs("<li class=\"bad note\" title=\"", stream);
    markup_text(stream, text);
    fprintf(stream, "\"><span class=\"n\">%s</span> <em>%s</em> ", expected ? "\xe2\x9c\x97" : "",
            expected ? "expected" : "observed");
    if (finding->rule && expected)
        fprintf(stream, "%s: ", finding->rule);
    markup_text(stream, text);
    fputs("</li>\n", stream);
}

static void write_gap(const struct drawing *drawing, const struct row *row)
{
    const struct event *first = &trace_of(drawing)->events[row->event];

    fprintf(drawing->stream,
            "<li class=\"gap\"><span class=\"n\">\xe2\x8b\xae</span> %d %s from line %d of the "
            "trace on %s left out</li>\n",
            row->count, row->count == 1 ? "event" : "events", first->line,
            row->count == 1 ? "is" : "are");
}

static void write_end(const struct drawing *drawing)
{
    const struct result *result = &drawing->test->result;
    FILE *stream = drawing->stream;

    fputs("<li class=\"bad note\"><span class=\"n\">\xe2\x9c\x97</span> <em>no further event",
          stream);
    if (result->left_out > 0)
        fputs(" was kept", stream);
    fputs("</em>: ", stream);
    markup_text(stream, result->reason);
    fputs("</li>\n", stream);
}

static void write_list(const struct drawing *drawing)
{
    fprintf(drawing->stream, "<ol class=\"events\" style=\"padding-top:%.3fem\">\n",
            (double)head(drawing) / TEXT);
    for (int r = 0; r < drawing->layout.row_count; r++) {
        const struct row *row = &drawing->layout.rows[r];

        if (row->kind == ROW_EVENT)
            write_event(drawing, row);
        else if (row->kind == ROW_GAP)
            write_gap(drawing, row);
        else if (row->kind == ROW_END)
            write_end(drawing);
        else
            write_finding(drawing, row);
    }
    fputs("</ol>\n", drawing->stream);
}

/* ---- Lanes and rows ---- */

static void draw_lane(const struct drawing *drawing, int lane, int height)
{
    const struct lane *which = &drawing->layout.lanes[lane];
    int left = drawing->x[lane], width = drawing->x[lane + 1] - left;
    char number[16] = "?";
    FILE *stream = drawing->stream;

    if (which->domain != LANE_UNKNOWN)
        snprintf(number, sizeof number, "%d", which->domain);
    fprintf(stream,
            "<rect class=\"lane\" x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\"/>"
            "<text class=\"head\" x=\"%d\" y=\"16\">%s%s</text>\n",
            left + 1, width - 2, height, left + width / 2, drawing->scale->domain, number);
    if (drawing->several_runs)
        fprintf(stream, "<text class=\"head\" x=\"%d\" y=\"30\">%s%s</text>\n", left + width / 2,
                which->run < 0 ? "outer" : "inner", drawing->scale == &usual ? " run" : "");
}

static void draw_row(const struct drawing *drawing, int row, int width)
{
    const struct row *which = &drawing->layout.rows[row];
    int y = y_of(drawing, row);

    if (which->kind == ROW_GAP)
        fprintf(drawing->stream,
                "<path class=\"gap\" d=\"M0 %dH%dM0 %dH%d\"/><rect class=\"torn\" x=\"0\" y=\"%d\" "
                "width=\"%d\" height=\"%d\"/>\n",
                y - 6, width, y + 6, width, y - 6, width, 12);
    else if (which->finding >= 0 || which->kind == ROW_END)
        fprintf(drawing->stream,
                "<rect class=\"bad\" x=\"0\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", y - ROW / 2,
                width, ROW);
}

/* ---- Bars ---- */

/* Draw the time in which a task's function runs, hollow from where it is known to be cancelled. */
static void draw_running(struct drawing *drawing, int instance, const struct bar *bar, int x)
{
    int from = y_of(drawing, bar->begun) - 6, width = drawing->scale->bar;
    int to = bar->ended >= 0 ? y_of(drawing, bar->ended) + 6 : y_of(drawing, bar->last);
    int stop = bar->stopped >= 0 ? y_of(drawing, bar->stopped) : to;
    FILE *stream = drawing->stream;

    fprintf(stream,
            "<rect class=\"bar\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"><title>",
            x - width / 2, from, width, to - from);
    write_instance(drawing, instance);
    fprintf(stream, "%s</title></rect>", bar->ended < 0 ? ", which does not return" : "");
    if (stop < to)
        fprintf(stream, "<rect class=\"stopped\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                x - width / 2 + 2, stop, width - 4, to - stop - (bar->ended >= 0 ? 2 : 0));
    drawing->stops |= stop < to;
}

static void draw_wait(struct drawing *drawing, int x, int from, int to)
{
    drawing->waits |= from < to;
    if (from < to)
        fprintf(drawing->stream, "<path class=\"wait\" d=\"M%d %dV%d\"/>", x, y_of(drawing, from),
                y_of(drawing, to));
}

static void draw_bar(struct drawing *drawing, int instance)
{
    const struct bar *bar = bar_of(drawing, instance);
    int x;

    if (!bar || (bar->begun < 0 && bar->spawned < 0))
        return;
    x = x_of(drawing, bar);
    fprintf(drawing->stream, "<g class=\"t%d\">", hue(instance));
    if (bar->spawned >= 0)
        draw_wait(drawing, x, bar->spawned, bar->begun >= 0 ? bar->begun : bar->last);
    if (bar->ended >= 0)
        draw_wait(drawing, x, bar->ended, bar->last);
    if (bar->begun >= 0)
        draw_running(drawing, instance, bar, x);
    fputs("</g>\n", drawing->stream);
}

/* ---- What connects two bars ---- */

/* From a parent to the column of its child. */
static void draw_spawn(struct drawing *drawing, int instance)
{
    const struct instance *which = &trace_of(drawing)->instances[instance];
    const struct bar *child = bar_of(drawing, instance), *parent;
    const struct event *spawn;
    int x, y;

    if (!child || child->spawned < 0)
        return;
    spawn = &trace_of(drawing)->events[which->spawned];
    parent = bar_of(drawing, spawn->instance >= 0 ? spawn->instance : spawn->creator);
    if (!parent || drawing->layout.rows[child->spawned].kind != ROW_EVENT)
        return;
    x = x_of(drawing, child);
    y = y_of(drawing, child->spawned);
    fprintf(drawing->stream, "<path class=\"spawn t%d\" d=\"M%d %dH%dq%d 0 %d 6\"/>\n",
            hue(instance), x_of(drawing, parent), y, x_of(drawing, parent) < x ? x - 6 : x + 6,
            x_of(drawing, parent) < x ? 6 : -6, x_of(drawing, parent) < x ? 6 : -6);
}

/* An await leads from the child to its parent, a cancellation from the parent to its child. */
static void draw_settlement(struct drawing *drawing, const struct settlement *settlement)
{
    const struct event *did = &trace_of(drawing)->events[settlement->event];
    bool cancels = drawing->layout.program->operations[did->operation].kind == OP_CANCEL;
    const struct bar *child = bar_of(drawing, settlement->child),
                     *parent = bar_of(drawing, did->instance), *to;
    int from, until, y = y_of(drawing, settlement->row);

    if (!child || !parent)
        return;
    to = cancels ? child : parent;
    from = x_of(drawing, cancels ? parent : child);
    until = x_of(drawing, to) + (x_of(drawing, to) < from ? 7 : -7);
    fprintf(drawing->stream, "<path class=\"%s t%d\" d=\"M%d %dH%dm%d -4L%d %dl%d 4\"/>\n",
            cancels ? "cancel" : "await", hue(settlement->child), from, y, until,
            until < from ? 5 : -5, until, y, until < from ? 5 : -5);
    *(cancels ? &drawing->cancels : &drawing->awaits) = true;
}

/* ---- Marks ---- */

static void write_mark(FILE *stream, enum event_kind kind, bool cancels, int x, int y)
{
    if (cancels)
        fprintf(stream, "<path class=\"cross\" d=\"M%d %dl8 8m0 -8l-8 8\"/>", x - 4, y - 4);
    else if (kind == EVENT_FINALISE)
        fprintf(stream, "<path class=\"mark final\" d=\"M%d %dl6 6l-6 6l-6 -6z\"/>", x, y - 6);
    else if (kind == EVENT_PRINT)
        fprintf(stream, "<rect class=\"mark\" x=\"%d\" y=\"%d\" width=\"6\" height=\"6\"/>", x - 3,
                y - 3);
    else if (kind == EVENT_SPAWN || kind == EVENT_FORCE || kind == EVENT_CALLBACK)
        fprintf(stream, "<circle class=\"mark open\" cx=\"%d\" cy=\"%d\" r=\"4\"/>", x, y);
    else if (kind == EVENT_DID || kind == EVENT_PORT || kind == EVENT_ASIDE)
        fprintf(stream, "<circle class=\"mark\" cx=\"%d\" cy=\"%d\" r=\"2.5\"/>", x, y);
}

static void draw_event(struct drawing *drawing, int row)
{
    const struct row *which = &drawing->layout.rows[row];
    const struct event *event = &trace_of(drawing)->events[which->event];
    const struct bar *bar = bar_of(drawing, task_of(event));
    bool cancels = event->kind == EVENT_DID &&
                   drawing->layout.program->operations[event->operation].kind == OP_CANCEL;
    int x = bar ? x_of(drawing, bar) : 0, y = y_of(drawing, row), right;
    FILE *stream = drawing->stream;

    right = drawing->x[drawing->layout.lane_count];
    drawing->uses[event->kind] = true;
    fprintf(stream, "<g%s>", which->finding >= 0 ? " class=\"deviates\"" : "");
    write_title(drawing, which->event);
    if (event->kind == EVENT_RUN)
        fprintf(stream, "<path class=\"run\" d=\"M4 %dH%dM4 %dH%d\"/>", y - 2, right - 4, y + 2,
                right - 4);
    else if (bar) {
        fprintf(stream, "<path class=\"guide\" d=\"M%d %dH%d\"/>", x + 8, y, right);
        if (which->finding >= 0)
            fprintf(stream, "<circle class=\"ring\" cx=\"%d\" cy=\"%d\" r=\"9\"/>", x, y);
        write_mark(stream, event->kind, cancels, x, y);
    }
    fputs("</g>\n", stream);
    drawing->cancels |= cancels;
    drawing->rings |= bar && which->finding >= 0 && event->kind != EVENT_RUN;
}

static void draw(struct drawing *drawing)
{
    const struct layout *layout = &drawing->layout;
    int width = drawing->x[layout->lane_count];
    int height = head(drawing) + layout->row_count * ROW;
    FILE *stream = drawing->stream;

    fprintf(stream,
            "<svg viewBox=\"0 0 %d %d\" style=\"width:%.3fem;height:%.3fem\" role=\"img\" "
            "aria-label=\"Bars of %d tasks on %d lanes; the list says the same.\">\n",
            width, height, (double)width / TEXT, (double)height / TEXT,
            trace_of(drawing)->instance_count, layout->lane_count);
    for (int i = 0; i < layout->lane_count; i++)
        draw_lane(drawing, i, height);
    for (int r = 0; r < layout->row_count; r++)
        if (layout->rows[r].kind != ROW_GAP)
            draw_row(drawing, r, width);
    for (int i = 0; i < trace_of(drawing)->instance_count; i++)
        draw_spawn(drawing, i);
    for (int i = 0; i < trace_of(drawing)->instance_count; i++)
        draw_bar(drawing, i);
    for (int i = 0; i < layout->settlement_count; i++)
        draw_settlement(drawing, &layout->settlements[i]);
    for (int r = 0; r < layout->row_count; r++)
        if (layout->rows[r].kind == ROW_EVENT)
            draw_event(drawing, r);
        else if (layout->rows[r].kind == ROW_GAP)
            draw_row(drawing, r, width);
    fputs("</svg>\n", stream);
}

/* ---- The figure ---- */

static void write_sign(const struct drawing *drawing, bool used, const char *shapes,
                       const char *meaning)
{
    if (used)
        fprintf(drawing->stream,
                "<li><svg viewBox=\"0 0 24 16\" aria-hidden=\"true\" class=\"t0\">%s</svg> "
                "%s</li>\n",
                shapes, meaning);
}

/* What the signs mean that are in the drawing. */
static void write_legend(const struct drawing *drawing)
{
    const bool *uses = drawing->uses;

    fputs("<ul class=\"legend\">\n", drawing->stream);
    write_sign(drawing, true,
               "<rect class=\"bar\" x=\"7\" y=\"1\" width=\"10\" height=\"14\" rx=\"3\"/>",
               "a task, while its function runs");
    write_sign(drawing, drawing->stops,
               "<rect class=\"bar\" x=\"7\" y=\"1\" width=\"10\" height=\"14\" rx=\"3\"/>"
               "<rect class=\"stopped\" x=\"9\" y=\"5\" width=\"6\" height=\"8\"/>",
               "it is cancelled, and knows it");
    write_sign(drawing, uses[EVENT_SPAWN] || uses[EVENT_FORCE] || uses[EVENT_CALLBACK],
               "<path class=\"spawn\" d=\"M5 5H14q6 0 6 6\"/>"
               "<circle class=\"mark open\" cx=\"5\" cy=\"5\" r=\"4\"/>",
               "spawn");
    write_sign(drawing, drawing->waits, "<path class=\"wait\" d=\"M12 1V15\"/>",
               "not begun yet, or returned and not settled");
    write_sign(drawing, drawing->awaits, "<path class=\"await\" d=\"M21 8H3m5 -4L3 8l5 4\"/>",
               "await");
    write_sign(drawing, drawing->cancels, "<path class=\"cross\" d=\"M8 4l8 8m0 -8l-8 8\"/>",
               "cancellation");
    write_sign(drawing, uses[EVENT_FINALISE],
               "<path class=\"mark final\" d=\"M12 2l6 6l-6 6l-6 -6z\"/>",
               "finaliser, beside the task that created the resource");
    write_sign(drawing, uses[EVENT_PRINT],
               "<rect class=\"mark\" x=\"9\" y=\"5\" width=\"6\" height=\"6\"/>", "print");
    write_sign(drawing, uses[EVENT_DID], "<circle class=\"mark\" cx=\"12\" cy=\"8\" r=\"2.5\"/>",
               "another operation has returned");
    write_sign(drawing, drawing->rings,
               "<g class=\"deviates\"><circle class=\"ring\" cx=\"12\" cy=\"8\" r=\"7\"/></g>",
               "what deviates");
    fputs("</ul>\n", drawing->stream);
}

static void write_caption(const struct drawing *drawing)
{
    const struct layout *layout = &drawing->layout;
    FILE *stream = drawing->stream;

    fprintf(stream,
            "<figcaption>Timeline: %d events, in their order from top to bottom; the "
            "distances are not times.",
            trace_of(drawing)->event_count);
    if (drawing->test->result.left_out > 0)
        fprintf(stream, " The driver said %zu bytes more, which were not kept.",
                drawing->test->result.left_out);
    if (layout->without > 0)
        fprintf(stream, " %d %s no bar, for want of room.", layout->without,
                layout->without == 1 ? "task has" : "tasks have");
    fputs("</figcaption>\n", stream);
}

static void write_figure(struct drawing *drawing)
{
    FILE *stream = drawing->stream;

    place_lanes(drawing, &usual);
    if (drawing->x[drawing->layout.lane_count] > WIDE)
        place_lanes(drawing, &narrow);
    fprintf(stream, "<figure class=\"timeline%s\">\n", drawing->scale == &narrow ? " wide" : "");
    write_caption(drawing);
    fputs("<div class=\"scroll\" role=\"region\" aria-label=\"Timeline\" tabindex=\"0\">\n"
          "<div class=\"drawing\">\n",
          stream);
    draw(drawing);
    write_list(drawing);
    fputs("</div>\n</div>\n", stream);
    write_legend(drawing);
    fputs("</figure>\n", stream);
}

void timeline_write(FILE *stream, const struct test *test)
{
    const struct result *result = &test->result;
    struct drawing drawing = {.stream = stream, .test = test};
    struct trace *trace = events_read(test);

    if (!trace)
        return;
    if (trace->event_count > 0) {
        layout_create(&drawing.layout, test->scenario->program, trace, result);
        write_figure(&drawing);
        layout_free(&drawing.layout);
    }
    trace_free(trace);
}

void timeline_line_id(FILE *stream, const struct test *test, int line)
{
    markup_name(stream, test->id);
    fprintf(stream, "-L%d", line);
}
