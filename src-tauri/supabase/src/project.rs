//! The address of a project.

use std::net::IpAddr;

use url::{Host, Url};

use crate::ProjectKey;

/// One Supabase project: where it is, and the key that opens its doors for clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    url: Url,
    key: ProjectKey,
}

/// Why a text is not the address of a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing was given.
    #[error("The address is empty.")]
    Empty,
    /// Not an address at all.
    #[error("This is not a web address: {0}.")]
    Malformed(String),
    /// A scheme other than https or http.
    #[error("The address must start with https://, not {0}://.")]
    Scheme(String),
    /// http to another machine.
    #[error("http:// would send your messages unprotected to {0}: use https://.")]
    Insecure(String),
    /// `https://user:password@…`
    #[error("The address must not contain a user name or a password.")]
    Credentials,
}

/// First path segments of the services behind one project address.
const SERVICES: [&str; 7] = [
    "rest",
    "auth",
    "realtime",
    "storage",
    "functions",
    "graphql",
    "pg",
];

impl Project {
    /// Joins an address, as a person types or pastes it, and a key.
    pub fn new(url: &str, key: ProjectKey) -> Result<Self, UrlError> {
        Ok(Self {
            url: base(url)?,
            key,
        })
    }

    /// The base address, without a trailing slash in its path.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The key for the `apikey` header.
    pub fn key(&self) -> &ProjectKey {
        &self.key
    }

    /// The address of the Realtime socket, without the key and the version.
    pub fn realtime_url(&self) -> Url {
        let mut url = self.endpoint(&["realtime", "v1", "websocket"]);
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // http(s) to ws(s) is a change that `Url` always allows.
        let _ = url.set_scheme(scheme);
        url
    }

    /// `base/segments…`, each segment percent-encoded.
    pub(crate) fn endpoint(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// Reads an address tolerantly: scheme missing, a service's path pasted along, a dashboard page.
fn base(text: &str) -> Result<Url, UrlError> {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']).trim();
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (String::new(), text.trim_start_matches('/')),
    };
    let secure = match scheme.as_str() {
        "https" | "wss" | "" => true,
        "http" | "ws" => false,
        other => return Err(UrlError::Scheme(other.to_owned())),
    };
    let mut url = Url::parse(&format!("https://{rest}"))
        .map_err(|error| UrlError::Malformed(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::Credentials);
    }
    url.set_query(None);
    url.set_fragment(None);
    if let Some(project) = dashboard(&url) {
        return Ok(project);
    }
    let loopback = is_loopback(&url);
    if !loopback && !secure {
        return Err(UrlError::Insecure(
            url.host_str().unwrap_or_default().to_owned(),
        ));
    }
    if loopback && (!secure || scheme.is_empty()) {
        url = Url::parse(&format!("http://{rest}"))
            .map_err(|error| UrlError::Malformed(error.to_string()))?;
        url.set_query(None);
        url.set_fragment(None);
    }
    strip_service(&mut url);
    Ok(url)
}

/// `https://supabase.com/dashboard/project/<ref>/…` names the project `<ref>.supabase.co`.
fn dashboard(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    if host != "supabase.com" && host != "app.supabase.com" {
        return None;
    }
    let mut segments = url
        .path_segments()?
        .skip_while(|segment| *segment != "project");
    let reference = segments.nth(1).filter(|text| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })?;
    Url::parse(&format!("https://{reference}.supabase.co")).ok()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// Drops `/rest/v1…` and its like, and trailing slashes; keeps a path that a proxy may need.
fn strip_service(url: &mut Url) {
    let segments: Vec<String> = url
        .path_segments()
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect();
    let service = segments.windows(2).position(|pair| {
        SERVICES.contains(&pair[0].as_str())
            && pair[1]
                .strip_prefix('v')
                .is_some_and(|v| v.parse::<u8>().is_ok())
    });
    let kept = segments[..service.unwrap_or(segments.len())]
        .iter()
        .filter(|segment| !segment.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("/");
    url.set_path(&kept);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn project(url: &str) -> Result<Project, UrlError> {
        Project::new(url, ProjectKey::parse("sb_publishable_x").unwrap())
    }

    #[test]
    fn an_address_is_read_as_people_paste_it() {
        let cases = [
            ("https://abc.supabase.co", "https://abc.supabase.co/"),
            (" https://abc.supabase.co/ ", "https://abc.supabase.co/"),
            ("abc.supabase.co", "https://abc.supabase.co/"),
            ("//abc.supabase.co", "https://abc.supabase.co/"),
            (
                "HTTPS://ABC.supabase.co/rest/v1/",
                "https://abc.supabase.co/",
            ),
            (
                "https://abc.supabase.co/rest/v1/chat?select=*#x",
                "https://abc.supabase.co/",
            ),
            (
                "wss://abc.supabase.co/realtime/v1/websocket",
                "https://abc.supabase.co/",
            ),
            (
                "https://chat.example.org/supabase/auth/v1",
                "https://chat.example.org/supabase",
            ),
            (
                "https://chat.example.org:8443",
                "https://chat.example.org:8443/",
            ),
            (
                "https://supabase.com/dashboard/project/abc123/settings/api-keys",
                "https://abc123.supabase.co/",
            ),
            ("localhost:54321", "http://localhost:54321/"),
            ("127.0.0.1:9", "http://127.0.0.1:9/"),
            ("http://[::1]:9/", "http://[::1]:9/"),
            ("https://localhost:9", "https://localhost:9/"),
        ];
        for (text, base) in cases {
            assert_eq!(project(text).unwrap().url().as_str(), base, "{text}");
        }
    }

    #[test]
    fn an_address_that_would_not_do_is_refused_with_its_reason() {
        assert_eq!(project(" "), Err(UrlError::Empty));
        assert_eq!(
            project("http://abc.supabase.co"),
            Err(UrlError::Insecure("abc.supabase.co".to_owned()))
        );
        assert_eq!(
            project("http://192.168.1.5:8000"),
            Err(UrlError::Insecure("192.168.1.5".to_owned()))
        );
        assert_eq!(
            project("postgresql://db.abc.supabase.co:5432"),
            Err(UrlError::Scheme("postgresql".to_owned()))
        );
        assert_eq!(
            project("https://a:b@abc.supabase.co"),
            Err(UrlError::Credentials)
        );
        assert!(matches!(project("https://"), Err(UrlError::Malformed(_))));
        assert!(matches!(
            project("not an address"),
            Err(UrlError::Malformed(_))
        ));
    }

    #[test]
    fn endpoints_hang_below_the_base() {
        let plain = project("abc.supabase.co").unwrap();
        assert_eq!(
            plain.endpoint(&["rest", "v1", "a b"]).as_str(),
            "https://abc.supabase.co/rest/v1/a%20b"
        );
        assert_eq!(
            plain.realtime_url().as_str(),
            "wss://abc.supabase.co/realtime/v1/websocket"
        );
        let below = project("https://example.org/supabase/").unwrap();
        assert_eq!(
            below.endpoint(&["auth", "v1"]).as_str(),
            "https://example.org/supabase/auth/v1"
        );
        let local = project("127.0.0.1:9").unwrap();
        assert_eq!(
            local.realtime_url().as_str(),
            "ws://127.0.0.1:9/realtime/v1/websocket"
        );
    }
}
