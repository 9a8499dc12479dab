//! The `Prefer` header (RFC 7240) as PostgREST reads it.

use axum::http::HeaderMap;

use super::error::RestError;

/// What a write answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Nothing.
    Minimal,
    /// The location of the new row.
    HeadersOnly,
    /// The rows.
    Representation,
}

/// What an insert does with rows that are already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Update them.
    Merge,
    /// Leave them alone.
    Ignore,
}

/// The preferences of a request. The first of its kind counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `return=…`
    pub returning: Option<Return>,
    /// `resolution=…`
    pub resolution: Option<Resolution>,
    /// `missing=default` (`Some(true)`) or `missing=null`.
    pub missing_default: Option<bool>,
    /// `count=exact|planned|estimated`
    pub count: Option<&'static str>,
    /// `handling=strict` (`Some(true)`) or `handling=lenient`.
    pub strict: Option<bool>,
    /// `timezone=UTC`, the only zone there is.
    pub utc: bool,
    /// `max-affected=n`; counts with `handling=strict` only.
    pub max_affected: Option<usize>,
}

/// Which preferences an answer reports as applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Reads: count, handling, timezone.
    Read,
    /// Inserts: those of a read, and return, resolution, missing.
    Insert,
    /// Updates: those of a read, and return, missing, max-affected.
    Update,
    /// Deletes: those of a read, and return, max-affected.
    Delete,
}

impl Preferences {
    /// Reads all `Prefer` headers.
    pub fn read(headers: &HeaderMap) -> Result<Self, RestError> {
        let mut read = Self::default();
        let mut unknown = Vec::new();
        for item in headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            if !read.take(item) {
                unknown.push(item.to_owned());
            }
        }
        if read.strict == Some(true) && !unknown.is_empty() {
            return Err(RestError::preferences(&unknown));
        }
        Ok(read)
    }

    fn take(&mut self, item: &str) -> bool {
        match item {
            "return=minimal" => first(&mut self.returning, Return::Minimal),
            "return=headers-only" => first(&mut self.returning, Return::HeadersOnly),
            "return=representation" => first(&mut self.returning, Return::Representation),
            "resolution=merge-duplicates" => first(&mut self.resolution, Resolution::Merge),
            "resolution=ignore-duplicates" => first(&mut self.resolution, Resolution::Ignore),
            "missing=default" => first(&mut self.missing_default, true),
            "missing=null" => first(&mut self.missing_default, false),
            "count=exact" => first(&mut self.count, "exact"),
            "count=planned" => first(&mut self.count, "planned"),
            "count=estimated" => first(&mut self.count, "estimated"),
            "handling=strict" => first(&mut self.strict, true),
            "handling=lenient" => first(&mut self.strict, false),
            "timezone=UTC" => self.utc = true,
            // Known, but the end of a transaction is not the client's to choose.
            "tx=commit" | "tx=rollback" => {}
            other => {
                let Some(Ok(most)) = other.strip_prefix("max-affected=").map(str::parse) else {
                    return false;
                };
                first(&mut self.max_affected, most);
            }
        }
        true
    }

    /// The rows that a change may touch at most.
    pub fn limit(&self) -> Option<usize> {
        self.max_affected.filter(|_| self.strict == Some(true))
    }

    /// The value of `Preference-Applied`; `None` when nothing was.
    pub fn applied(&self, to: Applies) -> Option<String> {
        let mut told: Vec<String> = Vec::new();
        if to == Applies::Insert {
            told.extend(self.resolution.map(|resolution| {
                match resolution {
                    Resolution::Merge => "resolution=merge-duplicates",
                    Resolution::Ignore => "resolution=ignore-duplicates",
                }
                .to_owned()
            }));
        }
        if matches!(to, Applies::Insert | Applies::Update) {
            told.extend(self.missing_default.map(|default| {
                if default {
                    "missing=default"
                } else {
                    "missing=null"
                }
                .to_owned()
            }));
        }
        if to != Applies::Read {
            told.extend(self.returning.map(|returning| {
                match returning {
                    Return::Minimal => "return=minimal",
                    Return::HeadersOnly => "return=headers-only",
                    Return::Representation => "return=representation",
                }
                .to_owned()
            }));
        }
        told.extend(self.count.map(|count| format!("count={count}")));
        told.extend(self.strict.map(|strict| {
            if strict {
                "handling=strict"
            } else {
                "handling=lenient"
            }
            .to_owned()
        }));
        if self.utc {
            told.push("timezone=UTC".to_owned());
        }
        if matches!(to, Applies::Update | Applies::Delete) {
            told.extend(self.limit().map(|most| format!("max-affected={most}")));
        }
        (!told.is_empty()).then(|| told.join(", "))
    }
}

fn first<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Preferences, RestError> {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", text.parse().unwrap());
        Preferences::read(&headers)
    }

    #[test]
    fn the_first_of_a_kind_counts_and_is_told_back() {
        let read = read(
            "return=representation, resolution=ignore-duplicates,count=exact, return=minimal, odd",
        )
        .unwrap();
        assert_eq!(read.returning, Some(Return::Representation));
        assert_eq!(
            read.applied(Applies::Insert).unwrap(),
            "resolution=ignore-duplicates, return=representation, count=exact"
        );
        assert_eq!(read.applied(Applies::Read).unwrap(), "count=exact");
    }

    #[test]
    fn strict_handling_refuses_what_it_does_not_know() {
        let error = read("handling=strict, odd=1, max-affected=2").unwrap_err();
        assert_eq!(error.code, "PGRST122");
        assert_eq!(error.details.as_deref(), Some("Invalid preferences: odd=1"));
        assert_eq!(
            read("handling=strict, max-affected=2").unwrap().limit(),
            Some(2)
        );
        assert_eq!(read("max-affected=2").unwrap().limit(), None);
    }
}
