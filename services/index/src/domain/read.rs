//! Parses the document of an instrument and names every fault in it.

mod feed;
mod fields;

use num_traits::Zero;
use prima_platform::failure::Violation;
use serde_json::Value;

use fields::{Reader, join};
pub use fields::{parse, rational};

use super::{
    band::Band,
    instrument::{Aspect, Form, Forms, Indicator, Instrument, Policy, Question, Weighting},
    number::{self, Rational},
};

/// Highest level that an instrument may have.
const MAX_LEVEL: u32 = 10;
/// The known methods to aggregate F-03.
const ROLL_UPS: [&str; 2] = ["mean_of_aspect_means", "mean_of_all_answers"];

impl Instrument {
    /// Parses a document, or returns every fault in it.
    pub fn read(text: &str) -> Result<Self, Vec<Violation>> {
        let document: Value = serde_json::from_str(text).map_err(|e| {
            let (line, column) = (e.line(), e.column());
            vec![Violation::new(
                "document",
                format!("is not JSON: {e}"),
                format!("dokumen bukan JSON yang sah (baris {line}, kolom {column})"),
            )]
        })?;
        let mut reader = Reader::default();
        let read = reader.instrument(&document);
        match read {
            Some(instrument) if reader.faults.is_empty() => Ok(instrument),
            _ => Err(reader.faults),
        }
    }
}

impl Reader {
    fn instrument(&mut self, document: &Value) -> Option<Instrument> {
        if !document.is_object() {
            self.fault("document", "must be a JSON object", "harus berupa objek JSON");
            return None;
        }
        let id = self.key(document, "", "id");
        if id.contains('_') {
            self.fault("id", "must not contain _", "tidak boleh memuat _");
        }
        let title = self.text(document, "", "title");
        let basis = self.list(document, "", "basis");
        let citations = (0..)
            .zip(basis)
            .map(|(at, row)| self.text(row, &format!("basis[{at}]"), "citation"));
        let citations = citations.collect();
        let scale = document.get("scale").cloned().unwrap_or_default();
        let max = self.whole(&scale, "scale", "max", 1..=MAX_LEVEL);
        if scale.get("min").and_then(Value::as_u64) != Some(0) {
            self.fault("scale.min", "must be 0", "harus 0");
        }
        let aspects = self.aspects(document);
        let by_aspect = match document.get("entry_mode").map(Value::as_str) {
            None => false,
            Some(Some("aspect_scores")) => true,
            Some(_) => {
                self.fault(
                    "entry_mode",
                    "must be `aspect_scores` or absent",
                    "harus `aspect_scores` atau tidak ada",
                );
                false
            }
        };
        let forms = if by_aspect {
            None
        } else {
            Some(self.forms(document, &aspects, max))
        };
        let bands = self.bands(document, max);
        let year = |key: &str| {
            let year = document.get("validity")?.get(key)?.as_i64()?;
            i32::try_from(year).ok()
        };
        Some(Instrument {
            id,
            title,
            citations,
            years: (year("from_year"), year("to_year")),
            max,
            aspects,
            forms,
            bands,
        })
    }

    fn aspects(&mut self, document: &Value) -> Vec<Aspect> {
        let rows = self.list(document, "", "aspects");
        let mut aspects = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let path = format!("aspects[{at}]");
            let aspect = Aspect {
                key: self.key(row, &path, "key"),
                name: self.text(row, &path, "name"),
                weight: self.number(row, &path, "weight"),
                in_f03: row.get("in_f03").and_then(Value::as_bool).unwrap_or_default(),
            };
            if aspect.weight <= Rational::zero() {
                self.fault(&join(&path, "weight"), "must be above 0", "harus lebih dari 0");
            }
            aspects.push(aspect);
        }
        self.unique("aspects", aspects.iter().map(|a| a.key.as_str()));
        self.sums_to_one("aspects", "`aspects`", aspects.iter().map(|a| a.weight.clone()));
        aspects
    }

    fn forms(&mut self, document: &Value, aspects: &[Aspect], max: u32) -> Forms {
        let forms = document.get("forms").cloned().unwrap_or_default();
        let form = |reader: &mut Self, name: &str| Form {
            indicators: reader.indicators(&forms, &format!("f02_{name}"), aspects, max),
            questions: reader.questions(&forms, &format!("f03_{name}"), aspects),
        };
        let (offline, online) = (form(self, "offline"), form(self, "online"));
        let weights = document
            .pointer("/combination/weights")
            .cloned()
            .unwrap_or_default();
        let f02_weight = self.number(&weights, "combination.weights", "f02");
        let f03_weight = self.number(&weights, "combination.weights", "f03");
        let both = [f02_weight.clone(), f03_weight.clone()];
        self.sums_to_one("combination.weights", "F-02, F-03", both.into_iter());
        if f02_weight < Rational::zero() || f03_weight < Rational::zero() {
            self.fault(
                "combination.weights",
                "must not be negative",
                "tidak boleh negatif",
            );
        }
        let respondents = document.get("respondents").cloned().unwrap_or_default();
        let weightings = self.chosen(document, "weighting_variants", Weighting::parse);
        let roll_ups = self.chosen(document, "rollup_variants", |name| {
            ROLL_UPS.contains(&name).then(|| name.to_owned())
        });
        Forms {
            offline,
            online,
            weightings,
            roll_ups,
            f02_weight,
            f03_weight,
            minimum_respondents: self
                .whole(&respondents, "respondents", "min", 1..=1_000_000)
                .into(),
            policies: self.policies(&respondents),
        }
    }

    /// The known variants of an object `{default, name: …}`, the default first.
    fn chosen<T: PartialEq>(
        &mut self,
        document: &Value,
        key: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let variants = document.get(key).and_then(Value::as_object);
        let default = variants.and_then(|v| v.get("default")).and_then(Value::as_str);
        let Some(first) = default.and_then(&parse) else {
            self.fault(
                &join(key, "default"),
                "names no known variant",
                "bukan nama ragam yang dikenal",
            );
            return Vec::new();
        };
        if default.is_some_and(|name| !variants.is_some_and(|v| v.contains_key(name))) {
            self.fault(
                &join(key, "default"),
                "names a variant that does not exist",
                "menyebut ragam yang tidak ada",
            );
        }
        let mut known = vec![first];
        for found in variants.into_iter().flatten().filter_map(|(name, _)| parse(name)) {
            if !known.contains(&found) {
                known.push(found);
            }
        }
        known
    }

    fn policies(&mut self, respondents: &Value) -> Vec<Policy> {
        let names = self.texts(respondents, "respondents", "under_minimum_policies");
        let default = self.text(respondents, "respondents", "under_minimum_default");
        let mut policies = Vec::new();
        for name in std::iter::once(&default).chain(&names).filter(|n| !n.is_empty()) {
            match Policy::parse(name) {
                Some(policy) if policies.contains(&policy) => {}
                Some(policy) => policies.push(policy),
                None => self.fault(
                    "respondents.under_minimum_policies",
                    format!("`{name}` is not known"),
                    format!("`{name}` tidak dikenal"),
                ),
            }
        }
        if !default.is_empty() && !names.contains(&default) {
            self.fault(
                "respondents.under_minimum_default",
                "is not among the policies",
                "tidak ada di antara kebijakan",
            );
        }
        policies
    }

    fn aspect_of(&mut self, row: &Value, path: &str, aspects: &[Aspect], f03: bool) -> String {
        let key = self.key(row, path, "aspect");
        let known = aspects.iter().find(|a| a.key == key);
        if !key.is_empty() && known.is_none_or(|a| f03 && !a.in_f03) {
            self.fault(
                &join(path, "aspect"),
                format!("`{key}` is no aspect of this form"),
                format!("`{key}` bukan aspek formulir ini"),
            );
        }
        key
    }

    fn indicators(&mut self, forms: &Value, name: &str, aspects: &[Aspect], max: u32) -> Vec<Indicator> {
        let rows = self.list(forms, "forms", name);
        let feeds = feed::feeds();
        let mut indicators = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let path = format!("forms.{name}[{at}]");
            let supplementary = row
                .get("supplementary")
                .and_then(Value::as_bool)
                .unwrap_or_default();
            let exact = if row.get("weight_fraction").is_some() {
                "weight_fraction"
            } else {
                "weight"
            };
            let (fed_by, rule) = self.feed(row, &path, &feeds, max);
            let indicator = Indicator {
                number: self.whole(row, &path, "number", 1..=999),
                key: self.key(row, &path, "key"),
                aspect: if supplementary {
                    String::new()
                } else {
                    self.aspect_of(row, &path, aspects, false)
                },
                title: self.text(row, &path, "title"),
                weight: self.number(row, &path, exact),
                supplementary,
                levels: self.texts(row, &path, "levels"),
                evidence: row
                    .get("evidence")
                    .map_or_else(Vec::new, |_| self.texts(row, &path, "evidence")),
                fed_by,
                rule,
            };
            if u32::try_from(indicator.levels.len()) != Ok(max + 1) {
                self.fault(
                    &join(&path, "levels"),
                    format!("must hold {} criteria, of level 0 to {max}", max + 1),
                    format!("harus memuat {} kriteria, tingkat 0 sampai {max}", max + 1),
                );
            }
            if supplementary != indicator.weight.is_zero() || indicator.weight < Rational::zero() {
                self.fault(
                    &join(&path, "weight"),
                    "must be above 0, or 0 for a supplementary row",
                    "harus lebih dari 0, atau 0 untuk baris tambahan",
                );
            }
            indicators.push(indicator);
        }
        let path = format!("forms.{name}");
        self.unique(&path, indicators.iter().map(|i| i.key.as_str()));
        for aspect in aspects {
            let own = indicators
                .iter()
                .filter(|i| i.aspect == aspect.key)
                .map(|i| i.weight.clone());
            self.sums_to_one(&path, &format!("`{}`", aspect.key), own);
        }
        indicators
    }

    fn questions(&mut self, forms: &Value, name: &str, aspects: &[Aspect]) -> Vec<Question> {
        let rows = self.list(forms, "forms", name);
        let mut questions = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let path = format!("forms.{name}[{at}]");
            questions.push(Question {
                number: self.whole(row, &path, "number", 1..=999),
                key: self.key(row, &path, "key"),
                aspect: self.aspect_of(row, &path, aspects, true),
                title: self.text(row, &path, "title"),
            });
        }
        let path = format!("forms.{name}");
        self.unique(&path, questions.iter().map(|q| q.key.as_str()));
        for aspect in aspects.iter().filter(|a| a.in_f03) {
            if !questions.iter().any(|q| q.aspect == aspect.key) {
                self.fault(
                    &path,
                    format!("`{}` has no question", aspect.key),
                    format!("`{}` tidak memiliki pertanyaan", aspect.key),
                );
            }
        }
        questions
    }

    /// Bands must cover 0 to `max` in steps of a hundredth, without gaps and overlaps.
    fn bands(&mut self, document: &Value, max: u32) -> Vec<Band> {
        let rows = self.list(document, "", "categories");
        let mut bands: Vec<(Band, Rational)> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let path = format!("categories[{at}]");
            let band = Band {
                key: self.text(row, &path, "letter"),
                name: self.text(row, &path, "name"),
                lower: self.number(row, &path, "lower"),
                zone: row
                    .get("zone")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            };
            bands.push((band, self.number(row, &path, "upper")));
        }
        bands.sort_by(|(a, _), (b, _)| b.lower.cmp(&a.lower));
        self.unique("categories", bands.iter().map(|(b, _)| b.key.as_str()));
        let mut expected = Rational::from_integer(max.into());
        for (band, upper) in &bands {
            let key = &band.key;
            if *upper != expected {
                let (is, should) = (number::decimal(upper, 2), number::decimal(&expected, 2));
                let (english, indonesian) = if *upper < expected {
                    ("a hole", "celah")
                } else {
                    ("an overlap", "tumpang tindih")
                };
                self.fault(
                    "categories",
                    format!("{english}: `{key}` ends at {is}, not at {should}"),
                    format!("{indonesian}: `{key}` berakhir di {is}, bukan {should}"),
                );
            }
            if band.lower > *upper {
                self.fault(
                    "categories",
                    format!("`{key}` has a lower bound above its upper bound"),
                    format!("batas bawah `{key}` melebihi batas atasnya"),
                );
            }
            expected = &band.lower - Rational::new(1.into(), 100.into());
        }
        if bands.last().is_some_and(|(band, _)| !band.lower.is_zero()) {
            self.fault(
                "categories",
                "a hole: the lowest must begin at 0",
                "celah: kategori terendah harus mulai dari 0",
            );
        }
        bands.into_iter().map(|(band, _)| band).collect()
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
