//! Schemas that others extend by `allOf`, and whose discriminator tells these apart.

use std::fmt::Write as _;

use connectors_codegen::Listing;

use super::{block, document, listed};

#[test]
fn a_parent_that_is_only_extended_is_no_union() {
    let family = "Pet: {type: object, discriminator: {propertyName: kind}, properties: {kind: {type: string}}}\n\
        Cat: {allOf: [{$ref: '#/components/schemas/Pet'}], properties: {claws: {type: integer}}}";
    let (listing, notes) = listed("", family);
    assert!(block(&listing, "Pet").starts_with("struct Pet") && !listing.contains("PetBase"), "{listing}");
    let used = format!("{family}\nHome: {{type: object, properties: {{pet: {{$ref: '#/components/schemas/Pet'}}}}}}");
    let (listing, more) = listed("", &used);
    let union = "union Pet (open)\nCat(Cat)\nPetBase(PetBase)\nUnknown(..)";
    assert_eq!(block(&listing, "Pet"), union, "{listing}");
    assert_eq!((notes, more), (vec![], vec![]));
    // A child that is a parent by another property, of which a mapping names a child: neither adds keywords.
    let nested = format!(
        "{used}\nDog: {{allOf: [{{$ref: '#/components/schemas/Pet'}}], discriminator: {{propertyName: size, mapping: {{s: Pug}}}}}}\n\
        Pug: {{allOf: [{{$ref: '#/components/schemas/Dog'}}]}}"
    );
    let (listing, _) = listed("", &nested);
    assert!(block(&listing, "Pet").contains("Cat(Cat)\nDog(Dog)\nPetBase(PetBase)"), "{listing}");
    assert_eq!(block(&listing, "Dog"), "union Dog (open)\nPug(Pug)\nDogBase(DogBase)\nUnknown(..)");
    assert!(block(&listing, "DogBase").contains("kind: Option<String>") && block(&listing, "Pug").contains("struct"));
    // A document that later has a component of that name renames nothing.
    let names = document("", &used).generate().unwrap().names;
    let later = format!("{used}\nPetBase: {{type: object, properties: {{other: {{type: string}}}}}}");
    let client = document("", &later).names(names).generate().unwrap();
    assert!(block(&Listing::of(&client).to_string(), "PetBase").contains("kind: Option<String>"));
    // More than a program could list: a struct, and a note.
    let mut many = used;
    for index in 0..20_001 {
        write!(many, "\nP{index}: {{allOf: [{{$ref: '#/components/schemas/Pet'}}], required: [x]}}").unwrap();
    }
    let (_, notes) = listed("", &many);
    assert!(notes.iter().any(|note| note.contains("than unions can list")));
}
