/* run.c: a run from its beginning to its end, and how every other call begins and ends.
 *
 * A run is made in steps; if one fails, the steps before it are undone and nothing has been called
 * [R1.20]. */
#include "peer.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define DOMAINS_MAX 65536

_Thread_local struct self self;

int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The errors that come before all others, in their order. */
int enter(enum refuse refuse)
{
    if (self.place != IN_TASK && self.place != IN_FORBID)
        return MIOU_NOT_RUNNING;
    if ((refuse & NOT_IN_FINALISER) && self.place == IN_FORBID)
        return MIOU_IN_FINALISER;
    lock(self.run);
    if ((refuse & NOT_IF_CANCELLED) && self.task->cancelled)
        return leave(MIOU_CANCELLED);
    return 0;
}

int leave(int result)
{
    unlock(self.run);
    return result;
}

struct self change_place(enum place place)
{
    struct self former = self;

    self.place = place;
    return former;
}

PUBLIC const char *miou_strerror(int error)
{
    static const struct {
        int code;
        const char *text;
    } codes[] = {{MIOU_STILL_HAS_CHILDREN, "still has children"},
                 {MIOU_RESOURCE_LEAKED, "resource leaked"},
                 {MIOU_NOT_A_CHILD, "not a child"},
                 {MIOU_NOT_OWNER, "not owner"},
                 {MIOU_NO_DOMAIN_AVAILABLE, "no domain available"},
                 {MIOU_CANCELLED, "cancelled"},
                 {MIOU_IN_FINALISER, "in finaliser"},
                 {MIOU_NOT_RUNNING, "not running"},
                 {MIOU_NO_MONITOR, "no monitor"},
                 {MIOU_DEADLOCK, "deadlock"},
                 {MIOU_UNDEFINED, "undefined"},
                 {MIOU_END_OF_FILE, "end of file"},
                 {MIOU_ON_CANCELLATION_FAILED, "on cancellation failed"}};
    const char *text = NULL;
    size_t i;

    if (error == 0)
        return "success";
    for (i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == error)
            return codes[i].text;
    if (error < 0 && error >= -4095)
        text = strerrordesc_np(-error);
    return text ? text : "unknown error";
}

/* ---- Domains ---- */

static int domains_make(struct run *run)
{
    int i;

    if (run->count > DOMAINS_MAX)
        return -EAGAIN;
    if (!(run->domains = calloc((size_t)run->count + 1, sizeof *run->domains)))
        return -ENOMEM;
    for (i = 0; i <= run->count; i++) {
        struct domain *domain = &run->domains[i];

        domain->run = run;
        domain->number = i;
        list_init(&domain->ready);
        list_init(&domain->sleepers);
        list_init(&domain->hooks);
    }
    return 0;
}

static void monitors_finalise(struct run *run)
{
    struct self former = change_place(IN_OTHER);
    int i;

    for (i = 0; i <= run->count; i++)
        if (run->domains[i].made && !run->posix)
            run->options->monitor->finalise(run->domains[i].state);
    self = former;
}

/* The thread of miou_run makes the states of all domains before anything else runs [R11.11]. */
static int monitors_make(struct run *run)
{
    const miou_monitor *monitor = run->options->monitor;
    struct self former = change_place(IN_OTHER);
    int i, error = 0;

    for (i = 0; error == 0 && i <= run->count; i++) {
        struct domain *domain = &run->domains[i];

        if (run->posix)
            domain->state = domain;
        else if (monitor)
            error = monitor->create(&domain->state, i, monitor->arg);
        domain->made = error == 0 && monitor;
    }
    self = former;
    return error < 0 ? error : 0;
}

/* ---- Runs ---- */

static struct freedoms freedoms_read(void)
{
    const char *words = getenv("MIOU_PEER");
    struct freedoms f = {0};

    if (!words)
        return f;
    f.newest = strstr(words, "newest") != NULL;
    f.unbegun = strstr(words, "unbegun") != NULL;
    f.late_tree = strstr(words, "late-tree") != NULL;
    f.early_transfer = strstr(words, "early-transfer") != NULL;
    f.late_transfer = strstr(words, "late-transfer") != NULL;
    f.slow = strstr(words, "slow") != NULL;
    f.yields = strstr(words, "yields") != NULL;
    f.other_errors = strstr(words, "other-errors") != NULL;
    f.hoards = strstr(words, "hoards") != NULL;
    f.eager = strstr(words, "eager") != NULL;
    return f;
}

static void run_init(struct run *run, const miou_options *options, bool posix)
{
    memset(run, 0, sizeof *run);
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->descriptor_left, NULL);
    list_init(&run->workers);
    list_init(&run->spare);
    list_init(&run->gone);
    list_init(&run->descriptors);
    list_init(&run->orphaned);
    run->options = options;
    run->posix = posix;
    run->freedoms = freedoms_read();
    run->count = options->domains;
    run->signal_slot = -1;
    run->stack_size = options->stack_size ? options->stack_size : 64 * 1024;
}

/* ---- Main's stack ---- */

#define SPARE_STACK (64 * 1024) /* of the calling thread, for this runtime below main */

/* Whether the calling thread has as much stack left as a task was promised [R1.11]. */
static bool stack_suffices(size_t size)
{
    pthread_attr_t attr;
    size_t all = 0, left = 0;
    void *lowest = NULL;

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return true;
    if (pthread_attr_getstack(&attr, &lowest, &all) == 0)
        left = (size_t)((char *)__builtin_frame_address(0) - (char *)lowest);
    pthread_attr_destroy(&attr);
    return left > SPARE_STACK && left - SPARE_STACK >= size;
}

static _Thread_local ucontext_t back;

static void on_other_stack(void)
{
    run_main(self.run->main);
}

/* Main is called in the calling thread, and so has no thread whose stack could be chosen; if that
 * of the caller is too small, main gets another one, with a guard below it. */
static int stack_make(struct run *run)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = run->stack_size;

    if (stack_suffices(size))
        return 0;
    if (size > SIZE_MAX / 4)
        return -ENOMEM;
    run->main_size = (size + SPARE_STACK + page - 1) / page * page + SPARE_STACK;
    run->main_stack = mmap(NULL, run->main_size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (run->main_stack == MAP_FAILED) {
        run->main_stack = NULL;
        return -ENOMEM;
    }
    return mprotect(run->main_stack, SPARE_STACK, PROT_NONE) < 0 ? -errno : 0;
}

static void call_main(struct run *run)
{
    struct self former = self;
    ucontext_t there;

    if (!run->main_stack) {
        run_main(run->main);
        return;
    }
    self.run = run;
    getcontext(&there);
    there.uc_stack.ss_sp = run->main_stack;
    there.uc_stack.ss_size = run->main_size;
    there.uc_link = &back;
    makecontext(&there, on_other_stack, 0);
    swapcontext(&back, &there);
    self = former;
}

/* ---- A run as a whole ---- */

/* Everything ends in the reverse of the order in which run_all has begun it. */
static int run_all(struct run *run, miou_task *fn, void *arg)
{
    int i, result;

    pthread_sigmask(SIG_BLOCK, NULL, &run->signals);
    if ((result = domains_make(run)) < 0)
        return result;
    if ((result = stack_make(run)) < 0 || (run->posix && (result = kicks_begin()) < 0))
        return result;
    if ((result = courier_start(run)) == 0 &&
        !(run->main = task_new(run, run->domains, NULL, fn, arg)))
        result = -ENOMEM;
    if (result == 0 && (result = monitors_make(run)) == 0) {
        call_main(run);
        result = run->ending ? run->ending : run->main->outcome;
    }
    workers_stop(run);
    courier_stop(run);
    signals_end(run);
    descriptors_clear(run);
    resources_clear(run);
    monitors_finalise(run);
    for (i = 0; i <= run->count; i++)
        hooks_clear(&run->domains[i]);
    if (run->main)
        task_free(run->main);
    if (run->posix)
        kicks_end();
    return result;
}

static bool lacks_function(const miou_monitor *m)
{
    return m && (!m->create || !m->select || !m->interrupt || !m->finalise);
}

static int start(const miou_options *options, bool posix, miou_task *fn, void *arg)
{
    static const miou_options none = {0};
    struct run run;
    int result;

    if (self.place != OUTSIDE)
        return -EBUSY; /* [R1.5] */
    options = options ? options : &none;
    if (!fn || options->domains < 0 ||
        (posix ? options->monitor != NULL : lacks_function(options->monitor)) ||
        (posix && (options->poller < 0 || options->poller > MIOU_POLLER_EPOLL)))
        return -EINVAL;
    if (options->choose || (posix && options->poller != MIOU_POLLER_ANY))
        return -ENOSYS; /* this runtime makes its own choices only, and waits with poll [R6.47] */
    run_init(&run, options, posix);
    result = run_all(&run, fn, arg);
    table_clear(&run);
    if (run.main_stack)
        munmap(run.main_stack, run.main_size);
    free(run.domains);
    pthread_cond_destroy(&run.descriptor_left);
    pthread_mutex_destroy(&run.lock);
    return result;
}

PUBLIC int miou_run(const miou_options *options, miou_task *fn, void *arg)
{
    return start(options, false, fn, arg);
}

PUBLIC int miou_unix_run(const miou_options *options, miou_task *fn, void *arg)
{
    return start(options, true, fn, arg);
}

/* ---- Questions about domains ---- */

PUBLIC int miou_domain_self(void)
{
    int error = enter(PLAIN);

    return error < 0 ? error : leave(self.domain->number);
}

PUBLIC int miou_domain_available(void)
{
    int error = enter(PLAIN);

    return error < 0 ? error : leave(self.run->count);
}

PUBLIC int miou_domain_all(int *ids, size_t size)
{
    int i, error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!ids && size)
        return leave(-EINVAL);
    for (i = 0; i < self.run->count && (size_t)i < size; i++)
        ids[i] = i + 1;
    return leave(self.run->count);
}
