//! Finding: in order, page by page, within the time allowed.

use logpipeline_store::{LogStore, Order, SearchRequest};
use serde_json::json;

use crate::ground::{TestStore, at, entry, find, messages, request, store_all};

#[tokio::test]
async fn newest_first_and_by_id_among_equal_times() {
    let store = TestStore::new();
    let times = ["08:00:01", "08:00:00", "08:00:01", "08:00:02"];
    for (n, time) in (1..).zip(times) {
        let fields = json!({"message": format!("{n}"), "timestamp": format!("2023-09-15T{time}Z")});
        store_all(&*store, vec![entry(n, fields)]).await;
    }
    assert_eq!(find(&*store, "").await, ["4", "3", "1", "2"]);
    let ascending = store.search(SearchRequest { order: Order::Asc, ..request("") }).await.unwrap();
    assert_eq!(messages(&ascending), ["2", "1", "3", "4"]);
}

#[tokio::test]
async fn both_ends_of_the_range_are_included() {
    let store = TestStore::new();
    for (n, time) in (1..).zip(["08:00:00", "08:00:01", "08:00:02", "08:00:03"]) {
        let fields = json!({"message": format!("{n}"), "timestamp": format!("2023-09-15T{time}Z")});
        store_all(&*store, vec![entry(n, fields)]).await;
    }
    let mut within = request("");
    within.range.first = at("2023-09-15T08:00:01Z");
    within.range.last = at("2023-09-15T08:00:02Z");
    let page = store.search(within).await.unwrap();
    assert_eq!((messages(&page), page.total), (vec!["3".to_owned(), "2".to_owned()], Some(2)));
}
