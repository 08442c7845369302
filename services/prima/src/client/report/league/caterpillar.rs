//! The ranks of a table with both of their intervals, one line a subject: a caterpillar plot. A long table has several drawings,
//! since a drawing is not broken between pages.

use maud::{Markup, html};
use prima_platform::document::chart::draw::{
    ACCENT, About, INK, LINE, PAPER, SOFT, TINT, WIDTH, line, n, text, tick_label, ticks,
};
use prima_platform::document::html::figure;
use prima_platform::document::number;
use prima_proto::ranking::v1 as pb;

use super::labels::cut;

/// Most lines of one drawing: as many as fit on a page with a caption.
const LINES: usize = 48;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 92.0;
const TOP: f64 = 46.0;
const STEP: f64 = 16.0;
const BOTTOM: f64 = 38.0;
/// Characters of a name.
const NAME: usize = 34;

/// One line.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    row: &'a pb::LeagueRow,
    single: &'a pb::RankInterval,
    joint: &'a pb::RankInterval,
    group: i32,
}

/// The drawings of the rows whose certainty is known; none when fewer than two are.
pub(super) fn draw(how: &pb::TableCertainty, rows: &[pb::CertainRow]) -> Vec<Markup> {
    let lines: Vec<Line<'_>> = rows.iter().filter_map(of_row).collect();
    if lines.len() < 2 {
        return Vec::new();
    }
    let last = lines.iter().map(|line| line.joint.to).max().unwrap_or(1);
    let parts = lines.len().div_ceil(LINES);
    let of_one = lines.len().div_ceil(parts);
    let drawn = (1..).zip(lines.chunks(of_one)).map(|(part, lines)| {
        let id = format!("gambar-kepastian-{part}");
        let about = About {
            id: &id,
            title: "Peringkat dan intervalnya",
            description: "Satu baris bagi setiap yang diperingkat: titik pada peringkatnya, batang tebal untuk interval tunggal, \
                          garis tipis berujung tegak untuk interval serentak. Angkanya ada di tabel peringkat.",
        };
        let of_parts = match parts {
            1 => String::new(),
            _ => format!(" (bagian {part} dari {parts})"),
        };
        let caption = format!(
            "Peringkat dengan interval tunggal dan interval serentak, keyakinan {}%{of_parts}. Garis mendatar memisahkan kelompok.",
            how.confidence_percent
        );
        figure(&id, &one(&about, lines, f64::from(last)), &caption)
    });
    drawn.collect()
}

fn of_row(row: &pb::CertainRow) -> Option<Line<'_>> {
    let certainty = row.certainty.as_ref()?;
    Some(Line {
        row: row.row.as_ref()?,
        single: certainty.single.as_ref()?,
        joint: certainty.joint.as_ref()?,
        group: certainty.group,
    })
}

fn x(rank: f64, last: f64) -> f64 {
    LEFT + (rank - 1.0) / (last - 1.0).max(1.0) * (WIDTH - LEFT - RIGHT)
}

fn one(about: &About<'_>, lines: &[Line<'_>], last: f64) -> Markup {
    let end = TOP + STEP * lines.len() as f64;
    let (mut values, _) = ticks(1.0, last);
    values.retain(|at| at.fract() == 0.0 && *at > 1.0);
    values.insert(0, 1.0);
    // The last rank as well, where its label has room.
    values.retain(|at| last - at >= last / 12.0);
    values.push(last);
    let content = html! {
        (legend())
        (groups(lines))
        @for at in values {
            (line((x(at, last), TOP), (x(at, last), end), LINE, None))
            (text((x(at, last), end + 15.0), "middle", SOFT, &tick_label(at, 0)))
        }
        @for (place, shown) in (0_u32..).zip(lines) {
            (subject(TOP + STEP * (f64::from(place) + 0.5), shown, last))
        }
        (text(((LEFT + WIDTH - RIGHT) / 2.0, end + 32.0), "middle", SOFT, "Peringkat"))
    };
    about.svg(end + BOTTOM, &content)
}

/// A band behind every second group, a line between groups, and their names.
fn groups(lines: &[Line<'_>]) -> Markup {
    let mut at = TOP;
    let bands: Vec<(f64, f64, i32)> = lines
        .chunk_by(|a, b| a.group == b.group)
        .filter_map(|of_group| {
            let from = at;
            at += STEP * of_group.len() as f64;
            Some((from, at, of_group.first()?.group))
        })
        .collect();
    html! {
        @for (from, to, group) in bands {
            @if group % 2 == 0 {
                rect x="0" y=(n(from)) width=(n(WIDTH)) height=(n(to - from)) fill=(TINT) {}
            }
            (line((0.0, from), (WIDTH, from), INK, None))
            (text((WIDTH - 4.0, from + 12.0), "end", INK, &format!("Kelompok {group}")))
        }
    }
}

fn subject(middle: f64, shown: &Line<'_>, last: f64) -> Markup {
    let span =
        |interval: &pb::RankInterval| (x(f64::from(interval.from), last), x(f64::from(interval.to), last));
    let ((single, single_end), (joint, joint_end)) = (span(shown.single), span(shown.joint));
    let name = cut(&shown.row.display_name, NAME);
    html! {
        (text((LEFT - 10.0, middle + 4.0), "end", INK, &format!("{name}  {}", number::integer(shown.row.rank))))
        (thin(joint, joint_end, middle))
        (thick(single, single_end, middle))
        (dot(x(shown.row.rank as f64, last), middle))
    }
}

fn thin(from: f64, to: f64, middle: f64) -> Markup {
    html! {
        (line((from, middle), (to, middle), INK, None))
        (line((from, middle - 4.0), (from, middle + 4.0), INK, None))
        (line((to, middle - 4.0), (to, middle + 4.0), INK, None))
    }
}

fn thick(from: f64, to: f64, middle: f64) -> Markup {
    html! { rect x=(n(from - 1.5)) y=(n(middle - 3.0)) width=(n(to - from + 3.0)) height="6" fill=(ACCENT) {} }
}

fn dot(at: f64, middle: f64) -> Markup {
    html! { circle cx=(n(at)) cy=(n(middle)) r="4" fill=(PAPER) stroke=(INK) stroke-width="1.5" {} }
}

fn legend() -> Markup {
    let middle = 14.0;
    html! {
        (dot(8.0, middle))
        (text((18.0, middle + 4.0), "start", INK, "peringkat"))
        (thick(96.0, 130.0, middle))
        (text((140.0, middle + 4.0), "start", INK, "interval tunggal (satu peringkat)"))
        (thin(336.0, 374.0, middle))
        (text((382.0, middle + 4.0), "start", INK, "interval serentak (semua peringkat sekaligus)"))
    }
}
