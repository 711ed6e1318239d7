//! What the admin API takes and gives, as JSON and in its OpenAPI document. Times are Unix milliseconds, UTC.

mod limits;

use paceway_domain::{Priority, UnixMillis};
use paceway_gateway::administration::{Admin, AuditEntry, Kind, Unit, VirtualKey};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use limits::KeyLimits;

/// An organisation, team or project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitView {
    /// Its id within what it is in
    #[schema(example = "ranking")]
    pub(crate) id: String,
    /// Its name, for people
    pub(crate) name: String,
    /// The organisation that it is in
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organisation: Option<String>,
    /// The team that it is in
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) team: Option<String>,
    /// When it was made
    pub(crate) created_at: u64,
}

/// A new organisation, team or project
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitBody {
    /// Its name, for people
    pub(crate) name: String,
    /// Its id: 1 to 64 of a-z, 0-9, `-`, `_` and `.`; made of the name if absent. It never changes
    pub(crate) id: Option<String>,
}

/// Another name
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// The name from now on
    pub(crate) name: String,
}

/// A virtual key, without its secret
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its id, which stays when it is rotated
    #[schema(example = "0123456789ab")]
    pub(crate) id: String,
    /// Its name, by which rules for callers know it
    pub(crate) name: String,
    pub(crate) organisation: String,
    pub(crate) team: String,
    pub(crate) project: String,
    /// `active`, `rotating` (two secrets work), `expired` or `revoked`
    pub(crate) state: &'static str,
    pub(crate) created_at: u64,
    pub(crate) expires_at: Option<u64>,
    pub(crate) revoked_at: Option<u64>,
    /// Until when the secret before the last rotation works
    pub(crate) previous_until: Option<u64>,
    /// Patterns of the models and aliases that it may name; empty: all
    pub(crate) models: Vec<String>,
    /// What it may have done; empty: everything
    pub(crate) endpoints: Vec<String>,
    /// The priority of its requests; null: what the rules for callers say
    pub(crate) priority: Option<&'static str>,
    /// Limits of its own
    pub(crate) limits: KeyLimits,
}

/// A virtual key with its secret, which is shown this once
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyWithSecret {
    /// The secret: what clients send
    #[schema(example = "pw_…")]
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) view: KeyView,
}

/// A new virtual key
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    /// Its name, by which rules for callers know it
    pub(crate) name: String,
    /// Absent: `default`
    pub(crate) organisation: Option<String>,
    /// Absent: `default`
    pub(crate) team: Option<String>,
    /// Absent: `default`
    pub(crate) project: Option<String>,
    /// From when on it lets nobody in; absent: never
    pub(crate) expires_at: Option<u64>,
    /// Patterns of the models and aliases that it may name, `*` stands for any text; absent or empty: all
    #[serde(default)]
    #[schema(example = json!(["claude-*"]))]
    pub(crate) models: Vec<String>,
    /// What it may have done: generate, count_tokens, embeddings, rerank, images, transcription, speech; absent or empty: everything
    #[serde(default)]
    pub(crate) endpoints: Vec<String>,
    /// high, normal, low or batch; absent: what the rules for callers say
    pub(crate) priority: Option<String>,
    /// Limits of its own
    #[serde(default)]
    pub(crate) limits: KeyLimits,
}

/// What is to be different about a key; what is absent stays
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::option_option)] // Absent, null and a value are three things to say.
pub(crate) struct KeyPatch {
    pub(crate) name: Option<String>,
    /// null: never
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u64>)]
    pub(crate) expires_at: Option<Option<u64>>,
    pub(crate) models: Option<Vec<String>>,
    pub(crate) endpoints: Option<Vec<String>>,
    /// null: what the rules for callers say
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub(crate) priority: Option<Option<String>>,
    /// All of them: those that are absent in it are gone
    pub(crate) limits: Option<KeyLimits>,
}

/// How a key gets another secret
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the present secret works beside the new one, in seconds; 0 to 7776000. Absent: 0, not at all
    #[serde(default)]
    pub(crate) overlap_s: u64,
}

/// Somebody who administers, without the token
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// viewer, member, admin or owner
    pub(crate) role: &'static str,
    /// Absent: all of them
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organisation: Option<String>,
    /// Absent: all of them
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) team: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) revoked_at: Option<u64>,
}

/// Somebody who administers, with the token, which is shown this once
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminWithToken {
    #[schema(example = "pwadmin_…")]
    pub(crate) token: String,
    #[serde(flatten)]
    pub(crate) view: AdminView,
}

/// Somebody new who administers
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminBody {
    pub(crate) name: String,
    /// viewer, member, admin or owner
    pub(crate) role: String,
    /// Within this organisation; absent: everywhere
    pub(crate) organisation: Option<String>,
    /// Within this team of it
    pub(crate) team: Option<String>,
}

/// Something that an admin has done
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditView {
    /// Its number: later ones have higher ones
    pub(crate) number: u64,
    pub(crate) at: u64,
    /// Who: name and id, or `command line`
    pub(crate) actor: String,
    /// What: such as `keys.create`
    pub(crate) action: String,
    /// To what: an id or a place
    pub(crate) subject: String,
    /// Where that is: ids with slashes between them; empty: it concerns everyone
    pub(crate) place: String,
    /// What it was, without secrets
    pub(crate) before: Option<Value>,
    /// What it is, without secrets
    pub(crate) after: Option<Value>,
}

/// A page of a list
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The entries
    data: Vec<T>,
    /// What to send as `after` for the next page; null: this is the last
    next: Option<String>,
}

/// What went wrong
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What, which, and what now
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    r#type: String,
    message: String,
}

/// Tells a field that is null from one that is absent.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

pub(super) fn unit(unit: &Unit) -> UnitView {
    let parent = unit.place.parent();
    let of = |kind| parent.id_of(kind).map(str::to_owned);
    UnitView {
        id: unit.place.id().to_owned(),
        name: unit.name.clone(),
        organisation: of(Kind::Organisation),
        team: of(Kind::Team),
        created_at: unit.created_at.0,
    }
}

pub(super) fn key(key: &VirtualKey, now: UnixMillis) -> KeyView {
    KeyView {
        id: key.id.0.clone(),
        name: key.name.clone(),
        organisation: key.owner.organisation.clone(),
        team: key.owner.team.clone(),
        project: key.owner.project.clone(),
        state: key.state(now).name(),
        created_at: key.created_at.0,
        expires_at: key.expires_at.map(|at| at.0),
        revoked_at: key.revoked_at.map(|at| at.0),
        previous_until: key.previous.map(|previous| previous.until.0),
        models: key.grant.models.clone(),
        endpoints: key.grant.endpoints.iter().map(|endpoint| endpoint.name().to_owned()).collect(),
        priority: key.grant.priority.map(Priority::name),
        limits: key.grant.limits.into(),
    }
}

pub(super) fn admin(admin: &Admin) -> AdminView {
    let of = |kind| admin.place.id_of(kind).map(str::to_owned);
    AdminView {
        id: admin.id.0.clone(),
        name: admin.name.clone(),
        role: admin.role.name(),
        organisation: of(Kind::Organisation),
        team: of(Kind::Team),
        created_at: admin.created_at.0,
        revoked_at: admin.revoked_at.map(|at| at.0),
    }
}

pub(super) fn entry(entry: &AuditEntry) -> AuditView {
    let note = &entry.note;
    AuditView {
        number: entry.number,
        at: note.at.0,
        actor: note.actor.clone(),
        action: note.action.clone(),
        subject: note.subject.clone(),
        place: note.place.to_string(),
        before: note.before.clone(),
        after: note.after.clone(),
    }
}
