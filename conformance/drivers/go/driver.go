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
//	a run          the process. As in any program in Go, what is left is gone once main returns, so
//	               this driver executes one scenario and wants to be started for each
//
// What waits for a channel looks at the context of its task as well, as is usual in Go. What Go does
// not do by itself, this driver does not do either.
package main

import (
	"bufio"
	"context"
	"fmt"
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

// promises gives all promises that a name stands for, or a nil.
func promises(t *task, name string) []*task {
	if found := find[[]*task](t, name); len(found) > 0 {
		return found
	}
	return []*task{nil}
}

// ---- Operations

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

var promiseOperations = map[string]func(t, p *task) string{
	"await": (*task).await, "cancel": (*task).cancelChild, "state": (*task).state,
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

func (t *task) awaitAll(promises []*task) (outcomes []string) {
	for _, p := range promises {
		outcomes = append(outcomes, t.await(p))
		if outcomes[len(outcomes)-1] == "stopped" {
			return []string{"stopped"}
		}
	}
	return outcomes
}

func (t *task) awaitOne(promises []*task) (*task, string) {
	cases := []reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(t.ctx.Done())}}
	for _, p := range promises {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(p.done)})
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
	if t.ctx.Err() != nil {
		return "stopped"
	}
	return l.computed.outcome()
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
	if t.ctx.Err() != nil {
		return "stopped"
	}
	return "ok"
}

func (t *task) sleep(milliseconds int) string {
	over, cancel := context.WithTimeout(t.ctx, time.Duration(milliseconds)*time.Millisecond)
	defer cancel()
	<-over.Done()
	if t.ctx.Err() != nil {
		return "stopped"
	}
	return "ok"
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
	var listed []*task
	if strings.HasPrefix(op.word, "await-") {
		for _, name := range op.args {
			listed = append(listed, promises(t, name)...)
		}
	}
	switch op.word {
	case "async", "call":
		if len(op.args) > 1 {
			over("absent " + op.word) // with such options
		}
		return []string{"ok"}, t.spawn(op, op.args[0])
	case "parallel":
		return t.parallel(op), nil
	case "await-all":
		return t.awaitAll(listed), nil
	case "await-one":
		_, outcome := t.awaitOne(listed)
		return []string{outcome}, nil
	case "await-first":
		return []string{t.awaitFirst(listed)}, nil
	case "yield":
		return []string{t.yield()}, nil
	case "sleep":
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
	stopped := func() bool {
		return len(outcomes) > 0 && outcomes[len(outcomes)-1] == "stopped"
	}
	for i := 0; i < op.repeat && !stopped(); i++ {
		if one, ok := promiseOperations[op.word]; ok {
			for _, p := range promises(t, op.args[0]) {
				if outcomes = append(outcomes, one(t, p)); stopped() {
					break
				}
			}
			continue
		}
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
	return !stopped()
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

func main() {
	say("driver 2 go")
	say("runtime goroutines %s", strings.TrimPrefix(runtime.Version(), "go"))
	say("lacks orphans care take get length free-orphans create own check disown release transfer")
	say("lacks computation complete await-computation peek attach detach self run choose free")
	say("lacks free-mutex free-condition free-lazy free-trigger free-computation")
	say("ready")
	var lines []string
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() && input.Text() != "go" {
		lines = append(lines, input.Text())
	}
	if len(lines) == 0 {
		return
	}
	say("%s", lines[0])
	parse(lines[1:])
	main := newTask(context.Background(), "main", "")
	main.run()
	over("run " + main.outcome())
}
