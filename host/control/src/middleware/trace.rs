//! W3C trace context (trace-context-1, 3.2): what the caller's `traceparent`
//! says.

use ostler_call::{Metadata, Trace};

const KEY: &str = "traceparent";
/// What tracing systems add to it, passed on as it is (3.3).
pub(super) const STATE: &str = "tracestate";

/// The caller's trace, if it sent a valid one.
pub(crate) fn trace_of(metadata: &Metadata) -> Option<Trace> {
    parse(metadata.get(KEY)?)
}

/// Makes this what the metadata says of a trace.
pub(super) fn render(metadata: &mut Metadata, trace: &Trace) {
    let Trace {
        trace_id,
        parent_id,
        flags,
    } = trace;
    let text = format!("00-{trace_id:032x}-{parent_id:016x}-{flags:02x}");
    // Digits and dashes are metadata.
    metadata.set(KEY, &text).unwrap_or_default();
}

/// The hexadecimal trace id in logs; empty without a trace.
pub(crate) fn trace_id(metadata: &Metadata) -> String {
    trace_of(metadata).map_or_else(String::new, |t| format!("{:032x}", t.trace_id))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case. Later versions may append
/// fields after a dash; version ff is invalid.
fn parse(text: &str) -> Option<Trace> {
    let bytes = text.as_bytes();
    let ends = bytes.len() == 55 || (bytes.len() > 55 && bytes[55] == b'-');
    let dashes = [2, 35, 52].iter().all(|&i| bytes.get(i) == Some(&b'-'));
    if !ends || !dashes || !text.is_ascii() {
        return None;
    }
    let version = hex(&text[..2])?;
    if version == 0xff || (version == 0 && bytes.len() != 55) {
        return None;
    }
    let trace = Trace {
        trace_id: hex(&text[3..35])?,
        parent_id: u64::try_from(hex(&text[36..52])?).ok()?,
        flags: u8::try_from(hex(&text[53..55])?).ok()?,
    };
    (trace.trace_id != 0 && trace.parent_id != 0).then_some(trace)
}

fn hex(digits: &str) -> Option<u128> {
    let lower = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if !digits.bytes().all(lower) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn reads_a_trace() {
        let trace = parse(GOOD).unwrap();
        assert_eq!(trace.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(trace.parent_id, 0xb7ad_6b71_6920_3331);
        assert_eq!(trace.flags, 1);
        // A later version may say more.
        assert_eq!(parse(&GOOD.replacen("00", "01", 1)), Some(trace));
        assert_eq!(
            parse(&format!("{}-extra", GOOD.replacen("00", "01", 1))),
            Some(trace)
        );
    }

    #[test]
    fn refuses_what_is_not_one() {
        let zero_trace = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        let zero_parent = GOOD.replace("b7ad6b7169203331", "0000000000000000");
        for bad in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &format!("{GOOD}-extra"),
            &format!("{GOOD}x"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("0af7", "0+f7"),
            &zero_trace,
            &zero_parent,
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_id_is_empty_without_a_trace() {
        let mut metadata = Metadata::new();
        assert_eq!(trace_id(&metadata), "");
        metadata.insert(KEY, GOOD).unwrap();
        assert_eq!(trace_id(&metadata), "0af7651916cd43dd8448eb211c80319c");
    }
}
