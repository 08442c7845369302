//! The layout of a service that keeps each operation in a file of its own (`src/rpc/`): which modules may import which.

use std::collections::{BTreeMap, BTreeSet};

use super::{code, read, services, without_tests};

/// The path of a module from the root of its crate: `["store", "unit"]`.
type Module = Vec<String>;

fn module(parts: &[&str]) -> Module {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// The module in a file below `src/`.
fn module_of(file: &str) -> Module {
    let parts: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    match parts.as_slice() {
        ["lib"] => Vec::new(),
        [folders @ .., "mod"] => module(folders),
        whole => module(whole),
    }
}

/// The paths of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn expand(tree: &str, before: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        paths.push(format!("{before}{path}"));
        return;
    };
    let before = format!("{before}{}", head.trim());
    let (mut depth, mut from) = (0, 0);
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                if !rest[from..at].trim().is_empty() {
                    expand(&rest[from..at], &before, paths);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// Every path in the code of a file, in `use` or in place.
fn paths(text: &str) -> Vec<String> {
    let lines: Vec<&str> = code(text).into_iter().map(|(_, line)| line).collect();
    let (mut found, mut rest) = (Vec::new(), String::new());
    for statement in lines.join("\n").split_inclusive(';') {
        let start = statement
            .rfind("\nuse ")
            .or_else(|| statement.rfind("\npub use "));
        let whole = statement.starts_with("use ") || statement.starts_with("pub use ");
        match start.map(|at| at + 1).or(whole.then_some(0)) {
            Some(at) => {
                rest.push_str(&statement[..at]);
                let tree = statement[at..]
                    .trim_start_matches("pub ")
                    .trim_start_matches("use ");
                expand(tree.trim_end_matches(';'), "", &mut found);
            }
            None => rest.push_str(statement),
        }
    }
    let in_place = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    found.extend(in_place.filter(|path| path.contains("::")).map(str::to_owned));
    found
}

/// The module of `modules` that a path in `from` refers to, if it is one of the service's own.
fn resolve(path: &str, from: &Module, modules: &BTreeMap<Module, String>) -> Option<Module> {
    let mut parts = path.split("::");
    let mut place = match parts.next()? {
        "crate" => Vec::new(),
        "self" => from.clone(),
        "super" => from[..from.len().checked_sub(1)?].to_vec(),
        child => {
            let place = [from.as_slice(), &module(&[child])].concat();
            modules.contains_key(&place).then_some(place)?
        }
    };
    for part in parts {
        match part {
            "super" => drop(place.pop()),
            part => {
                let below = [place.as_slice(), &module(&[part])].concat();
                if !modules.contains_key(&below) {
                    break;
                }
                place = below;
            }
        }
    }
    modules.contains_key(&place).then_some(place)
}

/// The imports of a service: for each module those that it names.
fn imports(files: &[(String, String)]) -> BTreeMap<Module, BTreeSet<Module>> {
    let modules: BTreeMap<Module, String> = files
        .iter()
        .map(|(file, _)| (module_of(file), file.clone()))
        .collect();
    let of = |(file, text): &(String, String)| {
        let from = module_of(file);
        let named = paths(text).into_iter();
        let named = named.filter_map(|path| resolve(&path, &from, &modules));
        let others = named.filter(|to| *to != from).collect();
        (from, others)
    };
    files.iter().map(of).collect()
}

/// The noun of a module of `rpc`, which is the name of its folder.
fn noun<'a>(module: &'a Module, files: &[(String, String)]) -> Option<&'a str> {
    let noun = module.get(1).filter(|_| module[0] == "rpc")?;
    let folder = format!("rpc/{noun}/");
    files
        .iter()
        .any(|(file, _)| file.starts_with(&folder))
        .then_some(noun)
}

/// The reason why one module must not import another, if there is one.
fn forbidden(from: &Module, to: &Module, files: &[(String, String)]) -> Option<&'static str> {
    let room = |module: &Module| module.first().cloned().unwrap_or_default();
    match (room(from).as_str(), room(to).as_str()) {
        ("domain", other) if other != "domain" => Some("the domain imports nothing of its service"),
        ("store" | "events" | "derived" | "tasks", "rpc" | "server") => {
            Some("what is below an operation does not know it")
        }
        ("rpc", "rpc") if noun(to, files).is_some() && noun(from, files) != noun(to, files) => {
            Some("nouns don't know each other")
        }
        _ => None,
    }
}

/// Modules that import themselves through others.
fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<&Module> {
    let comes_back = |start: &&Module| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Module> = imports[*start].iter().collect();
        while let Some(next) = open.pop() {
            if next == *start {
                return true;
            }
            if seen.insert(next) {
                open.extend(&imports[next]);
            }
        }
        false
    };
    imports.keys().filter(comes_back).collect()
}

/// The faults of a service whose files below `src/` are `files`, and the number of its imports.
fn faults(files: &[(String, String)]) -> (Vec<String>, usize) {
    let imports = imports(files);
    let mut faults = Vec::new();
    for (file, _) in files {
        let room = file.split('/').next().unwrap().trim_end_matches(".rs");
        if matches!(room, "app" | "grpc") {
            faults.push(format!("{file}: operations stand in rpc/"));
        }
    }
    for (from, named) in &imports {
        for to in named {
            let why = forbidden(from, to, files);
            faults.extend(why.map(|why| format!("{} imports {}: {why}", from.join("::"), to.join("::"))));
        }
    }
    let circles = circles(&imports);
    if !circles.is_empty() {
        faults.push(format!("these import each other in a circle: {circles:?}"));
    }
    (faults, imports.values().map(BTreeSet::len).sum())
}

#[test]
fn each_operation_has_a_module_of_its_own() {
    let shipped = without_tests();
    let mut kept = 0;
    for service in services() {
        let files = sources(&service, &shipped);
        if !files.iter().any(|(file, _)| file.starts_with("rpc/")) {
            continue;
        }
        kept += 1;
        let (faults, imports) = faults(&files);
        assert!(faults.is_empty(), "{service}: {faults:#?}");
        assert!(imports > files.len(), "{service}: {imports} imports are read");
    }
    assert!(kept > 0, "no service has operations in rpc/");
}

/// The files of a package below `src/` that are shipped, with their text.
fn sources(package: &str, shipped: &[String]) -> Vec<(String, String)> {
    let src = format!("services/{package}/src/");
    let below = shipped.iter().filter_map(|path| path.strip_prefix(&src));
    below
        .map(|file| (file.to_owned(), read(&format!("{src}{file}"))))
        .collect()
}

#[test]
fn platform_modules_have_no_import_cycle() {
    let mut imports = imports(&sources("platform", &without_tests()));
    // A module may use what the module around it declares, in addition to what that one uses from it.
    for (from, named) in &mut imports {
        named.retain(|to| !from.starts_with(to));
    }
    let circles = circles(&imports);
    assert!(circles.is_empty(), "{circles:?}");
}

#[test]
fn a_forbidden_import_is_reported() {
    let check = |files: &[(&str, &str)]| {
        let files: Vec<_> = files
            .iter()
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
            .collect();
        faults(&files).0
    };
    let good = [
        ("lib.rs", "mod domain;\nfn start() { server::server() }\n"),
        ("server.rs", "use crate::rpc::{unit, agency};\n"),
        ("domain/mod.rs", "pub mod unit;\npub mod text;\n"),
        ("domain/unit.rs", "use super::text;\n// use crate::store;\n"),
        (
            "domain/text.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::store;\n}\n",
        ),
        ("store/mod.rs", "mod unit;\npub use unit::{unit_get};\n"),
        ("store/unit.rs", "use crate::domain::{self, unit::Unit};\n"),
        ("rpc/mod.rs", "pub mod unit;\npub mod agency;\nmod medium;\n"),
        ("rpc/medium.rs", "use crate::domain::unit;\n"),
        ("rpc/agency/mod.rs", "mod create;\npub use create::Create;\n"),
        (
            "rpc/agency/create.rs",
            "use crate::{\n    store::{self as rows},\n    rpc::medium,\n};\n",
        ),
        (
            "rpc/unit/mod.rs",
            "mod close;\nmod message;\npub use close::Close;\n",
        ),
        (
            "rpc/unit/close.rs",
            "use super::message;\nfn f() { crate::store::unit_get() }\n",
        ),
        ("rpc/unit/message.rs", "use crate::domain::unit::Unit;\n"),
        ("derived/mod.rs", "pub mod score;\n"),
        ("derived/score.rs", "use crate::store::unit_get;\n"),
    ];
    assert_eq!(check(&good), Vec::<String>::new());
    for (file, text, fault) in [
        (
            "domain/unit.rs",
            "use crate::store;\n",
            "imports nothing of its service",
        ),
        (
            "domain/unit.rs",
            "fn f() { crate::store::unit_get() }\n",
            "imports nothing of its service",
        ),
        (
            "store/unit.rs",
            "use crate::{domain, rpc::unit::Close};\n",
            "does not know it",
        ),
        (
            "derived/score.rs",
            "use crate::rpc::medium;\n",
            "does not know it",
        ),
        (
            "derived/score.rs",
            "use crate::server::Server;\n",
            "does not know it",
        ),
        (
            "tasks.rs",
            "fn f() { crate::rpc::unit::Close }\n",
            "does not know it",
        ),
        (
            "rpc/unit/close.rs",
            "use crate::rpc::agency::Create;\n",
            "nouns don't know each other",
        ),
        (
            "rpc/unit/close.rs",
            "use super::super::agency;\n",
            "nouns don't know each other",
        ),
        (
            "rpc/medium.rs",
            "use super::unit::Close;\n",
            "nouns don't know each other",
        ),
        ("rpc/unit/message.rs", "use super::Close;\n", "in a circle"),
        (
            "server.rs",
            "use crate::rpc::unit;\nuse crate::NAME;\n",
            "in a circle",
        ),
        ("grpc/server.rs", "", "operations stand in rpc/"),
    ] {
        let mut files = good.to_vec();
        files.retain(|(kept, _)| *kept != file);
        files.push((file, text));
        let found = check(&files);
        assert!(
            found.iter().any(|line| line.contains(fault)),
            "{file}: {text}: {found:?}"
        );
    }
}
