//! Generates Tauri's context and permissions for the shell.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("src-tauri/capabilities/**/*")
        // Named here, a command is refused to whoever has no permission for it.
        .app_manifest(tauri_build::AppManifest::new().commands(&["call", "subscribe"]));
    if let Err(error) = tauri_build::try_build(attributes) {
        eprintln!("tauri build script: {error:#}");
        std::process::exit(1);
    }
}
