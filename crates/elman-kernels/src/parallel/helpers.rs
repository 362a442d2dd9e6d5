//! The threads that help another one through the parts of its work.
//!
//! A training step of a small network has half a dozen parts of some microseconds each. To wake a thread takes
//! longer than such a part, so a helper that has done its share looks out for the next one for a
//! moment before it goes to sleep. Whoever calls for help never waits for a thread to come: what no helper has
//! begun, it does itself.

use std::cell::UnsafeCell;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long a helper looks out before it sleeps: longer than what lies between two parts of a training step.
const LOOKOUT: Duration = Duration::from_micros(100);

/// The helpers of the process, for one thread at a time.
#[derive(Debug)]
pub struct Helpers {
    helpers: MutexGuard<'static, Vec<Helper>>,
}

static HELPERS: Mutex<Vec<Helper>> = Mutex::new(Vec::new());

/// A thread, and what it shares with whoever calls it.
#[derive(Debug)]
struct Helper {
    desk: Arc<Desk>,
    thread: Thread,
}

/// Where a task lies for one helper.
#[derive(Debug)]
struct Desk {
    /// Counts the tasks; whether one can be begun, has been, and is done, in the two lowest bits.
    state: AtomicU32,
    task: UnsafeCell<Option<Task>>,
    asleep: AtomicBool,
    panicked: AtomicBool,
}

/// A function that lives as long as the call that it was given to, as an address, and how it is called.
#[derive(Clone, Copy, Debug)]
struct Task {
    call: unsafe fn(*const (), usize),
    function: *const (),
    index: usize,
}

/// Calls the function at an address.
///
/// # Safety
///
/// An `F` lives there.
unsafe fn call<F: Fn(usize) + Sync>(function: *const (), index: usize) {
    // SAFETY: the contract.
    let function = unsafe { &*function.cast::<F>() };
    function(index);
}

// SAFETY: the task is written by the thread that has the helpers, while no task is to be begun or under way, and
// read by the helper alone, after it has begun it. The function that it points to can be called from any thread.
unsafe impl Sync for Desk {}
// SAFETY: as above.
unsafe impl Send for Desk {}

const IDLE: u32 = 0;
const OFFERED: u32 = 1;
const BEGUN: u32 = 2;
const NEXT: u32 = 4;

impl Desk {
    /// Lays a task down and wakes the helper if it sleeps.
    fn offer(&self, task: Task, thread: &Thread) {
        let state = self.state.load(Ordering::Relaxed);
        // SAFETY: the state is idle, so the helper reads no task.
        unsafe { *self.task.get() = Some(task) };
        self.state.store(state.wrapping_add(NEXT) | OFFERED, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            thread.unpark();
        }
    }

    /// Takes the task back if it was not begun, and waits for its end if it was.
    fn finish(&self) {
        let state = self.state.load(Ordering::Acquire);
        let idle = (state & !(OFFERED | BEGUN)) | IDLE;
        let offered = idle | OFFERED;
        let taken = self.state.compare_exchange(offered, idle, Ordering::AcqRel, Ordering::Acquire);
        if taken.is_ok() {
            return;
        }
        let mut spins = 0u32;
        while self.state.load(Ordering::Acquire) & BEGUN != 0 {
            spins = spins.saturating_add(1);
            if spins < 20_000 {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }

    /// Begins the task that is offered, if there is one, and does it.
    fn help(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        if state & OFFERED == 0 {
            return false;
        }
        let idle = state & !OFFERED;
        let begun = idle | BEGUN;
        if self.state.compare_exchange(state, begun, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        // SAFETY: the task was laid down before it was offered, and stays while it is under way.
        if let Some(task) = unsafe { *self.task.get() } {
            // SAFETY: whoever offered the task keeps its function until the task is done.
            let outcome = catch_unwind(|| unsafe { (task.call)(task.function, task.index) });
            if outcome.is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
        }
        self.state.store(idle, Ordering::Release);
        true
    }

    /// What a helper does all its life.
    fn serve(&self) {
        loop {
            let begin = Instant::now();
            let mut helped = false;
            while !helped && begin.elapsed() < LOOKOUT {
                for _ in 0..50 {
                    std::hint::spin_loop();
                    helped = self.help();
                    if helped {
                        break;
                    }
                }
            }
            if helped {
                continue;
            }
            self.asleep.store(true, Ordering::SeqCst);
            while self.state.load(Ordering::SeqCst) & OFFERED == 0 {
                std::thread::park();
            }
            self.asleep.store(false, Ordering::SeqCst);
            self.help();
        }
    }
}

impl Helpers {
    /// At least `count` of them; `None` if they are at work for another thread, or the system gives no thread.
    #[must_use]
    pub fn take(count: usize) -> Option<Helpers> {
        let mut helpers = HELPERS.try_lock().ok()?;
        while helpers.len() < count {
            let desk = Arc::new(Desk {
                state: AtomicU32::new(IDLE),
                task: UnsafeCell::new(None),
                asleep: AtomicBool::new(false),
                panicked: AtomicBool::new(false),
            });
            let own = Arc::clone(&desk);
            let builder = std::thread::Builder::new().name("elman-helper".to_owned());
            let thread = builder.spawn(move || own.serve()).ok()?.thread().clone();
            helpers.push(Helper { desk, thread });
        }
        Some(Helpers { helpers })
    }

    /// Calls `own` here, and `task` with the numbers below `count` on as many helpers, as far as they come while
    /// `own` runs: whoever has not begun by then is not called any more.
    ///
    /// # Panics
    ///
    /// As `own` and `task` do.
    pub fn run<F: Fn(usize) + Sync>(&mut self, count: usize, task: &F, own: impl FnOnce()) {
        let helpers = &self.helpers[..count.min(self.helpers.len())];
        // Does not let this call end, not even in a panic, before every helper that has begun the task is done
        // with it: so the function lives as long as it is called.
        let finish = Finish { helpers };
        let function = std::ptr::from_ref(task).cast();
        for (index, helper) in helpers.iter().enumerate() {
            helper.desk.offer(Task { call: call::<F>, function, index }, &helper.thread);
        }
        own();
        drop(finish);
        let panicked = helpers.iter().filter(|h| h.desk.panicked.swap(false, Ordering::Relaxed));
        assert!(panicked.count() == 0, "a helper panicked");
    }
}

/// Ends what was offered, whatever happens.
struct Finish<'a> {
    helpers: &'a [Helper],
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.helpers.iter().for_each(|helper| helper.desk.finish());
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// The helpers, once the tests beside this one have given them back.
    fn helpers(count: usize) -> Helpers {
        loop {
            if let Some(helpers) = Helpers::take(count) {
                return helpers;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_task_is_done_once_by_each_helper_that_comes() {
        let mut helpers = helpers(3);
        for round in 0..2000 {
            let calls = [const { AtomicUsize::new(0) }; 3];
            let mut own = 0;
            let task = |index: usize| {
                calls[index].fetch_add(1, Ordering::Relaxed);
            };
            helpers.run(3, &task, || {
                own += 1;
                if round % 500 == 0 {
                    // Longer than helpers stay awake.
                    std::thread::sleep(Duration::from_millis(2));
                }
            });
            assert_eq!(own, 1);
            assert!(calls.iter().all(|calls| calls.load(Ordering::Relaxed) <= 1), "{calls:?}");
        }
    }

    #[test]
    fn helpers_that_sleep_are_woken() {
        let mut helpers = helpers(1);
        std::thread::sleep(Duration::from_millis(5));
        let came = AtomicBool::new(false);
        let task = |_| came.store(true, Ordering::Release);
        helpers.run(1, &task, || {
            while !came.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        });
    }

    #[test]
    fn a_panic_of_a_helper_reaches_the_caller_and_leaves_it_at_work() {
        let mut helpers = helpers(1);
        let called = AtomicBool::new(false);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let task = |_| {
                called.store(true, Ordering::Release);
                panic!("on purpose");
            };
            helpers.run(1, &task, || {
                while !called.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
            });
        }));
        assert!(outcome.is_err());
        let came = AtomicBool::new(false);
        helpers.run(1, &|_| came.store(true, Ordering::Release), || {
            while !came.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        });
    }

    #[test]
    fn helpers_serve_one_thread_at_a_time() {
        let helpers = helpers(1);
        assert!(Helpers::take(1).is_none(), "at work for this test");
        drop(helpers);
    }
}
