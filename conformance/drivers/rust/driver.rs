//! driver: executes scenarios on tokio and says what happens, in the words of spec/scenario.md.
//!
//!     a domain       a thread with a runtime of its own (`new_current_thread`)
//!     async          `tokio::spawn`; with an orphanage, `JoinSet::spawn`
//!     call           `Handle::spawn` on the runtime of another thread, of each in turn
//!     await          `.await` of a `JoinHandle`, which is used up by that
//!     cancel         `abort`, which does not wait: the task's future is dropped where it waits
//!     an orphanage   `JoinSet`: `get` is `join_next`
//!     a resource     a value with `Drop`, owned by the task in whose variables it is. `give` moves
//!                    it into the child, `transfer` into what the task returns
//!     mutex          `tokio::sync::Mutex`, held as long as its guard
//!     lazy           `tokio::sync::OnceCell`
//!     trigger, computation  `tokio::sync::watch`
//!
//! What the compiler would refuse, such as the second `await` of a `JoinHandle` or the use of what
//! was moved away, is absent. What tokio does not do by itself, this driver does not do either.

use std::any::{Any, TypeId};
use std::cell::Cell;
use std::collections::HashMap;
use std::future::{poll_fn, Future};
use std::io::{BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{oneshot, watch, OnceCell, OwnedMutexGuard};
use tokio::task::{yield_now, JoinError, JoinHandle, JoinSet};

fn say(line: String) {
    std::io::stdout().write_all((line + "\n").as_bytes()).unwrap();
}

// ---- The program

struct Operation {
    line: usize,
    bind: Option<String>,
    repeat: usize,
    word: String,
    args: Vec<String>,
}

impl Operation {
    /// What is behind `key` in one of the words.
    fn option(&self, key: &str) -> Option<&str> {
        self.args.iter().find_map(|word| word.strip_prefix(key))
    }

    fn number(&self, arg: usize) -> usize {
        self.args.get(arg).map_or(1, |word| word.parse().unwrap_or(0))
    }
}

#[derive(Default)]
struct Program {
    domains: usize,
    shared: Vec<String>,
    tasks: HashMap<String, Vec<Operation>>,
    flags: HashMap<String, AtomicUsize>,
}

fn operation(line: usize, mut words: &[&str]) -> Operation {
    let (mut bind, mut repeat) = (None, 1);
    loop {
        if words[0] == "repeat" {
            (repeat, words) = (words[1].parse().unwrap(), &words[2..]);
        } else if words.get(1) == Some(&"=") {
            (bind, words) = (Some(words[0].to_string()), &words[2..]);
        } else {
            let args = words[1..].iter().map(|word| word.to_string()).collect();
            return Operation { line, bind, repeat, word: words[0].to_string(), args };
        }
    }
}

fn parse(lines: &[String]) -> Program {
    let mut program = Program { domains: 1, ..Program::default() };
    let mut task = String::new();
    for (i, line) in lines.iter().enumerate() {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        match words.first() {
            None => {}
            Some(&"domains") => program.domains = words[1].parse().unwrap(),
            Some(&"shared") => program.shared.extend(words[1..].iter().map(|w| w.to_string())),
            Some(&"task") => {
                task = words[1].to_string();
                program.tasks.insert(task.clone(), Vec::new());
            }
            Some(_) => {
                let op = operation(i + 1, &words);
                if op.word == "post" || op.word == "until" {
                    program.flags.insert(op.args[0].clone(), AtomicUsize::new(0));
                }
                program.tasks.get_mut(&task).unwrap().push(op);
            }
        }
    }
    program
}

// ---- What names stand for

type Names = HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>;
type Ended = Result<usize, String>;

/// What a task returns.
struct Output {
    ended: Ended,
    transferred: Vec<Resource>,
}

type Joined = Result<Output, JoinError>;
type Task = Pin<Box<dyn Future<Output = Output> + Send>>;
type Slot = Arc<Mutex<Option<JoinHandle<Output>>>>; // empty once the handle is used up

struct Promises(Vec<Slot>);
struct Orphans(tokio::sync::Mutex<JoinSet<Output>>);
struct Lazy(String, OnceCell<Ended>);
struct Trigger(watch::Sender<bool>);
struct Computation(watch::Sender<Option<Ended>>);
struct Lock(Arc<tokio::sync::Mutex<()>>);

struct Resource {
    id: usize,
    name: String, // with the instance that created it
}

impl Drop for Resource {
    fn drop(&mut self) {
        say(format!("finalise {} {}", self.name, domain()));
    }
}

/// A variable of the task that created a resource, until some task owns the resource.
struct Variable(usize, Mutex<Option<Resource>>);

// ---- The world of a run

struct World {
    program: Program,
    domains: Vec<Handle>,
    calls: AtomicUsize,
    resources: AtomicUsize,
    instances: Mutex<HashMap<String, usize>>,
    shared: Mutex<Names>,
}

thread_local!(static DOMAIN: Cell<usize> = Cell::new(0));

fn domain() -> usize {
    DOMAIN.with(Cell::get)
}

impl World {
    /// Names the next instance of a task, and says what starts it, such as `spawn main 2`.
    fn instance(&self, of: &str, start: Option<String>) -> String {
        let mut instances = self.instances.lock().unwrap();
        let count = instances.entry(of.to_string()).or_insert(0);
        *count += 1;
        let name = if *count == 1 { of.to_string() } else { format!("{of}#{count}") };
        start.map(|start| say(format!("{start} {name}")));
        name
    }

    /// The runtime of another thread, of each in turn.
    fn another(&self) -> Option<&Handle> {
        let others: Vec<usize> = (1..self.domains.len()).filter(|d| *d != domain()).collect();
        let turn = self.calls.fetch_add(1, SeqCst);
        others.get(turn % others.len().max(1)).map(|d| &self.domains[*d])
    }
}

/// The future of every task. It owns what the task was given from the start.
fn task(world: Arc<World>, name: String, of: String, given: Vec<Resource>) -> Task {
    Box::pin(async move {
        say(format!("begin {} {}", name, domain()));
        let mut instance = Instance::new(world, name, given);
        let ended = instance.execute(&of).await;
        let transferred = std::mem::take(&mut instance.transferred);
        Output { ended, transferred }
    })
}

fn outcome(ended: &Ended) -> String {
    match ended {
        Ok(0) => "ok".to_string(),
        Ok(value) => format!("ok {value}"),
        Err(name) => format!("failed {name}"),
    }
}

// ---- Tasks

struct Instance {
    world: Arc<World>,
    name: String,
    names: Names,
    guards: HashMap<String, OwnedMutexGuard<()>>,
    owned: Vec<Resource>,
    transferred: Vec<Resource>,
    line: Option<usize>, // of the operation that is executed
    outcomes: Vec<String>,
    bound: Vec<Slot>,
}

/// At the end of the task, and where it waits if it is cancelled. Like variables, what it owns is
/// dropped in the opposite order.
impl Drop for Instance {
    fn drop(&mut self) {
        if self.line.is_some() {
            self.outcomes.push("stopped".to_string());
            self.say_did(false);
        }
        say(format!("end {}", self.name));
        while self.owned.pop().is_some() {}
    }
}

impl Instance {
    fn new(world: Arc<World>, name: String, owned: Vec<Resource>) -> Instance {
        Instance {
            world,
            name,
            names: Names::new(),
            guards: HashMap::new(),
            owned,
            transferred: Vec::new(),
            line: None,
            outcomes: Vec::new(),
            bound: Vec::new(),
        }
    }

    fn find<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        let key = (TypeId::of::<T>(), name.to_string());
        let found = match self.names.get(&key) {
            Some(thing) => thing.clone(),
            None => self.world.shared.lock().unwrap().get(&key)?.clone(),
        };
        found.downcast().ok()
    }

    fn bind<T: Any + Send + Sync>(&mut self, name: &str, thing: T) -> Option<String> {
        let key = (TypeId::of::<T>(), name.to_string());
        if self.world.program.shared.iter().any(|shared| shared == name) {
            self.world.shared.lock().unwrap().insert(key, Arc::new(thing));
        } else {
            self.names.insert(key, Arc::new(thing));
        }
        ok()
    }

    fn slots(&self, name: &str) -> Vec<Slot> {
        match self.find::<Promises>(name) {
            Some(promises) if !promises.0.is_empty() => promises.0.clone(),
            _ => vec![Slot::default()],
        }
    }

    fn say_did(&mut self, each: bool) {
        let outcomes = &self.outcomes;
        let text = match outcomes.first() {
            None => "none".to_string(),
            _ if outcomes.iter().any(|o| o == "absent") => "absent".to_string(),
            Some(first) if !each && outcomes.iter().all(|o| o == first) => first.clone(),
            _ => outcomes.join(", "),
        };
        say(format!("did {} {} {}", self.name, self.line.take().unwrap(), text));
    }

    async fn execute(&mut self, of: &str) -> Ended {
        let world = self.world.clone();
        for op in &world.program.tasks[of] {
            match op.word.as_str() {
                "return" => return Ok(op.number(0)),
                "fail" => return Err(op.args[0].clone()),
                _ => self.perform(op).await,
            }
        }
        Ok(0)
    }

    /// Performs an operation as often as it says.
    async fn perform(&mut self, op: &Operation) {
        self.line = Some(op.line);
        self.outcomes.clear();
        for _ in 0..op.repeat {
            match op.word.as_str() {
                "await" | "cancel" | "state" => self.each_promise(op).await,
                "await-all" | "parallel" => self.all(op).await,
                _ => {
                    let outcome = self.once(op).await.unwrap_or_else(|| "absent".to_string());
                    self.outcomes.push(outcome);
                }
            }
        }
        let bound = std::mem::take(&mut self.bound);
        if let Some(name) = &op.bind {
            self.bind(name, Promises(bound));
        }
        self.say_did(op.word == "parallel");
    }
}

// ---- Operations. None: this does not exist, or would not compile.

/// All the handles, each of which must be there and be listed once.
fn take_all(slots: &[Slot]) -> Option<Vec<JoinHandle<Output>>> {
    let taken: Vec<_> = slots.iter().map(|slot| slot.lock().unwrap().take()).collect();
    if !taken.is_empty() && taken.iter().all(Option::is_some) {
        return taken.into_iter().collect();
    }
    for (slot, handle) in slots.iter().zip(taken).filter(|(_, handle)| handle.is_some()) {
        *slot.lock().unwrap() = handle;
    }
    None
}

fn ok() -> Option<String> {
    Some("ok".to_string())
}

impl Instance {
    fn joined(&mut self, joined: Joined) -> Option<String> {
        match joined {
            Ok(output) => {
                self.owned.extend(output.transferred);
                Some(outcome(&output.ended))
            }
            Err(error) if error.is_cancelled() => Some("cancelled".to_string()),
            Err(_) => Some("error panic".to_string()),
        }
    }

    async fn with_promise(&mut self, word: &str, slot: &Slot) -> Option<String> {
        if word == "state" {
            let finished = slot.lock().unwrap().as_ref()?.is_finished();
            return Some(if finished { "finished" } else { "running" }.to_string());
        }
        if word == "cancel" {
            slot.lock().unwrap().as_ref()?.abort();
            return ok();
        }
        let handle = slot.lock().unwrap().take()?;
        let joined = handle.await;
        self.joined(joined)
    }

    async fn each_promise(&mut self, op: &Operation) {
        for slot in self.slots(&op.args[0]) {
            let outcome = self.with_promise(&op.word, &slot).await;
            self.outcomes.push(outcome.unwrap_or_else(|| "absent".to_string()));
        }
    }

    async fn all(&mut self, op: &Operation) {
        let slots: Vec<Slot> = match op.word.as_str() {
            "await-all" => op.args.iter().flat_map(|name| self.slots(name)).collect(),
            _ => {
                op.args.iter().map(|of| self.call(op, of, Vec::new()).unwrap_or_default()).collect()
            }
        };
        let mut outcomes = Vec::new();
        for slot in slots {
            let outcome = self.with_promise("await", &slot).await;
            outcomes.push(outcome.unwrap_or_else(|| "absent".to_string()));
        }
        self.outcomes.extend(outcomes);
    }

    /// The first handle that is ready, as `select!` would take it.
    async fn await_one(&mut self, op: &Operation) -> Option<String> {
        let slots: Vec<Slot> = op.args.iter().flat_map(|name| self.slots(name)).collect();
        let mut handles = take_all(&slots)?;
        let (taken, joined) = poll_fn(|context| {
            for (i, handle) in handles.iter_mut().enumerate() {
                if let Poll::Ready(joined) = Pin::new(handle).poll(context) {
                    return Poll::Ready((i, joined));
                }
            }
            Poll::Pending
        })
        .await;
        for (i, handle) in handles.into_iter().enumerate().filter(|(i, _)| *i != taken) {
            if op.word == "await-first" {
                handle.abort();
            }
            *slots[i].lock().unwrap() = Some(handle);
        }
        self.joined(joined)
    }

    fn child(&self, op: &Operation, of: &str, given: Vec<Resource>) -> Task {
        let name = self.world.instance(of, Some(format!("spawn {} {}", self.name, op.line)));
        task(self.world.clone(), name, of.to_string(), given)
    }

    fn call(&self, op: &Operation, of: &str, given: Vec<Resource>) -> Option<Slot> {
        let handle = match op.option("pin=") {
            None => self.world.another()?,
            Some("self") => &self.world.domains[domain()],
            Some(pin) => self.world.domains.get(pin.parse::<usize>().ok()?)?,
        };
        Some(Arc::new(Mutex::new(Some(handle.spawn(self.child(op, of, given))))))
    }

    /// Takes resources that the task owns out of its variables.
    fn moved(&mut self, names: &str) -> Option<Vec<Resource>> {
        let mut places = Vec::new();
        for name in names.split(',').filter(|name| !name.is_empty()) {
            let id = self.find::<Variable>(name)?.0;
            let place = self.owned.iter().position(|resource| resource.id == id)?;
            if places.contains(&place) {
                return None;
            }
            places.push(place);
        }
        let mut owned: Vec<_> = std::mem::take(&mut self.owned).into_iter().map(Some).collect();
        let moved = places.iter().map(|place| owned[*place].take().unwrap()).collect();
        self.owned = owned.into_iter().flatten().collect();
        Some(moved)
    }

    async fn spawn(&mut self, op: &Operation) -> Option<String> {
        let of = op.args[0].clone();
        let given = self.moved(op.option("give=").unwrap_or(""))?;
        let slot = if let Some(orphans) = op.option("orphans=") {
            let orphans = self.find::<Orphans>(orphans)?;
            let handle = if op.word == "async" { None } else { Some(self.world.another()?) };
            let mut set = orphans.0.try_lock().ok()?; // or it is borrowed
            match handle {
                None => set.spawn(self.child(op, &of, given)),
                Some(handle) => set.spawn_on(self.child(op, &of, given), handle),
            };
            Slot::default()
        } else if op.word == "async" {
            Arc::new(Mutex::new(Some(tokio::spawn(self.child(op, &of, given)))))
        } else {
            self.call(op, &of, given)?
        };
        self.bound.push(slot);
        ok()
    }

    async fn force(&mut self, op: &Operation) -> Option<String> {
        let lazy = self.find::<Lazy>(&op.args[0])?;
        let world = self.world.clone();
        let compute = || {
            let name = world.instance(&lazy.0, Some(format!("force {} {}", self.name, op.line)));
            let part = task(world.clone(), name, lazy.0.clone(), Vec::new());
            async move { part.await.ended }
        };
        Some(outcome(lazy.1.get_or_init(compute).await))
    }

    /// What asks for a runtime inside a runtime panics.
    fn run(&self, op: &Operation) -> Option<String> {
        let part = self.child(op, &op.args[0], Vec::new());
        let run = || Handle::current().block_on(part);
        let output = catch_unwind(AssertUnwindSafe(run));
        Some(output.map_or("error panic".to_string(), |output| outcome(&output.ended)))
    }

    fn own(&mut self, op: &Operation) -> Option<String> {
        let name = &op.args[0];
        match op.word.as_str() {
            "create" => {
                let id = self.world.resources.fetch_add(1, SeqCst);
                let resource = Resource { id, name: format!("{} {}", self.name, name) };
                return self.bind(name, Variable(id, Mutex::new(Some(resource))));
            }
            "own" => {
                let resource = self.find::<Variable>(name)?.1.lock().unwrap().take()?;
                self.owned.push(resource);
            }
            "check" => {
                let id = self.find::<Variable>(name)?.0;
                self.owned.iter().find(|resource| resource.id == id)?;
            }
            "disown" => self.moved(name)?.into_iter().for_each(std::mem::forget),
            "release" => drop(self.moved(name)?),
            _ => {
                let moved = self.moved(name)?;
                self.transferred.extend(moved);
            }
        }
        ok()
    }

    async fn lock(&mut self, op: &Operation) -> Option<String> {
        let name = &op.args[0];
        match op.word.as_str() {
            "mutex" => return self.bind(name, Lock(Default::default())),
            "lock" => {
                let guard = self.find::<Lock>(name)?.0.clone().lock_owned().await;
                self.guards.insert(name.clone(), guard);
            }
            "try-lock" => match self.find::<Lock>(name)?.0.clone().try_lock_owned() {
                Ok(guard) => drop(self.guards.insert(name.clone(), guard)),
                Err(_) => return Some("busy".to_string()),
            },
            _ => drop(self.guards.remove(name)?),
        }
        ok()
    }

    async fn watch(&mut self, op: &Operation) -> Option<String> {
        let name = &op.args[0];
        match op.word.as_str() {
            "trigger" => return self.bind(name, Trigger(watch::channel(false).0)),
            "computation" => return self.bind(name, Computation(watch::channel(None).0)),
            "signal-trigger" => drop(self.find::<Trigger>(name)?.0.send_replace(true)),
            "await-trigger" => {
                let trigger = self.find::<Trigger>(name)?;
                let mut receiver = trigger.0.subscribe();
                while !*receiver.borrow() {
                    receiver.changed().await.ok()?;
                }
            }
            "complete" => {
                let end = op.args[1].parse().map_err(|_| op.args[1].clone());
                let completes = self.find::<Computation>(name)?.0.send_if_modified(|state| {
                    let completes = state.is_none();
                    state.get_or_insert(end);
                    completes
                });
                return Some(if completes { "ok" } else { "already" }.to_string());
            }
            "peek" => {
                let computation = self.find::<Computation>(name)?;
                let state = computation.0.borrow().clone();
                return Some(state.map_or("running".to_string(), |ended| outcome(&ended)));
            }
            _ => {
                let computation = self.find::<Computation>(name)?;
                let mut receiver = computation.0.subscribe();
                while receiver.borrow().is_none() {
                    receiver.changed().await.ok()?;
                }
                let state = receiver.borrow().clone();
                return Some(outcome(&state?));
            }
        }
        ok()
    }

    async fn orphanage(&mut self, op: &Operation) -> Option<String> {
        let name = &op.args[0];
        if op.word == "orphans" {
            return self.bind(name, Orphans(Default::default()));
        }
        let orphans = self.find::<Orphans>(name)?;
        let mut set = orphans.0.try_lock().ok()?;
        match op.word.as_str() {
            "length" => Some(outcome(&Ok(set.len()))),
            _ => match set.join_next().await {
                Some(joined) => self.joined(joined),
                None => Some("empty".to_string()),
            },
        }
    }

    async fn until(&mut self, op: &Operation) -> Option<String> {
        let world = self.world.clone();
        while world.program.flags[&op.args[0]].load(SeqCst) < op.number(1) {
            yield_now().await;
        }
        ok()
    }

    async fn once(&mut self, op: &Operation) -> Option<String> {
        match op.word.as_str() {
            "async" | "call" => return self.spawn(op).await,
            "await-one" | "await-first" => return self.await_one(op).await,
            "orphans" | "get" | "length" => return self.orphanage(op).await,
            "create" if op.args.len() > 1 => return None, // with a finaliser that executes a task
            "create" | "own" | "check" | "disown" | "release" | "transfer" => return self.own(op),
            "mutex" | "lock" | "try-lock" | "unlock" => return self.lock(op).await,
            "lazy" => return self.bind(&op.args[0], Lazy(op.args[1].clone(), OnceCell::new())),
            "force" => return self.force(op).await,
            "trigger" | "await-trigger" | "signal-trigger" | "computation" | "complete"
            | "peek" | "await-computation" => return self.watch(op).await,
            "until" => return self.until(op).await,
            "run" => return self.run(op),
            "self" => return Some(outcome(&Ok(domain()))),
            "available" => return Some(outcome(&Ok(self.world.domains.len() - 1))),
            "yield" => yield_now().await,
            "sleep" if op.args[0] == "longest" => std::future::pending().await,
            "sleep" => tokio::time::sleep(Duration::from_millis(op.number(0) as u64)).await,
            "print" => say(format!("print {} {}", self.name, op.args[0])),
            "post" => drop(self.world.program.flags[&op.args[0]].fetch_add(1, SeqCst)),
            _ => return None,
        }
        ok()
    }
}

// ---- The run

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// A thread with a runtime, which goes on until the sender is dropped.
fn start_domain(
    number: usize,
    domains: &mut Vec<Handle>,
) -> (oneshot::Sender<()>, std::thread::JoinHandle<()>) {
    let (sender, stop) = oneshot::channel();
    let runtime = runtime();
    domains.push(runtime.handle().clone());
    let thread = std::thread::spawn(move || {
        DOMAIN.with(|domain| domain.set(number));
        let _ = runtime.block_on(stop);
    });
    (sender, thread)
}

/// Main is a task like the others, so that it takes turns with them.
fn run(program: Program) -> String {
    let main = runtime();
    let mut domains = vec![main.handle().clone()];
    let others: Vec<_> = (1..=program.domains).map(|n| start_domain(n, &mut domains)).collect();
    let world = Arc::new(World {
        program,
        domains,
        calls: AtomicUsize::new(0),
        resources: AtomicUsize::new(0),
        instances: Mutex::default(),
        shared: Mutex::default(),
    });
    let name = world.instance("main", None);
    let joined = main.block_on(main.spawn(task(world, name, "main".to_string(), Vec::new())));
    let ended = match joined {
        Ok(output) => outcome(&output.ended),
        Err(_) => "error panic".to_string(),
    };
    drop(main);
    for (sender, thread) in others {
        drop(sender);
        let _ = thread.join();
    }
    ended
}

fn main() {
    say("driver 2 tokio".to_string());
    say("runtime tokio 1".to_string());
    say("lacks care take condition wait signal broadcast attach detach choose free".to_string());
    say("lacks free-orphans free-mutex free-condition free-lazy free-trigger".to_string());
    say("lacks free-computation".to_string());
    say("lacks protect protect-mutex on-signal canceller handle ignore restore raise spin".to_string());
    say("lacks socket pipe listen accept connect read read-exactly write receive send shutdown".to_string());
    say("lacks close resource hook unhook outside no-monitor".to_string());
    say("lacks split wait-readable wait-writable deadline blocking".to_string());
    say("ready".to_string());
    let mut lines = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        if line != "go" {
            lines.push(line);
            continue;
        }
        say(lines[0].clone());
        say(format!("run {}", run(parse(&lines[1..]))));
        say("ready".to_string());
        lines.clear();
    }
}
