use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// Runs `work` on every member of a full team.
fn with_team(helpers: usize, values: usize, work: impl Fn(Team) + Sync) {
    let (lead, seats) = Lead::of(helpers, values);
    std::thread::scope(|scope| {
        for seat in seats {
            scope.spawn(|| seat.join().map(&work));
        }
        while !lead.table.seats.iter().all(|seat| seat.load(Ordering::Acquire) == TAKEN) {
            std::thread::yield_now();
        }
        assert!(lead.gather());
        work(lead.begin());
    });
}

/// Two rows of two gates with 5 units: member 0 has 0..2, member 1 has 2..3, member 2 has 3..5.
fn exchange_for_many_turns<T: Float>() {
    const UNITS: [Range<usize>; 3] = [0..2, 2..3, 3..5];
    let value = |turn: usize, i: usize| T::from_f64(1.0 / (1 + turn * 100 + i) as f64);
    with_team(2, 8, |mut team| {
        for turn in 0..500 {
            let mut rows = [T::ZERO; 24];
            let mine = |i: usize| UNITS[team.index()].contains(&(i % 6)) && i % 6 < 5;
            (0..24).filter(|i| mine(*i)).for_each(|i| rows[i] = value(turn, i));
            let (first, second) = rows.split_at_mut(12);
            team.exchange(&mut [first, second], &[0, 6], |member| UNITS[member].clone());
            for (i, found) in rows.iter().enumerate() {
                let expected = if i % 6 < 5 { value(turn, i) } else { T::ZERO };
                assert_eq!(found.to_words(), expected.to_words(), "turn {turn}, value {i}");
            }
        }
    });
}

#[test]
fn all_members_have_all_values_turn_after_turn() {
    exchange_for_many_turns::<f32>();
    exchange_for_many_turns::<f64>();
}

#[test]
fn without_helpers_there_is_no_team_and_late_ones_are_sent_home() {
    let (lead, seats) = Lead::of(2, 1);
    assert!(!lead.gather());
    assert!(seats.into_iter().all(|seat| seat.join().is_none()));
    let (lead, seats) = Lead::of(1, 1);
    drop(lead);
    assert!(seats.into_iter().all(|seat| seat.join().is_none()));
    let mut values = [1.0f32];
    Team::alone().exchange(&mut [&mut values], &[0], |_| 0..1);
    assert_eq!(values[0].to_bits(), 1.0f32.to_bits());
}

#[test]
fn nobody_waits_for_a_member_that_panicked() {
    let run = || {
        with_team(1, 1, |mut team| {
            let index = team.index();
            team.exchange(&mut [&mut [0.0f32; 2]], &[0], |member| member..member + 1);
            assert_eq!(index, 0, "the helper is gone");
            team.exchange(&mut [&mut [0.0f32; 2]], &[0], |member| member..member + 1);
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
}
