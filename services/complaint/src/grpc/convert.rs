//! From messages to requests about reports, with every fault found at once.

use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::{
    failure::{Failure, Violation},
    faults::Faults,
    text,
    vault::Keyring,
};
use prima_proto::{complaint::v1, name};

use super::faults::Fields;
use crate::{
    app::submit_complaint,
    domain::{case::Channel, category::Categories, workflow::Workflow, worktime::zone_of_agency},
    store::sealed::{Content, Identity},
};

/// Files that one call takes at most.
const ATTACHMENTS: usize = 10;

/// A channel.
pub fn channel(field: &str, raw: i32, faults: &mut Faults) -> Option<Channel> {
    let known = match v1::Channel::try_from(raw) {
        Ok(v1::Channel::Web) => Some(Channel::Web),
        Ok(v1::Channel::MobileApp) => Some(Channel::MobileApp),
        Ok(v1::Channel::Sms) => Some(Channel::Sms),
        Ok(v1::Channel::SocialMedia) => Some(Channel::SocialMedia),
        Ok(v1::Channel::FaceToFace) => Some(Channel::FaceToFace),
        Ok(v1::Channel::Letter) => Some(Channel::Letter),
        Ok(v1::Channel::Integrated) => Some(Channel::Integrated),
        Ok(v1::Channel::Email) => Some(Channel::Email),
        Ok(v1::Channel::Phone) => Some(Channel::Phone),
        Ok(v1::Channel::Unspecified) | Err(_) => None,
    };
    if known.is_none() {
        faults.add(
            field,
            "is required and must be known",
            "Kanal wajib diisi dan dikenal",
        );
    }
    known
}

/// Names of files, each once.
pub fn attachments(raw: &[String], faults: &mut Faults) -> Vec<name::Attachment> {
    if raw.len() > ATTACHMENTS {
        faults.add(
            "attachments",
            format!("must be at most {ATTACHMENTS}"),
            format!("paling banyak {ATTACHMENTS}"),
        );
        return Vec::new();
    }
    let mut names = Vec::new();
    for (n, raw) in raw.iter().enumerate() {
        let field = format!("attachments[{n}]");
        let Some(name) = faults.name(&field, raw, name::Attachment::parse) else {
            continue;
        };
        if names.contains(&name) {
            faults.add(field, "stands there twice", "disebut dua kali");
        } else {
            names.push(name);
        }
    }
    names
}

/// A telephone number as it is kept: `+`, country and digits; a leading `0` is Indonesian.
///
/// # Errors
///
/// It has other characters, or not 8 to 15 digits.
pub fn phone(field: &str, raw: &str) -> Result<String, Violation> {
    let plain: String = raw
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    // 00 is how a call abroad begins, and a 0 behind Indonesia's 62 is the one of calls within the country.
    let plain = plain
        .strip_prefix("00")
        .map_or(plain.clone(), |rest| format!("+{rest}"));
    let plain = plain
        .strip_prefix("+620")
        .map_or(plain.clone(), |rest| format!("+62{rest}"));
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let fits = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !fits {
        return Err(Violation::new(
            field,
            "must be a telephone number of 8 to 15 digits",
            "harus nomor telepon dengan 8 sampai 15 angka",
        ));
    }
    let country = |rest: &str| format!("+62{rest}");
    Ok(match (plain.starts_with('+'), digits.strip_prefix('0')) {
        (false, Some(rest)) => country(rest),
        (false, None) if !digits.starts_with("62") => country(digits),
        _ => format!("+{digits}"),
    })
}

/// An e-mail address as it is kept: in lower case.
///
/// # Errors
///
/// It has not the form of one, or more than 254 characters.
pub fn email(field: &str, raw: &str) -> Result<String, Violation> {
    let plain = raw.trim().to_lowercase();
    let fits = plain.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    let clean = plain.len() <= 254 && !plain.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits && clean {
        return Ok(plain);
    }
    Err(Violation::new(
        field,
        "must be an e-mail address",
        "harus alamat surel",
    ))
}

/// Who reports or asks: a name, and a telephone number or an e-mail address.
pub fn identity(field: &str, raw: v1::Reporter, faults: &mut Faults) -> Identity {
    identity_named(field, raw, 1, faults)
}

/// As [`identity`], with a name of at least so many characters: who is anonymous may give none.
fn identity_named(field: &str, raw: v1::Reporter, least: usize, faults: &mut Faults) -> Identity {
    let at = |part: &str| format!("{field}.{part}");
    let number: String = raw.identity_number.chars().filter(|c| *c != ' ').collect();
    let is_number = number.len() == 16 && number.bytes().all(|b| b.is_ascii_digit());
    if !number.is_empty() && !is_number {
        faults.add(at("identity_number"), "must be 16 digits", "NIK harus 16 angka");
    }
    if raw.phone.is_empty() && raw.email.is_empty() {
        faults.add(
            at("phone"),
            "a telephone number or an e-mail address is required",
            "Isi nomor telepon atau alamat surel",
        );
    }
    let given = |text: &str| !text.is_empty();
    Identity {
        display_name: faults.or_default(text::line(&at("display_name"), &raw.display_name, least, 200)),
        identity_number: number,
        phone: Some(raw.phone)
            .filter(|t| given(t))
            .map(|t| faults.or_default(phone(&at("phone"), &t)))
            .unwrap_or_default(),
        email: Some(raw.email)
            .filter(|t| given(t))
            .map(|t| faults.or_default(email(&at("email"), &t)))
            .unwrap_or_default(),
        address: faults.or_default(text::lines(&at("address"), &raw.address, 0, 500)),
    }
}

/// A day `YYYY-MM-DD`.
///
/// # Errors
///
/// It has another form.
pub fn date(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    let date = raw.parse::<NaiveDate>().ok();
    date.filter(|d| d.to_string() == raw).ok_or_else(|| {
        Violation::new(
            field,
            "must be a day as YYYY-MM-DD",
            "harus tanggal dengan bentuk TTTT-BB-HH",
        )
    })
}

/// SubmitComplaint.
pub fn submit(
    vault: &Keyring,
    workflow: &Workflow,
    now: DateTime<Utc>,
    request: v1::SubmitComplaintRequest,
) -> Result<submit_complaint::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let parent = faults.parent("parent", &request.parent);
    if parent.as_ref().is_some_and(|(agency, _)| agency.is_empty()) {
        faults.add("parent", "must name an agency", "harus menyebut instansi");
    }
    if workflow.class(&request.class).is_none() {
        faults.add(
            "class",
            "is not a class of the workflow",
            "bukan klasifikasi yang dikenal",
        );
    }
    category("category", &request.category, &mut faults);
    let content = Content {
        title: faults.or_default(text::line("title", &request.title, 5, 200)),
        text: faults.or_default(text::lines("text", &request.text, 20, 10_000)),
        location: faults.or_default(text::line("location", &request.location, 0, 500)),
    };
    let region = &request.region;
    let is_region = matches!(region.len(), 0 | 2 | 4) && region.bytes().all(|b| b.is_ascii_digit());
    if !is_region {
        faults.add("region", "must be 2 or 4 digits", "harus 2 atau 4 angka");
    }
    let agency = parent.as_ref().map_or("", |(agency, _)| agency.as_str());
    let today = (now + zone_of_agency(agency).offset()).date_naive();
    if !request.incident_date.is_empty()
        && let Some(day) = faults.take(date("incident_date", &request.incident_date))
        && day > today
    {
        faults.add(
            "incident_date",
            "is in the future",
            "tanggal kejadian belum terjadi",
        );
    }
    let channel = channel("channel", request.channel, &mut faults);
    let sp4n_number = request.sp4n_number;
    let is_number = sp4n_number.len() <= 64
        && sp4n_number
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/'));
    if !is_number {
        faults.add(
            "sp4n_number",
            "must be at most 64 letters, digits, `-`, `.` and `/`",
            "paling banyak 64 huruf, angka, `-`, `.`, dan `/`",
        );
    }
    if request.reporter.is_none() && !request.anonymous {
        faults.add(
            "reporter",
            "is required unless the report is anonymous",
            "Pelapor wajib diisi kecuali laporan anonim",
        );
    }
    let least = usize::from(!request.anonymous);
    let identity = request
        .reporter
        .map(|reporter| identity_named("reporter", reporter, least, &mut faults));
    let attachments = attachments(&request.attachments, &mut faults);
    let built = once.zip(parent).zip(channel);
    let built = built.map(|((once, (agency, unit)), channel)| submit_complaint::Request {
        once,
        agency,
        unit,
        class: request.class,
        category: request.category,
        channel,
        sp4n_number,
        anonymous: request.anonymous,
        confidential: request.confidential,
        content,
        region: request.region,
        incident_date: request.incident_date,
        identity,
        attachments,
    });
    faults.settle(built)
}

/// A category that may be missing.
pub fn category(field: &str, raw: &str, faults: &mut Faults) {
    if !raw.is_empty() && Categories::built_in().get(raw).is_none() {
        faults.add(field, "is not a known category", "bukan kategori yang dikenal");
    }
}
