//! The example of the crate's documentation, tested as a service's author
//! would test it.

use ostler_guest::{Code, testing};

include!("service.rs");

#[test]
fn unary_methods_are_functions() {
    assert_eq!(Service::half(8), Ok(4));
    assert_eq!(Service::half(7).unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn sinks_are_lists() {
    let (out, sent) = testing::sink();
    assert_eq!(Service::count(200, out), Ok(()));
    assert_eq!(sent.take(), (1..=200).collect::<Vec<_>>());
}

#[test]
fn streams_are_lists_too() {
    let readings = [1.0, 3.0].map(|value| Reading { at: 0, value });
    assert_eq!(
        Service::aggregate(testing::stream(readings)),
        Ok(Summary {
            count: 2,
            average: 2.0
        })
    );
}

#[test]
fn a_broken_stream_ends_the_method_by_question_mark() {
    let (out, sent) = testing::sink();
    let lost = Status::unavailable("lost");
    let words = testing::broken_stream(["a".to_owned()], lost.clone());
    assert_eq!(Service::echo(words, out), Err(lost));
    assert_eq!(sent.take(), ["a"]);
}

#[test]
fn a_gone_peer_ends_the_method_by_question_mark() {
    let words = testing::stream(["a".to_owned()]);
    let ended = Service::echo(words, testing::closed_sink());
    assert_eq!(ended.unwrap_err().code, Code::Cancelled);
}
