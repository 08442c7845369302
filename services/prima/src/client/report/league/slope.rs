//! The moves of ranks between two tables: a slope chart that names those who moved most.

use std::collections::HashSet;

use maud::{Markup, html};
use prima_platform::document::chart::draw::{ACCENT, About, INK, LINE, SOFT, WIDTH, n, text};

use super::super::labels::period;
use super::labels::cut;
use super::movement::{Movement, Mover};

/// Named in each direction.
const NAMED: usize = 5;
const LEFT: f64 = 236.0;
const RIGHT: f64 = 236.0;
const TOP: f64 = 40.0;
/// Height of the ranks: at least and at most, and of one of them between these.
const HEIGHT: [f64; 2] = [260.0, 640.0];
const STEP: f64 = 14.0;
/// Least distance of two names.
const APART: f64 = 14.0;
const NAME: usize = 26;

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Other,
}

/// The drawing; `None` when nobody has a rank in both tables.
pub(super) fn draw(movement: &Movement, now: &str) -> Option<Markup> {
    let last = movement.movers.iter().flat_map(|mover| mover.ranks).max()?;
    let height = (STEP * last as f64).clamp(HEIGHT[0], HEIGHT[1]);
    let y = |rank: i64| TOP + (rank - 1) as f64 / ((last - 1) as f64).max(1.0) * height;
    let subjects = |movers: Vec<&Mover>| -> HashSet<String> {
        movers.into_iter().map(|mover| mover.subject.clone()).collect()
    };
    let (risen, fallen) = (subjects(movement.risen(NAMED)), subjects(movement.fallen(NAMED)));
    let way = |mover: &Mover| match (risen.contains(&mover.subject), fallen.contains(&mover.subject)) {
        (true, _) => Way::Up,
        (_, true) => Way::Down,
        _ => Way::Other,
    };
    let named: Vec<(&Mover, Way)> = movement
        .movers
        .iter()
        .map(|mover| (mover, way(mover)))
        .filter(|(_, way)| *way != Way::Other)
        .collect();
    let names = |side: usize| {
        let rank = |mover: &Mover| mover.ranks.get(side).copied().unwrap_or_default();
        let mut sorted = named.clone();
        sorted.sort_by_key(|(mover, _)| (rank(mover), mover.ranks));
        let wanted: Vec<f64> = sorted.iter().map(|(mover, _)| y(rank(mover))).collect();
        let placed = apart(&wanted, TOP, TOP + height);
        let labels = sorted.into_iter().zip(wanted.into_iter().zip(placed));
        labels
            .map(|((mover, way), (own, at))| (label(mover, way, rank(mover)), own, at))
            .collect::<Vec<_>>()
    };
    let right = WIDTH - RIGHT;
    let about = About {
        id: "gambar-perubahan-lereng",
        title: "Perubahan peringkat",
        description: "Satu garis bagi setiap yang berperingkat pada kedua periode, dari peringkat awal di kiri ke peringkat akhir di \
                      kanan. Yang paling banyak naik digaris tebal, yang paling banyak turun digaris putus-putus; keduanya \
                      disebut namanya.",
    };
    let content = html! {
        (text((LEFT, 16.0), "end", INK, &period(&movement.before.period)))
        (text((right, 16.0), "start", INK, &period(now)))
        (text((WIDTH / 2.0, TOP + height + 28.0), "middle", SOFT, "▲ naik, garis tebal    ▼ turun, garis putus-putus"))
        // The others first, so that they are behind those that are named.
        @for mover in movement.movers.iter().filter(|mover| way(mover) == Way::Other) {
            (slope((LEFT, y(mover.ranks[0])), (right, y(mover.ranks[1])), Way::Other))
        }
        @for (mover, way) in &named {
            (slope((LEFT, y(mover.ranks[0])), (right, y(mover.ranks[1])), *way))
        }
        @for (shown, own, at) in names(0) {
            (leader((LEFT - 6.0, own), (LEFT - 18.0, at)))
            (text((LEFT - 22.0, at + 4.0), "end", INK, &shown))
        }
        @for (shown, own, at) in names(1) {
            (leader((right + 6.0, own), (right + 18.0, at)))
            (text((right + 22.0, at + 4.0), "start", INK, &shown))
        }
    };
    Some(about.svg(TOP + height + 40.0, &content))
}

fn label(mover: &Mover, way: Way, rank: i64) -> String {
    let name = cut(&mover.name, NAME);
    let mark = match way {
        Way::Up => "▲",
        Way::Down => "▼",
        Way::Other => "",
    };
    format!("{mark} {rank} {name}")
}

fn slope(from: (f64, f64), to: (f64, f64), way: Way) -> Markup {
    let (colour, width, dashes) = match way {
        Way::Up => (ACCENT, "2.5", None),
        Way::Down => (INK, "1.8", Some("6 4")),
        Way::Other => (LINE, "1", None),
    };
    html! {
        line x1=(n(from.0)) y1=(n(from.1)) x2=(n(to.0)) y2=(n(to.1)) stroke=(colour) stroke-width=(width)
            stroke-dasharray=[dashes] {}
        @if way != Way::Other {
            circle cx=(n(from.0)) cy=(n(from.1)) r="3.5" fill=(colour) {}
            circle cx=(n(to.0)) cy=(n(to.1)) r="3.5" fill=(colour) {}
        }
    }
}

/// From the end of a line to a name that had to be moved away from it.
fn leader(from: (f64, f64), to: (f64, f64)) -> Markup {
    html! {
        line x1=(n(from.0)) y1=(n(from.1)) x2=(n(to.0)) y2=(n(to.1)) stroke=(SOFT) stroke-width="0.8" {}
    }
}

/// Sorted positions, moved apart as little as needed, within a range if there is room.
fn apart(wanted: &[f64], from: f64, to: f64) -> Vec<f64> {
    let mut placed = Vec::with_capacity(wanted.len());
    let mut least = from;
    for at in wanted {
        let own = at.max(least);
        placed.push(own);
        least = own + APART;
    }
    let mut most = to;
    for own in placed.iter_mut().rev() {
        *own = own.min(most);
        most = *own - APART;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_moved_apart_and_stay_in_their_order() {
        assert_eq!(apart(&[10.0, 50.0], 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(apart(&[10.0, 12.0, 13.0], 0.0, 100.0), [10.0, 24.0, 38.0]);
        assert_eq!(apart(&[98.0, 99.0, 100.0], 0.0, 100.0), [72.0, 86.0, 100.0]);
    }
}
