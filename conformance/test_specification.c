/* Tests of the page that is made of the specification: what stands on it, that its links lead
 * somewhere, and bad input. */
#include "test_place.h"

static struct process page; /* the last one that was made; its output is the page */

static const char chapter[] =
    "# A chapter\n\nSee [the overview](0-overview.md#words), R7.1 and "
    "R7.9.\n\n"
    "### R7.1 A < B  {MUST}\n\n`miou_yield` returns; R7.1 and R7.2 say "
    "so.\n\nWhy: it must.\n\nSource: here.\n\nOne & all:\n\n"
    "```scenario one\ntask main\n    yield => ok | stopped\n"
    "expect run ok\n```\n\n"
    "### R7.2 Another  {MAY}\n\nIt holds.\n\nWhy: it can.\n\nSource: there.\n";
static const char more[] =
    "# More\n\nAbout this.\n\n### R7.1\n\nTwo:\n\n```scenario two\ntask main\n"
    "expect run ok\n```\n";

static void make_directory(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", place, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state)
{
    if (place_set_up(state) != 0)
        return -1;
    make_directory("spec");
    make_directory("spec/more");
    write_file("spec/0-overview.md",
               "# Overview\n\n## Words\n\n| a | b |\n| --- | --- |\n| `x \\| y` | "
               "R7.1 |\n");
    write_file("spec/7-a.md", chapter);
    write_file("spec/more/7-a.md", more);
    write_file("spec/miou.h", "/* Yield [R7.1]. */\nint miou_yield(void);\n");
    return 0;
}

static int tear_down(void **state)
{
    process_free(&page);
    page = (struct process){.output = NULL};
    return place_tear_down(state);
}

/* Make a page of the specification in a directory; returns the exit status. */
static int render(const char *directory, const char *options)
{
    char command[3 * PATH_MAX];

    process_free(&page);
    snprintf(command, sizeof command, "%s --spec %s %s %s/page && cat %s/page",
             built("specification"), directory, options, place, place);
    shell(&page, "", 0, command);
    assert_int_equal(page.end, PROCESS_EXITED);
    return page.status;
}

static int render_own(const char *options)
{
    char directory[PATH_MAX];

    snprintf(directory, sizeof directory, "%s/spec", place);
    return render(directory, options);
}

static int render_with_report(const char *report)
{
    char option[PATH_MAX + 16];

    write_file("report", report);
    snprintf(option, sizeof option, "--report %s/report", place);
    return render_own(option);
}

static void shows_rules_scenarios_and_headers(void **state)
{
    (void)state;
    assert_int_equal(render_own(""), 0);
    assert_true(contains(page.output, "<section class=\"rule\" id=\"R7.1\">"));
    assert_true(contains(page.output, "A &lt; B <span class=\"level MUST\">MUST</span></h3>"));
    assert_true(contains(page.output, "<a href=\"#miou_yield\">miou_yield</a></code> returns; R7.1 "
                                      "and <a href=\"#R7.2\">R7.2</a> say so."));
    assert_true(contains(page.output, "<p class=\"why\">Why: it must.</p>"));
    assert_true(contains(page.output, "<p class=\"source\">Source: here.</p>"));
    assert_true(contains(page.output, "<p>One &amp; all:</p>\n<figure><figcaption>one</figcaption>"
                                      "<pre><code>task main\n    yield =&gt; ok | stopped\n"));
    assert_true(
        contains(page.output, "<details><summary>1 further scenario</summary>\n<p>Two:</p>"));
    assert_true(contains(page.output, "<a href=\"#words\">the overview</a>"));
    assert_true(contains(
        page.output,
        "<h2 id=\"words\">Words</h2>\n<div class=\"table\"><table>\n<tr><th>a</th><th>b</th>"));
    assert_true(
        contains(page.output, "<td><code>x | y</code></td><td><a href=\"#R7.1\">R7.1</a></td>"));
    assert_true(
        contains(page.output, "[<a href=\"#R7.1\">R7.1</a>]. */\nint <b id=\"miou_yield\">"));
    assert_null(strstr(page.output, "href=\"#R7.9\""));
    assert_null(strstr(page.output, "class=\"verdict"));
    assert_null(strstr(page.output, "<script"));
}

static void shows_the_verdicts_of_a_report(void **state)
{
    (void)state;
    assert_int_equal(render_with_report("1..4\nok 1 - R7.1/one\nnot ok 2 - R7.1/two\n# words\n"
                                        "ok 3 - R7.1/c # SKIP not implemented: why\n"
                                        "ok 4 - R7.2 # SKIP untested: why\n"),
                     0);
    assert_true(contains(page.output, "<span class=\"verdict fail\">fail 1/2</span>"));
    assert_true(contains(page.output, "<span class=\"verdict none\">not tested</span>"));
    assert_int_equal(render_with_report("1..2\nok 1 - R7.1/one\n"
                                        "ok 2 - R7.1/two # SKIP differs: on purpose\n"),
                     0);
    assert_true(contains(page.output, "<span class=\"verdict differs\">differs 1/2</span>"));
    assert_int_equal(render_with_report("1..2\nok 1 - R7.1/one\nok 2 - R7.1/two\n"), 0);
    assert_true(contains(page.output, "<span class=\"verdict pass\">pass 2/2</span>"));
}

static const char json_report[] =
    "{\"report\": \"conformance\", \"version\": 1, \"tests\": ["
    "{\"id\": \"R7.1/one\", \"rule\": \"R7.1\", \"verdict\": \"pass\"},"
    "{\"id\": \"R7.1/two\", \"rule\": \"R7.1\", \"verdict\": \"hang\"},"
    "{\"id\": \"R7.1/c\", \"rule\": \"R7.1\", \"verdict\": \"not implemented\"},"
    "{\"id\": \"R7.2/one\", \"rule\": \"R7.2\", \"verdict\": \"differs\"}]}";

static void shows_the_verdicts_of_a_document(void **state)
{
    (void)state;
    assert_int_equal(render_with_report(json_report), 0);
    assert_true(contains(page.output, "<span class=\"verdict fail\">fail 1/2</span>"));
    assert_true(contains(page.output, "<span class=\"verdict differs\">differs"));
}

/* Every link within the page leads to a place of it, in the true specification too. */
static void links_lead_somewhere(void **state)
{
    static const char link[] = "href=\"#";
    const char *at;

    (void)state;
    assert_int_equal(render("spec", ""), 0);
    for (at = page.output; (at = strstr(at, link)) != NULL; at += sizeof link) {
        char id[128];
        size_t size = strcspn(at + sizeof link - 1, "\"");

        snprintf(id, sizeof id, " id=\"%.*s\"", (int)size, at + sizeof link - 1);
        if (strstr(page.output, id) == NULL)
            fail_msg("nothing has the id of the link %.*s", (int)size, at + sizeof link - 1);
    }
}

static void tells_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(render_with_report("nonsense\n"), 2);
    assert_true(contains(page.errors, "neither JSON of conform nor TAP"));
    assert_int_equal(render_with_report("{\"report\": \"mutants\", \"version\": 1}"), 2);
    assert_true(contains(page.errors, "/report: a report of mutants, not of conformance"));
    assert_int_equal(render_with_report("{\"report\": \"conformance\", \"version\": 2}"), 2);
    assert_true(contains(page.errors, "/report: version 2 of the format; version 1 is known"));
    assert_int_equal(render_with_report("{\"report\": \"conformance\", \"vers"), 2);
    assert_true(contains(page.errors, "/report:1: "));
    assert_int_equal(render_with_report("{\"report\": \"conformance\", \"version\": 1, \"tests\": "
                                        "[{\"rule\": \"R8.1\", \"verdict\": \"pass\"}]}"),
                     2);
    assert_true(contains(page.errors, "a test of no rule here: R8.1"));
    assert_int_equal(render_with_report("{\"report\": \"conformance\", \"version\": 1, \"tests\": "
                                        "[7]}"),
                     2);
    assert_true(contains(page.errors, "/report: a test without its rule or its verdict"));
    assert_int_equal(render_with_report("1..3\nok 1 - R7.1/one\n"), 2);
    assert_true(contains(page.errors, "cut off: 1 of its 3 tests are there"));
    assert_int_equal(render_with_report("1..1\nok 1 - R8.1/one\n"), 2);
    assert_true(contains(page.errors, "a test of no rule here: ok 1 - R8.1/one"));
    assert_int_equal(render_own("--report /nowhere"), 2);
    assert_true(contains(page.errors, "/nowhere: No such file or directory"));
    assert_int_equal(render("/nowhere", ""), 2);
    assert_true(contains(page.errors, "/nowhere:0: No such file or directory"));
    assert_int_equal(render_own("--colour"), 2);
    assert_true(contains(page.errors, "usage: "));
    assert_int_equal(render_own("/nowhere/page"), 2);
    assert_true(contains(page.errors, "usage: "));
    write_file("spec/more/8-b.md", more);
    assert_int_equal(render_own(""), 2);
    assert_true(contains(page.errors, "more/8-b.md:0: there is no chapter 8-b.md"));
}

int main(void)
{
#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        IN_PLACE(shows_rules_scenarios_and_headers),
        IN_PLACE(shows_the_verdicts_of_a_report),
        IN_PLACE(shows_the_verdicts_of_a_document),
        IN_PLACE(links_lead_somewhere),
        IN_PLACE(tells_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
