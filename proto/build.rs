//! Compiles the contracts without protoc, stores their descriptors for gRPC reflection, and writes the access rules of their
//! methods as Rust.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, ReflectMessage, Value,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=prima");
    let files = [
        "prima/access/v1/access.proto",
        "prima/audit/v1/audit.proto",
        "prima/directory/v1/directory.proto",
        "prima/survey/v1/access.proto",
        "prima/survey/v1/survey.proto",
        "prima/index/v1/assessment.proto",
        "prima/index/v1/index.proto",
        "prima/ranking/v1/ranking.proto",
        "prima/innovation/v1/innovation.proto",
        "prima/complaint/v1/complaint.proto",
        "prima/complaint/v1/consultation.proto",
        "prima/complaint/v1/privacy.proto",
        "prima/complaint/v1/settings.proto",
        "prima/event/v1/event.proto",
    ];
    let mut compiler = protox::Compiler::new(["."])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("access_rules.rs"), rules(&compiler.descriptor_pool())?)?;
    // Ordered maps, so that a message always encodes to the same bytes and its digests can be compared.
    tonic_prost_build::configure()
        .btree_map(".")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The rule of every method as the implementation of `Protected` for its request message, and a list of all rules.
fn rules(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option = pool
        .get_extension_by_name("prima.access.v1.access")
        .ok_or("no access option")?;
    let (mut text, mut all) = (String::new(), String::new());
    for method in pool.services().flat_map(|s| s.methods().collect::<Vec<_>>()) {
        let options = method.options();
        if !options.has_extension(&option) {
            return Err(format!("{} does not say who may call it", method.full_name()).into());
        }
        let access = options.get_extension(&option).into_owned();
        let access = access.as_message().ok_or("not a message")?;
        let message = rust_type(&method.input());
        writeln!(text, "{}", rule(&method, access, &message)?)?;
        writeln!(all, "    <{message} as Protected>::RULE,")?;
    }
    write!(
        text,
        "/// The rules of all methods.\npub static RULES: &[&Rule] = &[\n{all}];"
    )?;
    Ok(text)
}

fn rule(method: &MethodDescriptor, access: &DynamicMessage, message: &str) -> Result<String, Box<dyn Error>> {
    let refused = |why: &str| format!("{}: {why}", method.full_name());
    let (mut grants, mut fields) = (String::new(), Vec::new());
    let listed = access.get_field_by_name("grants");
    for grant in listed.as_deref().and_then(Value::as_list).unwrap_or_default() {
        let grant = grant.as_message().ok_or("not a grant")?;
        let who = callers(grant);
        if who.is_empty() || who.contains(&"Unspecified".to_owned()) {
            return Err(refused("a grant names its callers").into());
        }
        let needs = needs(grant, &mut fields);
        let is_role = who
            .iter()
            .any(|w| matches!(w.as_str(), "Admin" | "Operator" | "Intake" | "Evaluator"));
        let is_proof = who.iter().any(|w| w == "ProofHolder");
        let fits = match needs.as_str() {
            "Nothing" => !is_role && !is_proof,
            n if n.starts_with("ProofIn") => is_proof && who.len() == 1,
            _ => who
                .iter()
                .all(|w| w != "Public" && w != "AnyToken" && w != "ProofHolder"),
        };
        if !fits {
            return Err(refused("roles need an agency, proofs a field, and others nothing").into());
        }
        let who: Vec<String> = who.iter().map(|w| format!("Caller::{w}")).collect();
        write!(
            grants,
            "Grant {{ who: &[{}], needs: Needs::{needs} }}, ",
            who.join(", ")
        )?;
    }
    if grants.is_empty() {
        return Err(refused("nobody may call it").into());
    }
    let about = about(method, grants_agency(&fields, &method.input()))?;
    fields.sort();
    fields.dedup();
    let arm = |path: &String| Ok(format!("{path:?} => {}, ", value(&method.input(), path)?));
    let arms: Result<String, Box<dyn Error>> = fields.iter().map(arm).collect();
    let (name, arms) = (
        format!("{}/{}", method.parent_service().full_name(), method.name()),
        arms?,
    );
    let condition = access.get_field_by_name("condition");
    let condition = condition.as_deref().and_then(Value::as_str).unwrap_or_default();
    let personal = access.get_field_by_name("personal");
    let personal = personal.as_deref().and_then(Value::as_bool).unwrap_or_default();
    let argument = if fields.is_empty() { "_" } else { "path" };
    let body = if fields.is_empty() {
        "None".to_owned()
    } else {
        format!("match path {{ {arms} _ => None }}")
    };
    Ok(format!(
        "impl Protected for {message} {{ const RULE: &'static Rule = &Rule {{ method: {name:?}, grants: &[{grants}], \
         condition: {condition:?}, personal: {personal} }}; \
         fn field(&self, {argument}: &str) -> Option<&str> {{ {body} }} \
         fn about(&self) -> About<'_> {{ {about} }} }}"
    ))
}

/// The first field of a rule that contains a name.
fn grants_agency<'a>(fields: &'a [String], message: &MessageDescriptor) -> Option<&'a String> {
    fields.iter().find(|path| !is_message(message, path))
}

fn is_message(message: &MessageDescriptor, path: &str) -> bool {
    let (mut at, mut last) = (message.clone(), false);
    for step in path.split('.') {
        let inner = at.get_field_by_name(step).map(|field| field.kind());
        last = matches!(inner, Some(Kind::Message(_)));
        if let Some(Kind::Message(inner)) = inner {
            at = inner;
        }
    }
    last
}

/// Fields that contain the name of the resource, where the rule does not refer to one, the nearest one first.
const RESOURCES: [&str; 10] = [
    "name",
    "survey",
    "entry",
    "assessment",
    "consultation",
    "unit",
    "agency",
    "cycle",
    "subject",
    "parent",
];

/// What a request is about, as an expression: the resource of its rule, or the first one that it names.
fn about(method: &MethodDescriptor, named: Option<&String>) -> Result<String, Box<dyn Error>> {
    let message = method.input();
    let texts = |name: &str| {
        let field = message.get_field_by_name(name);
        field.filter(|field| field.kind() == Kind::String && !field.is_list())
    };
    let nearest = RESOURCES.into_iter().find(|name| texts(name).is_some());
    let resource = match named.map(String::as_str).or(nearest) {
        Some(path) => format!("{}.map(|value| ({path:?}, value))", value(&message, path)?),
        None => "None".to_owned(),
    };
    let text = |name: &str| match texts(name) {
        Some(_) => format!("&self.{name}"),
        None => "\"\"".to_owned(),
    };
    let purpose = match message.get_field_by_name("purpose").map(|field| field.kind()) {
        Some(Kind::Enum(_)) => "self.purpose().as_str_name()".to_owned(),
        _ => text("purpose"),
    };
    Ok(format!(
        "About {{ resource: {resource}, request_id: {}, purpose: {purpose} }}",
        text("request_id")
    ))
}

/// Variants of the callers of a grant.
fn callers(grant: &DynamicMessage) -> Vec<String> {
    let listed = grant.get_field_by_name("who");
    let values = listed.as_deref().and_then(Value::as_list).unwrap_or_default();
    let field = grant
        .descriptor()
        .get_field_by_name("who")
        .map(|field| field.kind());
    let Some(Kind::Enum(callers)) = field else {
        return Vec::new();
    };
    let name = |value: &Value| callers.get_value(value.as_enum_number()?);
    let variant = |name: &str| name.trim_start_matches("CALLER_").to_upper_camel_case();
    values
        .iter()
        .filter_map(name)
        .map(|value| variant(value.name()))
        .collect()
}

/// What a grant needs, as a variant of `Needs`; fields of the request that it refers to are added to `fields`.
fn needs(grant: &DynamicMessage, fields: &mut Vec<String>) -> String {
    let text = |name: &str| {
        let value = grant.get_field_by_name(name);
        let value = value.as_deref().and_then(Value::as_str).unwrap_or_default();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let set = |name: &str| {
        let value = grant.get_field_by_name(name);
        value.as_deref().and_then(Value::as_bool).unwrap_or_default()
    };
    if let Some(path) = text("proof_in") {
        fields.push(path.clone());
        return format!("ProofIn({path:?})");
    }
    if let Some(path) = text("agency_in") {
        fields.push(path.clone());
        return format!("AgencyIn({path:?})");
    }
    match (set("national"), set("any_agency"), text("stored")) {
        (true, ..) => "National".to_owned(),
        (_, true, _) => "AnyAgency".to_owned(),
        (.., Some(words)) => format!("Stored({words:?})"),
        _ => "Nothing".to_owned(),
    }
}

/// The expression that reads a field of a message, such as `survey.name`.
fn value(message: &MessageDescriptor, path: &str) -> Result<String, Box<dyn Error>> {
    let (mut at, mut text) = (message.clone(), "Some(self)".to_owned());
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let field = at
            .get_field_by_name(step)
            .ok_or_else(|| format!("{} has no field {path}", message.full_name()))?;
        let choice = field.containing_oneof();
        match (field.kind(), steps.peek(), choice) {
            (Kind::String, None, None) => write!(text, ".map(|m| m.{step}.as_str())")?,
            (Kind::Message(_), _, None) => write!(text, ".and_then(|m| m.{step}.as_ref())")?,
            (Kind::Message(_), _, Some(choice)) => write!(
                text,
                ".and_then(|m| match &m.{} {{ Some({}::{}::{}(v)) => Some(v), _ => None }})",
                choice.name(),
                rust_path(&at),
                choice.name().to_upper_camel_case(),
                step.to_upper_camel_case()
            )?,
            _ => return Err(format!("{}: {path} is neither text nor a message", message.full_name()).into()),
        }
        if let Kind::Message(inner) = field.kind() {
            if steps.peek().is_none() {
                text.push_str(".and_then(present)");
            }
            at = inner;
        }
    }
    Ok(text)
}

/// The Rust type of a message at the top of its file.
fn rust_type(message: &MessageDescriptor) -> String {
    format!("{}::{}", package(message), message.name())
}

/// The Rust module of what is declared inside of a message.
fn rust_path(message: &MessageDescriptor) -> String {
    format!("{}::{}", package(message), message.name().to_snake_case())
}

fn package(message: &MessageDescriptor) -> String {
    let path = message.package_name().trim_start_matches("prima.");
    format!("crate::{}", path.replace('.', "::"))
}
