//! Generates our client from the probe's document, so that a test can run our column of the duel.

use connectors_codegen::{Error, Generator, Node};

fn main() -> Result<(), Error> {
    let document = "probe/openapi.yaml";
    println!("cargo::rerun-if-changed={document}");
    Generator::new(Node::read(document.as_ref())?).generate()?.write("subject.rs")
}
