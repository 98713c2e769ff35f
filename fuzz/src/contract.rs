//! Contracts from the bytes of components.

use ostler_schema::{Contract, ErrorType, Plan, Type, TypeId, read_contracts, write_contracts};
use ostler_wit::Package;

use crate::component::{encode, with_contract};
use crate::{files, wit};

/// A component from a stranger: refused with a reason, or read; and what was
/// read is what a client reads of the contract that the host hands out.
///
/// # Panics
/// When that does not hold.
pub fn component(data: &[u8]) {
    match Contract::from_component(data) {
        Ok(contract) => handed_out(&contract),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An author's WIT, all the way through a component: the contract read from it
/// is that of the text, whether the text is embedded or not.
///
/// # Panics
/// When that does not hold.
pub fn embedded(data: &[u8]) {
    let files = wit::files(&String::from_utf8_lossy(data));
    let Ok(package) = Package::from_files(files.clone()) else {
        return;
    };
    let Ok(lowered) = package.lower() else {
        return;
    };
    let author = Contract::from_wit(files.clone(), None);
    let Some(bare) = encode(&lowered) else {
        return;
    };
    let types = Contract::from_component(&bare);
    let whole = Contract::from_component(&with_contract(bare, files));
    match (author, whole) {
        (Ok(author), Ok(whole)) => {
            assert_eq!(services(&whole), services(&author));
            handed_out(&whole);
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => panic!("not in the component: {error}"),
        (Err(error), Ok(_)) => panic!("only in the component: {error}"),
    }
    if let Ok(types) = types {
        handed_out(&types);
    }
}

fn handed_out(contract: &Contract) {
    let text = write_contracts([contract]);
    let back = match read_contracts(&text) {
        Ok(back) => back,
        Err(error) => panic!("{error} in what was handed out"),
    };
    assert_eq!(back.len(), 1);
    assert_eq!(services(&back[0]), services(contract));
}

/// What a caller sees of it.
fn services(contract: &Contract) -> Vec<String> {
    let services = contract.services.iter();
    let methods = services.flat_map(|service| {
        let methods = service.methods.iter();
        methods.map(move |method| (&service.export, &service.docs, method))
    });
    methods
        .map(|(export, docs, method)| {
            let shown = |ty: Option<TypeId>| ty.map(|ty| shown(&contract.plan, ty));
            let error = match method.error {
                ErrorType::None => "none".to_owned(),
                ErrorType::Status(ty) => format!("status {:?}", shown(Some(ty))),
                ErrorType::Other(ty) => format!("{:?}", shown(ty)),
            };
            format!(
                "{export} {docs:?} {} {:?} {:?} {} {:?} {} {} {:?} {:?} {error}",
                method.name.wit,
                method.docs,
                method.pattern,
                method.idempotent,
                method.timeout,
                method.chunk_size,
                method.request.spread,
                shown(Some(method.request.message)),
                shown(method.response.message),
            )
        })
        .collect()
}

/// A type written out: its place in the plan is nobody's business.
fn shown(plan: &Plan, ty: TypeId) -> String {
    let shown = |ty: &TypeId| shown(plan, *ty);
    let maybe = |ty: &Option<TypeId>| ty.map_or("_".to_owned(), |ty| shown(&ty));
    match &plan[ty] {
        Type::List(item) => format!("list<{}>", shown(item)),
        Type::Option(inner) => format!("option<{}>", shown(inner)),
        Type::Result { ok, err } => format!("result<{}, {}>", maybe(ok), maybe(err)),
        Type::Tuple(items) => format!("tuple{:?}", items.iter().map(shown).collect::<Vec<_>>()),
        Type::Map(key, value) => format!("map<{}, {}>", shown(key), shown(value)),
        Type::Record(record) => {
            let fields = record.fields.iter();
            let fields =
                fields.map(|f| format!("{}: {} {:?}", f.name.wit, shown(&f.ty), f.default));
            format!("{}{:?}", record.name.wit, fields.collect::<Vec<_>>())
        }
        Type::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases = cases.map(|case| format!("{}({})", case.name.wit, maybe(&case.ty)));
            format!("{}{:?}", variant.name.wit, cases.collect::<Vec<_>>())
        }
        leaf => format!("{leaf:?}"),
    }
}

pub(crate) fn component_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for text in files::wit_texts() {
        let files = wit::files(&text);
        let lowered = Package::from_files(files.clone()).and_then(|package| package.lower());
        let Some(bare) = lowered.ok().as_ref().and_then(encode) else {
            continue;
        };
        seeds.push(bare.clone());
        seeds.push(with_contract(bare, files));
    }
    seeds
}
