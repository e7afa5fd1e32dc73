// driver: executes scenarios with goroutines, contexts and the locks of Go's standard library, and
// says what happens, in the words of spec/scenario.md.
//
//	async, call    the go statement: Go has neither domains nor a choice between the two. A task
//	               has a context below its parent's, which ends with the task
//	await, cancel  waiting until a channel is closed, after the child's context was cancelled
//	yield, until   runtime.Gosched, then a look at the context
//	mutex          sync.Mutex
//	condition      sync.Cond
//	lazy           sync.Once
//	trigger        a context: cancelling it wakes whatever waits until it is done
//	domains N      N + 1 goroutines run at a time
//	a run          the process. As in any program in Go, what is left is gone once main returns.
//	               So this driver executes one scenario and wants to be started for each
//
// What waits for a channel looks at the context of its task as well, as is usual in Go. What Go
// does not do by itself, this driver does not do either.
package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ---- What is said

var output sync.Mutex

func say(format string, values ...any) {
	output.Lock()
	defer output.Unlock()
	fmt.Printf(format+"\n", values...)
}

// over says how the scenario ended, and lets nobody else say anything.
func over(how string) {
	output.Lock()
	fmt.Println(how)
	os.Exit(0)
}

// ---- The program

type operation struct {
	line   int
	bind   string // of `bind = word arguments`
	repeat int
	word   string
	args   []string
}

var (
	program = map[string][]operation{} // the operations of each task
	shared  = map[string]bool{}
	flags   = map[string]*atomic.Int64{}
)

func number(word string) int {
	n, _ := strconv.Atoi(word)
	return n
}

func parseOperation(line int, words []string) operation {
	op := operation{line: line, repeat: 1}
	for {
		switch {
		case words[0] == "repeat":
			op.repeat, words = number(words[1]), words[2:]
		case len(words) > 1 && words[1] == "=":
			op.bind, words = words[0], words[2:]
		default:
			op.word, op.args = words[0], words[1:]
			if op.word == "post" || op.word == "until" {
				flags[op.args[0]] = new(atomic.Int64)
			}
			return op
		}
	}
}

func parse(lines []string) {
	task := ""
	runtime.GOMAXPROCS(2)
	for i, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0] == "domains":
			runtime.GOMAXPROCS(number(words[1]) + 1)
		case words[0] == "shared":
			for _, name := range words[1:] {
				shared[name] = true
			}
		case words[0] == "task":
			task = words[1]
		default:
			program[task] = append(program[task], parseOperation(i+1, words))
		}
	}
}

// ---- Tasks

// An instance of a task, and the promise of it.
type task struct {
	name   string
	of     string
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when the task has ended
	value  int
	err    error
	names  sync.Map
}

var (
	instances     = map[string]int{}
	instancesLock sync.Mutex
)

// newTask makes the next instance of a task and says what starts it: the word, the parent and the
// line, or nothing.
func newTask(ctx context.Context, of, format string, values ...any) *task {
	instancesLock.Lock()
	defer instancesLock.Unlock()
	t := &task{name: of, of: of, done: make(chan struct{})}
	if instances[of]++; instances[of] > 1 {
		t.name += "#" + strconv.Itoa(instances[of])
	}
	t.ctx, t.cancel = context.WithCancel(ctx)
	if format != "" {
		say(format+" "+t.name, values...)
	}
	return t
}

func (t *task) run() {
	defer close(t.done)
	defer t.cancel()
	say("begin %s ?", t.name)
	t.value, t.err = t.execute()
	say("end %s", t.name)
}

type failure string // of `fail NAME`

func (f failure) Error() string { return string(f) }

func (t *task) execute() (int, error) {
	for _, op := range program[t.of] {
		switch op.word {
		case "return":
			return number(op.args[0]), nil
		case "fail":
			return 0, failure(op.args[0])
		}
		if !t.do(op) {
			return 0, t.ctx.Err()
		}
	}
	return 0, nil
}

func (t *task) outcome() string {
	if t.err == context.Canceled {
		return "cancelled"
	} else if t.err != nil {
		return "failed " + t.err.Error()
	} else if t.value != 0 {
		return "ok " + strconv.Itoa(t.value)
	}
	return "ok"
}

// ---- Names

type key struct {
	name string
	kind reflect.Type
}

var common sync.Map // of names that are shared

func keyOf[T any](t *task, name string) (*sync.Map, key) {
	names := &t.names
	if shared[name] {
		names = &common
	}
	return names, key{name, reflect.TypeOf((*T)(nil))}
}

// find gives what a name stands for, or nil.
func find[T any](t *task, name string) (thing T) {
	names, key := keyOf[T](t, name)
	if found, ok := names.Load(key); ok {
		thing = found.(T)
	}
	return thing
}

func bind[T any](t *task, name string, thing T) {
	names, key := keyOf[T](t, name)
	names.Store(key, thing)
}

// promises gives all promises that the names stand for.
func promises(t *task, names []string) (all []*task) {
	for _, name := range names {
		all = append(all, find[[]*task](t, name)...)
	}
	return all
}

// needs says of what kinds the names behind an operation's word are. Go has nothing that a name
// could stand for before it is bound, so that the operation is absent.
var needs = map[string][]func(t *task, name string) bool{
	"await": {hasPromises}, "cancel": {hasPromises}, "state": {hasPromises},
	"lock": {has[*sync.Mutex]}, "try-lock": {has[*sync.Mutex]}, "unlock": {has[*sync.Mutex]},
	"wait":   {has[*sync.Cond], has[*sync.Mutex]},
	"signal": {has[*sync.Cond]}, "broadcast": {has[*sync.Cond]},
	"await-trigger": {has[*trigger]}, "signal-trigger": {has[*trigger]}, "force": {has[*lazy]},
}

// lists are the operations on any number of promises.
var lists = map[string]bool{"await-all": true, "await-one": true, "await-first": true}

func has[T comparable](t *task, name string) bool {
	var none T
	return find[T](t, name) != none
}

func hasPromises(t *task, name string) bool { return len(find[[]*task](t, name)) > 0 }

// lacks tells whether an operation needs what its names do not stand for.
func (t *task) lacks(op operation) bool {
	for i, name := range op.args {
		needed := needs[op.word]
		if i < len(needed) && !needed[i](t, name) || lists[op.word] && !hasPromises(t, name) {
			return true
		}
	}
	return false
}

// ---- Operations

// unlessStopped gives the outcome of an operation that looks at the context when it is done.
func (t *task) unlessStopped(outcome string) string {
	if t.ctx.Err() != nil {
		return "stopped"
	}
	return outcome
}

func stopped(outcomes []string) bool {
	return len(outcomes) > 0 && outcomes[len(outcomes)-1] == "stopped"
}

// wait waits until a channel is closed or the task is cancelled.
func (t *task) wait(done <-chan struct{}) string {
	if t.ctx.Err() != nil {
		return "stopped"
	}
	select {
	case <-done:
		return "ok"
	case <-t.ctx.Done():
		return "stopped"
	}
}

func (t *task) await(p *task) string {
	if t.wait(p.done) != "ok" {
		return "stopped"
	}
	return p.outcome()
}

func (t *task) cancelChild(p *task) string {
	p.cancel()
	return t.wait(p.done)
}

func (t *task) state(p *task) string {
	select {
	case <-p.done:
		if p.err != nil {
			return "exited"
		}
		return "finished"
	default:
		return "running"
	}
}

func (t *task) each(promises []*task, operation func(t, p *task) string) (outcomes []string) {
	for i := 0; i < len(promises) && !stopped(outcomes); i++ {
		outcomes = append(outcomes, operation(t, promises[i]))
	}
	return outcomes
}

// spawn starts a goroutine. There are no options: they name resources, orphanages and domains.
func (t *task) spawn(op operation, of string) *task {
	p := newTask(t.ctx, of, "spawn %s %d", t.name, op.line)
	go p.run()
	return p
}

func (t *task) parallel(op operation) (outcomes []string) {
	var children []*task
	for _, of := range op.args {
		children = append(children, t.spawn(op, of))
	}
	return t.awaitAll(children)
}

func (t *task) awaitAll(promises []*task) []string {
	outcomes := t.each(promises, (*task).await)
	if stopped(outcomes) {
		return []string{"stopped"}
	}
	return outcomes
}

func (t *task) awaitOne(promises []*task) (*task, string) {
	receive := func(done <-chan struct{}) reflect.SelectCase {
		return reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(done)}
	}
	cases := []reflect.SelectCase{receive(t.ctx.Done())}
	for _, p := range promises {
		cases = append(cases, receive(p.done))
	}
	which, _, _ := reflect.Select(cases)
	if which == 0 {
		return nil, "stopped"
	}
	return promises[which-1], promises[which-1].outcome()
}

func (t *task) awaitFirst(promises []*task) string {
	taken, outcome := t.awaitOne(promises)
	for _, p := range promises {
		if p != taken && t.cancelChild(p) == "stopped" {
			return "stopped"
		}
	}
	return outcome
}

type lazy struct {
	sync.Once
	of       string
	computed *task
}

func (t *task) force(op operation) string {
	l := find[*lazy](t, op.args[0])
	l.Do(func() {
		l.computed = newTask(t.ctx, l.of, "force %s %d", t.name, op.line)
		l.computed.run()
	})
	return t.unlessStopped(l.computed.outcome())
}

type trigger struct {
	context.Context
	signal context.CancelFunc
}

func (t *task) until(flag string, times int) string {
	for flags[flag].Load() < int64(times) {
		if t.yield() == "stopped" {
			return "stopped"
		}
	}
	return "ok"
}

func (t *task) yield() string {
	runtime.Gosched()
	return t.unlessStopped("ok")
}

func (t *task) sleep(milliseconds int) string {
	over, cancel := context.WithTimeout(t.ctx, time.Duration(milliseconds)*time.Millisecond)
	defer cancel()
	<-over.Done()
	return t.unlessStopped("ok")
}

func (t *task) synchronise(op operation) string {
	name := op.args[0]
	switch op.word {
	case "mutex":
		bind(t, name, new(sync.Mutex))
	case "lock":
		find[*sync.Mutex](t, name).Lock()
	case "try-lock":
		if !find[*sync.Mutex](t, name).TryLock() {
			return "busy"
		}
	case "unlock":
		find[*sync.Mutex](t, name).Unlock()
	case "condition":
		bind(t, name, new(sync.Cond))
	case "wait":
		c := find[*sync.Cond](t, name)
		c.L = find[*sync.Mutex](t, op.args[1])
		c.Wait()
	case "signal":
		find[*sync.Cond](t, name).Signal()
	case "broadcast":
		find[*sync.Cond](t, name).Broadcast()
	case "trigger":
		ctx, signal := context.WithCancel(context.Background())
		bind(t, name, &trigger{ctx, signal})
	case "await-trigger":
		return t.wait(find[*trigger](t, name).Done())
	case "signal-trigger":
		find[*trigger](t, name).signal()
	case "lazy":
		bind(t, name, &lazy{of: op.args[1]})
	case "force":
		return t.force(op)
	default:
		return "absent"
	}
	return "ok"
}

// once executes an operation once and gives its outcomes and the promise that it hands out.
func (t *task) once(op operation) ([]string, *task) {
	if t.lacks(op) {
		return []string{"absent"}, nil
	}
	switch op.word {
	case "async", "call":
		if len(op.args) > 1 {
			return []string{"absent"}, nil // with such options
		}
		return []string{"ok"}, t.spawn(op, op.args[0])
	case "await":
		return t.each(promises(t, op.args), (*task).await), nil
	case "cancel":
		return t.each(promises(t, op.args), (*task).cancelChild), nil
	case "state":
		return t.each(promises(t, op.args), (*task).state), nil
	case "parallel":
		return t.parallel(op), nil
	case "await-all":
		return t.awaitAll(promises(t, op.args)), nil
	case "await-one":
		_, outcome := t.awaitOne(promises(t, op.args))
		return []string{outcome}, nil
	case "await-first":
		return []string{t.awaitFirst(promises(t, op.args))}, nil
	case "yield":
		return []string{t.yield()}, nil
	case "sleep":
		if op.args[0] == "longest" {
			return []string{t.sleep(math.MaxInt64 / 1000000)}, nil
		}
		return []string{t.sleep(number(op.args[0]))}, nil
	case "available":
		return []string{"ok " + strconv.Itoa(runtime.GOMAXPROCS(0)-1)}, nil
	case "print":
		say("print %s %s", t.name, op.args[0])
		return []string{"ok"}, nil
	case "post":
		flags[op.args[0]].Add(1)
		return []string{"ok"}, nil
	case "until":
		return []string{t.until(op.args[0], number(append(op.args, "1")[1]))}, nil
	case "self", "run":
		return []string{"absent"}, nil
	}
	return []string{t.synchronise(op)}, nil
}

// do executes an operation as often as it says, and says its outcomes. It returns whether the task
// goes on.
func (t *task) do(op operation) bool {
	var outcomes []string
	var bound []*task
	for i := 0; i < op.repeat && !stopped(outcomes); i++ {
		more, p := t.once(op)
		outcomes = append(outcomes, more...)
		if p != nil {
			bound = append(bound, p)
		}
	}
	if op.bind != "" {
		bind(t, op.bind, bound)
	}
	say("did %s %d %s", t.name, op.line, list(op, outcomes))
	return !stopped(outcomes)
}

func list(op operation, outcomes []string) string {
	if len(outcomes) == 0 {
		return "none"
	}
	for _, outcome := range outcomes {
		if outcome != outcomes[0] || op.word == "parallel" {
			return strings.Join(outcomes, ", ")
		}
	}
	return outcomes[0]
}

// ---- The conversation

func executeScenario(lines []string) {
	say("%s", lines[0])
	parse(lines[1:])
	main := newTask(context.Background(), "main", "")
	main.run()
	over("run " + main.outcome())
}

func main() {
	say("driver 2 go")
	say("runtime goroutines %s", strings.TrimPrefix(runtime.Version(), "go"))
	say("lacks orphans care take get length free-orphans create own check disown release transfer")
	say("lacks computation complete await-computation peek attach detach self run choose free")
	say("lacks free-mutex free-condition free-lazy free-trigger free-computation")
	say("lacks protect protect-mutex on-signal canceller handle ignore restore raise spin")
	say("lacks socket pipe listen accept connect read read-exactly write receive send shutdown")
	say("lacks close resource hook unhook outside no-monitor")
	say("lacks split wait-readable wait-writable deadline blocking")
	say("ready")
	var lines []string
	for input := bufio.NewScanner(os.Stdin); input.Scan(); lines = append(lines, input.Text()) {
		if input.Text() == "go" {
			executeScenario(lines)
		}
	}
}
