/* Checks of chapter 9, synchronisation: triggers, computations and actions. */
#include "disturbed.h"
#include "sync.h"

#include <errno.h>

enum { WORDS = 64, CHAIN = 10000 };

/* ---- R9.22, R9.23: states */

static int await_trigger(void *arg)
{
    return miou_trigger_await(arg);
}

static void do_nothing(miou_trigger *trigger, void *arg)
{
    (void)trigger;
    (void)arg;
}

static int look_at_states(void *arg)
{
    miou_promise *promise;
    miou_trigger *trigger;
    int domain;

    (void)arg;
    for (domain = 0; domain <= DOMAINS; domain++) {
        TRY(miou_trigger_create(&trigger));
        EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_INITIAL);
        TRY(spawn_on(domain, &promise, await_trigger, trigger));
        while (miou_trigger_state(trigger) == MIOU_TRIGGER_INITIAL)
            TRY(miou_yield());
        EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_AWAITED);
        EXPECT(miou_trigger_on_signal(trigger, do_nothing, NULL), -EBUSY);
        TRY(miou_cancel(promise));
        EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_INITIAL);
        EXPECT(miou_trigger_on_signal(trigger, do_nothing, NULL), 0);
        EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_AWAITED);
        EXPECT(miou_trigger_await(trigger), -EBUSY);
        EXPECT(miou_trigger_on_signal(trigger, do_nothing, NULL), -EBUSY);
        EXPECT(miou_trigger_signal(trigger), 0);
        EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_SIGNALLED);
        EXPECT(miou_trigger_signal(trigger), 0);
        EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_SIGNALLED);
        EXPECT(miou_trigger_free(trigger), 0);
    }
    return 0;
}

CHECK("R9.22 R9.23", states_of_a_trigger)
{
    expect_code(run_with(DOMAINS, look_at_states, NULL), 0);
}

static int look_at_an_attached_one(void *arg)
{
    miou_computation *computation;
    miou_trigger *trigger;

    (void)arg;
    TRY(miou_computation_create(&computation));
    TRY(miou_trigger_create(&trigger));
    EXPECT(miou_computation_attach(computation, trigger), 0);
    EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_INITIAL);
    EXPECT(miou_computation_complete(computation, 1), 0);
    EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_SIGNALLED);
    return 0;
}

CHECK("R9.22", an_attached_trigger_is_not_awaited)
{
    expect_code(run_with(0, look_at_an_attached_one, NULL), 0);
}

/* ---- R9.24: actions */

struct note {
    miou_trigger *trigger; /* expected */
    atomic_int calls;
    int wrong, domain;
    miou_resource *mine; /* owned by the task that signals */
};

static void take_note(miou_trigger *trigger, void *arg)
{
    struct note *note = arg;

    atomic_fetch_add(&note->calls, 1);
    note->wrong += trigger != note->trigger;
    note->wrong += miou_trigger_state(trigger) != MIOU_TRIGGER_SIGNALLED;
    note->wrong += miou_check(note->mine) != 0;
    note->domain = miou_domain_self();
}

static void finalise_nothing(void *value)
{
    (void)value;
}

static int own_a_resource(struct note *note)
{
    TRY(miou_resource_create(&note->mine, finalise_nothing, NULL));
    return miou_own(note->mine);
}

static int signal_noted(void *arg)
{
    struct note *note = arg;

    TRY(own_a_resource(note));
    EXPECT(miou_trigger_on_signal(note->trigger, take_note, note), -EBUSY);
    EXPECT(miou_trigger_signal(note->trigger), 0);
    EXPECT(note->calls, 1);
    EXPECT(note->domain, miou_domain_self());
    EXPECT(miou_trigger_signal(note->trigger), 0);
    EXPECT(note->calls, 1);
    return miou_disown(note->mine);
}

static int complete_noted(void *arg)
{
    struct note *note = arg;
    miou_computation *computation;

    TRY(own_a_resource(note));
    TRY(miou_computation_create(&computation));
    EXPECT(miou_computation_attach(computation, note->trigger), 0);
    EXPECT(miou_computation_complete(computation, 1), 0);
    EXPECT(note->calls, 1);
    EXPECT(note->domain, miou_domain_self());
    return miou_disown(note->mine);
}

static int detach_noted(void *arg)
{
    struct note *note = arg;
    miou_computation *computation;

    TRY(own_a_resource(note));
    TRY(miou_computation_create(&computation));
    EXPECT(miou_computation_attach(computation, note->trigger), 0);
    EXPECT(miou_computation_detach(computation, note->trigger), 0);
    EXPECT(note->calls, 1);
    EXPECT(miou_computation_complete(computation, 1), 0);
    EXPECT(note->calls, 1);
    return miou_disown(note->mine);
}

static int signal_in_all_ways(void *arg)
{
    miou_task *const ways[] = {signal_noted, complete_noted, detach_noted};
    struct note *note = arg;
    int domain, way;

    for (domain = 0; domain <= DOMAINS; domain++)
        for (way = 0; way < 3; way++) {
            note->calls = 0;
            TRY(miou_trigger_create(&note->trigger));
            EXPECT(miou_trigger_on_signal(note->trigger, take_note, note), 0);
            EXPECT(run_on(domain, ways[way], note), 0);
            EXPECT(miou_trigger_on_signal(note->trigger, take_note, note), -EALREADY);
            EXPECT(miou_trigger_free(note->trigger), 0);
            EXPECT(note->calls, 1);
        }
    return 0;
}

CHECK("R9.24", called_by_the_task_that_signals)
{
    struct note note = {0};

    expect_code(run_with(DOMAINS, signal_in_all_ways, &note), 0);
    expect_number(note.wrong, 0);
}

/* What is refused changes nothing: the first action is the one that is called. */
static int refuse_a_second(void *arg)
{
    struct note *note = arg, second = {0};

    TRY(own_a_resource(note));
    TRY(miou_trigger_create(&note->trigger));
    EXPECT(miou_trigger_on_signal(note->trigger, take_note, note), 0);
    EXPECT(miou_trigger_on_signal(note->trigger, take_note, &second), -EBUSY);
    EXPECT(miou_trigger_await(note->trigger), -EBUSY);
    EXPECT(miou_trigger_signal(note->trigger), 0);
    EXPECT(note->calls, 1);
    EXPECT(second.calls, 0);
    return miou_disown(note->mine);
}

CHECK("R9.23 R9.24", a_second_action_does_not_take_the_place_of_the_first)
{
    struct note note = {0};

    expect_code(run_with(0, refuse_a_second, &note), 0);
    expect_number(note.wrong, 0);
}

static int signal_in_vain(void *arg)
{
    struct note *note = arg;
    miou_computation *computation;

    TRY(miou_computation_create(&computation));
    TRY(miou_trigger_create(&note->trigger));
    EXPECT(miou_trigger_signal(note->trigger), 0);
    EXPECT(miou_trigger_on_signal(note->trigger, take_note, note), -EALREADY);
    EXPECT(miou_trigger_signal(note->trigger), 0);
    TRY(miou_trigger_create(&note->trigger));
    EXPECT(miou_trigger_on_signal(note->trigger, take_note, note), 0);
    EXPECT(miou_computation_attach(computation, note->trigger), 0);
    EXPECT(miou_trigger_free(note->trigger), 0);
    EXPECT(miou_computation_complete(computation, 1), 0);
    EXPECT(note->calls, 0);
    return 0;
}

CHECK("R9.24", not_called_when_signalled_or_freed_before)
{
    struct note note = {0};

    expect_code(run_with(0, signal_in_vain, &note), 0);
}

static void count_call(miou_trigger *trigger, void *arg)
{
    (void)trigger;
    atomic_fetch_add((atomic_int *)arg, 1);
}

static int signal_some(void *arg)
{
    miou_trigger *const *triggers = arg;
    int i;

    for (i = 0; i < ROUNDS; i++)
        EXPECT(miou_trigger_signal(triggers[i]), 0);
    return 0;
}

static int signal_from_everywhere(void *arg)
{
    miou_trigger *triggers[ROUNDS];
    int i;

    for (i = 0; i < ROUNDS; i++) {
        TRY(miou_trigger_create(&triggers[i]));
        EXPECT(miou_trigger_on_signal(triggers[i], count_call, arg), 0);
    }
    return spread(DOMAINS + 1, signal_some, triggers);
}

CHECK("R9.24", signalled_by_all_domains_at_once)
{
    atomic_int calls = 0;

    expect_code(run_with(DOMAINS, signal_from_everywhere, &calls), 0);
    expect_number(calls, ROUNDS);
}

/* An action that does to other objects whatever it may, and frees its own. */
static void complete_and_free(miou_trigger *trigger, void *arg)
{
    miou_computation_complete(arg, 3);
    miou_trigger_free(trigger);
}

static int chain_of_actions(void *arg)
{
    miou_computation *first, *second;
    miou_trigger *trigger;
    int outcome;

    (void)arg;
    TRY(miou_computation_create(&first));
    TRY(miou_computation_create(&second));
    TRY(miou_trigger_create(&trigger));
    TRY(miou_computation_attach(first, trigger));
    TRY(miou_trigger_on_signal(trigger, complete_and_free, second));
    TRY(miou_computation_complete(first, 1));
    EXPECT(miou_computation_peek(second, &outcome), 1);
    EXPECT(outcome, 3);
    EXPECT(miou_trigger_state(trigger), -EINVAL);
    EXPECT(miou_computation_free(first), 0);
    EXPECT(miou_computation_free(second), 0);
    return 0;
}

CHECK("R9.24", an_action_completes_and_frees)
{
    expect_code(run_with(0, chain_of_actions, NULL), 0);
}

/* Two triggers of one computation. The action of the one that is signalled first frees the other.
 */
struct rivals {
    miou_trigger *triggers[2];
    int calls, freed;
};

static void free_the_other(miou_trigger *trigger, void *arg)
{
    struct rivals *t = arg;

    t->calls++;
    NOTE(t->freed, miou_trigger_free(t->triggers[trigger == t->triggers[0]]));
}

static int complete_for_rivals(void *arg)
{
    struct rivals *t = arg;
    miou_computation *computation;
    int i;

    TRY(miou_computation_create(&computation));
    for (i = 0; i < 2; i++) {
        TRY(miou_trigger_create(&t->triggers[i]));
        TRY(miou_trigger_on_signal(t->triggers[i], free_the_other, t));
        TRY(miou_computation_attach(computation, t->triggers[i]));
    }
    return miou_computation_complete(computation, 1);
}

CHECK("R9.24", an_action_is_not_called_once_its_trigger_is_freed)
{
    struct rivals t = {.freed = 1};

    expect_code(run_with(0, complete_for_rivals, &t), 0);
    expect_number(t.calls, 1);
    expect_noted(t.freed, 0);
}

/* An action that tries to free the computation that is being completed, or another one. */
struct freeing {
    miou_computation *computation;
    int freed;
};

static void free_computation(miou_trigger *trigger, void *arg)
{
    struct freeing *t = arg;

    (void)trigger;
    NOTE(t->freed, miou_computation_free(t->computation));
}

static int attach_freeing(miou_computation *computation, struct freeing *freeing)
{
    miou_trigger *trigger;

    TRY(miou_trigger_create(&trigger));
    TRY(miou_trigger_on_signal(trigger, free_computation, freeing));
    return miou_computation_attach(computation, trigger);
}

/* Twice, so that the second action would find what the first one has freed. */
static int free_while_completing(void *arg)
{
    struct freeing first = {NULL, 1}, second;
    miou_computation *computation;
    int outcome;

    (void)arg;
    TRY(miou_computation_create(&computation));
    first.computation = computation;
    second = first;
    TRY(attach_freeing(computation, &first));
    TRY(attach_freeing(computation, &second));
    EXPECT(miou_computation_complete(computation, 5), 0);
    EXPECT(first.freed, -EBUSY);
    EXPECT(second.freed, -EBUSY);
    EXPECT(miou_computation_peek(computation, &outcome), 1);
    EXPECT(outcome, 5);
    return miou_computation_free(computation);
}

static int free_another(void *arg)
{
    struct freeing freeing = {NULL, 1};
    miou_computation *computation;

    (void)arg;
    TRY(miou_computation_create(&computation));
    TRY(miou_computation_create(&freeing.computation));
    TRY(attach_freeing(computation, &freeing));
    EXPECT(miou_computation_complete(computation, 1), 0);
    EXPECT(freeing.freed, 0);
    return miou_computation_free(computation);
}

CHECK("R9.10", not_freed_while_it_is_completed)
{
    expect_code(run_with(0, free_while_completing, NULL), 0);
    expect_code(run_with(0, free_another, NULL), 0);
}

/* ---- R9.25, R9.31 */

/* Plain memory on purpose: only the computation or the trigger guards it. */
struct letter {
    miou_computation *computation;
    miou_trigger *trigger;
    int round, words[WORDS];
};

static int letter_create(struct letter *letter)
{
    TRY(miou_computation_create(&letter->computation));
    return miou_trigger_create(&letter->trigger);
}

static int letter_free(struct letter *letter)
{
    EXPECT(miou_computation_free(letter->computation), 0);
    return miou_trigger_free(letter->trigger);
}

static int write_letter(void *arg)
{
    struct letter *letter = arg;
    int i;

    for (i = 0; i < WORDS; i++)
        letter->words[i] = letter->round + i;
    dawdle(letter->round);
    if (letter->round % 2)
        return miou_computation_complete(letter->computation, letter->round);
    return miou_trigger_signal(letter->trigger);
}

static int read_letter(struct letter *letter)
{
    int outcome = letter->round, i;

    if (letter->round % 4 == 3)
        while (miou_computation_peek(letter->computation, &outcome) == 0)
            TRY(miou_yield());
    else if (letter->round % 4 == 1)
        TRY(miou_computation_await(letter->computation, &outcome));
    else if (letter->round % 4 == 2)
        while (miou_trigger_state(letter->trigger) != MIOU_TRIGGER_SIGNALLED)
            TRY(miou_yield());
    else
        TRY(miou_trigger_await(letter->trigger));
    EXPECT(outcome, letter->round);
    for (i = 0; i < WORDS; i++)
        EXPECT(letter->words[i], letter->round + i);
    return 0;
}

static int exchange_letters(void *arg)
{
    struct letter *letter = arg;
    miou_promise *promise;

    for (letter->round = 0; letter->round < ROUNDS; letter->round++) {
        TRY(letter_create(letter));
        TRY(spawn_on(1 + letter->round / 4 % DOMAINS, &promise, write_letter, letter));
        EXPECT(read_letter(letter), 0);
        EXPECT(await_and_free(promise), 0);
        EXPECT(letter_free(letter), 0);
    }
    return 0;
}

CHECK("R9.31", letters_between_domains)
{
    struct letter letter;

    expect_code(run_with(DOMAINS, exchange_letters, &letter), 0);
}

static int complete_some(void *arg)
{
    miou_computation *const *computations = arg;
    int first = 0, i;

    for (i = 0; i < ROUNDS; i++) {
        int error = miou_computation_complete(computations[i], i);

        if (error != 0 && error != -EALREADY)
            return error;
        first += error == 0;
    }
    return first;
}

static int complete_from_everywhere(void *arg)
{
    miou_computation *computations[ROUNDS];
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        TRY(miou_computation_create(&computations[i]));
    return spread(DOMAINS + 1, complete_some, computations);
}

CHECK("R9.25", completed_by_all_domains_at_once)
{
    expect_code(run_with(DOMAINS, complete_from_everywhere, NULL), ROUNDS);
}

/* ---- R9.25, R9.26: outcomes that nobody wants, and none */

static int await_for_nothing(void *arg)
{
    return miou_computation_await(arg, NULL);
}

static int ask_for_nothing(void *arg)
{
    miou_computation *computation;
    miou_promise *promise;
    int outcome = 77;

    (void)arg;
    TRY(miou_computation_create(&computation));
    TRY(miou_async(&promise, NULL, await_for_nothing, computation));
    TRY(let_others_run());
    EXPECT(miou_computation_peek(computation, &outcome), 0);
    EXPECT(outcome, 77);
    EXPECT(miou_computation_complete(computation, BOOM), 0);
    EXPECT(miou_computation_await(computation, NULL), 0);
    EXPECT(await_and_free(promise), 0);
    return 0;
}

CHECK("R9.25 R9.26", without_a_place_for_the_outcome)
{
    expect_code(run_with(0, ask_for_nothing, NULL), 0);
}

/* ---- R9.26: a task is cancelled just as the computation is completed */

static int await_letter(void *arg)
{
    struct letter *letter = arg;
    int outcome = 0;

    TRY(miou_computation_await(letter->computation, &outcome));
    return outcome;
}

static int cancel_those_that_await(void *arg)
{
    struct letter *letter = arg;
    miou_promise *first, *second;

    for (letter->round = 1; letter->round < ROUNDS; letter->round += 2) {
        TRY(letter_create(letter));
        TRY(spawn_on(letter->round % (DOMAINS + 1), &first, await_letter, letter));
        TRY(spawn_on(letter->round / 3 % (DOMAINS + 1), &second, await_letter, letter));
        TRY(miou_yield());
        dawdle(letter->round);
        TRY(write_letter(letter));
        TRY(miou_cancel(first));
        EXPECT(await_and_free(second), letter->round);
        EXPECT(letter_free(letter), 0);
        TRY(miou_promise_free(first));
    }
    return 0;
}

CHECK("R9.26", cancelled_as_it_is_completed)
{
    struct letter letter;

    expect_code(run_with(DOMAINS, cancel_those_that_await, &letter), 0);
}

/* ---- R9.27: attached, detached, freed and signalled by several domains */

static int shuffle(void *arg)
{
    miou_computation *const *computations = arg;
    miou_trigger *trigger;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        int attached, completed;

        TRY(miou_trigger_create(&trigger));
        attached = miou_computation_attach(computations[i], trigger);
        if (attached != 0 && attached != -EALREADY)
            return __LINE__;
        if (attached == 0 && i % 3 == 0 && miou_computation_detach(computations[i], trigger) == 0)
            EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_SIGNALLED);
        completed = i % 2 ? miou_computation_complete(computations[i], i) : -EALREADY;
        if (completed != 0 && completed != -EALREADY)
            return __LINE__;
        if (completed == 0 && attached == 0)
            EXPECT(miou_trigger_state(trigger), MIOU_TRIGGER_SIGNALLED);
        EXPECT(miou_trigger_free(trigger), 0);
    }
    return 0;
}

static int shuffle_everywhere(void *arg)
{
    miou_computation *computations[ROUNDS];
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        TRY(miou_computation_create(&computations[i]));
    EXPECT(spread(2 * (DOMAINS + 1), shuffle, computations), 0);
    for (i = 0; i < ROUNDS; i++) {
        EXPECT(miou_computation_peek(computations[i], NULL), i % 2);
        EXPECT(miou_computation_free(computations[i]), 0);
    }
    return 0;
}

CHECK("R9.27", attached_and_detached_everywhere)
{
    expect_code(run_with(DOMAINS, shuffle_everywhere, NULL), 0);
}

/* ---- R9.28: cancellers */

/* Attach a canceller and complete the first computation with an outcome; *into gets the outcome of
 * the other one, 77 if it has none. */
static int hand_on(int outcome, int *into)
{
    miou_computation *from, *to;
    miou_trigger *canceller;
    int complete;

    *into = 77;
    TRY(miou_computation_create(&from));
    TRY(miou_computation_create(&to));
    TRY(miou_computation_canceller(&canceller, from, to));
    EXPECT(miou_trigger_state(canceller), MIOU_TRIGGER_AWAITED);
    EXPECT(miou_trigger_await(canceller), -EBUSY);
    EXPECT(miou_computation_attach(from, canceller), 0);
    EXPECT(miou_computation_complete(from, outcome), 0);
    EXPECT(miou_trigger_state(canceller), MIOU_TRIGGER_SIGNALLED);
    complete = miou_computation_peek(to, into);
    EXPECT(complete, *into != 77);
    EXPECT(miou_computation_free(from), 0);
    EXPECT(miou_computation_free(to), 0);
    EXPECT(miou_trigger_free(canceller), 0);
    return 0;
}

static int hand_on_some(void *arg)
{
    int into;

    (void)arg;
    EXPECT(hand_on(BOOM, &into), 0);
    EXPECT(into, BOOM);
    EXPECT(hand_on(-EIO, &into), 0);
    EXPECT(into, -EIO);
    EXPECT(hand_on(0, &into), 0);
    EXPECT(into, 77);
    EXPECT(hand_on(5, &into), 0);
    EXPECT(into, 77);
    return 0;
}

CHECK("R9.28", errors_are_handed_on_and_values_are_not)
{
    expect_code(run_with(0, hand_on_some, NULL), 0);
}

static int hand_on_too_late(void *arg)
{
    miou_computation *from, *into;
    miou_trigger *canceller;
    int outcome = 0;

    (void)arg;
    TRY(miou_computation_create(&from));
    TRY(miou_computation_create(&into));
    TRY(miou_computation_canceller(&canceller, from, into));
    EXPECT(miou_computation_attach(from, canceller), 0);
    EXPECT(miou_trigger_signal(canceller), 0);
    EXPECT(miou_computation_complete(from, BOOM), 0);
    EXPECT(miou_computation_peek(into, NULL), 0);
    TRY(miou_computation_canceller(&canceller, from, into));
    EXPECT(miou_computation_attach(from, canceller), -EALREADY);
    EXPECT(miou_computation_complete(into, 3), 0);
    EXPECT(miou_trigger_signal(canceller), 0);
    EXPECT(miou_computation_peek(into, &outcome), 1);
    EXPECT(outcome, 3);
    return 0;
}

CHECK("R9.28", nothing_to_hand_on)
{
    expect_code(run_with(0, hand_on_too_late, NULL), 0);
}

/* From each computation to the next, and from the last to the first. */
static int hand_round(void *arg)
{
    static miou_computation *chain[CHAIN];
    miou_trigger *canceller;
    int outcome, i;

    (void)arg;
    for (i = 0; i < CHAIN; i++)
        TRY(miou_computation_create(&chain[i]));
    for (i = 0; i < CHAIN; i++) {
        TRY(miou_computation_canceller(&canceller, chain[i], chain[(i + 1) % CHAIN]));
        EXPECT(miou_computation_attach(chain[i], canceller), 0);
    }
    EXPECT(miou_computation_complete(chain[CHAIN / 2], BOOM), 0);
    for (i = 0; i < CHAIN; i++) {
        EXPECT(miou_computation_peek(chain[i], &outcome), 1);
        EXPECT(outcome, BOOM);
        EXPECT(miou_computation_free(chain[i]), 0);
    }
    return 0;
}

CHECK("R9.28", a_long_chain)
{
    expect_code(run_with(0, hand_round, NULL), 0);
}

static int complete_with_boom(void *arg)
{
    return miou_computation_complete(arg, BOOM);
}

static int hand_on_between_domains(void *arg)
{
    miou_computation *from, *into;
    miou_trigger *canceller;
    miou_promise *promise;
    int round, outcome;

    (void)arg;
    for (round = 0; round < ROUNDS; round++) {
        TRY(miou_computation_create(&from));
        TRY(miou_computation_create(&into));
        TRY(miou_computation_canceller(&canceller, from, into));
        TRY(miou_computation_attach(from, canceller));
        TRY(spawn_on(1 + round % DOMAINS, &promise, complete_with_boom, from));
        dawdle(round);
        EXPECT(miou_computation_await(into, &outcome), 0);
        EXPECT(outcome, BOOM);
        EXPECT(await_and_free(promise), 0);
        EXPECT(miou_computation_free(from), 0);
        EXPECT(miou_computation_free(into), 0);
        EXPECT(miou_trigger_free(canceller), 0);
    }
    return 0;
}

CHECK("R9.28", handed_on_between_domains)
{
    expect_code(run_with(DOMAINS, hand_on_between_domains, NULL), 0);
}

/* ---- waits that nothing else ends ---- */

struct awaited {
    miou_trigger *trigger;
    miou_computation *computation;
};

static int make_trigger_alone(void *arg)
{
    return miou_trigger_create(&((struct awaited *)arg)->trigger);
}

static int await_trigger_alone(void *arg)
{
    return miou_trigger_await(((struct awaited *)arg)->trigger);
}

static int signal_trigger_alone(void *arg)
{
    return miou_trigger_signal(((struct awaited *)arg)->trigger);
}

CHECK("R9.22", nothing_but_a_signal_ends_awaiting_a_trigger)
{
    struct awaited t = {0};

    assert_undisturbed(&(struct disturbed_wait){.prepare = make_trigger_alone,
                                                .wait = await_trigger_alone,
                                                .release = signal_trigger_alone,
                                                .state = &t});
}

static int make_computation_alone(void *arg)
{
    return miou_computation_create(&((struct awaited *)arg)->computation);
}

static int await_computation_alone(void *arg)
{
    int outcome;

    TRY(miou_computation_await(((struct awaited *)arg)->computation, &outcome));
    return outcome;
}

static int complete_alone(void *arg)
{
    return miou_computation_complete(((struct awaited *)arg)->computation, 4);
}

CHECK("R9.26", nothing_but_its_completion_ends_awaiting_a_computation)
{
    struct awaited t = {0};

    assert_undisturbed(&(struct disturbed_wait){.prepare = make_computation_alone,
                                                .wait = await_computation_alone,
                                                .release = complete_alone,
                                                .result = 4,
                                                .state = &t});
}
