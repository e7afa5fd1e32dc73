(* driver.ml: executes scenarios on Miou, in the protocol of spec/scenario.md.

   The parent reads, and forks a child for each scenario, so that a run that brings down its process
   costs that scenario only. OCaml can fork because the parent never starts a second domain. *)

(* ---- Programs ---- *)

type operation = { line : int; bind : string option; repeat : int; words : string list }

type program = {
  domains : int;
  shared : string list;
  tasks : (string, operation list) Hashtbl.t; (* the operations of each, last one first *)
}

exception Refused of string

let words line =
  List.hd (String.split_on_char '#' line)
  |> String.map (function '\t' | '\r' -> ' ' | c -> c)
  |> String.split_on_char ' '
  |> List.filter (( <> ) "")

let rec operation line bind repeat = function
  | p :: "=" :: rest -> operation line (Some p) repeat rest
  | "repeat" :: n :: rest -> operation line bind (int_of_string n) rest
  | words -> { line; bind; repeat; words }

let no_program () = { domains = 1; shared = []; tasks = Hashtbl.create 8 }

let parse lines =
  let empty = no_program () in
  let tasks = empty.tasks in
  let parse_line (program, task) (line, text) =
    match (words text, task) with
    | [], _ -> (program, task)
    | [ "domains"; n ], None -> ({ program with domains = int_of_string n }, None)
    | "shared" :: names, None -> ({ program with shared = names @ program.shared }, None)
    | [ "task"; name ], _ -> Hashtbl.replace tasks name []; (program, Some name)
    | _, None -> raise (Refused (Printf.sprintf "line %d is in no task" line))
    | words, Some name ->
        let earlier = Hashtbl.find tasks name in
        Hashtbl.replace tasks name (operation line None 1 words :: earlier);
        (program, task)
  in
  let numbered = List.mapi (fun i text -> (i + 1, text)) lines in
  let program, _ = List.fold_left parse_line (empty, None) numbered in
  if Hashtbl.mem tasks "main" then program else raise (Refused "there is no task main")

(* ---- Output ---- *)

let output = Mutex.create ()

let write line =
  let line = Bytes.of_string (line ^ "\n") in
  let rec write from =
    if from < Bytes.length line then
      write (from + Unix.write Unix.stdout line from (Bytes.length line - from))
  in
  write 0

let say format = Printf.ksprintf (fun line -> Mutex.protect output (fun () -> write line)) format

(* ---- Instances, and what their names stand for ---- *)

type names = {
  promises : (string, int Miou.t list) Hashtbl.t; (* all that the last execution bound *)
  resources : (string, Miou.Ownership.t) Hashtbl.t;
  orphans : (string, int Miou.orphans) Hashtbl.t;
  mutexes : (string, Miou.Mutex.t) Hashtbl.t;
  conditions : (string, Miou.Condition.t) Hashtbl.t;
  lazies : (string, int Miou.Lazy.t) Hashtbl.t;
  triggers : (string, Miou.Trigger.t) Hashtbl.t;
  computations : (string, int Miou.Computation.t) Hashtbl.t;
}

type instance = { name : string; task : string; names : names }

let no_names () =
  let none () = Hashtbl.create 1 in
  { promises = none (); resources = none (); orphans = none (); mutexes = none ();
    conditions = none (); lazies = none (); triggers = none (); computations = none () }

let promises names = names.promises
let resources names = names.resources
let orphans names = names.orphans
let mutexes names = names.mutexes
let conditions names = names.conditions
let lazies names = names.lazies
let triggers names = names.triggers
let computations names = names.computations

let program = ref (no_program ())
let shared_names = no_names () (* of the line `shared`, for all instances *)
let shared_lock = Mutex.create ()

let with_table self kind name f =
  if List.mem name !program.shared then
    Mutex.protect shared_lock (fun () -> f (kind shared_names))
  else f (kind self.names)

exception Absent

let bind self kind name thing = with_table self kind name (fun t -> Hashtbl.replace t name thing)

let find self kind name =
  match with_table self kind name (fun t -> Hashtbl.find_opt t name) with
  | Some thing -> thing
  | None -> raise Absent (* the NULL of C, which OCaml does not have *)

(* How many instances each task has had. *)
let spawned = Hashtbl.create 8

(* The next instance of a task, numbered in the order of the lines that tell of it. *)
let instance ?(word = "spawn") parent task =
  Mutex.protect output @@ fun () ->
  let number = 1 + Option.value ~default:0 (Hashtbl.find_opt spawned task) in
  Hashtbl.replace spawned task number;
  let name = if number = 1 then task else Printf.sprintf "%s#%d" task number in
  Option.iter
    (fun (self, line) -> write (Printf.sprintf "%s %s %d %s" word self.name line name))
    parent;
  { name; task; names = no_names () }

(* ---- Flags ---- *)

let flags = Hashtbl.create 8
let flags_lock = Mutex.create ()
let posted flag = Option.value ~default:0 (Hashtbl.find_opt flags flag)

let post flag =
  Mutex.protect flags_lock (fun () -> Hashtbl.replace flags flag (posted flag + 1))

let rec until flag times =
  if Mutex.protect flags_lock (fun () -> posted flag) < times then begin
    Miou.yield ();
    until flag times
  end

(* ---- Outcomes ---- *)

exception Failed of string (* by `fail` *)
exception Failed_to_compute of string (* by `fail`, in the function of a lazy value *)

(* What an exception says of an operation. Some exceptions of Miou can be told by name only. *)
let error = function
  | Absent -> "absent"
  | Failed_to_compute name -> "failed " ^ name
  | Miou.No_domain_available -> "no-domain-available"
  | Miou.Lazy.Undefined -> "undefined"
  | Sys_error _ -> "not-permitted" (* a mutex that the task does not hold *)
  | Invalid_argument _ -> "invalid"
  | Out_of_memory -> "no-memory"
  | other -> (
      match Printexc.exn_slot_name other with
      | "Miou.Still_has_children" -> "still-has-children"
      | "Miou.Resource_leaked" -> "resource-leaked"
      | "Miou.Not_a_child" -> "not-a-child"
      | "Miou.Not_owner" -> "not-owner"
      | name -> "error " ^ List.hd (List.rev (String.split_on_char '.' name)))

let value = function 0 -> "ok" | n -> Printf.sprintf "ok %d" n

let ended = function
  | Ok n -> value n
  | Error Miou.Cancelled -> "cancelled"
  | Error (Failed name) -> "failed " ^ name
  | Error other -> error other

(* A task that is stopped is left by an exception: Cancelled, or that of a parent that has failed.
   No call raises these for another reason. *)
let is_stop = function Miou.Cancelled | Failed _ -> true | _ -> false

let completed = function
  | Error (Miou.Cancelled, _) -> raise Miou.Cancelled
  | result -> ended (Result.map_error fst result)

(* ---- Operations ---- *)

let domain () = (Domain.self () :> int)

type _ Effect.t += Forcer : (instance * int) Effect.t

(* What stands behind `name=` among the words. *)
let option name words =
  let prefix = name ^ "=" in
  let size = String.length prefix in
  List.find_opt (String.starts_with ~prefix) words
  |> Option.map (fun word -> String.sub word size (String.length word - size))

let int_of_uid uid = int_of_string (Format.asprintf "%a" Miou.Domain.Uid.pp uid)
let pin = function "self" -> Miou.Domain.self () | n -> Miou.Domain.Uid.of_int (int_of_string n)

let give self words =
  Option.fold ~none:[] ~some:(String.split_on_char ',') (option "give" words)
  |> List.map (find self resources)

let all self ps = List.concat_map (find self promises) ps

let rec execute self = function
  | [] -> Ok 0
  | { words = [ "return"; n ]; _ } :: _ -> Ok (int_of_string n)
  | { words = [ "fail"; name ]; _ } :: _ -> Error name
  | operation :: rest -> perform self operation; execute self rest

(* Execute an operation as often as it says, and say its outcomes. *)
and perform self op =
  let outcomes = ref [] and bound = ref [] in
  let note outcome = outcomes := outcome :: !outcomes in
  let finally () =
    Option.iter (fun p -> bind_promises self p (List.rev !bound)) op.bind;
    say "did %s %d %s" self.name op.line (list op (List.rev !outcomes))
  in
  Fun.protect ~finally @@ fun () ->
  for _ = 1 to op.repeat do
    operate self op note (fun promise -> bound := promise :: !bound)
  done

and bind_promises self p = function
  | [] -> with_table self promises p (fun table -> Hashtbl.remove table p)
  | bound -> bind self promises p bound

and list op outcomes =
  match (outcomes, op.words) with
  | [], _ -> "none"
  | _, "parallel" :: _ -> String.concat ", " outcomes
  | first :: rest, _ when List.for_all (( = ) first) rest -> first
  | _ -> String.concat ", " outcomes

(* Most operations have one outcome; those on promises have one for each promise. *)
and operate self op note bind_promise =
  let attempt f =
    try f () with
    | stop when is_stop stop -> note "stopped"; raise stop
    | other -> note (error other)
  in
  let each p f =
    match find self promises p with
    | exception Absent -> note "absent"
    | promises -> List.iter (fun promise -> attempt (fun () -> note (f promise))) promises
  in
  match op.words with
  | [ "await"; p ] -> each p (fun promise -> ended (Miou.await promise))
  | [ "cancel"; p ] -> each p (fun promise -> Miou.cancel promise; "ok")
  | [ "state"; p ] -> each p state
  | "await-all" :: ps ->
      attempt (fun () -> List.iter note (List.map ended (Miou.await_all (all self ps))))
  | "parallel" :: tasks -> attempt (fun () -> List.iter note (parallel self op tasks))
  | words -> attempt (fun () -> note (single self op bind_promise words))

and state promise =
  match Miou.Promise.state promise with
  | Running -> "running"
  | Finished -> "finished"
  | Exited -> "exited"

and parallel self op tasks =
  let children = List.map (instance (Some (self, op.line))) tasks in
  List.map ended (Miou.parallel (fun child -> run child ()) children)

and single self op bind_promise words =
  let find kind name = find self kind name and bind kind name = bind self kind name in
  let spawn task = run (instance (Some (self, op.line)) task) in
  let do_ f = f; "ok" in
  let if_ condition otherwise = if condition then "ok" else otherwise in
  match words with
  (* Tasks *)
  | ("async" | "call") :: _ :: options when op.bind = None && option "orphans" options = None ->
      raise Absent (* C can pass no place for the promise; OCaml cannot *)
  | "async" :: task :: options ->
      let give = give self options
      and orphans = Option.map (find orphans) (option "orphans" options) in
      do_ (bind_promise (Miou.async ~give ?orphans (spawn task)))
  | "call" :: task :: options ->
      let give = give self options
      and orphans = Option.map (find orphans) (option "orphans" options)
      and pin = Option.map pin (option "pin" options) in
      do_ (bind_promise (Miou.call ?pin ~give ?orphans (spawn task)))
  | "await-one" :: ps -> ended (Miou.await_one (all self ps))
  | "await-first" :: ps -> ended (Miou.await_first (all self ps))
  | [ "yield" ] -> do_ (Miou.yield ())
  | [ "sleep"; "longest" ] -> raise Absent (* a float has no longest time *)
  | [ "sleep"; n ] -> do_ (Miou_unix.sleep (float_of_string n /. 1000.))
  | [ "run"; task ] -> run_main (spawn task)
  | [ "self" ] -> value (int_of_uid (Miou.Domain.self ()))
  | [ "available" ] -> value (Miou.Domain.available ())
  (* Orphanages *)
  | [ "orphans"; o ] -> do_ (bind orphans o (Miou.orphans ()))
  | [ "care"; o ] -> (
      match Miou.care (find orphans o) with
      | None -> "empty"
      | Some None -> "running"
      | Some (Some promise) -> bind_promise promise; "ended")
  | [ "take"; o ] -> (
      match Miou.take (find orphans o) with
      | None -> "empty"
      | Some promise -> bind_promise promise; "taken")
  | [ "get"; o ] -> Option.fold ~none:"empty" ~some:ended (Miou.get (find orphans o))
  | [ "length"; o ] -> value (Miou.length (find orphans o))
  (* Resources *)
  | [ "create"; r ] ->
      let finally () = say "finalise %s %s %d" self.name r (domain ()) in
      do_ (bind resources r (Miou.Ownership.create ~finally ()))
  | [ "own"; r ] -> do_ (Miou.Ownership.own (find resources r))
  | [ "check"; r ] -> do_ (Miou.Ownership.check (find resources r))
  | [ "disown"; r ] -> do_ (Miou.Ownership.disown (find resources r))
  | [ "release"; r ] -> do_ (Miou.Ownership.release (find resources r))
  | [ "transfer"; r ] -> do_ (Miou.Ownership.transfer (find resources r))
  (* Synchronisation *)
  | [ "mutex"; m ] -> do_ (bind mutexes m (Miou.Mutex.create ()))
  | [ "lock"; m ] -> (
      let mutex = find mutexes m in
      try do_ (Miou.Mutex.lock mutex) with Sys_error _ -> "would-deadlock")
  | [ "try-lock"; m ] -> if_ (Miou.Mutex.try_lock (find mutexes m)) "busy"
  | [ "unlock"; m ] -> do_ (Miou.Mutex.unlock (find mutexes m))
  | [ "condition"; c ] -> do_ (bind conditions c (Miou.Condition.create ()))
  | [ "wait"; c; m ] -> do_ (Miou.Condition.wait (find conditions c) (find mutexes m))
  | [ "signal"; c ] -> do_ (Miou.Condition.signal (find conditions c))
  | [ "broadcast"; c ] -> do_ (Miou.Condition.broadcast (find conditions c))
  | [ "lazy"; l; task ] -> do_ (bind lazies l (Miou.Lazy.from_fun (compute task)))
  | [ "force"; l ] -> force self op (find lazies l)
  | [ "trigger"; t ] -> do_ (bind triggers t (Miou.Trigger.create ()))
  | [ "await-trigger"; t ] -> (
      let trigger = find triggers t in
      match Miou.Trigger.await trigger with
      | exception Invalid_argument _ -> "busy"
      | None -> "ok"
      | Some (stop, backtrace) -> Printexc.raise_with_backtrace stop backtrace)
  | [ "signal-trigger"; t ] -> do_ (Miou.Trigger.signal (find triggers t))
  | [ "computation"; x ] -> do_ (bind computations x (Miou.Computation.create ()))
  | [ "complete"; x; end_ ] -> complete (find computations x) end_
  | [ "await-computation"; x ] -> completed (Miou.Computation.await (find computations x))
  | [ "peek"; x ] ->
      Option.fold ~none:"running" ~some:completed (Miou.Computation.peek (find computations x))
  | [ "attach"; x; t ] ->
      if_ (Miou.Computation.try_attach (find computations x) (find triggers t)) "already"
  | [ "detach"; x; t ] -> do_ (Miou.Computation.detach (find computations x) (find triggers t))
  (* The program's own *)
  | [ "print"; word ] -> do_ (say "print %s %s" self.name word)
  | [ "post"; flag ] -> do_ (post flag)
  | [ "until"; flag ] -> do_ (until flag 1)
  | [ "until"; flag; n ] -> do_ (until flag (int_of_string n))
  | _ -> raise Absent

and complete computation end_ =
  let first =
    match int_of_string_opt end_ with
    | Some n -> Miou.Computation.try_return computation n
    | None -> Miou.Computation.try_cancel computation (Failed end_, Printexc.get_callstack 0)
  in
  if first then "ok" else "already"

(* The function of a lazy value asks by an effect whose force it is a part of. *)
and force self op computed =
  let effc : type a. a Effect.t -> ((a, _) Effect.Deep.continuation -> _) option = function
    | Forcer -> Some (fun k -> Effect.Deep.continue k (self, op.line))
    | _ -> None
  in
  Effect.Deep.try_with (fun () -> value (Miou.Lazy.force computed)) () { effc }

and compute task () =
  let self = instance ~word:"force" (Some (Effect.perform Forcer)) task in
  match begin_ self with Ok n -> n | Error name -> raise (Failed_to_compute name)

and run self () = match begin_ self with Ok n -> n | Error name -> raise (Failed name)

and begin_ self =
  say "begin %s %d" self.name (domain ());
  Fun.protect
    ~finally:(fun () -> say "end %s" self.name)
    (fun () -> execute self (List.rev (Hashtbl.find !program.tasks self.task)))

(* How a run with this main task ends. *)
and run_main main =
  match Miou_unix.run ~domains:!program.domains main with
  | n -> value n
  | exception error -> ended (Error error)

(* ---- The conversation ---- *)

let rec read_program lines =
  match String.trim (input_line stdin) with
  | "go" -> List.rev lines
  | line -> read_program (line :: lines)

(* In a process that ends afterwards. *)
let execute_scenario lines =
  match parse lines with
  | exception (Refused why | Failure why) -> say "refused %s" why
  | parsed ->
      program := parsed;
      say "run %s" (run_main (run (instance None "main")))

(* OCaml has numbers of its own for signals. *)
let signal number =
  List.assoc_opt number
    [ (Sys.sigill, 4); (Sys.sigabrt, 6); (Sys.sigbus, 7); (Sys.sigfpe, 8); (Sys.sigkill, 9);
      (Sys.sigsegv, 11); (Sys.sigterm, 15) ]
  |> Option.value ~default:number

let serve_scenario id =
  let lines = read_program [] in
  say "scenario %s" id;
  match Unix.fork () with
  | 0 -> execute_scenario lines; Unix._exit 0
  | child -> (
      match snd (Unix.waitpid [] child) with
      | WEXITED 0 -> ()
      | WEXITED status -> say "died status %d" status
      | WSIGNALED number | WSTOPPED number -> say "died signal %d" (signal number))

let rec serve () =
  say "ready";
  match words (input_line stdin) with
  | [ "scenario"; id ] -> serve_scenario id; serve ()
  | _ -> prerr_endline "driver: not a scenario"; exit 2
  | exception End_of_file -> ()

let () =
  say "driver 2 miou";
  say "runtime Miou 0.7";
  say "lacks choose free free-orphans free-mutex free-condition free-lazy free-trigger";
  say "lacks free-computation outside no-monitor socket pipe listen";
  serve ()
