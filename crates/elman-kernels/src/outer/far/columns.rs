//! The columns of both left factors, counted through.

use crate::outer::Left;

/// Those of the first factor, then those of the second one. Bands of `width` columns each are counted
/// through as well; the second factor starts with a band of its own.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    factors: [Left; 2],
    width: usize,
}

/// Where a left column stands in the copy of a block.
#[derive(Clone, Copy)]
pub(super) struct LeftColumn {
    pub band: usize,
    /// Its place in the band.
    pub offset: usize,
}

impl Columns {
    pub fn of(left: [Option<Left>; 2], width: usize) -> Self {
        Columns { factors: left.map(|left| left.unwrap_or(Left { rows: 0, at: 0 })), width }
    }

    /// How many, of both factors.
    pub fn count(self) -> usize {
        self.factors[0].rows + self.factors[1].rows
    }

    /// How many a factor has.
    pub fn of_factor(self, side: usize) -> usize {
        self.factors[side].rows
    }

    /// How many bands, of both factors.
    #[inline(always)]
    pub fn bands(self) -> usize {
        self.first_band(1) + self.factors[1].rows.div_ceil(self.width)
    }

    /// The first band of a factor.
    #[inline(always)]
    pub fn first_band(self, side: usize) -> usize {
        if side == 0 { 0 } else { self.factors[0].rows.div_ceil(self.width) }
    }

    /// Where a column stands in the block's copy.
    #[inline(always)]
    pub fn place(self, column: usize) -> LeftColumn {
        let (side, column) = self.split(column);
        LeftColumn {
            band: self.first_band(side) + column / self.width,
            offset: column % self.width,
        }
    }

    /// Where the row of a column starts in a gradient whose rows are `stride` values apart.
    #[inline(always)]
    pub fn at(self, column: usize, stride: usize) -> usize {
        let (side, column) = self.split(column);
        self.factors[side].at + column * stride
    }

    /// The factor of a column, and its number there.
    #[inline(always)]
    fn split(self, column: usize) -> (usize, usize) {
        match column.checked_sub(self.factors[0].rows) {
            None => (0, column),
            Some(column) => (1, column),
        }
    }
}
