//! `lower`: any document as valid OpenAPI 3.0.3, with the losses.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::Generator;
use crate::document::Node;

use super::part::Pipeline;
use super::report::Result;
use super::{documents, files};

/// The options for a lowered document.
#[derive(Args)]
pub struct Lower {
    /// The document, YAML or JSON.
    file: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    pipeline: Pipeline,
}

/// Where to write a document.
#[derive(Args)]
pub struct Output {
    /// Where to write it, as JSON if its name ends in .json; standard output if absent.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite that file.
    #[arg(long)]
    force: bool,
}

impl Output {
    /// Writes a document. In YAML, a comment comes first.
    ///
    /// # Errors
    /// If the file exists, or cannot be written.
    pub fn write(&self, document: &Node, comment: &str) -> Result<()> {
        let json = |path: &Path| path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json"));
        let text = match &self.output {
            Some(path) if json(path) => format!("{document:#}"),
            _ => format!("{comment}{}", document.to_yaml()?),
        };
        files::write_out(self.output.as_deref(), &text, self.force)
    }
}

impl Lower {
    /// Lowers the document.
    ///
    /// # Errors
    /// If the document cannot be used, or the file cannot be written.
    pub fn run(&self) -> Result<()> {
        let generator = Generator::new(documents::file(&self.file)?.node);
        let (document, notes) = self.pipeline.applied(generator)?.lowered()?;
        self.pipeline.print(&notes)?;
        self.output.write(&document, "")
    }
}
