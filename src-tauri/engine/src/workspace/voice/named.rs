//! Which file a voice message's metadata names (`docs/voice.md`).

use serde_json::{Map, Value};
use tidings_model::Json;
use tidings_supabase::{ObjectPath, Project};
use url::Url;

/// The longest address that is read.
const LONGEST: usize = 4_096;
/// Where an address stands that producers write by itself.
const ADDRESSES: [&str; 4] = ["audio_url", "file_url", "media_url", "url"];

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// An object in the Storage of the project.
    Object(ObjectPath),
    /// An address, http or https, of another host.
    Elsewhere(Url),
}

impl Named {
    /// The file that a message of `project` names; `None` where it names none, or nothing that could
    /// be one.
    pub(crate) fn read(metadata: &Json, project: &Project) -> Option<Self> {
        let metadata: Map<String, Value> = metadata.read()?;
        if let Some(file) = metadata.get("file") {
            return match file {
                Value::String(text) => Self::text(text, project),
                Value::Object(file) => Self::fields(file, project),
                _ => None,
            };
        }
        Self::fields(&metadata, project)
    }

    /// `bucket` and `path`, or an address.
    fn fields(fields: &Map<String, Value>, project: &Project) -> Option<Self> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        if let (Some(bucket), Some(path)) = (text("bucket"), text("path")) {
            return Some(Self::Object(ObjectPath::new(bucket, path).ok()?));
        }
        let address = ADDRESSES.iter().find_map(|name| text(name))?;
        Self::address(address, project)
    }

    /// An address, or `bucket/path`.
    fn text(text: &str, project: &Project) -> Option<Self> {
        if let Some(object) = text.strip_prefix("storage://") {
            return Some(Self::Object(ObjectPath::parse(object).ok()?));
        }
        // `https:`, `data:` and the like; a bucket whose name has a colon is named in an object.
        if text
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'))
        {
            return Self::address(text, project);
        }
        Some(Self::Object(ObjectPath::parse(text).ok()?))
    }

    fn address(text: &str, project: &Project) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let url = Url::parse(text).ok()?;
        if let Some(object) = ObjectPath::of_address(project, &url) {
            return Some(Self::Object(object));
        }
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        // What could be mistaken for another host, and an address of the project that is no object.
        let odd = !url.username().is_empty()
            || url.password().is_some()
            || url.origin() == project.url().origin();
        (web && !odd).then_some(Self::Elsewhere(url))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tidings_supabase::ProjectKey;

    use super::*;

    fn read(metadata: &str) -> Option<Named> {
        let key = ProjectKey::parse("sb_publishable_0123456789abcdef_01234567").unwrap();
        let project = Project::new("https://abc.supabase.co", key).unwrap();
        Named::read(&Json::new(metadata).unwrap(), &project)
    }

    #[test]
    fn an_object_of_the_project_is_named_in_several_ways() {
        let object = Some(Named::Object(
            ObjectPath::new("voice", "maya/a b.ogg").unwrap(),
        ));
        for metadata in [
            r#"{"file": {"bucket": "voice", "path": "maya/a b.ogg", "mime_type": "audio/ogg", "size": 9}}"#,
            r#"{"file": {"bucket": "voice", "path": "/maya/a b.ogg"}}"#,
            r#"{"file": "voice/maya/a b.ogg"}"#,
            r#"{"file": "storage://voice/maya/a b.ogg"}"#,
            r#"{"bucket": "voice", "path": "maya/a b.ogg"}"#,
            r#"{"file": {"url": "https://abc.supabase.co/storage/v1/object/public/voice/maya/a%20b.ogg"}}"#,
            r#"{"file": "https://abc.supabase.co/storage/v1/object/sign/voice/maya/a%20b.ogg?token=x"}"#,
            r#"{"audio_url": "https://abc.supabase.co/storage/v1/object/public/voice/maya/a%20b.ogg"}"#,
        ] {
            assert_eq!(read(metadata), object, "{metadata}");
        }
    }

    #[test]
    fn another_host_is_told_as_such() {
        let url = "https://files.example.org/a.ogg?x=1";
        for metadata in [
            format!(r#"{{"file": "{url}"}}"#),
            format!(r#"{{"file": {{"url": "{url}"}}}}"#),
            format!(r#"{{"url": "{url}"}}"#),
        ] {
            let elsewhere = Some(Named::Elsewhere(Url::parse(url).unwrap()));
            assert_eq!(read(&metadata), elsewhere, "{metadata}");
        }
    }

    #[test]
    fn hostile_metadata_names_nothing() {
        let long = format!(
            r#"{{"file": "https://evil.example/{}"}}"#,
            "a".repeat(LONGEST)
        );
        for metadata in [
            "{}",
            r#"{"file": null}"#,
            r#"{"file": 7}"#,
            r#"{"file": ["voice", "a.ogg"]}"#,
            r#"{"file": ""}"#,
            r#"{"file": "a.ogg"}"#,
            r#"{"file": "voice/../secret/a.ogg"}"#,
            r#"{"file": {"bucket": "..", "path": "rest/v1/chat_messages"}}"#,
            r#"{"file": {"bucket": "voice", "path": "../../rest/v1/chat_messages"}}"#,
            r#"{"file": {"bucket": "voice", "path": 3}}"#,
            r#"{"file": "javascript://x/%0aalert(1)"}"#,
            r#"{"file": "file:///etc/passwd"}"#,
            r#"{"file": "data:audio/ogg;base64,T2dnUw=="}"#,
            r#"{"file": "https://abc.supabase.co@evil.example/a.ogg"}"#,
            r#"{"file": "https://abc.supabase.co/rest/v1/chat_messages"}"#,
            r#"{"file": "https://abc.supabase.co/storage/v1/object/public/voice/%2e%2e/a.ogg"}"#,
            r#"{"url": "ftp://files.example.org/a.ogg"}"#,
            &long,
        ] {
            assert_eq!(read(metadata), None, "{metadata}");
        }
    }
}
