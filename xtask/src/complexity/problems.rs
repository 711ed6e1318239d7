//! Word problems with a known number of steps, by a seeded generator: the harder, the more has to be done in turn.
//!
//! Only the text and its difficulty matter; whether the numbers come out even does not.

use fastrand::Rng;

const NAMES: &[&str] = &[
    "Mira", "Oskar", "Leila", "Tomas", "Ingrid", "Kofi", "Yuki", "Pedro", "Anouk", "Dario", "Nadia", "Felix",
    "Zara", "Emil", "Priya", "Hugo",
];
const THINGS: &[(&str, &str)] = &[
    ("stickers", "album"),
    ("plums", "basket"),
    ("candles", "box"),
    ("pages", "notebook"),
    ("beads", "necklace"),
    ("bricks", "wall"),
    ("tickets", "booklet"),
    ("seedlings", "tray"),
    ("cookies", "tin"),
    ("chairs", "hall"),
    ("bottles", "crate"),
    ("cards", "deck"),
];
const PLACES: &[&str] =
    &["at the market", "in the garden", "at school", "in the workshop", "at the fair", "on the farm"];
/// The load at which a problem is easy, and the loads from there to hard.
const EASY: f64 = 1.0;
const SPAN: f64 = 8.0;

/// So many problems, each with its difficulty between 0 and 1.
pub(super) fn generate(count: usize, seed: u64) -> Vec<(String, f64)> {
    let mut dice = Rng::with_seed(seed);
    (0..count).map(|_| problem(&mut dice)).collect()
}

fn problem(dice: &mut Rng) -> (String, f64) {
    if dice.u8(0..6) == 0 {
        return bill(dice);
    }
    let mut story = Story::begin(dice);
    for _ in 0..dice.usize(0..8) {
        story.step(dice);
    }
    if dice.u8(0..3) == 0 {
        story.aside(dice);
    }
    story.ask(dice);
    (story.text, ((story.load - EASY) / SPAN).clamp(0.0, 1.0))
}

/// Many numbers, and yet easy: what several things cost in all.
fn bill(dice: &mut Rng) -> (String, f64) {
    let who = pick(dice, NAMES);
    let count = dice.usize(2..6);
    let mut things: Vec<_> = THINGS.iter().map(|(things, _)| *things).collect();
    dice.shuffle(&mut things);
    let line = |thing: &&str| format!("{} {thing} for ${} each", number(dice), dice.u32(1..20));
    let lines: Vec<_> = things.iter().take(count).map(line).collect();
    let last = if count > 3 { "How much does it cost?" } else { "How much does this cost in total?" };
    (format!("{who} buys {}. {last}", lines.join(", ")), 0.07 * count as f64)
}

/// A problem as it grows.
struct Story {
    text: String,
    who: &'static str,
    other: &'static str,
    things: &'static str,
    container: &'static str,
    /// What has to be done, in steps; those that are often done wrongly count for more.
    load: f64,
}

impl Story {
    fn begin(dice: &mut Rng) -> Self {
        let who = pick(dice, NAMES);
        let other =
            NAMES[(NAMES.iter().position(|name| *name == who).unwrap_or(0) + dice.usize(1..8)) % NAMES.len()];
        let &(things, container) = &THINGS[dice.usize(0..THINGS.len())];
        let number = number(dice);
        let place = pick(dice, PLACES);
        let text = match dice.u8(0..4) {
            0 => format!("{who} has {number} {things}."),
            1 => format!("There are {number} {things} {place}, and all of them belong to {who}."),
            2 => {
                format!("{who} collects {things}. Last week there were {number} of them in the {container}.")
            }
            _ => format!("{who} bought {number} {things} {place}."),
        };
        Self { text, who, other, things, container, load: 0.0 }
    }

    fn say(&mut self, load: f64, sentence: &str) {
        self.text.push(' ');
        self.text.push_str(sentence);
        self.load += load;
    }

    fn step(&mut self, dice: &mut Rng) {
        let (who, other, things, container) = (self.who, self.other, self.things, self.container);
        let (n, m) = (number(dice), dice.u32(2..9));
        let small = words(dice);
        let percent = dice.u32(1..18) * 5;
        let part = pick(dice, &["half", "a third", "a quarter", "two fifths", "1/4", "3/8"]);
        let times = pick(dice, &["twice", "three times", "half", "4 times"]);
        match dice.u8(0..20) {
            0 => self.say(0.8, &format!("Then {who} gets {n} more.")),
            1 => self.say(0.8, &format!("{who} gives {small} of the {things} to a friend.")),
            2 => self.say(1.0, &format!("Each of the {n} {things} costs ${m}.")),
            3 => self.say(1.3, &format!("{other} has {times} as many {things} as {who}.")),
            4 => self.say(1.4, &format!("{other} has {m} fewer {things} than {who} had at first.")),
            5 => self.say(1.5, &format!("After lunch {who} sells {part} of the remaining {things}.")),
            6 => self.say(1.6, &format!("{percent}% of the {things} are damaged and cannot be used.")),
            7 => self
                .say(1.0, &format!("Every {container} holds {n} {things}, and there are {small} of them.")),
            8 => self.say(1.2, &format!("{who} works {m} hours a day and earns ${n} per hour.")),
            9 => self.say(
                1.8,
                &format!("The price rises by {percent}%, and {other} gets a discount of $1.{m}5 on each."),
            ),
            10 => self.say(
                1.5,
                &format!("It takes {other} {m} minutes to pack a {container}, and {who} twice as long."),
            ),
            11 => self.say(1.3, &format!("For the next {small} weeks {who} adds {m} {things} per day.")),
            12 => self.say(
                2.0,
                &format!("The ratio of {things} of {who} to those of {other} is now {m}:{}.", m + 1),
            ),
            13 => self.say(
                1.6,
                &format!("Of what is left, {part} goes to {other}, who already has as many as {who}."),
            ),
            14 => self.say(1.5, &format!("{other} has {times} as many as both of their cousins together.")),
            15 => {
                self.say(
                    1.4,
                    &format!("On the second day {who} needs {times} as long as on the day before."),
                );
            }
            16 => self.say(
                1.4,
                &format!("A neighbour has more {things} than {other}, by the same number as {who} has."),
            ),
            17 => {
                self.say(0.4, &format!("There are {n} {things}, {m} lamps and {small} tables in the room."));
            }
            18 => self.say(
                1.6,
                &format!("If it rains, {who} sells only {part} of what would otherwise be sold each day."),
            ),
            _ => self.say(
                1.2,
                &format!("The first {small} friends take {m} each and the last one takes the rest."),
            ),
        }
    }

    /// What has nothing to do with the question.
    fn aside(&mut self, dice: &mut Rng) {
        let years = dice.u32(7..60);
        let sentence = match dice.u8(0..3) {
            0 => format!("{} is {years} years old.", self.other),
            1 => format!("The {} stands beside a window with a view of the lake.", self.container),
            _ => format!("{} would rather have read a book of {years} chapters.", self.who),
        };
        self.say(0.3, &sentence);
    }

    fn ask(&mut self, dice: &mut Rng) {
        let (who, other, things) = (self.who, self.other, self.things);
        match dice.u8(0..7) {
            0 | 1 => self.say(0.7, &format!("How many {things} does {who} have now?")),
            2 => self.say(1.0, &format!("How many {things} are there altogether?")),
            3 => self.say(1.0, &format!("How much money in dollars does {who} make in a week?")),
            4 => self.say(1.2, &format!("How many more {things} than {other} does {who} have in the end?")),
            5 => self
                .say(2.2, &format!("If {who} has 40 {things} in the end, how many were there originally?")),
            _ => self.say(1.7, &format!("What percentage of all the {things} is left?")),
        }
    }
}

fn pick(dice: &mut Rng, from: &[&'static str]) -> &'static str {
    from[dice.usize(0..from.len())]
}

fn number(dice: &mut Rng) -> u32 {
    match dice.u8(0..4) {
        0 => dice.u32(2..10),
        1 | 2 => dice.u32(10..100),
        _ => dice.u32(10..90) * 10,
    }
}

fn words(dice: &mut Rng) -> &'static str {
    pick(dice, &["two", "three", "four", "five", "six", "7", "8", "a dozen"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_problems_again_of_all_difficulties() {
        let problems = generate(200, 1);
        assert_eq!(problems, generate(200, 1));
        assert_ne!(problems, generate(200, 2));
        let between =
            |low: f64, high: f64| problems.iter().filter(|(_, hard)| (low..high).contains(hard)).count();
        assert!(between(0.0, 0.3) > 20 && between(0.3, 0.7) > 20 && between(0.7, 1.1) > 20);
        assert!(problems.iter().all(|(text, _)| text.contains('?')));
    }
}
