//! Packages that use each other, taken apart: a package is one file unless
//! files would import each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Top, join, owner};

/// A package, and which of its files.
pub(super) type FileKey = (String, usize);

/// How often packages are gone through.
const MAX_PASSES: usize = 64;

/// What goes into which file.
pub(super) fn layers(packages: BTreeMap<String, Vec<Top>>) -> BTreeMap<FileKey, Vec<Top>> {
    let tops: Vec<(String, Top)> = (packages.into_iter())
        .flat_map(|(package, tops)| tops.into_iter().map(move |top| (package.clone(), top)))
        .collect();
    let places: BTreeMap<String, usize> = (tops.iter().enumerate())
        .filter_map(|(place, (package, top))| Some((join(package, top.full_name()?), place)))
        .collect();
    let uses: Vec<BTreeSet<usize>> = (tops.iter())
        .map(|(_, top)| {
            top.uses()
                .iter()
                .filter_map(|name| owner(&places, name).copied())
                .collect()
        })
        .collect();
    let package = |place: usize| tops[place].0.as_str();
    let mutual = mutual(&uses, package);
    let mut layer = vec![0_usize; tops.len()];
    let passes = if mutual.is_empty() { 0 } else { MAX_PASSES };
    // No definition uses itself through another package, so this ends; the
    // bound is for contracts that no `.proto` files could have.
    for _ in 0..passes {
        let mut changed = false;
        for (place, used) in uses.iter().enumerate() {
            for &other in used {
                let pair = (package(place), package(other));
                let step = usize::from(mutual.contains(&pair));
                if layer[place] < layer[other] + step && (step > 0 || pair.0 == pair.1) {
                    layer[place] = layer[other] + step;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    let mut files = BTreeMap::<FileKey, Vec<Top>>::new();
    for ((package, top), layer) in tops.into_iter().zip(layer) {
        files.entry((package, layer)).or_default().push(top);
    }
    files
}

/// Pairs of packages, either of which reaches the other.
fn mutual<'a>(
    uses: &[BTreeSet<usize>],
    package: impl Fn(usize) -> &'a str,
) -> BTreeSet<(&'a str, &'a str)> {
    let mut uses_of = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (place, used) in uses.iter().enumerate() {
        let used = used.iter().map(|other| package(*other));
        uses_of.entry(package(place)).or_default().extend(used);
    }
    let mut reach = BTreeSet::new();
    for from in uses_of.keys() {
        let mut open = vec![*from];
        while let Some(via) = open.pop() {
            for to in uses_of.get(via).into_iter().flatten() {
                if reach.insert((*from, *to)) {
                    open.push(to);
                }
            }
        }
    }
    (reach.iter().copied())
        .filter(|(from, to)| from != to && reach.contains(&(*to, *from)))
        .collect()
}
