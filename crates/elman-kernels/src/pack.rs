//! A matrix rearranged so that a product reads it in one forward sweep.
//!
//! The columns are cut into panels of a fixed width; a panel holds its rows one after the other,
//! the last panel padded with zeros. Packing costs one pass over the matrix and is done once for
//! many products.

use crate::aligned::Aligned;
use crate::float::Float;
use crate::level::Level;

/// Columns of one panel: two vector registers.
#[must_use]
pub(crate) fn panel_width<T: Float>() -> usize {
    64 / size_of::<T>()
}

/// A matrix `[depth, columns]` in panels.
#[derive(Clone, Debug)]
pub struct PackedMatrix<T> {
    level: Level,
    depth: usize,
    columns: usize,
    panels: Aligned<T>,
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
        let panels = Aligned::zeros(depth * columns.div_ceil(width) * width);
        PackedMatrix { level, depth, columns, panels }
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
        if self.panels.is_empty() {
            return;
        }
        let needed = (self.depth - 1) * stride + self.columns;
        assert!(
            stride >= self.columns && source.len() >= needed,
            "packed matrix: source too short"
        );
        let width = panel_width::<T>();
        for (panel, target) in self.panels.chunks_exact_mut(self.depth * width).enumerate() {
            let start = panel * width;
            let taken = width.min(self.columns - start);
            for (row, values) in target.chunks_exact_mut(width).zip(source.chunks(stride)) {
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
        if self.panels.is_empty() {
            return;
        }
        for (panel, target) in self.panels.chunks_exact_mut(self.depth * width).enumerate() {
            let start = panel * width;
            for column in 0..width.min(self.columns - start) {
                let row = &source[(start + column) * stride..][..self.depth];
                for (k, value) in row.iter().enumerate() {
                    target[k * width + column] = *value;
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

    /// `count` panels from panel `first` on, in memory order.
    pub(crate) fn panels(&self, first: usize, count: usize) -> &[T] {
        let size = self.depth * panel_width::<T>();
        &self.panels[first * size..(first + count) * size]
    }
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
        assert_eq!(*plain.panels, *turned.panels);
        let wide: Vec<f32> =
            source.chunks(columns).flat_map(|row| [&[9.0; 2], row].concat()).collect();
        let mut strided = PackedMatrix::zeros(depth, columns);
        strided.fill_strided(&wide[2..], columns + 2);
        assert_eq!(*plain.panels, *strided.panels);
        assert_eq!(plain.panels(1, 1)[..6], [16.0, 17.0, 18.0, 19.0, 20.0, 0.0]);
    }
}
