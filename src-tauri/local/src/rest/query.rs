//! The query string as a whole.

use super::error::RestError;
use super::grammar::{Logic, OrderKey, SelectItem};
use super::parse;

/// What the query string asks for.
#[derive(Debug)]
pub struct Query {
    /// `select`; `*` when absent.
    pub select: Vec<SelectItem>,
    /// All filters and trees, joined by AND.
    pub conditions: Vec<Logic>,
    /// `order`
    pub order: Vec<OrderKey>,
    /// `limit`
    pub limit: Option<usize>,
    /// `offset`
    pub offset: usize,
    /// `columns`
    pub columns: Option<Vec<String>>,
    /// `on_conflict`
    pub on_conflict: Option<Vec<String>>,
}

impl Query {
    /// Reads the raw query string. `apikey` is the gateway's and is passed over.
    pub fn read(raw: &str) -> Result<Self, RestError> {
        let mut query = Self {
            select: vec![SelectItem::All],
            conditions: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: 0,
            columns: None,
            on_conflict: None,
        };
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            match &*name {
                "apikey" => {}
                "select" => query.select = parse::select(&value)?,
                "order" => query.order = parse::order(&value)?,
                "limit" => {
                    if value.starts_with('-') {
                        return Err(RestError::range(
                            "Limit should be greater than or equal to zero.",
                        ));
                    }
                    query.limit = value.parse().ok();
                }
                "offset" => query.offset = value.parse().unwrap_or(0),
                "columns" => {
                    query.columns = Some(parse::columns(&value, "columns parameter")?);
                }
                "on_conflict" => {
                    query.on_conflict = Some(parse::columns(&value, "on_conflict parameter")?);
                }
                "and" | "or" | "not.and" | "not.or" => {
                    query.conditions.push(parse::logic(&name, &value)?);
                }
                _ => query
                    .conditions
                    .push(Logic::Filter(parse::filter(&name, &value)?)),
            }
        }
        Ok(query)
    }

    /// Narrows to the `Range` header (`first-last` or `first-`), as far as it can be read.
    pub fn within(mut self, range: Option<&str>) -> Result<Self, RestError> {
        let Some((first, last)) = range.and_then(|range| range.trim().split_once('-')) else {
            return Ok(self);
        };
        let Ok(first) = first.parse::<usize>() else {
            return Ok(self);
        };
        if let Ok(last) = last.parse::<usize>() {
            if last < first {
                return Err(RestError::range(
                    "The lower boundary must be lower than or equal to the upper boundary in the \
                     Range header.",
                ));
            }
            let rows = last - first + 1;
            self.limit = Some(self.limit.map_or(rows, |limit| limit.min(rows)));
        } else if !last.is_empty() {
            return Ok(self);
        }
        self.offset = self.offset.max(first);
        Ok(self)
    }
}
