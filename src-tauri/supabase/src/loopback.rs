//! The way back from the browser: a listener on the loopback address (RFC 8252, section 7.3)
//! that waits for one request.
//!
//! Anybody on this machine can connect to it. What counts is a `GET` of a path nobody can
//! guess, under the listener's own address; everything else is answered with 404 and changes
//! nothing. The code that comes is of use only together with the verifier, which stays here.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use crate::oauth::random_text;
use crate::{Error, Secret};

/// Longer requests than this are none of a browser that comes back.
const MAX_REQUEST: usize = 16 * 1024;
/// How long one connection may take: browsers open some that they never use.
const CONNECTION: Duration = Duration::from_secs(20);
/// Connections that are open at once; the next one waits.
const MAX_CONNECTIONS: usize = 16;

/// Waits for the browser. Dropping it closes the port.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
    path: Secret,
    redirect: Url,
    pages: Pages,
}

/// What the pages say that the browser is shown, as text without markup.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    /// Their language, as HTML names it.
    pub language: &'static str,
    /// The browser brought what it had to bring.
    pub done: &'static str,
    /// The sign-in failed.
    pub refused: &'static str,
    /// Something else was asked for.
    pub nothing: &'static str,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            language: "en",
            done: "You can close this page and go back to Tidings.",
            refused: "You were not signed in: you can close this page and go back to Tidings.",
            nothing: "There is nothing here.",
        }
    }
}

/// What the browser brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// A code to be exchanged.
    Code(Secret),
    /// The sign-in failed: an error in the sense of RFC 6749, section 4.1.2.1.
    Refused(Error),
}

/// What a connection came to.
enum Served {
    /// A stranger, or a browser's other wishes.
    Nothing,
    Returned(Returned),
}

impl Loopback {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`Error::Loopback`] when there is no port to listen on.
    pub async fn open(pages: Pages) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Loopback(error.to_string());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let path = Secret::new(format!("/signed-in/{}", random_text().expose()));
        let redirect = Url::parse(&format!("http://{address}{}", path.expose()))
            .map_err(|error| Error::Loopback(error.to_string()))?;
        Ok(Self {
            listener,
            address,
            path,
            redirect,
            pages,
        })
    }

    /// Where the browser is to come back to.
    pub fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// Waits until the browser comes back, for `deadline` at most; then the port is closed.
    pub async fn wait(self, deadline: Duration) -> Result<Returned, Error> {
        let serve = async {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                        let Ok((stream, _)) = accepted else {
                            // Out of descriptors, say: the next one may come through.
                            tokio::time::sleep(Duration::from_millis(100)).await;
                            continue;
                        };
                        let (path, host) = (self.path.clone(), self.address.to_string());
                        let pages = self.pages;
                        connections.spawn(async move {
                            let served = serve(stream, &path, &host, pages);
                            tokio::time::timeout(CONNECTION, served)
                                .await
                                .unwrap_or(Served::Nothing)
                        });
                    }
                    Some(served) = connections.join_next(), if !connections.is_empty() => {
                        if let Ok(Served::Returned(returned)) = served {
                            return returned;
                        }
                    }
                }
            }
        };
        tokio::time::timeout(deadline, serve)
            .await
            .map_err(|_| Error::BrowserTimeout)
    }
}

/// Answers one request, and closes the connection.
async fn serve(mut stream: TcpStream, path: &Secret, host: &str, pages: Pages) -> Served {
    let Some(head) = head(&mut stream).await else {
        return Served::Nothing;
    };
    let (served, answer) = match asked(&head, path, host) {
        None => (Served::Nothing, page(pages, "404 Not Found", pages.nothing)),
        Some(query) => match returned(query) {
            Some(returned) => {
                let text = match &returned {
                    Returned::Code(_) => pages.done,
                    Returned::Refused(_) => pages.refused,
                };
                (Served::Returned(returned), page(pages, "200 OK", text))
            }
            None => (Served::Nothing, moving_page(pages)),
        },
    };
    // A browser that is gone already has brought what it had to bring.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    served
}

/// A request up to the empty line; `None` for what is none.
async fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let room = MAX_REQUEST - head.len();
        if room == 0 || stream.take(room as u64).read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// The query of a request that comes from where the browser was sent to.
fn asked<'a>(head: &'a [u8], path: &Secret, host: &str) -> Option<&'a str> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(head).ok()?;
    if request.method != Some("GET") {
        return None;
    }
    let mut hosts = request
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("host"));
    // A name that was bent to this machine is not this address.
    if hosts.next()?.value != host.as_bytes() || hosts.next().is_some() {
        return None;
    }
    let (given, query) = match request.path?.split_once('?') {
        Some((given, query)) => (given, query),
        None => (request.path?, ""),
    };
    bool::from(given.as_bytes().ct_eq(path.expose().as_bytes())).then_some(query)
}

/// What a query says; `None` when it says nothing, as when it stands in the fragment.
fn returned(query: &str) -> Option<Returned> {
    let (mut code, mut error, mut error_code, mut message) = (None, None, None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "code" => &mut code,
            "error" => &mut error,
            "error_code" => &mut error_code,
            "error_description" => &mut message,
            _ => continue,
        };
        if !value.is_empty() {
            *place = Some(value.into_owned());
        }
    }
    // Section 4.1.2.1: never both. An error is no success whatever stands beside it.
    if let Some(error) = error {
        // Older servers put the status there.
        let own = error_code.filter(|code| !code.bytes().all(|byte| byte.is_ascii_digit()));
        return Some(Returned::Refused(Error::Browser {
            message: message.unwrap_or_else(|| error.clone()),
            code: Some(own.unwrap_or(error)),
        }));
    }
    code.map(|code| Returned::Code(code.into()))
}

fn page(pages: Pages, status: &str, text: &str) -> String {
    answer(pages.language, status, "", &format!("<p>{text}</p>"))
}

/// A page that moves an error from the fragment, which no server sees, to the query.
fn moving_page(pages: Pages) -> String {
    let nonce = random_text();
    let nonce = nonce.expose();
    let script = format!(
        "<script nonce=\"{nonce}\">if (location.hash.includes(\"error=\")) \
         location.replace(location.pathname + \"?\" + location.hash.slice(1));</script>"
    );
    let body = format!("<p>{}</p>{script}", pages.refused);
    let policy = format!("; script-src 'nonce-{nonce}'");
    answer(pages.language, "200 OK", &policy, &body)
}

fn answer(language: &str, status: &str, policy: &str, body: &str) -> String {
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\"><title>Tidings</title>\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <style>body{{font:16px/1.5 system-ui,sans-serif;margin:20vh auto;max-width:30em;\
         padding:0 1em;text-align:center}}</style><body>{body}</body></html>"
    );
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n\
         content-length: {length}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         x-content-type-options: nosniff\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'{policy}\r\n\
         connection: close\r\n\r\n{html}",
        length = html.len(),
    )
}
