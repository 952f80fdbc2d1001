//! The source of secrets: the operating system, or a text that the user chose, so that they are the same after a
//! restart.

use std::io;

use sha2::{Digest, Sha256};

#[derive(Clone, Default)]
pub(crate) struct Entropy(Option<String>);

impl Entropy {
    /// The same secrets for the same text.
    pub(crate) fn seeded(seed: impl Into<String>) -> Entropy {
        Entropy(Some(seed.into()))
    }

    /// A text that cannot be guessed without the seed. Secrets for different `purpose`s differ.
    pub(crate) fn bytes(&self, purpose: &str) -> io::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        match &self.0 {
            Some(seed) => bytes.copy_from_slice(&Sha256::digest(format!("{seed}\0{purpose}"))),
            None => getrandom::fill(&mut bytes).map_err(io::Error::other)?,
        }
        Ok(bytes)
    }
}
