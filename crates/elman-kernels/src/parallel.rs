//! Threads that work side by side: what the time loop of `elman` needs of them, where it takes `unsafe` code.
//!
//! [`each`] and [`team`] hand parts of one piece of work to the [helpers](Helpers) of the process. A [`Team`]
//! exchanges values in every step of a loop, and a [`Share`] is the part of an array that one of its members
//! writes. Nothing here changes a result: it decides only who computes it.

mod helpers;
mod share;
mod team;

use std::sync::Mutex;

pub use helpers::Helpers;
pub(crate) use share::{Output, list_of};
pub use share::{RowLayout, Share};
pub use team::Team;
use team::{Lead, Seat};

/// Calls `run` for every item: for the first one on this thread, and for each of the others on whichever thread
/// gets to it first, a helper or this one. The items are handed back where the helpers are at work for
/// another thread.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let sum = AtomicU32::new(0);
/// let add = |number| {
///     sum.fetch_add(number, Ordering::Relaxed);
/// };
/// if let Err(numbers) = elman_kernels::parallel::each(vec![1, 2, 3], add) {
///     numbers.into_iter().for_each(add);
/// }
/// assert_eq!(sum.into_inner(), 6);
/// ```
///
/// # Errors
///
/// The items, if no helper is to be had.
///
/// # Panics
///
/// As `run` does, for any of the items.
pub fn each<R: Send>(items: Vec<R>, run: impl Fn(R) + Sync) -> Result<(), Vec<R>> {
    let others = items.len().saturating_sub(1);
    if others == 0 {
        items.into_iter().for_each(run);
        return Ok(());
    }
    let Some(mut helpers) = Helpers::take(others) else { return Err(items) };
    let items: Vec<Mutex<Option<R>>> =
        items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let run_item = |index: usize| {
        let item = items[index].lock().ok().and_then(|mut item| item.take());
        item.into_iter().for_each(&run);
    };
    helpers.run(others, &|helper| run_item(helper + 1), || (0..items.len()).for_each(run_item));
    Ok(())
}

/// Calls `run` for every member of a team at the same time, or for one alone where the helpers are at work
/// elsewhere or do not come at once. `deal` makes what each of so many members gets; they exchange up to
/// `values` at once. Returns how many ran.
///
/// # Panics
///
/// As `run` does, for any of the members.
pub fn team<R: Send>(
    members: usize,
    values: usize,
    deal: impl FnOnce(usize) -> Vec<R>,
    run: impl Fn(R, Team) + Sync,
) -> usize {
    let helpers = members.saturating_sub(1);
    let alone = |all: Vec<R>| all.into_iter().for_each(|all| run(all, Team::alone()));
    let Some(mut taken) = Some(helpers).filter(|count| *count > 0).and_then(Helpers::take) else {
        alone(deal(1));
        return 1;
    };
    let (lead, seats) = Lead::of(helpers, values);
    let seats: Vec<_> = seats.into_iter().map(|seat| Mutex::new(Some(seat))).collect();
    let dealt: Vec<Mutex<Option<R>>> = seats.iter().map(|_| Mutex::new(None)).collect();
    let member = |helper: usize| {
        let seat = seats[helper].lock().ok().and_then(|mut seat| seat.take());
        if let Some(team) = seat.and_then(Seat::join) {
            let own = dealt[helper].lock().ok().and_then(|mut own| own.take());
            if let Some(own) = own {
                run(own, team);
            }
        }
    };
    let mut count = 1;
    taken.run(helpers, &member, || {
        if !lead.gather() {
            drop(lead);
            return alone(deal(1));
        }
        count = members;
        let mut shares = deal(members).into_iter();
        let first = shares.next();
        for (place, share) in dealt.iter().zip(shares) {
            if let Ok(mut place) = place.lock() {
                *place = Some(share);
            }
        }
        let team = lead.begin();
        if let Some(own) = first {
            run(own, team);
        }
    });
    count
}
