//! Finding a name among the fields of a record or the cases of a type, without
//! a scan that hostile input could make long.

/// Up to this many names a scan is faster than a search.
const SCAN: usize = 16;

/// The order of many names; empty for few.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameIndex(Box<[u32]>);

impl NameIndex {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut order: Vec<(&str, u32)> = names.zip(0..).collect();
        if order.len() <= SCAN {
            return Self::default();
        }
        order.sort_unstable();
        Self(order.into_iter().map(|(_, place)| place).collect())
    }

    /// The place of `wanted` among `count` names, where `name` says each.
    pub(crate) fn find<'a>(
        &self,
        wanted: &str,
        count: usize,
        name: impl Fn(usize) -> &'a str,
    ) -> Option<usize> {
        if self.0.is_empty() {
            return (0..count).find(|&i| name(i) == wanted);
        }
        let found = (self.0).binary_search_by(|&i| name(i as usize).cmp(wanted));
        found.ok().map(|place| self.0[place] as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_few_and_many() {
        for count in [0, 1, SCAN, SCAN + 1, 300] {
            let names: Vec<String> = (0..count).map(|i| format!("n{}", (i * 7) % 1000)).collect();
            let index = NameIndex::new(names.iter().map(String::as_str));
            let find = |wanted: &str| index.find(wanted, count, |i| &names[i]);
            for (i, name) in names.iter().enumerate() {
                assert_eq!(find(name), Some(i));
            }
            assert_eq!(find("absent"), None);
        }
    }
}
