//! Reading and writing the types of generated clients: all of it that can be compiled once.

pub mod decode;
