//! Configuration: `config/default.toml`, then a file, then the environment; checked whole before anything is opened.

mod admin;
mod alerting;
mod check;
mod environment;
#[cfg(test)]
mod known;
mod model;
mod notify;
mod provider_keys;
mod storage;
mod unknown_keys;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

pub(crate) use alerting::AlertConfig;
pub(crate) use environment::data_home;
pub(crate) use model::{
    ActionConfig, AliasConfig, Auth, BudgetConfig, CallerConfig, Charging, Config, Dialect, EscalateConfig,
    Fallback, Learn, LimitConfig, PeriodConfig, Platform, Priority, ProviderConfig, Rates, RerankShape,
    Responses, RungConfig, StickyConfig, StrategyConfig, TargetConfig, UnknownPrice,
};
pub(crate) use provider_keys::NamedKey;

/// The defaults and their documentation.
pub(crate) const DEFAULT: &str = include_str!("../../../config/default.toml");

/// The providers that Paceway knows.
const PROVIDERS: &str = include_str!("../../../config/providers.toml");

/// Everything that is wrong with a configuration.
#[derive(Debug)]
pub(crate) struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.0.len() == 1 { "a mistake" } else { "mistakes" };
        write!(f, "the configuration has {what}:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// The built-in defaults alone, whatever the environment says.
pub(crate) fn defaults() -> Config {
    load_with(None, &environment::Variables::default()).expect("the compiled-in defaults are tested")
}

/// Reads the configuration in force.
///
/// # Errors
/// [`Problems`], each with the key, the value, what is allowed and a suggestion where there is one.
pub(crate) fn load(file: Option<&Path>) -> Result<Config, Problems> {
    let text = file.map(read).transpose()?;
    parse(file.zip(text.as_deref()))
}

/// The text of a file.
///
/// # Errors
/// One problem.
pub(crate) fn read(file: &Path) -> Result<String, Problems> {
    fs::read_to_string(file).map_err(|error| Problems(vec![format!("{}: {error}", file.display())]))
}

/// The configuration of a file with this text.
///
/// # Errors
/// As [`load`].
pub(crate) fn parse(file: Option<(&Path, &str)>) -> Result<Config, Problems> {
    load_with(file, &environment::read())
}

fn load_with(file: Option<(&Path, &str)>, variables: &environment::Variables) -> Result<Config, Problems> {
    let mut table: Table = toml::from_str(DEFAULT).expect("the compiled-in defaults are tested");
    merge(&mut table, toml::from_str(PROVIDERS).expect("the compiled-in providers are tested"));
    let (mut problems, mut meant) = (Vec::new(), BTreeSet::new());
    if let Some((path, text)) = file {
        let layer = toml_of(path, text).map_err(|problem| Problems(vec![problem]))?;
        problems.extend(unknown_keys::find(&layer, &path.display().to_string()));
        move_house(&mut table, &layer);
        meant.extend(providers_in(&layer));
        merge(&mut table, layer);
    }
    let layer = variables.settings(&table);
    problems.extend(unknown_keys::find(&layer, "the environment"));
    move_house(&mut table, &layer);
    meant.extend(providers_in(&layer));
    merge(&mut table, layer);
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let mut config: Config = serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let reason = error.inner().to_string();
        Problems(vec![format!("{}: {}", error.path(), in_words(&reason))])
    })?;
    variables.fill_keys(&mut config);
    // A key alone, perhaps there for another program, does not say where: that is a mistake only of who names the provider.
    for (name, provider) in &mut config.providers {
        if !meant.contains(name) && check::has_placeholder(provider) {
            provider.enabled = Some(false);
            provider.is_left_alone = provider.api_key.is_some();
        }
    }
    let problems = check::problems(&config);
    if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
}

/// What the parser says is wrong with a value, without Rust's names for numbers; the key is told before it.
fn in_words(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    match line.rsplit_once("expected ") {
        Some((got, "u8" | "u16" | "u32" | "u64" | "usize")) => {
            format!("{got}expected a whole number, 0 or more")
        }
        Some((got, "i32" | "i64")) => format!("{got}expected a whole number"),
        Some((got, "f64")) => format!("{got}expected a number"),
        _ => line.to_owned(),
    }
}

/// What is allowed and changes nothing where it stands, a sentence each.
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    check::warnings(config)
}

/// The names of the providers that a layer says something of.
fn providers_in(layer: &Table) -> impl Iterator<Item = String> {
    let providers = layer.get("providers").and_then(Value::as_table);
    providers.into_iter().flat_map(|providers| providers.keys().cloned())
}

/// The settings in force, as TOML that could be read again; secrets are left out.
pub(crate) fn show(config: &Config) -> String {
    toml::to_string(config).unwrap_or_else(|error| error.to_string())
}

/// The error's own text quotes the line that it stumbles over, which may hold a key.
fn toml_of(path: &Path, text: &str) -> Result<Table, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{}: line {line}: {}", path.display(), error.message())
    })
}

/// A provider that is given another address has left its old ones: what it also speaks is known of those only, and keys must
/// not go where nobody meant them to go.
fn move_house(base: &mut Table, over: &Table) {
    let Some(Value::Table(moved)) = over.get("providers") else { return };
    let Some(Value::Table(known)) = base.get_mut("providers") else { return };
    for (name, provider) in moved {
        if provider.get("base_url").is_some()
            && let Some(Value::Table(known)) = known.get_mut(name)
        {
            known.remove("also");
        }
    }
}

/// Lays `over` over `base`: tables are merged, everything else is replaced.
fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paceway_policy::fallback::Reason;

    use super::*;

    /// What is wrong with this file, in these environment variables.
    fn wrong(file: &str, variables: &[(&str, &str)]) -> String {
        load_text(file, variables).unwrap_err().to_string()
    }

    fn load_text(file: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        load_with(Some((Path::new("paceway.toml"), file)), &environment::Variables(variables.collect()))
    }

    #[test]
    fn the_defaults_have_no_mistakes() {
        load_with(None, &environment::Variables::default()).unwrap();
    }

    #[test]
    fn the_password_of_the_database_is_neither_shown_nor_told_when_it_is_wrong() {
        let url = ("PACEWAY_STORAGE__POSTGRES", "postgres://me:hunter2@db/paceway");
        let config = load_text("", &[url]).unwrap();
        let shown = format!("{} {config:?}", show(&config));
        assert!(!shown.contains("hunter2"), "{shown}");
        let told = wrong("[storage]\npostgres = \"mysql://me:hunter2@db/paceway\"", &[]);
        assert!(told.contains("storage.postgres") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_file_overrides_the_defaults_and_the_environment_overrides_the_file() {
        let config = load_text(
            "[server]\nlisten = \"127.0.0.1:1\"\ndrain_s = 1",
            &[("PACEWAY_SERVER__LISTEN", "127.0.0.1:2")],
        )
        .unwrap();
        assert_eq!((config.server.listen.port(), config.server.drain_s), (2, 1));
    }

    #[test]
    fn an_unknown_key_is_told_with_the_one_that_was_meant() {
        let told = wrong("[server]\nlisen = \"127.0.0.1:1\"", &[]);
        assert!(told.contains("server.lisen") && told.contains("did you mean `listen`?"), "{told}");
        let told = wrong("[providers.anthropic]\nbase_ulr = \"x\"", &[]);
        assert!(told.contains("providers.anthropic.base_ulr") && told.contains("`base_url`"), "{told}");
        let told = wrong("[[providers.anthropic.limits]]\nmodels = [\"*\"]\nrequest_per_minute = 1", &[]);
        assert!(
            told.contains("limits[0].request_per_minute") && told.contains("`requests_per_minute`"),
            "{told}"
        );
        let told = wrong("", &[("PACEWAY_QUEUE__MAX_WIAT_S", "1")]);
        assert!(told.contains("queue.max_wiat_s") && told.contains("`max_wait_s`"), "{told}");
    }

    #[test]
    fn a_wrong_type_is_told_with_its_key() {
        let told = wrong("[queue]\nmax_wait_s = \"long\"", &[]);
        assert!(told.contains("queue.max_wait_s") && told.contains("\"long\""), "{told}");
        let told = wrong("[server]\nlisten = \"here\"", &[]);
        assert!(told.contains("server.listen"), "{told}");
    }

    #[test]
    fn a_value_out_of_bounds_is_told_with_the_bounds_and_all_are_told_at_once() {
        let told = wrong("[server]\nmax_body_bytes = 3\n[upstream]\nidle_timeout_s = 0", &[]);
        assert!(told.contains("server.max_body_bytes") && told.contains("got 3"), "{told}");
        assert!(told.contains("upstream.idle_timeout_s: expected 1 to 3600"), "{told}");
    }

    #[test]
    fn broken_toml_is_told_with_its_place() {
        let told = wrong("[server\n", &[]);
        assert!(told.contains("line 1"), "{told}");
        let told = wrong("[providers.openai]\napi_key = sk-secret", &[]);
        assert!(told.contains("line 2") && !told.contains("sk-secret"), "{told}");
    }

    #[test]
    fn a_providers_key_comes_from_the_variable_that_it_names() {
        let config = load_text("", &[("ANTHROPIC_API_KEY", "sk-ant-x")]).unwrap();
        let used: Vec<_> = config.providers_in_use().map(|(name, _, _)| name).collect();
        assert_eq!(used, ["anthropic"]);
    }

    #[test]
    fn a_provider_at_another_address_keeps_none_of_its_old_ones() {
        let config = load_text("[providers.openai]\nbase_url = \"http://127.0.0.1:1/v1\"", &[]).unwrap();
        assert!(config.providers["openai"].also.is_empty());
        assert!(!config.providers["deepseek"].also.is_empty());
    }

    #[test]
    fn a_key_for_an_address_that_is_not_filled_in_is_told_with_what_to_write() {
        let named = "[providers.azure]\nserves = []\n[providers.vertex]\nserves = []\n[providers.vertex-anthropic]\nserves = []";
        let told = wrong(named, &[("AZURE_OPENAI_API_KEY", "k"), ("VERTEX_CREDENTIALS", "metadata")]);
        assert!(told.contains("providers.azure.base_url: write the name of your Azure resource"), "{told}");
        assert!(told.contains("in place of RESOURCE") && told.contains("(AZURE_OPENAI_API_KEY)"), "{told}");
        assert!(
            told.contains("providers.vertex.project: write the id of your Google Cloud project"),
            "{told}"
        );
        assert!(told.contains("providers.vertex-anthropic.project"), "{told}");
    }

    #[test]
    fn a_key_alone_of_a_provider_whose_address_is_to_be_filled_in_is_left_alone() {
        let config = load_text("", &[("AZURE_OPENAI_API_KEY", "k"), ("OPENAI_API_KEY", "k")]).unwrap();
        let used: Vec<_> = config.providers_in_use().map(|(name, ..)| name).collect();
        assert_eq!(used, ["openai"]);
        let warnings = warnings(&config).join("\n");
        let told = "providers.azure.base_url: not used, although its key (AZURE_OPENAI_API_KEY) is there: write the name of your \
                    Azure resource in place of RESOURCE in `https://RESOURCE.openai.azure.com/openai/v1`; or `enabled = false` if \
                    the key is meant for something else";
        assert_eq!(warnings, told);
    }

    #[test]
    fn an_address_that_is_not_filled_in_is_no_mistake_without_a_key_or_when_not_wanted() {
        load_text("", &[]).unwrap();
        let key = ("AZURE_OPENAI_API_KEY", "k");
        load_text("[providers.azure]\nenabled = false", &[key]).unwrap();
        let filled_in = "https://acme.openai.azure.com/openai/v1";
        load_text("", &[key, ("PACEWAY_PROVIDERS__AZURE__BASE_URL", filled_in)]).unwrap();
    }

    #[test]
    fn a_provider_that_nobody_has_heard_of_needs_a_file_and_no_code() {
        let file = "[providers.acme]\nbase_url = \"https://llm.acme.example/v1\"\nserves = [\"acme-*\"]\n\
                    also = { anthropic = \"https://llm.acme.example\" }\napi_key_env = \"ACME_KEY\"\n\
                    only_max_tokens = true\n[[providers.acme.limits]]\nmodels = [\"*\"]\n\
                    requests_per_minute = 5";
        let config = load_text(file, &[("ACME_KEY", "k")]).unwrap();
        let used = crate::providers::in_use(&config).unwrap();
        let [acme] = used.as_slice() else { panic!("{used:?}") };
        let ways: Vec<_> = acme.ways.iter().map(|way| (way.dialect, way.base_url.to_string())).collect();
        let expected = [
            (paceway_domain::Dialect::OpenAi, "https://llm.acme.example/v1"),
            (paceway_domain::Dialect::Anthropic, "https://llm.acme.example/"),
        ];
        assert_eq!(ways, expected.map(|(dialect, url)| (dialect, url.to_owned())));
        assert!(acme.only_max_tokens && acme.pools.len() == 1 && acme.keys.len() == 1);
        let candidates = [acme.candidate.clone()];
        let routes = paceway_policy::routing::routes(&candidates, "acme-large").unwrap();
        assert_eq!((routes.len(), routes[0].model.as_str()), (1, "acme-large"));
    }

    #[test]
    fn an_alias_is_a_name_a_list_or_a_table() {
        let file = "[aliases]\none = \"gpt-5.5\"\ntwo = [\"gpt-5.5\", { model = \"claude-opus-5-5\", weight = 9 }]\n\
                    [aliases.three]\ntargets = [\"gpt-5.5\"]\nfallback_on = [\"timeout\"]\npatience_s = 0";
        let config = load_text(file, &[]).unwrap();
        let aliases = crate::routing::aliases(&config, &[]);
        let models = |name: &str| -> Vec<(String, u32)> {
            aliases[name].targets.iter().map(|target| (target.model.clone(), target.weight)).collect()
        };
        assert_eq!(models("one"), [("gpt-5.5".into(), 1)]);
        assert_eq!(models("two"), [("gpt-5.5".into(), 1), ("claude-opus-5-5".into(), 9)]);
        let (two, three) = (aliases["two"].rules.fallback, aliases["three"].rules.fallback);
        assert!(two.on.has(Reason::Context) && two.patience.as_secs() == 5);
        assert!(three.on.has(Reason::Timeout) && !three.on.has(Reason::Context) && three.patience.is_zero());
    }

    #[test]
    fn three_policies_are_there_unless_they_are_given_another_meaning() {
        let keys = [("ANTHROPIC_API_KEY", "k"), ("OPENAI_API_KEY", "k"), ("GROQ_API_KEY", "k")];
        let config = load_text("[aliases]\nbest = \"gpt-5.5\"", &keys).unwrap();
        let aliases = crate::routing::aliases(&config, &crate::providers::in_use(&config).unwrap());
        let models = |name: &str| -> Vec<String> {
            aliases[name].targets.iter().map(|target| target.model.clone()).collect()
        };
        assert_eq!(models("best"), ["gpt-5.5"]);
        assert_eq!(models("cheap"), ["anthropic/claude-haiku-5-5", "openai/gpt-5.6-luna"]);
        assert_eq!(models("auto"), ["anthropic/claude-haiku-5-5", "anthropic/claude-opus-5-5"]);
        let none = load_text("", &[("GROQ_API_KEY", "k")]).unwrap();
        assert!(crate::routing::aliases(&none, &crate::providers::in_use(&none).unwrap()).is_empty());
    }

    #[test]
    fn mistakes_in_aliases_and_breakers_are_told_with_what_is_allowed() {
        let told = wrong("[aliases.x]\ntargets = [\"gpt-5.5\"]\nfallback_on = [\"weather\"]", &[]);
        assert!(told.contains("aliases.x.fallback_on") && told.contains("rate_limit, overload"), "{told}");
        let told = wrong("[aliases]\nx = []\ny = [\"x\"]", &[]);
        assert!(told.contains("aliases.x: expected 1 to 16") && told.contains("aliases.y"), "{told}");
        let told = wrong("[aliases.x]\ntargets = [\"gpt-5.5\"]\nstrategy = [\"cheapest\", \"dearest\"]", &[]);
        assert!(told.contains("aliases.x.strategy") && told.contains("least_busy"), "{told}");
        let told = wrong("[aliases.x]\ntargets = [{ model = \"gpt-5.5\", when = \"tokens > 3\" }]", &[]);
        assert!(told.contains("aliases.x.targets[0].when") && told.contains("input_tokens"), "{told}");
        let told = wrong("[aliases.x]\ntargets = [\"gpt-5.5\"]\nescalate = \"prompt\"\nthreshold = 2.0", &[]);
        assert!(told.contains("aliases.x.threshold") && told.contains("aliases.x.escalate"), "{told}");
        let told = wrong("[breaker]\nopen_s = 100\nprobes = 0", &[]);
        assert!(
            told.contains("breaker.probes: expected 1 to 100, got 0") && told.contains("longest_open_s"),
            "{told}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_without_the_names_of_rusts_types() {
        let told = wrong("[upstream]\nlow_speed_s = -5", &[]);
        assert!(
            told.contains(
                "upstream.low_speed_s: invalid value: integer `-5`, expected a whole number, 0 or more"
            ),
            "{told}"
        );
        let told = wrong("[upstream]\nlow_speed_s = \"soon\"", &[]);
        assert!(told.contains("invalid type: string \"soon\", expected a whole number, 0 or more"), "{told}");
    }

    #[test]
    fn a_wrong_type_in_an_alias_is_told_with_its_own_key_and_what_is_expected() {
        let told = wrong("[aliases.x]\ntargets = [\"gpt-5.5\"]\npatience_s = \"long\"", &[]);
        assert!(told.contains("aliases.x.patience_s: ") && told.contains("\"long\""), "{told}");
        let told = wrong("[aliases.x]\ntargets = [{ model = \"gpt-5.5\", weight = -1 }]", &[]);
        assert!(told.contains("aliases.x.targets[0].weight: ") && told.contains("`-1`"), "{told}");
        let told = wrong("[aliases]\nx = 5", &[]);
        assert!(told.contains("aliases.x: ") && told.contains("a table with `targets`"), "{told}");
        let told = wrong("[aliases.x]\ntargets = [\"gpt-5.5\"]\nsticky = \"sesion\"", &[]);
        assert!(told.contains("aliases.x.sticky: ") && told.contains("`session`"), "{told}");
        let told = wrong("[aliases.x]\ntargets = [\"gpt-5.5\"]\nstrategy = 3", &[]);
        assert!(told.contains("aliases.x.strategy: ") && told.contains("a strategy's name"), "{told}");
        let told = wrong("[aliases.x]\nstrategy = \"cheapest\"", &[]);
        assert!(told.contains("aliases.x: ") && told.contains("`targets`"), "{told}");
    }

    #[test]
    fn targets_that_nobody_serves_or_that_stand_twice_are_told() {
        let told = wrong("[aliases]\nx = \"antropic/claude-opus-5-5\"", &[]);
        assert!(told.contains("aliases.x.targets[0]: there is no provider `antropic`"), "{told}");
        assert!(told.contains("did you mean `anthropic`?"), "{told}");
        let told = wrong("[aliases]\nx = \"opus\"", &[]);
        assert!(told.contains("aliases.x.targets[0]: no provider `serves` `opus`"), "{told}");
        let told = wrong("[aliases]\nx = [\"gpt-5.5\", \"gpt-5.5\"]", &[]);
        assert!(told.contains("aliases.x.targets[1]: `gpt-5.5` is target 0 already"), "{told}");
        let apart = "[aliases.x]\ntargets = [\"gpt-5.5\", { model = \"gpt-5.5\", when = \"tools == 0\" }]";
        load_text(apart, &[]).unwrap();
    }

    #[test]
    fn regions_that_no_target_is_in_are_told() {
        let file = |region: &str| {
            format!(
                "[aliases.x]\ntargets = [\"mine/m\"]\nregions = [\"eu-*\"]\n\
                 [providers.mine]\nbase_url = \"http://127.0.0.1:1\"\nserves = []\nregion = \"{region}\""
            )
        };
        let told = wrong(&file("us-east-1"), &[]);
        assert!(told.contains("aliases.x.regions: no target's provider is in any of eu-*"), "{told}");
        load_text(&file("eu-west-1"), &[]).unwrap();
    }

    #[test]
    fn what_changes_nothing_is_a_warning() {
        let weights = "targets = [\"gpt-5.5\", { model = \"claude-opus-5-5\", weight = 9 }]";
        let warned = |alias: &str| warnings(&load_text(&format!("[aliases.x]\n{alias}"), &[]).unwrap());
        assert!(warned(weights)[0].starts_with("aliases.x.targets: a `weight` changes nothing"));
        assert!(warned(&format!("{weights}\nstrategy = \"weighted\"")).is_empty());
        let hedge = warned("targets = [\"gpt-5.5\"]\nhedge = true");
        assert!(hedge[0].starts_with("aliases.x.hedge: changes nothing"), "{hedge:?}");
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_told_without_showing_it() {
        let told = wrong("", &[("ANTHROPIC_API_KEY", "sk-ant-\nx")]);
        assert!(told.contains("providers.anthropic") && !told.contains("sk-ant"), "{told}");
    }

    #[test]
    fn a_budget_says_whose_it_is_how_long_it_lasts_and_what_happens_on_the_way() {
        let file = "[[budgets]]\nname = \"all\"\namount_usd = 0.1\nwindow = \"day\"\n\
                    [[budgets]]\nname = \"features\"\namount_usd = 20\nwindow = \"month\"\ntag = \"feature\"\neach = true\n\
                    unknown_price = \"allow\"\n\
                    ladder = [{ at_percent = 85, action = \"cheaper\", to = \"cheap\" }, { at_percent = 120, action = \"pause\" }]";
        let budgets = crate::budgets::settings(&load_text(file, &[]).unwrap());
        let told: Vec<_> = budgets
            .iter()
            .map(|budget| (budget.scope.told(), budget.amount.0, budget.allows_unpriced))
            .collect();
        assert_eq!(
            told,
            [("everyone".into(), 100_000, false), ("each tag feature = *".into(), 20_000_000, true)]
        );
        let rungs = |place: usize| -> Vec<_> {
            let rungs = budgets[place].ladder.rungs();
            rungs.iter().map(|rung| (rung.at_percent, rung.action.name())).collect()
        };
        assert_eq!(rungs(0), [(70, "alert"), (100, "refuse")]);
        assert_eq!(rungs(1), [(85, "cheaper"), (120, "pause")]);
    }

    #[test]
    fn mistakes_in_budgets_are_told_with_what_is_allowed() {
        let told = |more: &str| {
            wrong(&format!("[[budgets]]\nname = \"b\"\namount_usd = 1\nwindow = \"day\"\n{more}"), &[])
        };
        let two = told("team = \"a\"\nkey = \"b\"");
        assert!(two.contains("budgets[0]: expected one of `team`, `key`"), "{two}");
        let each = told("each = true");
        assert!(each.contains("budgets[0].each: each of what?"), "{each}");
        let cap = told("ladder = [{ at_percent = 90, action = \"cap_output\" }]");
        assert!(cap.contains("budgets[0].ladder[0].tokens: `cap_output` needs it"), "{cap}");
        let lines = told(
            "ladder = [{ at_percent = 90, action = \"refuse\" }, { at_percent = 99, action = \"pause\" }]",
        );
        assert!(lines.contains("budgets[0].ladder: expected one of `refuse` and `pause`"), "{lines}");
        let tag = told("tag = \"Feature\"");
        assert!(
            tag.contains("budgets[0].tag: names of headers have no capital letters: write `feature`"),
            "{tag}"
        );
        let twice = told("[[budgets]]\nname = \"b\"\namount_usd = 0\nwindow = \"day\"");
        assert!(twice.contains("budgets[1].name: `b` is there already"), "{twice}");
        assert!(twice.contains("budgets[1].amount_usd: expected 0.000001 to 1000000000, got 0"), "{twice}");
        let unknown = told("amount = 3");
        assert!(unknown.contains("budgets[0].amount") && unknown.contains("amount_usd"), "{unknown}");
    }
}
