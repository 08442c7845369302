//! Parses a workflow and reports every fault, not only the first.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    fields::{Object, Reader, join},
    graph,
    model::{
        ActionKind, Citation, Class, ClockLength, ClockRule, Fault, Flow, Level, OnDue, Reason, Role, State,
        Stops, Transition, Workflow,
    },
};
use crate::domain::worktime::Length;

/// Words that a rejection reason must not contain in its key, because a report must not be rejected for a wrong address
/// (no wrong door).
const ADDRESS_WORDS: [&str; 8] = [
    "wrong",
    "address",
    "agency",
    "authority",
    "salah",
    "alamat",
    "instansi",
    "wewenang",
];

/// Parses a document.
pub(super) fn workflow(json: &str) -> Result<Workflow, Vec<Fault>> {
    let mut reader = Reader::default();
    let document = reader.document(json);
    if reader.faults.is_empty()
        && let Some(workflow) = reader.workflow(&document)
        && reader.faults.is_empty()
    {
        return Ok(workflow);
    }
    Err(reader.into_faults())
}

impl Reader {
    fn workflow(&mut self, document: &Value) -> Option<Workflow> {
        let known = [
            "id",
            "title",
            "basis",
            "classes",
            "flows",
            "clocks",
            "escalations",
            "rejection_reasons",
            "completion",
        ];
        let of = self.object(document, "document", &known)?;
        let flows = self.flows(of);
        let clocks = self.clocks(of, &flows);
        let workflow = Workflow {
            id: self.id(of),
            title: self.text(of, "", "title"),
            basis: self.basis(of),
            classes: self.classes(of, &flows),
            flows,
            clocks,
            escalations: self.escalations(of),
            rejection_reasons: self.rejection_reasons(of),
            completion: self.reason(of.get("completion").unwrap_or(&Value::Null), "completion"),
        };
        self.windows(&workflow);
        let timed = workflow.classes.iter().any(|c| c.deadline.is_some());
        if timed && workflow.resolution().is_none() {
            self.fault(
                "clocks",
                "needs one with the length `class`, since classes have deadlines",
                "perlu satu penghitung waktu dengan jangka waktu `class` karena ada klasifikasi yang memiliki tenggat",
            );
        }
        Some(workflow)
    }

    fn basis(&mut self, of: &Object) -> Vec<Citation> {
        let rows = self.list(of, "", "basis", 1, 50);
        let citation = |(at, row): (usize, &Value)| {
            let path = format!("basis[{at}]");
            let of = self.object(row, &path, &["citation", "role", "mark"])?;
            Some(Citation {
                citation: self.text(of, &path, "citation"),
                role: self.text(of, &path, "role"),
                confidence: self.text(of, &path, "mark"),
            })
        };
        rows.iter().enumerate().filter_map(citation).collect()
    }

    fn classes(&mut self, of: &Object, flows: &[Flow]) -> Vec<Class> {
        let mut classes = Vec::new();
        for (at, row) in self.list(of, "", "classes", 1, 50).iter().enumerate() {
            let path = format!("classes[{at}]");
            let Some(of) = self.object(row, &path, &["key", "label", "deadline", "flow", "mark"]) else {
                continue;
            };
            let deadline = match of.get("deadline") {
                Some(Value::Null) => None,
                given => self.length(given.unwrap_or(&Value::Null), &join(&path, "deadline")),
            };
            let class = Class {
                key: self.key(of, &path, "key"),
                label: self.text(of, &path, "label"),
                deadline,
                flow: self.key(of, &path, "flow"),
                confidence: self.text(of, &path, "mark"),
            };
            if !class.flow.is_empty() && !flows.iter().any(|f| f.key == class.flow) {
                self.fault(join(&path, "flow"), "is no flow", "bukan alur pada dokumen ini");
            }
            classes.push(class);
        }
        self.unique(
            |at| format!("classes[{at}].key"),
            classes.iter().map(|c| c.key.as_str()),
        );
        classes
    }

    fn flows(&mut self, of: &Object) -> Vec<Flow> {
        let mut flows = Vec::new();
        for (at, row) in self.list(of, "", "flows", 1, 10).iter().enumerate() {
            let path = format!("flows[{at}]");
            let known = ["key", "label", "mark", "states", "transitions"];
            let Some(of) = self.object(row, &path, &known) else {
                continue;
            };
            let states = self.states(of, &path);
            let before = self.faults.len();
            let flow = Flow {
                key: self.key(of, &path, "key"),
                label: self.text(of, &path, "label"),
                confidence: self.text(of, &path, "mark"),
                transitions: self.transitions(of, &path, &states),
                states,
            };
            // Checking the graph of a flow that has faults would only repeat them.
            if self.faults.len() == before {
                graph::check(self, &path, &flow);
            }
            flows.push(flow);
        }
        self.unique(
            |at| format!("flows[{at}].key"),
            flows.iter().map(|f| f.key.as_str()),
        );
        flows
    }

    fn states(&mut self, of: &Object, path: &str) -> Vec<State> {
        let mut states = Vec::new();
        for (at, row) in self.list(of, path, "states", 2, 50).iter().enumerate() {
            let path = format!("{path}.states[{at}]");
            let known = ["key", "label", "public_label", "initial", "terminal"];
            let Some(of) = self.object(row, &path, &known) else {
                continue;
            };
            let label = self.text(of, &path, "label");
            let public = self.text_or_none(of, &path, "public_label");
            states.push(State {
                key: self.key(of, &path, "key"),
                public_label: if public.is_empty() { label.clone() } else { public },
                label,
                initial: self.flag(of, &path, "initial"),
                terminal: self.flag(of, &path, "terminal"),
            });
        }
        let at_state = |at| format!("{path}.states[{at}].key");
        self.unique(at_state, states.iter().map(|s| s.key.as_str()));
        states
    }

    fn transitions(&mut self, of: &Object, path: &str, states: &[State]) -> Vec<Transition> {
        let mut transitions = Vec::new();
        let mut seen = BTreeSet::new();
        let mut implied_from = BTreeSet::new();
        for (at, row) in self.list(of, path, "transitions", 1, 200).iter().enumerate() {
            let path = format!("{path}.transitions[{at}]");
            let known = [
                "from", "to", "action", "roles", "label", "implied", "within", "mark",
            ];
            let Some(of) = self.object(row, &path, &known) else {
                continue;
            };
            let from = self.state_key(of, &path, "from", states);
            let to = self.state_key(of, &path, "to", states);
            let actions = ActionKind::ALL.map(ActionKind::key);
            let action = self.word(
                of.get("action"),
                &join(&path, "action"),
                ActionKind::parse,
                &actions,
            );
            let roles = self.roles(of, &path);
            let within = of.contains_key("within").then(|| self.key(of, &path, "within"));
            let label = self.text(of, &path, "label");
            let implied = self.flag(of, &path, "implied");
            let confidence = self.text_or_none(of, &path, "mark");
            let Some(action) = action else { continue };
            if !seen.insert((from.clone(), action)) {
                self.fault(
                    &path,
                    "the state has another transition for this action",
                    "status ini sudah memiliki peralihan lain untuk tindakan ini",
                );
            }
            if implied && !implied_from.insert(from.clone()) {
                self.fault(
                    &path,
                    "the state has another implied transition",
                    "status ini sudah memiliki peralihan tersirat lain",
                );
            }
            transitions.push(Transition {
                from,
                to,
                action,
                roles,
                label,
                implied,
                within,
                confidence,
            });
        }
        transitions
    }

    fn state_key(&mut self, of: &Object, path: &str, key: &str, states: &[State]) -> String {
        let state = of.get(key).and_then(Value::as_str).unwrap_or_default();
        if state.is_empty() || !states.iter().any(|s| s.key == state) {
            self.fault(join(path, key), "is no state", "bukan status pada alur ini");
        }
        state.to_owned()
    }

    fn role(&mut self, value: Option<&Value>, path: &str) -> Option<Role> {
        self.word(value, path, Role::parse, &Role::ALL.map(Role::key))
    }

    fn roles(&mut self, of: &Object, path: &str) -> Vec<Role> {
        let rows = self
            .list(of, path, "roles", 1, Role::ALL.len())
            .iter()
            .enumerate();
        rows.filter_map(|(at, role)| self.role(Some(role), &format!("{path}.roles[{at}]")))
            .collect()
    }

    fn clocks(&mut self, of: &Object, flows: &[Flow]) -> Vec<ClockRule> {
        let mut clocks = Vec::new();
        for (at, row) in self.list(of, "", "clocks", 0, 20).iter().enumerate() {
            let path = format!("clocks[{at}]");
            let known = [
                "key",
                "label",
                "length",
                "starts_on",
                "stops_on",
                "pauses_in",
                "on_due",
                "citation",
                "mark",
            ];
            let Some(of) = self.object(row, &path, &known) else {
                continue;
            };
            let length = match of.get("length") {
                Some(Value::String(word)) if word == "class" => ClockLength::Class,
                given => self
                    .length(given.unwrap_or(&Value::Null), &join(&path, "length"))
                    .map_or(ClockLength::Fixed(Length::Days(0)), ClockLength::Fixed),
            };
            let stops_on = match of.get("stops_on") {
                Some(Value::String(word)) if word == "others" => Stops::Others,
                _ => Stops::On(self.clock_states(of, &path, "stops_on", 0, flows)),
            };
            let clock = ClockRule {
                key: self.key(of, &path, "key"),
                label: self.text(of, &path, "label"),
                length,
                starts_on: self.clock_states(of, &path, "starts_on", 1, flows),
                stops_on,
                pauses_in: self.clock_states(of, &path, "pauses_in", 0, flows),
                on_due: self.on_due(of, &path),
                citation: self.text_or_none(of, &path, "citation"),
                confidence: self.text(of, &path, "mark"),
            };
            self.clock(&path, &clock, flows);
            clocks.push(clock);
        }
        self.unique(
            |at| format!("clocks[{at}].key"),
            clocks.iter().map(|c| c.key.as_str()),
        );
        let by_class = clocks.iter().filter(|c| c.length == ClockLength::Class).count();
        if by_class > 1 {
            self.fault(
                "clocks",
                "only one may have the length `class`",
                "hanya satu penghitung waktu yang boleh memiliki jangka waktu `class`",
            );
        }
        clocks
    }

    fn clock_states(
        &mut self,
        of: &Object,
        path: &str,
        key: &str,
        least: usize,
        flows: &[Flow],
    ) -> Vec<String> {
        let mut states = Vec::new();
        for (at, row) in self.list(of, path, key, least, 50).iter().enumerate() {
            let state = row.as_str().unwrap_or_default();
            if !flows.iter().any(|f| f.state(state).is_some()) {
                self.fault(
                    format!("{path}.{key}[{at}]"),
                    "is no state",
                    "bukan status pada alur ini",
                );
            }
            states.push(state.to_owned());
        }
        states
    }

    fn on_due(&mut self, of: &Object, path: &str) -> OnDue {
        let path = join(path, "on_due");
        let Some(given) = of.get("on_due") else {
            return OnDue::Nothing;
        };
        let Some(of) = self.object(given, &path, &["escalate", "action"]) else {
            return OnDue::Nothing;
        };
        if self.flag(of, &path, "escalate") {
            if of.contains_key("action") {
                self.fault(
                    &path,
                    "cannot both escalate and act",
                    "tidak boleh sekaligus memicu eskalasi dan tindakan",
                );
            }
            return OnDue::Escalate;
        }
        let actions = [ActionKind::Close.key(), ActionKind::Expire.key()];
        let parse = |word: &str| {
            ActionKind::parse(word).filter(|a| matches!(a, ActionKind::Close | ActionKind::Expire))
        };
        self.word(of.get("action"), &join(&path, "action"), parse, &actions)
            .map_or(OnDue::Nothing, OnDue::Act)
    }

    /// A clock must do only one thing in a state, and its action must be possible wherever it can be due.
    fn clock(&mut self, path: &str, clock: &ClockRule, flows: &[Flow]) {
        let states = || flows.iter().flat_map(|f| f.states.iter().map(move |s| (f, s)));
        let ambiguous = states().any(|(_, s)| {
            let does = [clock.starts(&s.key), clock.stops(&s.key), clock.pauses(&s.key)];
            does.into_iter().filter(|d| *d).count() > 1
        });
        if ambiguous {
            self.fault(
                path,
                "starts, stops and pauses in different states only",
                "pada satu status hanya boleh memulai, berhenti, atau dijeda",
            );
        }
        if states().any(|(_, s)| s.terminal && !clock.stops(&s.key)) {
            self.fault(
                path,
                "must stop in every terminal state",
                "harus berhenti pada setiap status akhir",
            );
        }
        if let OnDue::Act(action) = clock.on_due {
            let stuck = states().any(|(flow, s)| {
                let can = flow
                    .transition(&s.key, action)
                    .is_some_and(|t| t.allows(Role::System));
                !clock.stops(&s.key) && !clock.pauses(&s.key) && !can
            });
            if stuck {
                self.fault(
                    path,
                    "may run only in states in which the system can take its action",
                    "hanya boleh berjalan pada status yang mengizinkan sistem melakukan tindakan itu",
                );
            }
        }
    }

    fn escalations(&mut self, of: &Object) -> Vec<Level> {
        let mut levels = Vec::new();
        let mut before = None;
        for (at, row) in self.list(of, "", "escalations", 0, 10).iter().enumerate() {
            let path = format!("escalations[{at}]");
            let known = ["level", "label", "working_days", "role", "mark"];
            let Some(of) = self.object(row, &path, &known) else {
                continue;
            };
            let level = i32::try_from(at).unwrap_or_default();
            if of.get("level").and_then(Value::as_i64) != Some(level.into()) {
                self.fault(
                    join(&path, "level"),
                    "levels count 0, 1, 2, …",
                    "jenjang harus berurutan 0, 1, 2, …",
                );
            }
            let days = of.get("working_days").and_then(Value::as_i64);
            let days = days.filter(|d| (-100..=100).contains(d));
            let days = days.and_then(|d| i32::try_from(d).ok());
            match (days, before) {
                (None, _) => self.fault(
                    join(&path, "working_days"),
                    "must be a whole number from -100 to 100",
                    "harus bilangan bulat -100 sampai 100",
                ),
                (Some(days), Some(before)) if days <= before => self.fault(
                    join(&path, "working_days"),
                    "must be later than the level before",
                    "harus lebih lambat daripada jenjang sebelumnya",
                ),
                (Some(_), _) => {}
            }
            before = days.or(before);
            let role = self.role(of.get("role"), &join(&path, "role"));
            levels.push(Level {
                level,
                label: self.text(of, &path, "label"),
                working_days: days.unwrap_or_default(),
                role: role.unwrap_or(Role::System),
                confidence: self.text(of, &path, "mark"),
            });
        }
        levels
    }

    fn rejection_reasons(&mut self, of: &Object) -> Vec<Reason> {
        let rows = self.list(of, "", "rejection_reasons", 1, 100).iter().enumerate();
        let reasons: Vec<Reason> = rows
            .map(|(at, row)| self.reason(row, &format!("rejection_reasons[{at}]")))
            .collect();
        let at_reason = |at| format!("rejection_reasons[{at}].key");
        self.unique(at_reason, reasons.iter().map(|r| r.key.as_str()));
        for (at, reason) in reasons.iter().enumerate() {
            if ADDRESS_WORDS.iter().any(|word| reason.key.contains(word)) {
                self.fault(
                    at_reason(at),
                    "a report is forwarded, never rejected for a wrong address",
                    "laporan dialihkan, tidak pernah ditolak karena salah alamat",
                );
            }
        }
        reasons
    }

    /// A window must start in the state from which the transition leads that it limits.
    fn windows(&mut self, workflow: &Workflow) {
        for (at, flow) in workflow.flows.iter().enumerate() {
            for (number, transition) in flow.transitions.iter().enumerate() {
                let Some(window) = &transition.within else {
                    continue;
                };
                if !window.is_empty() && !workflow.clock(window).is_some_and(|c| c.starts(&transition.from)) {
                    self.fault(
                        format!("flows[{at}].transitions[{number}].within"),
                        "is no clock that starts in the state",
                        "bukan penghitung waktu yang dimulai pada status itu",
                    );
                }
            }
        }
    }
}
