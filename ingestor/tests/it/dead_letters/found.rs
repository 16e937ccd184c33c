//! Both components as processes over the embedded stores.

use crate::support::eventually;
use crate::support::process::Process;
use crate::support::query::Query;

#[tokio::test(flavor = "multi_thread")]
async fn the_query_server_finds_letters_from_the_first_one_on() {
    let folder = tempfile::tempdir().unwrap();
    let query = Query::start(folder.path(), &[]).await;
    assert_eq!(query.total("stream:dead-letters").await, 0, "none yet, and no store");
    let process = Process::start(folder.path(), &[]);
    let post = async |body: &'static str| {
        let request = reqwest::Client::new().post(format!("http://{}/logs", process.address)).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post("{\"message\":\"an entry\"}").await, 202);
    assert_eq!(post("<xml>a letter</xml>").await, 400);
    let q = "stream:dead-letters protocol:json \"a letter\" request.path:\"/logs\"";
    eventually("it is found", async || query.finds(q, 1).await).await;
    eventually("so is the entry", async || query.finds("\"an entry\"", 1).await).await;
    assert_eq!(query.total("").await, 1);
    assert_eq!(query.total("stream:dead-letters").await, 1);
}
