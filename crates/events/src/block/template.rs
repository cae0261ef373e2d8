//! Templates of texts, learnt from the texts themselves.
//!
//! Texts with the same number of tokens and the same bytes between them have one layout.
//! Within it a token is part of the template when few others stand in its place; tokens
//! with digits, and those that vary, are values. What is left of a text when its values
//! are taken out is its template. (The idea of partitioning is that of IPLoM, Makanju et
//! al., KDD 2009.)

use hashbrown::{HashMap, HashSet};

use super::quick::{BuildSame, Hasher, is_same};
use super::tokens::{Level, split};

/// The template of texts that have none.
pub(super) const NO_TEMPLATE: u32 = u32::MAX;

/// Layouts that are looked at.
const LAYOUTS_MAX: usize = 4096;

/// Templates of one layout at most.
const PER_LAYOUT_MAX: usize = 64;

/// Texts of a layout that are learnt from.
const SAMPLE: usize = 1024;

/// Different words that may stand in one place and still be part of templates.
const CHOICES_MAX: usize = 24;

/// A template of fewer texts costs more than it saves.
const TEXTS_MIN: u32 = 4;

/// A template: the text it was first seen in, and which of its tokens vary.
#[derive(Debug)]
pub(super) struct Template {
    /// Number of the first text.
    pub(super) first: usize,
    /// Numbers of the tokens that are values.
    pub(super) varying: Vec<u16>,
    /// How many texts have it.
    pub(super) texts: u32,
}

/// Texts taken apart.
pub(super) struct Learnt {
    pub(super) templates: Vec<Template>,
    /// The template of each text, or [`NO_TEMPLATE`].
    pub(super) of_text: Vec<u32>,
    tokens: Vec<(u32, u32)>,
    ends: Vec<u32>,
    hasher: Hasher,
}

impl Learnt {
    fn hash(&self, text: &[u8], token: (u32, u32)) -> u64 {
        self.hasher.hash(&text[token.0 as usize..token.1 as usize])
    }

    /// The tokens of a text.
    pub(super) fn tokens(&self, text: usize) -> &[(u32, u32)] {
        let from = text.checked_sub(1).map_or(0, |t| self.ends[t]);
        &self.tokens[from as usize..self.ends[text] as usize]
    }
}

#[derive(Default)]
struct Layout {
    texts: Vec<u32>,
}

/// Learns the templates of those texts that `is_wanted`.
pub(super) fn learn(
    texts: &[&[u8]],
    level: Level,
    templates_max: usize,
    is_wanted: impl Fn(usize) -> bool,
) -> Learnt {
    let mut learnt = Learnt {
        templates: Vec::new(),
        of_text: vec![NO_TEMPLATE; texts.len()],
        tokens: Vec::new(),
        ends: Vec::with_capacity(texts.len()),
        hasher: Hasher::default(),
    };
    let mut layouts: Vec<Layout> = Vec::new();
    let mut by_hash: HashMap<u64, u32, BuildSame> = HashMap::default();
    let mut between = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let before = learnt.tokens.len();
        if is_wanted(number) && split(text, level, &mut learnt.tokens) {
            between.clear();
            let mut at = 0;
            for (from, to) in &learnt.tokens[before..] {
                between.extend_from_slice(&text[at..*from as usize]);
                between.push(0xff);
                at = *to as usize;
            }
            between.extend_from_slice(&text[at..]);
            let next = layouts.len() as u32;
            let layout = *by_hash.entry(learnt.hasher.hash(&between)).or_insert(next);
            if layout == next && layouts.len() < LAYOUTS_MAX {
                layouts.push(Layout::default());
            }
            if let Some(layout) = layouts.get_mut(layout as usize) {
                layout.texts.push(number as u32);
            }
        } else {
            learnt.tokens.truncate(before);
        }
        learnt.ends.push(learnt.tokens.len() as u32);
    }
    // The most frequent first: they get templates when not all can.
    layouts.sort_by_key(|l| std::cmp::Reverse(l.texts.len()));
    for layout in &layouts {
        if (layout.texts.len() as u32) < TEXTS_MIN {
            break;
        }
        let room = templates_max.saturating_sub(learnt.templates.len());
        templates_of(texts, layout, room.min(PER_LAYOUT_MAX), &mut learnt);
    }
    learnt
}

/// Which words are part of templates, for each token of a layout.
type Choices = Vec<Choice>;

/// Which words in one place of a layout are part of templates.
enum Choice {
    /// None: it varies.
    Varies,
    /// The word that the text of this number has, and no other.
    One(u32),
    /// Those of these hashes.
    Some(HashSet<u64, BuildSame>),
}

impl Choice {
    fn len(&self) -> usize {
        match self {
            Self::Varies => 0,
            Self::One(_) => 1,
            Self::Some(hashes) => hashes.len(),
        }
    }
}

/// What the token at a place of a text adds to the key of its template; 0 where it varies.
#[inline]
fn chosen(
    texts: &[&[u8]],
    text: &[u8],
    (place, range): (usize, (u32, u32)),
    choice: &Choice,
    learnt: &Learnt,
) -> u64 {
    match choice {
        Choice::Varies => 0,
        Choice::One(other) => {
            let of_other = learnt.tokens(*other as usize).get(place).copied();
            let other =
                of_other.map(|(from, to)| &texts[*other as usize][from as usize..to as usize]);
            let own = &text[range.0 as usize..range.1 as usize];
            u64::from(other.is_some_and(|other| is_same(own, other))) * 2
        }
        Choice::Some(hashes) => {
            let hash = learnt.hash(text, range);
            if hashes.contains(&hash) { hash | 2 } else { 0 }
        }
    }
}

fn templates_of(texts: &[&[u8]], layout: &Layout, room: usize, learnt: &mut Learnt) {
    let mut choices = choices_of(texts, layout, learnt);
    let step = layout.texts.len().div_ceil(SAMPLE);
    loop {
        let mut seen = HashSet::new();
        for text in layout.texts.iter().step_by(step) {
            seen.insert(template_key(texts, *text, &choices, learnt));
        }
        let sampled = layout.texts.len().div_ceil(step);
        if seen.len() <= (PER_LAYOUT_MAX / 2).min(sampled / 8).max(1) {
            break;
        }
        // Half of the places that have choices give them up: there may be many places.
        let mut sizes: Vec<usize> = choices.iter().map(Choice::len).filter(|n| *n > 0).collect();
        sizes.sort_unstable();
        let Some(&middle) = sizes.get(sizes.len() / 2) else {
            break;
        };
        for own in choices.iter_mut().filter(|c| c.len() >= middle) {
            *own = Choice::Varies;
        }
    }
    assign(texts, layout, &choices, room, learnt);
}

fn has_digit(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
}

fn choices_of(texts: &[&[u8]], layout: &Layout, learnt: &Learnt) -> Choices {
    let first = layout.texts.first().map_or(0, |t| *t as usize);
    let count = learnt.tokens(first).len();
    let step = layout.texts.len().div_ceil(SAMPLE);
    let sampled = layout.texts.len().div_ceil(step) as u32;
    (0..count)
        .map(|token| {
            let mut counts: HashMap<u64, (u32, bool, u32), BuildSame> = HashMap::default();
            for &text in layout.texts.iter().step_by(step) {
                let Some(&range) = learnt.tokens(text as usize).get(token) else {
                    continue;
                };
                let bytes = texts[text as usize];
                let entry = counts.entry(learnt.hash(bytes, range)).or_insert_with(|| {
                    let own = &bytes[range.0 as usize..range.1 as usize];
                    (0, has_digit(own), text)
                });
                entry.0 += 1;
                if counts.len() > CHOICES_MAX * 4 {
                    return Choice::Varies;
                }
            }
            let needed = |has_digit: bool| {
                if has_digit {
                    sampled
                } else {
                    (sampled / 128).max(2).min(sampled)
                }
            };
            let words = counts.iter().filter(|(_, c)| !c.1).count();
            if words > CHOICES_MAX {
                return Choice::Varies;
            }
            counts.retain(|_, c| c.0 >= needed(c.1));
            match counts.len() {
                0 => Choice::Varies,
                1 => counts
                    .values()
                    .next()
                    .map_or(Choice::Varies, |c| Choice::One(c.2)),
                _ => Choice::Some(counts.into_keys().collect()),
            }
        })
        .collect()
}

fn template_key(texts: &[&[u8]], text: u32, choices: &Choices, learnt: &Learnt) -> u64 {
    let bytes = texts[text as usize];
    let mut key = 0_u64;
    let tokens = learnt.tokens(text as usize).iter().copied().enumerate();
    for (token, choice) in tokens.zip(choices) {
        let own = chosen(texts, bytes, token, choice, learnt).max(1);
        key = (key.rotate_left(23) ^ own).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    key
}

fn assign(texts: &[&[u8]], layout: &Layout, choices: &Choices, room: usize, learnt: &mut Learnt) {
    let mut by_key: HashMap<u64, (u32, Vec<u32>)> = HashMap::new();
    let mut order = Vec::new();
    for &text in &layout.texts {
        let key = template_key(texts, text, choices, learnt);
        let entry = by_key.entry(key).or_insert_with(|| {
            order.push(key);
            (text, Vec::new())
        });
        entry.1.push(text);
    }
    order.sort_by_key(|key| std::cmp::Reverse(by_key[key].1.len()));
    for key in order.into_iter().take(room) {
        let (first, own) = &by_key[&key];
        if (own.len() as u32) < TEXTS_MIN {
            break;
        }
        let number = learnt.templates.len() as u32;
        for text in own {
            learnt.of_text[*text as usize] = number;
        }
        let bytes = texts[*first as usize];
        let tokens = learnt.tokens(*first as usize).iter().copied().enumerate();
        let varying = tokens
            .zip(choices)
            .filter(|(token, choice)| chosen(texts, bytes, *token, choice, learnt) == 0)
            .map(|((place, _), _)| place as u16)
            .collect();
        learnt.templates.push(Template {
            first: *first as usize,
            varying,
            texts: own.len() as u32,
        });
    }
}
