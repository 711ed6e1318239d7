//! `just bench route`: what routing by complexity recovers of the gap between a weak and a strong model.
//!
//! From the prompt alone (`complexity::score`), and as a cascade that pays for the weak model's answer, judges it and asks
//! the strong one where it doubts (`complexity::doubt`). On sets that neither was trained on; they are not in the
//! repository. docs/complexity.md says what the figures mean.

mod curve;
mod rows;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use paceway_policy::complexity;

use curve::Curve;
use rows::Row;

pub(crate) const USAGE: &str = "route [--data DIR] [--cheap RATIO] [--rows all|even|odd] [--signs]";

const SETS: [(&str, &str); 2] = [("MMLU", "mmlu-routing-dev.csv"), ("GSM8K", "gsm8k-routing-dev.csv")];
/// Prices of a million tokens of the models in the sets, Mixtral 8x7B and GPT-4 Turbo: 0.24 and 24.7 US dollars. Source:
/// RouteLLM (arXiv 2406.18665, appendix D).
const CHEAP: f64 = 0.24 / 24.7;
/// What else the cheap call may cost, as a share of the strong one's: GPT-4o mini to GPT-4o, and Haiku 4.5 to Opus 4.5.
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

/// Prints the table.
pub(crate) fn route(options: &Options) -> Result<()> {
    println!("{:<46}{:>7}{:>7}{:>8}{:>8}{:>8}", "", "weak", "strong", "APGR", "CPT50", "CPT80");
    let mut from_prompts = Vec::new();
    for (name, file) in SETS {
        let rows = options.rows(file)?;
        let right = |is_right: fn(&Row) -> bool| {
            rows.iter().filter(|row| is_right(row)).count() as f64 / rows.len() as f64
        };
        let qualities = (right(|row| row.weak_is_right), right(|row| row.strong_is_right));
        let report = |what: &str, scores: &[f64], cheap: f64| {
            let curve = Curve::of(&rows, scores);
            let (weak, strong) = qualities;
            let share =
                |level| curve.cost(level, cheap).map_or("–".into(), |cost| format!("{:.1}%", cost * 100.0));
            let average = curve.average(cheap);
            println!(
                "{:<46}{weak:>7.3}{strong:>7.3}{average:>8.3}{:>8}{:>8}",
                format!("{name} ({}), {what}", rows.len()),
                share(0.5),
                share(0.8)
            );
            average
        };
        let mut dice = fastrand::Rng::with_seed(SEED);
        report("random", &rows.iter().map(|_| dice.f64()).collect::<Vec<_>>(), 0.0);
        let before = Instant::now();
        let scores: Vec<f64> = rows.iter().map(|row| complexity::score(&row.prompt)).collect();
        let spent = before.elapsed();
        from_prompts.push(report("from the prompt", &scores, 0.0));
        let gain =
            |row: &Row| f64::from(u8::from(row.strong_is_right)) - f64::from(u8::from(row.weak_is_right));
        report("oracle", &rows.iter().map(gain).collect::<Vec<_>>(), 0.0);
        let bytes: usize = rows.iter().map(|row| row.prompt.len()).sum();
        println!(
            "  {:.1} µs a prompt of {} bytes on average; a quarter of the scores is below {:.2}, a half {:.2}, three {:.2}",
            spent.as_secs_f64() * 1e6 / rows.len() as f64,
            bytes / rows.len(),
            quantile(&scores, 0.25),
            quantile(&scores, 0.5),
            quantile(&scores, 0.75)
        );
    }
    println!(
        "mean APGR from the prompt: {:.3}",
        from_prompts.iter().sum::<f64>() / from_prompts.len() as f64
    );
    Ok(())
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((share * sorted.len() as f64) as usize).copied().unwrap_or_default()
}
