//! Every behaviour of plain HTTP, on HTTP/1.1 and on h2c.

use ostler_tests::{Host, Http, Request, call};

#[tokio::test]
async fn smoke() {
    let host = Host::start(&["users"], None).await;
    for http in Http::BOTH {
        let answer = call(
            host.addr,
            http,
            Request::json("/users/get_user", r#"{"user_id":7}"#),
        )
        .await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        println!("{answer:?}");
    }
    println!("{}", host.log.last());
    println!("{}", host.listing);
    assert!(host.stop().await.success());
}
