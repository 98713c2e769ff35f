//! Server-sent events (WHATWG HTML, section 9.2): a stream of messages as an
//! `EventSource` reads it. Only written, since our own clients read NDJSON.

use bytes::BufMut;
use memchr::memchr2;

/// The id of the last event. A client that connects again names the last id it
/// saw, and this one says that it has seen everything.
pub const LAST_ID: &str = "end";

/// Writes the events of one stream.
///
/// The data of an event is never empty here, since it is JSON: readers drop
/// events without data.
#[derive(Debug, Default)]
pub struct Writer {
    items: u64,
}

impl Writer {
    /// An item: an event without a name, whose id is its number, from 1.
    pub fn item(&mut self, out: &mut impl BufMut, data: &[u8]) {
        self.items += 1;
        out.put_slice(b"id: ");
        out.put_slice(self.items.to_string().as_bytes());
        out.put_u8(b'\n');
        put_data(out, data);
    }

    /// The clean end.
    pub fn end(&self, out: &mut impl BufMut, data: &[u8]) {
        out.put_slice(b"event: end\nid: end\n");
        put_data(out, data);
    }

    /// The end by an error that connecting again does not mend.
    pub fn error(&self, out: &mut impl BufMut, data: &[u8]) {
        out.put_slice(b"event: error\nid: end\n");
        put_data(out, data);
    }

    /// The end by an error after which a client should connect again: its last
    /// id stays that of the last item.
    pub fn transient(&self, out: &mut impl BufMut, data: &[u8]) {
        out.put_slice(b"event: error\n");
        put_data(out, data);
    }

    /// A line that readers skip: it shows that the stream is alive.
    pub fn comment(&self, out: &mut impl BufMut) {
        out.put_slice(b":\n\n");
    }
}

/// `data` line by line, and the blank line that ends an event. A reader joins
/// the lines by line feeds: between JSON tokens any line break is as good.
fn put_data(out: &mut impl BufMut, mut data: &[u8]) {
    while let Some(at) = memchr2(b'\n', b'\r', data) {
        put_line(out, &data[..at]);
        let pair = data[at..].starts_with(b"\r\n");
        data = &data[at + 1 + usize::from(pair)..];
    }
    put_line(out, data);
    out.put_u8(b'\n');
}

fn put_line(out: &mut impl BufMut, line: &[u8]) {
    out.put_slice(b"data: ");
    out.put_slice(line);
    out.put_u8(b'\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Name, data and last id of an event.
    type Event = (String, String, String);

    /// The steps of the standard, "Interpreting an event stream".
    fn read(stream: &[u8]) -> Vec<Event> {
        let text = std::str::from_utf8(stream).unwrap();
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let (mut events, mut id) = (Vec::new(), String::new());
        let (mut name, mut data) = (String::new(), String::new());
        for line in lines.split('\n') {
            match line.split_once(": ").unwrap_or((line, "")) {
                ("", _) if !line.is_empty() => {}
                ("", _) => {
                    if let Some(data) = data.strip_suffix('\n') {
                        events.push((name.clone(), data.to_owned(), id.clone()));
                    }
                    (name, data) = (String::new(), String::new());
                }
                ("id", value) => value.clone_into(&mut id),
                ("event", value) => value.clone_into(&mut name),
                ("data", value) => data += &format!("{value}\n"),
                _ if line.starts_with(':') => {}
                other => panic!("{other:?}"),
            }
        }
        events
    }

    #[test]
    fn bytes_of_each_event() {
        let mut writer = Writer::default();
        let mut out = Vec::new();
        writer.item(&mut out, b"1");
        writer.comment(&mut out);
        writer.item(&mut out, b"{\n\"a\":\r\n2}");
        writer.transient(&mut out, b"3");
        writer.error(&mut out, b"4");
        writer.end(&mut out, b"{}");
        let expected = "id: 1\ndata: 1\n\n:\n\n\
            id: 2\ndata: {\ndata: \"a\":\ndata: 2}\n\n\
            event: error\ndata: 3\n\n\
            event: error\nid: end\ndata: 4\n\n\
            event: end\nid: end\ndata: {}\n\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn the_last_id_is_the_one_clients_are_asked_for() {
        let mut out = Vec::new();
        Writer::default().end(&mut out, b"{}");
        assert_eq!(read(&out)[0].2, LAST_ID);
    }

    proptest! {
        #[test]
        fn a_reader_gets_every_item_with_its_number(
            items in prop::collection::vec("[ -~é☺\n\r]*[!-~]", 0..20),
            comments in prop::collection::vec(any::<bool>(), 20),
        ) {
            let mut writer = Writer::default();
            let mut out = Vec::new();
            for (item, comment) in items.iter().zip(comments) {
                writer.item(&mut out, item.as_bytes());
                if comment {
                    writer.comment(&mut out);
                }
            }
            writer.end(&mut out, b"{}");
            let lines = |item: &String| item.replace("\r\n", "\n").replace('\r', "\n");
            let mut expected: Vec<Event> = items
                .iter()
                .enumerate()
                .map(|(at, item)| (String::new(), lines(item), (at + 1).to_string()))
                .collect();
            expected.push(("end".into(), "{}".into(), LAST_ID.into()));
            prop_assert_eq!(read(&out), expected);
        }
    }
}
