//! A window with an empty page and nothing else: what the bench compares the program with.

use tauri::http::Response;
use tauri::{WebviewUrl, WebviewWindowBuilder};

const SCHEME: &str = "blank";
const ADDRESS: &str = "blank://localhost/";
/// Notes when its first frame was drawn, as the app's page does for its messages.
const PAGE: &str = "<!doctype html><title>Blank</title><script>\
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('shown')))</script>";

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .register_uri_scheme_protocol(SCHEME, |_, _| {
            let mut page = Response::new(PAGE.as_bytes());
            let html = tauri::http::HeaderValue::from_static("text/html");
            page.headers_mut().insert("content-type", html);
            page
        })
        .setup(|app| {
            let page = ADDRESS.parse()?;
            WebviewWindowBuilder::new(app, "main", WebviewUrl::CustomProtocol(page))
                .title("Blank")
                .inner_size(1280.0, 800.0)
                .decorations(false)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}
