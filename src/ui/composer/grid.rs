//! What the card of emoji shows: headings and rows of emoji, and how the arrow keys go through them. Draws nothing.

use std::ops::Range;

use crate::ui::emoji::index::{self, GROUPS};

/// How high a row of emoji is.
pub const CELL: f32 = 40.0;
/// How high a heading is.
pub const HEADING: f32 = 30.0;

/// A row of the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// What the rows below it have in common.
    Heading(&'static str),
    /// These emoji.
    Cells(Range<usize>),
}

/// Everything that the card shows.
#[derive(Debug)]
pub struct Grid<'a> {
    /// All emoji in their order, without a tone of skin but for those that were chosen before.
    pub cells: Vec<&'a str>,
    /// How many of them, the first ones, were chosen before.
    pub recent: usize,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Which way a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By so many emoji.
    Along(isize),
    /// By so many rows.
    Across(isize),
}

impl<'a> Grid<'a> {
    /// What was searched for, or everything.
    pub fn of(search: &str, recent: &'a [String], columns: usize) -> Self {
        let mut grid = Grid { cells: Vec::new(), recent: 0, rows: Vec::new() };
        if search.trim().is_empty() {
            grid.add("Recently used", recent.iter().map(String::as_str), columns);
            grid.recent = grid.cells.len();
            for (group, name, _) in GROUPS {
                grid.add(name, index::of(group).map(|emoji| emoji.as_str()), columns);
            }
        } else {
            grid.add("", index::search(search).into_iter().map(|emoji| emoji.as_str()), columns);
        }
        grid
    }

    fn add(&mut self, name: &'static str, emoji: impl Iterator<Item = &'a str>, columns: usize) {
        let begin = self.cells.len();
        self.cells.extend(emoji);
        let end = self.cells.len();
        if begin < end {
            if !name.is_empty() {
                self.rows.push(Row::Heading(name));
            }
            let starts = (begin..end).step_by(columns.max(1));
            self.rows.extend(starts.map(|start| Row::Cells(start..(start + columns.max(1)).min(end))));
        }
    }

    /// How high a row is.
    pub fn height_of(row: &Row) -> f32 {
        match row {
            Row::Heading(_) => HEADING,
            Row::Cells(_) => CELL,
        }
    }

    /// How high all rows are.
    pub fn height(&self) -> f32 {
        self.rows.iter().map(Self::height_of).sum()
    }

    /// The rows between two heights, with where each begins.
    pub fn between(&self, top: f32, bottom: f32) -> impl Iterator<Item = (f32, &Row)> {
        let mut at = 0.0;
        let placed = self.rows.iter().map(move |row| {
            let begin = at;
            at += Self::height_of(row);
            (begin, row)
        });
        placed.filter(move |(begin, row)| begin + Self::height_of(row) > top && *begin < bottom)
    }

    /// Where the row of an emoji begins; the heading above it belongs to it.
    pub fn top_of(&self, cell: usize) -> f32 {
        let mut found = (0.0, false);
        for (top, row) in self.between(0.0, f32::INFINITY) {
            match row {
                Row::Heading(_) => found = (top, true),
                Row::Cells(cells) => {
                    found = (if found.1 { found.0 } else { top }, false);
                    if cells.contains(&cell) {
                        return found.0;
                    }
                }
            }
        }
        0.0
    }

    /// Where a heading stands.
    pub fn heading(&self, name: &str) -> Option<f32> {
        let mut rows = self.between(0.0, f32::INFINITY);
        rows.find(|(_, row)| matches!(row, Row::Heading(heading) if *heading == name)).map(|(top, _)| top)
    }

    /// The heading that what stands at a height is under.
    pub fn heading_at(&self, top: f32) -> Option<&'static str> {
        let above = self.between(0.0, top + 1.0).filter_map(|(_, row)| match row {
            Row::Heading(name) => Some(*name),
            Row::Cells(_) => None,
        });
        above.last()
    }

    /// The first emoji under a heading.
    pub fn first_under(&self, name: &str) -> Option<usize> {
        let at = self.rows.iter().position(|row| matches!(row, Row::Heading(heading) if *heading == name))?;
        match self.rows.get(at + 1) {
            Some(Row::Cells(cells)) => Some(cells.start),
            _ => None,
        }
    }

    /// Where a key leads to from an emoji.
    pub fn gone(&self, from: usize, way: Way) -> usize {
        let last = self.cells.len().saturating_sub(1);
        match way {
            Way::Along(by) => from.saturating_add_signed(by).min(last),
            Way::Across(by) => {
                let rows = || {
                    self.rows.iter().filter_map(|row| match row {
                        Row::Cells(cells) => Some(cells),
                        Row::Heading(_) => None,
                    })
                };
                let Some((at, row)) = rows().enumerate().find(|(_, cells)| cells.contains(&from)) else { return 0 };
                let to = at.saturating_add_signed(by).min(rows().count() - 1);
                rows().nth(to).map_or(from, |cells| (cells.start + from - row.start).min(cells.end - 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent() -> Vec<String> {
        ["🎉", "👍🏽", "❤️"].map(str::to_owned).to_vec()
    }

    #[test]
    fn what_was_chosen_comes_first_and_then_every_group() {
        let recent = recent();
        let grid = Grid::of("", &recent, 8);
        assert_eq!(grid.rows[..3], [Row::Heading("Recently used"), Row::Cells(0..3), Row::Heading("Smileys")]);
        assert_eq!((grid.recent, grid.cells[1]), (3, "👍🏽"));
        let headings = grid.rows.iter().filter(|row| matches!(row, Row::Heading(_))).count();
        assert_eq!(headings, 10);
        assert_eq!(grid.heading_at(grid.heading("Flags").unwrap()), Some("Flags"));
        assert_eq!(grid.heading_at(grid.heading("Flags").unwrap() - 2.0), Some("Symbols"));
        assert_eq!(Grid::of("", &[], 8).rows[0], Row::Heading("Smileys"), "no heading without emoji");
        assert_eq!(Grid::of("tada", &recent, 8).cells[0], "🎉");
        assert!(Grid::of("xyzzy", &recent, 8).cells.is_empty());
    }

    #[test]
    fn arrows_go_through_rows_of_any_length() {
        let recent = recent();
        let grid = Grid::of("", &recent, 8);
        assert_eq!(grid.gone(2, Way::Along(1)), 3);
        assert_eq!(grid.gone(0, Way::Along(-1)), 0);
        assert_eq!(grid.gone(1, Way::Across(1)), 4, "the row below, the same column");
        assert_eq!(grid.gone(10, Way::Across(-1)), 2, "that row is shorter");
        assert_eq!(grid.gone(1, Way::Across(-1)), 1);
        let last = grid.cells.len() - 1;
        assert_eq!(grid.gone(last, Way::Along(5)), last);
        assert!(grid.gone(last, Way::Across(-1)) < last);
        assert_eq!(Grid::of("xyzzy", &[], 8).gone(0, Way::Across(1)), 0);
    }

    #[test]
    fn only_rows_between_two_heights_are_drawn() {
        let grid = Grid::of("", &[], 8);
        let shown = grid.between(1_000.0, 1_300.0).count();
        assert!(shown <= 10, "{shown}");
        assert_eq!(grid.top_of(0), 0.0, "with its heading");
        assert_eq!(grid.top_of(8), HEADING + CELL);
    }
}
