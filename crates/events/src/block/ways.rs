//! The ways in which a piece of text may lie in texts of a shape: in a literal, in a value,
//! or over several of both.

use memchr::memmem;

use super::column::Column;
use super::search::{Place, Sought};
use super::shape::Shape;

/// A question to the column of a value of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) value: usize,
    /// The part of the piece.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) place: Place,
}

/// The ways in which a piece may lie in texts of a shape.
pub(super) struct Ways<'s, 'a> {
    pub(super) shape: &'s Shape<'a>,
    pub(super) columns: &'s [Column<'a>],
    pub(super) text: &'s [u8],
    /// The text ends where the piece ends.
    pub(super) to_end: bool,
    /// Any of these will do; of each all questions must be answered with yes.
    pub(super) any: Vec<Vec<Question>>,
    /// All texts of the shape have the piece.
    pub(super) always: bool,
    /// Steps that may still be taken for all shapes, by the bytes they look at.
    pub(super) steps: usize,
}

/// When so many steps are taken, the texts are built and looked at instead.
pub(super) const STEPS_MAX: usize = 400_000;

impl Ways<'_, '_> {
    pub(super) fn has_too_many(&self) -> bool {
        self.steps == 0
    }

    fn step(&mut self, bytes: usize) {
        self.steps = self.steps.saturating_sub(1 + bytes / 16);
    }

    /// Finds all ways in which the piece may lie at the place.
    pub(super) fn collect(&mut self, place: Place) {
        let mut questions = Vec::new();
        if matches!(place, Place::Start | Place::Whole) {
            self.literal(0, 0, &mut questions);
            return;
        }
        let shape = self.shape;
        let last = shape.columns.len();
        for (i, literal) in shape.literals.iter().enumerate() {
            self.step(literal.len());
            let is_inside = if self.to_end {
                i == last && literal.ends_with(self.text)
            } else {
                memmem::find(literal, self.text).is_some()
            };
            if is_inside {
                self.always = true;
                return;
            }
            // It begins in the literal and goes on behind it.
            if i < last
                && let Some(end) = literal.last()
            {
                let most = self.text.len() - usize::from(!self.to_end);
                for len in 1..=literal.len().min(most) {
                    if self.text[len - 1] == *end && literal.ends_with(&self.text[..len]) {
                        self.value(i, len, &mut questions);
                    }
                }
            }
        }
        for value in 0..last {
            if !self.to_end {
                self.ask(value, 0, self.text.len(), Place::Inside, &mut questions);
                self.finish(&questions);
                questions.clear();
            }
            // It begins in the value and goes on behind it.
            for len in self.ends_before(value + 1, 0) {
                let goes_on = self.to_end || len < self.text.len();
                if len > 0 && goes_on && self.ask(value, 0, len, Place::End, &mut questions) {
                    self.literal(value + 1, len, &mut questions);
                }
                questions.clear();
            }
        }
    }

    /// Where in the piece a value may end that began at `from`: where the literal behind it
    /// may begin.
    fn ends_before(&self, literal: usize, from: usize) -> Vec<usize> {
        let literal = self.shape.literals[literal];
        let rest = from..=self.text.len();
        match literal.first() {
            None => rest.collect(),
            Some(first) => {
                let is_start = |at: &usize| self.text.get(*at).is_none_or(|b| b == first);
                rest.filter(is_start).collect()
            }
        }
    }

    /// Adds a question; false when the answer can only be no.
    fn ask(
        &mut self,
        value: usize,
        from: usize,
        to: usize,
        place: Place,
        questions: &mut Vec<Question>,
    ) -> bool {
        self.step(to - from);
        if self.has_too_many() {
            return false;
        }
        let column = &self.columns[self.shape.columns[value] as usize];
        if !column.may_have(&Sought::new(&self.text[from..to], place)) {
            return false;
        }
        questions.push(Question {
            value,
            from,
            to,
            place,
        });
        true
    }

    fn finish(&mut self, questions: &[Question]) {
        if !questions.is_empty() && !self.has_too_many() {
            self.any.push(questions.to_vec());
        }
    }

    /// The piece from `at` on stands where the literal begins.
    fn literal(&mut self, i: usize, at: usize, questions: &mut Vec<Question>) {
        let literal = self.shape.literals[i];
        self.step(literal.len());
        if self.has_too_many() {
            return;
        }
        let rest = &self.text[at..];
        if !self.to_end && literal.starts_with(rest) {
            if questions.is_empty() {
                self.always = true;
            }
            self.finish(questions);
            return;
        }
        if !rest.starts_with(literal) {
            return;
        }
        if i < self.shape.columns.len() {
            self.value(i, at + literal.len(), questions);
        } else if self.to_end && rest.len() == literal.len() {
            if questions.is_empty() {
                self.always = true;
            }
            self.finish(questions);
        }
    }

    /// The piece from `at` on stands where the value begins.
    fn value(&mut self, value: usize, at: usize, questions: &mut Vec<Question>) {
        self.step(self.text.len() - at);
        if self.has_too_many() {
            return;
        }
        let before = questions.len();
        if !self.to_end {
            if self.ask(value, at, self.text.len(), Place::Start, questions) {
                self.finish(questions);
            }
            questions.truncate(before);
        }
        for end in self.ends_before(value + 1, at) {
            if self.to_end || end < self.text.len() {
                if self.ask(value, at, end, Place::Whole, questions) {
                    self.literal(value + 1, end, questions);
                }
                questions.truncate(before);
            }
        }
    }
}
