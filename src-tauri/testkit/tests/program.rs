//! Programs under test: what they say is heard, and they end with the test.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use tidings_testkit::{DEADLINE, Program, wait_until};

fn sh(script: &str) -> Program {
    Program::new("sh").args(["-c", script])
}

#[tokio::test]
async fn its_lines_and_its_json_are_read_in_order() {
    let mut program = sh(r#"echo starting; echo '{"url":"http://x"}'; echo more"#)
        .start()
        .unwrap();
    assert_eq!(program.json().await.unwrap()["url"], "http://x");
    assert_eq!(program.line().await.unwrap(), "more");
    assert!(program.ended(DEADLINE).await.unwrap());
}

#[tokio::test]
async fn one_that_fails_says_why() {
    let mut program = sh("echo it broke >&2; exit 3").start().unwrap();
    assert!(!program.ended(DEADLINE).await.unwrap());
    wait_until("its last words", DEADLINE, || {
        program.said().contains("it broke")
    })
    .await
    .unwrap();
    assert!(program.line().await.is_err());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_is_gone_when_dropped() {
    let program = sh("exec sleep 600").start().unwrap();
    let process = format!("/proc/{}/exe", program.id().unwrap());
    assert!(Path::new(&process).exists());
    drop(program);
    wait_until("its end", DEADLINE, || !Path::new(&process).exists())
        .await
        .unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn its_children_go_with_it_when_asked_for() {
    let mut program = sh("sleep 600 & echo $!; wait")
        .with_children()
        .start()
        .unwrap();
    let process = format!("/proc/{}/exe", program.line().await.unwrap());
    assert!(Path::new(&process).exists());
    drop(program);
    wait_until("its end", DEADLINE, || !Path::new(&process).exists())
        .await
        .unwrap();
}

#[tokio::test]
async fn asked_to_stop_it_may_clean_up_first() {
    let folder = tidings_testkit::scratch().unwrap();
    let mark = folder.path().join("clean");
    let script = format!(
        "trap 'touch {}; kill $!; exit 0' TERM; sleep 600 & echo ready; wait",
        mark.display()
    );
    let mut program = sh(&script).start().unwrap();
    assert_eq!(program.line().await.unwrap(), "ready");
    program.stop().await.unwrap();
    assert!(mark.exists());
}
