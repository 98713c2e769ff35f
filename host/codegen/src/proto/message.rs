//! Messages and enums as text.

use ostler_schema::proto::names::json_name;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};

use super::Out;
use super::scope::join;

impl Out<'_> {
    pub(super) fn message(&mut self, outer: &str, message: &DescriptorProto) {
        let name = join(outer, message.name());
        self.docs(&name);
        self.block(&format!("message {}", message.name()), |out| {
            if message
                .options
                .as_ref()
                .is_some_and(|options| options.deprecated())
            {
                out.line("option deprecated = true;");
            }
            for nested in message
                .nested_type
                .iter()
                .filter(|nested| !is_entry(nested))
            {
                out.message(&name, nested);
                out.line("");
            }
            for of in &message.enum_type {
                out.enumeration(&name, of);
                out.line("");
            }
            out.fields(&name, message);
            // The end is one above the last.
            let ranges = message.reserved_range.iter();
            let ranges = ranges.map(|range| (range.start(), range.end() - 1));
            out.reserved(ranges, MAX_FIELD, &message.reserved_name);
        });
    }

    fn fields(&mut self, name: &str, message: &DescriptorProto) {
        let mut oneof = None;
        for field in &message.field {
            let own = field.oneof_index.filter(|_| !field.proto3_optional());
            if own != oneof && oneof.is_some() {
                self.close();
            }
            if let Some(index) = own.filter(|_| own != oneof) {
                let place = usize::try_from(index).unwrap_or_default();
                let of = message.oneof_decl.get(place).map_or("", |of| of.name());
                self.docs(&join(name, of));
                self.line(&format!("oneof {of} {{"));
                self.indent += 1;
            }
            oneof = own;
            self.docs(&join(name, field.name()));
            let line = self.field(name, message, field, own.is_some());
            self.line(&line);
        }
        if oneof.is_some() {
            self.close();
        }
    }

    fn close(&mut self) {
        self.indent -= 1;
        self.line("}");
    }

    fn field(
        &self,
        name: &str,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
        in_oneof: bool,
    ) -> String {
        let entry = message.nested_type.iter().find(|nested| {
            is_entry(nested) && field.type_name() == format!(".{name}.{}", nested.name())
        });
        let label = match field.label() {
            Label::Repeated if entry.is_none() => "repeated ",
            _ if field.proto3_optional() && !in_oneof => "optional ",
            _ => "",
        };
        let ty = match entry.map(|entry| &entry.field[..]) {
            Some([key, value]) => {
                format!("map<{}, {}>", self.ty(name, key), self.ty(name, value))
            }
            _ => self.ty(name, field),
        };
        format!(
            "{label}{ty} {} = {}{};",
            field.name(),
            field.number(),
            options(field)
        )
    }

    fn ty(&self, place: &str, field: &FieldDescriptorProto) -> String {
        let scalar = match field.r#type() {
            Type::Double => "double",
            Type::Float => "float",
            Type::Int64 => "int64",
            Type::Uint64 => "uint64",
            Type::Int32 => "int32",
            Type::Fixed64 => "fixed64",
            Type::Fixed32 => "fixed32",
            Type::Bool => "bool",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Uint32 => "uint32",
            Type::Sfixed32 => "sfixed32",
            Type::Sfixed64 => "sfixed64",
            Type::Sint32 => "sint32",
            Type::Sint64 => "sint64",
            Type::Message | Type::Enum | Type::Group => {
                return self.scope.reference(place, field.type_name());
            }
        };
        scalar.to_owned()
    }

    pub(super) fn enumeration(&mut self, outer: &str, of: &EnumDescriptorProto) {
        let name = join(outer, of.name());
        self.docs(&name);
        self.block(&format!("enum {}", of.name()), |out| {
            let options = of.options.clone().unwrap_or_default();
            if options.allow_alias() {
                out.line("option allow_alias = true;");
            }
            if options.deprecated() {
                out.line("option deprecated = true;");
            }
            for value in &of.value {
                out.docs(&join(&name, value.name()));
                out.line(&format!("{} = {};", value.name(), value.number()));
            }
            let ranges = of
                .reserved_range
                .iter()
                .map(|range| (range.start(), range.end()));
            out.reserved(ranges, i32::MAX, &of.reserved_name);
        });
    }

    fn reserved(&mut self, ranges: impl Iterator<Item = (i32, i32)>, max: i32, names: &[String]) {
        let ranges = ranges.map(|(first, last)| match last {
            last if last == first => first.to_string(),
            last if last == max => format!("{first} to max"),
            last => format!("{first} to {last}"),
        });
        let ranges: Vec<String> = ranges.collect();
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        for reserved in [ranges, names] {
            if !reserved.is_empty() {
                self.line(&format!("reserved {};", reserved.join(", ")));
            }
        }
    }
}

/// The highest number of a field.
const MAX_FIELD: i32 = (1 << 29) - 1;

fn is_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
}

fn options(field: &FieldDescriptorProto) -> String {
    let mut options = Vec::new();
    if field.json_name() != json_name(field.name()) {
        let name = field.json_name().replace('\\', "\\\\").replace('"', "\\\"");
        options.push(format!("json_name = \"{name}\""));
    }
    let set = field.options.clone().unwrap_or_default();
    if set.packed == Some(false) {
        options.push("packed = false".into());
    }
    match options.is_empty() {
        true => String::new(),
        false => format!(" [{}]", options.join(", ")),
    }
}
