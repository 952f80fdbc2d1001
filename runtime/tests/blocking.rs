//! Programs without async.

#![cfg(feature = "blocking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use connectors_runtime::blocking::{BlockingFuture, BlockingStream};
use connectors_runtime::{Cursor, Error, Page, Pages};
use tokio::runtime::Builder;

/// A call that takes more than one poll.
async fn call(succeeds: bool) -> Result<u32, Error> {
    tokio::task::yield_now().await;
    if succeeds { Ok(7) } else { Err(Error::auth("no")) }
}

/// Three pages of two items.
fn list() -> Pages<u64> {
    Pages::new(None, |cursor: Option<Cursor>| async move {
        call(true).await?;
        let page = cursor.map_or(Ok(0), |cursor| cursor.as_page())?;
        Ok(Page::by_number(vec![2 * page, 2 * page + 1], page, Some(page < 2)))
    })
}

#[test]
fn calls_and_streams_are_waited_for() {
    assert_eq!(call(true).blocking().unwrap(), 7);
    assert!(call(false).blocking().unwrap_err().is_auth());
    assert_eq!(list().blocking().collect::<Result<Vec<_>, _>>().unwrap(), [0, 1, 2, 3, 4, 5]);
    let mut pages = list();
    assert_eq!(pages.next_page().blocking().unwrap(), Some(vec![0, 1]));
    let position = pages.cursor();
    assert_eq!(list().resume(position).collect_limited(4).blocking().unwrap(), [2, 3, 4, 5]);

    let threads: Vec<_> = (0..4).map(|_| thread::spawn(|| list().blocking().filter(Result::is_ok).count())).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 6));
}

#[test]
fn on_a_thread_of_a_runtime_it_is_an_error_and_not_a_panic() {
    let mut begun = list().read_ahead(1).blocking();
    begun.next().unwrap().unwrap();
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        // It can be dropped on any thread.
        drop(begun);
        assert!(call(true).blocking().unwrap_err().is_config());
        let mut items = list().blocking();
        assert!(items.next().unwrap().unwrap_err().is_config());
        assert!(items.next().is_none());
        let elsewhere = tokio::task::spawn_blocking(|| call(true).blocking());
        assert!(elsewhere.await.unwrap().unwrap_err().is_config());
    });
}

#[test]
fn a_blocking_list_is_read_ahead_while_the_program_works() {
    let (tell, told) = mpsc::channel();
    let fetched = Arc::new(AtomicUsize::new(0));
    let mut items = Pages::new(None, move |cursor: Option<Cursor>| {
        let (tell, count) = (tell.clone(), fetched.fetch_add(1, Ordering::Relaxed));
        async move {
            tell.send(count).unwrap();
            let page = cursor.map_or(Ok(0), |cursor| cursor.as_page())?;
            Ok(Page::by_number(vec![page], page, Some(page < 2)))
        }
    })
    .read_ahead(1)
    .blocking();
    assert_eq!(items.next().unwrap().unwrap(), 0);
    // The list is not polled here.
    assert_eq!([told.recv().unwrap(), told.recv().unwrap()], [0, 1]);
    assert_eq!(items.collect::<Result<Vec<_>, _>>().unwrap(), [1, 2]);
}
