//! How high each loaded message is, summed in blocks: where a message stands, and which one stands at a place, without
//! going through all of them. Grows at both ends.
//!
//! Exact for what has been drawn, an estimate for the rest. Nothing visible is ever placed by it: it only says how far
//! the scroll bar is, and where to go when somebody drags it.

use std::collections::VecDeque;

const BLOCK: i64 = 256;

/// The heights of a run of messages.
#[derive(Debug, Default)]
pub struct Heights {
    rows: VecDeque<f32>,
    /// Sums of 256 rows. Blocks lie at fixed places of an endless axis, so that adding in front moves none of them.
    blocks: VecDeque<f64>,
    /// The place of the first row on that axis.
    start: i64,
}

impl Heights {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds one behind the last.
    pub fn push_back(&mut self, height: f32) {
        let block = self.block_of(self.rows.len());
        self.rows.push_back(height);
        if block == self.blocks.len() {
            self.blocks.push_back(0.0);
        }
        self.add(block, height);
    }

    /// Adds one in front of the first.
    pub fn push_front(&mut self, height: f32) {
        if self.rows.is_empty() {
            return self.push_back(height);
        }
        if self.start.rem_euclid(BLOCK) == 0 {
            self.blocks.push_front(0.0);
        }
        self.start -= 1;
        self.rows.push_front(height);
        self.add(0, height);
    }

    /// Corrects one. A row that is not there is left alone.
    pub fn set(&mut self, row: usize, height: f32) {
        let block = self.block_of(row);
        if let Some(old) = self.rows.get_mut(row) {
            let change = height - *old;
            *old = height;
            if change != 0.0 {
                self.add(block, change);
            }
        }
    }

    /// The height of all.
    pub fn total(&self) -> f64 {
        self.blocks.iter().sum()
    }

    /// The height of all rows above that one.
    pub fn above(&self, row: usize) -> f64 {
        let row = row.min(self.rows.len());
        let block = self.block_of(row);
        let whole: f64 = self.blocks.iter().take(block).sum();
        let first = self.first_row(block);
        whole + self.rows.range(first.min(row)..row).map(|height| f64::from(*height)).sum::<f64>()
    }

    /// The row at that distance from the top, and how far into it that is.
    pub fn at(&self, mut y: f64) -> Option<(usize, f64)> {
        let mut block = 0;
        while block + 1 < self.blocks.len() && self.blocks.get(block).is_some_and(|height| *height <= y) {
            y -= self.blocks.get(block).copied().unwrap_or_default();
            block += 1;
        }
        let mut row = self.first_row(block);
        while row + 1 < self.rows.len() && self.rows.get(row).is_some_and(|height| f64::from(*height) <= y) {
            y -= self.rows.get(row).copied().map_or(0.0, f64::from);
            row += 1;
        }
        (row < self.rows.len()).then_some((row, y))
    }

    fn add(&mut self, block: usize, height: f32) {
        if let Some(sum) = self.blocks.get_mut(block) {
            *sum += f64::from(height);
        }
    }

    fn block_of(&self, row: usize) -> usize {
        let place = self.start.rem_euclid(BLOCK) + i64::try_from(row).unwrap_or(i64::MAX / 2);
        usize::try_from(place / BLOCK).unwrap_or_default()
    }

    fn first_row(&self, block: usize) -> usize {
        let offset = usize::try_from(self.start.rem_euclid(BLOCK)).unwrap_or_default();
        (block * BLOCK as usize).saturating_sub(offset)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Front(u16),
        Back(u16),
        Set(usize, u16),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            any::<u16>().prop_map(Step::Front),
            any::<u16>().prop_map(Step::Back),
            (0..900usize, any::<u16>()).prop_map(|(row, height)| Step::Set(row, height)),
        ];
        prop::collection::vec(step, 0..900)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn they_are_what_a_plain_list_says(steps in steps()) {
            let (mut heights, mut plain) = (Heights::default(), VecDeque::new());
            for step in steps {
                match step {
                    Step::Front(height) => {
                        heights.push_front(f32::from(height));
                        plain.push_front(f64::from(height));
                    }
                    Step::Back(height) => {
                        heights.push_back(f32::from(height));
                        plain.push_back(f64::from(height));
                    }
                    Step::Set(row, height) => {
                        heights.set(row, f32::from(height));
                        if let Some(old) = plain.get_mut(row) {
                            *old = f64::from(height);
                        }
                    }
                }
            }
            prop_assert_eq!(heights.len(), plain.len());
            prop_assert_eq!(heights.total(), plain.iter().sum::<f64>());
            let mut y = 0.0;
            for (row, height) in plain.iter().enumerate() {
                prop_assert_eq!(heights.above(row), y);
                if *height > 0.0 {
                    prop_assert_eq!(heights.at(y + 0.5), Some((row, 0.5)));
                }
                y += height;
            }
            prop_assert_eq!(heights.above(usize::MAX), y);
        }
    }

    #[test]
    fn places_outside_are_the_nearest_row() {
        let mut heights = Heights::default();
        assert_eq!(heights.at(3.0), None);
        heights.push_back(10.0);
        heights.push_back(10.0);
        assert_eq!(heights.at(-5.0), Some((0, -5.0)));
        assert_eq!(heights.at(500.0), Some((1, 490.0)));
    }
}
