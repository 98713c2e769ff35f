//! A search that says how far it is: one stream carries progress, hits and the
//! end, each as a case of a variant.

mod library;

use library::Found;
use ostler_guest::details::BadRequest;
use ostler_guest::{Sink, Status};
use search::{Document, Event, Hit, Progress, Search, Summary};

ostler_guest::service!("wit");

/// Documents between one word of progress and the next.
const STEP: usize = 4;

struct Service;

impl Search for Service {
    fn get_document(title: String) -> Result<Document, Status> {
        let found = library::DOCUMENTS.iter().find(|(name, _)| *name == title);
        let (title, text) =
            found.ok_or_else(|| Status::not_found(format!("no document {title:?}")))?;
        Ok(Document {
            title: (*title).to_owned(),
            text: (*text).to_owned(),
        })
    }

    fn find(words: String, limit: u32, mut out: Sink<Event>) -> Result<(), Status> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() {
            return Err(Status::invalid_argument("there is nothing to look for")
                .with_detail(BadRequest::field("words", "must have at least one word")));
        }
        let total = library::DOCUMENTS.len() as u32;
        let mut so_far = Summary {
            searched: 0,
            hits: 0,
        };
        for documents in library::DOCUMENTS.chunks(STEP) {
            for (title, text) in documents {
                if so_far.hits == limit {
                    return Ok(out.send(Event::Done(so_far))?);
                }
                so_far.searched += 1;
                if let Some(found) = library::look(text, &words) {
                    so_far.hits += 1;
                    out.send(Event::Hit(hit(title, found)))?;
                }
            }
            out.send(Event::Progress(Progress {
                searched: so_far.searched,
                total,
            }))?;
        }
        Ok(out.send(Event::Done(so_far))?)
    }
}

fn hit(title: &str, found: Found<'_>) -> Hit {
    Hit {
        title: title.to_owned(),
        excerpt: found.excerpt.to_owned(),
        score: found.score,
    }
}

#[cfg(test)]
mod tests {
    use ostler_guest::{Code, testing};

    use super::*;

    fn events(words: &str, limit: u32) -> Vec<Event> {
        let (out, sent) = testing::sink();
        Service::find(words.to_owned(), limit, out).unwrap();
        sent.take()
    }

    fn titles(events: &[Event]) -> Vec<&str> {
        let hits = events.iter().filter_map(|event| match event {
            Event::Hit(hit) => Some(&*hit.title),
            _ => None,
        });
        hits.collect()
    }

    #[test]
    fn finds_documents_that_have_every_word() {
        assert_eq!(titles(&events("river", 10)), ["bridges", "mills", "rivers"]);
        assert_eq!(titles(&events("RIVER  wheel", 10)), ["mills"]);
        assert_eq!(titles(&events("nothing-like-that", 10)), [""; 0]);
    }

    #[test]
    fn tells_how_far_it_is_and_the_end_last() {
        let progress = |event: &Event| match event {
            Event::Progress(progress) => Some((progress.searched, progress.total)),
            _ => None,
        };
        let all = events("river", 10);
        let told: Vec<_> = all.iter().filter_map(progress).collect();
        assert_eq!(told, [(4, 12), (8, 12), (12, 12)]);
        let end = Summary {
            searched: 12,
            hits: 3,
        };
        assert_eq!(all.last(), Some(&Event::Done(end)));
    }

    #[test]
    fn ends_early_at_the_limit() {
        let early = events("river", 1);
        assert_eq!(titles(&early), ["bridges"]);
        let end = Summary {
            searched: 2,
            hits: 1,
        };
        assert_eq!(early.last(), Some(&Event::Done(end)));
        assert_eq!(events("river", 0).len(), 1);
    }

    #[test]
    fn nothing_to_look_for_is_an_error() {
        let (out, _) = testing::sink();
        let status = Service::find(" \n".to_owned(), 1, out).unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
        assert_eq!(status.details[0].type_name, "google.rpc.BadRequest");
    }

    #[test]
    fn gives_documents_out() {
        assert_eq!(
            Service::get_document("mills".to_owned()).unwrap().title,
            "mills"
        );
        let missing = Service::get_document("mill".to_owned()).unwrap_err();
        assert_eq!(missing.code, Code::NotFound);
    }
}
