//! Comments of `.proto` files as docs of WIT.

use protox::prost_reflect::prost_types::FileDescriptorProto;

/// The comment on what is at that path of its file, above it or behind it.
pub(super) fn comment(file: &FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let found = locations.into_iter().find(|location| location.path == path);
    let Some(location) = found else {
        return String::new();
    };
    let leading = location.leading_comments.as_deref();
    let text = leading
        .or(location.trailing_comments.as_deref())
        .unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    lines
        .collect::<Vec<_>>()
        .join("\n")
        .trim_matches('\n')
        .to_owned()
}

/// Appends docs, each line behind `indent`.
pub(super) fn write(out: &mut String, indent: &str, docs: &str) {
    for line in docs.lines() {
        out.push_str(indent);
        out.push_str("///");
        if !line.is_empty() {
            out.push(' ');
        }
        // Else it would be one of our tags.
        if line.trim_start().starts_with('@') {
            out.push('\\');
        }
        // No control character is part of WIT.
        out.extend(
            line.trim_start_matches('\\')
                .chars()
                .filter(|c| !c.is_control() || *c == '\t'),
        );
        out.push('\n');
    }
}
