//! A matrix rearranged so that a product reads it in one forward sweep.
//!
//! The columns are cut into panels of a fixed width, the last one padded with zeros. Where a tile of a
//! product has many registers, the rows of four panels stand side by side: it reads one stream, at one
//! address. Elsewhere a panel holds its rows one after the other. Packing costs one pass over the
//! matrix and is done once for many products.

use crate::aligned::Aligned;
use crate::float::Float;
use crate::level::Level;
pub(crate) use crate::vector::panel_width;

/// Panels whose rows stand side by side. A tile of AVX2 is one panel: its rows among those of others
/// would take four times as many cache lines of a set.
pub(crate) const fn panels_per_group(level: Level) -> usize {
    match level {
        Level::Avx512 => 4,
        Level::Portable | Level::Avx2 => 1,
    }
}

/// A matrix `[depth, columns]` in panels.
#[derive(Clone, Debug)]
pub struct PackedMatrix<T> {
    level: Level,
    depth: usize,
    columns: usize,
    values: Aligned<T>,
}

impl<T: Float> PackedMatrix<T> {
    /// An all-zero matrix `[depth, columns]` for the level in force.
    #[must_use]
    pub fn zeros(depth: usize, columns: usize) -> Self {
        Self::zeros_for(Level::current(), depth, columns)
    }

    /// An all-zero matrix for one level.
    ///
    /// # Panics
    ///
    /// This processor cannot run the level.
    #[must_use]
    pub fn zeros_for(level: Level, depth: usize, columns: usize) -> Self {
        assert!(level.is_supported(), "this processor cannot run level {}", level.name());
        let width = panel_width::<T>();
        let values = Aligned::zeros(depth * columns.div_ceil(width) * width);
        PackedMatrix { level, depth, columns, values }
    }

    /// Takes over the values of `source`, row-major `[depth, columns]`.
    ///
    /// # Panics
    ///
    /// `source` does not hold `depth × columns` values.
    pub fn fill(&mut self, source: &[T]) {
        assert_eq!(source.len(), self.depth * self.columns, "packed matrix: size of the source");
        self.fill_strided(source, self.columns);
    }

    /// Takes over columns of a wider matrix: row `k` starts at `k * stride`.
    ///
    /// # Panics
    ///
    /// `source` is too short for that, or the stride shorter than a row.
    pub fn fill_strided(&mut self, source: &[T], stride: usize) {
        if self.values.is_empty() {
            return;
        }
        let needed = (self.depth - 1) * stride + self.columns;
        assert!(
            stride >= self.columns && source.len() >= needed,
            "packed matrix: source too short"
        );
        let width = panel_width::<T>();
        for start in (0..self.columns).step_by(width) {
            let taken = width.min(self.columns - start);
            let place = self.place(start / width);
            let rows = self.values[place.start..].chunks_mut(place.stride);
            for (row, values) in rows.zip(source.chunks(stride)).take(self.depth) {
                row[..taken].copy_from_slice(&values[start..start + taken]);
            }
        }
    }

    /// Takes over the transpose of `source`, row-major `[columns, depth]`, of which each row stands
    /// `stride` values after the one before.
    ///
    /// # Panics
    ///
    /// `source` is too short for that.
    pub fn fill_transposed(&mut self, source: &[T], stride: usize) {
        let width = panel_width::<T>();
        if self.values.is_empty() {
            return;
        }
        for start in (0..self.columns).step_by(width) {
            let place = self.place(start / width);
            let target = &mut self.values[place.start..];
            for column in 0..width.min(self.columns - start) {
                let row = &source[(start + column) * stride..][..self.depth];
                for (k, value) in row.iter().enumerate() {
                    target[k * place.stride + column] = *value;
                }
            }
        }
    }

    /// The level whose instructions a product with this matrix uses.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The length of the sums of a product: the rows of the matrix.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The columns, padding not counted.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `count` panels from panel `first` on, of one group where panels stand together.
    #[inline(always)]
    pub(crate) fn panels(&self, first: usize, count: usize) -> Panels<'_, T> {
        let (width, depth) = (panel_width::<T>(), self.depth);
        let Place { start, stride } = self.place(first);
        let group = panels_per_group(self.level);
        debug_assert!(group == 1 || first % group + count <= group, "panels of two groups");
        let apart = if group == 1 { depth * width } else { width };
        if depth == 0 {
            return Panels { values: &[], stride, apart, depth };
        }
        let end = start + (depth - 1) * stride + (count - 1) * apart + width;
        Panels { values: &self.values[start..end], stride, apart, depth }
    }

    /// Where a panel stands.
    #[inline(always)]
    fn place(&self, panel: usize) -> Place {
        let (width, depth) = (panel_width::<T>(), self.depth);
        let group = panels_per_group(self.level);
        // The first panel of a group: its size is a power of two at every level.
        let first = panel & !(group - 1);
        let stride = (self.columns.div_ceil(width) - first).min(group) * width;
        Place { start: first * depth * width + (panel - first) * width, stride }
    }
}

/// The first value of a panel, and the distance between two of its rows.
struct Place {
    start: usize,
    stride: usize,
}

/// Some rows of panels, from their first row on.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a, T> {
    pub values: &'a [T],
    /// The distance between two rows of a panel; their width where panels stand alone.
    pub stride: usize,
    /// The distance between two panels; their width where they stand together.
    pub apart: usize,
    pub depth: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_fill_equals_fill_of_the_transpose() {
        let (depth, columns) = (3, 21);
        let source: Vec<f32> = (0..63u16).map(f32::from).collect();
        let mut transpose = vec![0.0f32; 63];
        for k in 0..depth {
            for c in 0..columns {
                transpose[c * depth + k] = source[k * columns + c];
            }
        }
        let mut plain = PackedMatrix::zeros(depth, columns);
        plain.fill(&source);
        let mut turned = PackedMatrix::zeros(depth, columns);
        turned.fill_transposed(&transpose, depth);
        assert_eq!(*plain.values, *turned.values);
        let wide: Vec<f32> =
            source.chunks(columns).flat_map(|row| [&[9.0; 2], row].concat()).collect();
        let mut strided = PackedMatrix::zeros(depth, columns);
        strided.fill_strided(&wide[2..], columns + 2);
        assert_eq!(*plain.values, *strided.values);
        assert_eq!(plain.panels(1, 1).values[..6], [16.0, 17.0, 18.0, 19.0, 20.0, 0.0]);
    }
}
