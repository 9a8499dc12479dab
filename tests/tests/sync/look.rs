//! How large and how close together everything is shown.

use tidings_contract::{self as api, Density, ErrorCode};

use crate::kit::Device;

#[tokio::test(flavor = "multi_thread")]
async fn zoom_and_density_are_kept_and_a_zoom_out_of_range_is_refused() {
    let device = Device::new();
    let app = device.start().await;
    let mut settings = app.ok(api::GetSettings {}).await;
    assert_eq!(settings.zoom, 100);
    assert_eq!(settings.density, Density::Comfortable);
    settings.zoom = 175;
    settings.density = Density::Compact;
    let set = api::SetSettings {
        settings: settings.clone(),
    };
    settings.revision += 1;
    assert_eq!(app.ok(set.clone()).await, settings);
    // Nothing changes by saying it again.
    assert_eq!(app.ok(set).await, settings);

    for zoom in [79, 201] {
        let settings = api::Settings {
            zoom,
            ..settings.clone()
        };
        let error = app.refused(api::SetSettings { settings }).await;
        assert_eq!(error.code, ErrorCode::Invalid);
        assert_eq!(error.message, "The zoom is 80 to 200 %.");
    }
    app.stop().await;

    let app = device.start().await;
    assert_eq!(app.ok(api::GetSettings {}).await, settings);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zoom_out_of_range_in_the_file_is_the_nearest_one() {
    for (written, read) in [(20, 80), (1000, 200)] {
        let device = Device::new();
        let file =
            format!(r#"{{"version":1,"settings":{{"zoom":{written},"density":"compact"}}}}"#);
        std::fs::write(device.file("config.json"), file).unwrap();
        let app = device.start().await;
        let settings = app.ok(api::GetSettings {}).await;
        assert_eq!(settings.zoom, read);
        // The rest of the file counts as it is.
        assert_eq!(settings.density, Density::Compact);
        app.stop().await;
    }
}

/// A thread that waits for a lock waits for ever: so it is another one that says so.
#[test]
fn settings_can_be_changed_while_snapshots_are_taken() {
    const TIMES: u32 = 3_000;
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let device = Device::new();
            let app = std::sync::Arc::new(device.start().await);
            let reader = tokio::spawn({
                let app = app.clone();
                async move {
                    for _ in 0..TIMES {
                        app.ok(api::GetSnapshot {}).await;
                    }
                }
            });
            let settings = app.ok(api::GetSettings {}).await;
            let writer = tokio::spawn(async move {
                while !reader.is_finished() {
                    let settings = settings.clone();
                    app.ok(api::SetSettings { settings }).await;
                }
                reader.await.unwrap();
            });
            writer.await.unwrap();
        });
        done.send(()).unwrap();
    });
    assert!(ended.recv_timeout(tidings_testkit::DEADLINE).is_ok());
}
