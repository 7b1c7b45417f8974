//! Where rows of unknown height stand in a viewport. Arithmetic only: it measures through a function that it is given.
//!
//! One row is fixed by its lower edge, and the others are stacked on both sides of it as far as the viewport reaches.
//! So whatever is loaded, or grows, above what is seen cannot move what is seen; and no frame costs more than it shows.

use std::collections::VecDeque;

/// A row and its place. `top` is counted from the upper edge of the viewport, downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<L> {
    /// The number of the row.
    pub row: usize,
    /// Its upper edge.
    pub top: f32,
    /// Its height.
    pub height: f32,
    /// What measuring it produced, for drawing it.
    pub look: L,
}

impl<L> Placed<L> {
    /// Its lower edge.
    pub fn bottom(&self) -> f32 {
        self.top + self.height
    }
}

/// What is fixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fixed {
    /// The lower edge of the last row is at the lower edge of the viewport.
    End,
    /// The lower edge of that row is there.
    Bottom(usize, f32),
    /// The upper edge of that row is there.
    Top(usize, f32),
}

/// What is in the viewport, in order.
#[derive(Debug)]
pub struct Placement<L> {
    /// The rows that show at least one line of pixels, and those touching the edge.
    pub rows: VecDeque<Placed<L>>,
    /// Nothing is below.
    pub at_end: bool,
}

/// Places `count` rows in a viewport of that height, scrolled on by `scroll` (upwards, towards older rows, when it is
/// positive). There is never empty space below the last row, nor above the first one unless all rows fit.
pub fn place<L>(
    count: usize,
    fixed: Fixed,
    scroll: f32,
    view: f32,
    measure: &mut dyn FnMut(usize) -> (f32, L),
) -> Placement<L> {
    let Some(last) = count.checked_sub(1) else { return Placement { rows: VecDeque::new(), at_end: true } };
    let mut at = |row: usize, bottom: f32| {
        let (height, look) = measure(row);
        Placed { row, top: bottom - height, height, look }
    };
    let first = match fixed {
        Fixed::End => at(last, view),
        Fixed::Bottom(row, bottom) => at(row.min(last), bottom),
        Fixed::Top(row, top) => {
            let mut placed = at(row.min(last), 0.0);
            placed.top = top;
            placed
        }
    };
    let mut rows = VecDeque::from([first]);
    shift(&mut rows, scroll);
    stack(&mut rows, last, view, &mut at);

    close_below(&mut rows, last, view, &mut at);
    let gap_above = rows.front().filter(|row| row.row == 0).map_or(0.0, |row| row.top);
    let overhang = rows.back().map_or(0.0, |row| if row.row == last { row.bottom() - view } else { f32::MAX });
    if gap_above > 0.0 && overhang > 0.0 {
        shift(&mut rows, -gap_above.min(overhang));
        stack(&mut rows, last, view, &mut at);
        // The last row may have been too far below to be looked at, and all of them may fit after all.
        close_below(&mut rows, last, view, &mut at);
    }
    let at_end = rows.back().is_some_and(|row| row.row == last && row.bottom() <= view + 0.5);
    rows.retain(|row| row.bottom() > 0.0 && row.top < view);
    Placement { rows, at_end }
}

/// Leaves no empty space below the last row.
fn close_below<L>(
    rows: &mut VecDeque<Placed<L>>,
    last: usize,
    view: f32,
    at: &mut impl FnMut(usize, f32) -> Placed<L>,
) {
    let gap = rows.back().filter(|row| row.row == last).map_or(0.0, |row| view - row.bottom());
    if gap > 0.0 {
        shift(rows, gap);
        stack(rows, last, view, at);
    }
}

fn shift<L>(rows: &mut VecDeque<Placed<L>>, by: f32) {
    for row in rows {
        row.top += by;
    }
}

fn stack<L>(rows: &mut VecDeque<Placed<L>>, last: usize, view: f32, at: &mut impl FnMut(usize, f32) -> Placed<L>) {
    while let Some((above, bottom)) =
        rows.front().filter(|row| row.top > 0.0).and_then(|row| Some((row.row.checked_sub(1)?, row.top)))
    {
        rows.push_front(at(above, bottom));
        // Far below: what has left the viewport again is not kept.
        while rows.len() > 1 && rows.back().is_some_and(|row| row.top > 2.0 * view) {
            rows.pop_back();
        }
    }
    while let Some((below, top)) =
        rows.back().filter(|row| row.bottom() < view && row.row < last).map(|row| (row.row + 1, row.bottom()))
    {
        let mut placed = at(below, 0.0);
        placed.top = top;
        rows.push_back(placed);
        while rows.len() > 1 && rows.front().is_some_and(|row| row.bottom() < -view) {
            rows.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tops(count: usize, fixed: Fixed, scroll: f32, view: f32, height: impl Fn(usize) -> f32) -> Vec<(usize, f32)> {
        let placement = place(count, fixed, scroll, view, &mut |row| (height(row), ()));
        placement.rows.iter().map(|row| (row.row, row.top)).collect()
    }

    #[test]
    fn the_end_is_at_the_bottom_even_of_a_viewport_that_is_not_full() {
        assert_eq!(tops(2, Fixed::End, 0.0, 100.0, |_| 30.0), [(0, 40.0), (1, 70.0)]);
        assert_eq!(tops(5, Fixed::End, 0.0, 100.0, |_| 40.0), [(2, -20.0), (3, 20.0), (4, 60.0)]);
        assert_eq!(tops(0, Fixed::End, 0.0, 100.0, |_| 40.0), []);
    }

    #[test]
    fn no_scrolling_goes_past_either_end() {
        assert_eq!(tops(5, Fixed::End, -900.0, 100.0, |_| 40.0), [(2, -20.0), (3, 20.0), (4, 60.0)]);
        assert_eq!(tops(5, Fixed::End, 9000.0, 100.0, |_| 40.0), [(0, 0.0), (1, 40.0), (2, 80.0)]);
        assert_eq!(tops(2, Fixed::End, 9000.0, 100.0, |_| 30.0), [(0, 40.0), (1, 70.0)]);
        assert_eq!(tops(5, Fixed::Top(4, 10.0), 0.0, 100.0, |_| 40.0), [(2, -20.0), (3, 20.0), (4, 60.0)]);
        // One row is just a little too high to fit.
        assert_eq!(tops(1, Fixed::End, 500.0, 100.0, |_| 120.0), [(0, 0.0)]);
    }

    #[test]
    fn what_grows_above_the_fixed_row_moves_nothing_below() {
        let before = tops(50, Fixed::Bottom(20, 33.0), 0.0, 100.0, |_| 40.0);
        let after = tops(50, Fixed::Bottom(20, 33.0), 0.0, 100.0, |row| if row < 20 { 400.0 } else { 40.0 });
        assert_eq!(before, [(20, -7.0), (21, 33.0), (22, 73.0)]);
        assert_eq!(before, after);
    }

    #[test]
    fn a_frame_measures_what_it_shows() {
        let mut measured = 0;
        place(1_000_000, Fixed::Bottom(500_000, 10.0), 0.0, 600.0, &mut |_| {
            measured += 1;
            (20.0, ())
        });
        assert!(measured <= 32, "{measured}");
    }
}
