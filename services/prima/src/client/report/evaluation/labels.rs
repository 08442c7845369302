//! Indonesian labels for the codes that the index service uses.

use prima_platform::document::number;
use prima_proto::index::v1 as pb;

use crate::client::print::index_tree::plain;

/// An exact fraction in Indonesian, such as `3,5`; `-` when there is none.
pub(super) fn figure(fraction: &str) -> String {
    if fraction.is_empty() {
        "-".to_owned()
    } else {
        number::decimal(&plain(fraction))
    }
}

/// An exact share as percent, such as `24%`; `-` when there is none.
pub(super) fn percent(fraction: &str) -> String {
    use prima_platform::number::{fraction as written, parse_fraction, whole};
    match parse_fraction(fraction) {
        Some(share) => format!("{}%", figure(&written(&(share * whole(100))))),
        None => "-".to_owned(),
    }
}

pub(super) fn scheme(scheme: pb::Scheme) -> &'static str {
    match scheme {
        pb::Scheme::Unspecified => "tidak diketahui",
        pb::Scheme::Nasional => "PEKPPP nasional",
        pb::Scheme::Mandiri => "PEKPPP mandiri",
        pb::Scheme::Khusus => "PEKPPP khusus",
    }
}

/// The form that applies to a unit.
pub(super) fn form(form: &str) -> &str {
    match form {
        "offline" => "luring (tatap muka)",
        "online" => "daring (elektronik)",
        other => other,
    }
}

/// How indicators are weighted within an aspect.
pub(super) fn weighting(key: &str) -> &str {
    match key {
        "per_indicator" => "bobot per indikator",
        "equal_within_aspect" => "bobot sama di dalam aspek",
        other => other,
    }
}

/// How F-03 is aggregated.
pub(super) fn roll_up(key: &str) -> &str {
    match key {
        "mean_of_aspect_means" => "rata-rata dari rata-rata aspek",
        "mean_of_all_answers" => "rata-rata seluruh jawaban",
        other => other,
    }
}

/// What happens when there are fewer respondents than the minimum.
pub(super) fn policy(key: &str) -> &str {
    match key {
        "incomplete" => "indeks belum dapat dihitung",
        "score_zero" => "F-03 dihitung 0",
        "use_available" => "F-03 tetap dihitung",
        other => other,
    }
}

/// The source of the level that counts.
pub(super) fn origin(key: &str) -> &str {
    match key {
        "" => "belum ada",
        "evaluators" => "evaluator",
        "objection" => "keputusan sanggah",
        "suggestion" => "saran data",
        other => other,
    }
}

/// A value of live data.
pub(super) fn data(value: &str) -> String {
    match value {
        "" => "tidak ada".to_owned(),
        "true" => "ya".to_owned(),
        "false" => "tidak".to_owned(),
        "none" => "tidak ada".to_owned(),
        "some" => "sebagian".to_owned(),
        "all" => "semua".to_owned(),
        "draft" => "rancangan".to_owned(),
        "enacted" => "ditetapkan".to_owned(),
        other => number::decimal(other),
    }
}

/// The name of a field of live data (`data/feeds.json` of the index service); another key is shown as it is.
pub(super) fn field(name: &str) -> &str {
    match name {
        "exists" => "tersedia",
        "all_components" => "komponen lengkap",
        "enacted" => "ditetapkan",
        "public_involved" => "masyarakat dilibatkan",
        "monitored" => "dipantau",
        "delivery_components" => "komponen penyampaian dipublikasikan",
        "media_count" => "jenis media",
        "on_sippn" => "ada di SIPPN",
        "within_1y_percent" => "ditinjau dalam 1 tahun (%)",
        "within_2y_percent" => "ditinjau dalam 2 tahun (%)",
        "ever_percent" => "pernah ditinjau (%)",
        "compliant" => "sesuai ketentuan",
        "published_print" => "dipublikasikan di media cetak",
        "published_electronic" => "dipublikasikan di media elektronik",
        "conducted" => "dilaksanakan",
        "followed_up" => "ditindaklanjuti",
        "plan_items" => "butir rencana",
        "completed_percent" => "selesai (%)",
        "months_to_complete" => "bulan sampai selesai",
        "service_standard_data" => "data standar pelayanan",
        "sp4n_complaints" => "pengaduan SP4N",
        "satisfaction_survey" => "survei kepuasan",
        "staff_performance" => "kinerja pegawai",
        "faq_finance_or_other" => "tanya jawab, keuangan, atau lainnya",
        "offline" => "kanal luring",
        "separate_from_front_office" => "terpisah dari loket",
        "online" => "kanal daring",
        "sp4n_connected" => "terhubung SP4N",
        "hours" => "jam",
        "archived" => "diarsipkan",
        "reported" => "dilaporkan",
        "published" => "dipublikasikan",
        "received" => "diterima",
        "sp4n_used" => "memakai SP4N",
        "count" => "jumlah",
        "learning" => "pembelajaran",
        "oldest_age_months" => "umur tertua (bulan)",
        "competition_entered" => "ikut kompetisi",
        "award_won" => "meraih penghargaan",
        "legal_basis" => "dasar hukum",
        "other_resources" => "sumber daya lain",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_written_the_indonesian_way() {
        for (fraction, shown) in [("7/2", "3,5"), ("4/1", "4"), ("11/3", "3,6667"), ("", "-")] {
            assert_eq!(figure(fraction), shown);
        }
        for (fraction, shown) in [("6/25", "24%"), ("1/1", "100%"), ("1/3", "33,3333%"), ("", "-")] {
            assert_eq!(percent(fraction), shown);
        }
    }

    #[test]
    fn an_unknown_code_is_shown_as_it_is() {
        for word in [form, weighting, roll_up, policy, origin, field] {
            assert_eq!(word("baru"), "baru");
        }
        assert_eq!(
            (data("true"), data("1234.5"), data("")),
            ("ya".into(), "1.234,5".into(), "tidak ada".into())
        );
    }
}
