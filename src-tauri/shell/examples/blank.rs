//! A window with an empty page and nothing else: what the bench compares the program with.

use tauri::{WebviewUrl, WebviewWindowBuilder};

/// Notes when the first frame was drawn, as the app's page does for its messages.
const SHOWN: &str =
    "requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('shown')))";

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .setup(|app| {
            let page = "about:blank"
                .parse()
                .map_err(|_| "about:blank is an address")?;
            WebviewWindowBuilder::new(app, "main", WebviewUrl::External(page))
                .title("Blank")
                .initialization_script(SHOWN)
                .inner_size(1280.0, 800.0)
                .decorations(false)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}
