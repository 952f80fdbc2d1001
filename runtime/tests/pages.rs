//! Paged lists: which pages are fetched and when, how they resume after a restart, and their limits.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use connectors_runtime::reqwest::Url;
use connectors_runtime::reqwest::header::{HeaderMap, HeaderValue, LINK};
use connectors_runtime::{Cursor, Error, Page, Pages, Position};
use futures::{FutureExt, StreamExt, TryStreamExt};

/// A server's list, and the tokens of its requests.
#[derive(Clone, Default)]
struct Server(Arc<State>);

#[derive(Default)]
struct State {
    pages: Mutex<Vec<Vec<u32>>>,
    /// The number of fetches before one fails.
    fails_after: Mutex<Option<usize>>,
    asked: Mutex<Vec<Option<String>>>,
}

impl Server {
    fn new(pages: &[&[u32]]) -> Self {
        let server = Self::default();
        *server.0.pages.lock().unwrap() = pages.iter().map(|page| page.to_vec()).collect();
        server
    }

    fn list(&self) -> Pages<u32> {
        let server = self.clone();
        Pages::new(None, move |cursor| {
            let server = server.clone();
            async move { server.fetch(cursor) }
        })
    }

    fn fetch(&self, cursor: Option<Cursor>) -> Result<Page<u32>, Error> {
        let token = cursor.as_ref().map(Cursor::as_token).transpose()?;
        self.0.asked.lock().unwrap().push(token.map(str::to_owned));
        if let Some(left) = self.0.fails_after.lock().unwrap().as_mut() {
            *left = left.checked_sub(1).ok_or_else(|| Error::unavailable("planted"))?;
        }
        let number = token.map_or(0, |token| token.strip_prefix("token-").unwrap().parse::<usize>().unwrap());
        let pages = self.0.pages.lock().unwrap();
        let next = (number + 1 < pages.len()).then(|| format!("token-{}", number + 1));
        Ok(Page::by_token(pages[number].clone(), next))
    }

    fn asked(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }
}

/// In the format in which a program would store it.
fn stored(list: &Pages<u32>) -> Position {
    let text = serde_json::to_string(&list.cursor()).unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn read<T: Send + 'static>(list: &mut Pages<T>, items: usize) -> Vec<T> {
    list.by_ref().take(items).try_collect().await.unwrap()
}

/// Runs all pending tasks.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Seven items, with empty pages at the beginning, between them, and at the end.
const PAGES: &[&[u32]] = &[&[], &[0, 1, 2], &[3], &[], &[], &[4, 5, 6], &[]];

#[tokio::test]
async fn a_program_that_is_restarted_reads_each_item_once() {
    for ahead in [0, 1, 3] {
        for items in 0..=7 {
            for more in 0..=7 - items {
                let server = Server::new(PAGES);
                let mut list = server.list().read_ahead(ahead);
                let mut all = read(&mut list, items).await;
                let first = stored(&list);
                drop(list);
                // It is killed again.
                let mut list = server.list().read_ahead(ahead).resume(first);
                all.extend(read(&mut list, more).await);
                let second = stored(&list);
                drop(list);
                all.extend(server.list().resume(second).try_collect::<Vec<_>>().await.unwrap());
                assert_eq!(all, [0, 1, 2, 3, 4, 5, 6], "{ahead}, {items}, {more}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_resumes_at_its_page_and_fetches_none_before_it() {
    let server = Server::new(PAGES);
    let mut list = server.list();
    assert_eq!(list.cursor(), Position::default());
    read(&mut list, 5).await;
    let position = stored(&list);
    assert_eq!((position.cursor.clone(), position.read), (Some(Cursor::token("token-5")), 1));
    server.0.asked.lock().unwrap().clear();
    assert_eq!(server.list().resume(position).try_collect::<Vec<_>>().await.unwrap(), [5, 6]);
    let asked = server.0.asked.lock().unwrap().clone();
    assert_eq!(asked, [Some("token-5".to_owned()), Some("token-6".to_owned())]);

    // After the last item of a page, it is the next page: a token may expire with its page.
    let mut list = server.list();
    read(&mut list, 3).await;
    assert_eq!(stored(&list), Position::at(Some(Cursor::token("token-2"))));
}

#[tokio::test]
async fn a_page_that_has_shrunk_meanwhile_does_not_panic() {
    let server = Server::new(&[&[0, 1, 2], &[3, 4]]);
    let mut list = server.list();
    read(&mut list, 2).await;
    let position = stored(&list);
    for shrunk in [vec![], vec![0], vec![0, 1]] {
        server.0.pages.lock().unwrap()[0] = shrunk;
        assert_eq!(server.list().resume(position.clone()).try_collect::<Vec<_>>().await.unwrap(), [3, 4]);
    }
    // A position of another program is invalid too.
    let position: Position = serde_json::from_str(r#"{"read": 18446744073709551615}"#).unwrap();
    assert_eq!(server.list().resume(position).try_collect::<Vec<_>>().await.unwrap(), [3, 4]);
    assert!(serde_json::from_str::<Position>(r#"{"read": -1}"#).is_err());
    let other = Position::at(Some(Cursor::offset(3)));
    let error = server.list().resume(other).try_next().await.unwrap_err();
    assert!(error.is_invalid_argument(), "{error}");
}

#[tokio::test]
async fn a_list_can_continue_after_an_error_and_after_its_end() {
    for ahead in [0, 2] {
        let server = Server::new(&[&[0, 1], &[2], &[3]]);
        *server.0.fails_after.lock().unwrap() = Some(2);
        let mut list = server.list().read_ahead(ahead);
        assert_eq!(read(&mut list, 3).await, [0, 1, 2]);
        assert!(list.try_next().await.unwrap_err().is_connect());
        assert!(list.next().await.is_none() && list.next().await.is_none());
        settle().await;
        assert_eq!(server.asked(), 3, "an error ends the list");
        *server.0.fails_after.lock().unwrap() = None;
        // The same list, or another one.
        let position = stored(&list);
        let mut list = list.resume(position);
        assert_eq!(read(&mut list, 2).await, [3]);

        let end = stored(&list);
        assert!(server.list().resume(end.clone()).next().await.is_none());
        server.0.pages.lock().unwrap()[2].push(4);
        server.0.pages.lock().unwrap().push(vec![5]);
        assert_eq!(server.list().resume(end).try_collect::<Vec<_>>().await.unwrap(), [4, 5]);
    }
}

#[tokio::test]
async fn a_list_can_be_reset_to_an_earlier_position() {
    for ahead in [0, 2] {
        let server = Server::new(PAGES);
        let mut list = server.list().read_ahead(ahead);
        read(&mut list, 2).await;
        let position = stored(&list);
        read(&mut list, 4).await;
        let rest: Vec<_> = list.resume(position).try_collect().await.unwrap();
        assert_eq!(rest, [2, 3, 4, 5, 6], "{ahead}");
    }
}

#[tokio::test]
async fn pages_are_fetched_only_when_polled_or_read_ahead_up_to_the_limit() {
    let server = Server::new(&[&[0], &[1], &[2], &[3], &[4], &[5], &[6]]);
    let mut list = server.list();
    settle().await;
    assert_eq!(server.asked(), 0);
    read(&mut list, 1).await;
    settle().await;
    assert_eq!(server.asked(), 1);
    // The numbers add up, also while the list is read.
    let mut list = list.read_ahead(1).read_ahead(1);
    settle().await;
    assert_eq!(server.asked(), 1);
    read(&mut list, 1).await;
    settle().await;
    assert_eq!(server.asked(), 4, "this page, and two after it");
    drop(list);
    settle().await;
    assert_eq!(server.asked(), 4);

    let mut list = server.list().read_ahead(usize::MAX);
    settle().await;
    assert_eq!(server.asked(), 4);
    assert_eq!(read(&mut list, 9).await, [0, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_panic_while_a_page_is_fetched_is_the_callers() {
    for ahead in [0, 2] {
        let mut list = Pages::<u32>::new(None, |_| async { panic!("planted") }).read_ahead(ahead);
        let panic = AssertUnwindSafe(list.try_next()).catch_unwind().await.map(drop).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"planted"), "{ahead}");
    }
}

/// An endless list of empty pages.
fn endless(fetched: &Arc<AtomicUsize>) -> Pages<u32> {
    let fetched = Arc::clone(fetched);
    Pages::new(None, move |cursor| {
        fetched.fetch_add(1, Ordering::Relaxed);
        async move {
            let page = cursor.map_or(Ok(0), |cursor| cursor.as_page())?;
            Ok(Page::by_number(Vec::new(), page, Some(true)))
        }
    })
}

#[tokio::test]
async fn empty_pages_in_a_row_are_bounded() {
    let fetched = Arc::new(AtomicUsize::new(0));
    let mut list = endless(&fetched);
    let error = list.try_next().await.unwrap_err();
    assert!(error.is_decode() && error.message().contains("101 empty pages in a row"), "{error}");
    assert_eq!(fetched.load(Ordering::Relaxed), 101);
    assert!(list.next().await.is_none());
    // A caller that expects more continues after them.
    let position = stored(&list);
    assert_eq!(position, Position::at(Some(Cursor::page(101))));
    let mut list = list.resume(position).max_empty_pages(3).read_ahead(1);
    assert!(list.try_next().await.is_err());
    assert_eq!(stored(&list), Position::at(Some(Cursor::page(105))));

    // The allowed number is skipped, and every form of an end is an end.
    let mut list = Server::new(&[&[], &[], &[0], &[], &[], &[1], &[]]).list().max_empty_pages(2);
    assert_eq!(read(&mut list, 9).await, [0, 1]);
    let mut list = Server::new(&[&[]]).list().max_empty_pages(0);
    assert!(list.next().await.is_none());
    assert!(Server::new(&[&[], &[1]]).list().max_empty_pages(0).try_next().await.is_err());
}

/// Pages with one item each. From `enters` on, their numbers repeat in a circle.
fn circle(enters: u64, length: u64) -> Pages<u64> {
    Pages::new(None, move |cursor| async move {
        let page = cursor.map_or(Ok(0), |cursor| cursor.as_page())?;
        let next = if page + 1 == enters + length { enters } else { page + 1 };
        Ok(Page { items: vec![page], next: Some(Cursor::page(next)) })
    })
}

#[tokio::test]
async fn a_circle_of_cursors_is_detected() {
    for (enters, length) in [(0, 1), (0, 2), (1, 1), (1, 3), (700, 9_999), (0, 10_000), (7, 10_001), (3_000, 25_000)] {
        let mut list = circle(enters, length);
        let mut pages = 0;
        let error = loop {
            match list.try_next().await {
                Ok(item) => assert!(item.is_some(), "it is no end"),
                Err(error) => break error,
            }
            pages += 1;
        };
        assert!(error.is_decode() && error.message().contains("before"), "{error}");
        // The first page has no cursor, so its number is new once more.
        let at_most = if length <= 10_000 { enters + length + 1 } else { 5 * (enters + length) };
        assert!(pages <= at_most, "{enters}, {length}: {pages}");
        // A resumed list does not follow the circle again with the rejected cursor.
        assert_eq!(list.cursor().read, 1);
        assert!(list.next().await.is_none());
    }
    // A finite list is read to its end, however long it is.
    let long = Pages::new(None, |cursor: Option<Cursor>| async move {
        let at = cursor.map_or(Ok(0), |cursor| cursor.as_offset())?;
        Ok(Page::by_offset(vec![(); usize::from(at < 40_000)], at, None))
    });
    assert_eq!(long.try_collect::<Vec<()>>().await.unwrap().len(), 40_000);
}

#[tokio::test]
async fn lists_continue_by_offset_by_number_and_by_token() {
    let items = |from: u64, to: u64| (from..to.min(7)).collect::<Vec<_>>();
    for says in [false, true] {
        let fetched = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fetched);
        let list = Pages::new(Some(Cursor::offset(1)), move |cursor| {
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                let at = cursor.map_or(Ok(0), |cursor| cursor.as_offset())?;
                Ok(Page::by_offset(items(at, at + 3), at, says.then_some(at + 3 < 7)))
            }
        });
        assert_eq!(list.try_collect::<Vec<_>>().await.unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(fetched.load(Ordering::Relaxed), if says { 2 } else { 3 });
        let list = Pages::new(None, move |cursor| async move {
            let number = cursor.map_or(Ok(1), |cursor| cursor.as_page())?;
            let from = (number - 1) * 3;
            Ok(Page::by_number(items(from, from + 3), number, says.then_some(from + 3 < 7)))
        });
        assert_eq!(list.try_collect::<Vec<_>>().await.unwrap(), [0, 1, 2, 3, 4, 5, 6]);
    }
    // An offset that does not change is a circle.
    let stuck = Pages::<u64>::new(None, |cursor| async move {
        Ok(Page::by_offset(Vec::new(), cursor.map_or(Ok(0), |cursor| cursor.as_offset())?, Some(true)))
    });
    assert!(stuck.try_collect::<Vec<_>>().await.unwrap_err().is_decode());
    // An empty token is the end, also on the first page.
    let once = Pages::new(None, |_| async { Ok(Page::by_token(vec![1], Some(String::new()))) });
    assert_eq!(once.try_collect::<Vec<_>>().await.unwrap(), [1]);
}

#[tokio::test]
async fn lists_follow_the_link_header_and_stay_at_their_host() {
    let base = Url::parse("https://api.example.com/v1/").unwrap();
    let list = |host: &'static str| {
        let base = base.clone();
        Pages::new(None, move |cursor| {
            let base = base.clone();
            async move {
                let url = match cursor {
                    Some(cursor) => cursor.to_url(&base)?,
                    None => base.join("pets?limit=1").unwrap(),
                };
                let page =
                    url.query_pairs().find(|(name, _)| name == "page").map_or(1, |(_, page)| page.parse().unwrap());
                let mut headers = HeaderMap::new();
                let links = format!("<{host}/v1/pets?limit=1&page={}>; rel=\"next\", </v1/pets>; rel=first", page + 1);
                if page < 3 {
                    headers.insert(LINK, HeaderValue::from_str(&links).unwrap());
                }
                Page::by_link(vec![(page, url.to_string())], &headers, &url)
            }
        })
    };
    for host in ["", "https://api.example.com", "https://api.example.com:443", "http://api.example.com:80"] {
        let urls: Vec<(u32, String)> = list(host).try_collect().await.unwrap();
        assert_eq!(urls.iter().map(|(page, _)| *page).collect::<Vec<_>>(), [1, 2, 3], "{host}");
        assert_eq!(urls[2].1, "https://api.example.com/v1/pets?limit=1&page=3");
    }
    for host in ["https://evil.example", "//evil.example", "https://api.example.com:444", "http://api.example.com:81"] {
        assert!(list(host).try_next().await.unwrap_err().is_decode(), "{host}");
    }
    // A key that the server repeats in its links is not stored.
    for (query, rest) in [
        ("key=PLANTED", "/p"),
        ("a=1,2&k%65y=PLANTED&b=%20+c&key&key=", "/p?a=1,2&b=%20+c"),
        ("keys=1&a=key", "/p?keys=1&a=key"),
    ] {
        let cursor = Cursor::link(&base.join(&format!("/p?{query}")).unwrap()).without_query("key");
        assert_eq!(serde_json::to_value(cursor).unwrap(), serde_json::json!({ "link": rest }));
    }
    assert_eq!(Cursor::token("key").without_query("key"), Cursor::token("key"));
    // A stored link cannot be changed to lead to another server.
    for link in ["//evil.example/x", "https://evil.example/x", "/\\evil.example/x", "@evil.example/x", ":444/x", ""] {
        let cursor: Cursor = serde_json::from_value(serde_json::json!({ "link": link })).unwrap();
        assert_eq!(cursor.to_url(&base).unwrap().origin(), base.origin(), "{link}");
    }
}

#[test]
fn the_content_of_a_cursor_is_stored_and_not_printed() {
    let link = Url::parse("https://api.example.com/v1/pets?key=PLANTED").unwrap();
    for (cursor, text, shown) in [
        (Cursor::token("PLANTED"), r#"{"token":"PLANTED"}"#, "Token(..)"),
        (Cursor::link(&link), r#"{"link":"/v1/pets?key=PLANTED"}"#, "Link(..)"),
        (Cursor::offset(7), r#"{"offset":7}"#, "Offset(7)"),
        (Cursor::page(7), r#"{"page":7}"#, "Page(7)"),
    ] {
        assert_eq!(serde_json::to_string(&cursor).unwrap(), text);
        assert_eq!(serde_json::from_str::<Cursor>(text).unwrap(), cursor);
        assert_eq!(format!("{cursor:?}"), shown);
        let list = Pages::<u32>::new(Some(cursor.clone()), |_| async { Err(Error::auth("none")) });
        assert!(!format!("{list:?} {:?}", list.cursor()).contains("PLANTED"));
        for error in [cursor.as_token().err(), cursor.as_page().err(), cursor.to_url(&link).err()].into_iter().flatten()
        {
            assert!(error.is_invalid_argument() && !format!("{error} {error:?}").contains("PLANTED"));
        }
    }
}

#[tokio::test]
async fn whole_pages_and_bounded_collections() {
    let server = Server::new(PAGES);
    let mut list = server.list();
    read(&mut list, 1).await;
    assert_eq!(list.next_page().await.unwrap(), Some(vec![1, 2]));
    assert_eq!(list.next_page().await.unwrap(), Some(vec![3]));
    let position = stored(&list);
    assert_eq!(list.next_page().await.unwrap(), Some(vec![4, 5, 6]));
    assert_eq!(list.next_page().await.unwrap(), None);
    assert_eq!(server.list().resume(position).next_page().await.unwrap(), Some(vec![4, 5, 6]));
    let pages: Vec<_> = server.list().read_ahead(1).pages().try_collect().await.unwrap();
    assert_eq!(pages, [vec![0, 1, 2], vec![3], vec![4, 5, 6]]);

    assert_eq!(server.list().collect_limited(7).await.unwrap().len(), 7);
    let error = server.list().collect_limited(6).await.unwrap_err();
    assert!(error.message().contains("more than 6"), "{error}");
    let server = Server::new(PAGES);
    assert!(server.list().collect_limited(0).await.is_err());
    assert_eq!(server.asked(), 2);
}
