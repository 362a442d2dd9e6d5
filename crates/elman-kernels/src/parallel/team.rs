//! Threads that run the same loop side by side, each for some of the units.
//!
//! A time loop over one sequence has thousands of steps of a microsecond, each waiting for the one
//! before, and between two cores a cache line travels a good quarter of a microsecond. So the members
//! of a team never hand over work: each computes its own units of every step, and once in a step they
//! exchange values. A value travels in one word with the number of its turn, so its arrival is its
//! own signal and a step costs one journey.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::float::Float;

/// One member of a [team](super::team()): what a thread needs to exchange values with the others.
///
/// ```
/// use elman_kernels::parallel::team;
///
/// // Two members, each with a unit of its own in rows of two. One of them alone gets all units.
/// let deal = |members| (0..members).map(|own| (own, members)).collect();
/// team(2, 2, deal, |(own, members): (usize, usize), mut team| {
///     let mut row = [0.0f32; 2];
///     let units = |member| member * 2 / members..(member + 1) * 2 / members;
///     for unit in units(own) {
///         row[unit] = 3.0 + unit as f32;
///     }
///     team.exchange(&mut [&mut row], &[0], units);
///     assert_eq!(row, [3.0, 4.0]);
/// });
/// ```
#[derive(Debug)]
pub struct Team {
    index: usize,
    turn: u32,
    table: Option<Arc<Table>>,
}

/// The thread that gathers a team.
#[derive(Debug)]
pub(super) struct Lead {
    table: Arc<Table>,
}

/// The place of a helper in a team.
#[derive(Debug)]
pub(super) struct Seat {
    table: Arc<Table>,
    index: usize,
}

#[derive(Debug)]
struct Table {
    /// What each member has to say, for an even and for an odd turn: when a member speaks again in a
    /// slot, all others have answered the turn between, and so have read it.
    words: Box<[[Box<[AtomicU64]>; 2]]>,
    seats: Box<[AtomicU8]>,
    /// `WAITING`, then `BEGUN` or `DISMISSED`.
    state: AtomicU8,
    /// A member is gone in a panic; nobody may wait for it.
    broken: AtomicBool,
}

const OPEN: u8 = 0;
const TAKEN: u8 = 1;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const DISMISSED: u8 = 2;

/// How long a lead waits for its team: many times what it takes to wake a thread, and little beside
/// the work that is worth a team.
const PATIENCE: Duration = Duration::from_micros(100);

impl Lead {
    /// A lead and the seats of `helpers`, who exchange up to `values` at once.
    #[must_use]
    pub fn of(helpers: usize, values: usize) -> (Lead, Vec<Seat>) {
        let slot = || (0..2 * values).map(|_| AtomicU64::new(0)).collect();
        let table = Arc::new(Table {
            words: (0..=helpers).map(|_| [slot(), slot()]).collect(),
            seats: (0..helpers).map(|_| AtomicU8::new(OPEN)).collect(),
            state: AtomicU8::new(WAITING),
            broken: AtomicBool::new(false),
        });
        let seats = (0..helpers).map(|index| Seat { table: Arc::clone(&table), index }).collect();
        (Lead { table }, seats)
    }

    /// Waits a moment for all seats to be taken, and says whether they were. If not, whoever came is
    /// dismissed: with threads that are busy elsewhere there is no team, and no waiting for one.
    #[must_use]
    pub fn gather(&self) -> bool {
        let start = Instant::now();
        let taken = |seat: &AtomicU8| seat.load(Ordering::Acquire) == TAKEN;
        while !self.table.seats.iter().all(taken) {
            if start.elapsed() > PATIENCE {
                self.table.state.store(DISMISSED, Ordering::Release);
                return false;
            }
            std::hint::spin_loop();
        }
        true
    }

    /// Lets the gathered team begin; the lead becomes its first member.
    #[must_use]
    pub fn begin(self) -> Team {
        self.table.state.store(BEGUN, Ordering::Release);
        Team { index: 0, turn: 0, table: Some(Arc::clone(&self.table)) }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // A lead that panics before it begins must not leave its team waiting.
        let state = &self.table.state;
        let _ = state.compare_exchange(WAITING, DISMISSED, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Seat {
    /// Waits for the team to begin; `None` if it does not.
    #[must_use]
    pub fn join(self) -> Option<Team> {
        let state = || self.table.state.load(Ordering::Acquire);
        self.table.seats[self.index].store(TAKEN, Ordering::Release);
        wait(|| state() != WAITING, || {});
        (state() == BEGUN).then(|| Team {
            index: self.index + 1,
            turn: 0,
            table: Some(Arc::clone(&self.table)),
        })
    }
}

impl Team {
    /// A thread on its own.
    #[must_use]
    pub fn alone() -> Team {
        Team { index: 0, turn: 0, table: None }
    }

    /// The number of this member; the lead is 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many members there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.table.as_ref().map_or(1, |table| table.words.len())
    }

    /// Tells the others this member's values and takes over theirs. Every row has the
    /// units of all members after each of the offsets, those of a member in the range that
    /// `units` gives for its number. All members call this in the same order with the same sizes.
    ///
    /// # Panics
    ///
    /// More values than the team was made for; a member is gone in a panic.
    pub fn exchange<T: Float>(
        &mut self,
        rows: &mut [&mut [T]],
        offsets: &[usize],
        units: impl Fn(usize) -> Range<usize>,
    ) {
        let Some(table) = self.table.as_deref() else { return };
        self.turn += 1;
        let (turn, slot) = (self.turn, (self.turn % 2) as usize);
        let mut own = table.words[self.index][slot].chunks_exact(T::WORDS);
        for row in rows.iter() {
            for offset in offsets {
                for value in &row[*offset..][units(self.index)] {
                    speak(*value, turn, own.next().expect("a team made for so many values"));
                }
            }
        }
        for member in (0..table.words.len()).filter(|member| *member != self.index) {
            let mut words = table.words[member][slot].chunks_exact(T::WORDS);
            for row in rows.iter_mut() {
                for offset in offsets {
                    for value in &mut row[*offset..][units(member)] {
                        let words = words.next().expect("a team made for so many values");
                        *value = table.hear(turn, words);
                    }
                }
            }
        }
    }
}

/// The turn in the upper half of a word, a part of the value in the lower one.
#[inline(always)]
fn speak<T: Float>(value: T, turn: u32, words: &[AtomicU64]) {
    for (word, bits) in words.iter().zip(value.to_words()) {
        word.store(u64::from(turn) << 32 | u64::from(bits), Ordering::Release);
    }
}

impl Table {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the value is the lower half of a word")]
    fn hear<T: Float>(&self, turn: u32, words: &[AtomicU64]) -> T {
        let mut bits = [0; 2];
        for (word, bits) in words.iter().zip(&mut bits) {
            let mut found = word.load(Ordering::Acquire);
            if found >> 32 != u64::from(turn) {
                found = self.wait_for(turn, word);
            }
            *bits = (found & u64::from(u32::MAX)) as u32;
        }
        T::from_words(bits)
    }

    #[cold]
    fn wait_for(&self, turn: u32, word: &AtomicU64) -> u64 {
        let arrived = || word.load(Ordering::Acquire) >> 32 == u64::from(turn);
        wait(arrived, || {
            let broken = self.broken.load(Ordering::Acquire) && !arrived();
            assert!(!broken, "a member of the team is gone");
        });
        word.load(Ordering::Acquire)
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if let (Some(table), true) = (&self.table, std::thread::panicking()) {
            table.broken.store(true, Ordering::Release);
        }
    }
}

/// Waits some microseconds without giving up the processor, which takes longer than most waits; then
/// lets others run, and calls `check` each time.
fn wait(done: impl Fn() -> bool, check: impl Fn()) {
    const SPINS: u32 = 2_000;
    let mut spins = 0;
    while !done() {
        if spins < SPINS {
            spins += 1;
            std::hint::spin_loop();
        } else {
            check();
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests;
