//! Validation of the fields of a request, with messages in English for engineers and in Indonesian for people. A check
//! takes the path of its field and returns the value or a violation; [`Faults`] collects the violations of all fields
//! before the request is refused.

pub mod json;
pub mod text;

use std::str::FromStr;

use chrono::NaiveDate;
use prost_types::FieldMask;

use crate::{
    failure::{Failure, Violation},
    request_id, unicode,
};

/// Means every resource of a collection, as in `agencies/-/units`; no resource has it as its id.
pub const WILDCARD: &str = "-";
/// Name of the field with the paths of an update.
const MASK: &str = "update_mask";

/// How many faults of a request are kept; of more, a caller learns nothing, and a small request can have millions.
const FAULTS_MAX: usize = 5000;

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<Violation>);

impl Faults {
    /// Adds a fault.
    pub fn add(
        &mut self,
        field: impl Into<String>,
        english: impl Into<String>,
        indonesian: impl Into<String>,
    ) {
        self.push(Violation::new(field, english, indonesian));
    }

    fn push(&mut self, fault: Violation) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(fault);
        }
    }

    /// The value; on a fault, adds it and returns `None`.
    pub fn take<T>(&mut self, parsed: Result<T, Violation>) -> Option<T> {
        parsed.map_err(|fault| self.push(fault)).ok()
    }

    /// The value; on faults, adds them and returns `None`.
    pub fn take_all<T>(&mut self, parsed: Result<T, Vec<Violation>>) -> Option<T> {
        let add = |faults: Vec<Violation>| faults.into_iter().for_each(|fault| self.push(fault));
        parsed.map_err(add).ok()
    }

    /// The value; on a fault, adds it and returns the default.
    pub fn or_default<T: Default>(&mut self, parsed: Result<T, Violation>) -> T {
        self.take(parsed).unwrap_or_default()
    }

    /// The value of a message field; when it is not set, adds a fault and returns `None`.
    pub fn required<T>(&mut self, field: &str, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.add(field, "is required", format!("Isian `{field}` wajib ada"));
        }
        message
    }

    /// Checks that a number is in a range, and returns it.
    pub fn range(&mut self, field: &str, value: i32, least: i32, most: i32) -> i32 {
        if !(least..=most).contains(&value) {
            self.add(
                field,
                format!("must be {least} to {most}"),
                format!("harus {least} sampai {most}"),
            );
        }
        value
    }

    /// Checks the paths of an update: at least one, each among `known`.
    pub fn mask(&mut self, mask: Option<FieldMask>, known: &[&str]) -> Mask {
        let paths = mask.unwrap_or_default().paths;
        let list = known.join(", ");
        if paths.is_empty() {
            self.add(
                MASK,
                format!("must name at least one field of: {list}"),
                format!("Sebutkan paling sedikit satu isian: {list}"),
            );
        }
        let unknown = paths.iter().filter(|path| !known.contains(&path.as_str()));
        for path in unknown.take(FAULTS_MAX) {
            let shown = shown(path);
            self.add(
                MASK,
                format!("`{shown}` can't be changed; only: {list}"),
                format!("`{shown}` tidak dapat diubah; hanya: {list}"),
            );
        }
        Mask(paths)
    }

    /// The new value of a field that is in the mask; a field that is not in the mask is not parsed.
    pub fn masked<T>(
        &mut self,
        mask: &Mask,
        path: &str,
        parse: impl FnOnce() -> Result<T, Violation>,
    ) -> Option<T> {
        if mask.names(path) {
            self.take(parse())
        } else {
            None
        }
    }

    /// The request, unless there are faults.
    pub fn settle<T>(self, request: Option<T>) -> Result<T, Failure> {
        self.build(|| request)
    }

    /// The request that `build` makes of the values, unless there are faults.
    pub fn build<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Failure> {
        match build() {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(self.refused()),
        }
    }

    /// The value, unless there are faults; for a part of a request that has a parser of its own.
    pub fn part<T>(self, value: T) -> Result<T, Vec<Violation>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    /// The failure of a request with these faults.
    pub fn refused(self) -> Failure {
        Failure::invalid(self.0)
    }
}

/// The fields that an update changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask(Vec<String>);

impl Mask {
    /// Whether `path` is among them.
    pub fn names(&self, path: &str) -> bool {
        self.0.iter().any(|p| p == path)
    }
}

/// A text of the caller for use in a message: without control characters and such that can't be seen or change the direction
/// of writing, at most 64 characters.
pub fn shown(text: &str) -> String {
    let plain = |c: &char| !c.is_control() && !unicode::is_invisible(*c);
    text.chars().filter(plain).take(64).collect()
}

/// Applies `check` to a field that may be empty.
pub fn optional<T>(
    raw: &str,
    check: impl FnOnce(&str) -> Result<T, Violation>,
) -> Result<Option<T>, Violation> {
    if raw.is_empty() {
        return Ok(None);
    }
    check(raw).map(Some)
}

/// Checks the id of a request.
///
/// # Errors
///
/// See [`request_id::check`].
pub fn id(field: &str, raw: String) -> Result<String, Violation> {
    request_id::check(field, &raw).map(|()| raw)
}

/// Parses a resource name.
///
/// # Errors
///
/// It does not have the form of this kind of name.
pub fn name<T>(field: impl Into<String>, raw: &str) -> Result<T, Violation>
where
    T: FromStr,
    T::Err: Into<[String; 2]>,
{
    parsed(field, raw, str::parse)
}

/// Parses a field with `parse`.
///
/// # Errors
///
/// Those of `parse`.
pub fn parsed<'a, T, E: Into<[String; 2]>>(
    field: impl Into<String>,
    raw: &'a str,
    parse: impl FnOnce(&'a str) -> Result<T, E>,
) -> Result<T, Violation> {
    parse(raw).map_err(|error| {
        let [english, indonesian] = error.into();
        Violation::new(field, english, indonesian)
    })
}

/// Parses a resource name in which no id is [`WILDCARD`].
///
/// # Errors
///
/// Those of [`name`], or an id is the wildcard.
pub fn one<T>(field: impl Into<String>, raw: &str) -> Result<T, Violation>
where
    T: FromStr,
    T::Err: Into<[String; 2]>,
{
    let field = field.into();
    if raw.split('/').any(|id| id == WILDCARD) {
        return Err(is_wildcard(field));
    }
    name(field, raw)
}

/// Parses the id of a new resource with `parse`.
///
/// # Errors
///
/// Those of `parse`, or it is [`WILDCARD`].
pub fn new_id<E: Into<[String; 2]>>(
    field: &str,
    raw: &str,
    parse: impl FnOnce(&str) -> Result<&str, E>,
) -> Result<String, Violation> {
    if raw == WILDCARD {
        return Err(is_wildcard(field));
    }
    parsed(field, raw, parse).map(str::to_owned)
}

fn is_wildcard(field: impl Into<String>) -> Violation {
    Violation::new(
        field,
        "`-` means all and can't be an id",
        "`-` berarti semua, bukan id",
    )
}

/// Checks the values of an enumeration.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Name of a value in English, such as `kind of agency`.
    pub english: &'static str,
    /// The same in Indonesian, for the beginning of a sentence.
    pub indonesian: &'static str,
}

impl Choice {
    /// The value of a field that may be unspecified, for which `value` returns `None`.
    ///
    /// # Errors
    ///
    /// The enumeration has no such value.
    pub fn optional<E: TryFrom<i32>, T>(
        self,
        field: &str,
        raw: i32,
        value: impl FnOnce(E) -> Option<T>,
    ) -> Result<Option<T>, Violation> {
        E::try_from(raw).map(value).map_err(|_| {
            Violation::new(
                field,
                format!("is not a known {}", self.english),
                format!("{} tidak dikenal", self.indonesian),
            )
        })
    }

    /// The value of a field that must be specified.
    ///
    /// # Errors
    ///
    /// It is unspecified, or the enumeration has no such value.
    pub fn required<E: TryFrom<i32>, T>(
        self,
        field: &str,
        raw: i32,
        value: impl FnOnce(E) -> Option<T>,
    ) -> Result<T, Violation> {
        self.optional(field, raw, value)?.ok_or_else(|| {
            let indonesian = format!("{} wajib diisi", self.indonesian);
            Violation::new(field, "is required", indonesian)
        })
    }
}

/// Checks that a number is not negative; `what` begins the Indonesian message.
///
/// # Errors
///
/// It is negative.
pub fn not_negative(field: &str, raw: i64, what: &str) -> Result<i64, Violation> {
    if raw >= 0 {
        return Ok(raw);
    }
    Err(Violation::new(
        field,
        "must be 0 or more",
        format!("{what} harus 0 atau lebih"),
    ))
}

/// Parses a day, `YYYY-MM-DD`.
///
/// # Errors
///
/// It is not a day, or has another form.
pub fn day(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    // chrono also accepts `2024-1-2` and years of other lengths.
    let date = NaiveDate::parse_from_str(raw, "%Y-%m-%d").ok();
    date.filter(|date| raw.len() == 10 && date.to_string() == raw)
        .ok_or_else(|| {
            Violation::new(
                field,
                "must be a date of the form `YYYY-MM-DD`",
                "Tanggal harus sah dan berbentuk `YYYY-MM-DD`",
            )
        })
}

/// Parses a day that is not in the future, `YYYY-MM-DD`.
///
/// # Errors
///
/// It is not a day, or is after `today`.
pub fn past_day(field: &str, raw: &str, today: NaiveDate) -> Result<NaiveDate, Violation> {
    let day = day(field, raw)?;
    if day <= today {
        return Ok(day);
    }
    Err(Violation::new(
        field,
        format!("must not be after {today}, today"),
        format!("Tanggal tidak boleh setelah hari ini, {today}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(failure: &Failure) -> Vec<&str> {
        failure.violations.iter().map(|v| v.field.as_str()).collect()
    }

    #[test]
    fn a_request_is_refused_with_every_fault() {
        let mut faults = Faults::default();
        assert_eq!(faults.take(id("request_id", "a b".into())), None);
        assert_eq!(
            faults.take(day("day", "2024-02-29")),
            day("day", "2024-02-29").ok()
        );
        assert_eq!(faults.required("unit", None::<()>), None);
        let refused = faults.build(|| Some(1)).unwrap_err();
        assert_eq!(fields(&refused), ["request_id", "unit"]);
        assert_eq!(Faults::default().build(|| Some(1)).unwrap(), 1);
        let mut faults = Faults::default();
        for _ in 0..2 * FAULTS_MAX {
            faults.add("f", "x", "x");
        }
        assert_eq!(faults.refused().violations.len(), FAULTS_MAX);
        assert_eq!(Faults::default().part(1), Ok(1));
    }

    #[test]
    fn a_mask_contains_known_fields_and_only_those_are_parsed() {
        let mut faults = Faults::default();
        let given = |paths: &[&str]| {
            let paths = paths.iter().map(|p| (*p).to_owned()).collect();
            Some(FieldMask { paths })
        };
        let mask = faults.mask(given(&["title"]), &["title", "note"]);
        assert_eq!(faults.masked(&mask, "title", || Ok("x")), Some("x"));
        let unseen = || -> Result<(), Violation> { panic!("parsed") };
        assert_eq!(faults.masked(&mask, "note", unseen), None);
        assert!(faults.0.is_empty());
        faults.mask(None, &["title"]);
        faults.mask(given(&["etag\n", "*", "title"]), &["title"]);
        let refused = faults.refused();
        assert_eq!(fields(&refused), [MASK; 3]);
        assert!(refused.violations.iter().all(|v| !v.description.contains('\n')));
    }

    /// A name of one letter.
    #[derive(Debug, PartialEq)]
    struct Letter(char);

    struct NoLetter;

    impl From<NoLetter> for [String; 2] {
        fn from(_: NoLetter) -> Self {
            ["is no letter", "bukan huruf"].map(str::to_owned)
        }
    }

    impl FromStr for Letter {
        type Err = NoLetter;

        fn from_str(text: &str) -> Result<Self, NoLetter> {
            text.parse().map(Self).map_err(|_| NoLetter)
        }
    }

    #[test]
    fn a_name_is_parsed_or_its_fault_has_both_languages() {
        assert_eq!(name("f", "a"), Ok(Letter('a')));
        assert_eq!(name("f", "-"), Ok(Letter('-')));
        let fault = name::<Letter>("f", "ab").unwrap_err();
        assert_eq!(fault, Violation::new("f", "is no letter", "bukan huruf"));
        assert!(one::<Letter>("f", "-").is_err() && one::<Letter>("f", "a").is_ok());
        assert_eq!(optional("", |raw| name::<Letter>("f", raw)), Ok(None));
    }

    #[test]
    fn an_id_is_never_the_wildcard() {
        fn parse(raw: &str) -> Result<&str, NoLetter> {
            if raw.is_empty() { Err(NoLetter) } else { Ok(raw) }
        }
        assert_eq!(new_id("f", "3271", parse), Ok("3271".to_owned()));
        assert_eq!(new_id("f", "", parse).unwrap_err().localized, "bukan huruf");
        assert!(new_id("f", WILDCARD, parse).is_err());
    }

    #[test]
    fn a_choice_is_a_value_of_the_contract() {
        let size = Choice {
            english: "size",
            indonesian: "Ukuran",
        };
        // The values 0, unspecified, to 127.
        let value = |raw: i8| (raw > 0).then_some(raw);
        assert_eq!(size.optional("f", 0, value), Ok(None));
        assert_eq!(size.required("f", 7, value), Ok(7));
        assert_eq!(
            size.required("f", 0, value).unwrap_err().localized,
            "Ukuran wajib diisi"
        );
        let unknown = size.optional("f", 1000, value).unwrap_err();
        assert_eq!(unknown.description, "is not a known size");
        assert_eq!(not_negative("f", 0, "Nomor"), Ok(0));
        assert!(not_negative("f", -1, "Nomor").is_err());
    }

    #[test]
    fn a_date_has_one_form() {
        assert_eq!(day("d", "2024-02-29").unwrap().to_string(), "2024-02-29");
        for text in [
            "",
            "2023-02-29",
            "2024-1-02",
            "2024-01-2",
            "24-01-02",
            "2024-01-02 ",
            "+2024-1-02",
            "02-01-2024",
        ] {
            assert_eq!(day("d", text).unwrap_err().field, "d", "{text}");
        }
    }

    #[test]
    fn a_past_day_is_not_after_today() {
        let today = day("d", "2024-02-29").unwrap();
        assert!(past_day("d", "2024-02-29", today).is_ok());
        assert_eq!(past_day("d", "2024-03-01", today).unwrap_err().field, "d");
    }
}
