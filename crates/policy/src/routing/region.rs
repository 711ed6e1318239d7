//! Where a request may be computed: data residency.
//!
//! A wall, unlike strategy `nearest`, which is a wish: a target outside is left out, and one whose region is not known is
//! outside.

use std::fmt;

use super::matches;

/// Why a target may not serve a request that is pinned to regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// It is in this region, which is not among those allowed.
    Elsewhere(String),
    /// Its region is not configured.
    Unknown,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere(region) => write!(f, "region {region} is outside those that the data may go to"),
            Self::Unknown => f.write_str("its region is not known, and the data may go to some regions only"),
        }
    }
}

/// Whether a target in `region` may serve a request pinned to `allowed` (names or patterns such as `eu-*`; none: anywhere).
///
/// # Errors
/// [`Outside`] says why not.
pub fn may_serve(region: Option<&str>, allowed: &[String]) -> Result<(), Outside> {
    match region {
        _ if allowed.is_empty() => Ok(()),
        None => Err(Outside::Unknown),
        Some(region) if allowed.iter().any(|pattern| matches(pattern, region)) => Ok(()),
        Some(region) => Err(Outside::Elsewhere(region.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_data_stays_inside_and_an_unknown_region_is_outside() {
        let allowed = ["eu-*".to_owned(), "swedencentral".to_owned()];
        assert_eq!(may_serve(Some("eu-west-1"), &allowed), Ok(()));
        assert_eq!(may_serve(Some("swedencentral"), &allowed), Ok(()));
        assert_eq!(may_serve(Some("us-east-1"), &allowed), Err(Outside::Elsewhere("us-east-1".into())));
        assert_eq!(may_serve(None, &allowed), Err(Outside::Unknown));
    }

    #[test]
    fn what_is_not_pinned_goes_anywhere() {
        assert_eq!(may_serve(None, &[]), Ok(()));
    }
}
