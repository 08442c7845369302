//! The years of one method of an assessment, with its scale and categories.

use std::collections::BTreeMap;

use crate::domain::{band::Band, number::Rational};

/// The years of one method; scores of different eras are not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// Id, such as `ombudsman-2022`.
    pub id: String,
    /// First year.
    pub from_year: i32,
    /// Last year; `None` while it goes on.
    pub to_year: Option<i32>,
    /// Lowest score.
    pub minimum: Rational,
    /// Highest score.
    pub maximum: Rational,
    /// Decimals of a published score.
    pub decimals: u32,
    /// Regulations.
    pub citations: Vec<String>,
    /// Categories, best first; empty where none is known.
    pub bands: Vec<Band>,
    /// Words for vertical units (units of ministries and national bodies in the regions) instead of `bands`; empty where
    /// they have the same ones.
    pub vertical_bands: Vec<Band>,
    /// Other words for categories, each with the key of its category.
    pub also: BTreeMap<String, String>,
    /// Parts whose weighted sum the score is; empty where they are not known.
    pub parts: Vec<Part>,
    /// Whether the score of an agency is the simple mean of the scores of its units.
    pub agency_is_mean_of_units: bool,
    /// Whether a score may carry "tanpa maladministrasi".
    pub may_be_without_maladministration: bool,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Key, such as `public-trust`.
    pub key: String,
    /// Name, in Indonesian.
    pub name: String,
    /// Its weight; the weights of an era sum to 1.
    pub weight: Rational,
}
