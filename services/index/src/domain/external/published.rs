//! What was published about a subject: a score with its category, its parts, or only the category.

use prima_platform::{request::Faults, unicode};

use super::era::{Era, Part};
use crate::domain::{
    band::{self, Band, Published},
    number::{self, Rational},
};

/// The addition to an opinion of the Ombudsman since 2025.
pub const WITHOUT_MALADMINISTRATION: &str = "Tanpa Maladministrasi";

/// Longest category of an assessment whose categories are not known, in characters.
const CATEGORY_MAX: usize = 60;

/// Words before the name of a category that people leave out or add.
const IDLE: [&str; 6] = ["zona", "kategori", "predikat", "opini", "kualitas", "kepatuhan"];

/// What a publication says about a subject, as it was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Statement<'a> {
    /// The score; empty when only a category, or only the parts, were published.
    pub score: &'a str,
    /// The category: its key, its name, the colour of its zone, or another word for it; may be empty.
    pub category: &'a str,
    /// Keys and scores of the parts; may be empty.
    pub parts: &'a [(String, String)],
    /// Whether the subject is a unit, not an agency.
    pub of_unit: bool,
    /// Whether the subject is a vertical unit.
    pub vertical: bool,
    /// Whether the opinion is without maladministration.
    pub without_maladministration: bool,
}

/// A checked statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The score with its category; its value is empty when only a category was published.
    pub published: Published,
    /// Whether the opinion is without maladministration.
    pub without_maladministration: bool,
}

/// The name of a category with what is added to it.
pub fn opinion(name: &str, without_maladministration: bool) -> String {
    match (name, without_maladministration) {
        (name, false) => name.to_owned(),
        ("", true) => WITHOUT_MALADMINISTRATION.to_owned(),
        (name, true) => format!("{name} {WITHOUT_MALADMINISTRATION}"),
    }
}

impl Era {
    /// The published form of a score; `None` when the score does not fit the scale.
    pub fn publish(&self, score: &str) -> Option<Published> {
        Some(band::publish(&self.bands, self.exact(score)?, self.decimals))
    }

    /// The published form of a recorded score. Its value is empty when only a category was recorded.
    pub fn recorded(&self, score: &str, category: &str) -> Option<Published> {
        if score.is_empty() {
            return Some(self.label(category));
        }
        let vertical = self.vertical_bands.iter().any(|band| band.key == category);
        Some(band::publish(
            self.words(vertical),
            self.exact(score)?,
            self.decimals,
        ))
    }

    /// The mean of the scores of units, with the category of an agency; `None` without any.
    pub fn of_units<'a>(&self, scores: impl IntoIterator<Item = &'a Rational>) -> Option<Published> {
        let mean = number::mean(scores)?;
        Some(band::publish(&self.bands, mean, self.decimals))
    }

    /// Checks what was published, or reports every fault of the fields `score`, `category`, `parts`, `vertical_unit` and
    /// `no_maladministration`.
    pub fn state(&self, statement: Statement<'_>, faults: &mut Faults) -> Option<Stated> {
        let (category, said) = without_addition(statement.category);
        let only_vertical =
            || find(&self.bands, &category).is_empty() && !find(&self.vertical_bands, &category).is_empty();
        let vertical = statement.vertical || (statement.of_unit && only_vertical());
        let published = self.read(statement, &category, vertical, faults);
        if statement.vertical && (!statement.of_unit || self.vertical_bands.is_empty()) {
            faults.add(
                "score.vertical_unit",
                "is for units, since the opinions of 2025 only",
                "hanya untuk unit, pada opini Ombudsman sejak 2025",
            );
        }
        let without_maladministration = statement.without_maladministration || said;
        if without_maladministration && !self.may_be_without_maladministration {
            faults.add(
                "score.no_maladministration",
                "is available since the opinions of 2025 only",
                "hanya ada pada opini Ombudsman sejak 2025",
            );
        }
        Some(Stated {
            published: published?,
            without_maladministration,
        })
    }

    fn read(
        &self,
        statement: Statement<'_>,
        category: &str,
        vertical: bool,
        faults: &mut Faults,
    ) -> Option<Published> {
        let exact = match (statement.score, self.sum(statement.parts, faults)) {
            ("", None) if !statement.parts.is_empty() => None,
            ("", None) => return self.state_category(category, vertical, faults),
            ("", sum) => sum,
            (score, sum) => self.state_score(score, sum, faults),
        };
        let published = band::publish(self.words(vertical), exact?, self.decimals);
        let mut meant = self.find(category, vertical).into_iter();
        if !category.is_empty() && !meant.any(|band| band.key == published.category) {
            let (key, name) = (&published.category, &published.name);
            faults.add(
                "score.category",
                format!("the category of this score is `{key}` ({name})"),
                format!(
                    "`{category}` tidak cocok; nilai ini berkategori {}",
                    shown(&published)
                ),
            );
        }
        Some(published)
    }

    /// The categories of vertical units, or of all others.
    fn words(&self, vertical: bool) -> &[Band] {
        match vertical {
            true => &self.vertical_bands,
            false => &self.bands,
        }
    }

    /// The value of a score on the scale; `None` when it does not fit.
    fn exact(&self, score: &str) -> Option<Rational> {
        let exact = number::parse_decimal(score)?;
        let places = score.split_once('.').map_or(0, |(_, part)| part.len());
        let fits = exact >= self.minimum && exact <= self.maximum && places <= self.decimals as usize;
        fits.then_some(exact)
    }

    /// The categories that a text means: one, or all of a zone.
    fn find(&self, text: &str, vertical: bool) -> Vec<&Band> {
        let known = match self.also.iter().find(|(word, _)| plain(word) == plain(text)) {
            Some((_, key)) if !vertical => key,
            _ => text,
        };
        find(self.words(vertical), known)
    }

    /// A recorded category: one of the bands, the zone of several, or one whose bands are not known.
    fn label(&self, category: &str) -> Published {
        let bands = self.bands.iter().chain(&self.vertical_bands);
        let band = bands.clone().find(|band| band.key == category);
        let zone = bands
            .into_iter()
            .find(|band| band.zone == category && !category.is_empty());
        let (name, zone) = match (band, zone) {
            (Some(band), _) => (band.name.clone(), band.zone.clone()),
            (None, Some(band)) => (format!("Zona {}", band.zone), band.zone.clone()),
            (None, None) => (category.to_owned(), String::new()),
        };
        Published {
            category: category.to_owned(),
            name,
            zone,
            ..Published::default()
        }
    }

    /// A category that was published without a score.
    fn state_category(&self, category: &str, vertical: bool, faults: &mut Faults) -> Option<Published> {
        if category.is_empty() {
            faults.add(
                "score.score",
                "is required, or the category when it was published without a score",
                "harus diisi, atau kategorinya bila yang terbit hanya kategori",
            );
            return None;
        }
        let sound = category.chars().count() <= CATEGORY_MAX && unicode::is_plain(category);
        match self.find(category, vertical).as_slice() {
            [] if self.bands.is_empty() && sound => Some(self.label(category)),
            [] => {
                let names: Vec<&str> = self
                    .words(vertical)
                    .iter()
                    .map(|band| band.name.as_str())
                    .collect();
                let names = names.join(", ");
                faults.add(
                    "score.category",
                    format!("must be one of: {names}; a text of at most {CATEGORY_MAX} characters where none is known"),
                    format!("`{category}` tidak dikenal; pilihannya: {names}"),
                );
                None
            }
            [band] => Some(self.label(&band.key)),
            [band, ..] => Some(self.label(&band.zone)),
        }
    }

    /// The value of a score, which may differ from the sum of its parts by what rounding them can change.
    fn state_score(&self, score: &str, sum: Option<Rational>, faults: &mut Faults) -> Option<Rational> {
        let exact = self.exact(score);
        let places = self.decimals;
        match (&exact, &sum) {
            (None, _) => {
                let [low, high] = [&self.minimum, &self.maximum].map(|n| number::decimal(n, places));
                faults.add(
                    "score.score",
                    format!("must be a decimal from {low} to {high} with at most {places} places"),
                    format!("`{score}` harus desimal {low} sampai {high} dengan paling banyak {places} angka desimal"),
                );
            }
            (Some(exact), Some(sum)) => {
                let unit = Rational::new(1.into(), num_bigint::BigInt::from(10).pow(places));
                if (exact - sum) > unit || (sum - exact) > unit {
                    let sum = number::decimal(sum, places);
                    faults.add(
                        "score.score",
                        format!("is not the weighted sum of its parts, {sum}"),
                        format!("`{score}` bukan jumlah berbobot bagiannya, yaitu {sum}"),
                    );
                }
            }
            (Some(_), None) => {}
        }
        exact
    }

    /// The weighted sum of the parts; `None` when there are none, or when they have a fault.
    fn sum(&self, parts: &[(String, String)], faults: &mut Faults) -> Option<Rational> {
        if parts.is_empty() {
            return None;
        }
        let value = |part: &Part| {
            let mut given = parts.iter().filter(|(key, _)| *key == part.key);
            match (given.next(), given.next()) {
                (Some((_, score)), None) => self.exact(score).map(|exact| exact * &part.weight),
                _ => None,
            }
        };
        let values: Option<Vec<Rational>> = self.parts.iter().map(value).collect();
        match values {
            Some(values) if values.len() == parts.len() => Some(values.into_iter().sum()),
            _ => {
                let keys: Vec<&str> = self.parts.iter().map(|part| part.key.as_str()).collect();
                let keys = match keys.as_slice() {
                    [] => "-".to_owned(),
                    keys => keys.join(", "),
                };
                faults.add(
                    "score.parts",
                    format!("must have each part of this era once, with a score on its scale: {keys}"),
                    format!("harus memuat setiap bagian sekali, dengan nilai dalam skala: {keys}"),
                );
                None
            }
        }
    }
}

/// The bands with this key, name or zone.
fn find<'a>(bands: &'a [Band], text: &str) -> Vec<&'a Band> {
    let text = plain(text);
    let is = |other: &str| !text.is_empty() && plain(other) == text;
    match bands.iter().find(|band| is(&band.key) || is(&band.name)) {
        Some(band) => vec![band],
        None => bands.iter().filter(|band| is(&band.zone)).collect(),
    }
}

/// A text without case, spaces, punctuation and idle words before it; the sign of a letter such as `A-` stays.
fn plain(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let sign = text
        .char_indices()
        .next_back()
        .filter(|(_, c)| matches!(c, '-' | '+'));
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut plain: String = words.skip_while(|word| IDLE.contains(word)).collect();
    plain.extend(sign.map(|(_, sign)| sign));
    plain
}

/// A category without "tanpa maladministrasi", and whether it had it.
fn without_addition(category: &str) -> (String, bool) {
    let lower = category.to_lowercase();
    let addition = WITHOUT_MALADMINISTRATION.to_lowercase();
    match lower
        .find(&addition)
        .and_then(|at| Some((category.get(..at)?, category.get(at + addition.len()..)?)))
    {
        Some((before, after)) => {
            let rest = format!("{before}{after}");
            let end = |c: char| !c.is_alphanumeric();
            (rest.trim_matches(end).to_owned(), true)
        }
        None => (category.trim().to_owned(), false),
    }
}

/// A category with its zone, for people.
pub fn shown(published: &Published) -> String {
    match published.zone.as_str() {
        zone if zone.is_empty() || zone == published.category => published.name.clone(),
        zone => format!("{} (zona {zone})", published.name),
    }
}
