//! Rules of this repository that no compiler checks.

mod contract;
mod parsers;
mod rights;
mod rooms;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto};

/// Folders of `services/` that are not services.
const NOT_SERVICES: [&str; 2] = ["platform", "prima"];
const MAX_LINES: usize = 500;
/// Code of `prima` that may import services: what runs them, and what answers by their rules without calling them.
const MAY_IMPORT: [&str; 4] = ["run.rs", "run/", "local/", "cli/workdays.rs"];
/// Imports of files are not separated from the domains yet.
const NOT_YET: &str = "client/import/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn run(program: &str, args: &[&str]) -> String {
    let done = Command::new(program)
        .args(args)
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let problem = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {args:?}: {problem}");
    String::from_utf8(done.stdout).unwrap()
}

/// Every file of the repository, including those that are not committed yet.
fn files() -> Vec<String> {
    let args = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = run("git", &args);
    let all = listed.lines().map(str::to_owned);
    let all: Vec<String> = all.filter(|f| root().join(f).exists()).collect();
    assert!(all.len() > 100, "{all:?}");
    all
}

fn services() -> BTreeSet<String> {
    let folders = fs::read_dir(root().join("services")).unwrap().map(|f| f.unwrap());
    // Beside the packages there are pages about them.
    let packages = folders.filter(|f| f.path().join("Cargo.toml").exists());
    let names = packages.map(|f| f.file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.filter(|n| !NOT_SERVICES.contains(&n.as_str())).collect();
    assert!(
        names.contains("directory") && names.contains("survey") && names.contains("ranking"),
        "{names:?}"
    );
    names
}

/// The source files that are shipped: services and contracts.
fn shipped() -> Vec<String> {
    let is_shipped = |f: &String| {
        let parts: Vec<&str> = f.split('/').collect();
        f.ends_with(".rs")
            && (matches!(parts[..], ["proto", "src", ..]) || matches!(parts[..], ["services", _, "src", ..]))
    };
    files().into_iter().filter(is_shipped).collect()
}

/// Modules of a file that are compiled for tests only, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let (dir, file) = path.rsplit_once('/').unwrap();
    let inside = match file {
        "lib.rs" | "main.rs" | "mod.rs" => dir.to_owned(),
        other => format!("{dir}/{}", other.trim_end_matches(".rs")),
    };
    let mut lines = text.lines().map(str::trim);
    let mut found = Vec::new();
    while lines.any(|l| l == "#[cfg(test)]") {
        let mut place = None;
        for line in lines.by_ref() {
            if let Some(given) = line.strip_prefix("#[path = \"") {
                place = Some(format!("{dir}/{}", given.trim_end_matches(".rs\"]")));
            } else if !line.starts_with("#[") {
                let seen = ["pub ", "pub(super) ", "pub(crate) "]
                    .iter()
                    .find_map(|by| line.strip_prefix(by));
                let line = seen.unwrap_or(line);
                let name = line.strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
                found.extend(name.map(|n| place.unwrap_or_else(|| format!("{inside}/{n}"))));
                break;
            }
        }
    }
    found
}

/// The source files that are shipped, without those compiled for tests only.
fn without_tests() -> Vec<String> {
    let all = shipped();
    let tests: Vec<String> = all.iter().flat_map(|f| test_modules(f, &read(f))).collect();
    assert!(tests.len() > 3, "{tests:?}");
    let is_test = |f: &String| {
        f.starts_with("services/platform/src/testing/")
            || tests
                .iter()
                .any(|t| *f == format!("{t}.rs") || f.starts_with(&format!("{t}/")))
    };
    all.into_iter().filter(|f| !is_test(f)).collect()
}

/// The lines of code with their numbers, without comments and without what is compiled for tests only.
fn code(text: &str) -> Vec<(usize, &str)> {
    let mut kept = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = line.len() - line.trim_start().len();
            let mut item = lines
                .by_ref()
                .skip_while(|(_, l)| l.trim_start().starts_with("#["));
            if item.next().is_some_and(|(_, head)| head.ends_with('{')) {
                let end = |l: &str| l.trim_end() == format!("{:indent$}}}", "");
                lines.by_ref().find(|(_, l)| end(l));
            }
        } else if !line.trim_start().starts_with("//") {
            kept.push((number, line));
        }
    }
    kept
}

/// Whether `line` contains `word` other than as the end of a longer one.
fn has(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn what_is_compiled_for_tests_only_is_not_scanned() {
    let text =
        "a\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod x;\nb\n// c\n#[cfg(test)]\nmod tests {\n    d\n}\ne\n";
    let kept: Vec<&str> = code(text).into_iter().map(|(_, line)| line).collect();
    assert_eq!(kept, ["a", "b", "e"]);
    assert_eq!(test_modules("s/src/a.rs", text), ["s/src/x"]);
    assert_eq!(
        test_modules("s/src/mod.rs", "#[cfg(test)]\nmod y;\n"),
        ["s/src/y"]
    );
    assert!(has("use tonic::Code;", "tonic") && !has("monotonic", "tonic"));
}

#[test]
fn services_import_the_platform_and_the_contracts_only() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let args = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let metadata: serde_json::Value = serde_json::from_str(&run(&cargo, &args)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(|p| text(&p["name"])).collect();
    let services: BTreeSet<String> = services().iter().map(|s| format!("prima-{s}")).collect();
    assert!(services.is_subset(&ours), "{ours:?}");
    for package in packages {
        let name = text(&package["name"]);
        // This includes dependencies of tests and builds.
        let dependencies = package["dependencies"].as_array().unwrap();
        let imports: BTreeSet<String> = dependencies
            .iter()
            .map(|d| text(&d["name"]))
            .filter(|d| ours.contains(d) && *d != name)
            .collect();
        let allowed: BTreeSet<String> = match name.as_str() {
            "prima-proto" => BTreeSet::new(),
            "prima-platform" => BTreeSet::from(["prima-proto".into()]),
            "prima-tests" => ours.clone(),
            "prima" => {
                assert!(
                    services.is_subset(&imports),
                    "prima runs every service: {imports:?}"
                );
                &services | &BTreeSet::from(["prima-platform".into(), "prima-proto".into()])
            }
            _ => {
                assert!(services.contains(&name), "{name} is not a known service");
                BTreeSet::from(["prima-platform".into(), "prima-proto".into()])
            }
        };
        assert!(
            imports.is_subset(&allowed),
            "{name} imports {imports:?}, allowed: {allowed:?}"
        );
    }
}

#[test]
fn the_client_imports_no_service() {
    let services: Vec<String> = services().iter().map(|name| format!("prima_{name}")).collect();
    let mut read_files = 0;
    for path in without_tests() {
        let file = path.strip_prefix("services/prima/src/");
        let may =
            |file: &str| file.starts_with(NOT_YET) || MAY_IMPORT.iter().any(|known| file.starts_with(known));
        if file.is_none_or(may) {
            continue;
        }
        read_files += 1;
        for (number, line) in code(&read(&path)) {
            let imported = services.iter().find(|service| has(line, service));
            assert_eq!(imported, None, "{path}:{number}: {line}");
        }
    }
    assert!(read_files > 40, "{read_files} files");
}

#[test]
fn the_domain_knows_no_database_wire_or_runtime() {
    let mut faults = Vec::new();
    let mut read_files = 0;
    for path in without_tests().iter().filter(|f| f.contains("/src/domain/")) {
        read_files += 1;
        for (number, line) in code(&read(path)) {
            for word in [
                "sea_orm", "tonic", "prost", "async ", "await", "tokio", "Utc::now", "::v1",
            ] {
                if has(line, word) {
                    faults.push(format!("{path}:{number}: {line}"));
                }
            }
        }
    }
    assert!(read_files > 15, "{read_files} files");
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_file_is_too_long() {
    let lengths = shipped().into_iter().map(|f| (read(&f).lines().count(), f));
    let long: Vec<_> = lengths.filter(|(n, _)| *n > MAX_LINES).collect();
    assert!(long.is_empty(), "over {MAX_LINES} lines: {long:?}");
}

#[test]
fn no_lint_is_allowed_and_no_panic_or_todo_is_left() {
    // The words are concatenated, so that this file does not contain them.
    let everywhere = [
        format!("[{}(", "allow"),
        format!("{}!(", "todo"),
        "dbg!".to_owned() + "(",
    ];
    let in_code = [
        ".unwrap()",
        ".expect(",
        "panic!",
        "unimplemented!",
        "unreachable!",
        "process::abort",
    ];
    let mut faults = Vec::new();
    for path in files().iter().filter(|f| f.ends_with(".rs")) {
        for (number, line) in (1..).zip(read(path).lines()) {
            if everywhere.iter().any(|w| line.contains(w)) {
                faults.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    for path in &without_tests() {
        for (number, line) in code(&read(path)) {
            if in_code.iter().any(|w| line.contains(w)) {
                faults.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_top_folder_contains_only_what_is_expected() {
    let allowed = BTreeSet::from([
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "deploy",
        "proto",
        "rust-toolchain.toml",
        "services",
        "tests",
    ]);
    let files = files();
    let top: BTreeSet<&str> = files.iter().map(|f| f.split('/').next().unwrap()).collect();
    let other: Vec<_> = top
        .iter()
        .filter(|n| !n.starts_with('.') && !allowed.contains(*n))
        .collect();
    assert!(other.is_empty(), "{other:?} stand at the top");
    let missing: Vec<_> = allowed.difference(&top).collect();
    assert!(missing.is_empty(), "{missing:?} are missing");
}

/// The full names of the methods in a file.
fn methods(file: &FileDescriptorProto) -> Vec<String> {
    let of = |service: &ServiceDescriptorProto| {
        let name = format!("{}.{}", file.package(), service.name());
        let methods = service.method.iter();
        methods
            .map(|method| format!("{name}.{}", method.name()))
            .collect::<Vec<_>>()
    };
    file.service.iter().flat_map(of).collect()
}

/// Those that were released are called by a scenario, the others at least with an empty message.
#[test]
fn every_method_is_called_by_the_conformance_client() {
    let client: String = [
        "kit.py",
        "conformance.py",
        "survey_in_full.py",
        "innovation.py",
        "complaint.py",
        "index.py",
        "definitions.py",
        "ranking.py",
        "publication.py",
    ]
    .iter()
    .map(|file| read(&format!("tests/conformance/{file}")))
    .collect();
    assert!(client.contains("\n    every_other_method(report, endpoints, token)\n"));
    let set = FileDescriptorSet::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    let baseline = fs::read(root().join("proto/baseline.binpb")).unwrap();
    let baseline = FileDescriptorSet::decode(baseline.as_slice()).unwrap();
    let released: BTreeSet<String> = baseline.file.iter().flat_map(methods).collect();
    let (mut count, mut named) = (0, 0);
    let mut missing = Vec::new();
    for file in set.file.iter().filter(|f| f.package().starts_with("prima.")) {
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            let end = format!(" = \"{name}\"");
            let alias = client.lines().find_map(|line| line.strip_suffix(&end));
            let alias = alias.unwrap_or_else(|| panic!("the conformance client does not know {name}"));
            for method in &service.method {
                count += 1;
                let full = format!("{name}.{}", method.name());
                if client.contains(&format!("{alias}, \"{}\"", method.name())) {
                    named += 1;
                } else if released.contains(&full) {
                    missing.push(full);
                }
            }
        }
    }
    assert!(count > 160 && named > 160, "{named} of {count} methods");
    assert!(missing.is_empty(), "released and in no scenario: {missing:#?}");
}

#[test]
fn every_service_is_run_deployed_and_documented() {
    let services = services();
    let specs: BTreeSet<String> = prima::run::SPECS.iter().map(|s| s.name.to_owned()).collect();
    assert_eq!(specs, services, "what `prima up` runs");
    let readme = read("README.md");
    let kustomization = read("deploy/k8s/base/kustomization.yaml");
    for service in &services {
        let on_map = readme
            .lines()
            .any(|l| l.trim_start().starts_with(&format!("{service}/ ")));
        assert!(on_map, "README.md does not show {service}/");
        assert!(
            kustomization.contains(&format!("- {service}.yaml\n")),
            "{service} is not deployed"
        );
        let manifest = read(&format!("deploy/k8s/base/{service}.yaml"));
        assert!(
            manifest.contains(&format!("args: [serve, {service}]")),
            "no process serves {service}"
        );
    }
    for spec in prima::run::SPECS {
        let set = FileDescriptorSet::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
        let package = format!("prima.{}.v1", spec.name);
        let of_package = set.file.iter().filter(|f| f.package() == package);
        let described: BTreeSet<String> = of_package
            .flat_map(|f| &f.service)
            .map(|s| format!("{package}.{}", s.name()))
            .collect();
        let served: BTreeSet<String> = spec.grpc.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(served, described, "the health names of {}", spec.name);
    }
}

/// The part of a version that may not differ: the major version, or the minor version before 1.0.
fn major(version: &str) -> String {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap(), parts.next().unwrap());
    if major == "0" {
        format!("0.{minor}")
    } else {
        major.to_owned()
    }
}

#[test]
fn there_is_one_version_of_each_stack_crate() {
    let lock = read("Cargo.lock");
    let mut majors: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            package.lines().find_map(|l| {
                let rest = l.strip_prefix(name)?.strip_prefix(" = \"")?;
                rest.strip_suffix('"')
            })
        };
        majors
            .entry(field("name").unwrap())
            .or_default()
            .insert(major(field("version").unwrap()));
    }
    for name in [
        "tonic",
        "prost",
        "prost-types",
        "hyper",
        "hyper-util",
        "h2",
        "http",
        "sqlx-core",
        "sea-orm",
        "tokio",
        "tower",
        "rustls",
        "opentelemetry",
        "opentelemetry_sdk",
        "async-nats",
    ] {
        assert_eq!(majors[name].len(), 1, "{name}: {:?}", majors[name]);
    }
}
