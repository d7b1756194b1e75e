//! Requests that are wrong or never end (T-rows S2, S8, S13).

use super::{
    attacker::{ask, get},
    victims::Victims,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_requests_are_refused_and_a_call_does_not_notice() {
    let victims = Victims::start(&[]).await;
    let many = "X: y\r\n".repeat(10_000);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), "400"),
        ("GET /healthz HTTP/1.0\r\n\r\n".to_owned(), "200"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), "431"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"
                .to_owned(),
            "400",
        ),
        // Closed without a word.
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
        ("\u{16}\u{3}\u{1}".to_owned() + &"x".repeat(100) + "\r\n\r\n", "400"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\nConnection: close\r\n\r\n"
                .to_owned(),
            "405",
        ),
    ] {
        let answer = ask(victims.server.http(), &request).await;
        let first = answer.lines().next().unwrap_or_default();
        let is_refused = first.split(' ').nth(1).unwrap_or_default() == status;
        let shown: String = request.chars().take(60).collect();
        assert!(is_refused, "{shown:?}: {first}");
    }
    // Both lengths and chunks: at most one answer, and the connection closes.
    let smuggled = "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = ask(victims.server.http(), smuggled).await;
    assert!(answer.matches("HTTP/1.1 ").count() <= 2, "{answer}");
    let answer = get(victims.server.http(), &format!("/{}", "a".repeat(70_000))).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 4"), "{answer}");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}
