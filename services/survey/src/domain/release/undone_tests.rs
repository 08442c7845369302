//! Floods, wrong files and one sender among others: what is undone, and what the closing adds.

use super::*;

#[test]
fn without_a_known_network_the_open_link_waits_for_the_closing() {
    let mut model = Model::default();
    model.add(Sender::Own, 10, 0);
    for id in 0..60 {
        let unknown = Entry {
            source: String::new(),
            ..entry(Sender::Link, Change::Add, 10 + id)
        };
        model.add_entries(vec![unknown], 0);
    }
    assert_eq!((model.pending.released(70), model.pending.people()), (5, 65));
    model.close();
    assert_eq!((model.pending.released(70), model.pending.people()), (70, 0));
}

#[test]
fn closing_after_an_import_does_not_add_what_one_sender_and_another_person_sent() {
    let mut model = Model::default();
    model.add(Sender::Own, 5, 100);
    model.import_ends();
    model.link(&[7; 19]);
    model.link(&[8]);
    model.close();
    assert_eq!((model.pending.released(125), model.pending.people()), (105, 20));
    assert!(model.pending.in_correction(125, &RULES));
    model.pending.release(model.version + 1, &RULES);
    assert_eq!(model.pending.released(125), 125);
}

#[test]
fn an_undone_flood_leaves_nobody_alone_in_the_difference() {
    let mut model = Model::default();
    model.add(Sender::Own, 10, 0);
    assert_eq!(model.pending.released(10), 5);
    // The import of a wrong file moves those who wait with it.
    model.add(Sender::Own, 5, 100);
    model.import_ends();
    assert_eq!(model.pending.released(115), 115);
    model.add(Sender::Own, 3, 0);
    let file: Vec<usize> = (10..115).map(|_| 10).collect();
    // Five of those who waited before are left, so it is undone at once.
    model.void(&file);
    assert_eq!((model.pending.released(13), model.pending.people()), (13, 0));
    // Again, but only one waited: it would be alone in the difference.
    model.add(Sender::Own, 1, 0);
    model.add(Sender::Own, 5, 100);
    model.import_ends();
    let file: Vec<usize> = (14..119).map(|_| 14).collect();
    model.void(&file);
    assert_eq!((model.total(), model.pending.released(14)), (14, 119));
    model.add(Sender::Own, 5, 0);
    assert_eq!((model.pending.released(19), model.pending.people()), (19, 0));
}

#[test]
fn a_wrong_file_is_undone_at_once_when_nobody_else_moved_with_it() {
    for (last, many) in [(7, 0), (5, 90)] {
        let mut model = Model::default();
        model.add(Sender::Own, 5, 20);
        model.import_ends();
        let before = model.shown();
        model.add(Sender::Own, last, many);
        model.import_ends();
        assert_eq!(model.pending.released(model.total()), model.total());
        model.void(&vec![25; last + many]);
        assert_eq!((model.shown(), model.pending.people()), (before.clone(), 0));
        // And once more.
        model.add(Sender::Own, last, many);
        model.import_ends();
        model.void(&vec![25; last + many]);
        assert_eq!((model.shown(), model.pending.people()), (before, 0));
    }
}

#[test]
fn what_moves_after_the_closing_is_known_of_one_correction() {
    let closed = |before: usize| {
        let mut model = Model::default();
        model.add(Sender::Own, 5, 20);
        model.import_ends();
        model.add(Sender::Own, before, 0);
        model.close();
        model
    };
    let mut model = closed(6);
    let mut moved = vec![model.pending.moved];
    for _ in 0..2 {
        model.void(&[0; 5]);
        moved.push(model.pending.moved);
    }
    assert_eq!(moved, [Moved::Not, Moved::Once, Moved::Again]);
    // Two who came before the closing are not in its figures.
    let mut model = closed(2);
    assert_eq!((model.pending.people(), model.pending.moved), (2, Moved::Once));
    model.add(Sender::Own, 3, 0);
    assert_eq!((model.pending.people(), model.pending.moved), (0, Moved::Again));
    // A survey that was opened again.
    let mut model = closed(6);
    model.pending.reopen();
    model.close();
    assert_eq!(model.pending.moved, Moved::Again);
    let text = model.pending.text(0);
    assert_eq!(Pending::parse(&text, 0), Some(model.pending));
}
