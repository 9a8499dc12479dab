//! Objects of Storage (base `/storage/v1`, section 5 of the protocol notes): what names one, and how
//! it is read.

use std::time::Duration;

use reqwest::Method;
use url::Url;

use crate::http::Request;
use crate::{Error, Project, Rest, Service};

/// A large object over a slow line; what comes slower than the pauses between two pieces allow ends
/// before that.
const TOTAL: Duration = Duration::from_mins(5);
/// Longer names are no names of a bucket.
const LONGEST_BUCKET: usize = 100;
/// Longer paths are refused by Storage.
const LONGEST_PATH: usize = 1024;

/// The name of an object: its bucket, and its path in there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    bucket: String,
    path: String,
}

/// Why a text names no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The bucket or the path is empty, or too long.
    #[error("a bucket and a path are needed, neither empty nor too long")]
    Length,
    /// A part of it is empty, `.` or `..`, which could lead to another place.
    #[error("a part of the path is empty or leads elsewhere")]
    Part,
    /// It has characters that no object can have.
    #[error("there are characters that no object's name has")]
    Characters,
}

impl ObjectPath {
    /// Joins a bucket and a path, neither of them encoded.
    ///
    /// # Errors
    /// What could lead out of the bucket, and what Storage could not have stored.
    pub fn new(bucket: &str, path: &str) -> Result<Self, PathError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let fits = |text: &str, most| (1..=most).contains(&text.len());
        if !fits(bucket, LONGEST_BUCKET) || !fits(path, LONGEST_PATH) {
            return Err(PathError::Length);
        }
        let odd = |c: char| c.is_control() || c == '\\';
        if bucket.contains(odd) || bucket.contains('/') || path.contains(odd) {
            return Err(PathError::Characters);
        }
        let leads = |part: &str| matches!(part, "" | "." | "..");
        if leads(bucket) || path.split('/').any(leads) {
            return Err(PathError::Part);
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            path: path.to_owned(),
        })
    }

    /// Reads `bucket/path`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let (bucket, path) = text.split_once('/').ok_or(PathError::Length)?;
        Self::new(bucket, path)
    }

    /// Reads the address of an object of `project`: a public one, an authenticated or a signed one,
    /// whose signature is not used. `None` for every other address.
    pub fn of_address(project: &Project, address: &Url) -> Option<Self> {
        let base = project.endpoint(&["storage", "v1", "object"]);
        let of_project = address.origin() == base.origin()
            && address.username().is_empty()
            && address.password().is_none();
        let rest = address
            .path()
            .strip_prefix(base.path())?
            .strip_prefix('/')?;
        let kinds = ["public/", "authenticated/", "sign/"];
        let rest = kinds
            .iter()
            .find_map(|kind| rest.strip_prefix(kind))
            .unwrap_or(rest);
        if !of_project {
            return None;
        }
        Self::parse(&decoded(rest)?).ok()
    }

    /// Name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Path in the bucket, not encoded.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Resolves `%xx`; `None` when what comes out is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                rest = after.get(2..)?;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Reads objects, as the user of the [`Rest`] it is made from.
#[derive(Debug, Clone)]
pub struct Objects(Rest);

impl Objects {
    /// Speaks for the user, and to the project, of `rest`.
    pub fn new(rest: Rest) -> Self {
        Self(rest)
    }

    /// Reads the content of an object in a bucket that is public, or that the user may read. One that may not be
    /// read is not found either: the server does not tell which.
    ///
    /// # Errors
    /// [`Error::AnswerTooLarge`] for more than `most` bytes, before more than those are read.
    pub async fn read(&self, object: &ObjectPath, most: usize) -> Result<Vec<u8>, Error> {
        let project = self.0.project();
        let mut path = vec![
            "storage",
            "v1",
            "object",
            "authenticated",
            object.bucket.as_str(),
        ];
        path.extend(object.path.split('/'));
        let url = project.endpoint(&path);
        let reply = self
            .0
            .call(Service::Storage, || {
                Ok(Request::new(project, Method::GET, url.clone()).at_most(most, TOTAL))
            })
            .await?;
        Ok(reply.body)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::ProjectKey;

    fn project(url: &str) -> Project {
        let key = ProjectKey::parse("sb_publishable_0123456789abcdef_01234567").unwrap();
        Project::new(url, key).unwrap()
    }

    #[test]
    fn what_leads_out_of_a_bucket_names_no_object() {
        for (bucket, path) in [
            ("voice", "../secret/a.ogg"),
            ("voice", "a/../../b.ogg"),
            ("voice", "a/./b.ogg"),
            ("voice", "a//b.ogg"),
            ("voice", ".."),
            ("..", "a.ogg"),
            (".", "a.ogg"),
        ] {
            assert_eq!(
                ObjectPath::new(bucket, path),
                Err(PathError::Part),
                "{bucket} {path}"
            );
        }
        for (bucket, path) in [
            ("a/b", "c.ogg"),
            ("voice", "a\\..\\b"),
            ("voice", "a\0"),
            ("voice\n", "a"),
        ] {
            assert_eq!(ObjectPath::new(bucket, path), Err(PathError::Characters));
        }
        let long = "a".repeat(LONGEST_PATH + 1);
        for (bucket, path) in [("", "a"), ("voice", ""), ("voice", "/"), ("voice", &long)] {
            assert_eq!(ObjectPath::new(bucket, path), Err(PathError::Length));
        }
        assert_eq!(ObjectPath::parse("voice"), Err(PathError::Length));
    }

    #[test]
    fn only_addresses_of_the_project_name_its_objects() {
        let project = project("https://abc.supabase.co");
        let read = |text: &str| ObjectPath::of_address(&project, &Url::parse(text).unwrap());
        let expected = ObjectPath::new("voice", "maya/a b.ogg").ok();
        for text in [
            "https://abc.supabase.co/storage/v1/object/public/voice/maya/a%20b.ogg",
            "https://abc.supabase.co/storage/v1/object/authenticated/voice/maya/a%20b.ogg",
            "https://abc.supabase.co/storage/v1/object/sign/voice/maya/a%20b.ogg?token=abc",
            "https://abc.supabase.co/storage/v1/object/voice/maya%2Fa%20b.ogg",
            "https://abc.supabase.co:443/storage/v1/object/public/voice/maya/a%20b.ogg",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in [
            "https://abc.supabase.co.evil.example/storage/v1/object/public/voice/a.ogg",
            "https://evil.example/storage/v1/object/public/voice/a.ogg",
            "http://abc.supabase.co/storage/v1/object/public/voice/a.ogg",
            "https://abc.supabase.co:8443/storage/v1/object/public/voice/a.ogg",
            "https://abc.supabase.co@evil.example/storage/v1/object/public/voice/a.ogg",
            "https://user:pass@abc.supabase.co/storage/v1/object/public/voice/a.ogg",
            "https://abc.supabase.co/storage/v1/object/public/voice/..%2f..%2fsecret/a.ogg",
            // Resolved as it is read: what is left is beside Storage.
            "https://abc.supabase.co/storage/v1/object/public/voice/%2e%2e/../../../../rest/v1/x",
            "https://abc.supabase.co/storage/v1/object/public/voice/a%00.ogg",
            "https://abc.supabase.co/storage/v1/object/public/voice/%ff",
            "https://abc.supabase.co/storage/v1/objects/public/voice/a.ogg",
            "https://abc.supabase.co/rest/v1/chat_messages",
            "https://abc.supabase.co/",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever a path is made of, the address of it is one of this project's Storage and
        /// names the same object when it is read again.
        #[test]
        fn the_address_of_an_object_names_it(bucket in "[^/]{1,20}", path in "\\PC{1,60}") {
            let project = project("https://abc.supabase.co/base");
            if let Ok(object) = ObjectPath::new(&bucket, &path) {
                let mut segments = vec!["storage", "v1", "object", "authenticated", object.bucket()];
                segments.extend(object.path().split('/'));
                let url = project.endpoint(&segments);
                prop_assert!(url.as_str().starts_with(
                    "https://abc.supabase.co/base/storage/v1/object/authenticated/"
                ));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                prop_assert_eq!(ObjectPath::of_address(&project, &url), Some(object));
            }
        }
    }
}
