//! Media in which a standard or a charter is published (PermenPANRB 29/2022, indicators 3 and 5). Their kinds are read
//! from `data/publication-media.json`.

use std::{collections::BTreeSet, sync::LazyLock};

use chrono::NaiveDate;
use prima_platform::request::{self, Faults, shown};
use serde::{Deserialize, Serialize};

/// Most media of one standard or charter.
const MEDIA_MAX: usize = 50;

/// A kind of medium.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kind {
    /// Stable key, such as `situs-web`.
    pub key: String,
    /// Official name, in Indonesian.
    pub name: String,
    /// Whether it is electronic.
    pub electronic: bool,
    /// Whether a link must be given.
    pub link_required: bool,
}

#[derive(Deserialize)]
struct File {
    kinds: Vec<Kind>,
}

// The list is empty when the embedded file is malformed; a test makes sure that it is not.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    serde_json::from_str::<File>(include_str!("../../data/publication-media.json"))
        .map(|file| file.kinds)
        .unwrap_or_default()
});

/// One medium in which a document is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// Key of its kind.
    pub kind: String,
    /// Link; may be empty.
    pub link: String,
    /// First day of publication.
    pub since: NaiveDate,
}

impl Medium {
    /// Whether media of this kind are electronic.
    pub fn electronic(kind: &str) -> bool {
        KINDS.iter().any(|k| k.key == kind && k.electronic)
    }
}

/// An unchecked medium.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Key of its kind.
    pub kind: String,
    /// Link.
    pub link: String,
    /// First day as text.
    pub since: String,
}

/// The kinds in use, each with its first day, as events publish them.
pub fn first_days(media: &[Medium]) -> BTreeSet<(String, NaiveDate)> {
    let mut first = std::collections::BTreeMap::new();
    for medium in media {
        let since = first.entry(medium.kind.clone()).or_insert(medium.since);
        *since = (*since).min(medium.since);
    }
    first.into_iter().collect()
}

/// Checks the media of `field` on the day `today`; every fault is added with the path of its field.
pub fn check(field: &str, drafts: &[Draft], today: NaiveDate, faults: &mut Faults) -> Vec<Medium> {
    if drafts.len() > MEDIA_MAX {
        faults.add(
            field,
            format!("must be at most {MEDIA_MAX}"),
            format!("Paling banyak {MEDIA_MAX} media"),
        );
    }
    let mut seen = BTreeSet::new();
    let mut media = Vec::new();
    for (at, draft) in drafts.iter().enumerate().take(MEDIA_MAX) {
        let field = format!("{field}[{at}]");
        let kind = KINDS.iter().find(|k| k.key == draft.kind);
        if kind.is_none() {
            let keys: Vec<&str> = KINDS.iter().map(|k| k.key.as_str()).collect();
            let (kind, keys) = (shown(&draft.kind), keys.join(", "));
            faults.add(
                format!("{field}.kind"),
                format!("`{kind}` is unknown; it must be one of {keys}"),
                format!("`{kind}` tidak dikenal; pilih salah satu dari {keys}"),
            );
        }
        let link_field = format!("{field}.link");
        let link = faults.take(request::text::link(&link_field, &draft.link));
        if kind.is_some_and(|k| k.link_required) && link.as_deref() == Some("") {
            faults.add(
                link_field,
                "is required for this kind",
                "Tautan wajib diisi untuk jenis media ini",
            );
        }
        let since = request::past_day(&format!("{field}.since_date"), &draft.since, today);
        let since = faults.take(since);
        let (Some(kind), Some(link), Some(since)) = (kind, link, since) else {
            continue;
        };
        if !seen.insert((kind.key.as_str(), link.clone())) {
            faults.add(
                field,
                "the same kind and link are given more than once",
                "Jenis dan tautan yang sama disebut lebih dari sekali",
            );
        }
        media.push(Medium {
            kind: kind.key.clone(),
            link,
            since,
        });
    }
    media
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_read_and_two_of_them_are_not_electronic() {
        let printed: Vec<&str> = KINDS
            .iter()
            .filter(|k| !k.electronic)
            .map(|k| k.key.as_str())
            .collect();
        assert_eq!(
            (KINDS.len(), printed),
            (7, vec!["papan-pengumuman", "media-cetak"])
        );
        let linked: Vec<&str> = KINDS
            .iter()
            .filter(|k| k.link_required)
            .map(|k| k.key.as_str())
            .collect();
        assert_eq!(linked, ["media-sosial", "situs-web"]);
        assert!(Medium::electronic("videotron") && !Medium::electronic("media-cetak"));
    }

    #[test]
    fn a_kind_is_published_once_with_its_first_day() {
        let day = |d| NaiveDate::from_ymd_opt(2024, 1, d).unwrap();
        let medium = |kind: &str, link: &str, d| Medium {
            kind: kind.into(),
            link: link.into(),
            since: day(d),
        };
        let media = [
            medium("situs-web", "https://a.id", 9),
            medium("situs-web", "https://b.id", 2),
            medium("videotron", "", 5),
        ];
        let published: Vec<_> = first_days(&media).into_iter().collect();
        assert_eq!(
            published,
            [("situs-web".to_owned(), day(2)), ("videotron".to_owned(), day(5))]
        );
    }
}
