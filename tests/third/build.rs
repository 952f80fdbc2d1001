//! A user's build script: it reads the document, corrects it, and generates the client.

use connectors_codegen::{Error, Generator, Node};

fn main() -> Result<(), Error> {
    for file in ["openapi.yaml", "overlay.yaml"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let document = Node::read("openapi.yaml".as_ref())?;
    Generator::new(document).overlay(Node::read("overlay.yaml".as_ref())?).generate()?.write("library.rs")
}
