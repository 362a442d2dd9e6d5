//! Which instructions the kernels use: found once at run time, or forced by `ELMAN_LEVEL`.
//!
//! Every level computes the same bits. A level changes how many output elements are computed side
//! by side, never the order of the operations inside one element.

use std::sync::OnceLock;

/// An instruction level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Ordinary Rust, on any processor.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, DQ, VL) beside AVX2 and FMA.
    Avx512,
}

impl Level {
    /// Every level, the slowest first.
    pub const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// The levels that this processor can run, the slowest first: what a test goes through. A level that is not
    /// among them would run as the portable one and be compared with itself.
    ///
    /// ```
    /// use elman_kernels::Level;
    ///
    /// assert_eq!(Level::supported().first(), Some(&Level::Portable));
    /// ```
    #[must_use]
    pub fn supported() -> Vec<Level> {
        Level::ALL.into_iter().filter(|level| level.is_supported()).collect()
    }

    /// The name used by `ELMAN_LEVEL`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Whether this processor can run the level.
    #[must_use]
    #[inline]
    pub fn is_supported(self) -> bool {
        // Asked before every loop, so the answers of the processor are kept together.
        static SUPPORTED: OnceLock<[bool; Level::ALL.len()]> = OnceLock::new();
        SUPPORTED.get_or_init(|| Level::ALL.map(Level::is_detected))[self as usize]
    }

    fn is_detected(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.is_detected()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 | Level::Avx512 => false,
        }
    }

    /// The fastest level that this processor can run.
    #[must_use]
    pub fn best() -> Level {
        let supported = Level::ALL.into_iter().rev().find(|level| level.is_supported());
        supported.unwrap_or(Level::Portable)
    }

    /// The level that `ELMAN_LEVEL` asks for, or the best one where it is unset.
    ///
    /// # Errors
    ///
    /// What was expected and what was found: an unknown name, or a level this processor cannot run.
    pub fn from_environment() -> Result<Level, (&'static str, String)> {
        let Some(wanted) = std::env::var_os("ELMAN_LEVEL") else { return Ok(Level::best()) };
        let found = || wanted.to_string_lossy().into_owned();
        match Level::ALL.into_iter().find(|level| wanted == level.name()) {
            Some(level) if level.is_supported() => Ok(level),
            Some(_) => Err(("a level that this processor can run", found())),
            None => Err(("portable, avx2 or avx512", found())),
        }
    }

    /// The level in force, settled at its first use.
    ///
    /// A faulty `ELMAN_LEVEL` falls back to the portable level here, so that a library call never
    /// fails for it; the command line reports the fault from [`Level::from_environment`] first.
    #[must_use]
    pub fn current() -> Level {
        static CURRENT: OnceLock<Level> = OnceLock::new();
        *CURRENT.get_or_init(|| Level::from_environment().unwrap_or(Level::Portable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_portable_always_runs() {
        assert_ne!(Level::Portable.name(), Level::Avx2.name());
        assert!(Level::Portable.is_supported());
        assert!(Level::best().is_supported());
    }
}
