//! Waits: the number of polls, the reasons for an end, and how they resume after a restart.

use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use connectors_runtime::{Clock, Error, Pace, Paced, Polled, Sleep, WaitState, Watch};
use futures::{StreamExt, TryStreamExt};

/// A clock that only waits advance.
#[derive(Clone, Debug)]
struct TestClock(Arc<Times>);

#[derive(Debug)]
struct Times {
    start: (Instant, SystemTime),
    passed: Mutex<Duration>,
    waits: Mutex<Vec<f64>>,
    /// Whether timeouts expire.
    strikes: Mutex<bool>,
}

impl TestClock {
    fn new() -> Self {
        let start = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        Self(Arc::new(Times { start, passed: Mutex::default(), waits: Mutex::default(), strikes: Mutex::default() }))
    }

    fn waits(&self) -> Vec<f64> {
        std::mem::take(&mut *self.0.waits.lock().unwrap())
    }

    fn pass(&self, seconds: u64) {
        *self.0.passed.lock().unwrap() += Duration::from_secs(seconds);
    }

    /// The clock of another program that starts at the same time.
    fn in_another_program(&self) -> Self {
        let clock = Self::new();
        let passed = *self.0.passed.lock().unwrap();
        Self(Arc::new(Times {
            start: (clock.0.start.0, clock.0.start.1 + passed),
            passed: Mutex::default(),
            waits: Mutex::default(),
            strikes: Mutex::default(),
        }))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.0.start.0 + *self.0.passed.lock().unwrap()
    }

    fn time_of_day(&self) -> SystemTime {
        self.0.start.1 + *self.0.passed.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.waits.lock().unwrap().push(duration.as_secs_f64());
        *self.0.passed.lock().unwrap() += duration;
        Box::pin(std::future::ready(()))
    }

    fn timeout(&self, duration: Duration) -> Sleep {
        let strikes = *self.0.strikes.lock().unwrap();
        let clock = self.clone();
        Box::pin(async move {
            if !strikes {
                std::future::pending::<()>().await;
            }
            *clock.0.passed.lock().unwrap() += duration;
        })
    }

    fn random(&self) -> f64 {
        1.0
    }
}

/// A job on a server: the result of each poll. The last one repeats forever.
#[derive(Clone)]
struct Job {
    polls: Arc<Mutex<Vec<Result<&'static str, Error>>>>,
    seen: Arc<Mutex<Vec<Polled<String>>>>,
    clock: TestClock,
    pace: Pace,
}

impl Paced for Job {
    fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl Job {
    fn new(polls: impl IntoIterator<Item = Result<&'static str, Error>>) -> Self {
        let mut polls: Vec<_> = polls.into_iter().collect();
        polls.reverse();
        Self {
            polls: Arc::new(Mutex::new(polls)),
            seen: Arc::default(),
            clock: TestClock::new(),
            pace: Pace::default(),
        }
    }

    fn watch(&self) -> Watch<String> {
        let (polls, seen) = (Arc::clone(&self.polls), Arc::clone(&self.seen));
        let clock = Arc::new(self.clock.clone());
        Watch::new(
            clock,
            self.pace,
            "the job has not ended",
            |state| state == "end",
            move |polled| {
                seen.lock().unwrap().push(polled);
                let mut polls = polls.lock().unwrap();
                let found = if polls.len() > 1 { polls.pop() } else { polls.last().cloned() };
                let found = found.unwrap_or_else(|| Err(Error::auth("no result is scripted")));
                async move { found.map(str::to_owned) }
            },
        )
    }

    fn polls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// The state that a killed program has stored.
fn stored(watch: &Watch<String>) -> WaitState<String> {
    serde_json::from_str(&serde_json::to_string(&watch.state()).unwrap()).unwrap()
}

fn down() -> Result<&'static str, Error> {
    Err(Error::unavailable("planted"))
}

#[tokio::test]
async fn each_state_is_reported_once() {
    let job = Job::new(["a", "a", "b", "b", "b", "a", "end"].map(Ok));
    assert_eq!(job.watch().try_collect::<Vec<_>>().await.unwrap(), ["a", "b", "a", "end"]);
    assert_eq!((job.polls(), job.clock.waits()), (7, vec![5.0; 6]));
    let job = Job::new(["a", "end"].map(Ok));
    assert_eq!(job.watch().last().await.unwrap(), "end");
}

#[tokio::test]
async fn an_interval_of_zero_does_not_spin() {
    for interval in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(100)] {
        let job = Job::new(["a", "a", "a", "end"].map(Ok)).poll_every(interval);
        job.watch().last().await.unwrap();
        assert_eq!(job.clock.waits(), [0.1; 3], "{interval:?}");
    }
    let job = Job::new([Ok("a")]).poll_every(Duration::ZERO).deadline(Duration::from_secs(1));
    assert!(job.watch().last().await.unwrap_err().is_timeout());
    assert_eq!(job.polls(), 11);
    let job = Job::new(["a", "end"].map(Ok)).poll_every(Duration::MAX).deadline(Duration::from_secs(7));
    assert_eq!(job.watch().last().await.unwrap(), "end");
    assert_eq!(job.clock.waits(), [7.0], "the last poll is at the deadline");
}

#[tokio::test]
async fn at_the_deadline_the_source_of_the_timeout_is_the_last_poll_error() {
    let job = Job::new([Ok("a"), Ok("b"), down()]).deadline(Duration::from_secs(14));
    let error = job.watch().last().await.unwrap_err();
    assert!(error.is_timeout() && error.message() == "the job has not ended", "{error:?}");
    let source = error.source().and_then(|source| source.downcast_ref::<Error>()).unwrap();
    assert!(source.is_connect() && source.message() == "planted", "{source:?}");
    assert_eq!(job.clock.waits(), [5.0, 5.0, 4.0]);
    // A later successful poll removes the error.
    let job = Job::new([Ok("a"), down(), Ok("a")]).deadline(Duration::from_secs(14));
    assert!(job.watch().last().await.unwrap_err().source().is_none());
}

#[tokio::test]
async fn a_poll_without_end_times_out_at_the_deadline() {
    let clock = TestClock::new();
    *clock.0.strikes.lock().unwrap() = true;
    let pace = Pace { deadline: Some(Duration::from_secs(9)), ..Pace::default() };
    let begin = clock.now();
    let watch = Watch::<String>::new(Arc::new(clock.clone()), pace, "late", |_| true, |_| std::future::pending());
    assert!(watch.last().await.unwrap_err().is_timeout());
    assert_eq!(clock.now() - begin, Duration::from_secs(9));
}

#[tokio::test]
async fn transient_failures_of_polls_do_not_end_a_wait() {
    let job = Job::new([Ok("a"), down(), down(), down(), down(), Ok("a"), down(), Ok("end")]);
    assert_eq!(job.watch().try_collect::<Vec<_>>().await.unwrap(), ["a", "end"]);
    // Five failures are too many, and so is one at the first poll, or a permanent one.
    let job = Job::new([Ok("a"), down()]);
    assert!(job.watch().last().await.unwrap_err().is_connect());
    assert_eq!(job.polls(), 6);
    let job = Job::new([down(), Ok("end")]);
    assert!(job.watch().last().await.unwrap_err().is_connect());
    assert_eq!(job.polls(), 1);
    let job = Job::new([Ok("a"), Err(Error::auth("no")), Ok("end")]);
    let mut watch = job.watch();
    assert!(watch.next().await.unwrap().is_ok() && watch.next().await.unwrap().unwrap_err().is_auth());
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_program_that_is_restarted_resumes_the_wait() {
    let states = ["queued", "queued", "running", "running", "end"];
    for killed_after in 0..=3 {
        let mut job = Job::new(states.map(Ok));
        let mut watch = job.watch();
        let mut seen: Vec<String> = watch.by_ref().take(killed_after).try_collect().await.unwrap();
        let state = stored(&watch);
        drop(watch);
        let polls = job.polls();
        job.clock = job.clock.in_another_program();
        let mut watch = job.watch().resume(state);
        seen.extend(watch.by_ref().try_collect::<Vec<_>>().await.unwrap());
        // No state is reported twice, and the first poll is immediate.
        assert_eq!(seen, ["queued", "running", "end"], "{killed_after}");
        assert_eq!(job.polls(), 5);
        assert_eq!(job.clock.waits().len(), (5 - polls).saturating_sub(1));
        // After the end nothing is polled.
        let end = stored(&watch);
        assert!(job.watch().resume(end.clone()).next().await.is_none());
        assert_eq!(job.watch().resume(end).last().await.unwrap(), "end");
        assert_eq!(job.polls(), 5);
    }
}

#[tokio::test]
async fn a_deadline_counts_from_the_first_start() {
    let mut job = Job::new([Ok("a")]).deadline(Duration::from_secs(60));
    let mut watch = job.watch();
    watch.try_next().await.unwrap();
    let state = stored(&watch);
    assert_eq!(state.began_at, 1_800_000_000_000);
    job.clock.pass(48);
    job.clock = job.clock.in_another_program();
    let mut watch = job.watch().resume(state);
    assert!(watch.try_next().await.unwrap_err().is_timeout());
    assert_eq!(job.clock.waits(), [5.0, 5.0, 2.0]);
    // Each poll gets the duration of the wait so far.
    let seen = job.seen.lock().unwrap().clone();
    let elapsed: Vec<_> = seen.iter().map(|polled| polled.elapsed.as_secs()).collect();
    assert_eq!(elapsed, [0, 48, 53, 58, 60]);
    assert_eq!(seen[1].last.as_deref(), Some("a"));

    // After the deadline there is one more poll, because the job may have ended.
    let state = stored(&watch);
    job.clock.pass(1000);
    job.clock = job.clock.in_another_program();
    assert!(job.watch().resume(state.clone()).last().await.unwrap_err().is_timeout());
    assert!(job.clock.waits().is_empty());
    *job.polls.lock().unwrap() = vec![Ok("end")];
    assert_eq!(job.watch().resume(state).last().await.unwrap(), "end");
}

#[tokio::test]
async fn after_a_restart_a_transient_failure_does_not_end_the_wait() {
    let mut job = Job::new([Ok("a"), down(), Ok("end")]);
    let mut watch = job.watch();
    watch.try_next().await.unwrap();
    let state = stored(&watch);
    job.clock = job.clock.in_another_program();
    assert_eq!(job.watch().resume(state).last().await.unwrap(), "end");
}

#[tokio::test]
async fn an_invalid_stored_time_does_not_panic() {
    for began_at in [0, 1, 1_800_000_000_001, u64::MAX] {
        let state: WaitState<String> = serde_json::from_value(serde_json::json!({ "began_at": began_at })).unwrap();
        let job = Job::new(["a", "end"].map(Ok)).deadline(Duration::from_secs(60));
        let last = job.watch().resume(state).last().await;
        // A wait that began long ago is past its deadline after the first poll.
        assert_eq!(last.is_ok(), began_at > 1, "{began_at}: {last:?}");
    }
    let job = Job::new(["a", "end"].map(Ok)).deadline(Duration::MAX);
    assert_eq!(job.watch().last().await.unwrap(), "end");
}
