//! `just bench route`: what routing by complexity recovers of the gap between a weak and a strong model.
//!
//! From the prompt alone (`complexity::score`), and as a cascade that pays for the weak model's answer, judges it and asks
//! the strong one where it doubts (`complexity::doubt`). On sets that neither was trained on; they are not in the
//! repository. docs/complexity.md says what the figures mean.

mod curve;
mod rows;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use paceway_policy::complexity::{self, Doubt};

use curve::Curve;
use rows::Row;

pub(crate) const USAGE: &str = "route [--data DIR] [--cheap RATIO] [--rows all|even|odd] [--signs]";

const SETS: [(&str, &str); 2] = [("MMLU", "mmlu-routing-dev.csv"), ("GSM8K", "gsm8k-routing-dev.csv")];
/// Prices of a million tokens of the models in the sets, Mixtral 8x7B and GPT-4: 0.24 and 24.7 US dollars, as the RouteLLM
/// paper (arXiv 2406.18665) estimates them for its cost analysis.
const CHEAP: f64 = 0.24 / 24.7;
/// What else the cheap call may cost, as a share of the strong one's, by list prices of a million tokens in and out: GPT-4o mini
/// (0.15, 0.60) to GPT-4o (2.50, 10), and Claude Haiku 4.5 (1, 5) to Claude Opus 4.5 (5, 25).
const OTHER_RATIOS: [f64; 2] = [0.06, 0.2];
const SEED: u64 = 7;

#[derive(Debug)]
pub(crate) struct Options {
    data: PathBuf,
    cheap: f64,
    /// Every second row from this one, or all.
    from: Option<usize>,
    signs: bool,
}

impl Options {
    /// Reads what follows `route`.
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut options = Self { data: "../shared/data".into(), cheap: CHEAP, from: None, signs: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--signs" {
                options.signs = true;
                continue;
            }
            let value =
                arguments.next().with_context(|| format!("{argument} needs a value; usage: {USAGE}"))?;
            match (argument.as_str(), value.as_str()) {
                ("--data", _) => options.data = value.into(),
                ("--cheap", _) => options.cheap = value.parse()?,
                ("--rows", "all") => options.from = None,
                ("--rows", "even") => options.from = Some(0),
                ("--rows", "odd") => options.from = Some(1),
                _ => bail!("{argument} {value} is unknown; usage: {USAGE}"),
            }
        }
        ensure!(
            (0.0..1.0).contains(&options.cheap),
            "--cheap is the weak price by the strong one, from 0 to 1"
        );
        Ok(options)
    }

    fn rows(&self, file: &str) -> Result<Vec<Row>> {
        let rows = rows::read(&self.data.join(file))?;
        Ok(match self.from {
            Some(from) => rows.into_iter().skip(from).step_by(2).collect(),
            None => rows,
        })
    }
}

/// Prints the tables.
pub(crate) fn route(options: &Options) -> Result<()> {
    println!("{:<46}{:>8}{:>8}{:>8}", "", "APGR", "CPT50", "CPT80");
    let mut from_prompts = Vec::new();
    for (name, file) in SETS {
        let set = Set { name, rows: options.rows(file)? };
        from_prompts.push(set.by_prompt());
        if set.rows.iter().all(|row| row.weak_answer.is_some()) {
            set.by_cascade(options);
        }
        println!();
    }
    println!(
        "mean APGR from the prompt: {:.3}",
        from_prompts.iter().sum::<f64>() / from_prompts.len() as f64
    );
    Ok(())
}

/// A set of requests under its name.
struct Set {
    name: &'static str,
    rows: Vec<Row>,
}

impl Set {
    /// Prints one line and returns the APGR.
    fn report(&self, what: &str, scores: &[f64], cheap: f64) -> f64 {
        let curve = Curve::of(&self.rows, scores);
        let cost =
            |level| curve.cost(level, cheap).map_or("–".into(), |cost| format!("{:.1}%", cost * 100.0));
        let average = curve.average(cheap);
        println!("{:<46}{average:>8.3}{:>8}{:>8}", format!("{}, {what}", self.name), cost(0.5), cost(0.8));
        average
    }

    fn random(&self) -> Vec<f64> {
        let mut dice = fastrand::Rng::with_seed(SEED);
        self.rows.iter().map(|_| dice.f64()).collect()
    }

    /// Routing before any model is asked.
    fn by_prompt(&self) -> f64 {
        let rows = &self.rows;
        let right =
            |is: fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count() as f64 / rows.len() as f64;
        println!(
            "{}: {} rows, the weak model is right in {:.3} and the strong one in {:.3}",
            self.name,
            rows.len(),
            right(|row| row.weak_is_right),
            right(|row| row.strong_is_right)
        );
        self.report("random", &self.random(), 0.0);
        self.report(
            "longest first",
            &rows.iter().map(|row| row.prompt.len() as f64).collect::<Vec<_>>(),
            0.0,
        );
        // The first prompt makes the tables.
        complexity::score("");
        let before = Instant::now();
        let scores: Vec<f64> = rows.iter().map(|row| complexity::score(&row.prompt)).collect();
        let spent = before.elapsed();
        let average = self.report("from the prompt", &scores, 0.0);
        self.report("oracle", &rows.iter().map(Row::gain).collect::<Vec<_>>(), 0.0);
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(&scores, share));
        println!(
            "  {:.1} µs a prompt of {} bytes on average, {:.0} µs one of 2 KiB; quartiles of the score {low:.2}, {middle:.2}, {high:.2}",
            spent.as_secs_f64() * 1e6 / rows.len() as f64,
            rows.iter().map(|row| row.prompt.len()).sum::<usize>() / rows.len(),
            of_two_kib(rows)
        );
        average
    }

    /// The weak model first; the strong one where its answer is doubted.
    fn by_cascade(&self, options: &Options) {
        let judged = |row: &Row| {
            complexity::explain_doubt(&row.prompt, row.weak_answer.as_deref().unwrap_or_default())
        };
        let before = Instant::now();
        let doubts: Vec<_> = self.rows.iter().map(judged).collect();
        let spent = before.elapsed().as_secs_f64() * 1e6 / self.rows.len() as f64;
        let scores: Vec<f64> = doubts.iter().map(|doubt| doubt.score).collect();
        for cheap in [options.cheap].into_iter().chain(OTHER_RATIOS) {
            self.report(&format!("cascade, cheap call {:.1}%", cheap * 100.0), &scores, cheap);
            self.report(&format!("random cascade, {:.1}%", cheap * 100.0), &self.random(), cheap);
        }
        let wrong = |row: &Row| f64::from(u8::from(!row.weak_is_right));
        self.report("cascade that knows", &self.rows.iter().map(wrong).collect::<Vec<_>>(), options.cheap);
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(&scores, share));
        println!("  {spent:.1} µs an answer; quartiles of the doubt {low:.2}, {middle:.2}, {high:.2}");
        if options.signs {
            self.signs(&doubts);
        }
    }

    /// How often each sign is found, and how often the answer is wrong then.
    fn signs(&self, doubts: &[Doubt]) {
        let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for (row, doubt) in self.rows.iter().zip(doubts) {
            for found in &doubt.signs {
                let (all, wrong) = counts.entry(found.sign.told()).or_default();
                *all += 1;
                *wrong += u32::from(!row.weak_is_right);
            }
        }
        for (sign, (all, wrong)) in counts {
            println!("  {sign:<48}{all:>6}{:>7.0}% wrong", f64::from(wrong) / f64::from(all) * 100.0);
        }
    }
}

/// Microseconds for a prompt of 2 KiB, put together from those of a set.
fn of_two_kib(rows: &[Row]) -> f64 {
    const TIMES: u32 = 2_000;
    let mut text: String = rows.iter().map(|row| row.prompt.as_str()).take(64).collect();
    text.truncate(text.floor_char_boundary(2_048));
    let before = Instant::now();
    for _ in 0..TIMES {
        std::hint::black_box(complexity::score(std::hint::black_box(&text)));
    }
    before.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A share of the number of rows.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((share * sorted.len() as f64) as usize).copied().unwrap_or_default()
}
