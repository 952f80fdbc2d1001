//! The client that this project generates from the probe's document.

include!(concat!(env!("OUT_DIR"), "/subject.rs"));
