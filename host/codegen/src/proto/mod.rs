//! Contract → `.proto`: the descriptors of the contract as text, with the docs
//! of its WIT.

mod message;
mod scope;

use std::collections::BTreeMap;

use ostler_schema::Contract;
use ostler_schema::proto::files;
use prost_types::{
    FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto,
    method_options::IdempotencyLevel,
};

use self::scope::Scope;
use crate::docs::Docs;

/// The `.proto` files of a contract by path, without those of
/// `google.protobuf`, which every compiler has.
pub fn proto(contract: &Contract) -> BTreeMap<String, String> {
    let files = files(contract);
    let docs = Docs::new(contract);
    let scope = Scope::new(&files);
    let own = files
        .iter()
        .filter(|file| file.package() != "google.protobuf");
    own.map(|file| (file.name().to_owned(), text(file, &docs, &scope)))
        .collect()
}

fn text(file: &FileDescriptorProto, docs: &Docs, scope: &Scope) -> String {
    let mut out = Out {
        text: String::from("// Made by `ostler generate proto`: change the WIT instead.\n"),
        indent: 0,
        docs,
        scope,
    };
    out.line("syntax = \"proto3\";");
    if !file.package().is_empty() {
        out.text.push('\n');
        out.line(&format!("package {};", file.package()));
    }
    if !file.dependency.is_empty() {
        out.text.push('\n');
    }
    for import in &file.dependency {
        out.line(&format!("import \"{import}\";"));
    }
    for service in &file.service {
        out.text.push('\n');
        out.service(file.package(), service);
    }
    for message in &file.message_type {
        out.text.push('\n');
        out.message(file.package(), message);
    }
    for of in &file.enum_type {
        out.text.push('\n');
        out.enumeration(file.package(), of);
    }
    out.text
}

/// Text in the making.
struct Out<'a> {
    text: String,
    indent: usize,
    docs: &'a Docs,
    scope: &'a Scope,
}

impl Out<'_> {
    fn line(&mut self, line: &str) {
        let indent = if line.is_empty() { 0 } else { self.indent };
        self.text.extend(std::iter::repeat_n("  ", indent));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The comment on what has that full name.
    fn docs(&mut self, name: &str) {
        for line in self.docs.get(name).lines() {
            self.line(format!("// {line}").trim_end());
        }
    }

    /// A block, if there is something in it.
    fn block(&mut self, head: &str, write: impl FnOnce(&mut Self)) {
        let before = self.text.len();
        self.line(&format!("{head} {{"));
        let opened = self.text.len();
        self.indent += 1;
        write(self);
        self.indent -= 1;
        if self.text.len() == opened {
            self.text.truncate(before);
            self.line(&format!("{head} {{}}"));
        } else {
            self.line("}");
        }
    }

    fn service(&mut self, package: &str, service: &ServiceDescriptorProto) {
        let name = scope::join(package, service.name());
        self.docs(&name);
        self.block(&format!("service {}", service.name()), |out| {
            for method in &service.method {
                out.method(&name, method);
            }
        });
    }

    fn method(&mut self, service: &str, method: &MethodDescriptorProto) {
        self.docs(&scope::join(service, method.name()));
        let side = |streams: bool, name: &str| {
            let stream = if streams { "stream " } else { "" };
            format!("({stream}{})", self.scope.reference(service, name))
        };
        let head = format!(
            "rpc {}{} returns {}",
            method.name(),
            side(method.client_streaming(), method.input_type()),
            side(method.server_streaming(), method.output_type())
        );
        let options = method.options.clone().unwrap_or_default();
        let mut lines = Vec::new();
        if options.idempotency_level() == IdempotencyLevel::NoSideEffects {
            lines.push("option idempotency_level = NO_SIDE_EFFECTS;");
        }
        if options.deprecated() {
            lines.push("option deprecated = true;");
        }
        if lines.is_empty() {
            return self.line(&format!("{head};"));
        }
        self.block(&head, |out| {
            lines.into_iter().for_each(|line| out.line(line))
        });
    }
}
