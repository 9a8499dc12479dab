#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::*;

/// Says when it is gone.
struct Watched(Arc<AtomicBool>, Vec<u32>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn watched() -> (Worker<Watched>, Arc<AtomicBool>) {
    let gone = Arc::new(AtomicBool::new(false));
    (Worker::new(Watched(gone.clone(), Vec::new()), 4), gone)
}

/// A job that stays under way until it is let go, and one that says that it began.
fn held(
    worker: &Worker<Watched>,
) -> (
    mpsc::Sender<()>,
    tokio::task::JoinHandle<Result<(), Closed>>,
) {
    let (go, held) = mpsc::channel();
    let worker = worker.clone();
    let job = tokio::spawn(async move {
        worker
            .run(move |state| {
                held.recv().unwrap();
                state.1.push(0);
            })
            .await
    });
    (go, job)
}

#[tokio::test]
async fn jobs_are_done_one_at_a_time_in_the_order_in_which_they_came() {
    let worker = Worker::new((0_u32, Vec::new()), 3);
    let jobs: Vec<_> = (0..100)
        .map(|number| {
            let worker = worker.clone();
            tokio::spawn(async move {
                worker
                    .run(move |(under_way, done): &mut (u32, Vec<u32>)| {
                        *under_way += 1;
                        assert_eq!(*under_way, 1);
                        done.push(number);
                        *under_way -= 1;
                    })
                    .await
            })
        })
        .collect();
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    let done = worker.run(|(_, done)| done.clone()).await.unwrap();
    assert_eq!(done, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_job_is_done_although_its_caller_went_away() {
    let (worker, _) = watched();
    let (go, job) = held(&worker);
    tokio::task::yield_now().await;
    job.abort();
    assert!(job.await.unwrap_err().is_cancelled());
    go.send(()).unwrap();
    assert_eq!(worker.run(|state| state.1.clone()).await, Ok(vec![0]));
}

#[tokio::test]
async fn closing_does_what_waits_and_refuses_what_comes_later() {
    let (worker, gone) = watched();
    let (go, first) = held(&worker);
    tokio::task::yield_now().await;
    let second = worker.run(|state| state.1.len());
    let closing = worker.close();
    let ended = async {
        tokio::task::yield_now().await;
        go.send(()).unwrap();
    };
    let (second, (), ()) = tokio::join!(second, closing, ended);
    assert_eq!((first.await.unwrap(), second), (Ok(()), Ok(1)));
    assert!(gone.load(Ordering::SeqCst));
    assert_eq!(worker.run(|_| ()).await, Err(Closed));
    worker.close().await;
}

#[tokio::test]
async fn abandoning_finishes_what_is_under_way_and_nothing_else() {
    let (worker, gone) = watched();
    let (began, beginning) = mpsc::channel();
    let (go, held) = mpsc::channel::<()>();
    let first = tokio::spawn({
        let worker = worker.clone();
        async move {
            worker
                .run(move |_| {
                    began.send(()).unwrap();
                    held.recv().unwrap();
                })
                .await
        }
    });
    tokio::task::yield_now().await;
    beginning.recv().unwrap();
    let second = worker.run(|_| ());
    let ended = async {
        tokio::task::yield_now().await;
        go.send(()).unwrap();
    };
    let (second, (), ()) = tokio::join!(second, worker.abandon(), ended);
    assert_eq!((first.await.unwrap(), second), (Ok(()), Err(Closed)));
    assert!(gone.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_job_that_panics_ends_the_worker_and_leaves_nobody_waiting() {
    let (worker, gone) = watched();
    let panicked = worker.run(|_| panic!("on purpose"));
    assert_eq!(panicked.await, Err::<(), _>(Closed));
    assert_eq!(worker.run(|_| ()).await, Err(Closed));
    worker.close().await;
    assert!(gone.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_a_job_is_under_way() {
    let (worker, _) = watched();
    let (go, job) = held(&worker);
    let begin = tokio::time::Instant::now();
    let timer = tokio::spawn(async move { tokio::time::sleep(Duration::from_mins(1)).await });
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        go.send(()).unwrap();
    });
    job.await.unwrap().unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    timer.await.unwrap();
    assert!(begin.elapsed() >= Duration::from_mins(1));
}
